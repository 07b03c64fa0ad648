//! An INI inventory into hosts and groups.

use std::collections::HashSet;
use std::sync::Arc;

use super::{InventoryReader, range};
use crate::base::{Diagnostic, Map, Source, Span};
use crate::model::Level;
use crate::syntax::ini::{self, HostLine, Section, Sections, Word};

impl InventoryReader<'_> {
    pub(super) fn ini_file(&mut self, source: &Arc<Source>) {
        let sections = match ini::parse(source) {
            Ok(sections) => sections,
            Err(errors) => return self.diagnostics.extend(errors),
        };
        let declared = self.declared(&sections);
        for (group, section) in &sections {
            let name = group.as_ref().map_or("ungrouped", |g| &g.value);
            match section {
                Section::Hosts(lines) => {
                    if let Some(group) = group {
                        self.inventory.add_group(name, &group.span);
                    }
                    for line in lines {
                        self.host_line(line, name);
                    }
                }
                Section::Children(children) => {
                    for child in children {
                        self.known(child, &declared);
                        let added = self.inventory.add_child(name, &child.value, &child.span);
                        self.diagnostics.keep(added);
                    }
                }
                Section::Vars(vars) => {
                    let Some(group) = group else { continue };
                    self.known(group, &declared);
                    let vars = self.assignments(vars);
                    self.group_vars(name, Level::InventoryGroupVars, &group.span, vars);
                }
            }
        }
    }

    /// Names of groups that this text declares, or that are known already.
    fn declared(&self, sections: &Sections) -> HashSet<Arc<str>> {
        let declaring = sections.iter().filter(|(_, section)| !matches!(section, Section::Vars(_)));
        let here = declaring.filter_map(|(group, _)| group.as_ref()).map(|g| Arc::clone(&g.value));
        here.chain(self.inventory.groups.keys().cloned()).collect()
    }

    fn known(&mut self, group: &Word, declared: &HashSet<Arc<str>>) {
        if !declared.contains(&group.value) {
            self.diagnostics.push(
                Diagnostic::error("no-such-group", format!("there is no group `{}`", group.value))
                    .at(&group.span)
                    .suggest(&group.value, declared.iter().map(|g| &**g))
                    .help(format!("a group is made by a section `[{}]`, which may be empty", group.value)),
            );
        }
    }

    fn host_line(&mut self, line: &HostLine, group: &str) {
        let vars = self.assignments(&line.vars);
        for host in self.hosts(&line.name.value, &line.name.span, group) {
            self.host_vars(&host, Level::InventoryHostVars, &line.name.span, vars.clone());
        }
    }

    /// Puts the hosts that a name with ranges and a port means into a group; gives their names.
    pub(super) fn hosts(&mut self, text: &str, span: &Span, group: &str) -> Vec<String> {
        let (name, port) = range::split_port(text);
        let wrong = |message: String| Diagnostic::error("broken-inventory", message).at(span);
        let port = match port.map(str::parse::<u16>) {
            None => None,
            Some(Ok(port)) if port > 0 => Some(port),
            Some(_) => {
                self.diagnostics.push(
                    wrong(format!("behind the colon of `{text}` should stand a port, 1 to 65535"))
                        .help("variables of a host stand behind its name: `n1 ansible_host=10.0.0.1`"),
                );
                return Vec::new();
            }
        };
        let names = match range::expand(name) {
            Ok(names) => names,
            Err(message) => {
                self.diagnostics.push(wrong(message));
                return Vec::new();
            }
        };
        for host in &names {
            self.inventory.add_host_to_group(group, host, span);
            if let Some(port) = port {
                let vars = Map::from_iter([("ansible_port", port)]);
                self.host_vars(host, Level::InventoryHostVars, span, vars);
            }
        }
        names
    }
}
