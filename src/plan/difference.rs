//! In what two plans differ, as they are kept ([`super::render::json()`]). Pure: it knows neither runs nor files.
//!
//! Steps are known by their ids, so an edit elsewhere changes nothing. What follows from something else is not said again: the steps of
//! a case that is new, the rounds of a `repeat` that has grown, a host of the play on each of its steps.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value as Json;

/// What changes are about, in the order in which they are told.
const ORDER: [&str; 6] = ["plays", "hosts", "in-container", "cases", "steps", "order"];
/// How many fields of one thing are named.
const FIELDS: usize = 3;
/// How long a value may be that is shown, in characters.
const SHOWN: usize = 48;

/// One difference, in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// `plays`, `hosts`, `in-container`, `cases`, `steps` or `order`.
    pub about: &'static str,
    /// `+` is only in the later plan, `-` only in the earlier one, `~` in both.
    pub mark: char,
    /// What it is.
    pub text: String,
}

/// What two plans have in common.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// In the order of [`Change::about`].
    pub changes: Vec<Change>,
    /// Steps that both have and that are the same.
    pub steps: usize,
    /// The same for cases.
    pub cases: usize,
}

/// Compares two plans, the earlier one first.
pub fn difference(before: &Json, after: &Json) -> Difference {
    let mut found = Difference::default();
    let (old, new) = (plays(before), plays(after));
    for name in old.keys().filter(|name| !new.contains_key(*name)) {
        found.say("plays", '-', name.clone());
    }
    for (name, play) in &new {
        match old.get(name) {
            None => found.say("plays", '+', name.clone()),
            Some(earlier) => {
                let of = if new.len() > 1 { format!(" of {name}") } else { String::new() };
                Pair { before: earlier, after: play, of }.compare(&mut found);
            }
        }
    }

    found.changes.sort_by_key(|change| ORDER.iter().position(|about| *about == change.about));
    found
}

impl Difference {
    fn say(&mut self, about: &'static str, mark: char, text: String) {
        self.changes.push(Change { about, mark, text });
    }
}

/// Plays by their names; of several with one name the later ones are numbered.
fn plays(plan: &Json) -> BTreeMap<String, &Json> {
    let mut found = BTreeMap::new();
    for play in list(&plan["plays"]) {
        let name = play["name"].as_str().unwrap_or_default();
        let numbered = (2..).map(|number| format!("{name} #{number}"));
        let free = std::iter::once(name.to_owned()).chain(numbered).find(|name| !found.contains_key(name));
        found.extend(free.map(|name| (name, play)));
    }
    found
}

/// A play in both plans.
struct Pair<'a> {
    before: &'a Json,
    after: &'a Json,
    /// How texts name the play; nothing where there is only one.
    of: String,
}

impl Pair<'_> {
    fn compare(&self, found: &mut Difference) {
        let Self { before, after, of } = self;
        let (old, new) = (words(&before["hosts"]), words(&after["hosts"]));
        marks(found, "hosts", &old, &new, of);
        for (field, what) in
            [("strategy", "strategy"), ("after", "needs"), ("seed", "seed of the random order")]
        {
            if before[field] != after[field] {
                let text = format!("{what}{of}: {} → {}", shown(&before[field]), shown(&after[field]));
                found.say("plays", '~', text);
            }
        }
        let batches = |play: &Json| list(&play["batches"]).len();
        if batches(before) != batches(after) {
            found.say("plays", '~', format!("batches{of}: {} → {}", batches(before), batches(after)));
        }
        let inside = |play: &Json| -> BTreeSet<String> {
            play["in_container"].as_object().into_iter().flatten().map(|(host, _)| host.clone()).collect()
        };
        marks(found, "in-container", &inside(before), &inside(after), of);
        self.compare_cases(found);
        self.compare_steps(found);
    }

    fn compare_cases(&self, found: &mut Difference) {
        let (old, new) = (by_id(&self.before["cases"]), by_id(&self.after["cases"]));
        let ids = |cases: &BTreeMap<&str, &Json>| cases.keys().map(|id| (*id).to_owned()).collect();
        marks(found, "cases", &ids(&old), &ids(&new), "");
        for (id, case) in &new {
            let Some(earlier) = old.get(id) else { continue };
            let changed = self.fields(earlier, case, &["place", "id", "name"]);
            if changed.is_empty() {
                found.cases += 1;
            } else {
                found.say("cases", '~', format!("{id}: {}", few(&changed)));
            }
        }
    }

    fn compare_steps(&self, found: &mut Difference) {
        let (old, new) = (by_id(&self.before["steps"]), by_id(&self.after["steps"]));
        let count = found.changes.len();
        let mut lines: Vec<(char, String, usize)> = Vec::new();
        let mut line = |mark, text: String| match lines.iter_mut().find(|(m, t, _)| *m == mark && *t == text)
        {
            Some((_, _, count)) => *count += 1,
            None => lines.push((mark, text, 1)),
        };
        for step in list(&self.before["steps"]) {
            if !new.contains_key(id(step)) && !follows(step, self.after) {
                line('-', title(step));
            }
        }
        for step in list(&self.after["steps"]) {
            let Some(earlier) = old.get(id(step)) else {
                if !follows(step, self.before) {
                    line('+', title(step));
                }
                continue;
            };
            let changed = self.fields(earlier, step, &["place", "scope", "id", "case"]);
            if changed.is_empty() {
                found.steps += 1;
            } else {
                line('~', format!("{}: {}", title(step), few(&changed)));
            }
        }
        for (mark, text, count) in lines {
            let times = if count > 1 { format!(" ({count} steps)") } else { String::new() };
            found.say("steps", mark, format!("{text}{times}"));
        }
        let same = |field: &str| self.before[field] == self.after[field];
        if found.changes.len() == count && old.keys().eq(new.keys()) && same("strategy") && same("seed") {
            self.compare_order(found);
        }
    }

    /// Of two plays with the same steps.
    fn compare_order(&self, found: &mut Difference) {
        let edges = |play: &Json| -> BTreeSet<String> {
            let edge =
                |e: &Json| format!("{} → {} ({})", shown(&e["from"]), shown(&e["to"]), shown(&e["order"]));
            list(&play["edges"]).iter().map(edge).collect()
        };
        let (old, new) = (edges(self.before), edges(self.after));
        for (mark, mut only) in
            [('-', old.difference(&new).peekable()), ('+', new.difference(&old).peekable())]
        {
            if let Some(first) = only.next() {
                let more = only.count();
                let more = if more > 0 { format!(" and {more} more") } else { String::new() };
                found.say("order", mark, format!("{first}{more}{}", self.of));
            }
        }
    }

    /// Fields with other values, `name: a → b` each. Hosts that the whole play has gained or lost are not said again.
    fn fields(&self, before: &Json, after: &Json, leave_out: &[&str]) -> Vec<String> {
        let mut found = Vec::new();
        let (old, new) = (words(&self.before["hosts"]), words(&self.after["hosts"]));
        for field in keys(before, after).into_iter().filter(|field| !leave_out.contains(field)) {
            let (a, b) = (&before[field], &after[field]);
            if field == "hosts" {
                let both: BTreeSet<_> = old.intersection(&new).collect();
                let kept = |hosts: &Json| -> Vec<String> {
                    words(hosts).into_iter().filter(|host| both.contains(host)).collect()
                };
                if kept(a) != kept(b) {
                    found.push(format!("hosts: {} → {}", kept(a).join(" "), kept(b).join(" ")));
                }
            } else {
                changed(if field == "kind" { "" } else { field }, a, b, &mut found);
            }
        }
        found
    }
}

/// Whether a step that a plan has not is missing there because its case is, or has fewer rounds, or because it is pruned there.
fn follows(step: &Json, other: &Json) -> bool {
    let pruned = list(&other["pruned"]).iter().any(|pruned| pruned["step"] == step["id"]);
    let Some(id) = step["case"]["id"].as_str() else { return pruned };
    let Some(case) = list(&other["cases"]).iter().find(|case| case["id"] == id) else { return true };
    let rounds = if step["case"]["warmup"] == true { &case["warmup"] } else { &case["repeat"] };
    pruned || step["case"]["round"].as_u64() > rounds.as_u64() && step["case"]["round"].is_u64()
}

/// A step as its user knows it: what it is called, and where it stands.
fn title(step: &Json) -> String {
    let name = if step["detail"].is_string() { &step["stage"] } else { &step["name"] };
    let place = step["place"].as_str().unwrap_or_default();
    let line = place.rsplit_once(':').map_or(place, |(line, _)| line);
    format!("{} ({line})", shown(name))
}

/// Members of one set only.
fn marks(
    found: &mut Difference,
    about: &'static str,
    old: &BTreeSet<String>,
    new: &BTreeSet<String>,
    of: &str,
) {
    for (mark, only) in [('-', old.difference(new)), ('+', new.difference(old))] {
        for member in only {
            found.say(about, mark, format!("{member}{of}"));
        }
    }
}

/// What differs between two values, with the way into them.
fn changed(path: &str, before: &Json, after: &Json, found: &mut Vec<String>) {
    if before == after {
        return;
    }
    if before.is_object() && after.is_object() {
        for key in keys(before, after) {
            let path = if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
            changed(&path, &before[key], &after[key], found);
        }
        return;
    }
    if let (Json::Array(a), Json::Array(b)) = (before, after)
        && a.len() == b.len()
        && a.iter().chain(b).all(Json::is_object)
    {
        for (number, (a, b)) in a.iter().zip(b).enumerate() {
            changed(&format!("{path}[{number}]"), a, b, found);
        }
        return;
    }
    found.push(format!("{path}: {} → {}", shown(before), shown(after)));
}

fn few(changed: &[String]) -> String {
    let named = changed.iter().take(FIELDS).cloned().collect::<Vec<_>>().join(", ");
    match changed.len().saturating_sub(FIELDS) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}

/// A value, cut where it is long.
fn shown(value: &Json) -> String {
    let text = match value {
        Json::Null => "nothing".to_owned(),
        Json::String(text) => text.replace('\n', " "),
        other => other.to_string(),
    };
    if text.chars().count() <= SHOWN { text } else { text.chars().take(SHOWN - 1).chain(['…']).collect() }
}

fn list(value: &Json) -> &[Json] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn words(value: &Json) -> BTreeSet<String> {
    list(value).iter().filter_map(Json::as_str).map(str::to_owned).collect()
}

fn id(value: &Json) -> &str {
    value["id"].as_str().unwrap_or_default()
}

fn by_id(values: &Json) -> BTreeMap<&str, &Json> {
    list(values).iter().map(|value| (id(value), value)).collect()
}

fn keys<'a>(before: &'a Json, after: &'a Json) -> Vec<&'a str> {
    let of = |value: &'a Json| value.as_object().into_iter().flatten().map(|(key, _)| key.as_str());
    let mut keys: Vec<&str> = of(after).collect();
    keys.extend(of(before).filter(|key| after.get(key).is_none()));
    keys
}
