//! What lies on a machine for nothing: leases of the dead, agents of other versions, files of controllers and agents that were
//! killed while they made them. All of it belongs to this user, but for leases, which anybody may bury.
//!
//! Found anew before anything is removed: nothing else can be named.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rustix::fs::{FlockOperation, flock};

use super::lease::LeaseFile;
use crate::wire::SHARED_FOLDERS;

/// Longer than an agent may be on its way (five minutes).
const UNDER_WAY: Duration = Duration::from_mins(10);
/// Longer than a folder is without the one who makes it.
const NEW: Duration = Duration::from_mins(1);

/// One thing that can go.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rubbish {
    /// Where it is.
    pub path: PathBuf,
    /// What it is, in words.
    pub what: String,
}

/// All that is found. `agents` are the hashes of agents that are still wanted.
pub fn find(agents: &[String]) -> Vec<Rubbish> {
    let mut found = Vec::new();
    leases(&mut found);
    for home in homes() {
        uploads(&home, &mut found);
        old_agents(&home, agents, &mut found);
    }
    copies(&mut found);
    sockets(&mut found);
    found.sort();
    found
}

/// Removes it.
pub fn remove(rubbish: &Rubbish) -> io::Result<()> {
    let lease = LeaseFile::of_this_machine();
    if rubbish.path == lease.path() {
        lease.bury()
    } else if rubbish.path.is_dir() {
        fs::remove_dir_all(&rubbish.path)
    } else {
        fs::remove_file(&rubbish.path)
    }
}

fn leases(found: &mut Vec<Rubbish>) {
    let lease = LeaseFile::of_this_machine();
    // One that cannot be read is told by the round that wants it.
    let dead = lease.dead().unwrap_or_default();
    let names: Vec<_> = dead
        .iter()
        .map(|party| format!("{} of {}@{}", party.run.run(), party.user, party.controller))
        .collect();
    if !names.is_empty() {
        let what = format!("a lease of {}, which nobody holds any more", names.join(" and "));
        found.push(Rubbish { path: lease.path().to_owned(), what });
    }
}

/// Where agents may have been put.
fn homes() -> Vec<PathBuf> {
    let cache = std::env::var_os("XDG_CACHE_HOME").filter(|path| !path.is_empty()).map(PathBuf::from);
    let home = || std::env::var_os("HOME").map(|home| Path::new(&home).join(".cache"));
    let own = cache.or_else(home).map(|cache| cache.join("benchbook"));
    let uid = rustix::process::geteuid().as_raw();
    let shared = SHARED_FOLDERS.iter().map(|folder| Path::new(folder).join(format!("benchbook-{uid}")));
    own.into_iter().chain(shared).collect()
}

/// Agents that never arrived.
fn uploads(home: &Path, found: &mut Vec<Rubbish>) {
    for path in own_entries(home, ".new-").into_iter().filter(|path| is_older(path, UNDER_WAY)) {
        found.push(Rubbish { path, what: "an agent that did not arrive".into() });
    }
}

/// Agents of other versions that nobody runs.
fn old_agents(home: &Path, wanted: &[String], found: &mut Vec<Rubbish>) {
    if wanted.is_empty() {
        return;
    }
    let running: Vec<PathBuf> = own_entries(Path::new("/proc"), "")
        .into_iter()
        .filter_map(|process| fs::read_link(process.join("exe")).ok())
        .collect();
    for path in own_entries(&home.join("agents"), "") {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let is_hash = name.len() == 64 && name.bytes().all(|b| b.is_ascii_hexdigit());
        let in_use = running.iter().any(|program| program.starts_with(&path));
        if is_hash && !in_use && !wanted.iter().any(|hash| *hash == name) {
            found.push(Rubbish { path, what: "an agent of another version".into() });
        }
    }
}

/// Copies of agents for other users, whose makers were killed.
fn copies(found: &mut Vec<Rubbish>) {
    for folder in SHARED_FOLDERS {
        for path in own_entries(Path::new(folder), "benchbook-") {
            let inside: Vec<_> = own_entries(&path, "");
            let is_copy = matches!(&inside[..], [one] if one.ends_with("benchbook-agent") && one.is_file());
            if is_copy && is_older(&path, NEW) {
                found.push(Rubbish { path, what: "a copy of the agent for another user".into() });
            }
        }
    }
}

/// Folders for control sockets, whose controllers were killed: one that lives keeps its folder locked.
fn sockets(found: &mut Vec<Rubbish>) {
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    for place in runtime.into_iter().chain([PathBuf::from("/tmp")]) {
        for path in own_entries(&place, "bb.") {
            let is_dead = || {
                let folder = fs::File::open(&path).ok()?;
                flock(&folder, FlockOperation::NonBlockingLockExclusive).ok()
            };
            if path.is_dir() && is_older(&path, NEW) && is_dead().is_some() {
                found.push(Rubbish { path, what: "control sockets of a controller that was killed".into() });
            }
        }
    }
}

/// What belongs to this user in a folder, by the beginning of its name; no links.
fn own_entries(folder: &Path, beginning: &str) -> Vec<PathBuf> {
    let own = rustix::process::geteuid().as_raw();
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let named = entries.flatten().filter(|e| e.file_name().to_string_lossy().starts_with(beginning));
    let is_own = |path: &PathBuf| {
        fs::symlink_metadata(path).is_ok_and(|found| found.uid() == own && !found.file_type().is_symlink())
    };
    named.map(|entry| entry.path()).filter(is_own).collect()
}

/// Whether it was last changed so long ago.
fn is_older(path: &Path, age: Duration) -> bool {
    let changed = fs::symlink_metadata(path).and_then(|found| found.modified());
    changed.is_ok_and(|changed| SystemTime::now().duration_since(changed).is_ok_and(|passed| passed > age))
}
