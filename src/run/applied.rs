//! How a step ended, as the journal keeps it and as it comes back from there: everything that the dispatcher applies.
//!
//! The event that everybody hears has most of it; [`Applied`] is the rest, and the result where the event shows less than
//! there is.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::dispatcher::Dispatcher;
use super::queue::HostNo;
use super::unit::{CaseFolder, Finished, round_of};
use crate::action::Effects;
use crate::base::{Map, Value, exact};
use crate::event::{Ending, Event, Figure, Kept, Record};
use crate::model::{RoleFrom, Switch};
use crate::plan::{Inclusion, Step};

/// What an end means beyond what is told about it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Applied {
    /// Where what is told is not all of it, or not exactly it.
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<Wrapped>,
    #[serde(skip_serializing_if = "Option::is_none")]
    msg: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    secret: bool,
    /// The host did it for all of the step's hosts.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    once: bool,
    #[serde(skip_serializing_if = "is_default")]
    effects: Effects,
    /// The facts are the result's `ansible_facts`, which are not kept twice.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    facts_in_result: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notify: Vec<Arc<str>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    inclusions: Vec<Wish>,
    #[serde(skip_serializing_if = "Option::is_none")]
    folder: Option<CaseFolder>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Wrapped(#[serde(with = "exact::map")] Map);

/// What an include asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Wish {
    target: Arc<str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<RoleFrom>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    switches: Vec<(Switch, bool)>,
    #[serde(with = "exact::map")]
    vars: Map,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// An end that comes back from the journal.
#[derive(Debug)]
pub(super) struct Known {
    /// As the unit gave it.
    pub finished: Finished,
    /// Whether the host did it for all.
    pub once: bool,
}

impl Dispatcher {
    /// Tells how a step ended on a host, and writes down what is needed to apply it again.
    pub(super) fn tell_end(
        &mut self,
        host: HostNo,
        what: &Step,
        finished: &Finished,
        once: bool,
        silent: bool,
    ) {
        if self.replaying {
            return;
        }
        let (round, warmup) = round_of(what);
        let told = Event::StepEnded {
            step: what.id.clone(),
            name: finished.name.clone(),
            host: self.name(host).clone(),
            stage: what.stage.as_ref().map(|s| s.name().to_owned()),
            case: what.case.as_ref().map(|c| c.id.clone()),
            round,
            warmup,
            fate: finished.fate.clone(),
            // Some modules say nothing with an empty text, as Ansible's do.
            msg: finished.msg.clone().filter(|msg| !finished.secret && !msg.is_empty()),
            causes: if finished.secret { Vec::new() } else { finished.causes.clone() },
            result: shown(finished),
            started: finished.started,
            ended: finished.ended,
            there: finished.there.filter(|_| round.is_some()),
            place: what.span.file_line(),
            handler: what.handling,
            diff: if finished.secret { Vec::new() } else { finished.diff.clone() },
        };
        if !silent {
            (self.shared.events)(&told);
        }
        let applied = kept(finished, &told, once);
        let time = self.shared.clock.now();
        self.record(Record::Ended(Box::new(Ending { time, told, silent, applied })));
    }
}

/// What the journal keeps beside the event.
fn kept(finished: &Finished, told: &Event, once: bool) -> Kept {
    let Event::StepEnded { msg: said, .. } = told else {
        return Kept::Clear(serde_json::Value::Null);
    };
    let complete = !finished.secret && exact::is_plain_map(&finished.result);
    let nothing = || Kept::Clear(serde_json::Value::Object(serde_json::Map::new()));
    // Nearly always there is nothing more to say, and it need not be looked for in copies.
    if complete && !once && said == &finished.msg && finished.brings_nothing() {
        return nothing();
    }
    let mut effects = finished.effects.clone();
    let facts = finished.result.get("ansible_facts").and_then(Value::as_map);
    let facts_in_result = !effects.facts.is_empty() && facts == Some(&effects.facts);
    if facts_in_result {
        effects.facts = Map::new();
    }
    let wish = |i: &Inclusion| {
        let Inclusion { target, from, switches, vars } = i.clone();
        Wish { target, from, switches, vars }
    };
    let secret = finished.secret || holds_secret(finished);
    let applied = Applied {
        result: (!complete).then(|| Wrapped(Map::clone(&finished.result))),
        msg: finished.msg.clone().filter(|msg| said.as_ref() != Some(msg)),
        secret: finished.secret,
        once,
        effects,
        facts_in_result,
        notify: finished.notify.clone(),
        inclusions: finished.inclusions.iter().map(wish).collect(),
        folder: finished.folder.clone(),
    };
    if applied == Applied::default() {
        return nothing();
    }
    let json = serde_json::to_value(&applied).expect("values become JSON under every name");
    if secret { Kept::Secret(json) } else { Kept::Clear(json) }
}

fn holds_secret(finished: &Finished) -> bool {
    let Effects { set_facts, facts, include_vars, add_hosts, delegated, .. } = &finished.effects;
    let wishes = finished.inclusions.iter().map(|i| &i.vars);
    let maps = [&*finished.result, set_facts, facts, include_vars].into_iter();
    let maps = maps.chain(delegated.iter().flat_map(|host| [&host.set_facts, &host.facts]));
    let maps = maps.chain(add_hosts.iter().map(|h| &h.vars)).chain(wishes);
    maps.into_iter().any(|map| exact::has_secret(&Value::from(map)))
}

/// An end as the unit gave it, or what is wrong with the record.
pub(super) fn known(ending: &Ending, figures: Vec<Figure>) -> Result<Known, String> {
    let Event::StepEnded { name, fate, msg, result, started, ended, .. } = &ending.told else {
        return Err("an end that tells of something else".to_owned());
    };
    let applied: Applied = match &ending.applied {
        Kept::Clear(json) | Kept::Secret(json) => {
            serde_json::from_value(json.clone()).map_err(|e| e.to_string())?
        }
        Kept::Sealed(_) => return Err("it is encrypted".to_owned()),
    };
    let told = || match exact::decode(&serde_json::to_value(result).map_err(|e| e.to_string())?)? {
        Value::Map(map) => Ok::<Map, String>(Arc::unwrap_or_clone(map)),
        _ => Ok(Map::new()),
    };
    let result = applied.result.map_or_else(told, |Wrapped(map)| Ok(map))?;
    let mut effects = applied.effects;
    if applied.facts_in_result {
        effects.facts = result.get("ansible_facts").and_then(Value::as_map).cloned().unwrap_or_default();
    }
    let finished = Finished {
        name: name.clone(),
        msg: applied.msg.or_else(|| msg.clone()),
        result: Arc::new(result),
        secret: applied.secret,
        effects,
        notify: applied.notify,
        figures,
        inclusions: applied
            .inclusions
            .into_iter()
            .map(|Wish { target, from, switches, vars }| Inclusion { target, from, switches, vars })
            .collect(),
        folder: applied.folder,
        ended: *ended,
        ..Finished::new(fate.clone(), *started)
    };
    Ok(Known { finished, once: applied.once })
}

/// A result as it may be shown and kept in clear.
fn shown(finished: &Finished) -> Value {
    if !finished.secret {
        return Value::Map(Arc::clone(&finished.result));
    }
    let words =
        "the output has been hidden due to the fact that 'no_log: true' was specified for this result";
    let mut map = Map::from_iter([("censored", words)]);
    for key in ["changed", "failed", "skipped", "attempts"] {
        if let Some(value) = finished.result.get(key) {
            map.insert(key, value.clone());
        }
    }
    map.into()
}
