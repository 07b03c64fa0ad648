//! `pip`: tells the module which Python the host's variables name.

use schemars::Schema;

use super::manager::word;
use super::{Action, ActionContext, BoxFuture, Done, Invocation};
use crate::base::Map;
use crate::base::spec::{CheckMode, OnResume, Spec, schema_of};
use crate::module;
use crate::wire::Outcome;

pub(super) const ACTION: Action = Action {
    spec: Spec {
        name: "pip",
        summary: "Installs, upgrades or removes packages of Python.",
        free_form: None,
        open: false,
        on_resume: OnResume::Rerun,
        check: CheckMode::Full,
        schema,
    },
    unrendered: &[],
    run,
};

/// The arguments are the module's.
fn schema() -> Schema {
    schema_of::<module::pip::Args>()
}

fn run<'a>(map: &'a Map, ctx: &'a ActionContext<'a>) -> BoxFuture<'a, Done> {
    Box::pin(async move { pip(map, ctx).await.unwrap_or_else(|failed| failed).into() })
}

async fn pip(map: &Map, ctx: &ActionContext<'_>) -> Result<Outcome, Outcome> {
    let scope = ctx.templar.scope();
    let python = match scope.lookup("ansible_python_interpreter").filter(|_| !ctx.delegated) {
        None => None,
        Some((value, _)) => {
            let value = ctx.templar.render(value).map_err(|error| Outcome::failed(error.to_string()))?;
            word(Some(&value)).filter(|python| !python.starts_with("auto"))
        }
    };
    let environment = python.map(|python| (module::pip::PYTHON.to_owned(), python)).into_iter().collect();
    let invocation = Invocation { module: "pip", args: map.clone(), environment, ..Invocation::default() };
    Ok(ctx.target.call(invocation).await)
}
