//! The files that say which modules are loaded when the system starts, and with which parameters.

use std::path::{Path, PathBuf};

use crate::module::atomic::Staged;
use crate::module::attributes::Attributes;
use crate::module::failure::{Doing, Failure};
use crate::module::file::make_folders;

/// Those of one module.
pub(super) struct Persistent<'a> {
    loaded: PathBuf,
    options: PathBuf,
    name: &'a str,
}

impl<'a> Persistent<'a> {
    /// The system's own are below `/`.
    pub fn below(root: &Path, name: &'a str) -> Self {
        Self { loaded: root.join("etc/modules-load.d"), options: root.join("etc/modprobe.d"), name }
    }

    /// Has it loaded with these parameters and no others, unless `check`; whether that was not so.
    pub fn load(&self, params: &str, check: bool) -> Result<bool, Failure> {
        let wanted: Vec<&str> = params.split_whitespace().collect();
        let is_there = |path: &PathBuf| matching(path, |line| self.is_load(line));
        let mut changed = false;
        if !files(&self.loaded).iter().any(is_there) {
            changed = true;
            if !check {
                self.write(&self.loaded, &format!("{}\n", self.name))?;
            }
        }
        let mut there = self.params();
        let mut sorted: Vec<String> = wanted.iter().map(ToString::to_string).collect();
        for params in [&mut there, &mut sorted] {
            params.sort();
            params.dedup();
        }
        if there != sorted {
            changed = true;
            if !check {
                Self::forget(&self.options, |line| self.option(line).is_some())?;
                let mut lines = String::new();
                for param in &wanted {
                    lines.extend(["options ", self.name, " ", param, "\n"]);
                }
                if !lines.is_empty() {
                    self.write(&self.options, &lines)?;
                }
            }
        }
        Ok(changed)
    }

    /// Makes comments of the lines that load it or give it parameters, unless `check`; whether there were any.
    pub fn unload(&self, check: bool) -> Result<bool, Failure> {
        let is_loaded = files(&self.loaded).iter().any(|path| matching(path, |line| self.is_load(line)));
        let has_params = !self.params().is_empty();
        if !check {
            Self::forget(&self.loaded, |line| self.is_load(line))?;
            Self::forget(&self.options, |line| self.option(line).is_some())?;
        }
        Ok(is_loaded || has_params)
    }

    fn is_load(&self, line: &str) -> bool {
        line.split(['#', ';']).next().is_some_and(|line| line.trim() == self.name)
    }

    /// The parameter that a line gives it.
    fn option<'l>(&self, line: &'l str) -> Option<&'l str> {
        let line = line.split(['#', ';']).next()?.trim_end();
        let param = line.strip_prefix("options ")?.strip_prefix(self.name)?.strip_prefix(' ')?;
        (param.contains('=') && !param.contains(' ')).then_some(param)
    }

    fn params(&self) -> Vec<String> {
        let of = |path: PathBuf| {
            let text = std::fs::read_to_string(path).unwrap_or_default();
            text.lines().filter_map(|line| self.option(line).map(str::to_owned)).collect::<Vec<_>>()
        };
        files(&self.options).into_iter().flat_map(of).collect()
    }

    fn write(&self, folder: &Path, text: &str) -> Result<(), Failure> {
        make_folders(folder, &Attributes::default())?;
        Staged::with(&folder.join(format!("{}.conf", self.name)), text.as_bytes())?.commit()
    }

    fn forget(folder: &Path, is_wrong: impl Fn(&str) -> bool) -> Result<(), Failure> {
        for path in files(folder) {
            let text = std::fs::read_to_string(&path).doing("read", &path)?;
            let line = |line: &str| {
                if is_wrong(line.trim_end_matches('\n')) { format!("#{line}") } else { line.to_owned() }
            };
            let after: String = text.split_inclusive('\n').map(line).collect();
            if after != text {
                Staged::with(&path, after.as_bytes())?.commit()?;
            }
        }
        Ok(())
    }
}

/// The files of a folder, in the order of their names.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = folder.read_dir().into_iter().flatten().flatten().map(|entry| entry.path());
    let mut files: Vec<PathBuf> = entries.filter(|path| path.is_file()).collect();
    files.sort();
    files
}

fn matching(path: &Path, is_it: impl Fn(&str) -> bool) -> bool {
    std::fs::read_to_string(path).unwrap_or_default().lines().any(is_it)
}

#[cfg(test)]
mod tests {
    use super::Persistent;

    #[test]
    fn a_module_is_loaded_at_the_start_and_is_not_again() {
        let root = tempfile::tempdir().unwrap();
        let at = |path: &str| root.path().join(path);
        std::fs::create_dir_all(at("etc/modules-load.d")).unwrap();
        std::fs::create_dir_all(at("etc/modprobe.d")).unwrap();
        std::fs::write(
            at("etc/modprobe.d/old.conf"),
            "# x\noptions dummy numdummies=1 # old\noptions other a=1\n",
        )
        .unwrap();
        let read = |path: &str| std::fs::read_to_string(at(path)).unwrap();
        let files = Persistent::below(root.path(), "dummy");

        assert!(files.load("numdummies=2 b=3", true).unwrap());
        assert!(!at("etc/modules-load.d/dummy.conf").exists());
        assert!(files.load("numdummies=2 b=3", false).unwrap());
        assert!(!files.load("b=3 numdummies=2", false).unwrap());
        assert_eq!(read("etc/modules-load.d/dummy.conf"), "dummy\n");
        assert_eq!(read("etc/modprobe.d/dummy.conf"), "options dummy numdummies=2\noptions dummy b=3\n");
        assert_eq!(
            read("etc/modprobe.d/old.conf"),
            "# x\n#options dummy numdummies=1 # old\noptions other a=1\n"
        );

        assert!(files.unload(true).unwrap());
        assert!(files.unload(false).unwrap());
        assert!(!files.unload(false).unwrap());
        assert_eq!(read("etc/modules-load.d/dummy.conf"), "#dummy\n");
    }
}
