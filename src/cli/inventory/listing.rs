//! An inventory as values: in the shape of an inventory script's answer, or of an inventory in YAML.

use std::collections::HashSet;
use std::sync::Arc;

use crate::base::{HostName, Map, Value};
use crate::model::{Group, Inventory, Level, VarLayer};

/// An inventory and what of it is wanted.
pub(super) struct Listing<'a> {
    /// All of it.
    pub inventory: &'a Inventory,
    /// `--extra-vars`
    pub extra: &'a VarLayer,
    /// Those that are shown.
    pub hosts: &'a [HostName],
    /// Whether variables are shown where they stand.
    pub export: bool,
}

/// What a group says itself.
pub(super) fn group_vars(group: &Group) -> Map {
    let mut vars = merged(&group.vars);
    if group.priority != 1 {
        vars.insert("ansible_group_priority", group.priority);
    }
    vars
}

impl Listing<'_> {
    /// The variables of a host: its own, or all that count for it.
    pub(super) fn host(&self, host: &HostName) -> Value {
        if self.export {
            let own = self.inventory.host(host.as_str()).map(|host| host.vars.as_slice());
            return copied(&merged(own.unwrap_or_default()).into());
        }
        let mut layers = self.inventory.layers(host.as_str());
        layers.push(self.extra.clone());
        let mut vars = merged(&layers);
        // What a host says itself is its own, also where one line says it of several.
        for own in layers.iter().filter(|layer| layer.level == Level::InventoryHostVars) {
            for (name, value) in own.vars.iter() {
                if vars.get_key(name).is_some_and(|known| is_one(known, value)) {
                    vars.insert(name.clone(), copied(value));
                }
            }
        }
        vars.into()
    }

    /// The groups in a group.
    pub(super) fn children<'a>(&'a self, group: &'a Group) -> impl Iterator<Item = &'a Group> {
        group.children.keys().filter_map(|name| self.inventory.groups.get(name))
    }

    /// `{_meta: {hostvars: …}, GROUP: {hosts: […], children: […], vars: {…}}}`
    pub(super) fn as_script(&self) -> Value {
        let mut all = Map::new();
        if let Some(top) = self.inventory.groups.get("all") {
            self.script_group(top, &mut all, &mut HashSet::new());
        }
        let mut hostvars = Map::new();
        for host in self.hosts {
            let vars = marked(&self.host(host));
            if vars.is_truthy() {
                hostvars.insert(host.as_str(), vars);
            }
        }
        let meta =
            Map::from_iter([("hostvars", Value::from(hostvars)), ("profile", "inventory_legacy".into())]);
        all.insert("_meta", meta);
        all.into()
    }

    fn script_group<'a>(&'a self, group: &'a Group, all: &mut Map, seen: &mut HashSet<&'a str>) {
        let mut shown = Map::new();
        let text = |name: &str| Value::from(name);
        if &*group.name != "all" {
            let hosts = group.hosts.keys().filter(|host| self.hosts.contains(host));
            shown.insert("hosts", Value::list(hosts.map(|host| text(host.as_str())).collect()));
        }
        shown.insert("children", Value::list(group.children.keys().map(|name| text(name)).collect()));
        for child in self.children(group) {
            if seen.insert(&child.name) {
                self.script_group(child, all, seen);
            }
        }
        if self.export {
            shown.insert("vars", marked(&group_vars(group).into()));
        }
        insert_unless_empty(all, &group.name, shown);
    }

    /// `{all: {children: {GROUP: {hosts: {HOST: {…}}}}}}`, which may be read as an inventory.
    pub(super) fn as_inventory_file(&self) -> Value {
        let mut all = Map::new();
        if let Some(top) = self.inventory.groups.get("all") {
            self.file_group(top, &mut all, &mut HashSet::new(), &mut HashSet::new());
        }
        all.into()
    }

    fn file_group<'a>(
        &'a self,
        group: &'a Group,
        into: &mut Map,
        groups: &mut HashSet<&'a str>,
        hosts: &mut HashSet<&'a HostName>,
    ) {
        let (mut children, mut members) = (Map::new(), Map::new());
        for child in self.children(group) {
            if groups.insert(&child.name) {
                self.file_group(child, &mut children, groups, hosts);
            } else {
                children.insert(&*child.name, Map::new());
            }
        }
        for host in group.hosts.keys().filter(|host| &*group.name != "all" && self.hosts.contains(host)) {
            // Variables of a host stand where it is named first.
            let vars = if hosts.insert(host) { self.host(host) } else { Map::new().into() };
            members.insert(host.as_str(), vars);
        }
        let mut shown = Map::from_iter([("children", Value::from(children)), ("hosts", members.into())]);
        if self.export {
            shown.insert("vars", group_vars(group));
        }
        insert_unless_empty(into, &group.name, shown);
    }
}

/// Puts a group in, without what it has not.
fn insert_unless_empty(into: &mut Map, name: &str, group: Map) {
    let kept: Map = group.into_iter().filter(|(_, value)| value.is_truthy()).collect();
    if !kept.is_empty() {
        into.insert(name, kept);
    }
}

/// What layers amount to, the strongest last.
fn merged(layers: &[VarLayer]) -> Map {
    let mut vars = Map::new();
    for layer in layers {
        vars.extend(&layer.vars);
    }
    vars
}

/// Whether two collections are one in memory.
fn is_one(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::List(a), Value::List(b)) => Arc::ptr_eq(a, b),
        (Value::Map(a), Value::Map(b)) => Arc::ptr_eq(a, b),
        _ => false,
    }
}

/// The same, with collections of its own.
fn copied(value: &Value) -> Value {
    match value {
        Value::List(items) => Value::list(items.iter().map(copied).collect()),
        Value::Map(pairs) => {
            pairs.iter().map(|(key, value)| (key.clone(), copied(value))).collect::<Map>().into()
        }
        other => other.clone(),
    }
}

/// With the marks that inventory scripts give: a text in which nothing is a template, and one that is encrypted.
fn marked(value: &Value) -> Value {
    match value {
        Value::String(text) if text.is_vault() => Map::from_iter([("__ansible_vault", text.as_str())]).into(),
        Value::String(text) if text.span().is_none() && !text.is_secret() => {
            Map::from_iter([("__ansible_unsafe", text.as_str())]).into()
        }
        Value::List(items) => Value::list(items.iter().map(marked).collect()),
        Value::Map(pairs) => {
            pairs.iter().map(|(key, value)| (key.clone(), marked(value))).collect::<Map>().into()
        }
        other => other.clone(),
    }
}
