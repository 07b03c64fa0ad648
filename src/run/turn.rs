//! One turn of a task: its only one, or one item of its loop. Conditions, arguments, attempts, and what they amount to.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use super::arguments::{self, Wanted};
use super::conditions::{holds, skipped};
use super::delegate::{Place, delegate, with_delegated};
use super::judge::{judge, with_result};
use super::keyword::{Lasting, Manner, boolean, quantity};
use super::masking;
use super::named::Named;
use super::target::RemoteTarget;
use super::unit::{Unit, round_of, said};
use crate::action::{self, Action, ActionContext, Done, Effects, Invocation, Target};
use crate::base::spec::CheckMode;
use crate::base::value::has_marks;
use crate::base::{Cause, HostName, Map, Value};
use crate::event::{Event, Fate, Figure, JournalError};
use crate::plan::{Inclusion, StepKind, Strictness, TaskStep};
use crate::vars::{Scope, Templar, TemplateError};
use crate::wire::{Diff, Outcome, Status};

/// What is said of a task that was cancelled, whether or not it had reached the target.
pub(super) const STOPPED: &str = "the run was stopped";

/// What a failure says of where in Ansible it happened: playbooks ask whether it is there.
pub(super) const NO_TRACEBACK: &str = "(traceback unavailable)";

/// With which arguments a module was called; only for whoever looks on at `-vvv`.
pub(super) const INVOCATION: &str = "invocation";

/// One turn of a task.
pub struct Turn<'a> {
    /// The step on its host.
    pub unit: &'a Unit,
    /// The task.
    pub task: &'a TaskStep,
    /// What it sees.
    pub scope: Scope,
    /// Where else it is done, once that is found out.
    pub delegate: Option<HostName>,
    /// The number of the item, from 0.
    pub item: u32,
    /// The variables of the item.
    pub vars: Map,
}

/// How a turn ended.
#[derive(Debug, Default)]
#[allow(clippy::struct_excessive_bools)] // Ansible's words, which are independent of each other
pub struct TurnEnd {
    /// Of the module, as `failed_when` and `until` see it.
    pub status: Status,
    /// Whether something is different now.
    pub changed: bool,
    /// Nothing was done.
    pub skipped: bool,
    /// `ignore_errors`
    pub ignored: bool,
    /// It took longer than `timeout` allows.
    pub late: bool,
    /// The host could not be reached, and whether that is ignored.
    pub unreachable: Option<(String, bool)>,
    /// What `register` sees.
    pub result: Map,
    /// What is said about it.
    pub msg: Option<String>,
    /// Why it failed, in Ansible's words, where that is more than what is said.
    pub causes: Vec<Cause>,
    /// `no_log`
    pub secret: bool,
    /// For the dispatcher.
    pub effects: Effects,
    /// Handlers.
    pub notify: Vec<Arc<str>>,
    /// Figures.
    pub figures: Vec<Figure>,
    /// Before and after.
    pub diff: Vec<Diff>,
    /// For the user.
    pub warnings: Vec<String>,
    /// What an include asks for.
    pub inclusion: Option<Inclusion>,
    /// The journal failed.
    pub journal: Option<JournalError>,
}

impl TurnEnd {
    fn skip(result: Map) -> Self {
        Self { skipped: true, result, ..Self::default() }
    }

    pub(super) fn fail(msg: String) -> Self {
        let result = Outcome::failed(msg.as_str()).take_register();
        Self { status: Status::Failed, msg: Some(msg), result, ..Self::default() }
    }

    /// It is not the module or action that failed: what the task says of it made it so.
    pub(super) fn judged_failed(&mut self) {
        let msg = self.result.get("msg").map_or_else(|| "Unknown error.".to_owned(), ToString::to_string);
        self.causes = task_failed(vec![Cause::new("Action failed.", None), Cause::new(msg, None)]);
    }

    /// As an event says it.
    pub fn fate(&self) -> Fate {
        match &self.unreachable {
            Some((reason, ignored)) => Fate::Unreachable { reason: reason.clone(), ignored: *ignored },
            None if self.skipped => Fate::Skipped {
                reason: self
                    .msg
                    .clone()
                    .or_else(|| self.result.get("skip_reason").map(ToString::to_string))
                    .unwrap_or_default(),
            },
            None => Fate::Ran { status: self.status, changed: self.changed, ignored: self.ignored },
        }
    }
}

/// The causes of what went wrong within a task.
pub(super) fn task_failed(causes: Vec<Cause>) -> Vec<Cause> {
    [Cause::new("Task failed.", None)].into_iter().chain(causes).collect()
}

/// Does it. Whatever a template says wrong is a failure of the task.
pub async fn run(turn: Turn<'_>) -> TurnEnd {
    let mut unknown = None;
    let named;
    let mut turn = turn;
    if turn.task.inherited.delegate_to.is_some() {
        match delegate(turn.task, &turn.unit.templar(turn.scope.clone())) {
            Ok(Some(name)) => {
                turn.scope = with_delegated(&name, turn.unit, turn.scope.clone());
                turn.delegate = Some(name);
            }
            Ok(None) => {}
            Err(error) => unknown = Some(error),
        }
    }
    let templar = turn.unit.templar(turn.scope.clone());
    if has_marks(&turn.task.call.name.value) {
        match called(turn.task, &templar) {
            Ok(mut task) => {
                // Who is nobody fails when it is called.
                task.foreign = turn.unit.shared.compiler.route(&task.call.name.value).ok().flatten();
                named = task;
                turn.task = &named;
            }
            Err(error) => unknown = Some(error),
        }
    }
    let said_so = &turn.task.inherited;
    // What cannot be read is not shown.
    let secret = boolean(said_so.no_log.as_ref(), "no_log", &templar).unwrap_or(Some(true)).unwrap_or(false);
    // In a box: whoever awaits a future copies all of it into his own, and his caller does so again.
    let attempted = match unknown {
        None => Box::pin(attempt_all(&turn, &templar, secret)).await,
        Some(error) => Err(error),
    };
    let mut end = attempted.unwrap_or_else(|error| {
        let causes = task_failed(error.causes());
        let msg = turn.unit.wrong(&error, &causes);
        TurnEnd { causes, ..TurnEnd::fail(msg) }
    });
    end.secret |= secret;
    if end.status != Status::Ok && !end.skipped {
        match boolean(said_so.ignore_errors.as_ref(), "ignore_errors", &templar) {
            Ok(ignored) => end.ignored = ignored.unwrap_or(false) && end.status != Status::Cancelled,
            // As in Ansible: it is neither nothing nor `false`.
            Err(_) if turn.unit.shared.compiler.options.strictness == Strictness::Late => end.ignored = true,
            Err(error) => end.warnings.push(said(&error)),
        }
    }
    let failed =
        matches!(end.status, Status::Failed | Status::TimedOut) && !end.skipped && end.unreachable.is_none();
    if failed && !end.result.contains_key("exception") {
        end.result.insert("exception", NO_TRACEBACK);
    }
    if let Some((_, ignored)) = &mut end.unreachable {
        *ignored = matches!(
            boolean(said_so.ignore_unreachable.as_ref(), "ignore_unreachable", &templar),
            Ok(Some(true))
        );
    }
    end
}

/// The task with the module or action that its name, a template, means.
fn called(task: &TaskStep, templar: &Templar) -> Result<TaskStep, TemplateError> {
    let written = &task.call.name;
    let name = templar.render_str(&Value::template(Arc::clone(&written.value), written.span.clone()))?;
    let mut task = task.clone();
    task.call.name.value = name.into();
    Ok(task)
}

/// How the task is called, and what the user is told of that.
fn manner(turn: &Turn<'_>, templar: &Templar) -> Result<(Manner, Option<String>), TemplateError> {
    let (task, options) = (turn.task, &turn.unit.shared.options);
    let is_late = turn.unit.shared.compiler.options.strictness == Strictness::Late;
    let (said_so, warning) = if is_late {
        super::fitting::with_environments_read(&task.inherited, templar)
    } else {
        (Cow::Borrowed(&task.inherited), None)
    };
    let mut manner = Manner::read(&said_so, options.check, options.diff, templar)?;
    manner.timeout = manner.timeout.or(turn.unit.shared.compiler.options.task_timeout);
    manner.lasting = Lasting::read(task, round_of(&turn.unit.step).0.is_some(), templar)?;
    if is_late {
        manner.told_in = Some(super::asynchronous::folder(templar)?);
    }
    Ok((manner, warning))
}

async fn attempt_all(turn: &Turn<'_>, templar: &Templar, secret: bool) -> Result<TurnEnd, TemplateError> {
    let task = turn.task;
    if let Some(condition) = holds(&task.inherited.when, templar)? {
        return Ok(TurnEnd::skip(skipped(&condition)));
    }
    // Hidden it is in any case; that nobody can tell is a failure.
    boolean(task.inherited.no_log.as_ref(), "no_log", templar)?;
    if turn.unit.shared.compiler.options.strictness == Strictness::Late {
        super::fitting::fit(task, templar)?;
    }
    if let StepKind::Expand(expand) = &turn.unit.step.kind {
        return super::including::include(turn, expand, templar);
    }
    let (mut manner, warning) = manner(turn, templar)?;
    if let Some(rendezvous) = super::rendezvous::variable(turn.unit) {
        // What the task says itself wins.
        manner.environment.splice(0..0, super::rendezvous::environment(&rendezvous));
    }
    let place = Place::of(turn.unit, task, turn.delegate.as_ref(), templar)?;
    manner.environment.extend(super::interpreter::variable(task, &place, templar)?);
    let retries = match quantity(task.retries.as_ref(), "retries", templar)? {
        None if task.until.is_empty() => 0,
        None => 3,
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // clamped
        Some(n) => n.clamp(0.0, 1e6) as u32,
    };
    let delay = quantity(task.delay.as_ref(), "delay", templar)?.unwrap_or(5.0).max(0.0);
    let delay = Duration::try_from_secs_f64(delay).unwrap_or(Duration::MAX);
    let action = action::find(task.call.short_name()).filter(|_| task.foreign.is_none());
    let mut attempt = 1;
    loop {
        let mut target = RemoteTarget::new(turn.unit, &place, &manner);
        target.item = turn.item;
        target.attempt = attempt;
        target.measured = !task.metrics.is_empty();
        target.secret = secret;
        target.direct = action.is_none() && !super::acting::is_asked(task, &place, action);
        let mut done = call(turn, templar, &manner, &target, action).await?;
        if let Some(wrong) = done.wrong.take() {
            return Err(*wrong);
        }
        masking::cover(&mut done, turn.unit.shared.environment.secrets());
        if retries > 0 && done.outcome.status != Status::Skipped {
            // `changed_when` and `failed_when` may ask for it, as `until` may.
            done.outcome.values.insert("attempts", attempt);
        }
        let mut end = judge(turn, templar, done, &target)?;
        end.warnings.extend(warning.clone());
        let over = end.skipped
            || end.unreachable.is_some()
            || end.journal.is_some()
            || matches!(end.status, Status::Cancelled)
            || end.late;
        if retries > 0 && !over {
            let seen = with_result(task, templar, &end);
            let met = if task.until.is_empty() {
                end.status == Status::Ok
            } else {
                holds(&task.until, &seen)?.is_none()
            };
            if !met && attempt <= retries {
                wait(turn, attempt, retries + 1 - attempt, delay).await;
                if turn.unit.cancel.is_cancelled() {
                    end.status = Status::Cancelled;
                    end.msg = Some(STOPPED.to_owned());
                    end.result.insert("failed", true);
                    return Ok(end);
                }
                attempt += 1;
                continue;
            }
            if !met {
                end.result.insert("attempts", retries);
                end.result.insert("failed", true);
                // What `failed_when` said decides all the same, as in Ansible.
                if end.status == Status::Ok && task.failed_when.is_empty() {
                    end.status = Status::Failed;
                    end.msg = Some(format!("`until` did not hold after {attempt} tries"));
                    end.judged_failed();
                }
            }
        }
        if target.measured && end.status == Status::Ok && !end.skipped {
            super::measure::measure(turn, templar, &target, &mut end).await;
        }
        if end.status == Status::Ok && !end.skipped {
            for handler in &task.inherited.notify {
                match templar.render(&handler.value)? {
                    Value::List(names) => end.notify.extend(names.iter().map(|n| Arc::from(n.to_string()))),
                    Value::Null | Value::Omit => {}
                    name => end.notify.push(name.to_string().into()),
                }
            }
        }
        return Ok(end);
    }
}

async fn wait(turn: &Turn<'_>, attempt: u32, left: u32, delay: Duration) {
    let (step, host) = (turn.unit.step.id.clone(), turn.unit.host.name.clone());
    turn.unit.say(Event::Retrying { step, host, attempt, left });
    tokio::select! {
        () = tokio::time::sleep(delay) => {}
        () = turn.unit.cancel.cancelled() => {}
    }
}

/// Calls the action, or the module on the target.
async fn call(
    turn: &Turn<'_>,
    templar: &Templar,
    manner: &Manner,
    target: &RemoteTarget<'_>,
    action: Option<&Action>,
) -> Result<Done, TemplateError> {
    let task = turn.task;
    if super::acting::is_asked(task, target.place, action) {
        return Box::pin(super::acting::call(turn, templar, target)).await;
    }
    if let Some(module) = &task.foreign {
        return super::foreign::call(turn, templar, target, module).await.map(Done::from);
    }
    let name = task.call.short_name();
    let catalogue = &turn.unit.shared.compiler.catalogue;
    let Some(spec) = catalogue.get(name).copied() else {
        let words = "This often indicates a misspelling, missing collection, or incorrect module path.";
        return Ok(Outcome::failed(format!("couldn't resolve module/action '{name}'. {words}")).into());
    };
    let wanted = Wanted {
        free_form: spec.free_form,
        open: spec.open,
        unrendered: action.map_or(&[], |a| a.unrendered),
    };
    if let Some(flaw) = &task.flaw {
        let own = action.map(|action| Ok(action.judge(&arguments::render(task, wanted, templar)?)));
        let own = own.transpose()?.and_then(Result::err);
        return Ok(Outcome::failed(own.unwrap_or_else(|| flaw.to_string())).into());
    }
    let mut args = arguments::render(task, wanted, templar)?;
    // Only this task's: a password may be a common word.
    let passwords = masking::passwords(catalogue, name, &mut args);
    if let Some(Err(words)) = action.map(|action| action.judge(&args)) {
        return Ok(Outcome::failed(words).into());
    }
    if let Err(problem) = catalogue.check_groups(name, &args) {
        return Ok(Outcome::failed(problem).into());
    }
    if manner.check && spec.check == CheckMode::Skipped {
        let written = &task.call.name.value;
        // Words that playbooks know.
        let words = match action {
            Some(action) => action.unchecked(written),
            None => format!("remote module ({written}) does not support check mode"),
        };
        return Ok(Outcome::skipped(words).into());
    }
    if action.is_some() && matches!(manner.lasting, Lasting::Async(..)) {
        if turn.unit.shared.compiler.options.strictness == Strictness::Late {
            return Ok(Outcome::failed(format!("This action ({name}) does not support async.")).into());
        }
        let help = "it does its part on the controller, so nobody could come back for it later";
        return Ok(Outcome::failed(format!("async is not supported for `{name}`: {help}")).into());
    }
    if let Some(action) = action {
        let mut done = act(turn, templar, manner, target, action, &args).await;
        masking::blot(&mut done, &passwords);
        return Ok(done);
    }
    let shown = (turn.unit.shared.options.verbosity > 2).then(|| catalogue.invocation(name, &args));
    let mut outcome = target.call(Invocation { module: spec.name, args, ..Invocation::default() }).await;
    if let Some(args) = shown.filter(|_| target.lost().is_none()) {
        outcome.values.insert(INVOCATION, Map::from_iter([("module_args", args)]));
    }
    let mut done = Done::from(outcome);
    masking::blot(&mut done, &passwords);
    Ok(done)
}

async fn act(
    turn: &Turn<'_>,
    templar: &Templar,
    manner: &Manner,
    target: &RemoteTarget<'_>,
    action: &Action,
    args: &Map,
) -> Done {
    let shared = &turn.unit.shared;
    let started = shared.clock.now();
    let ask = |question| {
        let (step, host) = (turn.unit.step.id.clone(), turn.unit.host.name.clone());
        (shared.events)(&Event::Asked { step, host, question });
    };
    let context = ActionContext {
        templar,
        host: &turn.unit.host.name,
        delegated: turn.delegate.is_some(),
        check: manner.check,
        diff: manner.diff,
        verbosity: shared.options.verbosity,
        search: &turn.task.search,
        loader: &shared.compiler.project.loader,
        folder: &turn.unit.play.folder,
        target,
        modules: &Named { turn, templar, target },
        as_ansible: shared.compiler.options.strictness == Strictness::Late,
        timeout: manner.timeout,
        told_in: manner.told_in.as_deref(),
        cancel: &turn.unit.cancel,
        ask: shared.options.terminal.then_some(&ask),
    };
    let mut done = (action.run)(args, &context).await;
    done.outcome.started = started;
    done.outcome.ended = shared.clock.now();
    done
}
