//! The inventory as the run changes it: hosts and groups that tasks bring, and files that are read again.

use std::collections::HashSet;
use std::sync::Arc;

use super::dispatcher::Dispatcher;
use crate::action::Effects;
use crate::base::{HostName, Span};
use crate::model::{Level, VarLayer};
use crate::vars::Inventories;

/// What a task has brought: of which host it was, what, and where it stands.
pub(super) type Change = (HostName, Effects, Span);

impl Dispatcher {
    /// `meta: refresh_inventory`: what the files say now, and what the run has brought until here.
    pub(super) fn read_inventory_again(&mut self) {
        let compiler = Arc::clone(&self.shared.compiler);
        let files = Arc::clone(compiler.project.loader.files());
        let evaluator = Inventories::new(files, compiler.options.expressions);
        match compiler.project.inventory_again(&evaluator) {
            Ok((inventory, odd)) => {
                odd.iter().for_each(|odd| self.warn(odd.to_string()));
                self.inventory = inventory;
                for (host, effects, place) in self.inventory_changes.clone() {
                    self.add_to_inventory(&host, &effects, &place);
                }
                self.inventory_changed = true;
                self.refresh_hosts();
            }
            Err(problems) => self.warn(problems.to_string()),
        }
    }

    /// What `add_host` and `group_by` bring.
    pub(super) fn change_inventory(&mut self, host: &HostName, effects: &Effects, place: &Span) {
        if effects.add_hosts.is_empty() && effects.groups.is_empty() {
            return;
        }
        let change = Effects {
            add_hosts: effects.add_hosts.clone(),
            groups: effects.groups.clone(),
            ..Effects::default()
        };
        self.add_to_inventory(host, &change, place);
        self.inventory_changes.push((host.clone(), change, place.clone()));
        self.inventory_changed = true;
        self.refresh_hosts();
    }

    fn add_to_inventory(&mut self, host: &HostName, effects: &Effects, place: &Span) {
        let known: (HashSet<_>, HashSet<_>) =
            (self.inventory.groups.keys().cloned().collect(), self.inventory.hosts.keys().cloned().collect());
        for added in &effects.add_hosts {
            let name = added.name.as_str();
            let vars = VarLayer {
                level: Level::InventoryHostVars,
                origin: Arc::from("add_host"),
                span: place.clone(),
                vars: Arc::new(added.vars.clone()),
            };
            self.inventory.add_host(name, place).vars.push(vars);
            added.groups.iter().for_each(|group| self.inventory.add_host_to_group(group, name, place));
        }
        for (group, parents) in &effects.groups {
            self.inventory.sort_host_into_group(group, host.as_str(), place);
            for parent in parents.iter().filter(|p| p.as_ref() != "all") {
                if let Err(problem) = self.inventory.add_child(parent, group, place) {
                    self.warn(problem.to_string());
                }
            }
        }
        self.inventory.settle();
        let groups: Vec<_> =
            self.inventory.groups.keys().filter(|name| !known.0.contains(*name)).cloned().collect();
        let hosts: Vec<_> =
            self.inventory.hosts.keys().filter(|name| !known.1.contains(*name)).cloned().collect();
        let project = Arc::clone(&self.shared.compiler.project);
        for odd in project.vars_of_new(&mut self.inventory, &groups, &hosts).iter() {
            self.warn(odd.to_string());
        }
    }
}
