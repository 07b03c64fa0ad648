//! Which roles have run on which hosts: unless it may more often, a role runs once, and equal uses of it are passed by.

use std::collections::HashMap;
use std::sync::Arc;

use super::dispatcher::Dispatcher;
use super::fates::ScopeNo;
use super::queue::{HostNo, StepNo};
use crate::event::Fate;
use crate::plan::{Expand, Step, StepKind};
use crate::wire::Status;

/// Uses of roles, by play, what makes them the same, and host, in which a task has run.
pub(super) type RolesThatRan = HashMap<(usize, Arc<str>, HostNo), Vec<ScopeNo>>;

impl Dispatcher {
    /// Whether a host passes a step by, because it has been through an equal use of the step's role.
    pub(super) fn role_has_run(&self, step: StepNo, host: HostNo, what: &Step) -> bool {
        let node = self.node(step);
        // Handlers of a role stay.
        let Some((own, role)) = self.fates.role(node.scope).filter(|_| !what.handling) else {
            return false;
        };
        if !role.once {
            return false;
        }
        let uses = self.roles_that_ran.get(&(node.play, Arc::clone(&role.key), host));
        // One that failed, whether or not it was rescued, does not count.
        uses.into_iter().flatten().any(|other| *other != own && !self.fates.has_failed(*other, host))
    }

    /// A step has ended: if it did something, its role has run there.
    pub(super) fn note_role(&mut self, step: StepNo, host: HostNo, what: &Step, fate: &Fate) {
        let is_task =
            matches!(what.kind, StepKind::Task(_) | StepKind::Expand(Expand::Tasks(_) | Expand::Role(..)));
        let ran = matches!(fate, Fate::Ran { status, .. } if *status != Status::Skipped);
        if !is_task || !ran || what.handling {
            return;
        }
        let node = self.node(step);
        let Some((own, role)) = self.fates.role(node.scope) else { return };
        let key = (node.play, Arc::clone(&role.key), host);
        let uses = self.roles_that_ran.entry(key).or_default();
        if !uses.contains(&own) {
            uses.push(own);
        }
    }
}
