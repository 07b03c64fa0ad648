//! Answers from data, for tests of what stands above: no agent, but real frames, so that sessions are the same.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::sync::{mpsc, watch};
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
            let (ours, theirs) = tokio::io::duplex(64 * 1024);
            let agent = tokio::spawn(serve(theirs, Arc::clone(&self.script), self.banner.clone()));
            let (input, output) = tokio::io::split(ours);
            let ended = async move {
                match agent.await {
                    Ok(Ok(())) => String::new(),
                    Ok(Err(error)) => format!("the script ended: {error}"),
                    Err(error) => format!("the script ended: {error}"),
                }
            };
            Ok(Link { input: Box::new(input), output: Box::new(output), ended: Box::pin(ended) })
        })
    }

    fn name(&self) -> String {
        "scripted".into()
    }
}

/// One invocation, as the loop sees it.
struct Running {
    cancel: watch::Sender<bool>,
    credit: watch::Sender<u64>,
    uploads: Vec<mpsc::UnboundedSender<Vec<u8>>>,
}

/// What an invocation wants to have written; `None` cuts the stream.
type Outgoing = mpsc::Sender<Option<Vec<u8>>>;

async fn serve<S>(stream: S, script: Arc<Script>, banner: String) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Send + 'static,
{
    let (mut input, mut output): (ReadHalf<S>, WriteHalf<S>) = tokio::io::split(stream);
    output.write_all(format!("{banner}{}", magic_line()).as_bytes()).await?;
    output.write_all(&to_bytes(0, &Message::Hello(hello()))?).await?;
    let (sender, mut outgoing) = mpsc::channel(4);
    let mut agent = Agent {
        script,
        decoder: Decoder::new(),
        running: HashMap::new(),
        tasks: JoinSet::new(),
        outgoing: sender,
    };
    let mut piece = vec![0; 64 * 1024];
    loop {
        tokio::select! {
            read = input.read(&mut piece) => match read? {
                0 => return Ok(()),
                count => if agent.take(&piece[..count])? { return Ok(()) },
            },
            // `agent` keeps a sender, so there is always a next one.
            Some(frames) = outgoing.recv() => match frames {
                Some(frames) => output.write_all(&frames).await?,
                None => return Ok(()),
            },
            Some(ended) = agent.tasks.join_next() => {
                agent.running.remove(&ended.map_err(io::Error::other)?);
            }
        }
    }
}

struct Agent {
    script: Arc<Script>,
    decoder: Decoder,
    running: HashMap<u32, Running>,
    /// Each gives the channel that is free again; 0 when it was none.
    tasks: JoinSet<u32>,
    outgoing: Outgoing,
}

impl Agent {
    /// Whether it was the last.
    fn take(&mut self, bytes: &[u8]) -> io::Result<bool> {
        self.decoder.push(bytes);
        while let Some(frame) = self.decoder.next().map_err(io::Error::other)? {
            let channel = frame.channel;
            match Packet::of(frame).map_err(io::Error::other)? {
                Packet::Control(Message::Goodbye { .. }) => return Ok(true),
                Packet::Control(Message::Start(request)) => self.start(channel, *request),
                Packet::Control(Message::Ping { token }) => {
                    self.tasks.spawn(send(
                        self.outgoing.clone(),
                        channel,
                        Message::Pong { token, clock: SystemClock.now() },
                    ));
                }
                Packet::Control(Message::Cancel { .. }) => {
                    if let Some(running) = self.running.get(&channel) {
                        running.cancel.send_replace(true);
                    }
                }
                Packet::Control(Message::Credit { bytes, .. }) => {
                    if let Some(running) = self.running.get(&channel) {
                        running.credit.send_modify(|credit| *credit += bytes);
                    }
                }
                Packet::Upload(number, bytes) => {
                    let credit = Message::Credit { flow: Flow::Upload(number), bytes: bytes.len() as u64 };
                    self.tasks.spawn(send(self.outgoing.clone(), channel, credit));
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
        Ok(false)
    }

    fn start(&mut self, channel: u32, request: Request) {
        let (uploads, receivers) = (0..request.uploads).map(|_| mpsc::unbounded_channel()).unzip();
        let (cancel, cancelled) = watch::channel(false);
        let (credit, allowed) = watch::channel(OUTPUT_WINDOW);
        self.running.insert(channel, Running { cancel, credit, uploads });
        let invocation = Invocation { channel, request, cancelled, allowed, outgoing: self.outgoing.clone() };
        let script = Arc::clone(&self.script);
        self.tasks.spawn(async move {
            invocation.run(script, receivers).await;
            channel
        });
    }
}

fn index(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

struct Invocation {
    channel: u32,
    request: Request,
    cancelled: watch::Receiver<bool>,
    allowed: watch::Receiver<u64>,
    outgoing: Outgoing,
}

impl Invocation {
    async fn run(self, script: Arc<Script>, uploads: Vec<mpsc::UnboundedReceiver<Vec<u8>>>) {
        let started = SystemClock.now();
        let (channel, outgoing, mut cancelled) =
            (self.channel, self.outgoing.clone(), self.cancelled.clone());
        let ending = tokio::select! {
            ending = self.follow(script, uploads) => ending,
            Ok(_) = cancelled.wait_for(|cancelled| *cancelled) => {
                Ending::Done(Outcome { status: Status::Cancelled, ..Outcome::default() })
            }
        };
        match ending {
            Ending::Done(mut outcome) => {
                if outcome.ended == Timestamp::default() {
                    (outcome.started, outcome.ended) = (started, SystemClock.now());
                }
                send(outgoing, channel, Message::Done(Box::new(outcome))).await;
            }
            Ending::Cut => drop(outgoing.send(None).await),
            Ending::Hang => {}
        }
    }

    async fn follow(self, script: Arc<Script>, receivers: Vec<mpsc::UnboundedReceiver<Vec<u8>>>) -> Ending {
        let mut uploads = Vec::new();
        for mut receiver in receivers {
            let mut content = Vec::new();
            while let Some(bytes) = receiver.recv().await {
                content.extend(bytes);
            }
            uploads.push(content);
        }
        let Self { channel, request, mut allowed, outgoing, .. } = self;
        if matches!(request.module.as_str(), "_end" | "_forget") {
            // A script has started nothing that could be left.
            return Ending::Done(Outcome::ok(false));
        }
        let stream = request.stream;
        let answer = script(&Asked { request, uploads });
        // Even a sleep of nothing waits for the next tick of the clock.
        if !answer.delay.is_zero() {
            tokio::time::sleep(answer.delay).await;
        }
        let mut sent = 0;
        for (kind, bytes) in answer.output.iter().filter(|_| stream) {
            for piece in bytes.chunks(64 * 1024) {
                let size = piece.len() as u64;
                // The window is at least a piece wide, and an error means that nobody listens.
                if allowed.wait_for(|allowed| *allowed >= sent + size).await.is_err() {
                    return Ending::Hang;
                }
                sent += size;
                let mut out = Vec::new();
                frame::encode(kind.kind(), channel, piece, &mut out);
                let _ = outgoing.send(Some(out)).await;
            }
        }
        if matches!(answer.ending, Ending::Hang) {
            std::future::pending::<()>().await;
        }
        answer.ending
    }
}

/// Nobody listening is no error: then the loop ends soon. Gives 0, which is no call's channel.
async fn send(outgoing: Outgoing, channel: u32, message: Message) -> u32 {
    if let Ok(frames) = to_bytes(channel, &message) {
        let _ = outgoing.send(Some(frames)).await;
    }
    0
}

fn to_bytes(channel: u32, message: &Message) -> io::Result<Vec<u8>> {
    message.to_bytes(channel).map_err(io::Error::other)
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
    }
}
