//! What a session does while all goes well, and before it begins.

use std::sync::Arc;
use std::time::{Duration, Instant};

use benchbook::base::{Clock, Map, SystemClock, Value};
use benchbook::connection::{BoxFuture, Call, ConnectError, Connector, Link, Pool, Session, Upload};
use benchbook::wire::control::PROTOCOL;
use benchbook::wire::{Status, Stream};
use tokio::io::AsyncReadExt;

use super::subject::{Subject, copy, numbers, request, shell, watched};

pub async fn hello(subject: &Subject) {
    let session = subject.open().await;
    let hello = session.hello();
    assert_eq!(
        (hello.protocol, hello.os.as_str(), hello.arch.as_str()),
        (PROTOCOL, "linux", std::env::consts::ARCH)
    );
    assert!(SystemClock.now().since(hello.clock) < Duration::from_secs(10), "{hello:?}");
    assert_eq!(session.banner(), "");
    assert!(session.is_alive());
    assert_eq!(session.close().await, "");
    assert!(!session.is_alive());
    assert_eq!(session.close().await, "");
}

pub async fn outcomes(subject: &Subject) {
    let session = subject.open().await;
    for (rc, status) in [(0, Status::Ok), (3, Status::Failed)] {
        let (call, mut chunks, _) = watched();
        let command = format!("echo out; echo err >&2; exit {rc}");
        let (outcome, output) = tokio::join!(session.call(shell(&command), call), async {
            let mut output = Map::new();
            while let Some(chunk) = chunks.recv().await {
                output.insert(format!("{:?}", chunk.stream), String::from_utf8(chunk.bytes).unwrap());
            }
            output
        });
        let outcome = outcome.unwrap();
        assert_eq!((outcome.status, outcome.values.get("rc")), (status, Some(&Value::from(rc))));
        assert!(outcome.started <= outcome.ended && outcome.started.0 > 0);
        assert_eq!(output, Map::from_iter([("Stdout", "out\n"), ("Stderr", "err\n")]));
    }
    assert_eq!(session.close().await, "");
}

pub async fn unknown_module(subject: &Subject) {
    let session = subject.open().await;
    let outcome = session.call(request("no_such", Map::new()), Call::default()).await.unwrap();
    assert_eq!(outcome.msg.as_deref(), Some("this agent has no module `no_such`"));
    assert_eq!(outcome.status, Status::Failed);
}

pub async fn many_at_once(subject: &Subject) {
    let session = Arc::new(subject.open().await);
    let started = Instant::now();
    let mut calls = tokio::task::JoinSet::new();
    for number in 0..20 {
        let session = Arc::clone(&session);
        calls.spawn(async move {
            let (call, mut chunks, _) = watched();
            let request = shell(&format!("sleep 0.3; echo {number}"));
            let (outcome, said) = tokio::join!(session.call(request, call), numbers(&mut chunks, 1));
            assert_eq!((outcome.unwrap().status, said), (Status::Ok, vec![number]));
        });
    }
    calls.join_all().await;
    let took = started.elapsed();
    assert!(took >= Duration::from_millis(300) && took < Duration::from_secs(6), "{took:?}");
    assert_eq!(session.close().await, "");
}

const MUCH: usize = 50_000_000;

pub async fn much_output_to_a_slow_reader(subject: &Subject) {
    let session = subject.open().await;
    let (call, mut chunks, _) = watched();
    let request = shell(&format!("head -c {MUCH} /dev/zero"));
    let (outcome, size) = tokio::join!(session.call(request, call), async {
        let mut size = 0;
        while let Some(chunk) = chunks.recv().await {
            assert_eq!(chunk.stream, Stream::Stdout);
            size += chunk.bytes.len();
            if size % 7 == 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
        size
    });
    assert_eq!((outcome.unwrap().status, size), (Status::Ok, MUCH));
    assert_eq!(session.close().await, "");
}

pub async fn a_reader_that_left(subject: &Subject) {
    let session = subject.open().await;
    let (call, chunks, _) = watched();
    drop(chunks);
    let outcome = session.call(shell("head -c 5000000 /dev/zero"), call).await.unwrap();
    assert_eq!(outcome.status, Status::Ok);
}

pub async fn a_stalled_reader_stalls_the_child(subject: &Subject) {
    let session = Arc::new(subject.open().await);
    let folder = tempfile::tempdir().unwrap();
    let progress = folder.path().join("progress");
    let command = format!(
        "i=0; while [ $i -lt 200 ]; do i=$((i+1)); head -c 65536 /dev/zero; echo $i > {}; done",
        progress.display()
    );
    let (call, mut chunks, cancel) = watched();
    let calling = tokio::spawn({
        let session = Arc::clone(&session);
        async move { session.call(shell(&command), call).await }
    });
    let first = chunks.recv().await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let written: u32 = std::fs::read_to_string(&progress).unwrap().trim().parse().unwrap();
    // A window of 1 MiB, what the pipes hold, and a little on the way: not the 12 MiB that the child has to say.
    assert!(written < 40, "{written} × 64 KiB written while nobody read");
    // Another call is not held up.
    let outcome = session.call(shell("echo out; echo err >&2; exit 0"), Call::default()).await.unwrap();
    assert_eq!(outcome.status, Status::Ok);
    let mut size = first.bytes.len();
    while let Some(chunk) = chunks.recv().await {
        size += chunk.bytes.len();
    }
    assert_eq!((calling.await.unwrap().unwrap().status, size), (Status::Ok, 200 * 65536));
    assert!(!cancel.is_cancelled());
}

pub async fn upload(subject: &Subject) {
    let session = subject.open().await;
    let folder = tempfile::tempdir().unwrap();
    let content: Vec<u8> = (0..20_000_000_u32).map(|i| (i % 251).to_le_bytes()[0]).collect();
    let (source, dest) = (folder.path().join("source"), folder.path().join("dest"));
    std::fs::write(&source, &content).unwrap();
    let small = content[..10].to_vec();
    let reader: Box<dyn tokio::io::AsyncRead + Send + Unpin> =
        Box::new(std::io::Cursor::new(content.clone()));
    for (upload, content) in [
        (Upload::Bytes(Vec::new()), Vec::new()),
        (Upload::Bytes(small.clone()), small),
        (Upload::File(source), content.clone()),
        (Upload::Reader(reader), content),
    ] {
        let call = Call { uploads: vec![upload], ..Call::default() };
        let outcome = session.call(copy(&dest, &content), call).await.unwrap();
        assert_eq!(outcome.status, Status::Ok, "{outcome:?}");
        assert!(std::fs::read(&dest).unwrap() == content, "another content");
    }
    assert_eq!(session.close().await, "");
}

pub async fn upload_that_cannot_be_read(subject: &Subject) {
    let session = subject.open().await;
    let folder = tempfile::tempdir().unwrap();
    let call = Call { uploads: vec![Upload::File("/nowhere/source".into())], ..Call::default() };
    let outcome = session.call(copy(&folder.path().join("dest"), b"x"), call).await.unwrap();
    assert_eq!(outcome.status, Status::Failed);
    let msg = outcome.msg.unwrap();
    assert!(msg.contains("/nowhere/source: No such file or directory"), "{msg}");
}

pub async fn clocks(subject: &Subject) {
    let session = subject.open().await;
    let offset = session.clock_offset().await.unwrap();
    assert!(
        offset.nanoseconds.unsigned_abs() < 500_000_000 && offset.uncertainty < Duration::from_millis(500),
        "{offset:?}"
    );
}

/// A connection whose login shell prints something first.
struct Chatty(Box<dyn Connector>, &'static str);

impl Connector for Chatty {
    fn open(&self) -> BoxFuture<'_, Result<Link, ConnectError>> {
        Box::pin(async {
            let link = self.0.open().await?;
            Ok(Link { input: Box::new(self.1.as_bytes().chain(link.input)), ..link })
        })
    }
    fn name(&self) -> String {
        self.0.name()
    }
}

pub async fn banner(subject: &Subject) {
    let session = Session::open(&Chatty((subject.connector)(), "Welcome to n1\nno newline")).await.unwrap();
    assert_eq!(session.banner(), "Welcome to n1\nno newline");
    let outcome = session.call(shell("echo out; echo err >&2; exit 0"), Call::default()).await.unwrap();
    assert_eq!(outcome.status, Status::Ok);
}

/// A connection that only prints.
struct Printer(Box<dyn Connector>, &'static str);

impl Connector for Printer {
    fn open(&self) -> BoxFuture<'_, Result<Link, ConnectError>> {
        Box::pin(async {
            let ended = Box::pin(std::future::ready(String::new()));
            Ok(Link { input: Box::new(self.1.as_bytes()), ended, ..self.0.open().await? })
        })
    }
    fn name(&self) -> String {
        self.0.name()
    }
}

pub async fn no_agent(subject: &Subject) {
    let open =
        async |text| Session::open(&Printer((subject.connector)(), text)).await.err().unwrap().to_string();
    assert_eq!(open("").await, "no agent answered: the stream ended");
    assert_eq!(
        open("sh: benchbook-agent: not found\n").await,
        "no agent answered: the stream ended; it said: sh: benchbook-agent: not found"
    );
    assert_eq!(
        open("BENCHBOOK-AGENT 7\n").await,
        "the agent speaks protocol 7, this program speaks 1: the two programs are from different builds"
    );
    assert_eq!(
        open("BENCHBOOK-AGENT 1\nzsh: command not found").await,
        "no agent answered: a frame of 2054383674 bytes, allowed are 5 to 262149; it said: BENCHBOOK-AGENT 1\nzsh: command not found"
    );
}

/// A boxed connector for the pool.
struct Boxed(Box<dyn Connector>);

impl Connector for Boxed {
    fn open(&self) -> BoxFuture<'_, Result<Link, ConnectError>> {
        self.0.open()
    }
    fn name(&self) -> String {
        self.0.name()
    }
}

pub async fn pool(subject: &Subject) {
    let pool = Pool::new().with(subject.endpoint.clone(), Boxed((subject.connector)()));
    let (first, second) = tokio::join!(pool.session(&subject.endpoint), pool.session(&subject.endpoint));
    let (first, second) = (first.unwrap(), second.unwrap());
    assert!(first.same(&second), "two sessions for one endpoint");
    assert_eq!(first.close().await, "");
    let third = pool.session(&subject.endpoint).await.unwrap();
    assert!(third.is_alive() && !first.same(&third), "a lost session is not given again");
    assert_eq!(pool.close().await, []);
    assert!(!third.is_alive());
}
