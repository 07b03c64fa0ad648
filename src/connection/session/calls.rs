//! The calls of a session that are not finished, and what may be sent: shared by the calls and the two tasks.

use std::collections::{HashMap, VecDeque};
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use foldhash::fast::RandomState;
use tokio::sync::{mpsc, oneshot, watch};

use super::CallError;
use super::outbox::Outbox;
use crate::base::Timestamp;
use crate::wire::control::{OUTPUT_WINDOW, UPLOAD_AHEAD};
use crate::wire::frame;
use crate::wire::{Dial, Flow, Message, Outcome, Packet, Request, Stream};

/// How many frames of uploads may wait to be written.
const WAITING_UPLOADS: usize = 8;
const ORDER: &str = "the agent sent a message that has no place here";

/// What an agent says of a call.
pub enum Progress {
    /// A piece of output.
    Output(Stream, Vec<u8>),
    /// It ended.
    Done(Box<Outcome>),
}

/// What calls and tasks share.
pub struct Shared {
    table: Mutex<Table>,
    outbox: Arc<Outbox>,
    bulk: mpsc::Sender<Vec<u8>>,
}

#[derive(Default)]
struct Table {
    calls: HashMap<u32, Entry, RandomState>,
    last_channel: u32,
    pings: HashMap<u64, oneshot::Sender<Timestamp>>,
    last_ping: u64,
    longest_grace: Duration,
    /// Why nothing comes any more.
    lost: Option<String>,
}

/// A call that was started and whose end nobody has taken.
struct Entry {
    phase: Phase,
    /// What the agent said and nobody has taken.
    said: VecDeque<Progress>,
    /// Who waits for more of it.
    listener: Option<Waker>,
    /// How many bytes the agent may still send.
    window: u64,
    /// For each upload, how many bytes may be sent in all.
    uploads: Vec<watch::Sender<u64>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Running,
    /// The call's future was dropped: output is thrown away.
    Abandoned,
    /// The agent has said its last.
    Ended,
}

/// A call that was started. Dropped before its end, it asks the agent to stop.
pub struct Open {
    /// Where it was started.
    pub shared: Arc<Shared>,
    /// Its channel.
    pub channel: u32,
    /// For each upload, how many bytes may be sent in all.
    pub credit: Vec<watch::Receiver<u64>>,
    grace: Duration,
}

impl Open {
    /// Sends the request on a new channel.
    pub fn start(shared: &Arc<Shared>, request: Request) -> Result<Self, CallError> {
        let (grace, uploads) = (Duration::from_millis(request.grace_ms), request.uploads);
        Self::begin(shared, &Message::Start(Box::new(request)), uploads, grace)
    }

    /// Opens a stream on a new channel.
    pub fn dial(shared: &Arc<Shared>, dial: Dial) -> Result<Self, CallError> {
        Self::begin(shared, &Message::Dial(Box::new(dial)), 1, Duration::ZERO)
    }

    fn begin(
        shared: &Arc<Shared>,
        first: &Message,
        uploads: u32,
        grace: Duration,
    ) -> Result<Self, CallError> {
        let (uploads, credit) = (0..uploads).map(|_| watch::channel(UPLOAD_AHEAD)).unzip();
        let mut table = shared.lock();
        if let Some(reason) = &table.lost {
            return Err(CallError::Lost(reason.clone()));
        }
        let channel = table.free_channel();
        shared.outbox.send(|out| first.encode(channel, out)).map_err(CallError::Request)?;
        table.longest_grace = table.longest_grace.max(grace);
        table.calls.insert(channel, Entry::new(uploads));
        drop(table);
        Ok(Self { shared: Arc::clone(shared), channel, credit, grace })
    }

    /// What the agent says next; nothing when it said its last, or when the connection is lost.
    pub async fn next(&self) -> Option<Progress> {
        poll_fn(|cx| self.shared.poll_next(self.channel, cx)).await
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.shared.abandon(self.channel, self.grace);
    }
}

impl Table {
    /// The next number that no call has; 0 is the connection.
    fn free_channel(&mut self) -> u32 {
        loop {
            self.last_channel = self.last_channel.wrapping_add(1);
            if self.last_channel != 0 && !self.calls.contains_key(&self.last_channel) {
                return self.last_channel;
            }
        }
    }

    /// A call whose end the agent has not told.
    fn unfinished(&mut self, channel: u32) -> Option<&mut Entry> {
        self.calls.get_mut(&channel).filter(|entry| entry.phase != Phase::Ended)
    }
}

impl Entry {
    fn new(uploads: Vec<watch::Sender<u64>>) -> Self {
        Self { phase: Phase::Running, said: VecDeque::new(), listener: None, window: OUTPUT_WINDOW, uploads }
    }

    /// Keeps it for whoever listens, who is to be woken.
    fn say(&mut self, progress: Progress) -> Option<Waker> {
        self.said.push_back(progress);
        self.listener.take()
    }
}

impl Shared {
    /// Nothing was called yet. Pieces of uploads go to the sender's other end.
    pub fn new(outbox: Arc<Outbox>) -> (Arc<Self>, mpsc::Receiver<Vec<u8>>) {
        let (bulk, from_bulk) = mpsc::channel(WAITING_UPLOADS);
        (Arc::new(Self { table: Mutex::default(), outbox, bulk }), from_bulk)
    }

    /// Every change of the table is one step, so it is whole even after a panic.
    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why the connection ended, if it did.
    pub fn lost(&self) -> Option<String> {
        self.lock().lost.clone()
    }

    /// Whether it has not ended.
    pub fn is_alive(&self) -> bool {
        self.lock().lost.is_none()
    }

    /// A short message, which cannot be too long.
    fn send(&self, channel: u32, message: &Message) {
        let _ = self.outbox.send(|out| message.encode(channel, out));
    }

    fn poll_next(&self, channel: u32, cx: &mut Context<'_>) -> Poll<Option<Progress>> {
        let mut table = self.lock();
        let is_lost = table.lost.is_some();
        let Some(entry) = table.calls.get_mut(&channel) else { return Poll::Ready(None) };
        let next = entry.said.pop_front();
        if next.is_none() && !is_lost {
            entry.listener = Some(cx.waker().clone());
            return Poll::Pending;
        }
        if !matches!(next, Some(Progress::Output(..))) {
            table.calls.remove(&channel);
        }
        Poll::Ready(next)
    }

    /// More output of this channel may come.
    pub fn grant(&self, channel: u32, bytes: u64) {
        if let Some(entry) = self.lock().unfinished(channel) {
            entry.window += bytes;
            self.send(channel, &Message::Credit { flow: Flow::Output, bytes });
        }
    }

    /// Asks the agent to stop.
    pub fn cancel(&self, channel: u32, grace: Duration) {
        let grace_ms = u64::try_from(grace.as_millis()).unwrap_or(u64::MAX);
        let mut table = self.lock();
        table.longest_grace = table.longest_grace.max(grace);
        if table.unfinished(channel).is_some() {
            self.send(channel, &Message::Cancel { grace_ms });
        }
    }

    /// Nobody waits for this call any more: it is cancelled, and its output is taken and thrown away until it ends.
    fn abandon(&self, channel: u32, grace: Duration) {
        let mut table = self.lock();
        let is_lost = table.lost.is_some();
        let Some(entry) = table.unfinished(channel).filter(|_| !is_lost) else {
            table.calls.remove(&channel);
            return;
        };
        // What had come but was not taken.
        let bytes = OUTPUT_WINDOW - entry.window;
        *entry = Entry { phase: Phase::Abandoned, ..Entry::new(Vec::new()) };
        drop(table);
        self.send(channel, &Message::Credit { flow: Flow::Output, bytes });
        self.cancel(channel, grace);
    }

    /// Waits for its turn to send a piece of an upload.
    pub async fn send_upload(&self, channel: u32, number: u32, bytes: &[u8]) {
        let mut out = Vec::new();
        frame::encode_upload(channel, number, bytes, &mut out);
        // The other end is gone only when the connection is lost, which the reader tells everybody.
        let _ = self.bulk.send(out).await;
    }

    /// Sends a message behind the pieces of uploads.
    pub async fn send_bulk_message(&self, channel: u32, message: &Message) {
        if let Ok(out) = message.to_bytes(channel) {
            let _ = self.bulk.send(out).await;
        }
    }

    /// The agent's time of day.
    pub async fn ping(&self) -> Result<Timestamp, CallError> {
        let (sender, answer) = oneshot::channel();
        {
            let mut table = self.lock();
            if let Some(reason) = &table.lost {
                return Err(CallError::Lost(reason.clone()));
            }
            table.last_ping += 1;
            let token = table.last_ping;
            table.pings.insert(token, sender);
            self.send(0, &Message::Ping { token });
        }
        answer.await.map_err(|_| CallError::Lost(self.lost().unwrap_or_default()))
    }

    /// The last message, and the end of what is written.
    pub fn say_goodbye(&self) {
        self.send(0, &Message::Goodbye { reason: None });
        self.close();
    }

    /// Nothing more is written, so that the agent ends.
    pub fn close(&self) {
        self.outbox.close();
    }

    /// The longest grace that any call had.
    pub fn longest_grace(&self) -> Duration {
        self.lock().longest_grace
    }

    /// Tells all calls that the connection is lost, and why. What had come before can still be taken.
    pub fn lose(&self, reason: String) {
        let mut table = self.lock();
        table.lost.get_or_insert(reason);
        table.calls.retain(|_, entry| {
            entry.uploads.clear();
            entry.listener.take().into_iter().for_each(Waker::wake);
            entry.phase != Phase::Abandoned
        });
        table.pings.clear();
    }

    /// Takes one packet. An error ends the connection.
    pub fn take(&self, channel: u32, packet: Packet) -> Result<(), String> {
        let mut table = self.lock();
        match packet {
            Packet::Control(Message::Pong { token, clock }) => {
                if let Some(asked) = table.pings.remove(&token) {
                    // Whoever asked may have given up.
                    let _ = asked.send(clock);
                }
            }
            Packet::Control(Message::Goodbye { reason }) => {
                return Err(reason.unwrap_or_else(|| "the agent said goodbye".into()));
            }
            Packet::Control(Message::Done(outcome)) => {
                let entry = table.unfinished(channel).ok_or(ORDER)?;
                if entry.phase == Phase::Abandoned {
                    table.calls.remove(&channel);
                    return Ok(());
                }
                (entry.phase, entry.uploads) = (Phase::Ended, Vec::new());
                let listener = entry.say(Progress::Done(outcome));
                drop(table);
                listener.into_iter().for_each(Waker::wake);
            }
            Packet::Control(Message::Credit { flow: Flow::Upload(number), bytes }) => {
                let upload = usize::try_from(number).unwrap_or(usize::MAX);
                let credit = table.calls.get(&channel).and_then(|entry| entry.uploads.get(upload));
                if let Some(credit) = credit {
                    credit.send_modify(|allowed| *allowed = allowed.saturating_add(bytes));
                }
            }
            Packet::Output(stream, bytes) => {
                let entry = table.unfinished(channel).ok_or(ORDER)?;
                let size = bytes.len() as u64;
                let left = entry.window.checked_sub(size).ok_or("the agent sent more than was asked for")?;
                if entry.phase == Phase::Abandoned {
                    self.send(channel, &Message::Credit { flow: Flow::Output, bytes: size });
                    return Ok(());
                }
                entry.window = left;
                let listener = entry.say(Progress::Output(stream, bytes));
                drop(table);
                listener.into_iter().for_each(Waker::wake);
            }
            Packet::Control(_) | Packet::Upload(..) => return Err(ORDER.into()),
        }
        Ok(())
    }
}
