//! `add_host`: a host that comes into the inventory during the run.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Action, ActionContext, AddedHost, BoxFuture, Done, Effects};
use crate::base::spec::{CheckMode, OnResume, Spec, schema_of};
use crate::base::{HostName, Map, Value};
use crate::wire::Outcome;

/// Adds a host to the inventory; later plays see it.
#[derive(Debug, Deserialize, JsonSchema)]
#[allow(dead_code)] // any other key is a variable, so the map is read as it is
struct Args {
    /// Its name.
    #[serde(alias = "hostname", alias = "host")]
    #[schemars(extend("x-aliases" = ["hostname", "host"]))]
    name: String,
    /// Groups that it joins; new ones are made.
    #[serde(default, alias = "group", alias = "groupname")]
    #[schemars(extend("x-aliases" = ["group", "groupname"]))]
    groups: Vec<String>,
}

pub(super) const ACTION: Action = Action {
    spec: Spec {
        name: "add_host",
        summary: "Adds a host to the inventory.",
        free_form: None,
        open: true,
        on_resume: OnResume::Rerun,
        check: CheckMode::ReadOnly,
        schema: schema_of::<Args>,
    },
    unrendered: &[],
    run,
};

fn run<'a>(map: &'a Map, _: &'a ActionContext<'a>) -> BoxFuture<'a, Done> {
    Box::pin(async move { add(map) })
}

fn add(map: &Map) -> Done {
    let mut vars = map.clone();
    let mut first = |names: [&str; 3]| {
        let mut found = None;
        for name in names {
            found = found.or(vars.remove(name));
        }
        found
    };
    let name = first(["name", "hostname", "host"]);
    let groups = first(["groups", "group", "groupname"]);
    let Some(name) = name.filter(|n| !n.to_string().is_empty()) else {
        return Outcome::failed("add_host needs a `name`").into();
    };
    let groups: Vec<std::sync::Arc<str>> = match groups {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::List(items)) => items.iter().map(|g| g.to_string().trim().into()).collect(),
        Some(text) => text
            .to_string()
            .split(',')
            .map(|g| g.trim().into())
            .filter(|g: &std::sync::Arc<str>| !g.is_empty())
            .collect(),
    };
    let name = name.to_string();
    let described = Map::from_iter([
        ("host_name", Value::from(name.as_str())),
        ("groups", groups.iter().map(std::convert::AsRef::as_ref).collect::<Vec<&str>>().into()),
        ("host_vars", Value::from(&vars)),
    ]);
    let outcome = Outcome::ok(true).with("add_host", described);
    let host = AddedHost { name: HostName::from(name), groups, vars };
    Done { outcome, effects: Effects { add_hosts: vec![host], ..Effects::default() }, shown: None }
}
