//! What `add_host` and `group_by` bring into the inventory. A unit asks, because only the dispatcher knows the inventory as it
//! is now; the answer is whether it is another one since. It is kept in mind for when the files are read again.

use std::collections::HashSet;
use std::sync::Arc;

use tokio::sync::oneshot;

use super::dispatcher::{Dispatcher, Message};
use super::unit::Unit;
use crate::action::{AddedHost, Effects};
use crate::base::{HostName, Span, StepId};
use crate::model::{Level, VarLayer};
use crate::plan::Step;

/// Who comes.
#[derive(Clone)]
enum Newcomer {
    /// A host.
    Host(AddedHost),
    /// A host into a group, and that into others.
    Member(HostName, Arc<str>, Vec<Arc<str>>),
}

/// What a task has brought.
#[derive(Clone)]
pub(super) struct Joined {
    who: Newcomer,
    /// The task.
    step: StepId,
    /// Where it stands.
    place: Span,
}

/// What a unit asks for.
pub struct Joining {
    host: HostName,
    effects: Effects,
    play: usize,
    step: Arc<Step>,
    answer: oneshot::Sender<bool>,
}

impl Unit {
    /// Brings this into the inventory, and says whether anything changes by it.
    pub(super) async fn joins(&self, effects: &Effects) -> bool {
        let (answer, heard) = oneshot::channel();
        let joining = Joining {
            host: self.host.name.clone(),
            effects: Effects {
                add_hosts: effects.add_hosts.clone(),
                groups: effects.groups.clone(),
                ..Effects::default()
            },
            play: self.play.number,
            step: Arc::clone(&self.step),
            answer,
        };
        // The dispatcher is gone only when the run is.
        let _ = self.said.send(Message::Joining(Box::new(joining)));
        heard.await.unwrap_or(false)
    }
}

impl Dispatcher {
    /// A unit asks.
    pub(super) fn join(&mut self, joining: Joining) {
        let changed = self.change_inventory(&joining.host, &joining.effects, joining.play, &joining.step);
        let _ = joining.answer.send(changed);
    }

    /// Changes the inventory. Gives whether it is another one now.
    pub(super) fn change_inventory(
        &mut self,
        host: &HostName,
        effects: &Effects,
        play: usize,
        step: &Step,
    ) -> bool {
        let hosts = effects.add_hosts.iter().cloned().map(Newcomer::Host);
        let groups = effects.groups.iter().cloned();
        let members = groups.map(|(group, parents)| Newcomer::Member(host.clone(), group, parents));
        let mut changed = false;
        for who in hosts.chain(members) {
            let joined = Joined { who, step: step.id.clone(), place: step.span.clone() };
            if self.take_in(&joined) {
                changed = true;
                self.add_to_play(play, &joined.who);
            }
            let at =
                self.joined.iter().rposition(|other| !self.is_later(other, &joined)).map_or(0, |n| n + 1);
            self.joined.insert(at, joined);
        }
        if changed {
            self.inventory_changed = true;
            self.refresh_hosts();
        }
        changed
    }

    /// The same once more, in an inventory that was just read: first the hosts, then who is in which group. Whoever is not there
    /// any more joins nothing.
    pub(super) fn join_again(&mut self) {
        let joined = std::mem::take(&mut self.joined);
        let (hosts, members): (Vec<_>, Vec<_>) =
            joined.iter().partition(|joined| matches!(joined.who, Newcomer::Host(_)));
        for joined in hosts.into_iter().chain(members) {
            self.take_in(joined);
        }
        self.joined = joined;
        self.inventory_changed = true;
    }

    /// Whether that was brought by the same task for a host which comes later in the inventory: hosts are in their order,
    /// whoever was first.
    fn is_later(&self, other: &Joined, than: &Joined) -> bool {
        let place = |joined: &Joined| match &joined.who {
            Newcomer::Member(host, ..) => self.inventory.hosts.get_index_of(host),
            Newcomer::Host(_) => None,
        };
        other.step == than.step && place(other) > place(than)
    }

    /// A host that comes counts as one of the play's, though the play does nothing with it, as in Ansible.
    fn add_to_play(&mut self, play: usize, who: &Newcomer) {
        if let (Newcomer::Host(added), Some(run)) = (who, self.plays.get_mut(&play))
            && !run.facts.all.contains(&added.name)
        {
            run.facts.all.push(added.name.clone());
            run.now = None;
        }
    }

    fn take_in(&mut self, joined: &Joined) -> bool {
        let known: (HashSet<_>, HashSet<_>) =
            (self.inventory.groups.keys().cloned().collect(), self.inventory.hosts.keys().cloned().collect());
        let changed = match &joined.who {
            Newcomer::Host(added) => self.take_host(added, &joined.place),
            Newcomer::Member(host, group, parents) => self.take_member(host, group, parents, joined),
        };
        if !changed {
            return false;
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
        true
    }

    fn take_host(&mut self, added: &AddedHost, place: &Span) -> bool {
        let name = added.name.as_str();
        let mut changed = !self.inventory.hosts.contains_key(name);
        if changed {
            // Before those that the files put into groups, as in Ansible.
            self.inventory.add_host_to_group("all", name, place);
        }
        let host = self.inventory.add_host(name, place);
        let own = |layer: &&VarLayer| layer.level == Level::InventoryHostVars;
        let said = |name: &str| host.vars.iter().filter(own).rev().find_map(|layer| layer.vars.get(name));
        if added.vars.iter().any(|(name, value)| said(&name.to_string()) != Some(value)) {
            changed = true;
            host.vars.push(VarLayer {
                level: Level::InventoryHostVars,
                origin: Arc::from("add_host"),
                span: place.clone(),
                vars: Arc::new(added.vars.clone()),
            });
        }
        for group in &added.groups {
            changed |= !self.inventory.stands_in(group, name);
            self.inventory.add_host_to_group(group, name, place);
        }
        changed
    }

    /// The inventory changes by a group that is new to another, and by a host that is new to a group; if it is, that alone counts.
    fn take_member(&mut self, host: &HostName, group: &str, parents: &[Arc<str>], joined: &Joined) -> bool {
        if self.inventory.host(host.as_str()).is_none() {
            return false;
        }
        let place = &joined.place;
        self.inventory.add_group(group, place);
        let mut changed = false;
        for parent in parents {
            changed |= !self.inventory.groups.contains_key(parent);
            match self.inventory.add_child(parent, group, place) {
                Ok(new) => changed |= new,
                Err(problem) => self.warn(problem.to_string()),
            }
        }
        if !self.inventory.hosts_of(group).contains(host) {
            changed = true;
            let order = |name: &HostName| self.inventory.hosts.get_index_of(name);
            let later: HashSet<HostName> = self
                .joined
                .iter()
                .filter(|other| other.step == joined.step)
                .filter_map(|other| match &other.who {
                    Newcomer::Member(other, into, _) if **into == *group => Some(other.clone()),
                    _ => None,
                })
                .filter(|other| order(other) > order(host))
                .collect();
            self.inventory.join_group(group, host, place, |other| later.contains(other));
        }
        changed
    }
}
