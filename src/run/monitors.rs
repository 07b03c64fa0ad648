//! The steps that start and end monitors, and what is under way between them.
//!
//! Nothing that is wrong with a monitor fails anything: it is told, and there are no samples.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use super::delegate::{Place, watched_container};
use super::dispatcher::Dispatcher;
use super::node::Work;
use super::queue::{HostNo, StepNo};
use super::sampling::{Following, Watched, follow};
use super::stop::Urgency;
use super::unit::{Finished, Unit, said};
use crate::base::{JobId, Map, StepId, Timestamp, Value};
use crate::connection::container::RUN_LABEL;
use crate::connection::{Call, Cancel, Session};
use crate::event::{Event, Fate, JobStart, JournalError, LogLengths, Record, Sending};
use crate::plan::{
    DeclarationError, MonitorUse, Monitoring, Step, StepKind, WatchedContainer, monitor_arguments,
};
use crate::vars::{Templar, TemplateError};
use crate::wire::{Job, JobKey, Request, Status};

/// What samples on an agent.
pub(super) const SERVICE: &str = "_monitor";
/// The last samples may take this long on their way.
const PATIENCE: Duration = Duration::from_secs(20);

/// Monitors of all hosts, by the step that started them.
#[derive(Default)]
pub(super) struct Monitors(HashMap<(StepId, HostNo), Scope>);

/// What one start started on one host.
enum Scope {
    /// An earlier controller did; nobody listens yet.
    Known(StepNo, Arc<Map>),
    /// They are listened to.
    Followed(Vec<Watched>),
}

impl Monitors {
    /// What a step ends on a host; nothing for most steps.
    pub(super) fn ended_by(&mut self, what: &Step, host: HostNo) -> Vec<Watched> {
        let StepKind::MonitorStop(monitoring) = &what.kind else { return Vec::new() };
        match self.0.remove(&(monitoring.start.clone(), host)) {
            Some(Scope::Followed(watched)) => watched,
            _ => Vec::new(),
        }
    }

    /// Ends those that no step has ended: their hosts are lost, or the user wants to go at once.
    pub(super) async fn end(&mut self, urgency: Urgency) {
        for scope in std::mem::take(&mut self.0).into_values() {
            let Scope::Followed(watched) = scope else { continue };
            for watched in watched {
                if urgency != Urgency::AtOnce {
                    watched.end(Duration::from_secs(2)).await;
                }
            }
        }
    }
}

impl Dispatcher {
    /// Monitors were started on a host, now or by an earlier controller; or they were ended.
    pub(super) fn note_monitors(&mut self, step: StepNo, host: HostNo, what: &Step, end: &Finished) {
        match &what.kind {
            StepKind::MonitorStart(_) if matches!(end.fate, Fate::Ran { status: Status::Ok, .. }) => {
                let known = Scope::Known(step, Arc::clone(&end.result));
                self.monitors.0.insert((what.id.clone(), host), known);
                if !self.replaying {
                    self.follow_monitors();
                }
            }
            StepKind::MonitorStop(monitoring) => {
                self.monitors.0.remove(&(monitoring.start.clone(), host));
            }
            _ => {}
        }
    }

    /// Monitors that a stop has ended begin anew, and with them nothing else. Called with steps that have just come into the
    /// graph.
    pub(super) fn reopen_monitors(&mut self, steps: Range<u32>) {
        for step in steps.map(StepNo) {
            let Some(start) = self.monitors_of(step).map(|monitoring| monitoring.start.clone()) else {
                continue;
            };
            for (_, _, stop) in self.pairs_of(step) {
                if self.past.was_clearing(&stop) || self.past.was_cut(&stop) {
                    self.reopen((start.clone(), stop.1.clone()));
                    self.reopen(stop);
                }
            }
        }
    }

    /// The monitors that a step ends.
    pub(super) fn monitors_of(&self, step: StepNo) -> Option<&Monitoring> {
        match &self.node(step).work {
            Work::Step(what) => match &what.kind {
                StepKind::MonitorStop(monitoring) => Some(monitoring),
                _ => None,
            },
            _ => None,
        }
    }

    /// Listens to all that sample and that nobody listens to.
    pub(super) fn follow_monitors(&mut self) {
        if self.replaying {
            return;
        }
        let is_known = |scope: &&Scope| matches!(scope, Scope::Known(..));
        if self.monitors.0.values().find(is_known).is_none() {
            return;
        }
        for ((id, host), scope) in std::mem::take(&mut self.monitors.0) {
            let scope = match scope {
                Scope::Known(step, started) => {
                    let Some(moment) = self.moment(step) else { continue };
                    let each = started.get("monitors").and_then(Value::as_list).unwrap_or_default();
                    let each = each.iter().filter_map(Started::of);
                    let watched = each.map(|monitor| {
                        let unit = self.unit(step, host, Arc::clone(&moment), Cancel::new());
                        follow(unit, monitor)
                    });
                    Scope::Followed(watched.collect())
                }
                followed @ Scope::Followed(_) => followed,
            };
            self.monitors.0.insert((id, host), scope);
        }
    }
}

/// A monitor that samples on a host: what the step that started it leaves for those that listen.
#[derive(Clone, Debug)]
pub(super) struct Started {
    /// As `monitors:` names it.
    pub name: String,
    /// What the agent was asked.
    pub args: Map,
    /// Who samples.
    pub job: JobId,
    /// The target's boot.
    pub boot: String,
}

impl Started {
    fn of(value: &Value) -> Option<Self> {
        let text = |key: &str| value.get(key).map(ToString::to_string);
        let (job, boot) = (JobId::from(text("job")?), text("boot")?);
        Some(Self { name: text("name")?, args: value.get("args")?.as_map()?.clone(), job, boot })
    }

    fn to_value(&self) -> Value {
        let pairs = [
            ("name", Value::from(self.name.as_str())),
            ("args", Value::from(&self.args)),
            ("job", self.job.as_str().into()),
            ("boot", self.boot.as_str().into()),
        ];
        Map::from_iter(pairs).into()
    }
}

/// Why there are no samples.
enum Trouble {
    /// A warning.
    Told(String),
    /// The run must end.
    Journal(JournalError),
}

/// Starts the monitors of a scope on a host.
pub async fn start(unit: &Unit, monitoring: &Monitoring, started: Timestamp) -> Finished {
    if unit.shared.options.check {
        let result = Map::from_iter([("skip_reason", "check mode: nothing is sampled")]);
        return Finished::skipped(result, started);
    }
    let mut finished = Finished::ok(started);
    match start_all(unit, monitoring, &mut finished.warnings).await {
        Ok(monitors) => finished.result = Arc::new(Map::from_iter([("monitors", Value::list(monitors))])),
        Err(Trouble::Journal(error)) => finished.journal = Some(error),
        Err(Trouble::Told(text)) => {
            monitoring.monitors.iter().for_each(|monitor| tell_missing(unit, monitor, &text));
            finished.warnings.push(text);
        }
    }
    finished
}

/// There are no samples of a monitor.
fn tell_missing(unit: &Unit, wanted: &MonitorUse, reason: &str) {
    let name = &wanted.name.value;
    let rendered = unit.plain_templar(unit.scope()).render_str(name);
    let (host, step) = (unit.host.name.clone(), unit.step.id.clone());
    let monitor = rendered.unwrap_or_else(|_| name.to_string());
    unit.say(Event::MonitorMissing { host, monitor, step, reason: reason.to_owned() });
}

async fn start_all(
    unit: &Unit,
    monitoring: &Monitoring,
    warnings: &mut Vec<String>,
) -> Result<Vec<Value>, Trouble> {
    let templar = unit.plain_templar(unit.scope());
    let place = Place::of_machine(unit, &monitoring.inherited, &templar);
    let nothing = |why: &dyn std::fmt::Display| Trouble::Told(format!("nothing is sampled: {why}"));
    let endpoint = place.map_err(|e| nothing(&said(&e)))?.endpoint.map_err(|e| nothing(&e))?;
    let session = tokio::select! {
        biased;
        session = unit.shared.pool.session(&endpoint) => session.map_err(|e| nothing(&e.told()))?,
        () = unit.cancel.cancelled() => return Ok(Vec::new()),
    };
    let offset = session.clock_offset().await.map_err(|e| nothing(&e))?;
    let mut containers = Vec::new();
    for container in &monitoring.containers {
        match watched(unit, container, &templar) {
            Ok(watched) => containers.extend(watched),
            Err(error) => warnings.push(format!("a container of cases is not watched: {}", said(&error))),
        }
    }
    let containers = Value::list(containers);
    let mut running = Vec::new();
    for (number, wanted) in (0..).zip(&monitoring.monitors) {
        match start_one(unit, &session, number, wanted, &containers, &templar).await {
            Ok(started) => {
                let uncertainty = u64::try_from(offset.uncertainty.as_nanos()).unwrap_or(u64::MAX);
                unit.say(Event::MonitorStarted {
                    host: unit.host.name.clone(),
                    monitor: started.name.clone(),
                    step: Some(unit.step.id.clone()),
                    period: period_of(&started.args),
                    offset: offset.nanoseconds,
                    uncertainty,
                });
                running.push(started.to_value());
            }
            Err(Trouble::Told(text)) => {
                tell_missing(unit, wanted, &text);
                warnings.push(text);
            }
            Err(journal) => return Err(journal),
        }
    }
    Ok(running)
}

/// What the agent is to know of containers that cases run in.
fn watched(
    unit: &Unit,
    container: &WatchedContainer,
    templar: &Templar,
) -> Result<Option<Value>, TemplateError> {
    let Some(target) = watched_container(unit, container, templar)? else { return Ok(None) };
    let mut args = Map::from_iter([("name", &*target.name), ("socket", &*target.socket)]);
    if container.of_cases {
        args.insert("name", format!("{}-", target.name));
        args.insert("label", format!("{RUN_LABEL}={}", unit.shared.mark));
    }
    Ok(Some(args.into()))
}

/// Starts one, as a job that nobody waits for.
async fn start_one(
    unit: &Unit,
    session: &Session,
    number: u32,
    wanted: &MonitorUse,
    containers: &Value,
    templar: &Templar,
) -> Result<Started, Trouble> {
    let name = templar.render_str(&wanted.name.value).map_err(|e| Trouble::Told(said(&e)))?;
    let nothing = |why: String| Trouble::Told(format!("monitor `{name}` gives no samples: {why}"));
    let args = monitor_arguments(&name, wanted, templar).map_err(|error| match error {
        DeclarationError::Template(error) => nothing(said(&error)),
        error => nothing(error.to_string()),
    });
    let mut args = args?;
    args.insert("containers", containers.clone());
    let shared = &unit.shared;
    let boot = session.hello().boot_id.clone();
    let key = JobKey {
        run: &shared.mark,
        step: &unit.step.id,
        host: &unit.host.name,
        module: SERVICE,
        item: number,
        // What a stop has ended is begun anew by the next controller.
        attempt: u32::try_from(shared.term).unwrap_or(u32::MAX),
    };
    let job = key.id();
    let sending = Sending {
        step: unit.step.id.clone(),
        host: unit.host.name.clone(),
        item: number,
        attempt: 1,
        call: 0,
        time: shared.clock.now(),
        module: SERVICE.to_owned(),
        logs: LogLengths::default(),
        elsewhere: None,
        job: Some(JobStart { id: job.clone(), boot: boot.clone() }),
    };
    shared.journal.commit(vec![Record::Sending(Box::new(sending))]).await.map_err(Trouble::Journal)?;
    let request = Request {
        job: Some(Job { detach: true, ..Job::new(job.clone()) }),
        ..shared.service(SERVICE, args.clone(), Duration::ZERO)
    };
    let outcome = session.call(request, Call::default()).await.map_err(|e| nothing(e.to_string()))?;
    match outcome.status {
        Status::Ok => Ok(Started { name, args, job, boot }),
        _ => Err(nothing(outcome.msg.unwrap_or_default())),
    }
}

fn period_of(args: &Map) -> f64 {
    args.get("period_ms").and_then(Value::as_float).unwrap_or_default() / 1e3
}

/// Ends the monitors of a scope on a host, and waits for their last samples.
pub async fn stop(unit: &Unit, monitoring: &Monitoring, started: Timestamp) -> Finished {
    let mut finished = Finished::ok(started);
    unit.say(Event::MonitorsStopped { host: unit.host.name.clone(), step: monitoring.start.clone() });
    unit.watched.iter().for_each(Watched::ask);
    for watched in &unit.watched {
        if !watched.end(PATIENCE).await {
            let text = format!("the last samples of monitor `{}` did not come", watched.name);
            finished.warnings.push(text);
        }
    }
    finished
}

impl Following {
    /// What a listener asks for: what comes after so many bytes of output.
    pub(super) fn request(&self, stdout: u64) -> Request {
        let job = Job {
            offsets: crate::wire::Offsets { stdout, stderr: 0 },
            boot: Some(self.started.boot.clone()),
            ..Job::new(self.started.job.clone())
        };
        let shared = &self.unit.shared;
        Request { job: Some(job), ..shared.service(SERVICE, self.started.args.clone(), Duration::ZERO) }
    }
}
