//! What a session does when something shall end, or ends by itself.

use std::sync::Arc;
use std::time::{Duration, Instant};

use benchbook::connection::{BoxFuture, Call, CallError, Cancel, ConnectError, Connector, Link, Session};
use benchbook::wire::{Outcome, Request, Status};
use tokio::io::AsyncReadExt;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::subject::{Subject, all_end, numbers, runs, shell, watched};

/// Started in the background, once it has said its process ids.
struct Started {
    calling: JoinHandle<Result<Outcome, CallError>>,
    pids: Vec<u32>,
    cancel: Cancel,
    /// Kept, so that the reader stays.
    _chunks: mpsc::Receiver<benchbook::connection::Chunk>,
}

async fn start(session: &Arc<Session>, request: Request, pids: usize) -> Started {
    let (call, mut chunks, cancel) = watched();
    let session = Arc::clone(session);
    let calling = tokio::spawn(async move { session.call(request, call).await });
    let pids = numbers(&mut chunks, pids).await;
    Started { calling, pids, cancel, _chunks: chunks }
}

const SLEEPER: &str = "echo $$; exec sleep 600";
const DEAF: &str = "trap '' TERM; echo $$; while :; do sleep 1; done";

pub async fn cancel(subject: &Subject) {
    let session = Arc::new(subject.open().await);
    let started = start(&session, shell(SLEEPER), 1).await;
    let since = Instant::now();
    started.cancel.cancel(Duration::from_secs(20));
    assert_eq!(started.calling.await.unwrap().unwrap().status, Status::Cancelled);
    assert!(since.elapsed() < Duration::from_secs(5));
    all_end(&started.pids).await;
    // Also when that was asked before it started.
    let cancel = Cancel::new();
    cancel.cancel(Duration::ZERO);
    let call = Call { cancel, ..Call::default() };
    assert_eq!(session.call(shell(SLEEPER), call).await.unwrap().status, Status::Cancelled);
    assert_eq!(session.close().await, "");
}

pub async fn cancel_kills_after_grace(subject: &Subject) {
    let session = Arc::new(subject.open().await);
    let started = start(&session, shell(DEAF), 1).await;
    let since = Instant::now();
    started.cancel.cancel(Duration::from_millis(700));
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(runs(started.pids[0]), "it ignores TERM");
    let outcome = started.calling.await.unwrap().unwrap();
    assert_eq!(outcome.status, Status::Cancelled);
    let took = since.elapsed();
    assert!(took > Duration::from_millis(700) && took < Duration::from_secs(4), "{took:?}");
    assert!(!runs(started.pids[0]));
}

pub async fn a_second_cancel_shortens_the_grace(subject: &Subject) {
    let session = Arc::new(subject.open().await);
    let started = start(&session, shell(DEAF), 1).await;
    started.cancel.cancel(Duration::from_mins(1));
    tokio::time::sleep(Duration::from_millis(200)).await;
    started.cancel.cancel(Duration::ZERO);
    let outcome =
        tokio::time::timeout(Duration::from_secs(4), started.calling).await.unwrap().unwrap().unwrap();
    assert_eq!(outcome.status, Status::Cancelled);
    assert!(!runs(started.pids[0]));
}

pub async fn cancel_finds_those_who_left(subject: &Subject) {
    let session = Arc::new(subject.open().await);
    // One in a session of its own that has closed all its streams and ignores TERM; its parent ends at once.
    let away = "(setsid sh -c \"trap '' TERM; echo \\$\\$; exec >&- 2>&-; while :; do sleep 1; done\" &)";
    let started = start(&session, shell(&format!("{away}; {SLEEPER}")), 2).await;
    started.cancel.cancel(Duration::from_millis(300));
    assert_eq!(started.calling.await.unwrap().unwrap().status, Status::Cancelled);
    all_end(&started.pids).await;
}

pub async fn time_out(subject: &Subject) {
    let session = Arc::new(subject.open().await);
    let request = Request { timeout_ms: Some(300), grace_ms: 300, ..shell(DEAF) };
    let since = Instant::now();
    let started = start(&session, request, 1).await;
    assert_eq!(started.calling.await.unwrap().unwrap().status, Status::TimedOut);
    let took = since.elapsed();
    assert!(took > Duration::from_millis(600) && took < Duration::from_secs(4), "{took:?}");
    assert!(!runs(started.pids[0]));
}

pub async fn dropped_call(subject: &Subject) {
    let session = Arc::new(subject.open().await);
    let started = start(&session, shell(SLEEPER), 1).await;
    started.calling.abort();
    all_end(&started.pids).await;
    let outcome = session.call(shell("echo out; echo err >&2; exit 0"), Call::default()).await.unwrap();
    assert_eq!(outcome.status, Status::Ok);
    assert_eq!(session.close().await, "");
}

pub async fn close_ends_children(subject: &Subject) {
    let session = Arc::new(subject.open().await);
    let started = start(&session, shell(DEAF), 1).await;
    assert_eq!(session.close().await, "");
    assert!(!runs(started.pids[0]));
    assert_eq!(started.calling.await.unwrap().unwrap().status, Status::Cancelled);
}

pub async fn dropped_session_ends_children(subject: &Subject) {
    let session = Arc::new(subject.open().await);
    let started = start(&session, shell(DEAF), 1).await;
    started.calling.abort();
    assert!(started.calling.await.is_err());
    assert_eq!(Arc::strong_count(&session), 1);
    drop(session);
    all_end(&started.pids).await;
}

/// A connection whose stream ends after so many bytes.
pub struct Short(pub Box<dyn Connector>, pub u64);

impl Connector for Short {
    fn open(&self) -> BoxFuture<'_, Result<Link, ConnectError>> {
        Box::pin(async {
            let link = self.0.open().await?;
            Ok(Link { input: Box::new(link.input.take(self.1)), ..link })
        })
    }
    fn name(&self) -> String {
        self.0.name()
    }
}

pub async fn cut_stream(subject: &Subject) {
    let session = Arc::new(Session::open(&Short((subject.connector)(), 10_000)).await.unwrap());
    let calls = [0, 1].map(|_| session.call(shell("head -c 50000000 /dev/zero"), Call::default()));
    let [first, second] = calls;
    let (first, second) = tokio::join!(first, second);
    let third = session.call(shell(SLEEPER), Call::default()).await;
    for lost in [first, second, third] {
        assert!(matches!(&lost, Err(CallError::Lost(reason)) if !reason.is_empty()), "{lost:?}");
    }
    assert!(!session.is_alive());
}

pub async fn cut_by_the_agent(subject: &Subject) {
    let session = subject.open().await;
    let error = session.call(shell("kill -9 $PPID"), Call::default()).await.unwrap_err().to_string();
    let expected = [
        "the agent ended with signal: 9 (SIGKILL)",
        "the agent ended: a signal ended it",
        // As an engine says it.
        "the agent ended with exit status: 137",
        "the stream ended",
    ];
    assert!(
        expected.iter().any(|e| error == format!("the connection to the agent was lost: {e}")),
        "{error}"
    );
}

/// A connection that says something else after the hello.
struct Nonsense(Box<dyn Connector>);

impl Connector for Nonsense {
    fn open(&self) -> BoxFuture<'_, Result<Link, ConnectError>> {
        Box::pin(async {
            let mut link = self.0.open().await?;
            // The magic line and the hello, as long as its length field says.
            let mut start = vec![0; b"BENCHBOOK-AGENT 1\n".len() + 4];
            link.input.read_exact(&mut start).await.unwrap();
            let length = u32::from_be_bytes(*start.last_chunk().unwrap());
            let mut hello = vec![0; length.try_into().unwrap()];
            link.input.read_exact(&mut hello).await.unwrap();
            start.extend(hello);
            Ok(Link {
                input: Box::new(std::io::Cursor::new(start).chain(&b"Segmentation fault"[..])),
                ..link
            })
        })
    }
    fn name(&self) -> String {
        self.0.name()
    }
}

pub async fn nonsense(subject: &Subject) {
    let session = Session::open(&Nonsense((subject.connector)())).await.unwrap();
    let error = session.call(shell(SLEEPER), Call::default()).await.unwrap_err().to_string();
    let frame = "a frame of 1399154541 bytes, allowed are 5 to 262149";
    assert_eq!(error, format!("the connection to the agent was lost: {frame}"));
}
