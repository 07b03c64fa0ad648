//! Hosts, the groups they are in, and the variables of both, layer by layer.
//!
//! The groups `all` and `ungrouped` are always there. `add_host` and `group_by` change a copy of it while a run goes on.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use indexmap::IndexMap;

use super::{Level, VarLayer};
use crate::base::{Diagnostic, Diagnostics, HostName, Map, Span, Value};

/// Names of this machine that may be used without standing in an inventory.
pub const LOCALHOST: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// All hosts and groups.
#[derive(Clone, Debug)]
pub struct Inventory {
    /// The hosts that were written down, in order.
    pub hosts: IndexMap<HostName, Host>,
    /// All groups, `all` and `ungrouped` first.
    pub groups: IndexMap<Arc<str>, Group>,
    /// What is wrong with files of variables, where that is told only when a play begins.
    pub unread: Diagnostics,
    /// `localhost` and its other names, for a play that names one that no inventory has.
    implicit: HashMap<&'static str, Host>,
    /// By which of these names the playbook calls this machine first: all of them mean that one.
    called: Option<&'static str>,
}

/// A host.
#[derive(Clone, Debug)]
pub struct Host {
    /// Its name in the inventory.
    pub name: HostName,
    /// Where it is named first.
    pub span: Span,
    /// Its own variables, not those of its groups.
    pub vars: Vec<VarLayer>,
    /// Whether it is this machine, named without standing in an inventory.
    pub implicit: bool,
}

/// A group.
#[derive(Clone, Debug)]
pub struct Group {
    /// Its name.
    pub name: Arc<str>,
    /// Where it is named first.
    pub span: Span,
    /// The groups in it, and where that is said.
    pub children: IndexMap<Arc<str>, Span>,
    /// The hosts that stand in it directly.
    pub hosts: IndexMap<HostName, Span>,
    /// Its variables.
    pub vars: Vec<VarLayer>,
    /// `ansible_group_priority`: of two groups of one depth the greater wins. 1 if not said.
    pub priority: i64,
}

impl Group {
    /// Takes over what another group has.
    pub(super) fn absorb(&mut self, other: Group) {
        self.children.extend(other.children);
        self.hosts.extend(other.hosts);
        self.vars.extend(other.vars);
        self.priority = self.priority.max(other.priority);
    }
}

impl Default for Inventory {
    fn default() -> Self {
        Self::new()
    }
}

impl Inventory {
    /// No hosts; the groups `all` and, in it, `ungrouped`.
    pub fn new() -> Self {
        let implicit = LOCALHOST.into_iter().map(|name| (name, implicit_host(name))).collect();
        let (hosts, groups) = (IndexMap::new(), IndexMap::new());
        let mut inventory = Self { hosts, groups, unread: Diagnostics::new(), implicit, called: None };
        let nowhere = Span::nowhere("<built in>");
        inventory.add_group("all", &nowhere);
        inventory.add_group("ungrouped", &nowhere).children.clear();
        inventory.add_group("all", &nowhere).children.insert(Arc::from("ungrouped"), nowhere);
        inventory
    }

    /// A host by its name; `localhost` is always there. There is only one such host, as in Ansible: its other names mean the one
    /// that the inventory has, else the one that a play names first.
    pub fn host(&self, name: &str) -> Option<&Host> {
        self.hosts.get(name).or_else(|| {
            let implicit = self.implicit.get(name)?;
            let written = self.hosts.values().find(|host| LOCALHOST.contains(&host.name.as_str()));
            let called = || self.called.and_then(|called| self.implicit.get(called));
            Some(written.or_else(called).unwrap_or(implicit))
        })
    }

    /// The plays of a playbook want these hosts: patterns, possibly in lists.
    pub fn is_wanted<'v>(&mut self, mut hosts: impl Iterator<Item = &'v Value>) {
        let called = |value: &Value| LOCALHOST.into_iter().find(|name| value.as_str() == Some(name));
        self.called = hosts.find_map(|value| match value {
            Value::List(patterns) => patterns.iter().find_map(called),
            value => called(value),
        });
    }

    /// The same, to be changed.
    pub fn host_mut(&mut self, name: &str) -> Option<&mut Host> {
        match self.hosts.get_mut(name) {
            Some(host) => Some(host),
            None => self.implicit.get_mut(name),
        }
    }

    /// The host `name`, made if it is new.
    pub fn add_host(&mut self, name: &str, span: &Span) -> &mut Host {
        let name = HostName::from(name);
        self.hosts.entry(name.clone()).or_insert_with(|| Host {
            name,
            span: span.clone(),
            vars: Vec::new(),
            implicit: false,
        })
    }

    /// The group `name`, made if it is new.
    pub fn add_group(&mut self, name: &str, span: &Span) -> &mut Group {
        let name: Arc<str> = Arc::from(name);
        self.groups.entry(Arc::clone(&name)).or_insert_with(|| Group {
            name,
            span: span.clone(),
            children: IndexMap::new(),
            hosts: IndexMap::new(),
            vars: Vec::new(),
            priority: 1,
        })
    }

    /// Puts a host into a group; both are made if they are new.
    pub fn add_host_to_group(&mut self, group: &str, host: &str, span: &Span) {
        self.add_host(host, span);
        self.add_group(group, span).hosts.entry(HostName::from(host)).or_insert_with(|| span.clone());
    }

    /// Whether a host stands in a group itself.
    pub fn stands_in(&self, group: &str, host: &str) -> bool {
        self.groups.get(group).is_some_and(|group| group.hosts.contains_key(host))
    }

    /// Puts a host into a group that is there, before the first of those members, else behind all. Unlike any other member, it may be one that
    /// the inventory does not name (`localhost`).
    pub fn join_group(
        &mut self,
        group: &str,
        host: &HostName,
        span: &Span,
        later: impl Fn(&HostName) -> bool,
    ) {
        let Some(group) = self.groups.get_mut(group) else { return };
        let at = group.hosts.keys().position(later).unwrap_or(group.hosts.len());
        group.hosts.shift_insert(at, host.clone(), span.clone());
    }

    /// Puts a group into a group; both are made if they are new. Gives whether it was not there before. A group that contains
    /// itself is an error.
    pub fn add_child(&mut self, parent: &str, child: &str, span: &Span) -> Result<bool, Diagnostic> {
        self.add_group(child, span);
        self.add_group(parent, span);
        if let Some(way) = self.way(child, parent) {
            let names = way.iter().map(|(name, _)| name.as_ref()).collect::<Vec<_>>().join(" → ");
            let error = Diagnostic::error("group-cycle", format!("the group `{parent}` contains itself"))
                .at(span)
                .label(format!("{parent} → {names}"))
                .help("remove one of these children");
            return Err(way
                .iter()
                .skip(1)
                .fold(error, |e, (name, span)| e.related(span, format!("`{name}` is put in here"))));
        }
        let children = &mut self.add_group(parent, span).children;
        let new = !children.contains_key(child);
        children.entry(Arc::from(child)).or_insert_with(|| span.clone());
        Ok(new)
    }

    /// How one group leads down to another: each name with the place that puts it there.
    fn way(&self, from: &str, to: &str) -> Option<Vec<(Arc<str>, Span)>> {
        let start = self.groups.get(from)?;
        let mut seen = HashSet::from([from]);
        let mut ways = VecDeque::from([vec![(Arc::clone(&start.name), start.span.clone())]]);
        while let Some(way) = ways.pop_front() {
            let Some((last, _)) = way.last() else { continue };
            if &**last == to {
                return Some(way);
            }
            for (child, span) in self.groups.get(last).into_iter().flat_map(|g| &g.children) {
                if let Some((child, _)) = self.groups.get_key_value(child)
                    && seen.insert(child)
                {
                    let step = (Arc::clone(child), span.clone());
                    ways.push_back(way.iter().cloned().chain([step]).collect());
                }
            }
        }
        None
    }

    /// Puts groups that stand in no other into `all`, and hosts without a group into `ungrouped`. To be called after groups or
    /// hosts were added.
    pub fn settle(&mut self) {
        let placed: HashSet<Arc<str>> =
            self.groups.values().flat_map(|g| g.children.keys().cloned()).collect();
        let loose: Vec<_> = self
            .groups
            .values()
            .filter(|g| &*g.name != "all" && !placed.contains(&g.name))
            .map(|g| (Arc::clone(&g.name), g.span.clone()))
            .collect();
        let grouped: HashSet<HostName> = self
            .groups
            .values()
            .filter(|g| !matches!(&*g.name, "all" | "ungrouped"))
            .flat_map(|g| g.hosts.keys().cloned())
            .collect();
        let lonely: Vec<_> = self
            .hosts
            .values()
            .filter(|h| !grouped.contains(&h.name))
            .map(|h| (h.name.clone(), h.span.clone()))
            .collect();
        if let Some(all) = self.groups.get_mut("all") {
            all.children.extend(loose);
        }
        if let Some(ungrouped) = self.groups.get_mut("ungrouped") {
            ungrouped.hosts = lonely.into_iter().collect();
        }
    }

    /// The hosts of a group and of all groups in it: its own first, then level by level, each once.
    pub fn hosts_of(&self, group: &str) -> Vec<HostName> {
        let mut hosts: IndexMap<HostName, ()> = IndexMap::new();
        let mut seen = HashSet::from([group]);
        let mut queue = VecDeque::from([group]);
        while let Some(group) = queue.pop_front().and_then(|name| self.groups.get(name)) {
            hosts.extend(group.hosts.keys().map(|h| (h.clone(), ())));
            queue.extend(group.children.keys().map(|c| &**c).filter(|c| seen.insert(c)));
        }
        // Hosts that nobody settled yet are in `all` too; those that no inventory names are not.
        if group == "all" {
            hosts.retain(|host, ()| self.hosts.contains_key(host));
            hosts.extend(self.hosts.keys().map(|h| (h.clone(), ())));
        }
        hosts.into_keys().collect()
    }

    /// The groups a host is in, directly or not, `all` included, in the order in which their variables count: parents before
    /// children, then by priority, then by name; the last one wins.
    pub fn groups_of(&self, host: &str) -> Vec<&Group> {
        let mut parents: HashMap<&str, Vec<&str>> = HashMap::new();
        for group in self.groups.values() {
            group.children.keys().for_each(|child| parents.entry(child).or_default().push(&group.name));
        }
        let mut found: BTreeSet<&str> = BTreeSet::from(["all"]);
        let mut queue: Vec<&str> =
            self.groups.values().filter(|g| g.hosts.contains_key(host)).map(|g| &*g.name).collect();
        while let Some(group) = queue.pop() {
            if found.insert(group) {
                queue.extend(parents.get(group).into_iter().flatten());
            }
        }
        let mut depths = HashMap::new();
        let mut groups: Vec<&Group> = found.into_iter().filter_map(|name| self.groups.get(name)).collect();
        groups
            .sort_by_cached_key(|g| (depth(&g.name, &parents, &mut depths), g.priority, Arc::clone(&g.name)));
        groups
    }

    /// What `group_names` shows: the groups of a host by name, without `all`.
    pub fn group_names(&self, host: &str) -> Vec<Arc<str>> {
        let mut names: Vec<_> =
            self.groups_of(host).into_iter().map(|g| Arc::clone(&g.name)).filter(|n| &**n != "all").collect();
        names.sort();
        names
    }

    /// Every layer of variables that the inventory has for a host, weakest first; for a host that it does not name, those of `all`.
    pub fn layers(&self, host: &str) -> Vec<VarLayer> {
        let known = self.host(host).map_or(&[][..], |known| &known.vars);
        let groups = self.groups_of(host).into_iter().flat_map(|g| &g.vars);
        let mut layers: Vec<VarLayer> = groups.chain(known).cloned().collect();
        layers.sort_by_key(|layer| layer.level);
        layers
    }
}

/// How far a group is below `all`, on the longest way. There are no cycles.
fn depth<'a>(
    group: &'a str,
    parents: &HashMap<&'a str, Vec<&'a str>>,
    known: &mut HashMap<&'a str, usize>,
) -> usize {
    if let Some(depth) = known.get(group) {
        return *depth;
    }
    let above = parents.get(group).map_or(&[][..], Vec::as_slice);
    let deepest = above.iter().map(|parent| depth(parent, parents, known) + 1).max();
    let depth = deepest.unwrap_or(usize::from(group != "all"));
    known.insert(group, depth);
    depth
}

fn implicit_host(name: &'static str) -> Host {
    let span = Span::nowhere("<built in>");
    let vars = VarLayer {
        level: Level::InventoryHostVars,
        origin: Arc::from("implicit localhost"),
        span: span.clone(),
        vars: Arc::new(Map::from_iter([
            ("ansible_connection", Value::template("local", span.clone())),
            ("ansible_python_interpreter", Value::template("{{ ansible_playbook_python }}", span.clone())),
        ])),
    };
    Host { name: HostName::from(name), span, vars: vec![vars], implicit: true }
}
