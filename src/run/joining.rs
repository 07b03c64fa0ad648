//! What `add_host` and `group_by` really change: only the dispatcher knows the inventory as it is now.

use std::sync::Arc;

use super::dispatcher::Dispatcher;
use super::unit::Finished;
use crate::action::{AddedHost, Effects};
use crate::base::{HostName, Map};
use crate::event::Fate;
use crate::plan::Step;

impl Dispatcher {
    /// An end that says whether the inventory changes by it. As in Ansible nobody is notified by such a task, unless it says
    /// itself when it has changed something.
    pub(super) fn joined(&self, host: &HostName, what: &Step, mut finished: Finished) -> Finished {
        let Effects { add_hosts, groups, .. } = &finished.effects;
        let says = super::magic::task(what).is_some_and(|task| !task.changed_when.is_empty());
        if says || (add_hosts.is_empty() && groups.is_empty()) {
            return finished;
        }
        let changes = add_hosts.iter().any(|added| self.is_news(added))
            || groups.iter().any(|(group, _)| !self.is_member(group, host));
        finished.notify.clear();
        if let Fate::Ran { changed, .. } = &mut finished.fate {
            *changed = changes;
        }
        Map::insert(Arc::make_mut(&mut finished.result), "changed", changes);
        finished
    }

    fn is_member(&self, group: &str, host: &HostName) -> bool {
        self.inventory.groups.get(group).is_some_and(|group| group.hosts.contains_key(host))
    }

    fn is_news(&self, added: &AddedHost) -> bool {
        let Some(known) = self.inventory.hosts.get(&added.name) else { return true };
        let said = |name: &str| known.vars.iter().rev().find_map(|layer| layer.vars.get(name));
        added.groups.iter().any(|group| !self.is_member(group, &added.name))
            || added.vars.iter().any(|(name, value)| said(&name.to_string()) != Some(value))
    }
}
