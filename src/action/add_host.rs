//! `add_host`: a host that comes into the inventory during the run.

use std::sync::Arc;

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

/// `HOST:PORT`, `[ADDRESS]:PORT`
fn with_port(name: &str) -> Option<(String, u16)> {
    let (host, port) = name.rsplit_once(':')?;
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let host = bare.or_else(|| (!host.contains(':')).then_some(host))?;
    Some((host.to_owned(), port.parse().ok()?))
}

fn add(map: &Map) -> Done {
    let mut vars = map.clone();
    let first = |names: [&str; 3]| names.iter().find_map(|name| map.get(name)).cloned();
    let name = first(["name", "hostname", "host"]);
    let groups = first(["groupname", "groups", "group"]);
    // `host` and `group` are variables of the host as well, as in Ansible.
    for name in ["name", "hostname", "groupname", "groups"] {
        vars.remove(name);
    }
    let Some(name) = name.filter(|n| !n.to_string().is_empty()) else {
        return Outcome::failed("add_host needs a `name`").into();
    };
    let groups: Vec<Arc<str>> = match groups {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::List(items)) => items.iter().map(|g| g.to_string().trim().into()).collect(),
        Some(text) => text
            .to_string()
            .split(',')
            .map(|g| g.trim().into())
            .filter(|g: &Arc<str>| !g.is_empty())
            .collect(),
    };
    let mut name = name.to_string();
    if let Some((host, port)) = with_port(&name) {
        vars.insert("ansible_ssh_port", port);
        name = host;
    }
    let described = Map::from_iter([
        ("host_name", Value::from(name.as_str())),
        ("groups", groups.iter().map(std::convert::AsRef::as_ref).collect::<Vec<&str>>().into()),
        ("host_vars", Value::from(&vars)),
    ]);
    let host = AddedHost { name: HostName::from(name), groups, vars };
    let outcome = Outcome::ok(false).with("add_host", described);
    Done { outcome, effects: Effects { add_hosts: vec![host], ..Effects::default() }, ..Done::default() }
}
