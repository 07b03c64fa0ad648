//! `gather_facts`: has the module `setup` look at the target, as plays do by themselves.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Action, ActionContext, BoxFuture, Done, Effects, Invocation};
use crate::base::spec::{CheckMode, OnResume, Spec, schema_of};
use crate::base::{Map, Value};

/// Finds out about the target; takes the arguments of `setup`.
#[derive(Debug, Deserialize, JsonSchema)]
#[allow(dead_code)] // they go on to `setup` as they are
struct Args {
    /// Which groups of facts.
    #[serde(default)]
    gather_subset: Vec<String>,
    /// Only facts of these names.
    #[serde(default)]
    filter: Vec<String>,
    /// Seconds for one group of facts.
    #[serde(default)]
    gather_timeout: Option<u64>,
}

pub(super) const ACTION: Action = Action {
    spec: Spec {
        name: "gather_facts",
        summary: "Finds out about the target.",
        free_form: None,
        open: false,
        on_resume: OnResume::Rerun,
        check: CheckMode::ReadOnly,
        schema: schema_of::<Args>,
    },
    unrendered: &[],
    run,
};

fn run<'a>(map: &'a Map, ctx: &'a ActionContext<'a>) -> BoxFuture<'a, Done> {
    Box::pin(async move {
        let invocation = Invocation { module: "setup", args: map.clone(), ..Invocation::default() };
        let outcome = ctx.target.call(invocation).await;
        let facts = outcome.values.get("ansible_facts").and_then(Value::as_map).cloned().unwrap_or_default();
        Done { outcome, effects: Effects { facts, ..Effects::default() }, shown: None }
    })
}
