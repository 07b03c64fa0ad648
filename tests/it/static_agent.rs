//! The agent program: static, small, without the controller's libraries, and at home in an empty root.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;

use benchbook::base::Map;
use benchbook::connection::{BoxFuture, Call, ConnectError, Connector, Link, Session};
use benchbook::wire::Status;

use crate::conformance::subject::{agent_program, request};

const MAX_SIZE: u64 = 6_000_000;

/// What an ELF file says (64 bits, little-endian; see elf(5)).
struct Elf {
    /// The types of its program headers.
    headers: Vec<u32>,
    /// The tags of its dynamic section.
    dynamic: Vec<u64>,
    /// The bytes that are loaded: neither symbols nor debugging information.
    loaded: Vec<u8>,
}

const PT_LOAD: u32 = 1;
const PT_DYNAMIC: u32 = 2;
const PT_INTERP: u32 = 3;
const DT_NULL: u64 = 0;
const DT_NEEDED: u64 = 1;

impl Elf {
    fn read(path: &Path) -> Self {
        let bytes = std::fs::read(path).unwrap();
        assert_eq!(&bytes[..6], b"\x7fELF\x02\x01", "a 64-bit little-endian ELF file");
        let number = |at: usize, size: usize| {
            bytes[at..at + size].iter().rev().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte))
        };
        let place = |at: usize, size: usize| usize::try_from(number(at, size)).unwrap();
        let (table, size, count) = (place(32, 8), place(54, 2), place(56, 2));
        let mut elf = Self { headers: Vec::new(), dynamic: Vec::new(), loaded: Vec::new() };
        for header in (0..count).map(|i| table + i * size) {
            let kind = u32::try_from(number(header, 4)).unwrap();
            let (start, length) = (place(header + 8, 8), place(header + 32, 8));
            elf.headers.push(kind);
            match kind {
                PT_LOAD => elf.loaded.extend_from_slice(&bytes[start..start + length]),
                PT_DYNAMIC => {
                    let tags = (0..length / 16).map(|i| number(start + i * 16, 8));
                    elf.dynamic = tags.take_while(|tag| *tag != DT_NULL).collect();
                }
                _ => {}
            }
        }
        elf
    }

    fn contains(&self, word: &str) -> bool {
        self.loaded.windows(word.len()).any(|w| w == word.as_bytes())
    }
}

#[test]
fn it_is_static() {
    let elf = Elf::read(&agent_program());
    assert!(!elf.headers.is_empty());
    assert!(!elf.headers.contains(&PT_INTERP), "it wants a dynamic loader");
    assert!(!elf.dynamic.contains(&DT_NEEDED), "it wants shared libraries");
}

#[test]
fn a_dynamic_program_would_be_noticed() {
    let elf = Elf::read(Path::new("/bin/sh"));
    assert!(elf.headers.contains(&PT_INTERP) && elf.dynamic.contains(&DT_NEEDED));
}

/// Needs a stripped release build: `BENCHBOOK_BIN_DIR=target/<target>/release`.
#[test]
fn it_is_small() {
    if std::env::var_os("BENCHBOOK_BIN_DIR").is_none() {
        return skip("the size is that of a release build");
    }
    let size = std::fs::metadata(agent_program()).unwrap().len();
    assert!(size <= MAX_SIZE, "{size} bytes");
}

/// A test that cannot run here. Under CI everything must run.
fn skip(why: &str) {
    assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "{why}");
}

/// Texts that only these libraries contain: a thread's name, a file's magic, paths of sources.
const FOREIGN: &[&str] = &["tokio-runtime-worker", "SQLite format 3", "minijinja", "clap_builder", "bollard"];

#[test]
fn the_controllers_libraries_are_not_in_it() {
    let agent = Elf::read(&agent_program());
    assert_eq!(FOREIGN.iter().filter(|word| agent.contains(word)).collect::<Vec<_>>(), [&""; 0]);
    assert!(agent.contains("BENCHBOOK-AGENT "), "the search itself works");
}

/// The agent in a root folder where there is nothing but itself: no shell, no /tmp, no /proc, no /dev.
struct EmptyRoot(tempfile::TempDir);

impl EmptyRoot {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        std::fs::copy(agent_program(), root.path().join("agent")).unwrap();
        let permissions = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(root.path().join("agent"), permissions).unwrap();
        Self(root)
    }
}

impl Connector for EmptyRoot {
    fn open(&self) -> BoxFuture<'_, Result<Link, ConnectError>> {
        let mut child = chroot(self.0.path()).spawn().unwrap();
        let (input, output) = (child.stdout.take().unwrap(), child.stdin.take().unwrap());
        let ended = async move {
            let status = child.wait().await.unwrap();
            if status.success() { String::new() } else { status.to_string() }
        };
        let link = Link { input: Box::new(input), output: Box::new(output), ended: Box::pin(ended) };
        Box::pin(std::future::ready(Ok(link)))
    }
    fn name(&self) -> String {
        "empty root".into()
    }
}

fn chroot(root: &Path) -> tokio::process::Command {
    let mut command = tokio::process::Command::new("/usr/sbin/chroot");
    command.arg(root).arg("/agent").env_clear().stdin(Stdio::piped()).stdout(Stdio::piped());
    command
}

#[tokio::test]
async fn it_runs_in_an_empty_root() {
    if !rustix::process::getuid().is_root() {
        return skip("only root may chroot");
    }
    let root = EmptyRoot::new();
    let session = Session::open(&root).await.unwrap();
    assert_eq!((session.hello().uid, session.hello().boot_id.as_str()), (0, ""));
    let ping = session.call(request("ping", Map::new()), Call::default()).await.unwrap();
    assert_eq!((ping.status, ping.values.get("ping").and_then(|v| v.as_str())), (Status::Ok, Some("pong")));
    let stat =
        session.call(request("stat", Map::from_iter([("path", "/agent")])), Call::default()).await.unwrap();
    assert_eq!(stat.status, Status::Ok, "{stat:?}");
    let stat = stat.values.get("stat").unwrap();
    assert_eq!(
        (stat.get("exists").unwrap().as_bool(), stat.get("mode").unwrap().as_str()),
        (Some(true), Some("0755"))
    );
    assert_eq!(session.close().await, "");
}
