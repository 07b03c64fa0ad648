//! `file` with `state: link` and `state: hard`.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::{Job, look};
use crate::module::failure::{Doing, Failure};

impl Job<'_> {
    pub(super) fn symbolic_link(&mut self, src: Option<&Path>) -> Result<(), Failure> {
        let current = std::fs::read_link(&self.path).ok();
        let Some(src) = src.map(Path::to_owned).or_else(|| current.clone()) else {
            return Err(self.refuse("src is required for creating new symlinks".to_owned()));
        };
        let start = if self.before == "directory" { Some(self.path.as_path()) } else { self.path.parent() };
        let target = start.map_or_else(|| src.clone(), |folder| folder.join(&src));
        if !self.args.force && look(&target).is_none() {
            return Err(self
                .refuse(format!(
                    "src file does not exist, use 'force=yes' if you really want to create the link: {}",
                    target.display()
                ))
                .with("src", src.to_string_lossy().into_owned()));
        }
        self.may_replace("symlink")?;
        self.after = "link";
        if current.as_ref() != Some(&src) {
            self.changed = true;
            self.leads_elsewhere(current.as_deref(), &src);
            self.put(|new| std::os::unix::fs::symlink(&src, new))?;
        }
        if self.args.follow && !target.exists() {
            // The link leads nowhere yet, so there is nothing whose attributes could be set.
            return Ok(());
        }
        self.set_attributes()
    }

    pub(super) fn hard_link(&mut self, src: Option<&Path>) -> Result<(), Failure> {
        let Some(src) = src else {
            return Err(self.refuse("src is required for creating new hardlinks".to_owned()));
        };
        let Some(source) = look(src) else {
            // Words that playbooks know.
            return Err(self
                .refuse("src does not exist".to_owned())
                .with("dest", self.path.to_string_lossy().into_owned())
                .with("src", src.to_string_lossy().into_owned()));
        };
        if source.is_dir() {
            return Err(self.refuse(format!("a hard link cannot lead to a directory: {}", src.display())));
        }
        let same =
            look(&self.path).is_some_and(|there| (there.dev(), there.ino()) == (source.dev(), source.ino()));
        self.after = "hard";
        if !same {
            self.may_replace("hardlink")?;
            self.changed = true;
            self.leads_elsewhere(std::fs::read_link(&self.path).ok().as_deref(), src);
            self.put(|new| std::fs::hard_link(src, new))?;
        }
        self.set_attributes()
    }

    /// A link that is there leads to something else from now on, which the difference tells.
    fn leads_elsewhere(&mut self, before: Option<&Path>, after: &Path) {
        if let Some(before) = before {
            let text = |path: &Path| path.to_string_lossy().into_owned();
            self.changes.push(("src", text(before).into(), text(after).into()));
        }
    }

    /// A link may always be replaced; a file and an empty folder only by force.
    fn may_replace(&self, what: &str) -> Result<(), Failure> {
        let shown = self.path.display();
        match self.before {
            "directory" | "file" | "hard" if !self.args.force => {
                Err(self.refuse(format!("refusing to convert from {} to {what} for {shown}", self.before)))
            }
            "directory" if self.path.read_dir().doing("list the folder", &self.path)?.next().is_some() => {
                Err(self.refuse(format!("the directory {shown} is not empty, refusing to convert it")))
            }
            _ => Ok(()),
        }
    }

    /// Makes the link under another name and renames it over what is there.
    fn put(&self, make: impl Fn(&Path) -> std::io::Result<()>) -> Result<(), Failure> {
        if self.check {
            return Ok(());
        }
        let mut name = self.path.as_os_str().to_owned();
        name.push(format!(".benchbook-{:08x}", fastrand::u32(..)));
        let beside = PathBuf::from(name);
        make(&beside).doing("make the link", &self.path)?;
        if self.before == "directory" {
            std::fs::remove_dir(&self.path).doing("remove", &self.path)?;
        }
        std::fs::rename(&beside, &self.path).doing("make the link", &self.path).inspect_err(|_| {
            // Leave nothing behind; the failure itself is what counts.
            let _ = std::fs::remove_file(&beside);
        })?;
        // Two names of one file are not renamed over each other.
        let _ = std::fs::remove_file(&beside);
        Ok(())
    }
}
