//! Which module fits the target, where a task says what it wants and not by what: services and packages.

use super::{ActionContext, Invocation};
use crate::base::{Map, Value};
use crate::wire::{Outcome, Status};

/// The word of a task that nobody has to say.
pub(super) const AUTO: &str = "auto";

/// A fact of the target: of those that are known, or asked for.
pub(super) async fn fact(name: &str, ctx: &ActionContext<'_>) -> Result<Option<String>, Outcome> {
    let known = ctx.templar.scope().lookup("ansible_facts").filter(|_| !ctx.delegated);
    let known = known.and_then(|(facts, _)| word(facts.get(name)));
    if known.is_some() {
        return Ok(known);
    }
    let wanted = format!("ansible_{name}");
    let args = Map::from_iter([("gather_subset", "!all"), ("filter", wanted.as_str())]);
    let outcome = ctx.target.call(Invocation { module: "setup", args, ..Invocation::default() }).await;
    if outcome.status != Status::Ok {
        return Err(outcome);
    }
    Ok(word(outcome.values.get("ansible_facts").and_then(|facts| facts.get(&wanted))))
}

/// A text that says something.
pub(super) fn word(value: Option<&Value>) -> Option<String> {
    value.filter(|value| value.is_truthy()).map(ToString::to_string)
}

/// The arguments without `use`, and what that says.
pub(super) fn chosen(map: &Map) -> (Map, Option<String>) {
    let mut args = map.clone();
    let chosen = word(args.remove("use").as_ref()).filter(|name| name != AUTO);
    (args, chosen)
}
