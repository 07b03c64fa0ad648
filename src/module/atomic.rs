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
}

impl Staged {
    /// An empty file beside `target`, readable by nobody else.
    pub fn new(target: &Path) -> Result<Self, Failure> {
        let folder = match target.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let file = tempfile::Builder::new()
            .prefix(".benchbook-")
            .tempfile_in(folder)
            .doing("create a temporary file in", folder)?;
        Ok(Self { file, target: target.to_owned() })
    }

    /// One with this content.
    pub fn with(target: &Path, content: &[u8]) -> Result<Self, Failure> {
        let mut staged = Self::new(target)?;
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
        let mode = existing.as_ref().map_or(0o666 & !umask(), |m| m.mode() & 0o7777);
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
        }
        self.file
            .as_file()
            .set_permissions(Permissions::from_mode(mode))
            .and_then(|()| self.file.as_file().sync_all())
            .doing("write", &target)?;
        self.file.persist(&target).map_err(|e| e.error).doing("replace", &target)?;
        sync_folder(&target);
        Ok(())
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
