//! `ansible.cfg` and the variables of the environment that say the same: the settings that people use, and what each does here.
//!
//! Knows no command line; who asks for a setting says what it is for.

pub mod settings;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{Files, shown};
use crate::base::{Diagnostic, Diagnostics, Source, Span};
use settings::{Effect, SETTINGS};

/// Values that mean that nothing is there: Ansible's tests set paths to them.
const EMPTY: [&str; 2] = ["", "/dev/null"];

/// What the environment and the file say.
#[derive(Clone, Debug, Default)]
pub struct AnsibleCfg {
    /// The file that was read.
    pub file: Option<PathBuf>,
    values: BTreeMap<(&'static str, &'static str), Said>,
}

/// A value and where relative paths in it start.
#[derive(Clone, Debug)]
struct Said {
    text: String,
    folder: PathBuf,
}

impl AnsibleCfg {
    /// Reads the file that Ansible would read, and the environment, which wins. Gives one warning that names what has no effect.
    pub fn read(files: &dyn Files, variable: &dyn Fn(&str) -> Option<String>) -> (Self, Diagnostics) {
        let mut found = Diagnostics::new();
        let mut cfg = Self { file: Self::find(files, variable), ..Self::default() };
        let mut idle = Vec::new();
        if let Some(path) = cfg.file.clone() {
            match files.read_text(&path) {
                Ok(text) => cfg.take_file(&path, &text, &mut idle, &mut found),
                Err(error) => {
                    let message = format!("{} cannot be read: {error}", shown(&path));
                    found.push(Diagnostic::error("unreadable", message));
                }
            }
        }
        for setting in SETTINGS {
            let set = setting.variables.iter().find_map(|name| Some((*name, variable(name)?)));
            if let Some((name, text)) = set {
                if !EMPTY.contains(&text.as_str()) && setting.is_idle(&text) {
                    idle.push(name.to_owned());
                }
                let said = Said { text, folder: PathBuf::new() };
                cfg.values.insert((setting.section, setting.key), said);
            }
        }
        if !idle.is_empty() {
            let message = format!("these settings of Ansible have no effect: {}", idle.join(", "));
            found.push(Diagnostic::warning("idle-settings", message));
        }
        (cfg, found)
    }

    /// `ANSIBLE_CONFIG` (a file, or a folder with `ansible.cfg`), the working directory unless everybody may write to it, the
    /// home, `/etc/ansible`.
    fn find(files: &dyn Files, variable: &dyn Fn(&str) -> Option<String>) -> Option<PathBuf> {
        let home = variable("HOME").map(PathBuf::from);
        let given = variable("ANSIBLE_CONFIG").map(|text| {
            let path = expanded(&text, home.as_deref());
            if files.is_folder(&path) { path.join("ansible.cfg") } else { path }
        });
        let here = Some(PathBuf::from("ansible.cfg")).filter(|_| !files.is_for_everybody(Path::new(".")));
        let own = home.as_ref().map(|home| home.join(".ansible.cfg"));
        let all = [given, here, own, Some(PathBuf::from("/etc/ansible/ansible.cfg"))];
        all.into_iter().flatten().find(|path| files.is_file(path))
    }

    fn take_file(&mut self, path: &Path, text: &str, idle: &mut Vec<String>, found: &mut Diagnostics) {
        let source = Source::new(shown(path), text.to_owned());
        let folder = path.parent().unwrap_or(Path::new("")).to_path_buf();
        let mut section = String::new();
        let mut last: Option<(&'static str, &'static str)> = None;
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            let at = start;
            start += line.len();
            let content = line.split(" ;").next().unwrap_or(line).trim_end();
            let bare = content.trim_start();
            if bare.is_empty() || bare.starts_with(['#', ';']) {
                continue;
            }
            if content.starts_with([' ', '\t']) {
                // A value goes on in lines that are moved in.
                if let Some(said) = last.and_then(|key| self.values.get_mut(&key)) {
                    said.text.push('\n');
                    said.text.push_str(bare);
                }
                continue;
            }
            if let Some(name) = bare.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                name.clone_into(&mut section);
                last = None;
                continue;
            }
            let Some((key, value)) = bare.split_once(['=', ':']) else {
                let span = Span::new(&source, at, at + content.len());
                found.push(Diagnostic::error("bad-configuration", "this line sets nothing").at(&span));
                continue;
            };
            let key = key.trim().to_lowercase();
            let known = SETTINGS.iter().find(|known| known.section == section && known.key == key);
            last = known.map(|known| (known.section, known.key));
            let text = value.trim().to_owned();
            match known {
                Some(known) if known.is_idle(&text) => {
                    idle.push(format!("[{section}] {key}"));
                }
                None => idle.push(format!("[{section}] {key}")),
                _ => {}
            }
            if let Some(key) = last {
                self.values.insert(key, Said { text, folder: folder.clone() });
            }
        }
    }

    fn said(&self, key: &str) -> Option<&Said> {
        // Where two sections have a key, that of the connection beats the general one, and has the variables.
        let found = self.values.iter().rfind(|((section, known), _)| {
            *known == key
                && SETTINGS.iter().any(|s| s.section == *section && s.key == key && s.effect == Effect::Same)
        });
        found.map(|(_, said)| said).filter(|said| !said.text.is_empty())
    }

    /// A setting of a section whose keys others have, too, as a truth value.
    pub fn is_on(&self, section: &'static str, key: &'static str) -> bool {
        self.values.get(&(section, key)).is_some_and(|said| is_true(&said.text))
    }

    /// A setting as a text.
    pub fn text(&self, key: &str) -> Option<String> {
        self.said(key).map(|said| said.text.clone())
    }

    /// A setting as a truth value: what Ansible takes for true is, anything else is not.
    pub fn boolean(&self, key: &str) -> Option<bool> {
        self.text(key).map(|text| is_true(&text))
    }

    /// A setting as a number.
    pub fn number<T: std::str::FromStr>(&self, key: &str) -> Option<T> {
        self.text(key)?.parse().ok()
    }

    /// A list of words with commas.
    pub fn words(&self, key: &str) -> Vec<String> {
        let text = self.text(key).unwrap_or_default();
        text.split([',', '\n'])
            .map(str::trim)
            .filter(|word| !word.is_empty())
            .map(ToOwned::to_owned)
            .collect()
    }

    /// A path, seen from the working directory.
    pub fn path(&self, key: &str, home: Option<&Path>) -> Option<PathBuf> {
        let said = self.said(key)?;
        Some(said.folder.join(expanded(&said.text, home)))
    }

    /// Paths with `separator` between them, seen from the working directory.
    pub fn paths(&self, key: &str, separator: char, home: Option<&Path>) -> Vec<PathBuf> {
        let Some(said) = self.said(key) else { return Vec::new() };
        let words = said.text.split(separator).map(str::trim).filter(|word| !word.is_empty());
        words.map(|word| said.folder.join(expanded(word, home))).collect()
    }

    /// Inventories: paths, and lists of hosts with a comma at their end.
    pub fn inventory(&self, home: Option<&Path>) -> Vec<String> {
        let Some(said) = self.said("inventory") else { return Vec::new() };
        if said.text.ends_with(',') {
            return vec![said.text.clone()];
        }
        self.paths("inventory", ',', home).iter().map(|path| shown(path)).collect()
    }
}

fn is_true(text: &str) -> bool {
    matches!(text.to_lowercase().as_str(), "true" | "yes" | "on" | "1" | "t" | "y")
}

/// `~/x` is in the home.
fn expanded(text: &str, home: Option<&Path>) -> PathBuf {
    match (text.strip_prefix("~/"), home) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::MemoryFiles;

    fn read(text: &str, variables: &[(&str, &str)]) -> (AnsibleCfg, String) {
        let files = MemoryFiles::new([("conf/ansible.cfg", text)]);
        let variables = [&[("ANSIBLE_CONFIG", "conf/ansible.cfg")], variables].concat();
        let variable =
            |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, v)| (*v).to_owned());
        let (cfg, found) = AnsibleCfg::read(&files, &variable);
        (cfg, found.to_string())
    }

    #[test]
    fn the_environment_beats_the_file_and_paths_start_at_their_file() {
        let text = "# c\n[defaults]\nforks = 7 ; many\nroles_path=a:~/b\nInventory = hosts,more\nhost_key_checking: False\n";
        let (cfg, found) = read(text, &[("ANSIBLE_FORKS", "9")]);
        assert_eq!(found, "");
        assert_eq!(cfg.number("forks"), Some(9));
        assert_eq!(cfg.boolean("host_key_checking"), Some(false));
        assert_eq!(cfg.inventory(None), ["conf/hosts", "conf/more"]);
        let home = Path::new("/h");
        assert_eq!(cfg.paths("roles_path", ':', Some(home)), [PathBuf::from("conf/a"), "/h/b".into()]);
    }

    #[test]
    fn one_warning_names_all_that_has_no_effect() {
        let text = "[defaults]\ncollections_paths = x\nstdout_callback = default\nnonsense = 1\n[galaxy]\nserver = y\n[ssh_connection]\npipelining = yes\n";
        let (_, found) = read(text, &[("ANSIBLE_LIBRARY", "/dev/null"), ("ANSIBLE_GATHER_SUBSET", "x")]);
        insta::assert_snapshot!(found, @"warning[idle-settings]: these settings of Ansible have no effect: [defaults] collections_paths, [defaults] nonsense, [galaxy] server, ANSIBLE_GATHER_SUBSET");
    }

    #[test]
    fn a_line_that_sets_nothing_is_an_error() {
        let (_, found) = read("[defaults]\nforks\n", &[]);
        insta::assert_snapshot!(found, @r"
        error[bad-configuration]: this line sets nothing
         --> conf/ansible.cfg:2:1
          |
        2 | forks
          | ^^^^^
        ");
    }
}
