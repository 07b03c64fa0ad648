//! `docker_container_exec`: a command in a container of the host.
//!
//! It is the module `command` in that container, through an agent there: so its output comes as it is printed, it has TERM, grace and
//! KILL, and as a round of a case it outlives the connection.

use schemars::JsonSchema;
use serde::Deserialize;

use super::refused::with_connection;
use super::words_of;
use crate::action::{Action, ActionContext, BoxFuture, Done, Invocation};
use crate::base::spec::{CheckMode, OnResume, Spec, schema_of};
use crate::base::{Map, Value, args};
use crate::connection::ContainerTarget;
use crate::wire::Outcome;

/// Always changed. Another exit code than 0 is a failure.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(transform = with_connection, extend(
    "x-exclusive" = [["command", "argv"]],
    "x-one-of" = [["command", "argv"]],
    "x-unsupported" = {
        "detach": "give the task `async` and `poll: 0`",
        "tty": "leave it out: without a terminal the output comes as it is printed",
    }
))]
struct Args {
    /// The container's name or id.
    container: String,
    /// The command line; quotes and backslashes protect as in a shell.
    command: Option<String>,
    /// The program and its arguments as a list.
    argv: Option<Vec<String>>,
    /// Where it runs.
    chdir: Option<String>,
    /// Added to its environment.
    #[serde(default)]
    env: Map,
    /// `USER`, `UID` or `UID:GID` inside; the image's own when not given.
    user: Option<String>,
    /// What the program reads.
    stdin: Option<String>,
    /// End `stdin` with a newline.
    #[serde(default = "yes")]
    stdin_add_newline: bool,
    /// Take empty lines off the end of the output.
    #[serde(default = "yes")]
    strip_empty_ends: bool,
    /// The engine's address, `unix:///path`; by default `ansible_docker_docker_host`, else /var/run/docker.sock.
    #[serde(alias = "docker_url")]
    #[schemars(extend("x-aliases" = ["docker_url"]))]
    docker_host: Option<String>,
}

fn yes() -> bool {
    true
}

pub(in crate::action) const ACTION: Action = Action {
    spec: Spec {
        name: "docker_container_exec",
        summary: "Runs a command in a container of the host.",
        free_form: None,
        open: false,
        on_resume: OnResume::Fail,
        check: CheckMode::Skipped,
        schema: schema_of::<Args>,
    },
    unrendered: &[],
    run,
};

fn run<'a>(map: &'a Map, ctx: &'a ActionContext<'a>) -> BoxFuture<'a, Done> {
    Box::pin(async move { exec(map, ctx).await.unwrap_or_else(|failed| failed).into() })
}

async fn exec(map: &Map, ctx: &ActionContext<'_>) -> Result<Outcome, Outcome> {
    let args: Args = args::from_map(map).map_err(|e| Outcome::failed(e.to_string()))?;
    let socket = ctx.target.socket(args.docker_host.as_deref(), ctx.templar)?;
    let words = match (args.argv, args.command) {
        (Some(words), _) => words,
        (None, line) => words_of(&line.map(Value::from).unwrap_or_default()).map_err(Outcome::failed)?,
    };
    let mut command = Map::from_iter([
        ("argv", Value::from(words)),
        ("stdin_add_newline", args.stdin_add_newline.into()),
        ("strip_empty_ends", args.strip_empty_ends.into()),
        // As they are: the engine fills in nothing either.
        ("expand_argument_vars", false.into()),
    ]);
    for (name, value) in [("chdir", args.chdir), ("stdin", args.stdin)] {
        if let Some(value) = value {
            command.insert(name, value);
        }
    }
    let user = args.user.as_deref().map(Into::into);
    let inside = ContainerTarget { name: args.container.as_str().into(), user, socket };
    let environment = args.env.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
    let invocation = Invocation {
        module: "command",
        args: command,
        inside: Some(inside),
        environment,
        ..Invocation::default()
    };
    Ok(ctx.target.call(invocation).await)
}
