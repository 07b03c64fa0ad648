//! The controller's side of a conversation with one agent: many calls at once over one stream.

mod calls;
mod cancel;
mod dialling;
mod outbox;
mod tasks;

use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::sync::{Mutex as AsyncMutex, mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;

pub use self::calls::Progress;
use self::calls::{Open, Shared};
pub use self::cancel::Cancel;
use super::{ConnectError, Connector, Link};
use crate::base::{Clock, SystemClock};
use crate::wire::control::{OUTPUT_WINDOW, PROTOCOL};
use crate::wire::frame::MAX_PAYLOAD;
use crate::wire::preamble::PreambleReader;
use crate::wire::{Decoder, Dial, Hello, Message, Outcome, Packet, Request, Stream, WireError};

/// How long an agent may take to say hello.
const HANDSHAKE: Duration = Duration::from_mins(1);
/// How long the words of an agent that did not say hello are waited for.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// The longest piece of an upload: its number is in the same frame.
const UPLOAD_PIECE: usize = MAX_PAYLOAD / 4;

/// One invocation and what goes with it.
#[derive(Default)]
pub struct Call {
    /// Files for the module, numbered from 0.
    pub uploads: Vec<Upload>,
    /// Where output goes as it comes. A slow receiver slows the child down; one that is gone lets it pass.
    pub output: Option<mpsc::Sender<Chunk>>,
    /// A way to stop it.
    pub cancel: Cancel,
}

/// A piece of output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// Which output.
    pub stream: Stream,
    /// At most 256 KiB.
    pub bytes: Vec<u8>,
}

/// The content of a file for a module.
pub enum Upload {
    /// In memory.
    Bytes(Vec<u8>),
    /// A file on the controller, read while it is sent.
    File(PathBuf),
    /// Anything else that can be read.
    Reader(Box<dyn AsyncRead + Send + Unpin>),
}

/// Why a call has no outcome.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The connection ended; nobody knows what became of the invocation.
    #[error("the connection to the agent was lost: {0}")]
    Lost(String),
    /// The request cannot be sent.
    #[error("the request cannot be sent: {0}")]
    Request(WireError),
}

/// How the target's clock differs from this one's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockOffset {
    /// The target's time minus this machine's, in nanoseconds.
    pub nanoseconds: i64,
    /// How wrong that can be: half of the shortest way there and back.
    pub uncertainty: Duration,
}

/// A conversation with one agent.
pub struct Session {
    hello: Hello,
    banner: String,
    shared: Arc<Shared>,
    reader: AsyncMutex<Option<JoinHandle<String>>>,
}

impl Session {
    /// Opens the stream and waits for the agent's hello.
    pub async fn open(connector: &dyn Connector) -> Result<Self, ConnectError> {
        let mut link = connector.open().await?;
        let mut preamble = PreambleReader::default();
        let found = timeout(HANDSHAKE, handshake(&mut link, &mut preamble)).await;
        match found.unwrap_or_else(|_| Err(Handshake::Silent("it took too long".into()))) {
            Ok((hello, banner, decoder)) => {
                let (shared, reader) = tasks::start(link, decoder);
                Ok(Self { hello, banner, shared, reader: AsyncMutex::new(Some(reader)) })
            }
            Err(Handshake::Protocol(agent)) => Err(ConnectError::Protocol { agent, ours: PROTOCOL }),
            Err(Handshake::Ended) => {
                drop((link.input, link.output));
                // Whatever carried the stream may know why it ended.
                let words = timeout(LAST_WORDS, link.ended).await.unwrap_or_default();
                let reason = if words.is_empty() { "the stream ended".into() } else { words };
                Err(ConnectError::NoAnswer { reason, banner: preamble.banner() })
            }
            Err(Handshake::Silent(reason)) => {
                Err(ConnectError::NoAnswer { reason, banner: preamble.banner() })
            }
        }
    }

    /// Who answered.
    pub fn hello(&self) -> &Hello {
        &self.hello
    }

    /// What was printed before the agent spoke, by a login shell for example.
    pub fn banner(&self) -> &str {
        &self.banner
    }

    /// Whether calls can still be made.
    pub fn is_alive(&self) -> bool {
        self.shared.is_alive()
    }

    /// Runs a module and waits for its outcome. `request.uploads` is set here.
    ///
    /// Dropping the future cancels the invocation with the request's grace, but then nobody learns how it ended.
    pub async fn call(&self, request: Request, call: Call) -> Result<Outcome, CallError> {
        let Call { uploads, output, cancel } = call;
        let mut ongoing = self.start(request, uploads, cancel)?;
        let channel = ongoing.open.channel;
        loop {
            match (ongoing.next().await?, &output) {
                (Progress::Done(outcome), _) => return Ok(*outcome),
                (Progress::Output(stream, bytes), Some(output)) => {
                    // A receiver that is gone does not stop the child.
                    tokio::select! {
                        _ = output.send(Chunk { stream, bytes }) => {}
                        never = ongoing.stopping.pass_on(&ongoing.open.shared, channel) => match never {},
                    }
                }
                (Progress::Output(..), None) => {}
            }
        }
    }

    /// Runs a module whose output the caller takes by itself. `request.uploads` is set here.
    pub fn start(
        &self,
        mut request: Request,
        uploads: Vec<Upload>,
        cancel: Cancel,
    ) -> Result<Ongoing, CallError> {
        request.uploads = u32::try_from(uploads.len()).unwrap_or(u32::MAX);
        let open = Open::start(&self.shared, request)?;
        let mut sending = None;
        for (upload, (number, credit)) in uploads.into_iter().zip((0..).zip(open.credit.iter())) {
            let shared = Arc::clone(&self.shared);
            let sending: &mut JoinSet<()> = sending.get_or_insert_default();
            sending.spawn(send_upload(shared, open.channel, number, upload, credit.clone()));
        }
        Ok(Ongoing { open, stopping: Stopping { cancel, known: 0 }, taken: 0, _uploads: sending })
    }

    /// Opens a stream through the agent. It ends when its output is dropped or the other end closes; `ended` gives the agent's
    /// words when that was not as it should be.
    pub fn dial(&self, dial: Dial) -> Result<Link, CallError> {
        Open::dial(&self.shared, dial).map(dialling::link)
    }

    /// Asks the agent for its time a few times and believes the fastest answer.
    pub async fn clock_offset(&self) -> Result<ClockOffset, CallError> {
        let mut best: Option<ClockOffset> = None;
        for _ in 0..5 {
            let (sent, clock) = (SystemClock.now(), SystemClock.instant());
            let theirs = self.shared.ping().await?;
            let way = clock.elapsed() / 2;
            let ours = sent.0.saturating_add(i64::try_from(way.as_nanos()).unwrap_or(i64::MAX));
            let offset = ClockOffset { nanoseconds: theirs.0.saturating_sub(ours), uncertainty: way };
            best = Some(best.filter(|b| b.uncertainty <= way).unwrap_or(offset));
        }
        best.ok_or_else(|| CallError::Lost("no answer".into()))
    }

    /// Says goodbye: the agent ends what still runs, then itself. Gives what is to be said when it did not end as it
    /// should; empty otherwise, and when somebody else closes it already.
    pub async fn close(&self) -> String {
        let Some(reader) = self.reader.lock().await.take() else { return String::new() };
        self.shared.say_goodbye();
        reader.await.unwrap_or_else(|error| error.to_string())
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.shared.say_goodbye();
    }
}

/// Why there was no hello.
enum Handshake {
    Ended,
    Silent(String),
    Protocol(u32),
}

async fn handshake(
    link: &mut Link,
    reader: &mut PreambleReader,
) -> Result<(Hello, String, Decoder), Handshake> {
    let silent = |error: &dyn std::fmt::Display| Handshake::Silent(error.to_string());
    let mut piece = vec![0; 16 * 1024];
    let mut decoder = Decoder::new();
    let mut banner = None;
    loop {
        let count = link.input.read(&mut piece).await.map_err(|e| silent(&e))?;
        let bytes = &piece[..count];
        if bytes.is_empty() {
            return Err(Handshake::Ended);
        }
        if banner.is_some() {
            decoder.push(bytes);
        } else if let Some(found) = reader.push(bytes).map_err(|e| silent(&e))? {
            if found.protocol != PROTOCOL {
                return Err(Handshake::Protocol(found.protocol));
            }
            decoder.push(&found.rest);
            banner = Some(found.banner);
        }
        if let Some(frame) = decoder.next().map_err(|e| silent(&e))? {
            return match Packet::of(frame).map_err(|e| silent(&e))? {
                Packet::Control(Message::Hello(hello)) => Ok((hello, banner.unwrap_or_default(), decoder)),
                _ => Err(silent(&"its first message is no hello")),
            };
        }
    }
}

/// A call that was started. Dropping it cancels the invocation with the request's grace, but then nobody learns how it ended.
pub struct Ongoing {
    open: Open,
    stopping: Stopping,
    /// How much output was taken since the agent was last told so.
    taken: u64,
    _uploads: Option<JoinSet<()>>,
}

impl Ongoing {
    /// What it says next; its end is the last. Whoever is slow to ask slows the child down. A wish to stop is passed on while
    /// this is waited for.
    pub async fn next(&mut self) -> Result<Progress, CallError> {
        let Self { open, stopping, taken, .. } = self;
        if *taken >= OUTPUT_WINDOW / 4 {
            open.shared.grant(open.channel, std::mem::take(taken));
        }
        let progress = tokio::select! {
            // First the one that is nearly always silent, so that output without end does not drown it.
            biased;
            never = stopping.pass_on(&open.shared, open.channel) => match never {},
            progress = open.next() => progress,
        };
        if let Some(Progress::Output(_, bytes)) = &progress {
            *taken += bytes.len() as u64;
        }
        progress.ok_or_else(|| CallError::Lost(open.shared.lost().unwrap_or_default()))
    }
}

/// The wish to stop a call, and how much of it the agent knows.
struct Stopping {
    cancel: Cancel,
    known: u32,
}

impl Stopping {
    /// Tells the agent whenever somebody asks.
    async fn pass_on(&mut self, shared: &Shared, channel: u32) -> Infallible {
        loop {
            let grace = self.cancel.asked(&mut self.known).await;
            shared.cancel(channel, grace);
        }
    }
}

async fn send_upload(
    shared: Arc<Shared>,
    channel: u32,
    number: u32,
    upload: Upload,
    credit: watch::Receiver<u64>,
) {
    let error = match upload {
        Upload::Bytes(bytes) => send_all(&shared, channel, number, bytes.as_slice(), credit).await,
        Upload::Reader(reader) => send_all(&shared, channel, number, reader, credit).await,
        Upload::File(path) => match tokio::fs::File::open(&path).await {
            Ok(file) => send_all(&shared, channel, number, file, credit).await,
            Err(error) => Err(error),
        }
        .map_err(|error| std::io::Error::new(error.kind(), format!("{}: {error}", path.display()))),
    }
    .err();
    end_upload(&shared, channel, number, error).await;
}

async fn end_upload(shared: &Shared, channel: u32, number: u32, error: Option<std::io::Error>) {
    let end = Message::UploadEnd { number, error: error.map(|e| e.to_string()) };
    shared.send_bulk_message(channel, &end).await;
}

async fn send_all(
    shared: &Shared,
    channel: u32,
    number: u32,
    mut from: impl AsyncRead + Unpin,
    mut credit: watch::Receiver<u64>,
) -> std::io::Result<()> {
    let mut piece = vec![0; UPLOAD_PIECE];
    let mut sent = 0_u64;
    loop {
        let count = from.read(&mut piece).await?;
        if count == 0 {
            return Ok(());
        }
        let mut rest = &piece[..count];
        while !rest.is_empty() {
            let Ok(allowed) = credit.wait_for(|allowed| *allowed > sent).await.map(|a| *a - sent) else {
                // The call ended: nobody wants the rest.
                return Ok(());
            };
            let (now, later) = rest.split_at(rest.len().min(usize::try_from(allowed).unwrap_or(usize::MAX)));
            shared.send_upload(channel, number, now).await;
            sent += now.len() as u64;
            rest = later;
        }
    }
}
