//! `getent`: entries of a database of the system, as facts.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Answer, Context, Failure, Module, call};
use crate::base::spec::{CheckMode, OnResume, Spec, schema_of};
use crate::base::{Map, Value};
use crate::wire::Outcome;

/// Gives the fact `getent_DATABASE`: each entry by its first field, the others as a list.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// The database: `passwd`, `group`, `hosts`, `services`, …
    pub database: String,
    /// The entry; by default all.
    pub key: Option<String>,
    /// The service that is asked, such as `files`.
    pub service: Option<String>,
    /// What stands between fields; by default a colon where the database has it, else white space.
    pub split: Option<String>,
    /// Fails where there is no such entry; otherwise it is nothing.
    #[serde(default = "yes")]
    pub fail_key: bool,
}

fn yes() -> bool {
    true
}

pub(super) const SPEC: Spec = Spec {
    name: "getent",
    summary: "Reads entries of a database of the system.",
    free_form: None,
    open: false,
    on_resume: OnResume::Rerun,
    check: CheckMode::ReadOnly,
    schema: schema_of::<Args>,
};

/// The row of the table.
pub const MODULE: Module = Module { name: SPEC.name, run: |args, ctx| call(args, ctx, read) };

fn read(args: &Args, ctx: &mut Context<'_>) -> Answer {
    let program = ctx.needed("getent")?;
    let mut words = vec![program.as_str(), &args.database];
    words.extend(args.key.as_deref());
    words.extend(args.service.iter().flat_map(|service| ["-s", service.as_str()]));
    let said = ctx.ask(words)?;
    let colon = ["passwd", "shadow", "group", "gshadow"].contains(&args.database.as_str());
    let split = args.split.as_deref().or(colon.then_some(":"));
    let tree = format!("getent_{}", args.database);
    let outcome = |entries: Map| {
        Outcome::ok(false).with("ansible_facts", Map::from_iter([(tree.as_str(), Value::from(entries))]))
    };
    let missing = "One or more supplied key could not be found in the database.";
    match said.rc {
        0 => Ok(outcome(entries(&said.out, split))),
        1 => Err(Failure::new("Missing arguments, or database unknown.")),
        2 if !args.fail_key => {
            let key = args.key.as_deref().unwrap_or_default();
            Ok(Outcome { msg: Some(missing.to_owned()), ..outcome(Map::from_iter([(key, Value::Null)])) })
        }
        2 => Err(Failure::new(missing)),
        3 => Err(Failure::new("Enumeration not supported on this database.")),
        _ => Err(Failure::new("Unexpected failure!")),
    }
}

/// Entries by their first field; where there are several of one, they are a list.
fn entries(text: &str, split: Option<&str>) -> Map {
    let (mut found, mut several) = (Map::new(), Vec::new());
    for line in text.lines() {
        let mut fields: Vec<&str> = match split {
            Some(sign) if !sign.is_empty() => line.split(sign).collect(),
            _ => line.split_whitespace().collect(),
        };
        if fields.is_empty() {
            continue;
        }
        let name = fields.remove(0);
        let rest = Value::list(fields.into_iter().map(Value::from).collect());
        match found.get(name).cloned() {
            None => found.insert(name, rest),
            Some(Value::List(list)) if several.contains(&name) => {
                found.insert(name, Value::list(list.iter().cloned().chain([rest]).collect()))
            }
            Some(first) => {
                several.push(name);
                found.insert(name, Value::list(vec![first, rest]))
            }
        };
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_of_one_name_are_a_list() {
        let found = entries("a 1 2\nb 3\na 4\na 5\n\n", None);
        let shown = |name: &str| found.get(name).unwrap().to_string();
        assert_eq!(shown("a"), "[['1', '2'], ['4'], ['5']]");
        assert_eq!(shown("b"), "['3']");
        assert_eq!(entries("root:x:0\n", Some(":")).get("root").unwrap().to_string(), "['x', '0']");
    }
}
