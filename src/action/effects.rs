//! What an action wants of the run, as plain data.

use std::sync::Arc;

use crate::base::{HostName, Map};

/// Changes that the dispatcher makes when the step has ended.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Effects {
    /// `set_fact`: variables of the host.
    pub set_facts: Map,
    /// Facts of the host: `ansible_facts` of a module, `set_fact` with `cacheable`.
    pub facts: Map,
    /// `include_vars`: variables of the host.
    pub include_vars: Map,
    /// `add_host`
    pub add_hosts: Vec<AddedHost>,
    /// `group_by`: the groups that this host joins, each with the groups it becomes a child of.
    pub groups: Vec<(Arc<str>, Vec<Arc<str>>)>,
}

/// A host that comes into the inventory during the run.
#[derive(Clone, Debug, PartialEq)]
pub struct AddedHost {
    /// Its name.
    pub name: HostName,
    /// Groups that it joins; new ones are made.
    pub groups: Vec<Arc<str>>,
    /// Its variables.
    pub vars: Map,
}

impl Effects {
    /// Adds those of a later item of a loop.
    pub fn extend(&mut self, later: Effects) {
        self.set_facts.extend(&later.set_facts);
        self.facts.extend(&later.facts);
        self.include_vars.extend(&later.include_vars);
        self.add_hosts.extend(later.add_hosts);
        self.groups.extend(later.groups);
    }
}
