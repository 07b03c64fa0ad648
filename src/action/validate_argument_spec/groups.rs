//! Rules about several arguments at once. Each gives what is wrong, in the reference's words.

use super::convert::shown;
use crate::base::{Map, Value};

/// Holds arguments against what is said under the rule's name.
pub(super) type Rule = fn(&Value, &Map) -> Option<String>;

/// Those that are asked before defaults are there.
pub(super) const EARLY: [(&str, Rule); 1] = [("mutually_exclusive", mutually_exclusive)];

/// Those that are asked when single arguments have been.
pub(super) const LATE: [(&str, Rule); 4] = [
    ("required_together", required_together),
    ("required_one_of", required_one_of),
    ("required_if", required_if),
    ("required_by", required_by),
];

/// The names of a group: a list, or a single one.
fn names(group: &Value) -> Vec<String> {
    group.as_list().map_or_else(|| vec![group.to_string()], |all| all.iter().map(Value::to_string).collect())
}

fn groups(rule: &Value) -> impl Iterator<Item = Vec<String>> {
    rule.as_list().unwrap_or_default().iter().map(names)
}

fn given<'a>(names: &'a [String], arguments: &'a Map) -> impl Iterator<Item = &'a String> {
    names.iter().filter(|name| arguments.contains_key(name))
}

fn mutually_exclusive(rule: &Value, arguments: &Map) -> Option<String> {
    let broken: Vec<String> = groups(rule)
        .filter(|group| given(group, arguments).count() > 1)
        .map(|group| group.join("|"))
        .collect();
    (!broken.is_empty()).then(|| format!("parameters are mutually exclusive: {}", broken.join(", ")))
}

fn required_together(rule: &Value, arguments: &Map) -> Option<String> {
    let broken = groups(rule).find(|group| (1..group.len()).contains(&given(group, arguments).count()))?;
    Some(format!("parameters are required together: {}", broken.join(", ")))
}

fn required_one_of(rule: &Value, arguments: &Map) -> Option<String> {
    let broken = groups(rule).find(|group| given(group, arguments).next().is_none())?;
    Some(format!("one of the following is required: {}", broken.join(", ")))
}

/// `[parameter, value, [others], any]`
fn required_if(rule: &Value, arguments: &Map) -> Option<String> {
    rule.as_list().unwrap_or_default().iter().find_map(|requirement| {
        let [name, value, others, any @ ..] = requirement.as_list()? else { return None };
        let any = any.first().is_some_and(Value::is_truthy);
        let others = names(others);
        if arguments.get(&name.to_string())? != value {
            return None;
        }
        let missing: Vec<&str> =
            others.iter().filter(|name| !arguments.contains_key(name)).map(String::as_str).collect();
        let broken = !missing.is_empty() && (!any || missing.len() == others.len());
        let which = if any { "any" } else { "all" };
        broken.then(|| {
            let missing = missing.join(", ");
            format!("{name} is {} but {which} of the following are missing: {missing}", shown(value))
        })
    })
}

fn required_by(rule: &Value, arguments: &Map) -> Option<String> {
    let is_given = |name: &str| arguments.get(name).is_some_and(|value| !value.is_null());
    rule.as_map()?.iter().find_map(|(key, required)| {
        let key = key.to_string();
        let missing: Vec<String> = names(required).into_iter().filter(|name| !is_given(name)).collect();
        (is_given(&key) && !missing.is_empty())
            .then(|| format!("missing parameter(s) required by '{key}': {}", missing.join(", ")))
    })
}
