//! A unit of work: one step on one host. It knows the variables of one moment and changes nothing of the run itself.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use super::before::Before;
use super::dispatcher::Message;
use super::hosts::Host;
use super::lease::Held;
use super::leaving::{Jobs, Traces};
use super::magic::step_scope;
use super::moment::Moment;
use super::sampling::Watched;
use super::setup::{Events, Options};
use super::vars_files::Unusable;
use crate::action::Effects;
use crate::base::cause::in_brief;
use crate::base::value::has_marks;
use crate::base::{Cause, Clock, HostName, Map, RunId, RunMark, Span, Timestamp, Value};
use crate::connection::{Cancel, Pool};
use crate::event::{Event, Fate, Figure, Journal, JournalError, Title};
use crate::model::{Level, VarLayer};
use crate::plan::{CasePart, Compiler, Expand, Inclusion, Step, StepKind, Strictness};
use crate::vars::{Environment, Problem, Scope, Templar, TemplateError};
use crate::wire::{Diff, Request, Status};
use serde::{Deserialize, Serialize};

/// What all units of a run share.
pub struct Shared {
    /// The run.
    pub run: RunId,
    /// What the run's processes and jobs carry on hosts.
    pub mark: RunMark,
    /// Which controller of it.
    pub term: u64,
    /// The command line.
    pub options: Options,
    /// What templates may reach.
    pub environment: Arc<Environment>,
    /// Knows the user's files and what a task can be.
    pub compiler: Arc<Compiler>,
    /// Connections.
    pub pool: Arc<Pool>,
    /// Where everything is written down first.
    pub journal: Arc<dyn Journal>,
    /// Reporters, for live output only; all other events go through the dispatcher.
    pub events: Events,
    /// Time.
    pub clock: Arc<dyn Clock>,
}

impl Shared {
    /// What an agent is asked to do for the run itself.
    pub fn service(&self, name: &str, args: Map, grace: Duration) -> Request {
        Request::plain(self.mark.clone(), self.term, name, args, grace)
    }
}

/// One step on one host.
pub struct Unit {
    /// The step, and what it sees.
    pub moment: Arc<Moment>,
    /// The host.
    pub host: Arc<Host>,
    /// Asks it to stop.
    pub cancel: Cancel,
    /// What an earlier controller had begun of it.
    pub before: Before,
    /// Why it cannot be done: another run has the machine.
    pub refusal: Option<String>,
    /// The machine that its round has before other runs.
    pub lease: Option<Arc<Held>>,
    /// What it leaves there.
    pub traces: Traces,
    /// Samplers that it ends.
    pub watched: Vec<Watched>,
}

impl Deref for Unit {
    type Target = Moment;

    fn deref(&self) -> &Moment {
        &self.moment
    }
}

/// What became of the folder of a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaseFolder {
    /// It is there, with this path.
    Made(String),
    /// It is gone.
    Removed,
}

/// How a unit ended, and what the dispatcher has to do about it.
#[derive(Debug)]
pub struct Finished {
    /// The step's name, rendered.
    pub name: String,
    /// How the step ended.
    pub fate: Fate,
    /// What is said about it.
    pub msg: Option<String>,
    /// Why it failed, in Ansible's words.
    pub causes: Vec<Cause>,
    /// What `register` sees.
    pub result: Arc<Map>,
    /// Whether the result must not be shown or kept.
    pub secret: bool,
    /// Changes of the host's variables and of the inventory.
    pub effects: Effects,
    /// Handlers to notify.
    pub notify: Vec<Arc<str>>,
    /// Figures.
    pub figures: Vec<Figure>,
    /// Before and after.
    pub diff: Vec<Diff>,
    /// For the user.
    pub warnings: Vec<String>,
    /// What an include asks for.
    pub inclusions: Vec<Inclusion>,
    /// The folder of the host's case: made, or removed.
    pub folder: Option<CaseFolder>,
    /// When it began.
    pub started: Timestamp,
    /// When it ended.
    pub ended: Timestamp,
    /// From when to when it was at work there, by the target's clock.
    pub there: Option<(Timestamp, Timestamp)>,
    /// The journal failed: the run must end.
    pub journal: Option<JournalError>,
    /// What ends the run, as it does in Ansible: the variables of the play cannot be told.
    pub unusable: Option<Unusable>,
    /// Jobs that have ended and are to be forgotten.
    pub jobs: Jobs,
}

impl Finished {
    /// This fate and nothing else.
    pub fn new(fate: Fate, started: Timestamp) -> Self {
        Self {
            name: String::new(),
            fate,
            msg: None,
            causes: Vec::new(),
            result: Arc::default(),
            secret: false,
            effects: Effects::default(),
            notify: Vec::new(),
            figures: Vec::new(),
            diff: Vec::new(),
            warnings: Vec::new(),
            inclusions: Vec::new(),
            folder: None,
            started,
            ended: started,
            there: None,
            journal: None,
            unusable: None,
            jobs: Jobs::new(),
        }
    }

    /// Done, nothing changed.
    pub fn ok(started: Timestamp) -> Self {
        Self::new(Fate::Ran { status: Status::Ok, changed: false, ignored: false }, started)
    }

    /// A failure and its sentence.
    pub fn failed(msg: String, started: Timestamp) -> Self {
        let fate = Fate::Ran { status: Status::Failed, changed: false, ignored: false };
        let result = Map::from_iter([
            ("failed", Value::from(true)),
            ("changed", false.into()),
            ("msg", msg.as_str().into()),
        ]);
        Self { msg: Some(msg), result: Arc::new(result), ..Self::new(fate, started) }
    }

    /// Whether nothing follows from it for variables, handlers and the graph.
    pub fn brings_nothing(&self) -> bool {
        let Self { effects, notify, inclusions, folder, .. } = self;
        effects.is_empty() && notify.is_empty() && inclusions.is_empty() && folder.is_none()
    }

    /// A condition did not hold.
    pub fn skipped(result: impl Into<Arc<Map>>, started: Timestamp) -> Self {
        let result = result.into();
        let text = |key: &str| result.get(key).map(ToString::to_string);
        let reason = text("skip_reason")
            .or_else(|| text("skipped_reason"))
            .or_else(|| text("msg"))
            .unwrap_or_default();
        let reason = match text("false_condition") {
            Some(condition) => format!("{reason}: {condition}"),
            None => reason,
        };
        Self { result, ..Self::new(Fate::Skipped { reason }, started) }
    }
}

impl Unit {
    /// Does the step.
    pub async fn run(&self) -> Finished {
        let started = self.shared.clock.now();
        let name = self.name();
        // What needs no rendering was told by the dispatcher.
        if has_marks(&self.step.name)
            && !super::ending::is_untold(&self.step, self.shared.compiler.options.strictness)
        {
            self.say(begun(&self.step, name.clone(), &self.host.name));
        }
        let mut finished = match self.begin_again(started) {
            Ok(None) => self.work(started).await,
            Ok(Some(finished)) => finished,
            Err(error) => {
                Finished { journal: Some(error.clone()), ..Finished::failed(error.to_string(), started) }
            }
        };
        finished.name = name;
        let trace = self.traces.take();
        (finished.jobs, finished.there) = (trace.jobs, trace.times);
        finished.started = started;
        finished.ended = self.shared.clock.now();
        finished
    }

    async fn work(&self, started: Timestamp) -> Finished {
        if let Some(reason) = &self.refusal {
            return Finished::failed(reason.clone(), started);
        }
        if super::magic::task(&self.step).is_some()
            && let Err(problem) = self.with_vars_files(self.scope_before_files(&self.host), &self.host)
        {
            let failed = Finished::failed(problem.sentence(), started);
            return match self.shared.compiler.options.strictness {
                Strictness::Early => failed,
                Strictness::Late => Finished { unusable: Some(problem), ..failed },
            };
        }
        // In boxes what is rare, so that the others need not carry its size around.
        match &self.step.kind {
            StepKind::Task(task) | StepKind::Expand(Expand::Tasks(task) | Expand::Role(task, _)) => {
                super::looping::run(self, task, started).await
            }
            StepKind::SameEnvironment => Box::pin(super::environments::read(self, started)).await,
            StepKind::CaseOpen { requires, again } => {
                Box::pin(super::case::open(self, requires, *again, started)).await
            }
            StepKind::Rendezvous => Box::pin(super::rendezvous::meet(self, started)).await,
            StepKind::MonitorStart(monitoring) => {
                Box::pin(super::monitors::start(self, monitoring, started)).await
            }
            StepKind::MonitorStop(monitoring) => super::monitors::stop(self, monitoring, started).await,
            StepKind::CaseClose => Box::pin(super::case::close(self, started)).await,
            StepKind::Meta(_) | StepKind::Expand(_) => self.conditions_only(started),
            StepKind::Join => Finished::ok(started),
        }
    }

    /// Says what happens, through the dispatcher.
    pub fn say(&self, event: Event) {
        // The dispatcher is gone only when the run is.
        let _ = self.said.send(Message::Said(Box::new(event)));
    }

    /// The step's name for people, rendered as far as that works and gives no secret away.
    fn name(&self) -> String {
        if !has_marks(&self.step.name) {
            return self.step.name.clone();
        }
        let name = Value::template(self.step.name.as_str(), self.step.span.clone());
        match self.plain_templar(self.scope()).render(&name) {
            Ok(name) if !name.has_secret() => name.to_string(),
            _ => self.step.name.clone(),
        }
    }

    /// The variables that the step sees.
    pub fn scope(&self) -> Scope {
        let scope = self.scope_on(&self.host);
        match super::rendezvous::variable(self) {
            Some(known) => {
                let vars = Map::from_iter([("rendezvous", known)]);
                scope.with(super::magic::layer(Level::CaseParams, vars))
            }
            None => scope,
        }
    }

    /// What the step would see on that host.
    pub fn scope_on(&self, host: &Host) -> Scope {
        let scope = self.scope_before_files(host);
        // What is wrong with them was said when the step began.
        self.with_vars_files(scope.clone(), host).unwrap_or(scope)
    }

    fn scope_before_files(&self, host: &Host) -> Scope {
        let shared = &self.shared;
        step_scope(&self.step, host, &self.board, &self.play, (&shared.run, &shared.mark), &shared.options)
    }

    /// What a task fails with that cannot be understood, as `register` sees it, for these causes.
    pub fn wrong(&self, error: &TemplateError, causes: &[Cause]) -> String {
        match self.shared.compiler.options.strictness {
            Strictness::Early => said(error),
            // The reference's words, which playbooks look for.
            Strictness::Late => in_brief(causes.iter().map(|cause| cause.message.as_str())),
        }
    }

    /// Renders in a scope, with the search paths of the step's task.
    pub fn templar(&self, scope: Scope) -> Templar {
        Templar::new(scope, Arc::clone(&self.environment))
    }

    /// Renders in a scope, with no search paths.
    pub fn plain_templar(&self, scope: Scope) -> Templar {
        Templar::new(scope, Arc::clone(&self.shared.environment))
    }
}

/// A template error in one line, with its place and what was perhaps meant.
pub fn said(error: &TemplateError) -> String {
    let place = error.span.as_ref().map(|span| format!(" at {span}")).unwrap_or_default();
    let hint = match &error.problem {
        Problem::Undefined { suggestion: Some(near), .. }
        | Problem::Unknown { suggestion: Some(near), .. } => format!("; did you mean `{near}`?"),
        _ => String::new(),
    };
    format!("{error}{place}{hint}")
}

/// A step begins on a host, under its rendered name.
pub fn begun(step: &Step, name: String, host: &HostName) -> Event {
    let (round, warmup) = round_of(step);
    Event::StepStarted {
        step: step.id.clone(),
        title: title(step, &name).map(Box::new),
        name,
        host: host.clone(),
        stage: step.stage.as_ref().map(|s| s.name().to_owned()),
        case: step.case.as_ref().map(|c| c.id.clone()),
        round,
        warmup,
    }
}

/// How Ansible names a task.
pub(super) fn title(step: &Step, name: &str) -> Option<Title> {
    let handler = step.handling;
    let origin = step.span.to_string();
    let Some(task) = super::magic::task(step) else {
        let meta = step.meta.as_ref()?;
        let name = if meta.written.is_none() { "meta" } else { name };
        let (name, action) = (name.to_owned(), "meta".to_owned());
        let role = meta.role.as_ref().map(|(role, _)| role.to_string());
        return Some(Title { name, role, action, origin, handler, looped: false, quiet: false });
    };
    let action = task.call.short_name();
    let gathers = super::skipping::gathers_for_play(step);
    let shown = match (&step.kind, task.written.is_none()) {
        _ if gathers => "Gathering Facts",
        (StepKind::Expand(Expand::Role(..)), true) => &name.replacen(' ', " : ", 1),
        (_, true) => &*task.call.name.value,
        (_, false) => name,
    };
    // The reference does not say in which role a role is included.
    let role = task.role.as_ref().filter(|_| !matches!(step.kind, StepKind::Expand(Expand::Role(..))));
    Some(Title {
        name: shown.to_owned(),
        role: role.map(|(role, _)| role.to_string()),
        action: action.to_owned(),
        origin,
        handler,
        looped: task.r#loop.is_some(),
        quiet: task.call.arguments.iter().any(|a| &*a.name == "quiet" && a.value.to_bool() == Some(true)),
    })
}

/// The round of a step and whether it is a warm-up.
pub fn round_of(step: &Step) -> (Option<u32>, bool) {
    match step.case.as_ref().map(|c| c.part) {
        Some(CasePart::Round { number, warmup }) => (Some(number), warmup),
        _ => (None, false),
    }
}

/// A layer for variables that only this unit sees.
pub fn private(level: Level, vars: Map) -> VarLayer {
    VarLayer { level, origin: "this task".into(), span: Span::nowhere("this task"), vars: Arc::new(vars) }
}
