//! What a run leaves on hosts: job folders until their end is written down, and at the end of the run nothing.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use foldhash::fast::RandomState;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::dispatcher::{Dispatcher, GRACE};
use super::magic::host_scope;
use super::queue::{HostNo, StepNo};
use super::stop::Urgency;
use super::unit::Shared;
use crate::base::{HostName, JobId, Map, Timestamp, Value};
use crate::connection::{Call, Endpoint};
use crate::vars::{Scope, Templar};
use crate::wire::Outcome;

/// How long an agent may take to look, beyond the grace.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long when the user wants to go at once.
const IMPATIENCE: Duration = Duration::from_secs(5);
/// How many ended processes are told by their command line.
const TOLD: usize = 3;

/// Jobs of a unit that have ended and are to be forgotten, and where they are.
pub type Jobs = Vec<(Endpoint, JobId)>;

/// What a unit has left on hosts, and when it was there.
#[derive(Debug, Default)]
pub struct Traces(Mutex<Trace>);

/// The same, as its end tells it.
#[derive(Debug, Default)]
pub struct Trace {
    /// Jobs that have ended.
    pub jobs: Jobs,
    /// From when to when it was at work on its own host, by that host's clock.
    pub times: Option<(Timestamp, Timestamp)>,
}

impl Traces {
    /// A job has ended.
    pub fn ended(&self, endpoint: &Endpoint, job: &JobId) {
        self.lock().jobs.push((endpoint.clone(), job.clone()));
    }

    /// It was at work on its own host from then to then, by that host's clock.
    pub fn worked(&self, started: Timestamp, ended: Timestamp) {
        let times = &mut self.lock().times;
        let (first, last) = times.unwrap_or((started, ended));
        *times = Some((first.min(started), last.max(ended)));
    }

    /// All of them.
    pub fn take(&self) -> Trace {
        std::mem::take(&mut self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Trace> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the run has left on hosts.
#[derive(Default)]
pub(super) struct Leaving {
    /// Jobs whose end is not written down yet.
    waiting: HashMap<(StepNo, HostNo), Jobs, RandomState>,
    forgetting: JoinSet<()>,
}

impl Dispatcher {
    /// A unit has ended. Its jobs are forgotten when the journal knows how.
    pub(super) fn note_jobs(&mut self, step: StepNo, host: HostNo, jobs: Jobs) {
        if !jobs.is_empty() {
            self.leaving.waiting.insert((step, host), jobs);
        }
    }

    /// The journal knows how the step ended.
    pub(super) fn forget_jobs(&mut self, step: StepNo, host: HostNo) {
        for (endpoint, job) in self.leaving.waiting.remove(&(step, host)).unwrap_or_default() {
            let shared = Arc::clone(&self.shared);
            self.leaving.forgetting.spawn(async move {
                let args = Map::from_iter([("job", job.as_str())]);
                let request = shared.service("_forget", args, Duration::ZERO);
                if let Ok(session) = shared.pool.session(&endpoint).await {
                    // What stays is removed at the end of the run.
                    let _ = session.call(request, Call::default()).await;
                }
            });
        }
        while self.leaving.forgetting.try_join_next().is_some() {}
    }

    /// Ends what the run has left on its hosts, and tells what was there and what could not be looked at.
    pub(super) async fn leave_hosts(&mut self) {
        self.leaving.forgetting.abort_all();
        let earlier = self.past.visited.iter().filter_map(|host| self.login(host));
        let reached: HashSet<Endpoint> = self.shared.pool.reached().into_iter().chain(earlier).collect();
        let mut told = None;
        while told.is_none() {
            let asking = ask_all(&self.shared, &reached, self.urgency);
            tokio::select! {
                all = asking => told = Some(all),
                urgency = self.stop.asked() => self.stop(urgency),
            }
        }
        for (endpoint, answer) in told.unwrap_or_default() {
            let texts = match answer {
                Ok(outcome) => self.tell_of(&endpoint, &outcome),
                Err(reason) => vec![format!(
                    "{endpoint}: nobody could look whether the run has left something there: {reason}; {}",
                    self.remedy()
                )],
            };
            for text in texts {
                self.warn(text);
            }
        }
    }

    /// How somebody logs in on a host that an earlier controller of the run has used.
    fn login(&self, host: &HostName) -> Option<Endpoint> {
        let scope = self.board.find(host.as_str()).map_or_else(Scope::new, |h| host_scope(h, &self.board));
        let templar = Templar::new(scope, Arc::clone(&self.shared.environment));
        super::delegate::endpoint(host.as_str(), None, &templar).ok()?.ok()
    }

    fn tell_of(&self, endpoint: &Endpoint, outcome: &Outcome) -> Vec<String> {
        let mut texts = Vec::new();
        let ended = commands(outcome, "ended");
        if !ended.is_empty() {
            texts.push(format!("{endpoint}: the run had left {}; it was ended", list(&ended)));
        }
        let left = commands(outcome, "left");
        if !left.is_empty() {
            texts.push(format!("{endpoint}: {} cannot be ended; {}", list(&left), self.remedy()));
        }
        texts
    }

    pub(super) fn remedy(&self) -> String {
        format!("later: benchbook clean {} -i INVENTORY", self.shared.run)
    }
}

/// Asks every agent of the run, all at once.
async fn ask_all(
    shared: &Arc<Shared>,
    reached: &HashSet<Endpoint>,
    urgency: Urgency,
) -> Vec<(Endpoint, Result<Outcome, String>)> {
    let (grace, patience) =
        if urgency == Urgency::AtOnce { (Duration::ZERO, IMPATIENCE) } else { (GRACE, PATIENCE) };
    let finished = urgency == Urgency::Go;
    let mut asking = JoinSet::new();
    for endpoint in reached.iter().cloned() {
        let shared = Arc::clone(shared);
        asking.spawn(async move {
            let request =
                shared.service("_end", Map::from_iter([("forget", true), ("finished", finished)]), grace);
            let asked = async {
                let session = match shared.pool.session(&endpoint).await {
                    // What was in it is gone with it.
                    Err(error) if error.is_gone() => return Ok(Outcome::ok(false)),
                    session => session.map_err(|e| e.to_string())?,
                };
                session.call(request, Call::default()).await.map_err(|e| e.to_string())
            };
            let answer = timeout(grace + patience, asked).await;
            (endpoint, answer.unwrap_or_else(|_| Err("it does not answer".to_owned())))
        });
    }
    let mut told = asking.join_all().await;
    told.sort_by_cached_key(|(endpoint, _)| endpoint.to_string());
    told
}

/// `PID COMMAND` of each.
fn commands(outcome: &Outcome, key: &str) -> Vec<String> {
    let rows = outcome.values.get(key).and_then(Value::as_list).unwrap_or_default();
    let text = |row: &Value, key: &str| row.get(key).map(ToString::to_string).unwrap_or_default();
    rows.iter().map(|row| format!("`{}` (process {})", text(row, "command"), text(row, "pid"))).collect()
}

fn list(commands: &[String]) -> String {
    let shown = commands.iter().take(TOLD).cloned().collect::<Vec<_>>().join(", ");
    match commands.len().saturating_sub(TOLD) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
