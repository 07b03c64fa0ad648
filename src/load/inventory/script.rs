//! An inventory that is a program: `--list` gives groups and hosts as JSON, `--host NAME` the variables of one host.
//!
//! Format: <https://docs.ansible.com/ansible/latest/dev_guide/developing_inventory.html#inventory-scripts>.

use std::path::Path;
use std::sync::Arc;

use super::InventoryReader;
use crate::base::{Diagnostic, HostName, Map, Source, Span};
use crate::load::shown;
use crate::model::Level;
use crate::syntax::{Node, yaml};

const KEYS: [&str; 3] = ["hosts", "vars", "children"];

impl InventoryReader<'_> {
    pub(super) fn script(&mut self, path: &Path, text: &Arc<Source>) {
        let first = Span::new(text, 0, text.text().lines().next().unwrap_or("").len());
        let Some(root) = self.said_by(path, &["--list"], &first) else { return };
        let Some(groups) = root.as_mapping() else {
            return self.odd_script(&root, "what `--list` gives", "a mapping of groups");
        };
        let mut known = None;
        let mut hosts: Vec<HostName> = Vec::new();
        for (name, body) in groups {
            match name.as_str() {
                Some("_meta") => known = body.get("hostvars"),
                Some(name) => self.script_group(name, body, &mut hosts),
                None => {}
            }
        }
        for host in hosts {
            let asked = match known {
                Some(all) => all.get(host.as_str()).cloned(),
                None => self.said_by(path, &["--host", host.as_str()], &first),
            };
            let Some(node) = asked else { continue };
            let vars = self.mapping(&node, &format!("the variables of `{host}`"));
            self.host_vars(host.as_str(), Level::InventoryHostVars, &node.span, vars);
        }
    }

    /// Asks the program; says why when it does not answer. Nothing also where it says nothing.
    fn said_by(&mut self, path: &Path, arguments: &[&str], first: &Span) -> Option<Node> {
        let call = format!("{} {}", shown(path), arguments.join(" "));
        let failed = |message: String| Diagnostic::error("inventory-script", message).at(first);
        let output = match self.files.execute(path, arguments) {
            Ok(output) => output,
            Err(error) => {
                self.diagnostics.push(failed(format!("`{call}` cannot be executed: {error}")));
                return None;
            }
        };
        let said = String::from_utf8_lossy(&output.stderr);
        let with_words = |error: Diagnostic| {
            if said.trim().is_empty() { error } else { error.help(format!("it said: {}", said.trim())) }
        };
        if !output.status.success() {
            self.diagnostics.push(with_words(failed(format!("`{call}` failed: {}", output.status))));
            return None;
        }
        let Ok(text) = String::from_utf8(output.stdout) else {
            self.diagnostics.push(with_words(failed(format!("what `{call}` gives is not UTF-8"))));
            return None;
        };
        let source = Source::new(format!("<{call}>"), text);
        let parsed = yaml::parse_one(&source, &mut self.diagnostics).map_err(with_words);
        self.diagnostics.keep(parsed).flatten()
    }

    fn odd_script(&mut self, node: &Node, what: &str, wanted: &str) {
        let message = format!("{what} should be {wanted}, and this is {}", node.kind_name());
        self.diagnostics.push(Diagnostic::error("broken-inventory", message).at(&node.span));
    }

    fn script_group(&mut self, group: &str, body: &Node, hosts: &mut Vec<HostName>) {
        self.inventory.add_group(group, &body.span);
        // Older scripts give the hosts alone, or one host's variables under its name.
        if body.as_mapping().is_none() {
            return self.script_hosts(group, body, hosts);
        }
        if !KEYS.iter().any(|key| body.get(key).is_some()) {
            self.inventory.add_host_to_group(group, group, &body.span);
            remember(hosts, group);
            let vars = self.mapping(body, &format!("the variables of `{group}`"));
            return self.group_vars(group, Level::InventoryGroupVars, &body.span, vars);
        }
        if let Some(members) = body.get("hosts") {
            self.script_hosts(group, members, hosts);
        }
        if let Some(vars) = body.get("vars") {
            let map: Map = self.mapping(vars, "`vars`");
            self.group_vars(group, Level::InventoryGroupVars, &vars.span, map);
        }
        let children = body.get("children");
        for child in children.and_then(Node::as_sequence).unwrap_or_default() {
            let name = child.to_value().to_string();
            let added = self.inventory.add_child(group, &name, &child.span);
            self.diagnostics.keep(added);
        }
    }

    fn script_hosts(&mut self, group: &str, members: &Node, hosts: &mut Vec<HostName>) {
        let Some(members) = members.as_sequence() else {
            return self.odd_script(members, &format!("`hosts` of `{group}`"), "a list");
        };
        for member in members {
            let name = member.to_value().to_string();
            self.inventory.add_host_to_group(group, &name, &member.span);
            remember(hosts, &name);
        }
    }
}

fn remember(hosts: &mut Vec<HostName>, name: &str) {
    let name = HostName::from(name);
    if !hosts.contains(&name) {
        hosts.push(name);
    }
}
