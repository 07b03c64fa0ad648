//! How systems keep their name: a file that is read at the start, and programs that tell the kernel.

use std::path::{Path, PathBuf};

use super::Way;
use crate::module::atomic::Staged;
use crate::module::failure::{Doing, Failure};
use crate::module::{Context, path as paths};

/// One way.
pub(super) enum Kept {
    /// systemd does all of it.
    Systemd,
    /// `hostname` tells the kernel; the next start is nobody's business.
    Now,
    /// A file that holds nothing else; `hostname -F` reads it, or only the next start does.
    File(PathBuf, bool),
    /// A file with such a line in it, before the name and behind it.
    Line(PathBuf, &'static str, &'static str),
}

impl Kept {
    /// That of this system, unless another one is wanted.
    pub fn of(wanted: Option<Way>) -> Result<Self, Failure> {
        let root = Path::new("/");
        if wanted.is_none() && Path::new("/run/systemd/system").is_dir() {
            return Ok(Self::Systemd);
        }
        Self::below(root, wanted).ok_or_else(|| {
            Failure::new("it is not known how this distribution keeps its name; say it with `use`")
        })
    }

    /// That of a system whose files are below `root`.
    fn below(root: &Path, wanted: Option<Way>) -> Option<Self> {
        let file = |name: &str| root.join(name);
        let text = || std::fs::read_to_string(file("etc/os-release")).unwrap_or_default();
        Some(match wanted.map(By::Way).or_else(|| by_distribution(&text()))? {
            By::File => Self::File(file("etc/hostname"), false),
            By::Way(Way::Systemd | Way::Debian) => Self::Systemd,
            By::Way(Way::Generic) => Self::Now,
            By::Way(Way::Alpine) => Self::File(file("etc/hostname"), true),
            By::Way(Way::Sles) => Self::File(file("etc/HOSTNAME"), false),
            By::Way(Way::Openrc) => Self::Line(file("etc/conf.d/hostname"), "hostname=\"", "\""),
            By::Way(Way::Redhat) => Self::Line(file("etc/sysconfig/network"), "HOSTNAME=", ""),
        })
    }

    /// Whether `hostnamectl` does it.
    pub fn is_by_systemd(&self) -> bool {
        matches!(self, Self::Systemd)
    }

    /// The name that the kernel has; nothing where it is left alone.
    pub fn current(&self, ctx: &mut Context<'_>) -> Result<Option<String>, Failure> {
        match self {
            Self::Systemd => ask(&["hostnamectl", "--transient", "status"], ctx).map(Some),
            Self::Now => ask(&["hostname"], ctx).map(Some),
            Self::File(_, true) => self.permanent(ctx),
            Self::File(_, false) | Self::Line(..) => Ok(None),
        }
    }

    /// The name after the next start; nothing where it is left alone.
    pub fn permanent(&self, ctx: &mut Context<'_>) -> Result<Option<String>, Failure> {
        match self {
            Self::Systemd => ask(&["hostnamectl", "--static", "status"], ctx).map(Some),
            Self::Now => Ok(None),
            Self::File(path, _) => Ok(Some(read(path)?.trim().to_owned())),
            Self::Line(path, before, _) => Ok(Some(in_line(&read(path)?, before))),
        }
    }

    /// Tells the kernel.
    pub fn set_current(&self, name: &str, ctx: &mut Context<'_>) -> Result<(), Failure> {
        match self {
            Self::Systemd => ask(&["hostnamectl", "--transient", "set-hostname", name], ctx).map(drop),
            Self::Now => ask(&["hostname", name], ctx).map(drop),
            Self::File(path, true) => ask(&["hostname", "-F", &path.to_string_lossy()], ctx).map(drop),
            Self::File(_, false) | Self::Line(..) => Ok(()),
        }
    }

    /// Keeps it for the next start.
    pub fn set_permanent(&self, name: &str, ctx: &mut Context<'_>) -> Result<(), Failure> {
        match self {
            Self::Systemd => {
                ask(&["hostnamectl", "--pretty", "--static", "set-hostname", name], ctx).map(drop)
            }
            Self::Now => Ok(()),
            Self::File(path, _) => write(path, &format!("{name}\n")),
            Self::Line(path, before, behind) => write(path, &with_line(&read(path)?, before, name, behind)),
        }
    }
}

fn key_of(before: &str) -> &str {
    before.trim_end_matches('"')
}

/// The name in a file of settings; empty where it has none.
fn in_line(text: &str, before: &str) -> String {
    let found = text.lines().find_map(|line| line.trim().strip_prefix(key_of(before)));
    found.map(|name| name.trim_matches('"').to_owned()).unwrap_or_default()
}

/// The text of such a file with another name.
fn with_line(text: &str, before: &str, name: &str, behind: &str) -> String {
    let line = format!("{before}{name}{behind}");
    let mut lines: Vec<&str> = text.lines().collect();
    match lines.iter_mut().find(|there| there.trim().starts_with(key_of(before))) {
        Some(there) => *there = &line,
        None => lines.push(&line),
    }
    lines.iter().flat_map(|line| [*line, "\n"]).collect()
}

/// What a distribution does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    Way(Way),
    /// `/etc/hostname`, which only the next start reads.
    File,
}

/// The way of a distribution by its `os-release`: one of its own, or `/etc/hostname` alone.
fn by_distribution(text: &str) -> Option<By> {
    let value = |key: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
        line.map(|value| value.trim_matches('"').to_lowercase()).unwrap_or_default()
    };
    let names = format!("{} {}", value("ID"), value("ID_LIKE"));
    names.split_whitespace().find_map(|name| match name {
        "alpine" => Some(By::Way(Way::Alpine)),
        "gentoo" => Some(By::Way(Way::Openrc)),
        "sles" | "sle" => Some(By::Way(Way::Sles)),
        "rhel" | "centos" | "rocky" | "almalinux" | "ol" | "amzn" | "fedora" => Some(By::Way(Way::Redhat)),
        "debian" | "ubuntu" | "void" => Some(By::File),
        _ => None,
    })
}

fn read(path: &Path) -> Result<String, Failure> {
    if path.is_file() { std::fs::read_to_string(path).doing("read", path) } else { Ok(String::new()) }
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    Staged::with(&paths::real(path), text.as_bytes())?.commit()
}

/// Runs a program of the system; what it prints, in one line.
fn ask(words: &[&str], ctx: &mut Context<'_>) -> Result<String, Failure> {
    let program = ctx.needed(words[0])?;
    let said = ctx.ask([program.as_str()].iter().chain(&words[1..]).copied())?;
    if said.well() {
        return Ok(said.out.trim().to_owned());
    }
    let (rc, out, err) = (said.rc, said.out.trim().to_owned(), said.err.trim().to_owned());
    Err(said.failure(format!("Command failed rc={rc}, out={out}, err={err}")))
}

#[cfg(test)]
mod tests {
    use super::{By, Kept, Way, by_distribution, in_line, read, with_line, write};

    #[test]
    fn a_distribution_has_its_way() {
        assert_eq!(by_distribution("NAME=x\nID=debian\n"), Some(By::File));
        assert_eq!(by_distribution("ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n"), Some(By::File));
        assert_eq!(
            by_distribution("ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\n"),
            Some(By::Way(Way::Redhat))
        );
        assert_eq!(by_distribution("ID=alpine\n"), Some(By::Way(Way::Alpine)));
        assert_eq!(by_distribution("ID=beos\n"), None);
    }

    #[test]
    fn a_system_keeps_its_name_in_its_file() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(root.path().join("etc")).unwrap();
        std::fs::write(root.path().join("etc/os-release"), "ID=gentoo\n").unwrap();
        let Some(Kept::Line(path, before, behind)) = Kept::below(root.path(), None) else {
            panic!("no line")
        };
        assert_eq!(path, root.path().join("etc/conf.d/hostname"));
        let text = with_line("# x\nhostname=\"old\"\ny=1\n", before, "new", behind);
        assert_eq!(text, "# x\nhostname=\"new\"\ny=1\n");
        assert_eq!(in_line(&text, before), "new");
        assert_eq!(with_line("", "HOSTNAME=", "new", ""), "HOSTNAME=new\n");
        let Some(Kept::File(path, true)) = Kept::below(root.path(), Some(Way::Alpine)) else {
            panic!("no file")
        };
        write(&path, "new\n").unwrap();
        assert_eq!(read(&root.path().join("etc/hostname")).unwrap(), "new\n");
    }
}
