//! `benchbook.toml`: the project's settings.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Files;
use crate::base::{Diagnostic, Source, Span};

/// The name of the file, looked for in the working directory and above.
pub const NAME: &str = "benchbook.toml";

/// What a project says once, so that nobody has to type it.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The playbook that `run` and `plan` take when none is named.
    #[serde(default)]
    pub playbook: Option<PathBuf>,
    /// Inventories that are read when no `-i` is given.
    #[serde(default)]
    pub inventory: OneOrMany,
    /// Folders of roles, beside `roles/` next to the playbook.
    #[serde(default)]
    pub roles_path: Vec<PathBuf>,
    /// Folders that hold `ansible_collections`, in which roles and modules are found by their full name.
    #[serde(default)]
    pub collections_path: Vec<PathBuf>,
    /// Folders of modules that are not built in, beside `library/` next to the playbook and in roles.
    #[serde(default)]
    pub library: Vec<PathBuf>,
    /// The Python that has ansible-core; by default the first that is found.
    #[serde(default)]
    pub ansible_python: Option<PathBuf>,
    /// Where runs are kept; default `runs`.
    #[serde(default)]
    pub runs: Option<PathBuf>,
    /// How many hosts work at a time; default 50.
    #[serde(default)]
    pub forks: Option<u32>,
    /// By which rules expressions are read; default `strict`.
    #[serde(default)]
    pub expressions: Expressions,
    /// `[ssh]`: how many connections at once.
    #[serde(default)]
    pub ssh: SshConfig,
    /// Where the file is; relative paths in it start there.
    #[serde(skip)]
    pub folder: PathBuf,
    /// Folders of plugins by their kind, where Ansible's settings count.
    #[serde(skip)]
    pub plugins: BTreeMap<&'static str, Vec<PathBuf>>,
    /// Ansible's file of settings, where that counts.
    #[serde(skip)]
    pub settings_file: Option<PathBuf>,
}

/// Limits of connections to other machines. What is not said has a default.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct SshConfig {
    /// How many there may be at once; default 200. When one more is wanted, the one that was idle longest is closed.
    pub connections: Option<NonZeroUsize>,
    /// Seconds that somebody waits for one while all are in use; default 300.
    pub acquire_timeout: Option<u64>,
    /// How many logins at once; default 50.
    pub logins: Option<NonZeroUsize>,
    /// How many logins at once behind one jump host; default 8.
    pub logins_per_jump_host: Option<NonZeroUsize>,
    /// Seconds after which a silent connection is looked after; three times without an answer end it. Default 15, 0 never.
    pub keepalive: Option<u64>,
}

/// By which rules expressions are read.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Expressions {
    /// Those of ansible-core 2.19: a condition gives a boolean, a template alone keeps its type.
    #[default]
    Strict,
    /// Those that ansible-core had until 2.18: anything is true or false, and results are texts that may look like a list.
    Lenient,
}

impl FromStr for Expressions {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        match word {
            "strict" => Ok(Self::Strict),
            "lenient" => Ok(Self::Lenient),
            _ => Err("`strict` or `lenient`".to_owned()),
        }
    }
}

/// One path or a list of paths.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(untagged)]
pub enum OneOrMany {
    /// `inventory = "hosts.ini"`
    One(PathBuf),
    /// `inventory = ["a", "b"]`
    Many(Vec<PathBuf>),
}

impl Default for OneOrMany {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

impl OneOrMany {
    /// The paths.
    pub fn paths(&self) -> &[PathBuf] {
        match self {
            Self::One(path) => std::slice::from_ref(path),
            Self::Many(paths) => paths,
        }
    }
}

impl Config {
    /// Reads the nearest `benchbook.toml` at or above `start`; without one, the defaults with `start` as their folder.
    pub fn find(files: &dyn Files, start: &Path) -> Result<Self, Diagnostic> {
        let found = start.ancestors().map(|folder| folder.join(NAME)).find(|path| files.is_file(path));
        match found {
            Some(path) => Self::read(files, &path),
            None => Ok(Self { folder: start.to_path_buf(), ..Self::default() }),
        }
    }

    fn read(files: &dyn Files, path: &Path) -> Result<Self, Diagnostic> {
        let name = super::shown(path);
        let text = files
            .read_text(path)
            .map_err(|e| Diagnostic::error("unreadable", format!("{name} cannot be read: {e}")))?;
        let mut config: Self = toml::from_str(&text).map_err(|e| {
            let source = Source::new(name, text.clone());
            let range = e.span().unwrap_or(0..0);
            let message = e.message().lines().next().unwrap_or("it is not TOML").to_owned();
            Diagnostic::error("bad-configuration", message).at(&Span::new(&source, range.start, range.end))
        })?;
        config.folder = path.parent().unwrap_or(Path::new("")).to_path_buf();
        Ok(config)
    }

    /// A path of this file as seen from the working directory.
    pub fn resolve(&self, path: &Path) -> PathBuf {
        self.folder.join(path)
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::Config;
    use crate::load::MemoryFiles;

    #[test]
    fn the_nearest_file_above_counts_and_its_paths_start_there() {
        let files = MemoryFiles::new([("/p/benchbook.toml", "inventory = \"inv\"\nforks = 3\n")]);
        let config = Config::find(&files, Path::new("/p/a/b")).unwrap();
        assert_eq!(config.forks, Some(3));
        assert_eq!(config.resolve(&config.inventory.paths()[0]), PathBuf::from("/p/inv"));
    }

    #[test]
    fn an_unknown_key_is_named_with_its_place() {
        let files = MemoryFiles::new([("/p/benchbook.toml", "forks = 3\ninventry = \"x\"\n")]);
        let error = Config::find(&files, Path::new("/p")).unwrap_err();
        insta::assert_snapshot!(error, @r#"
        error[bad-configuration]: unknown field `inventry`, expected one of `playbook`, `inventory`, `roles_path`, `collections_path`, `library`, `ansible_python`, `runs`, `forks`, `expressions`, `ssh`
         --> /p/benchbook.toml:2:1
          |
        2 | inventry = "x"
          | ^^^^^^^^
        "#);
    }
}
