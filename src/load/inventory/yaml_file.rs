//! A YAML inventory into hosts and groups: `group: {hosts: …, vars: …, children: …}`. One with `plugin:` is computed.

use std::sync::Arc;

use super::InventoryReader;
use super::constructed::PLUGIN;
use crate::base::{Diagnostic, Source};
use crate::model::Level;
use crate::syntax::{Node, yaml};

const KEYS: [&str; 3] = ["hosts", "vars", "children"];

impl InventoryReader<'_> {
    pub(super) fn yaml_file(&mut self, source: &Arc<Source>) {
        let parsed = yaml::parse_one(source, &mut self.diagnostics);
        let Some(Some(root)) = self.diagnostics.keep(parsed) else { return };
        if let Some(plugin) = root.get("plugin") {
            if !["auto", "constructed"].iter().any(|name| self.reading.takes(name)) {
                let why = "no plugin is enabled that computes inventories";
                let help = "`enable_plugins` has to name `auto` or `constructed`";
                let found = Diagnostic::error("inventory-plugin", why).at(&plugin.span).help(help);
                return self.diagnostics.push(found);
            }
            return match plugin.as_str() {
                Some(name) if PLUGIN.contains(&name) => self.constructed(source, &root),
                _ => self.no_such_plugin(plugin),
            };
        }
        if !self.reading.takes("yaml") {
            let message = "no root 'plugin' key found, and no plugin is enabled that reads other YAML";
            return self.diagnostics.push(Diagnostic::error("inventory-plugin", message).at(&root.span));
        }
        let Some(groups) = root.as_mapping() else {
            return self.not_a_mapping(&root, "an inventory", "write `all: {hosts: {n1: {}}}`");
        };
        for (name, body) in groups {
            self.yaml_group(name, body);
        }
    }

    fn no_such_plugin(&mut self, plugin: &Node) {
        let message = "of inventory plugins only `constructed` is supported";
        let help = "`ansible-inventory --list --yaml` writes what a plugin finds as a YAML inventory";
        self.diagnostics.push(Diagnostic::error("inventory-plugin", message).at(&plugin.span).help(help));
    }

    fn not_a_mapping(&mut self, node: &Node, what: &str, help: &str) {
        let message = format!("{what} should be a mapping, and this is {}", node.kind_name());
        self.diagnostics.push(Diagnostic::error("broken-inventory", message).at(&node.span).help(help));
    }

    fn yaml_group(&mut self, name: &Node, body: &Node) {
        let Some(group) = name.to_key().map(|k| k.to_string()) else { return };
        self.inventory.add_group(&group, &name.span);
        if body.is_null() {
            return;
        }
        let Some(sections) = body.as_mapping() else {
            let what = format!("the group `{group}`");
            return self.not_a_mapping(body, &what, "a group has the keys `hosts`, `vars` and `children`");
        };
        for (key, section) in sections {
            match key.as_str() {
                Some("hosts") => self.yaml_hosts(&group, section),
                Some("vars") => {
                    let vars = self.mapping(section, "`vars`");
                    self.group_vars(&group, Level::InventoryGroupVars, &section.span, vars);
                }
                Some("children") => self.yaml_children(&group, section),
                _ => {
                    let word = key.to_key().map(|k| k.to_string()).unwrap_or_default();
                    self.diagnostics.push(
                        Diagnostic::error("broken-inventory", format!("a group has no key `{word}`"))
                            .at(&key.span)
                            .suggest(&word, KEYS)
                            .help(format!(
                                "a group has the keys `hosts`, `vars` and `children`; groups inside `{group}` stand under `children`"
                            )),
                    );
                }
            }
        }
    }

    fn yaml_hosts(&mut self, group: &str, section: &Node) {
        if section.is_null() {
            return;
        }
        if section.as_str().is_some() {
            return self.yaml_host(group, section, None);
        }
        let Some(hosts) = section.as_mapping() else {
            return self.not_a_mapping(
                section,
                "`hosts`",
                "write each host as a key: `n1:`, with its variables below it",
            );
        };
        for (name, vars) in hosts {
            self.yaml_host(group, name, Some(vars));
        }
    }

    fn yaml_host(&mut self, group: &str, name: &Node, vars: Option<&Node>) {
        let Some(text) = name.as_str() else {
            let shown = name.to_key().map(|k| k.to_string()).unwrap_or_default();
            let error =
                Diagnostic::error("broken-inventory", format!("Host pattern {shown} must be a string"));
            return self.diagnostics.push(error.at(&name.span).help("put numbers in quotation marks"));
        };
        let vars =
            vars.map(|vars| self.mapping(vars, &format!("the variables of `{text}`"))).unwrap_or_default();
        for host in self.hosts(text, &name.span, group) {
            self.host_vars(&host, Level::InventoryHostVars, &name.span, vars.clone());
        }
    }

    fn yaml_children(&mut self, group: &str, section: &Node) {
        if section.is_null() {
            return;
        }
        if let Some(child) = section.as_str() {
            let added = self.inventory.add_child(group, child, &section.span);
            self.diagnostics.keep(added);
            return;
        }
        let Some(children) = section.as_mapping() else {
            return self.not_a_mapping(
                section,
                "`children`",
                "write each group as a key: `web:`, with its hosts below it",
            );
        };
        for (name, body) in children {
            let Some(child) = name.to_key().map(|k| k.to_string()) else { continue };
            let added = self.inventory.add_child(group, &child, &name.span);
            self.diagnostics.keep(added);
            self.yaml_group(name, body);
        }
    }
}
