//! Replaces a file so that nobody ever sees half of it: a unique temporary file beside it, fsync, rename.

use std::fs::{File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::Context;
use super::failure::{Doing, Failure};
use super::mode::umask;
use super::process::Command;
use crate::base::shlex;

/// New content that waits beside its target; it disappears when it is dropped without [`Staged::commit`].
pub struct Staged {
    file: NamedTempFile,
    target: PathBuf,
    unsafely: bool,
    /// What its mode is to be; by default that of the file that is there, or by the umask.
    pub mode: Option<u32>,
}

impl Staged {
    /// An empty file beside `target`, readable by nobody else. `unsafely`: what cannot be replaced may be written into.
    pub fn open(target: &Path, unsafely: bool) -> Result<Self, Failure> {
        let folder = match target.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let mut builder = tempfile::Builder::new();
        builder.prefix(".benchbook-");
        let file = match builder.tempfile_in(folder) {
            Err(_) if unsafely => builder.tempfile().doing("create a temporary file for", target)?,
            made => made.doing("create a temporary file in", folder)?,
        };
        Ok(Self { file, target: target.to_owned(), unsafely, mode: None })
    }

    /// One with this content.
    pub fn with(target: &Path, content: &[u8]) -> Result<Self, Failure> {
        Self::holding(target, content, false)
    }

    /// The same, of [`Staged::open`].
    pub fn holding(target: &Path, content: &[u8], unsafely: bool) -> Result<Self, Failure> {
        let mut staged = Self::open(target, unsafely)?;
        staged.file.write_all(content).doing("write", target)?;
        Ok(staged)
    }

    /// Where the new content is now.
    pub fn path(&self) -> &Path {
        self.file.path()
    }

    /// Runs the user's check on the new content: a command whose `%s` becomes the file's name.
    pub fn validate(&self, command: Option<&str>, ctx: &mut Context<'_>) -> Result<(), Failure> {
        let Some(command) = command else { return Ok(()) };
        if !command.contains("%s") {
            return Err(Failure::new(format!("validate must contain %s: {command}")));
        }
        let name = self.path().to_string_lossy();
        let words = shlex::split(command).map_err(|e| Failure::new(format!("validate: {e}")))?;
        let argv = words.iter().map(|w| w.replace("%s", &name));
        let done = ctx
            .run(&Command { quiet: true, ..Command::new(argv) })
            .map_err(|e| Failure::new(format!("cannot run validate `{command}`: {e}")))?;
        if done.status.success() {
            return Ok(());
        }
        let stderr = String::from_utf8_lossy(&done.stderr).into_owned();
        Err(Failure::new(format!("failed to validate: rc:{} error:{}", done.rc(), stderr.trim_end()))
            .with("exit_status", done.rc())
            .with("stdout", String::from_utf8_lossy(&done.stdout).into_owned())
            .with("stderr", stderr))
    }

    /// Puts the new content in place. An existing file's owner, group and mode stay; a new file's mode follows the umask.
    pub fn commit(self) -> Result<(), Failure> {
        let target = self.target;
        let existing = target.metadata().ok();
        let usual = || existing.as_ref().map_or(0o666 & !umask(), |m| m.mode() & 0o7777);
        let mode = self.mode.unwrap_or_else(usual);
        if let Some(old) = &existing {
            let mine = self.file.as_file().metadata().doing("look at", self.file.path())?;
            if (mine.uid(), mine.gid()) != (old.uid(), old.gid()) {
                // Who may not give files away keeps them; Ansible does the same.
                match std::os::unix::fs::fchown(self.file.as_file(), Some(old.uid()), Some(old.gid())) {
                    Err(e) if e.kind() != io::ErrorKind::PermissionDenied => {
                        return Err(e).doing("keep the owner of", &target);
                    }
                    _ => {}
                }
            }
            keep_extended(&target, self.file.path());
        }
        self.file
            .as_file()
            .set_permissions(Permissions::from_mode(mode))
            .and_then(|()| self.file.as_file().sync_all())
            .doing("write", &target)?;
        match self.file.persist(&target) {
            Ok(_) => {}
            Err(refused) if self.unsafely && may_write_instead(&refused.error) => {
                write_into(&target, &refused.file)?;
            }
            Err(refused) => return Err(refused.error).doing("replace", &target),
        }
        sync_folder(&target);
        Ok(())
    }
}

/// A file that cannot be replaced may be one that can be written: it is mounted, its folder is not ours, it is being run.
fn may_write_instead(error: &io::Error) -> bool {
    use io::ErrorKind as Kind;
    let kinds = [Kind::PermissionDenied, Kind::CrossesDevices, Kind::ExecutableFileBusy, Kind::ResourceBusy];
    kinds.contains(&error.kind())
}

/// Only where the user asks for it: a reader may see half of it.
fn write_into(target: &Path, content: &NamedTempFile) -> Result<(), Failure> {
    let mut from = content.reopen().doing("read", content.path())?;
    let mut to = File::create(target).doing("write", target)?;
    io::copy(&mut from, &mut to).and_then(|_| to.sync_all()).doing("write", target)
}

/// Gives a new file the extended attributes of the old one, among them its SELinux label and its access list. Who may not
/// set one goes without it, as with Ansible.
fn keep_extended(old: &Path, new: &Path) {
    let mut names = vec![0; 64 * 1024];
    let Ok(length) = rustix::fs::listxattr(old, &mut names[..]) else { return };
    let mut value = vec![0; 64 * 1024];
    for name in names[..length].split(|byte| *byte == 0).filter(|name| !name.is_empty()) {
        if let Ok(length) = rustix::fs::getxattr(old, name, &mut value[..]) {
            let _ = rustix::fs::setxattr(new, name, &value[..length], rustix::fs::XattrFlags::empty());
        }
    }
}

impl Write for Staged {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Makes the rename last. Not every file system can; the content is safe anyway.
fn sync_folder(target: &Path) {
    if let Some(folder) = target.parent().and_then(|f| File::open(f).ok()) {
        let _ = folder.sync_all();
    }
}

/// Copies a file beside itself under Ansible's name for backups: `path.PID.2026-11-21@20:31:00~`.
pub fn backup(path: &Path, ctx: &Context<'_>) -> Result<PathBuf, Failure> {
    let now = jiff::Timestamp::from_nanosecond(i128::from(ctx.clock.now().0)).unwrap_or_default();
    let time = now.to_zoned(jiff::tz::TimeZone::system()).strftime("%Y-%m-%d@%H:%M:%S");
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.{time}~", std::process::id()));
    let copy = PathBuf::from(name);
    std::fs::copy(path, &copy).doing("back up", path)?;
    let old = path.metadata().doing("look at", path)?;
    // Best effort, as with Ansible: a copy that belongs to somebody else is still a copy.
    let _ = std::os::unix::fs::chown(&copy, Some(old.uid()), Some(old.gid()));
    Ok(copy)
}
