//! `benchbook new`: the beginning of a case role, a suite or a vendor, which runs as it is. What is there is never overwritten.
//!
//! The files are data below `new/`. They are called `skeleton`, and so are the things in them: that word becomes the new name.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::{Args as ClapArgs, ValueEnum};

use super::plan::quoted;
use super::terminal::Terminal;
use super::{Exit, Outcome, project};
use crate::base::Diagnostic;
use crate::load::{Config, DiskFiles, Files, config, shown};

/// Makes the beginning of a case role, a suite or a vendor, which runs as it is
#[derive(Debug, ClapArgs)]
pub(super) struct Args {
    /// What is made
    #[arg(value_enum)]
    kind: Kind,
    /// Its name: small letters, digits and `_`
    name: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// A role with defaults and a monitor, an inventory with its group, a playbook
    Vendor,
    /// A case role with a saved log, and a playbook that runs it
    Case,
    /// A playbook with a case of its own
    Suite,
}

/// Path below a project, and text.
type Skeleton = &'static [(&'static str, &'static str)];

macro_rules! skeleton {
    ($folder:literal: $($path:literal),* $(,)?) => {
        &[$(($path, include_str!(concat!("new/", $folder, "/", $path)))),*]
    };
}

/// What a folder needs to be a project.
const PROJECT: Skeleton = skeleton!["project": "benchbook.toml", "inventories/this-machine/hosts.yml"];
const CASE: Skeleton = skeleton![
    "case":
    "playbooks/skeleton.yml",
    "roles/skeleton/defaults/main.yml",
    "roles/skeleton/meta/argument_specs.yml",
    "roles/skeleton/meta/case.yml",
    "roles/skeleton/tasks/prepare.yml",
    "roles/skeleton/tasks/run.yml",
    "roles/skeleton/tests/first/expected.yml",
    "roles/skeleton/tests/first/stdout.txt",
];
const SUITE: Skeleton = skeleton!["suite": "playbooks/skeleton.yml"];
const VENDOR: Skeleton = skeleton![
    "vendor":
    "inventories/skeleton/hosts.yml",
    "playbooks/skeleton.yml",
    "roles/vendor_skeleton/defaults/main.yml",
];

/// The word that becomes the new name.
const WORD: &str = "skeleton";

pub(super) fn run(args: &Args, terminal: &Terminal) -> Outcome {
    let name = checked(&args.name)?;
    let config = project::config(&DiskFiles)?;
    let is_project = DiskFiles.is_file(&config.resolve(Path::new(config::NAME)));
    let skeleton = match args.kind {
        Kind::Vendor => VENDOR,
        Kind::Case => CASE,
        Kind::Suite => SUITE,
    };
    let mut files = Vec::new();
    if !is_project {
        files.extend(PROJECT.iter().map(|(path, text)| (PathBuf::from(path), (*text).to_owned())));
    }
    for (path, text) in skeleton {
        files.push((place(path, name, &config, is_project)?, text.replace(WORD, name)));
    }
    let there: Vec<_> = files.iter().filter(|(path, _)| path.exists()).map(|(path, _)| shown(path)).collect();
    if !there.is_empty() {
        return Err(Diagnostic::error("is-there", format!("there already is {}", there.join(", ")))
            .help("choose another name, or remove it first: nothing was written")
            .into());
    }
    for (path, text) in &files {
        write(path, text)?;
        terminal.data(format!("{}\n", shown(path)).as_bytes())?;
    }
    terminal.say(&next(args.kind, name, &config));
    Ok(Exit::Good)
}

/// A name that can be a role, a group, a file and the beginning of a variable.
fn checked(name: &str) -> Result<&str, Diagnostic> {
    let begins = name.starts_with(|c: char| c.is_ascii_lowercase());
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if begins && name.chars().all(plain) {
        return Ok(name);
    }
    let message = format!("`{name}` cannot be a name: roles, groups and variables are called by it");
    let mut near: String = name.to_lowercase().replace(|c: char| !plain(c), "_");
    near = near.trim_start_matches(|c: char| !c.is_ascii_lowercase()).to_owned();
    let help = if near.is_empty() { String::new() } else { format!(", such as `{near}`") };
    Err(Diagnostic::error("bad-name", message)
        .help(format!("a small letter, then small letters, digits and `_`{help}")))
}

/// Where a file of a skeleton goes: roles where the project looks for them, all else below its folder.
fn place(path: &str, name: &str, config: &Config, is_project: bool) -> Result<PathBuf, Diagnostic> {
    let path = path.replace(WORD, name);
    let Some(role) = path.strip_prefix("roles/").filter(|_| is_project) else {
        return Ok(config.resolve(Path::new(&path)));
    };
    let Some(roles) = config.roles_path.first() else {
        return Err(Diagnostic::error("no-roles-path", "benchbook.toml does not say where roles are")
            .help("write there: roles_path = [\"roles\"]"));
    };
    Ok(config.resolve(&roles.join(role)))
}

fn write(path: &Path, text: &str) -> Result<(), Diagnostic> {
    let made = path.parent().map_or(Ok(()), fs::create_dir_all);
    let written = made.and_then(|()| fs::File::create_new(path)?.write_all(text.as_bytes()));
    written.map_err(|error| {
        Diagnostic::error("unwritable", format!("{} cannot be written: {error}", shown(path)))
    })
}

/// What to type next.
fn next(kind: Kind, name: &str, config: &Config) -> String {
    let playbook = shown(&config.resolve(Path::new(&format!("playbooks/{name}.yml"))));
    let mut words = quoted(&playbook);
    if kind == Kind::Vendor {
        let inventory = shown(&config.resolve(Path::new(&format!("inventories/{name}"))));
        words = format!("{words} -i {}", quoted(&inventory));
    } else if config.inventory.paths().is_empty() && !config.roles_path.is_empty() {
        words += " -i INVENTORY";
    }
    let test = if kind == Kind::Case { format!("benchbook test {name} · ") } else { String::new() };
    format!("next: {test}benchbook plan {words} · benchbook run {words}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walk(folder: &Path, root: &Path, found: &mut Vec<String>) {
        for entry in DiskFiles.list(folder).unwrap() {
            if entry.is_dir() {
                walk(&entry, root, found);
            } else {
                found.push(entry.strip_prefix(root).unwrap().display().to_string());
            }
        }
    }

    #[test]
    fn the_tables_hold_every_file_of_their_folders() {
        for (folder, table) in [("project", PROJECT), ("case", CASE), ("suite", SUITE), ("vendor", VENDOR)] {
            let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cli/new").join(folder);
            let mut found = Vec::new();
            walk(&root, &root, &mut found);
            let mut paths: Vec<&str> = table.iter().map(|(path, _)| *path).collect();
            paths.sort_unstable();
            found.sort_unstable();
            assert_eq!(paths, found, "{folder}");
        }
    }

    #[test]
    fn a_bad_name_is_refused_with_a_better_one() {
        let said = |name: &str| checked(name).unwrap_err().help.join("");
        assert!(said("My-Case").ends_with("such as `my_case`"), "{}", said("My-Case"));
        assert!(said("2fast").ends_with("such as `fast`"));
        assert!(said("").ends_with("`_`"));
        assert!(checked("gemm_f8").is_ok());
    }
}
