//! What is tested: a connection, and what requests for a shell and for a file look like there.

// All subjects are an `Option`, because a daemon may not be installed.
#![allow(clippy::unnecessary_wraps)]

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use benchbook::base::{Map, Value};
use benchbook::connection::agents::Agents;
use benchbook::connection::local::Local;
use benchbook::connection::memory::Memory;
use benchbook::connection::scripted::{Answer, Asked, Ending, Scripted};
use benchbook::connection::ssh::{Client, Ssh};
use benchbook::connection::{Call, Cancel, Chunk, Connector, Endpoint, Limits, Session};
use benchbook::module::checksum;
use benchbook::wire::{Outcome, Request, Status, Stream};
use tokio::sync::mpsc;

use super::daemon::Daemon;

/// One connection.
pub struct Subject {
    pub connector: fn() -> Box<dyn Connector>,
    pub endpoint: Endpoint,
}

impl Subject {
    pub async fn open(&self) -> Session {
        Session::open(&*(self.connector)()).await.unwrap()
    }

    /// Whether jobs have a process that looks after them.
    pub fn supervised(&self) -> bool {
        !matches!(self.endpoint, Endpoint::Memory(_))
    }
}

pub fn local() -> Option<Subject> {
    let connector = || Box::new(Local::with_program(agent_program())) as Box<dyn Connector>;
    Some(Subject { connector, endpoint: Endpoint::Local })
}

pub fn memory() -> Option<Subject> {
    Some(Subject { connector: || Box::new(Memory::new()), endpoint: Endpoint::Memory("n1".into()) })
}

pub fn scripted() -> Option<Subject> {
    Some(Subject { connector: || Box::new(Scripted::new(answer)), endpoint: Endpoint::Scripted("n1".into()) })
}

/// One login on one daemon for the whole process.
pub fn ssh() -> Option<Subject> {
    static DAEMON: OnceLock<Option<Daemon>> = OnceLock::new();
    static CLIENT: OnceLock<Arc<Client>> = OnceLock::new();
    let target = || DAEMON.get_or_init(Daemon::start).as_ref().map(Daemon::target);
    let connector = || {
        let client = CLIENT.get_or_init(|| {
            let agents = Agents::new(Some(agent_program()), None);
            Arc::new(Client::new(Limits::default(), agents, crate::harness::BENCHBOOK.into()))
        });
        let target = DAEMON.get().and_then(Option::as_ref).unwrap().target();
        Box::new(Ssh::new(Arc::clone(client), target)) as Box<dyn Connector>
    };
    Some(Subject { connector, endpoint: Endpoint::Ssh(target()?) })
}

/// The agent that was built with the tests, or the one in `$BENCHBOOK_BIN_DIR`.
pub fn agent_program() -> PathBuf {
    match std::env::var_os("BENCHBOOK_BIN_DIR") {
        Some(folder) => Path::new(&folder).join("benchbook-agent"),
        None => env!("CARGO_BIN_EXE_benchbook-agent").into(),
    }
}

/// What a real agent does with the commands of the suite.
fn answer(asked: &Asked) -> Answer {
    if asked.request.module == "copy" {
        let content = asked.uploads.concat();
        let dest = asked.request.args.get("dest").and_then(Value::as_str).unwrap();
        std::fs::write(dest, content).unwrap();
        return Outcome::ok(true).into();
    }
    let cmd = asked.request.args.get("cmd").and_then(Value::as_str).unwrap();
    let ended = |rc: i32| {
        let status = if rc == 0 { Status::Ok } else { Status::Failed };
        Ending::Done(Outcome { status, ..Outcome::ok(true) }.with("rc", rc))
    };
    let words: Vec<_> = cmd.split(' ').collect();
    match words[..] {
        ["head", "-c", size, "/dev/zero"] => Answer {
            output: vec![(Stream::Stdout, vec![0; size.parse().unwrap()])],
            ending: ended(0),
            ..Answer::default()
        },
        ["sleep", "0.3;", "echo", text] => Answer {
            delay: Duration::from_millis(300),
            output: vec![(Stream::Stdout, format!("{text}\n").into_bytes())],
            ending: ended(0),
        },
        ["echo", "out;", "echo", "err", ">&2;", "exit", rc] => Answer {
            output: vec![(Stream::Stdout, b"out\n".into()), (Stream::Stderr, b"err\n".into())],
            ending: ended(rc.parse().unwrap()),
            ..Answer::default()
        },
        ["kill", "-9", "$PPID"] => Answer { ending: Ending::Cut, ..Answer::default() },
        ["echo", "$$;", "exec", "sleep", "600"] => {
            Answer { output: vec![(Stream::Stdout, b"4194304\n".into())], ..Answer::default() }
        }
        _ => panic!("the script does not know `{cmd}`"),
    }
}

/// A request for a shell's command line.
pub fn shell(cmd: &str) -> Request {
    request("shell", Map::from_iter([("cmd", cmd)]))
}

/// A request that puts upload 0, with this content, where `dest` says.
pub fn copy(dest: &Path, content: &[u8]) -> Request {
    let checksum = checksum::of_bytes(checksum::Algorithm::Sha1, content);
    let upload = Map::from_iter([("name", "source".into()), ("checksum", checksum)]);
    let dest = Value::from(dest.to_str().unwrap());
    request("copy", Map::from_iter([("src", "source".into()), ("dest", dest), ("_upload", upload.into())]))
}

pub fn request(module: &str, args: Map) -> Request {
    let run = "20261121T203100Z-test".into();
    Request { stream: true, ..Request::plain(run, 1, module, args, Duration::from_millis(500)) }
}

/// A call whose output and cancellation the test holds.
pub fn watched() -> (Call, mpsc::Receiver<Chunk>, Cancel) {
    let (output, chunks) = mpsc::channel(1);
    let cancel = Cancel::new();
    (Call { output: Some(output), cancel: cancel.clone(), ..Call::default() }, chunks, cancel)
}

/// Reads numbers, one a line, until there are as many.
pub async fn numbers(chunks: &mut mpsc::Receiver<Chunk>, count: usize) -> Vec<u32> {
    let mut text = String::new();
    while text.lines().count() < count || !text.ends_with('\n') {
        text += std::str::from_utf8(&chunks.recv().await.expect("output").bytes).unwrap();
    }
    text.lines().map(|line| line.trim().parse().unwrap()).collect()
}

/// Whether a process still runs (a zombie does not).
pub fn runs(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(')').next().is_some_and(|rest| !rest.trim_start().starts_with('Z') && !rest.is_empty())
}

/// Waits until none of them runs.
pub async fn all_end(pids: &[u32]) {
    let ended = async {
        while pids.iter().any(|pid| runs(*pid)) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let left = || pids.iter().filter(|pid| runs(**pid)).collect::<Vec<_>>();
    tokio::time::timeout(Duration::from_secs(5), ended)
        .await
        .unwrap_or_else(|_| panic!("{:?} still run", left()));
}
