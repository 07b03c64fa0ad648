//! A step that an earlier controller had begun: what is known of it, and whether it may be done again.

use super::unit::{Finished, Unit};
use crate::base::spec::OnResume;
use crate::base::{Map, Timestamp, Value};
use crate::event::{JobStart, JournalError, LogLengths, Sending};

/// What an earlier controller had begun of a step on a host.
#[derive(Debug, Default)]
pub struct Before {
    /// There was an earlier controller.
    pub anew: bool,
    /// It is done again in a new container, as a part of something that goes on.
    pub renewed: bool,
    /// The requests that it sent; what became of them nobody knows.
    pub sent: Vec<Sending>,
}

/// A job that an earlier controller has started, and what it has kept of its output.
pub struct Begun<'a> {
    /// The request.
    pub sending: &'a Sending,
    /// The job.
    pub job: &'a JobStart,
    /// Where the next request's output begins, when there was a next.
    pub until: Option<LogLengths>,
}

impl Before {
    /// The job of a call, when it was started.
    pub fn job(&self, item: u32, attempt: u32, call: u32) -> Option<Begun<'_>> {
        let this = |s: &Sending| (s.item, s.attempt, s.call) == (item, attempt, call);
        let place = self.sent.iter().position(this)?;
        let sending = &self.sent[place];
        let job = sending.job.as_ref()?;
        Some(Begun { sending, job, until: self.sent.get(place + 1).map(|next| next.logs) })
    }

    /// Whether all that was begun are jobs, which can be attached to again.
    fn goes_on(&self) -> bool {
        !self.sent.is_empty() && self.sent.iter().all(|sending| sending.job.is_some())
    }
}

impl Unit {
    /// Clears what an unfinished beginning has left behind, or says how the step ends without being done.
    pub(super) fn begin_again(&self, started: Timestamp) -> Result<Option<Finished>, JournalError> {
        if !self.before.anew || self.before.goes_on() {
            return Ok(None);
        }
        let (step, host) = (&self.step.id, &self.host.name);
        let Some(sent) = self.before.sent.first() else {
            self.shared.journal.forget_logs(step, host)?;
            return Ok(None);
        };
        match self.on_resume() {
            OnResume::Rerun => {
                self.shared.journal.forget_logs(step, host)?;
                Ok(None)
            }
            OnResume::Skip => {
                let reason = "it was under way when the run was broken off (`on_resume: skip`)";
                let result = Map::from_iter([
                    ("changed", Value::from(false)),
                    ("skipped", true.into()),
                    ("skip_reason", reason.into()),
                ]);
                Ok(Some(Finished::skipped(result, started)))
            }
            OnResume::Fail => {
                let problem = format!(
                    "`{}` was under way when the run was broken off, and nobody knows whether it finished; look at the host, \
                     then say `on_resume: rerun` or `on_resume: skip` at {}",
                    sent.module,
                    self.step.span.file_line()
                );
                Ok(Some(Finished::failed(problem, started)))
            }
        }
    }

    /// What the task says, else what its module's row says; what the compiler added may always be done again.
    fn on_resume(&self) -> OnResume {
        let Some(task) = super::magic::task(&self.step) else { return OnResume::Rerun };
        if let Some(said) = &task.inherited.on_resume {
            return said.value;
        }
        let row = self.shared.compiler.catalogue.get(task.call.short_name()).map(|spec| spec.on_resume);
        row.unwrap_or(OnResume::Fail)
    }
}
