//! Whether this program is what was put on the target: its own hash.
//!
//! A file in a cache may be cut or damaged. What a stranger wrote there is no question: the folders are the user's own.
//!
//! To hash the whole file takes longer than everything else that an agent does at its start. So the file is marked when it was
//! found to be whole, in the one place that every change of its content overwrites: the time of its last change, whose
//! nanoseconds become a number made of the hash and this boot. A mark that is not kept (no nanoseconds there, a home on many
//! hosts, not our file) costs the time, and nothing else. What a loss of power left is hashed, because that is another boot.

use std::fs::{self, File, FileTimes};
use std::io::{self, Write};
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use crate::module::checksum::{Algorithm, of_bytes, of_file};
use crate::module::process::token::boot_id;
use crate::wire::preamble::ABSENT;

/// Whether this program's file has this SHA-256, in hexadecimal.
pub fn is(hash: &str) -> bool {
    is_at(Path::new("/proc/self/exe"), hash, &boot_id())
}

fn is_at(path: &Path, hash: &str, boot: &str) -> bool {
    let mark = mark(hash, boot);
    if mark.is_some() && changed(path).is_ok_and(|at| Some(at.subsec_nanos()) == mark) {
        return true;
    }
    let is_whole = of_file(Algorithm::Sha256, path).is_ok_and(|own| own == hash);
    if let Some(mark) = mark.filter(|_| is_whole) {
        // Where it cannot be marked, it is hashed the next time too.
        let _ = set_mark(path, mark);
    }
    is_whole
}

/// The mark of a whole file in this boot, in nanoseconds. None where boots cannot be told apart.
fn mark(hash: &str, boot: &str) -> Option<u32> {
    let sum = of_bytes(Algorithm::Sha256, format!("{hash} {boot}").as_bytes());
    // Seven digits are less than a second.
    u32::from_str_radix(&sum[..7], 16).ok().filter(|_| !boot.is_empty())
}

/// When its content was changed last, or is said to have been, after the epoch.
fn changed(path: &Path) -> io::Result<Duration> {
    fs::metadata(path)?.modified()?.duration_since(UNIX_EPOCH).map_err(io::Error::other)
}

fn set_mark(path: &Path, mark: u32) -> io::Result<()> {
    let marked = UNIX_EPOCH + Duration::new(changed(path)?.as_secs(), mark);
    // A file that runs cannot be opened for writing, but its owner may set its times.
    File::open(path)?.set_times(FileTimes::new().set_modified(marked))
}

/// Says what a host says that has no agent, so that one is put there anew.
pub fn say_absent(mut output: impl Write) -> io::Result<()> {
    writeln!(output, "{ABSENT}Linux {}", std::env::consts::ARCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash() -> String {
        of_bytes(Algorithm::Sha256, b"whole")
    }

    #[test]
    fn a_file_that_was_found_to_be_whole_is_hashed_again_when_it_was_changed() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let path = file.path();
        let write = |text: &str| fs::write(path, text).unwrap();
        let marked = |boot: &str| changed(path).unwrap().subsec_nanos() == mark(&hash(), boot).unwrap();
        write("whole");
        assert!(!marked("b1"));
        assert!(is_at(path, &hash(), "b1") && marked("b1"));
        assert!(is_at(path, &hash(), "b1") && marked("b1"));
        write("other");
        assert!(!is_at(path, &hash(), "b1") && !marked("b1"));
        write("whole");
        assert!(is_at(path, &hash(), "b1"));
        // A mark that is not of this boot says nothing, and neither does one for another content.
        let other = of_bytes(Algorithm::Sha256, b"other");
        assert!(is_at(path, &hash(), "b2") && marked("b2") && !marked("b1"));
        assert!(!is_at(path, &other, "b2"));
        assert_eq!(mark(&hash(), ""), None);
    }
}
