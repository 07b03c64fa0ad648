//! What an action wants of the run, as plain data.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::base::{HostName, Map, exact};

/// Changes that the dispatcher makes when the step has ended.
///
/// The journal keeps them in this form.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Effects {
    /// `set_fact`: variables of the host.
    #[serde(with = "exact::map", skip_serializing_if = "Map::is_empty")]
    pub set_facts: Map,
    /// Facts of the host: `ansible_facts` of a module, `set_fact` with `cacheable`.
    #[serde(with = "exact::map", skip_serializing_if = "Map::is_empty")]
    pub facts: Map,
    /// `include_vars`: variables of the host.
    #[serde(with = "exact::map", skip_serializing_if = "Map::is_empty")]
    pub include_vars: Map,
    /// `add_host`
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub add_hosts: Vec<AddedHost>,
    /// `group_by`: the groups that this host joins, each with the groups it becomes a child of.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<(Arc<str>, Vec<Arc<str>>)>,
    /// `delegate_facts`: what other hosts get instead of this one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub delegated: Vec<DelegatedFacts>,
    /// Images of the engine of the task's host that something was made or started of.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<UsedImage>,
}

/// Facts and variables of the host that a task was delegated to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DelegatedFacts {
    /// The host, which need not be in the inventory.
    pub host: HostName,
    /// `set_fact`
    #[serde(with = "exact::map")]
    pub set_facts: Map,
    /// Facts.
    #[serde(with = "exact::map")]
    pub facts: Map,
}

/// An image, by what tells whether another one is the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsedImage {
    /// As the task names it, with its tag.
    pub name: String,
    /// The engine's id: a digest of its configuration.
    pub id: String,
    /// Its digests in registries, `repository@sha256:…`; none when it came from no registry.
    pub digests: Vec<String>,
    /// Whose engine has it, when that is another host than the task's (`delegate_to`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<HostName>,
}

/// A host that comes into the inventory during the run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AddedHost {
    /// Its name.
    pub name: HostName,
    /// Groups that it joins; new ones are made.
    pub groups: Vec<Arc<str>>,
    /// Its variables.
    #[serde(with = "exact::map")]
    pub vars: Map,
}

impl Effects {
    /// Facts and variables are another host's.
    pub fn delegate(&mut self, host: HostName) {
        let (set_facts, facts) = (std::mem::take(&mut self.set_facts), std::mem::take(&mut self.facts));
        if !set_facts.is_empty() || !facts.is_empty() {
            self.delegated.push(DelegatedFacts { host, set_facts, facts });
        }
    }

    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        let Self { set_facts, facts, include_vars, add_hosts, groups, delegated, images } = self;
        [set_facts, facts, include_vars].into_iter().all(Map::is_empty)
            && add_hosts.is_empty()
            && groups.is_empty()
            && delegated.is_empty()
            && images.is_empty()
    }

    /// Adds those of a later item of a loop.
    pub fn extend(&mut self, later: Effects) {
        if self.is_empty() {
            *self = later;
            return;
        }
        self.set_facts.extend(&later.set_facts);
        self.facts.extend(&later.facts);
        self.include_vars.extend(&later.include_vars);
        self.add_hosts.extend(later.add_hosts);
        self.groups.extend(later.groups);
        self.delegated.extend(later.delegated);
        self.images.extend(later.images);
    }
}
