//! Figures of the user's own (`set_stats`), and how they are shown below the recap.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;

use super::json;
use crate::base::{HostName, Map, StepId, Value};

/// What results have given so far: per host, and for the run.
#[derive(Debug, Default)]
pub(super) struct Stats {
    hosts: BTreeMap<HostName, Map>,
    run: Map,
    /// What the last host of each step gave, for those that it speaks for (`run_once`).
    given: HashMap<StepId, Vec<Value>>,
}

impl Stats {
    /// What the result of a task that has gone well adds, and each of its items. Hidden ones add nothing.
    pub fn see(&mut self, step: &StepId, host: &HostName, result: &Value) {
        let given = given(result);
        for stats in &given {
            self.add(host, stats);
        }
        self.given.insert(step.clone(), given);
    }

    /// Another host has done a step for this one, too: what it gave per host counts here as well.
    pub fn share(&mut self, step: &StepId, host: &HostName) {
        let given = self.given.get(step).cloned().unwrap_or_default();
        for stats in given.iter().filter(|stats| is_per_host(stats)) {
            self.add(host, stats);
        }
    }

    fn add(&mut self, host: &HostName, stats: &Value) {
        let Some(data) = stats.get("data").and_then(Value::as_map).filter(|data| !data.is_empty()) else {
            return;
        };
        let whose =
            if is_per_host(stats) { self.hosts.entry(host.clone()).or_default() } else { &mut self.run };
        let adds = stats.get("aggregate").is_some_and(Value::is_truthy);
        for (name, new) in data.iter() {
            let sum = whose.get_key(name).filter(|_| adds).map(|old| sum(old, new));
            whose.insert(name.clone(), sum.unwrap_or_else(|| new.clone()));
        }
    }

    /// The lines, if there is anything.
    pub fn lines(&self) -> Option<String> {
        let mut text = String::new();
        let shown = |map: &Map| json::narrow(&Value::from(map.clone()));
        for (host, map) in &self.hosts {
            // Writing to a text cannot fail.
            let _ = writeln!(text, "\t{host}: {}", shown(map));
        }
        if !self.run.is_empty() {
            let _ = writeln!(text, "\n\tRUN: {}", shown(&self.run));
        }
        (!text.is_empty()).then(|| text + "\n")
    }
}

/// The figures in a result and in those of its items.
fn given(result: &Value) -> Vec<Value> {
    let own = result.get("ansible_stats").cloned();
    let items = result.get("results").and_then(Value::as_list).unwrap_or_default();
    items.iter().flat_map(given).chain(own).collect()
}

fn is_per_host(stats: &Value) -> bool {
    stats.get("per_host").is_none_or(Value::is_truthy)
}

/// What Python's `+` makes of two values; mappings are merged. Of two types the first stays.
fn sum(old: &Value, new: &Value) -> Value {
    match (old, new) {
        (Value::Int(a), Value::Int(b)) => Value::Int(a.saturating_add(*b)),
        (Value::Float(a), Value::Float(b)) => Value::Float(a + b),
        (Value::Bool(a), Value::Bool(b)) => Value::Int(i128::from(*a) + i128::from(*b)),
        (Value::String(a), Value::String(b)) => format!("{}{}", a.as_str(), b.as_str()).into(),
        (Value::List(a), Value::List(b)) => Value::list(a.iter().chain(b.iter()).cloned().collect()),
        (Value::Map(a), Value::Map(b)) => merged(a, b).into(),
        _ => old.clone(),
    }
}

fn merged(below: &Map, above: &Map) -> Map {
    let mut out = below.clone();
    for (key, new) in above.iter() {
        let value = match (out.get_key(key), new) {
            (Some(Value::Map(old)), Value::Map(new)) => merged(old, new).into(),
            _ => new.clone(),
        };
        out.insert(key.clone(), value);
    }
    out
}
