//! Answers from data, for tests of what stands above: no agent, but real frames, so that sessions are the same.
//!
//! The agent has no thread and no task: it is the stream's output, and answers while it is written to. Only answers that
//! wait for something get a task each.

use std::collections::HashMap;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;

use super::{BoxFuture, ConnectError, Connector, Link};
use crate::base::{Clock, SystemClock, Timestamp};
use crate::wire::control::{OUTPUT_WINDOW, PROTOCOL};
use crate::wire::preamble::magic_line;
use crate::wire::{Decoder, Flow, Hello, Message, Outcome, Packet, Request, Status, Stream, frame};

/// What a scripted agent was asked.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The request.
    pub request: Request,
    /// Its uploads, complete.
    pub uploads: Vec<Vec<u8>>,
}

/// What it does then, in this order.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// Waits.
    pub delay: Duration,
    /// Sends this as output, when the request wants its output streamed.
    pub output: Vec<(Stream, Vec<u8>)>,
    /// Ends.
    pub ending: Ending,
}

/// How a scripted invocation ends.
#[derive(Clone, Debug, Default)]
pub enum Ending {
    /// With this outcome; without start and end times, it gets the real ones.
    Done(Outcome),
    /// Not before it is cancelled, and then as a child that obeys TERM.
    #[default]
    Hang,
    /// The stream is cut.
    Cut,
}

impl From<Outcome> for Answer {
    fn from(outcome: Outcome) -> Self {
        Self { ending: Ending::Done(outcome), ..Self::default() }
    }
}

type Script = dyn Fn(&Asked) -> Answer + Send + Sync;

/// An agent that answers by a function.
#[derive(Clone)]
pub struct Scripted {
    script: Arc<Script>,
    banner: String,
}

impl Scripted {
    /// Answers with what `script` gives.
    pub fn new(script: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Self {
        Self { script: Arc::new(script), banner: String::new() }
    }

    /// Prints this before the magic line.
    #[must_use]
    pub fn with_banner(mut self, banner: &str) -> Self {
        banner.clone_into(&mut self.banner);
        self
    }
}

impl Connector for Scripted {
    fn open(&self) -> BoxFuture<'_, Result<Link, ConnectError>> {
        Box::pin(async {
            let (sender, ended) = oneshot::channel();
            let mailbox = Mailbox::new(sender);
            mailbox.put(|bytes| bytes.extend(format!("{}{}", self.banner, magic_line()).into_bytes()));
            mailbox.send(0, &Message::Hello(hello()));
            let agent = Agent {
                script: Arc::clone(&self.script),
                decoder: Decoder::new(),
                running: HashMap::new(),
                tasks: JoinSet::new(),
                mailbox: mailbox.clone(),
            };
            let ended = async move { ended.await.unwrap_or_default() };
            Ok(Link { input: Box::new(mailbox), output: Box::new(agent), ended: Box::pin(ended) })
        })
    }

    fn name(&self) -> String {
        "scripted".into()
    }
}

/// What the agent has said and nobody has read yet.
#[derive(Clone)]
struct Mailbox(Arc<Mutex<Letters>>);

struct Letters {
    bytes: Vec<u8>,
    /// How many of them are read.
    read: usize,
    reader: Option<Waker>,
    /// Told when nothing more comes, with what is to be said about that; gone afterwards.
    ended: Option<oneshot::Sender<String>>,
}

impl Mailbox {
    fn new(ended: oneshot::Sender<String>) -> Self {
        let letters = Letters { bytes: Vec::new(), read: 0, reader: None, ended: Some(ended) };
        Self(Arc::new(Mutex::new(letters)))
    }

    fn lock(&self) -> MutexGuard<'_, Letters> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_open(&self) -> bool {
        self.lock().ended.is_some()
    }

    fn put(&self, add: impl FnOnce(&mut Vec<u8>)) {
        let mut letters = self.lock();
        if letters.ended.is_some() {
            add(&mut letters.bytes);
            letters.wake();
        }
    }

    fn send(&self, channel: u32, message: &Message) {
        self.put(|bytes| {
            // A message that is too long is not sent, as with the real agent.
            let _ = message.encode(channel, bytes);
        });
    }

    /// Nothing more comes.
    fn end(&self, words: &str) {
        let mut letters = self.lock();
        if let Some(ended) = letters.ended.take() {
            // Nobody needs to listen.
            let _ = ended.send(words.to_owned());
            letters.wake();
        }
    }
}

impl Letters {
    fn wake(&mut self) {
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
    }
}

impl AsyncRead for Mailbox {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let mut letters = self.lock();
        let unread = &letters.bytes[letters.read..];
        if unread.is_empty() && letters.ended.is_some() {
            letters.reader = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let count = unread.len().min(into.remaining());
        into.put_slice(&unread[..count]);
        letters.read += count;
        if letters.read == letters.bytes.len() {
            letters.bytes.clear();
            letters.read = 0;
        }
        Poll::Ready(Ok(()))
    }
}

/// One invocation that is not finished, as the agent sees it.
struct Running {
    steering: watch::Sender<Steering>,
    uploads: Vec<mpsc::UnboundedSender<Vec<u8>>>,
}

/// What the controller said about an invocation.
struct Steering {
    cancelled: bool,
    /// How many bytes of output it wants in all.
    credit: u64,
}

struct Agent {
    script: Arc<Script>,
    decoder: Decoder,
    running: HashMap<u32, Running>,
    /// Each gives the channel that is free again.
    tasks: JoinSet<u32>,
    mailbox: Mailbox,
}

impl AsyncWrite for Agent {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if !self.mailbox.is_open() {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        if let Err(problem) = self.take(bytes) {
            self.mailbox.end(&format!("the script ended: {problem}"));
        }
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.tasks.abort_all();
        self.mailbox.end("");
        Poll::Ready(Ok(()))
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.mailbox.end("");
    }
}

impl Agent {
    fn take(&mut self, bytes: &[u8]) -> io::Result<()> {
        while let Some(ended) = self.tasks.try_join_next() {
            self.running.remove(&ended.map_err(io::Error::other)?);
        }
        self.decoder.push(bytes);
        while let Some(frame) = self.decoder.next().map_err(io::Error::other)? {
            let channel = frame.channel;
            match Packet::of(frame).map_err(io::Error::other)? {
                Packet::Control(Message::Goodbye { .. }) => {
                    self.tasks.abort_all();
                    self.mailbox.end("");
                    return Ok(());
                }
                Packet::Control(Message::Start(request)) => self.start(channel, *request),
                Packet::Control(Message::Ping { token }) => {
                    self.mailbox.send(channel, &Message::Pong { token, clock: SystemClock.now() });
                }
                Packet::Control(Message::Cancel { .. }) => {
                    self.steer(channel, |steering| steering.cancelled = true);
                }
                Packet::Control(Message::Credit { bytes, .. }) => {
                    self.steer(channel, |steering| steering.credit += bytes);
                }
                Packet::Upload(number, bytes) => {
                    let credit = Message::Credit { flow: Flow::Upload(number), bytes: bytes.len() as u64 };
                    self.mailbox.send(channel, &credit);
                    let upload = self.running.get(&channel).and_then(|r| r.uploads.get(index(number)));
                    upload.map(|upload| upload.send(bytes));
                }
                Packet::Control(Message::UploadEnd { number, .. }) => {
                    // The receiver sees the end when the sender is gone.
                    if let Some(upload) =
                        self.running.get_mut(&channel).and_then(|r| r.uploads.get_mut(index(number)))
                    {
                        *upload = mpsc::unbounded_channel().0;
                    }
                }
                other => return Err(io::Error::other(format!("no place for {other:?}"))),
            }
        }
        Ok(())
    }

    fn steer(&self, channel: u32, change: impl FnOnce(&mut Steering)) {
        if let Some(running) = self.running.get(&channel) {
            running.steering.send_modify(change);
        }
    }

    fn start(&mut self, channel: u32, request: Request) {
        let (started, stream) = (SystemClock.now(), request.stream);
        let invocation = Invocation { channel, started, stream, mailbox: self.mailbox.clone() };
        let script = Arc::clone(&self.script);
        if request.uploads > 0 {
            let (uploads, receivers) = (0..request.uploads).map(|_| mpsc::unbounded_channel()).unzip();
            return self.spawn(invocation, uploads, async move {
                ask(&*script, &Asked { request, uploads: receive(receivers).await })
            });
        }
        match ask(&*script, &Asked { request, uploads: Vec::new() }) {
            // Most answers wait for nothing, and then there is nothing to be woken for.
            Answer { delay: Duration::ZERO, output, ending: Ending::Done(outcome) } if output.is_empty() => {
                invocation.end(outcome);
            }
            answer => self.spawn(invocation, Vec::new(), std::future::ready(answer)),
        }
    }

    fn spawn(
        &mut self,
        invocation: Invocation,
        uploads: Vec<mpsc::UnboundedSender<Vec<u8>>>,
        asking: impl Future<Output = Answer> + Send + 'static,
    ) {
        let (steering, steered) = watch::channel(Steering { cancelled: false, credit: OUTPUT_WINDOW });
        self.running.insert(invocation.channel, Running { steering, uploads });
        self.tasks.spawn(invocation.run(asking, steered));
    }
}

fn ask(script: &Script, asked: &Asked) -> Answer {
    if matches!(asked.request.module.as_str(), "_end" | "_forget") {
        // A script has started nothing that could be left.
        return Outcome::ok(false).into();
    }
    script(asked)
}

async fn receive(receivers: Vec<mpsc::UnboundedReceiver<Vec<u8>>>) -> Vec<Vec<u8>> {
    let mut uploads = Vec::new();
    for mut receiver in receivers {
        let mut content = Vec::new();
        while let Some(bytes) = receiver.recv().await {
            content.extend(bytes);
        }
        uploads.push(content);
    }
    uploads
}

fn index(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

struct Invocation {
    channel: u32,
    started: Timestamp,
    /// Whether output is wanted as it comes.
    stream: bool,
    mailbox: Mailbox,
}

impl Invocation {
    /// Gives the channel that is free again.
    async fn run(self, asking: impl Future<Output = Answer>, steered: watch::Receiver<Steering>) -> u32 {
        let (channel, mut cancelled) = (self.channel, steered.clone());
        let ending = tokio::select! {
            biased;
            ending = self.follow(asking, steered) => ending,
            Ok(_) = cancelled.wait_for(|steering| steering.cancelled) => {
                Ending::Done(Outcome { status: Status::Cancelled, ..Outcome::default() })
            }
        };
        match ending {
            Ending::Done(outcome) => self.end(outcome),
            Ending::Cut => self.mailbox.end(""),
            Ending::Hang => {}
        }
        channel
    }

    async fn follow(
        &self,
        asking: impl Future<Output = Answer>,
        mut steered: watch::Receiver<Steering>,
    ) -> Ending {
        let answer = asking.await;
        // Even a sleep of nothing waits for the next tick of the clock.
        if !answer.delay.is_zero() {
            tokio::time::sleep(answer.delay).await;
        }
        let mut sent = 0;
        for (kind, bytes) in answer.output.iter().filter(|_| self.stream) {
            for piece in bytes.chunks(64 * 1024) {
                let size = piece.len() as u64;
                // The window is at least a piece wide, and an error means that nobody listens.
                if steered.wait_for(|steering| steering.credit >= sent + size).await.is_err() {
                    return Ending::Hang;
                }
                sent += size;
                self.mailbox.put(|bytes| frame::encode(kind.kind(), self.channel, piece, bytes));
            }
        }
        if matches!(answer.ending, Ending::Hang) {
            std::future::pending::<()>().await;
        }
        answer.ending
    }

    fn end(&self, mut outcome: Outcome) {
        if outcome.ended == Timestamp::default() {
            (outcome.started, outcome.ended) = (self.started, SystemClock.now());
        }
        self.mailbox.send(self.channel, &Message::Done(Box::new(outcome)));
    }
}

fn hello() -> Hello {
    Hello {
        protocol: PROTOCOL,
        build: "scripted".into(),
        os: "linux".into(),
        arch: std::env::consts::ARCH.into(),
        uid: 0,
        user: "root".into(),
        boot_id: String::new(),
        clock: SystemClock.now(),
        program: String::new(),
    }
}
