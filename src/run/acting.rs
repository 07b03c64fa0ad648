//! Tasks that the user's ansible-core does: actions in Python, and whatever is done on a host that only a connection plugin
//! reaches. What it wants of the target meanwhile goes the way of every other call.

use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value as Json, json};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::arguments::{self, FREE, Wanted};
use super::delegate::{Place, scope_there};
use super::keyword::Lasting;
use super::target::RemoteTarget;
use super::turn::Turn;
use crate::action::{Action, Done, Effects, Invocation, Target};
use crate::base::{Map, Value};
use crate::connection::{Endpoint, Upload};
use crate::load::foreign::{Acting, Force, Keywords, Kind, Side, Stop, Want, written};
use crate::plan::TaskStep;
use crate::vars::{Entry, Scope, Templar, TemplateError, plugins};
use crate::wire::result::{Giver, result};
use crate::wire::{Outcome, Status};

/// What is wanted, and where the answer goes if there is to be one.
type Asked = (Want, Option<oneshot::Sender<Json>>);

/// The task's end of the conversation, in the thread that waits for ansible-core.
struct Ears {
    stop: Option<oneshot::Sender<Stop>>,
    asked: mpsc::UnboundedSender<Asked>,
}

impl Side for Ears {
    fn begins(&mut self, stop: Stop) {
        if let Some(waiting) = self.stop.take() {
            // Nobody waits any more: then nobody wants to stop it either.
            let _ = waiting.send(stop);
        }
    }

    fn give(&mut self, want: Want) -> Option<Json> {
        if matches!(want, Want::Say { .. }) {
            let _ = self.asked.send((want, None));
            return None;
        }
        let (answer, given) = oneshot::channel();
        let _ = self.asked.send((want, Some(answer)));
        Some(given.blocking_recv().unwrap_or_else(|_| error("the task is over")))
    }
}

fn error(words: impl Into<String>) -> Json {
    json!({"error": words.into()})
}

/// Whether it is ansible-core that does the task.
pub(super) fn is_asked(task: &TaskStep, place: &Place, action: Option<&Action>) -> bool {
    let is_action = task.foreign.as_ref().is_some_and(|file| file.kind == Kind::Action);
    is_action || (place.plugin.is_some() && action.is_none_or(Action::is_on_target))
}

/// Does it. What a template says wrong is an error; everything else is an outcome.
pub(super) async fn call(
    turn: &Turn<'_>,
    templar: &Templar,
    target: &RemoteTarget<'_>,
) -> Result<Done, TemplateError> {
    let acting = told(turn, templar, target)?;
    let core = Arc::clone(turn.unit.shared.compiler.project.loader.library().core());
    let (asked, mut asks) = mpsc::unbounded_channel();
    let (begins, mut begun) = oneshot::channel();
    let mut done =
        tokio::task::spawn_blocking(move || core.act(&acting, &mut Ears { stop: Some(begins), asked }));
    let limit = target.manner.timeout;
    let over = async {
        match limit {
            Some(limit) => tokio::time::sleep(limit).await,
            None => std::future::pending().await,
        }
    };
    tokio::pin!(over);
    let (mut waiting, mut stop, mut stopped) = (true, None, None);
    // Who does not end in time is ended.
    let (mut force, mut kill) = (Force::Term, None);
    let (cancel, mut known) = (turn.unit.cancel.with_grace(target.manner.grace), 0);
    let ended = loop {
        tokio::select! {
            ended = &mut done => break ended,
            given = &mut begun, if waiting => (waiting, stop) = (false, given.ok()),
            Some((want, answer)) = asks.recv() => {
                let given = give(turn, target, want).await;
                if let Some(answer) = answer {
                    let _ = answer.send(given);
                }
            }
            grace = cancel.asked(&mut known) => {
                stopped = stopped.or(Some(Status::Cancelled));
                kill = Some(Instant::now() + grace);
            }
            () = &mut over, if stopped.is_none() => {
                stopped = Some(Status::TimedOut);
                kill = Some(Instant::now() + target.manner.grace);
            }
            () = tokio::time::sleep_until(kill.unwrap_or_else(Instant::now)), if kill.is_some() => {
                (force, kill) = (Force::Kill, None);
            }
        }
        if let (Some(_), Some(stop)) = (stopped, &stop) {
            stop(force);
        }
    };
    let ended = ended.map_err(|error| error.to_string()).and_then(|ended| ended);
    Ok(match (stopped, ended) {
        (Some(status), _) => {
            let limit = limit.unwrap_or_default().as_secs_f64();
            let msg = if status == Status::TimedOut {
                format!("timed out after {limit} s")
            } else {
                "cancelled".into()
            };
            Outcome { status, ..Outcome::failed(msg) }.into()
        }
        (None, Ok(map)) => outcome(turn, target, map),
        (None, Err(why)) => Outcome::failed(format!("Task failed: {why}")).into(),
    })
}

/// What ansible-core is told.
fn told(turn: &Turn<'_>, templar: &Templar, target: &RemoteTarget<'_>) -> Result<Acting, TemplateError> {
    let (unit, task, manner) = (turn.unit, turn.task, target.manner);
    let library = unit.shared.compiler.project.loader.library();
    let plugin = target.place.plugin.as_deref();
    let wanted = Wanted { free_form: Some(FREE), open: true, unrendered: &[] };
    let mut arguments = arguments::render(task, wanted, templar)?;
    // What is no template may be an expression: the user wrote it.
    for written in task.call.arguments.iter().filter(|written| !written.value.has_template()) {
        if arguments.contains_key(&written.name) {
            arguments.insert(&*written.name, written.value.clone());
        }
    }
    let mut said = Keywords {
        action: task.foreign.as_ref().map_or(&task.call.name.value, |file| &file.name).to_string(),
        check_mode: manner.check,
        diff: manner.diff,
        no_log: target.secret,
        delegate_to: turn.delegate.as_ref().map(ToString::to_string),
        ..Keywords::default()
    };
    if let Lasting::Async(limit, poll) = manner.lasting {
        said.async_val = limit.as_secs();
        said.poll = poll.map_or(0, |poll| poll.as_secs().max(1));
    }
    if let Some(plugin) = plugin {
        // Otherwise the agent has them.
        let environment: Map =
            manner.environment.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        said.environment = vec![written(&environment.into())];
        said.connection = Some(plugin.to_owned());
        said.remote_user = match &task.inherited.remote_user {
            Some(user) => Some(templar.render_str(&user.value)?),
            None => None,
        };
        let shared = &unit.shared;
        if let Some(other) = task.inherited.becoming.other(&shared.compiler.options.becoming, templar)? {
            said.r#become = true;
            (said.become_user, said.become_method) = (Some(other.user), Some(other.method));
            (said.become_exe, said.become_flags) = (other.exe, other.flags);
        }
    }
    let scope = templar.scope();
    let delegate = said.delegate_to.is_some().then(|| scope_there(&target.place.host, unit));
    Ok(Acting {
        host: unit.host.name.to_string(),
        task: said,
        arguments: written(&arguments.into()),
        variables: all(scope, templar),
        delegate: delegate.map(|scope| all(&scope, templar)),
        reached: target.place.endpoint.as_ref().ok().filter(|_| plugin.is_none()).map(kind),
        user: target.place.endpoint.as_ref().ok().and_then(other_user),
        search: task.search.to_vec(),
        folder: unit.play.folder.clone(),
        folders: library.beside(),
        verbosity: unit.shared.options.verbosity,
    })
}

/// What an action may take the connection for: some want to know whether it is this machine.
fn kind(endpoint: &Endpoint) -> &'static str {
    match endpoint.login() {
        Endpoint::Local => "local",
        _ => "ssh",
    }
}

/// Whose home `~` is.
fn other_user(endpoint: &Endpoint) -> Option<String> {
    match endpoint {
        Endpoint::Become(_, other) => Some(other.user.clone()),
        _ => None,
    }
}

/// Every variable of a scope, as it is told.
fn all(scope: &Scope, templar: &Templar) -> Json {
    written(&plugins::unrendered(scope, |value| templar.render(value).ok()).into())
}

async fn give(turn: &Turn<'_>, target: &RemoteTarget<'_>, want: Want) -> Json {
    let invocation = match want {
        Want::Say { text } => {
            target.say(&text);
            return Json::Null;
        }
        Want::Reset => {
            target.reset();
            return json!({"ok": null});
        }
        Want::Hosts => {
            return json!({"ok": turn.unit.board.listed().map(|host| host.name.as_str()).collect::<Vec<_>>()});
        }
        Want::Variables { host } => {
            let templar = turn.unit.plain_templar(Scope::new());
            let known = host.and_then(|host| crate::vars::LazyMap::get(&*turn.unit.board, &host));
            return match known {
                Some(Entry::Scope(scope)) => json!({"ok": all(&scope, &templar)}),
                _ => json!({"ok": null}),
            };
        }
        Want::Command { command, given, folder } => {
            let mut args = Map::from_iter([("command", Value::from(command))]);
            match given.map(|given| BASE64_STANDARD.decode(given)).transpose() {
                Ok(None) => {}
                Ok(Some(bytes)) => drop(args.insert("stdin", Value::Bytes(bytes.into()))),
                Err(why) => return error(format!("what the command is given cannot be read: {why}")),
            }
            if let Some(folder) = folder {
                args.insert("folder", folder);
            }
            if let Lasting::Async(_, poll) = target.manner.lasting {
                args.insert("background", if poll.is_some() { "waited" } else { "left" });
            }
            Invocation { module: "_command", args, ..Invocation::default() }
        }
        Want::Put { source, to } => Invocation {
            module: "_put",
            args: Map::from_iter([("to", to)]),
            uploads: vec![Upload::File(source)],
            ..Invocation::default()
        },
        Want::Fetch { source, to } => Invocation {
            module: "fetch",
            args: Map::from_iter([("src", source)]),
            download: Some(to),
            ..Invocation::default()
        },
    };
    let outcome = target.call(invocation).await;
    let bytes = |key: &str| match outcome.values.get(key) {
        Some(Value::Bytes(bytes)) => BASE64_STANDARD.encode(bytes),
        _ => String::new(),
    };
    let words = || outcome.msg.clone().unwrap_or_else(|| "it was stopped".to_owned());
    if target.lost().is_some() {
        json!({"unreachable": words()})
    } else if outcome.status == Status::Ok {
        let rc = outcome.values.get("rc").and_then(Value::as_int).unwrap_or_default();
        json!({"ok": {"rc": i64::try_from(rc).unwrap_or(1), "stdout": bytes("stdout"), "stderr": bytes("stderr")}})
    } else {
        error(words())
    }
}

/// What came of it: facts are the host's, and a host that could not be reached is told as everywhere.
fn outcome(turn: &Turn<'_>, target: &RemoteTarget<'_>, map: Map) -> Done {
    let facts = match map.get("ansible_facts") {
        Some(Value::Map(facts)) => Map::clone(facts),
        _ => Map::new(),
    };
    if map.get("unreachable").is_some_and(Value::is_truthy) {
        return target.unreachable(map.get("msg").map(ToString::to_string).unwrap_or_default()).into();
    }
    let invocation = turn.unit.shared.options.verbosity >= 3;
    let effects = Effects { facts, ..Effects::default() };
    Done { effects, ..result(map, Giver::Action, invocation).into() }
}
