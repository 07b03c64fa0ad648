//! A request is written down before it is sent. A job that an earlier controller has started is picked up where its output was
//! left: nothing of it is lost, and nothing comes twice.

use std::sync::PoisonError;

use super::before::Begun;
use super::target::{Kept, RemoteTarget};
use crate::event::{JobStart, JournalError, LogLengths, Record, Sending};
use crate::wire::{Offsets, Request, Stream};

impl RemoteTarget<'_> {
    /// Writes down that a request is about to be sent, in the target's boot `boot`.
    pub(super) async fn write_down(&self, request: &mut Request, boot: &str) -> Result<(), JournalError> {
        let unit = self.unit;
        let (step, host, journal) = (&unit.step.id, &unit.host.name, &unit.shared.journal);
        let call = self.next_call();
        let mut logs = journal.log_lengths(step, host)?;
        if let Some(job) = &mut request.job {
            let begun = unit.before.job(self.item, self.attempt, call).filter(|begun| begun.job.id == job.id);
            if let Some(begun) = begun {
                job.offsets = self.pick_up(&begun, logs)?;
                job.boot = Some(begun.job.boot.clone());
                logs = begun.sending.logs;
            }
        }
        let job = request.job.as_ref().map(|job| JobStart {
            id: job.id.clone(),
            boot: job.boot.clone().unwrap_or_else(|| boot.to_owned()),
        });
        let sending = Sending {
            step: step.clone(),
            host: host.clone(),
            item: self.item,
            attempt: self.attempt,
            call,
            time: unit.shared.clock.now(),
            module: request.module.clone(),
            logs,
            elsewhere: self.place.delegated.then(|| self.place.host.clone()),
            job,
        };
        journal.commit(vec![Record::Sending(Box::new(sending))]).await
    }

    /// Takes what is kept of a job's output as if it had come now. Gives how much that is.
    fn pick_up(&self, begun: &Begun<'_>, now: LogLengths) -> Result<Offsets, JournalError> {
        if self.secret {
            // Nothing is kept.
            return Ok(Offsets::default());
        }
        let (from, until) = (begun.sending.logs, begun.until.unwrap_or(now));
        Ok(Offsets {
            stdout: self.take_up(Stream::Stdout, from.stdout, until.stdout)?,
            stderr: self.take_up(Stream::Stderr, from.stderr, until.stderr)?,
        })
    }

    fn take_up(&self, stream: Stream, from: u64, until: u64) -> Result<u64, JournalError> {
        let length = until.saturating_sub(from);
        let Some(slot) = super::target::slot(stream).filter(|_| length > 0) else { return Ok(0) };
        let (step, host, journal) = (&self.unit.step.id, &self.unit.host.name, &self.unit.shared.journal);
        let mut place = journal.log(step, host, stream, &[])?;
        place.offset = from;
        let mut bytes = Vec::new();
        if self.measured {
            bytes = journal.logged(step, host, stream, from)?;
            bytes.truncate(usize::try_from(length).unwrap_or(usize::MAX));
        }
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)[slot] = Some(Kept { place, bytes });
        Ok(length)
    }
}
