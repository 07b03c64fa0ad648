//! `add_host`: a host that comes into the inventory during the run.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Action, ActionContext, AddedHost, BoxFuture, Done, Effects};
use crate::base::spec::{CheckMode, OnResume, Spec, schema_of};
use crate::base::{HostName, Key, Map, Span, Text, Value};
use crate::model::{Level, VarLayer};
use crate::vars::Templar;
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

fn run<'a>(map: &'a Map, ctx: &'a ActionContext<'a>) -> BoxFuture<'a, Done> {
    Box::pin(async move { add(map, ctx.templar) })
}

/// `HOST:PORT`, `[ADDRESS]:PORT`
fn with_port(name: &str) -> Option<(String, u16)> {
    let (host, port) = name.rsplit_once(':')?;
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let host = bare.or_else(|| (!host.contains(':')).then_some(host))?;
    Some((host.to_owned(), port.parse().ok()?))
}

/// Whether the inventory, as templates see it, has all of this already.
fn is_known(host: &AddedHost, templar: &Templar) -> bool {
    let name = host.name.as_str();
    let scope = templar.scope();
    let groups = scope.lookup("groups").and_then(|(groups, _)| groups.as_map()).cloned().unwrap_or_default();
    let member = |group: &str| {
        let members = groups.get(group).and_then(Value::as_list).unwrap_or_default();
        members.iter().any(|member| member.as_str() == Some(name))
    };
    let asked = |variable: &Key| {
        let path = [("benchbook_host", Value::from(name)), ("benchbook_key", Value::from(variable.clone()))];
        let scope = scope.with(VarLayer {
            level: Level::Magic,
            origin: "add_host".into(),
            span: Span::nowhere("add_host"),
            vars: Arc::new(Map::from_iter(path)),
        });
        let expression = Text::template("hostvars[benchbook_host][benchbook_key]", Span::nowhere("add_host"));
        Templar::new(scope, Arc::clone(templar.environment())).evaluate(&expression).ok()
    };
    member("all")
        && host.groups.iter().all(|group| member(group))
        && host.vars.iter().all(|(key, value)| asked(key).as_ref() == Some(value))
}

fn add(map: &Map, templar: &Templar) -> Done {
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
    let outcome = Outcome::ok(!is_known(&host, templar)).with("add_host", described);
    Done { outcome, effects: Effects { add_hosts: vec![host], ..Effects::default() }, shown: None }
}
