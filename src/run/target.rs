//! Calls of modules on a task's target: written down, sent, their output kept as it comes.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use super::agentless;
use super::asynchronous;
use super::delegate::Place;
use super::download::Download;
use super::keyword::{Lasting, Manner};
use super::pieces::Pieces;
use super::reconnecting;
use super::unit::Unit;
use crate::action::{BoxFuture, Invocation, Target};
use crate::base::HostName;
use crate::base::spec::OnResume;
use crate::connection::{CallError, ConnectError, Endpoint, Engine, Ongoing, Progress};
use crate::event::journal::LogPlace;
use crate::event::{Event, JournalError};
use crate::vars::{Templar, Veil};
use crate::wire::{Job, JobKey, Offsets, Outcome, Request, Status, Stream};

/// Output that was kept, and where.
#[derive(Clone, Debug)]
pub struct Kept {
    /// Where the first byte is.
    pub place: LogPlace,
    /// The bytes, only for tasks with metrics.
    pub bytes: Vec<u8>,
}

/// The target of one turn of a task.
pub struct RemoteTarget<'a> {
    /// The step on its host.
    pub unit: &'a Unit,
    /// Where it is done.
    pub place: &'a Place,
    /// How.
    pub manner: &'a Manner,
    /// The number of the item.
    pub item: u32,
    /// The number of the attempt, from 1.
    pub attempt: u32,
    /// Whether output is kept in memory too.
    pub measured: bool,
    /// Whether output may be shown and kept.
    pub secret: bool,
    /// How many requests were sent.
    calls: AtomicU32,
    /// What was printed.
    pub(super) kept: Mutex<[Option<Kept>; 2]>,
    /// The characters of it that are not whole yet.
    texts: Mutex<[Pieces; 2]>,
    /// What may be the beginning of a secret in it.
    veils: Mutex<[Veil; 2]>,
    /// Whether the task's module itself is called, and not an action that calls modules.
    pub direct: bool,
    /// How much output of the request under way was taken.
    received: Mutex<Offsets>,
    lost: Mutex<Option<String>>,
    pub(super) refused: OnceLock<()>,
    gone: OnceLock<()>,
    broken: OnceLock<JournalError>,
}

impl<'a> RemoteTarget<'a> {
    /// A target that nobody has called.
    pub fn new(unit: &'a Unit, place: &'a Place, manner: &'a Manner) -> Self {
        Self {
            unit,
            place,
            manner,
            item: 0,
            attempt: 1,
            measured: false,
            secret: false,
            calls: AtomicU32::new(0),
            direct: false,
            received: Mutex::default(),
            kept: Mutex::default(),
            texts: Mutex::default(),
            veils: Mutex::default(),
            lost: Mutex::default(),
            refused: OnceLock::new(),
            gone: OnceLock::new(),
            broken: OnceLock::new(),
        }
    }

    /// Why the host cannot be reached, if it cannot.
    pub fn lost(&self) -> Option<String> {
        self.lost.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether nobody could become the user, so that there is nothing that `failed_when` could judge.
    pub fn is_refused(&self) -> bool {
        self.refused.get().is_some()
    }

    /// Whether the container in which something was to be done is not there any more.
    pub fn container_is_gone(&self) -> bool {
        self.gone.get().is_some()
    }

    /// Why the journal cannot be written, if it cannot.
    pub fn broken(&self) -> Option<&JournalError> {
        self.broken.get()
    }

    /// What the module printed.
    pub fn kept(&self, stream: Stream) -> Option<Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).get(slot(stream)?)?.clone()
    }

    pub(super) fn unreachable(&self, reason: String) -> Outcome {
        let mut lost = self.lost.lock().unwrap_or_else(PoisonError::into_inner);
        Outcome::failed(lost.get_or_insert(reason).as_str()).with("unreachable", true)
    }

    /// The journal cannot be written.
    pub(super) fn break_off(&self, error: JournalError) -> Outcome {
        let outcome = Outcome::failed(error.to_string());
        self.broken.get_or_init(|| error);
        outcome
    }

    async fn send(&self, invocation: Invocation) -> Outcome {
        if self.unit.cancel.is_cancelled() {
            return stopped();
        }
        if let Some(reason) = self.lost() {
            return self.unreachable(reason);
        }
        let shared = &self.unit.shared;
        let endpoint = match self.endpoint(invocation.inside.as_ref()) {
            Ok(endpoint) => endpoint,
            Err(reason) => return self.unreachable(reason),
        };
        // Then the host is there, whatever has become of the container.
        let (endpoint, inside) = (&*endpoint, invocation.inside.is_some() || self.place.entered);
        let mut request = self.request(&invocation);
        let session = tokio::select! {
            biased;
            session = shared.pool.session(endpoint) => session,
            () = self.unit.cancel.cancelled() => return stopped(),
            reason = out_of_patience(invocation.connect_timeout) => return self.unreachable(reason),
        };
        let mut session = match session {
            Ok(session) => session,
            Err(error) if agentless::is_possible(&request, &error) => {
                // Nothing of it outlives the connection.
                request.job = None;
                return match self.write_down(&mut request, "").await {
                    Ok(()) => agentless::run(self, endpoint, &request.args).await,
                    Err(error) => self.break_off(error),
                };
            }
            Err(error) => return self.no_session(&error, inside),
        };
        self.tell_how(session.opened());
        if let Some(lease) = &self.unit.lease
            && let Err(reason) = lease.keep(self.unit).await
        {
            return Outcome::failed(reason);
        }
        if let Err(error) = self.write_down(&mut request, &session.hello().boot_id).await {
            return self.break_off(error);
        }
        let mut uploads = invocation.uploads;
        // What an earlier controller has kept counts too.
        let before = request.job.as_ref().map(|job| job.offsets).unwrap_or_default();
        *self.received.lock().unwrap_or_else(PoisonError::into_inner) = before;
        let _looking = asynchronous::Looking::begin(self, &request);
        let outcome = loop {
            let cancel = self.unit.cancel.with_grace(self.manner.grace);
            let started = session.start(request.clone(), std::mem::take(&mut uploads), cancel);
            let mut download = invocation.download.clone().map(Download::new);
            let (outcome, kept) = match started {
                Ok(call) => self.listen(call, &mut download).await,
                Err(error) => (Err(error), Ok(())),
            };
            let kept = match (kept, download) {
                (Ok(()), Some(download)) => Ok(download.end().await),
                (kept, _) => kept.map(|()| None),
            };
            match kept {
                Ok(None) => {}
                Ok(Some(problem)) => return Outcome::failed(problem),
                Err(error) => return self.break_off(error),
            }
            match (outcome, &mut request.job) {
                (Err(CallError::Lost(reason)), Some(job)) => {
                    job.offsets = *self.received.lock().unwrap_or_else(PoisonError::into_inner);
                    job.boot.get_or_insert_with(|| session.hello().boot_id.clone());
                    match reconnecting::again(self.unit, endpoint, &reason).await {
                        Ok(()) => {}
                        Err(reason) if inside => return Outcome::failed(reason),
                        Err(reason) => return self.unreachable(reason),
                    }
                    session = match shared.pool.session(endpoint).await {
                        Ok(session) => session,
                        Err(error) => return self.unreachable(error.told()),
                    };
                    if let Some(lease) = &self.unit.lease {
                        lease.come_back(self.unit).await;
                    }
                }
                (outcome, _) => break outcome,
            }
        };
        if let (Ok(outcome), false) = (&outcome, self.place.delegated) {
            self.unit.traces.worked(outcome.started, outcome.ended);
        }
        match (outcome, request.job) {
            (Ok(outcome), Some(job)) => {
                if !job.detach {
                    self.unit.traces.ended(endpoint, &job.id);
                }
                asynchronous::told(self, outcome, &job)
            }
            (Ok(outcome), None) => outcome,
            (Err(error), _) if inside => Outcome::failed(error.to_string()),
            (Err(error), _) => self.unreachable(error.to_string()),
        }
    }

    /// What it means that nothing can be called there; `inside` a container of a host that can be reached.
    fn no_session(&self, error: &ConnectError, inside: bool) -> Outcome {
        if error.is_refusal() {
            self.refused.get_or_init(|| ());
            return Outcome::failed(error.told());
        }
        if !inside || !matches!(error, ConnectError::Container { .. }) {
            return self.unreachable(error.told());
        }
        if error.is_gone() {
            self.gone.get_or_init(|| ());
        }
        if error.is_gone() && self.manner.check {
            // It would have been started.
            let msg = format!("skipped, since check mode starts no container: {error}");
            return Outcome { status: Status::Skipped, msg: Some(msg), ..Outcome::ok(false) };
        }
        Outcome::failed(error.told())
    }

    fn request(&self, invocation: &Invocation) -> Request {
        let shared = &self.unit.shared;
        let milliseconds = |d: Duration| u64::try_from(d.as_millis()).unwrap_or(u64::MAX);
        let job = self.job(invocation);
        let limit = match self.manner.lasting {
            Lasting::Async(limit, _) if job.is_some() => Some(limit),
            _ => None,
        };
        Request {
            run: shared.mark.clone(),
            term: shared.term,
            module: invocation.module.to_owned(),
            args: invocation.args.clone(),
            check: self.manner.check && !invocation.looks,
            diff: self.manner.diff,
            environment: [&self.manner.environment[..], &invocation.environment].concat(),
            timeout_ms: self
                .manner
                .timeout
                .into_iter()
                .chain(limit)
                .chain(invocation.limit)
                .min()
                .map(milliseconds),
            grace_ms: milliseconds(self.manner.grace),
            stream: true,
            uploads: 0,
            job,
        }
    }

    /// Whether the call is a job. What may be done twice need not be one, unless the user says so.
    fn job(&self, invocation: &Invocation) -> Option<Job> {
        // What only looks is done again where it was lost, unless the user asked for a job.
        let only_looks = self.manner.check && !matches!(self.manner.lasting, Lasting::Async(..));
        if only_looks || !invocation.uploads.is_empty() || invocation.download.is_some() {
            return None;
        }
        let shared = &self.unit.shared;
        let spec = || shared.compiler.catalogue.get(invocation.module);
        let once = || spec().is_some_and(|spec| spec.on_resume == OnResume::Fail);
        let wanted = match self.manner.lasting {
            Lasting::No => false,
            Lasting::Round => once(),
            Lasting::Durable | Lasting::Async(..) => self.direct || once(),
        };
        let key = JobKey {
            run: &shared.mark,
            step: &self.unit.step.id,
            host: &self.unit.host.name,
            module: invocation.module,
            item: self.item,
            attempt: self.attempt,
        };
        let detach = matches!(self.manner.lasting, Lasting::Async(_, None));
        let told_in = match self.manner.lasting {
            Lasting::Async(..) => self.manner.told_in.clone(),
            _ => None,
        };
        wanted.then(|| Job { detach, told_in, ..Job::new(key.id()) })
    }

    /// The number of the next request.
    pub(super) fn next_call(&self) -> u32 {
        self.calls.fetch_add(1, Ordering::Relaxed)
    }

    /// Takes output as it comes: into the log, to the reporters, or into a file. When the log cannot be written, what comes
    /// after is still taken, so that the module can end.
    async fn listen(
        &self,
        mut call: Ongoing,
        download: &mut Option<Download>,
    ) -> (Result<Outcome, CallError>, Result<(), JournalError>) {
        let mut kept = Ok(());
        let outcome = loop {
            match call.next().await {
                Ok(Progress::Output(stream, bytes)) => {
                    self.count(stream, bytes.len() as u64);
                    match download {
                        Some(download) if stream == Stream::Download => download.write(&bytes).await,
                        _ if kept.is_ok() && !self.secret => kept = self.log(stream, &bytes),
                        _ => {}
                    }
                }
                Ok(Progress::Done(outcome)) => break Ok(*outcome),
                Err(error) => break Err(error),
            }
        };
        (outcome, kept.and_then(|()| self.log_rest()))
    }

    fn count(&self, stream: Stream, bytes: u64) {
        let mut received = self.received.lock().unwrap_or_else(PoisonError::into_inner);
        match stream {
            Stream::Stdout => received.stdout += bytes,
            Stream::Stderr => received.stderr += bytes,
            Stream::Download => {}
        }
    }

    /// Appends to the log of the step and tells the reporters. Secrets are masked.
    pub fn log(&self, stream: Stream, bytes: &[u8]) -> Result<(), JournalError> {
        let Some(slot) = slot(stream) else { return self.log_all(stream, bytes) };
        let secrets = self.unit.shared.environment.secrets();
        let shown = self.veils.lock().unwrap_or_else(PoisonError::into_inner)[slot].take(bytes, secrets);
        self.log_all(stream, &shown)
    }

    fn log_all(&self, stream: Stream, bytes: &[u8]) -> Result<(), JournalError> {
        let (step, host) = (&self.unit.step.id, &self.unit.host.name);
        let place = self.unit.shared.journal.log(step, host, stream, bytes)?;
        if let Some(slot) = slot(stream) {
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            let kept = kept[slot].get_or_insert_with(|| Kept { place, bytes: Vec::new() });
            if self.measured {
                kept.bytes.extend_from_slice(bytes);
            }
        }
        if let Some(slot) = slot(stream) {
            let mut texts = self.texts.lock().unwrap_or_else(PoisonError::into_inner);
            let text = texts[slot].take(bytes);
            self.show(stream, text);
        }
        Ok(())
    }

    /// What was held back, because more could have come: the beginning of a secret, or of a character.
    pub(super) fn log_rest(&self) -> Result<(), JournalError> {
        for stream in [Stream::Stdout, Stream::Stderr] {
            let Some(slot) = slot(stream) else { continue };
            let rest = self.veils.lock().unwrap_or_else(PoisonError::into_inner)[slot].rest();
            if !rest.is_empty() {
                self.log_all(stream, &rest)?;
            }
        }
        let mut texts = self.texts.lock().unwrap_or_else(PoisonError::into_inner);
        for (stream, text) in [Stream::Stdout, Stream::Stderr].into_iter().zip(texts.iter_mut()) {
            self.show(stream, text.rest());
        }
        Ok(())
    }

    /// Tells by which commands connections were opened. What the inventory gives ssh may hold secrets.
    fn tell_how(&self, commands: &[String]) {
        if !commands.is_empty() {
            let secrets = self.unit.shared.environment.secrets();
            let commands = commands.iter().map(|command| secrets.hide(command).into_owned()).collect();
            let (step, host) = (self.unit.step.id.clone(), self.unit.host.name.clone());
            (self.unit.shared.events)(&Event::Opened { step, host, commands });
        }
    }

    fn show(&self, stream: Stream, text: String) {
        if !text.is_empty() {
            let (step, host) = (self.unit.step.id.clone(), self.unit.host.name.clone());
            (self.unit.shared.events)(&Event::Output { step, host, stream, text });
        }
    }
}

/// Ends when a connection has taken as long as the task lets it, if it says anything of that.
async fn out_of_patience(limit: Option<Duration>) -> String {
    let Some(limit) = limit else { return std::future::pending().await };
    tokio::time::sleep(limit).await;
    format!("there is no connection within the {} s of `connect_timeout`", limit.as_secs())
}

pub(super) fn stopped() -> Outcome {
    Outcome { status: Status::Cancelled, ..Outcome::failed("the run was stopped") }
}

pub(super) fn slot(stream: Stream) -> Option<usize> {
    match stream {
        Stream::Stdout => Some(0),
        Stream::Stderr => Some(1),
        Stream::Download => None,
    }
}

impl Target for RemoteTarget<'_> {
    fn call(&self, invocation: Invocation) -> BoxFuture<'_, Outcome> {
        Box::pin(self.send(invocation))
    }

    fn place(&self) -> (&HostName, Result<Endpoint, String>) {
        (&self.place.host, self.place.endpoint.clone())
    }

    fn engine<'a>(
        &'a self,
        address: Option<&'a str>,
        templar: &'a Templar,
    ) -> BoxFuture<'a, Result<Engine, Outcome>> {
        Box::pin(self.dial_engine(address, templar))
    }

    fn socket(&self, address: Option<&str>, templar: &Templar) -> Result<Arc<str>, Outcome> {
        self.place.socket(address, self.unit, templar).map_err(Outcome::failed)
    }

    fn unreachable(&self, reason: String) -> Outcome {
        RemoteTarget::unreachable(self, reason)
    }

    fn reset(&self) {
        *self.lost.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn say(&self, text: &str) {
        self.say_text(text);
    }
}
