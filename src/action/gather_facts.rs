//! `gather_facts`: has modules find out about the target, as plays do by themselves: `setup`, or those that
//! `ansible_facts_modules` names.

use std::time::Duration;

use futures_util::future::join_all;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Action, ActionContext, BoxFuture, Done, Effects};
use crate::base::spec::{CheckMode, OnResume, Spec, schema_of, short_name};
use crate::base::{Map, Value};
use crate::vars::merged_deeply;
use crate::wire::{Outcome, Status};

/// Finds out about the target: with `setup`, or with the modules that the variable `ansible_facts_modules` names. What else is
/// given goes on to them; `gather_subset`, `gather_timeout` and `filter` only to `setup`.
#[derive(Debug, Deserialize, JsonSchema)]
#[allow(dead_code)] // they go on to the modules as they are
struct Args {
    /// Which groups of facts.
    #[serde(default)]
    gather_subset: Vec<String>,
    /// Only facts of these names.
    #[serde(default)]
    filter: Vec<String>,
    /// Seconds for one group of facts; where modules work side by side, for each of them that is not `setup`.
    #[serde(default)]
    gather_timeout: Option<u64>,
    /// Whether modules work side by side; usual when there is more than one.
    #[serde(default)]
    parallel: Option<bool>,
}

pub(super) const ACTION: Action = Action {
    spec: Spec {
        name: "gather_facts",
        summary: "Finds out about the target.",
        free_form: None,
        open: true,
        on_resume: OnResume::Rerun,
        check: CheckMode::ReadOnly,
        schema: schema_of::<Args>,
    },
    unrendered: &[],
    run,
};

/// The variable that says which modules.
const MODULES: &str = "ansible_facts_modules";
/// The variable that says whether they work side by side.
const PARALLEL: &str = "ansible_facts_parallel";
/// Instead of a name: what fits the target.
const SMART: &str = "smart";
/// What fits every target that an agent works on.
const SETUP: &str = "ansible.legacy.setup";
/// Arguments that only `setup` gets, and how they are called when others do without.
const OF_SETUP: [(&str, &str); 3] =
    [("gather_subset", "subset"), ("gather_timeout", "timeout"), ("filter", "filter")];

/// One module, and what it is called with.
struct Call {
    name: String,
    args: Map,
    limit: Option<Duration>,
    warnings: Vec<String>,
}

/// What the modules have found so far.
#[derive(Default)]
struct Found {
    facts: Map,
    warnings: Vec<String>,
    skipped: Map,
    failed: Map,
    /// What the failed ones say.
    reasons: Vec<String>,
}

fn run<'a>(map: &'a Map, ctx: &'a ActionContext<'a>) -> BoxFuture<'a, Done> {
    Box::pin(async move { gather(map, ctx).await.unwrap_or_else(|failed| *failed) })
}

/// An error is what ends the task as a whole: nobody has the module, the host is gone, the run is being stopped.
async fn gather(map: &Map, ctx: &ActionContext<'_>) -> Result<Done, Box<Done>> {
    let names = names(ctx)?;
    let mut args = map.clone();
    let said = variable(PARALLEL, ctx)?.or_else(|| args.remove("parallel")).filter(|said| !said.is_null());
    let parallel = match &said {
        None => names.len() > 1,
        Some(said) => said.to_bool().ok_or_else(|| {
            Outcome::failed(format!("Task failed: The value '{said}' is not a valid boolean."))
        })?,
    };
    let calls: Vec<Call> = names.iter().map(|name| call(name, &args, parallel)).collect();
    let mut found = Found::default();
    if parallel {
        let all = calls.into_iter().map(|call| async { (call.name.clone(), done(call, ctx).await) });
        for (name, outcome) in join_all(all).await {
            found.add(name, outcome?);
        }
    } else {
        for call in calls {
            found.add(call.name.clone(), done(call, ctx).await?);
        }
    }
    Ok(found.end(names.len(), ctx.as_ansible))
}

/// The modules to call, in order.
fn names(ctx: &ActionContext<'_>) -> Result<Vec<String>, Box<Done>> {
    let mut names: Vec<String> = match variable(MODULES, ctx)? {
        None => vec![SMART.to_owned()],
        Some(Value::List(names)) => names.iter().map(ToString::to_string).collect(),
        Some(text) => text.to_string().split(',').map(|name| name.trim().to_owned()).collect(),
    };
    if names.iter().any(|name| name == SMART) {
        names.retain(|name| name != SMART);
        if !names.iter().any(|name| is_setup(name)) {
            names.push(SETUP.to_owned());
        }
    }
    Ok(names)
}

fn variable(name: &str, ctx: &ActionContext<'_>) -> Result<Option<Value>, Box<Done>> {
    let Some((value, _)) = ctx.templar.scope().lookup(name) else { return Ok(None) };
    Ok(Some(ctx.templar.render(value)?))
}

fn is_setup(name: &str) -> bool {
    short_name(name.strip_prefix("ansible.legacy.").unwrap_or(name)) == "setup"
}

/// What goes on to a module.
fn call(name: &str, args: &Map, parallel: bool) -> Call {
    let (mut args, mut warnings, mut limit) = (args.clone(), Vec::new(), None);
    if !is_setup(name) {
        for (argument, word) in OF_SETUP {
            let Some(value) = args.remove(argument).filter(|value| !value.is_null()) else { continue };
            if argument == "gather_timeout" && parallel {
                limit = value.as_float().or_else(|| value.as_str()?.parse().ok());
            }
            let all = argument == "gather_subset"
                && matches!(value.as_list().unwrap_or(std::slice::from_ref(&value)), [one] if one.as_str() == Some("all"));
            if !all {
                warnings.push(format!("Not passing {word}({value}) to {name}"));
            }
        }
    }
    // What is nothing is left out.
    let args = args.iter().filter(|(_, value)| !value.is_null());
    let args = args.map(|(key, value)| (key.clone(), value.clone())).collect();
    let limit = limit.filter(|seconds| *seconds > 0.0).and_then(|s| Duration::try_from_secs_f64(s).ok());
    Call { name: name.to_owned(), args, limit, warnings }
}

async fn done(call: Call, ctx: &ActionContext<'_>) -> Result<Outcome, Outcome> {
    let Call { name, args, limit, warnings } = call;
    let called = ctx.modules.call(&name, args, limit).await;
    let mut outcome = called.map_err(|why| Outcome::failed(format!("Task failed: {why}")))?;
    let own = limit.filter(|limit| ctx.timeout.is_none_or(|all| *limit < all));
    match outcome.status {
        Status::TimedOut if own.is_some() => outcome = Outcome::failed("Timeout exceeded"),
        Status::TimedOut | Status::Cancelled => return Err(outcome),
        _ if outcome.values.get("unreachable").is_some() => return Err(outcome),
        _ => {}
    }
    outcome.warnings.splice(0..0, warnings);
    Ok(outcome)
}

/// What a module gave that has no facts: only what is so is said.
fn told(mut outcome: Outcome) -> Map {
    let map = outcome.take_register();
    let flags = ["changed", "failed"];
    let said = |key: &str, value: &Value| value.is_truthy() || !flags.contains(&key);
    map.iter().filter(|(k, v)| said(&k.to_string(), v)).map(|(k, v)| (k.clone(), v.clone())).collect()
}

impl Found {
    fn add(&mut self, name: String, mut outcome: Outcome) {
        self.warnings.append(&mut outcome.warnings);
        match outcome.status {
            Status::Ok => {
                if let Some(Value::Map(facts)) = outcome.values.remove("ansible_facts") {
                    self.facts = if self.facts.is_empty() {
                        Map::clone(&facts)
                    } else {
                        merged_deeply(&self.facts, &facts)
                    };
                }
            }
            Status::Skipped => {
                self.skipped.insert(name, told(outcome));
            }
            _ => {
                self.reasons.extend(outcome.msg.clone());
                let mut failed = told(outcome);
                failed.insert("exception", "(traceback unavailable)");
                self.failed.insert(name, failed);
            }
        }
    }

    fn end(self, modules: usize, as_ansible: bool) -> Done {
        let listed = |map: &Map| map.keys().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let mut outcome = Outcome { warnings: self.warnings, ..Outcome::ok(false) };
        outcome.values.insert("ansible_facts", &self.facts);
        if !self.skipped.is_empty() {
            outcome.msg = Some(format!("The following modules were skipped: {}.", listed(&self.skipped)));
            if self.skipped.len() == modules {
                outcome.status = Status::Skipped;
            }
            outcome.values.insert("skipped_modules", self.skipped);
        }
        if !self.failed.is_empty() {
            let words = format!("The following modules failed to execute: {}.", listed(&self.failed));
            // Its own words are more to the point than who said them.
            outcome.msg = Some(if as_ansible { words } else { self.reasons.join("; ") });
            outcome.status = Status::Failed;
            outcome.values.insert("failed_modules", self.failed);
        }
        Done { outcome, effects: Effects { facts: self.facts, ..Effects::default() }, ..Done::default() }
    }
}
