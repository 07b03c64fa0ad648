//! The agent's loop: requests come in as frames, run in threads, and answer as frames.
//!
//! Threaded and synchronous: no tokio. It knows modules and the wire, not who is on the other side; so the program on a target and
//! the connection `memory` run the same loop.

mod channel;
mod dial;
pub mod identity;
mod idle;
pub mod jobs;
mod lease;
mod outbox;
pub mod owner;
mod rubbish;
pub mod service;
pub mod settling;

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use self::channel::Channel;
pub use self::idle::idle;
pub use self::jobs::Supervision;
pub use self::jobs::supervise::supervise;
use self::outbox::Outbox;
use crate::base::{Clock, SystemClock};
use crate::module::process::token::boot_id;
use crate::module::{Context, Link, Module, accounts};
use crate::wire::control::PROTOCOL;
use crate::wire::preamble::magic_line;
use crate::wire::{Decoder, Dial, Flow, Hello, Message, Outcome, Packet, Request, WireError};

/// How many requests may run at once; more are refused.
const MAX_REQUESTS: usize = 1024;
/// How much is read from the controller at once, in bytes.
const PIECE: usize = 64 * 1024;

/// Talks to one controller until `input` ends, then ends what still runs (TERM, the request's grace, KILL) and returns. Jobs
/// go on.
///
/// An error means that the controller did not keep to the protocol, or that `input` could not be read.
pub fn serve<R, W>(
    mut input: R,
    mut output: W,
    modules: &'static [Module],
    supervision: Supervision,
) -> io::Result<()>
where
    R: Read,
    W: Write + Send + 'static,
{
    let hello = Message::Hello(hello()).to_bytes(0).map_err(invalid)?;
    output.write_all(&[magic_line().as_bytes(), &hello].concat())?;
    output.flush()?;
    let outbox = Arc::new(Outbox::default());
    let writer = outbox.write_to(output)?;
    let agent = Agent { modules, supervision, outbox, running: Arc::default() };
    let result = agent.read(&mut input);
    if let Err(error) = &result {
        // The controller may be gone already; then nobody wants to know.
        let _ = agent.outbox.message(0, &Message::Goodbye { reason: Some(error.to_string()) });
    }
    agent.end();
    agent.outbox.close();
    // All that can go wrong there is that nobody reads.
    let _ = writer.join();
    result
}

/// Who this is, and now.
pub fn hello() -> Hello {
    let uid = rustix::process::getuid().as_raw();
    Hello {
        protocol: PROTOCOL,
        build: env!("CARGO_PKG_VERSION").into(),
        os: std::env::consts::OS.into(),
        arch: std::env::consts::ARCH.into(),
        uid,
        user: accounts::local_name(uid).unwrap_or_default(),
        boot_id: boot_id(),
        clock: SystemClock.now(),
        program: std::env::current_exe().map(|path| path.display().to_string()).unwrap_or_default(),
    }
}

/// One request that runs.
struct Running {
    channel: Arc<Channel>,
    grace: Duration,
    thread: Option<thread::JoinHandle<()>>,
}

type RunningTable = Arc<Mutex<HashMap<u32, Running>>>;

struct Agent {
    modules: &'static [Module],
    supervision: Supervision,
    outbox: Arc<Outbox>,
    running: RunningTable,
}

impl Agent {
    fn read(&self, input: &mut impl Read) -> io::Result<()> {
        let mut decoder = Decoder::new();
        let mut piece = vec![0; PIECE];
        loop {
            while let Some(frame) = decoder.next().map_err(invalid)? {
                let channel = frame.channel;
                if !self.handle(channel, Packet::of(frame).map_err(invalid)?)? {
                    return Ok(());
                }
            }
            match input.read(&mut piece) {
                Ok(0) => return Ok(()),
                Ok(count) => decoder.push(&piece[..count]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Gives `false` when the controller says goodbye.
    fn handle(&self, number: u32, packet: Packet) -> io::Result<bool> {
        match packet {
            Packet::Control(Message::Start(request)) => self.start(number, *request)?,
            Packet::Control(Message::Dial(dial)) => self.dial(number, *dial)?,
            Packet::Control(Message::Ping { token }) => {
                self.outbox.message(number, &Message::Pong { token, clock: SystemClock.now() })?;
            }
            Packet::Control(Message::Goodbye { .. }) => return Ok(false),
            Packet::Control(Message::Cancel { grace_ms }) => {
                self.with(number, |c| c.cancel(Duration::from_millis(grace_ms)));
            }
            Packet::Control(Message::Credit { flow: Flow::Output, bytes }) => {
                self.with(number, |c| c.credit(bytes));
            }
            Packet::Control(Message::UploadEnd { number: upload, error }) => {
                self.with(number, |c| c.end_upload(upload, error)).transpose().map_err(invalid)?;
            }
            Packet::Upload(upload, bytes) => {
                self.with(number, |c| c.add_upload(upload, &bytes)).transpose().map_err(invalid)?;
            }
            Packet::Control(_) | Packet::Output(..) => {
                return Err(invalid(WireError::Order("a message that only an agent sends")));
            }
        }
        Ok(true)
    }

    /// The channel of a request that runs. One that ended a moment ago is no error: messages cross on the way.
    fn with<T>(&self, number: u32, act: impl FnOnce(&Channel) -> T) -> Option<T> {
        let channel = lock(&self.running).get(&number).map(|r| Arc::clone(&r.channel));
        channel.map(|c| act(&c))
    }

    fn start(&self, number: u32, request: Request) -> io::Result<()> {
        let (uploads, grace) = (request.uploads, Duration::from_millis(request.grace_ms));
        let (modules, supervision) = (self.modules, self.supervision);
        let name = request.module.clone();
        self.begin(number, uploads, grace, name, move |channel| match &request.job {
            Some(job) => jobs::run(&request, job, channel, modules, supervision),
            None => invoke(modules, &request, channel),
        })
    }

    fn dial(&self, number: u32, dial: Dial) -> io::Result<()> {
        self.begin(number, 1, Duration::ZERO, "dial".into(), move |channel| {
            let started = SystemClock.now();
            let outcome = dial::connect(dial, channel);
            Outcome { started, ended: SystemClock.now(), ..outcome }
        })
    }

    /// Does the work in a thread of its own, on a new channel, and answers with its outcome.
    fn begin(
        &self,
        number: u32,
        uploads: u32,
        grace: Duration,
        name: String,
        work: impl FnOnce(&Channel) -> Outcome + Send + 'static,
    ) -> io::Result<()> {
        let mut running = lock(&self.running);
        if number == 0 || running.contains_key(&number) {
            return Err(invalid(WireError::Order("a request on a channel that is in use")));
        }
        if running.len() >= MAX_REQUESTS {
            let outcome = Outcome::failed(format!("the agent already runs {MAX_REQUESTS} requests"));
            return self.outbox.message(number, &Message::Done(Box::new(outcome)));
        }
        let channel = Arc::new(Channel::new(number, uploads, Arc::clone(&self.outbox)));
        // The thread cannot take itself out of the table before it is in it: the table is locked.
        let table = Arc::clone(&self.running);
        let own = Arc::clone(&channel);
        let thread = thread::Builder::new().name(name).spawn(move || {
            let outcome = work(&own);
            lock(&table).remove(&number);
            own.done(outcome);
        });
        match thread {
            Ok(thread) => {
                running.insert(number, Running { channel, grace, thread: Some(thread) });
                Ok(())
            }
            Err(error) => {
                let outcome = Outcome::failed(format!("the agent cannot start a thread: {error}"));
                self.outbox.message(number, &Message::Done(Box::new(outcome)))
            }
        }
    }

    /// The controller is gone: nobody reads, so nothing waits for credit; whatever runs is ended and waited for.
    fn end(&self) {
        let threads: Vec<_> = lock(&self.running)
            .values_mut()
            .filter_map(|running| {
                running.channel.close();
                running.channel.cancel(running.grace);
                running.thread.take()
            })
            .collect();
        for thread in threads {
            // A panic inside was already answered in `invoke`.
            let _ = thread.join();
        }
    }
}

/// Runs the module or service. Whatever happens becomes an outcome.
fn invoke(modules: &'static [Module], request: &Request, link: &dyn Link) -> Outcome {
    let started = SystemClock.now();
    let name = request.module.as_str();
    let module = || modules.iter().find(|m| m.name == name).map(|m| m.run);
    let outcome = match service::find(name).or_else(module) {
        Some(run) => {
            let mut context = Context { request, link, clock: &SystemClock };
            let run = AssertUnwindSafe(|| run(&request.args, &mut context));
            catch_unwind(run).unwrap_or_else(|panic| {
                Outcome::failed(format!("module `{name}` panicked: {}", panic_text(&*panic)))
            })
        }
        None => Outcome::failed(format!("this agent has no module `{name}`")),
    };
    Outcome { started, ended: SystemClock.now(), ..outcome }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("(no text)")
}

fn invalid(error: impl std::error::Error + Send + Sync + 'static) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

/// A panic while the lock was held leaves data that is still whole: every change is one step.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
