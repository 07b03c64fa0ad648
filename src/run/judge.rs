//! What the outcome of a turn amounts to, once `timeout`, `changed_when` and `failed_when` have had their say.

use std::sync::Arc;

use super::conditions::holds;
use super::keyword::{boolean, quantity};
use super::target::RemoteTarget;
use super::turn::{NO_TRACEBACK, STOPPED, Turn, TurnEnd};
use super::unit::private;
use crate::action::Done;
use crate::base::{Map, Value};
use crate::model::Level;
use crate::plan::{Strictness, TaskStep};
use crate::vars::{Templar, TemplateError};
use crate::wire::{Outcome, Status};

/// What an outcome amounts to: facts, `changed_when`, then `failed_when`.
pub(super) fn judge(
    turn: &Turn<'_>,
    templar: &Templar,
    done: Done,
    target: &RemoteTarget<'_>,
) -> Result<TurnEnd, TemplateError> {
    let task = turn.task;
    let Done { mut outcome, mut effects, shown, .. } = done;
    if let Some(facts) = outcome.values.get("ansible_facts").and_then(Value::as_map)
        && target.direct
    {
        effects.facts.extend(facts);
    }
    if target.place.delegated {
        effects.images.iter_mut().for_each(|image| image.host = Some(target.place.host.clone()));
    }
    let mut result = outcome.take_register();
    // Lines of the output are made only now.
    turn.unit.shared.environment.secrets().mark(&mut result);
    let limit = late_by(turn, templar, &outcome)?;
    if let Some(limit) = limit {
        told_late(turn, limit, &mut outcome, &mut result);
    }
    let mut end = TurnEnd {
        status: if outcome.status == Status::Skipped { Status::Ok } else { outcome.status },
        changed: outcome.changed,
        skipped: outcome.status == Status::Skipped,
        result,
        msg: if outcome.status == Status::Cancelled {
            Some(STOPPED.to_owned())
        } else {
            outcome.msg.or(shown)
        },
        diff: outcome.diff,
        warnings: outcome.warnings,
        effects,
        late: limit.is_some(),
        unreachable: target.lost().map(|reason| (reason, false)),
        journal: target.broken().cloned(),
        ..TurnEnd::default()
    };
    if target.place.delegated {
        let delegated = Map::from_iter([("ansible_host", target.place.host.as_str())]);
        end.result.insert("_ansible_delegated_vars", delegated);
        if boolean(task.inherited.delegate_facts.as_ref(), "delegate_facts", templar)? == Some(true) {
            end.effects.delegate(target.place.host.clone());
        }
    }
    if end.unreachable.is_some() {
        // As in Ansible: the task has not failed there, nobody has tried it.
        end.result.remove("failed");
        end.result.insert("exception", NO_TRACEBACK);
    }
    let not_done = end.unreachable.is_some() || end.journal.is_some() || target.is_refused();
    // Nobody judges what took too long, as in Ansible.
    if end.skipped || not_done || end.status == Status::Cancelled || end.late {
        return Ok(end);
    }
    decide_changed(task, templar, &mut end);
    if !task.failed_when.is_empty() {
        let seen = with_result(task, templar, &end);
        let failed = match holds(&task.failed_when, &seen) {
            Ok(against) => against.is_none(),
            Err(error) => {
                undecided(&mut end, "failed_when_result", &error);
                return Ok(end);
            }
        };
        end.result.insert("failed", failed);
        end.result.insert("failed_when_result", failed);
        if failed && end.status == Status::Ok {
            end.status = Status::Failed;
            end.msg = end.msg.or_else(|| Some("`failed_when` says so".to_owned()));
            end.judged_failed();
        } else if !failed {
            if end.status == Status::Failed {
                end.result.insert("failed_when_suppressed_exception", NO_TRACEBACK);
            }
            end.status = Status::Ok;
        }
    }
    Ok(end)
}

/// The limit of a task that was ended because of it, in seconds; that of `async` is another.
fn late_by(turn: &Turn<'_>, templar: &Templar, outcome: &Outcome) -> Result<Option<f64>, TemplateError> {
    if outcome.status != Status::TimedOut {
        return Ok(None);
    }
    let own = quantity(turn.task.inherited.timeout.as_ref(), "timeout", templar)?;
    let usual = turn.unit.shared.compiler.options.task_timeout.map(|usual| usual.as_secs_f64());
    Ok(own.or(usual))
}

/// What is said of a task that took too long. Called as Ansible, it has the reference's words and no output.
fn told_late(turn: &Turn<'_>, limit: f64, outcome: &mut Outcome, result: &mut Map) {
    #[allow(clippy::cast_possible_truncation)] // whole seconds, as Ansible has them
    let seconds = limit as i64;
    let mut late = Map::from_iter([("period", Value::from(seconds))]);
    outcome.changed = false;
    result.insert("changed", false);
    if turn.unit.shared.compiler.options.strictness == Strictness::Late {
        let words = format!("Task failed: Timed out after {seconds} second(s).");
        late.insert("frame", "Configure `DISPLAY_TRACEBACK` to see a traceback on timeout errors.");
        *result = Map::from_iter([
            ("changed", Value::from(false)),
            ("failed", true.into()),
            ("msg", words.as_str().into()),
        ]);
        outcome.msg = Some(words);
    }
    result.insert("timedout", late);
}

/// `changed_when`
pub(super) fn decide_changed(task: &TaskStep, templar: &Templar, end: &mut TurnEnd) {
    if task.changed_when.is_empty() {
        return;
    }
    match holds(&task.changed_when, &with_result(task, templar, end)) {
        Ok(against) => {
            end.changed = against.is_none();
            end.result.insert("changed", end.changed);
        }
        Err(error) => undecided(end, "changed_when_result", &error),
    }
}

/// A condition that cannot be evaluated fails the task, whose result stays.
fn undecided(end: &mut TurnEnd, key: &str, error: &TemplateError) {
    let said = error.in_brief();
    end.result.insert(key, said.as_str());
    end.result.insert("failed", true);
    if end.status == Status::Ok {
        end.judged_failed();
    }
    end.status = Status::Failed;
    end.msg = Some(said);
}

/// The task's variables with its own result and facts.
pub(super) fn with_result(task: &TaskStep, templar: &Templar, end: &TurnEnd) -> Templar {
    let mut vars = end.effects.facts.clone();
    vars.extend(&end.effects.set_facts);
    if let Some(register) = &task.register {
        vars.insert(&register.value, Value::from(&end.result));
    }
    let scope = templar.scope().with(private(Level::SetFact, vars));
    Templar::new(scope, Arc::clone(templar.environment()))
}
