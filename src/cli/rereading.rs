//! Reads figures out of a run's kept logs: which log belongs to which metric, and what that means for its case.
//!
//! A loop's items and repeated tries share one log, so their figures are read from all of it together.

use std::collections::HashMap;
use std::sync::Arc;

use indexmap::IndexMap;

use super::Failure;
use super::wiring::Compiled;
use crate::base::{CaseId, Diagnostic, HostName, Map, Span, StepId, Value};
use crate::event::{Event, Expectation, Fate, Figure, Gang, GoingOn};
use crate::model::{Better, Level, Metric, VarLayer};
use crate::plan::{CasePlan, Step, StepKind, TaskStep};
use crate::run::figures::extract;
use crate::run::verdict::expectations;
use crate::store::{Run, RunFolder};
use crate::vars::{Scope, Templar};
use crate::wire::{Status, Stream};

/// A run and the plan that its logs are read with.
pub(super) struct Rereading<'a> {
    run: &'a Run,
    compiled: &'a Compiled,
    events: &'a [Event],
    steps: HashMap<&'a StepId, &'a Step>,
    cases: HashMap<&'a CaseId, &'a CasePlan>,
}

/// What was read.
pub(super) struct Reading {
    /// Cases and figures as they would have been told.
    pub events: Vec<Event>,
    /// Steps with figures that the plan does not have.
    pub skipped: usize,
}

/// What is known of a case on a host.
#[derive(Default)]
struct Attempt {
    repeat: u32,
    warmup: u32,
    gang: Option<Gang>,
    going_on: Option<GoingOn>,
    expect: Vec<Expectation>,
    figures: Vec<Figure>,
    /// What failed in the run for another reason than a figure.
    broken: Option<String>,
    /// Why a figure is missing now.
    missing: Option<String>,
    /// The run itself did not take the case for failed: what broke was rescued or ignored.
    excused: Option<bool>,
    rounds: u32,
}

impl Attempt {
    /// Whether a gang's figures are this host's; a host that runs its case alone has them anyway.
    fn leads(&self, host: &HostName) -> bool {
        self.gang.as_ref().is_none_or(|gang| gang.is_led_by(host))
    }

    /// Whether the host's figures count, alone or with those of others.
    fn measures(&self, host: &HostName) -> bool {
        self.leads(host) || self.gang.as_ref().is_some_and(|gang| gang.reduce.is_some())
    }
}

impl<'a> Rereading<'a> {
    pub(super) fn new(run: &'a Run, compiled: &'a Compiled, events: &'a [Event]) -> Self {
        let fragments = || compiled.plan.plays.iter().map(|play| &play.fragment);
        let steps = fragments().flat_map(|f| f.graph.node_weights()).map(|step| (&step.id, step)).collect();
        let cases = fragments().flat_map(|f| &f.cases).map(|case| (&case.id, case)).collect();
        Self { run, compiled, events, steps, cases }
    }

    pub(super) fn read(&self) -> Result<Reading, Failure> {
        let mut attempts: IndexMap<(CaseId, HostName), Attempt> = IndexMap::new();
        let mut skipped = 0;
        for event in self.events {
            match event {
                Event::CaseStarted { case, host, repeat, warmup, gang, going_on, expect } => {
                    let attempt = attempts.entry((case.clone(), host.clone())).or_default();
                    attempt.repeat = *repeat;
                    attempt.warmup = *warmup;
                    attempt.going_on = *going_on;
                    attempt.gang.clone_from(gang);
                    let expected = self.expectations(case, host)?.filter(|_| attempt.leads(host));
                    attempt.expect = expected.unwrap_or_else(|| expect.clone());
                }
                Event::StepEnded { case: Some(case), host, .. } => {
                    let attempt = attempts.entry((case.clone(), host.clone())).or_default();
                    skipped += usize::from(!self.step(event, attempt)?);
                }
                Event::CaseEnded { case, host, rounds, failed } => {
                    let attempt = attempts.entry((case.clone(), host.clone())).or_default();
                    attempt.rounds = *rounds;
                    // What comes later are earlier readings.
                    attempt.excused.get_or_insert(failed.is_none());
                }
                _ => {}
            }
        }
        Ok(Reading { events: attempts.into_iter().flat_map(told).collect(), skipped })
    }

    /// Reads the figures of one step of a case. Gives whether that could be done.
    fn step(&self, event: &Event, attempt: &mut Attempt) -> Result<bool, Failure> {
        let Event::StepEnded { step, host, case: Some(case), round, warmup, fate, msg, result, .. } = event
        else {
            return Ok(true);
        };
        let task = match self.steps.get(step).map(|step| &step.kind) {
            Some(StepKind::Task(task)) => Some(task),
            _ => None,
        };
        let measured = task.filter(|task| round.is_some() && !task.metrics.is_empty());
        let Some(task) = measured else {
            if fate.is_failure() {
                attempt.broken.get_or_insert_with(|| msg.clone().unwrap_or_else(|| "failed".to_owned()));
            }
            let old: Vec<Figure> = self.old_figures(step, host);
            let known = old.is_empty() || task.is_some();
            attempt.figures.extend(if known { Vec::new() } else { old });
            return Ok(known);
        };
        if !ran_well(fate, result) {
            if matches!(fate, Fate::Ran { .. } | Fate::Unreachable { .. }) {
                attempt.broken.get_or_insert_with(|| msg.clone().unwrap_or_else(|| "failed".to_owned()));
            }
            return Ok(true);
        }
        if !attempt.measures(host) {
            return Ok(true);
        }
        if several_readings(task) {
            attempt.figures.extend(self.old_figures(step, host));
            return Ok(false);
        }
        for metric in task.metrics.iter() {
            let path = RunFolder::log(step, host, stream(metric));
            let bytes = self.run.log(&path)?.unwrap_or_default();
            match extract(metric, &bytes) {
                Ok(found) => attempt.figures.extend(found.into_iter().map(|found| Figure {
                    case: case.clone(),
                    host: host.clone(),
                    round: round.unwrap_or_default(),
                    warmup: *warmup,
                    step: step.clone(),
                    name: metric.name.to_string(),
                    labels: found.labels,
                    value: found.value,
                    unit: metric.unit.to_string(),
                    higher_is_better: metric.better == Better::Higher,
                    log: path.to_string_lossy().into_owned(),
                    bytes: found.range,
                })),
                Err(error) => _ = attempt.missing.get_or_insert_with(|| error.to_string()),
            }
        }
        Ok(true)
    }

    fn old_figures(&self, step: &StepId, host: &HostName) -> Vec<Figure> {
        let mut figures = Vec::new();
        for event in self.events {
            match event {
                Event::Reparsed { .. } => figures.clear(),
                Event::Figure(figure) if figure.step == *step && figure.host == *host => {
                    figures.push(figure.clone());
                }
                _ => {}
            }
        }
        figures
    }

    /// What today's playbook expects; none when it has no such case.
    fn expectations(&self, case: &CaseId, host: &HostName) -> Result<Option<Vec<Expectation>>, Failure> {
        let Some(plan) = self.cases.get(case) else { return Ok(None) };
        let compiler = &self.compiled.compiler;
        let inventory = &compiler.project.inventory;
        let mut scope = Scope::new();
        for layer in compiler.host_layers(inventory, host.as_str())? {
            scope.push(layer);
        }
        let of_case = |step: &&&Step| step.case.as_ref().is_some_and(|place| place.id == *case);
        for layer in self.steps.values().find(of_case).map(|step| step.vars.iter()).into_iter().flatten() {
            scope.push(layer.clone());
        }
        scope.push(compiler.project.extra.clone());
        scope.push(self.facts(host));
        let templar = Templar::new(scope, Arc::clone(self.compiled.compiler.environment()));
        let expect = expectations(plan, &templar);
        expect.map(Some).map_err(|problem| Diagnostic::error("bad-expectation", problem).into())
    }

    /// What the machine said of itself during the run.
    fn facts(&self, host: &HostName) -> VarLayer {
        let mut facts = Map::new();
        for event in self.events {
            if let Event::StepEnded { host: on, result, .. } = event
                && on == host
                && let Some(found) = result.get("ansible_facts").and_then(Value::as_map)
            {
                facts.extend(found);
            }
        }
        let span = Span::nowhere("facts of the run");
        VarLayer { level: Level::Facts, origin: Arc::from("facts of the run"), span, vars: Arc::new(facts) }
    }
}

/// Whether the step did its work, so that only its figures can have been wrong.
fn ran_well(fate: &Fate, result: &Value) -> bool {
    match fate {
        Fate::Ran { status: Status::Ok, .. } => true,
        Fate::Ran { status: Status::Failed, .. } => result.get("rc").and_then(Value::as_int) == Some(0),
        _ => false,
    }
}

/// Whether a log of the task holds more than one reading, so that nobody can say which bytes a figure would be from.
fn several_readings(task: &TaskStep) -> bool {
    let files = task.metrics.iter().filter(|metric| stream(metric) == Stream::Download).count();
    let template = |from: &Value| matches!(from, Value::String(text) if text.is_template());
    let unknown = task.metrics.iter().filter_map(|m| m.from.as_ref()).any(|from| template(from));
    files > 1 || unknown || task.r#loop.is_some() || !task.until.is_empty() || task.retries.is_some()
}

/// The log that a metric is read from: files of the target are kept as downloads.
fn stream(metric: &Metric) -> Stream {
    match metric.from.as_ref().and_then(|from| from.as_str()) {
        None | Some("stdout") => Stream::Stdout,
        Some("stderr") => Stream::Stderr,
        Some(_) => Stream::Download,
    }
}

/// The events of a case on a host.
fn told(((case, host), attempt): ((CaseId, HostName), Attempt)) -> Vec<Event> {
    let Attempt { repeat, warmup, gang, going_on, expect, figures, broken, missing, excused, rounds } =
        attempt;
    let failed = broken.filter(|_| excused != Some(true)).or(missing);
    let started =
        Event::CaseStarted { case: case.clone(), host: host.clone(), repeat, warmup, gang, going_on, expect };
    let ended = Event::CaseEnded { case, host, failed, rounds };
    std::iter::once(started).chain(figures.into_iter().map(Event::Figure)).chain([ended]).collect()
}
