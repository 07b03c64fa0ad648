//! `loop` and `with_*`: a task once per item, and the result that `register` sees of them all.

use std::mem::take;
use std::sync::Arc;
use std::time::Duration;

use super::keyword::boolean;
use super::settling::settle;
use super::turn::{self, Turn, TurnEnd};
use super::unit::{Finished, Unit, private};
use crate::action::Effects;
use crate::base::value::MASK;
use crate::base::{Map, Span, Spanned, Text, Timestamp, Value};
use crate::event::{Event, Fate};
use crate::model::{Level, Loop};
use crate::plan::{Strictness, TaskStep};
use crate::vars::lookups::{self, WITH};
use crate::vars::python::type_name;
use crate::vars::{Problem, Scope, Templar, TemplateError};
use crate::wire::Status;

/// Does a task, once or per item.
pub async fn run(unit: &Unit, task: &TaskStep, started: Timestamp) -> Finished {
    let scope = unit.scope();
    let Some(looped) = &task.r#loop else {
        return one(unit, task, scope, started).await;
    };
    let templar = unit.templar(scope.clone());
    let as_ansible = unit.shared.compiler.options.strictness == Strictness::Late;
    let fit = if as_ansible { super::fitting::fit_loop(task, &templar) } else { Ok(()) };
    match fit.and_then(|()| items(looped, task, &templar)) {
        // In a box, so that tasks without a loop need not carry its size around.
        Ok(items) => Box::pin(all(unit, task, scope, items, started)).await,
        // A loop that cannot be read does not matter where the condition is false; as Ansible has it only one that is undefined.
        Err(error) => {
            let waits = error.is_undefined() || !as_ansible;
            if waits && let Ok(Some(condition)) = super::conditions::holds(&task.inherited.when, &templar) {
                return Finished::skipped(super::conditions::skipped(&condition), started);
            }
            let keyword = task.inherited.ignore_errors.as_ref();
            let ignored = matches!(boolean(keyword, "ignore_errors", &templar), Ok(Some(true)));
            let fate = Fate::Ran { status: Status::Failed, changed: false, ignored };
            let no_log = boolean(task.inherited.no_log.as_ref(), "no_log", &templar);
            // What cannot be read is not shown.
            let secret = no_log.unwrap_or(Some(true)).unwrap_or(false);
            // What is undefined waits for the task to need it; everything else is wrong before there is a task.
            let causes =
                if error.is_undefined() { turn::task_failed(error.causes()) } else { error.causes() };
            let msg = unit.wrong(&error, &causes);
            Finished { fate, causes, secret, ..Finished::failed(msg, started) }
        }
    }
}

/// A task without a loop.
async fn one(unit: &Unit, task: &TaskStep, scope: Scope, started: Timestamp) -> Finished {
    let turn = Turn { unit, task, scope: scope.clone(), delegate: None, item: 0, vars: Map::new() };
    let end = turn::run(turn).await;
    let saw = end.brings_somebody().then_some(scope);
    let mut ends = [(end, saw)];
    settle(unit, task, &mut ends).await;
    let [(mut end, _)] = ends;
    let mut finished = Finished::new(end.fate(), started);
    finished.take(&mut end);
    finished.result = Arc::new(end.result);
    finished.msg = end.msg;
    finished.causes = end.causes;
    if let Fate::Skipped { .. } = finished.fate {
        finished.fate = Finished::skipped(Arc::clone(&finished.result), started).fate;
    }
    finished
}

impl Finished {
    /// Takes what a turn brought, but for its result and what is said about it.
    fn take(&mut self, end: &mut TurnEnd) {
        self.secret |= end.secret;
        self.effects.extend(take(&mut end.effects));
        self.notify.append(&mut end.notify);
        self.figures.append(&mut end.figures);
        self.diff.append(&mut end.diff);
        self.warnings.append(&mut end.warnings);
        self.inclusions.extend(end.inclusion.take());
        self.journal = self.journal.take().or_else(|| end.journal.take());
    }
}

async fn all(unit: &Unit, task: &TaskStep, scope: Scope, items: Vec<Value>, started: Timestamp) -> Finished {
    if items.is_empty() {
        let result = Map::from_iter([
            ("changed", Value::from(false)),
            ("failed", false.into()),
            ("skipped", true.into()),
            ("skipped_reason", "No items in the list".into()),
            ("results", Value::list(Vec::new())),
        ]);
        return Finished::skipped(result, started);
    }
    // What later items see of earlier ones: `set_fact`, facts, and the register.
    let mut kept = Map::new();
    let mut ends: Vec<(TurnEnd, Option<Scope>)> = Vec::new();
    // Who brings somebody is told of when that is known to happen.
    let mut untold = Vec::new();
    for (number, item) in items.iter().enumerate() {
        let vars = item_vars(task, &items, number, &scope, unit);
        let scope = scope
            .with(private(Level::SetFact, kept.clone()))
            .with(private(Level::IncludeParams, vars.clone()));
        let index = u32::try_from(number).unwrap_or(u32::MAX);
        let turn = Turn { unit, task, scope: scope.clone(), delegate: None, item: index, vars: vars.clone() };
        let mut end = turn::run(turn).await;
        end.result.insert(task.loop_control.variable(), item.clone());
        end.result.insert("ansible_loop_var", task.loop_control.variable());
        if let Some(name) = &task.loop_control.index_var {
            end.result.insert(name, number);
            end.result.insert("ansible_index_var", name.as_ref());
        }
        if let Some(extended) = vars.get("ansible_loop") {
            end.result.insert("ansible_loop", extended.clone());
        }
        let templar = unit.templar(scope.clone());
        remember(&mut kept, &end.effects);
        // The label sees what became of the item, and may itself say that it failed.
        keep_result(&mut kept, task, &end);
        let label = label(task, &mut end, item, &templar, &kept);
        keep_result(&mut kept, task, &end);
        let fate = end.fate();
        let gone = matches!(fate, Fate::Unreachable { ignored: false, .. });
        let stopped = matches!(fate, Fate::Ran { status: Status::Cancelled, .. }) || end.journal.is_some();
        if end.brings_somebody() {
            untold.push((number, label));
            ends.push((end, Some(scope)));
        } else {
            report(unit, label, &end);
            ends.push((end, None));
        }
        if gone || stopped {
            break;
        }
        if breaks(task, &templar, &kept) {
            break;
        }
        if number + 1 < items.len() {
            pause(task, &templar, unit).await;
        }
    }
    if settle(unit, task, &mut ends).await {
        for (number, label) in untold {
            report(unit, label, &ends[number].0);
        }
    }
    added_up(ends, started)
}

/// What a task amounts to whose items have ended so.
fn added_up(ends: Vec<(TurnEnd, Option<Scope>)>, started: Timestamp) -> Finished {
    let mut whole = Finished::ok(started);
    let fates: Vec<Fate> = ends.iter().map(|(end, _)| end.fate()).collect();
    let mut results = Vec::new();
    for ((mut end, _), fate) in ends.into_iter().zip(&fates) {
        if whole.msg.is_none() && fate.is_failure() {
            whole.msg.clone_from(&end.msg);
        }
        whole.take(&mut end);
        results.push(Value::from(end.result));
    }
    whole.fate = together(&fates);
    whole.result = Arc::new(summary(&fates, results));
    if let Fate::Skipped { .. } = whole.fate {
        whole.fate = Fate::Skipped { reason: "all items skipped".to_owned() };
    }
    super::measure::refuse_twins(&mut whole);
    whole
}

/// The items, or why there are none.
fn items(looped: &Loop, task: &TaskStep, templar: &Templar) -> Result<Vec<Value>, TemplateError> {
    let value = match &looped.lookup {
        Some(lookup) if lookups::leaves_out_undefined(lookup) => templar.render_defined(&looped.value)?,
        _ => templar.render(&looped.value)?,
    };
    let failed = |problem: String| TemplateError::new(Problem::Failed(problem), Some(looped.span.clone()));
    if let Value::Undefined(name) = &value {
        let problem = Problem::undefined(name);
        return Err(TemplateError::new(problem, Some(looped.span.clone())));
    }
    let Some(lookup) = &looped.lookup else {
        return value.as_list().map(<[Value]>::to_vec).ok_or_else(|| {
            let problem = Problem::NoList { gave: value.kind(), kind: type_name(&value) };
            TemplateError::new(problem, Some(looped.span.clone()))
        });
    };
    // A lookup takes the items of a list as its terms.
    let terms = value.as_list().map_or_else(|| vec![value.clone()], <[Value]>::to_vec);
    let words: Vec<String> = (0..terms.len()).map(|n| format!(", {TERMS}[{n}]")).collect();
    let expression = format!("query('{lookup}'{})", words.concat());
    let scope = templar.scope().with(private(
        Level::Magic,
        Map::from_iter([(TERMS, Value::list(terms)), (WITH, Value::from(&*task.call.name.value))]),
    ));
    let inner = Templar::new(scope, Arc::clone(templar.environment()));
    let found =
        inner.evaluate(&Text::template(expression, Span::nowhere("with_"))).map_err(|mut error| {
            error.span = Some(looped.span.clone());
            error
        })?;
    found.as_list().map(<[Value]>::to_vec).ok_or_else(|| failed(format!("`with_{lookup}` gave no list")))
}

/// The variable that hands the terms of `with_*` to the lookup.
const TERMS: &str = "benchbook_terms";

fn item_vars(task: &TaskStep, items: &[Value], number: usize, scope: &Scope, unit: &Unit) -> Map {
    let control = &task.loop_control;
    let mut vars = Map::from_iter([(control.variable(), items[number].clone())]);
    vars.insert("ansible_loop_var", control.variable());
    if let Some(name) = &control.index_var {
        vars.insert(name, number);
        vars.insert("ansible_index_var", name.as_ref());
    }
    let templar = unit.templar(scope.clone());
    let said = |switch: &Option<Spanned<Value>>| {
        switch.as_ref().and_then(|said| templar.render(&said.value).ok()?.to_bool())
    };
    if said(&control.extended) == Some(true) {
        let length = items.len();
        let mut extended = Map::from_iter([
            ("index", Value::from(number + 1)),
            ("index0", number.into()),
            ("first", (number == 0).into()),
            ("last", (number + 1 == length).into()),
            ("length", length.into()),
            ("revindex", (length - number).into()),
            ("revindex0", (length - number - 1).into()),
        ]);
        if said(&control.extended_allitems) != Some(false) {
            extended.insert("allitems", Value::list(items.to_vec()));
        }
        if let Some(previous) = number.checked_sub(1) {
            extended.insert("previtem", items[previous].clone());
        }
        if let Some(next) = items.get(number + 1) {
            extended.insert("nextitem", next.clone());
        }
        vars.insert("ansible_loop", extended);
    }
    vars
}

/// How an item is called. Where that cannot be said the item fails, whatever became of it.
fn label(task: &TaskStep, end: &mut TurnEnd, item: &Value, templar: &Templar, kept: &Map) -> String {
    // One that is nothing says nothing; what a template gives is taken as it is.
    let said = task.loop_control.label.as_ref().filter(|label| label.value.is_truthy());
    let Some(label) = said.filter(|_| !end.secret) else {
        return if end.secret { "(censored)".to_owned() } else { shown(item) };
    };
    match after(templar, kept).render(&label.value) {
        Ok(label) => shown(&label),
        Err(error) => {
            let why = format!("Failed to template loop_control.label: {error}");
            end.result.insert("failed", true);
            end.result.insert("msg", why.as_str());
            (end.status, end.skipped, end.msg) = (Status::Failed, false, Some(why));
            let keyword = task.inherited.ignore_errors.as_ref();
            end.ignored = matches!(boolean(keyword, "ignore_errors", templar), Ok(Some(true)));
            shown(item)
        }
    }
}

fn report(unit: &Unit, label: String, end: &TurnEnd) {
    let (status, changed) = match end.fate() {
        Fate::Ran { status, changed, .. } => (status, changed),
        Fate::Unreachable { .. } => (Status::Failed, false),
        _ => (Status::Ok, false),
    };
    unit.say(Event::ItemEnded {
        step: unit.step.id.clone(),
        host: unit.host.name.clone(),
        item: label,
        status,
        changed,
        skipped: end.skipped,
        ignored: end.ignored,
        result: if end.secret { Value::Null } else { Value::from(&end.result) },
        msg: end.msg.clone().filter(|msg| !end.secret && !msg.is_empty()),
        causes: if end.secret { Vec::new() } else { end.causes.clone() },
    });
}

/// An item for people; secrets in it are masked.
fn shown(item: &Value) -> String {
    match item {
        Value::String(_) | Value::Sealed(_) if item.has_secret() => MASK.to_owned(),
        _ if item.has_secret() => serde_json::to_string(item).unwrap_or_default(),
        other => other.to_string(),
    }
}

fn remember(kept: &mut Map, effects: &Effects) {
    kept.extend(&effects.facts);
    kept.extend(&effects.include_vars);
    kept.extend(&effects.set_facts);
}

fn keep_result(kept: &mut Map, task: &TaskStep, end: &TurnEnd) {
    if let Some(register) = &task.register {
        kept.insert(&register.value, Value::from(&end.result));
    }
}

/// What an item saw, with what it and those before it brought.
fn after(templar: &Templar, kept: &Map) -> Templar {
    let scope = templar.scope().with(private(Level::SetFact, kept.clone()));
    Templar::new(scope, Arc::clone(templar.environment()))
}

fn breaks(task: &TaskStep, templar: &Templar, kept: &Map) -> bool {
    let conditions = &task.loop_control.break_when;
    let templar = after(templar, kept);
    !conditions.is_empty() && super::conditions::holds(conditions, &templar).is_ok_and(|not| not.is_none())
}

async fn pause(task: &TaskStep, templar: &Templar, unit: &Unit) {
    let Some(pause) = &task.loop_control.pause else { return };
    let seconds = templar.render(&pause.value).ok().and_then(|v| super::keyword::number(&v));
    if let Some(duration) = seconds.and_then(|s| Duration::try_from_secs_f64(s).ok()) {
        tokio::select! {
            () = tokio::time::sleep(duration) => {}
            () = unit.cancel.cancelled() => {}
        }
    }
}

/// The fate of a task from those of its items.
fn together(ends: &[Fate]) -> Fate {
    // One item that does not ignore it is enough.
    let unreachable = |f: &&Fate| matches!(f, Fate::Unreachable { .. });
    let lost = |f: &&Fate| matches!(f, Fate::Unreachable { ignored: false, .. });
    if let Some(gone) = ends.iter().find(lost).or_else(|| ends.iter().find(unreachable)) {
        return gone.clone();
    }
    if ends.iter().all(|f| matches!(f, Fate::Skipped { .. })) {
        return Fate::Skipped { reason: String::new() };
    }
    let mut whole = (Status::Ok, false, false);
    for fate in ends {
        if let Fate::Ran { status, changed, ignored } = fate {
            if *status != Status::Ok && (whole.0 == Status::Ok || whole.2) {
                whole.0 = *status;
                whole.2 = *ignored;
            }
            whole.1 |= changed;
        }
    }
    Fate::Ran { status: whole.0, changed: whole.1, ignored: whole.2 }
}

fn summary(ends: &[Fate], results: Vec<Value>) -> Map {
    let failed = ends.iter().any(|f| matches!(f, Fate::Ran { status, .. } if *status != Status::Ok));
    let skipped = ends.iter().all(|f| matches!(f, Fate::Skipped { .. }));
    let changed = ends.iter().any(|f| matches!(f, Fate::Ran { changed: true, .. }));
    let msg = match (failed, skipped) {
        (true, _) => "One or more items failed",
        (_, true) => "All items skipped",
        _ => "All items completed",
    };
    let mut map = Map::from_iter([
        ("results", Value::list(results)),
        ("changed", changed.into()),
        ("failed", failed.into()),
        ("msg", msg.into()),
    ]);
    map.insert("skipped", skipped);
    if ends.iter().any(|f| matches!(f, Fate::Unreachable { .. })) {
        map.insert("unreachable", true);
    }
    map
}
