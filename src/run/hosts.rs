//! What the run knows of its hosts. The dispatcher owns it; units of work get snapshots, which cost a reference count.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, LazyLock, OnceLock};

use super::queue::HostNo;
use crate::base::{HostName, Key, Map, Span, Value};
use crate::connection::Endpoint;
use crate::event::Tally;
use crate::model::{Level, VarLayer};

/// One host.
#[derive(Clone, Debug)]
pub struct Host {
    /// Its name in the inventory.
    pub name: HostName,
    /// `ansible_host`, where nobody says it: the host's name. Only its own tasks see that, as in Ansible.
    pub address: Arc<VarLayer>,
    /// What the text says: inventory, vendor, `-e`.
    pub text: Vec<Arc<VarLayer>>,
    /// Facts, with and without `ansible_`.
    pub facts: Arc<VarLayer>,
    /// `include_vars`
    pub included: Arc<VarLayer>,
    /// `set_fact` and `register`.
    pub set: Arc<VarLayer>,
    /// `inventory_hostname` and the like, and what a rescue sees.
    pub magic: Arc<VarLayer>,
    /// `localhost`, which no inventory names: it is there for those who ask for it.
    pub implicit: bool,
    /// The machine that its rounds have for themselves.
    pub machine: Arc<str>,
    /// How it is reached, once somebody has looked; nothing when its own variables do not say it alone.
    pub(super) endpoint: OnceLock<Option<Result<Endpoint, String>>>,
}

fn layer(level: Level, origin: &str) -> Arc<VarLayer> {
    Arc::new(VarLayer { level, origin: Arc::from(origin), span: Span::nowhere(origin), vars: Arc::default() })
}

/// Layers that say nothing yet. Hosts share them until they do: whoever looks into them for each step on each host finds
/// them in the processor's cache.
static FACTS: LazyLock<Arc<VarLayer>> = LazyLock::new(|| {
    let mut facts = layer(Level::Facts, "facts");
    // A mapping without anything in it, and never undefined.
    set(&mut facts, "ansible_facts", Map::new());
    facts
});
static INCLUDED: LazyLock<Arc<VarLayer>> = LazyLock::new(|| layer(Level::IncludeVars, "include_vars"));
static SET: LazyLock<Arc<VarLayer>> = LazyLock::new(|| layer(Level::SetFact, "set_fact"));

/// Sets a variable in a layer that others may share.
fn set(layer: &mut Arc<VarLayer>, name: impl Into<Key>, value: impl Into<Value>) {
    Arc::make_mut(&mut Arc::make_mut(layer).vars).insert(name, value);
}

impl Host {
    /// A host of which only the text is known.
    pub fn new(name: HostName, text: Vec<Arc<VarLayer>>) -> Self {
        let machine = Arc::from(name.as_str());
        let mut address = layer(Level::RoleDefaults, "Benchbook");
        set(&mut address, "ansible_host", name.as_str());
        Self {
            name,
            address,
            text,
            facts: Arc::clone(&FACTS),
            included: Arc::clone(&INCLUDED),
            set: Arc::clone(&SET),
            magic: layer(Level::Magic, "Benchbook"),
            implicit: false,
            machine,
            endpoint: OnceLock::new(),
        }
    }

    /// Adds facts: by their full name, and without `ansible_` below `ansible_facts`.
    pub fn add_facts(&mut self, facts: &Map) {
        let mut short =
            self.facts.vars.get("ansible_facts").and_then(Value::as_map).cloned().unwrap_or_default();
        for (name, value) in facts.iter() {
            let bare = name.as_str().and_then(|n| n.strip_prefix("ansible_"));
            short.insert(bare.map_or_else(|| name.clone(), Key::from), value.clone());
            set(&mut self.facts, name.clone(), value.clone());
        }
        set(&mut self.facts, "ansible_facts", short);
    }

    /// `meta: clear_facts`
    pub fn clear_facts(&mut self) {
        self.facts = Arc::clone(&FACTS);
    }

    /// Adds variables of `set_fact` and `register`.
    pub fn add_set(&mut self, vars: &Map) {
        vars.iter().for_each(|(name, value)| {
            set(&mut self.set, name.clone(), value.clone());
        });
    }

    /// Adds variables of `include_vars`.
    pub fn add_included(&mut self, vars: &Map) {
        vars.iter().for_each(|(name, value)| {
            set(&mut self.included, name.clone(), value.clone());
        });
    }

    /// Sets a variable that Benchbook itself defines.
    pub fn set_magic(&mut self, name: &str, value: impl Into<Value>) {
        set(&mut self.magic, name, value);
    }

    /// All layers that do not depend on a play and say something.
    pub fn layers(&self) -> impl Iterator<Item = &Arc<VarLayer>> {
        let layers = self.text.iter().chain([&self.facts, &self.included, &self.set, &self.magic]);
        layers.filter(|layer| !layer.vars.is_empty())
    }
}

/// How many steps of each host ended how.
#[derive(Debug, Default)]
pub struct Tallies(Vec<Option<Tally>>);

impl Tallies {
    /// That of a host, which counts from now on.
    pub fn of(&mut self, host: HostNo) -> &mut Tally {
        let index = host.0 as usize;
        if self.0.len() <= index {
            self.0.resize(index + 1, None);
        }
        self.0[index].get_or_insert_default()
    }

    /// Those of all hosts that count, by name.
    pub fn by_name(&self, board: &Board) -> BTreeMap<HostName, Tally> {
        board.iter().zip(&self.0).filter_map(|(host, tally)| Some((host.name.clone(), (*tally)?))).collect()
    }
}

/// All hosts at one moment.
#[derive(Clone, Debug, Default)]
pub struct Board {
    hosts: Vec<Arc<Host>>,
    numbers: Arc<HashMap<HostName, HostNo>>,
    /// Those that left the inventory; their numbers stay.
    gone: Arc<HashSet<HostName>>,
    /// What is the same for all of them: `groups`, the names of the hosts of each, and what the run was called with.
    pub magic: Option<Arc<VarLayer>>,
}

impl Board {
    /// Adds a host, or replaces the one of that name.
    pub fn put(&mut self, mut host: Host) -> HostNo {
        host.endpoint.take();
        if self.gone.contains(&host.name) {
            Arc::make_mut(&mut self.gone).remove(&host.name);
        }
        if let Some(number) = self.number(&host.name) {
            *self.get_mut(number) = host;
            return number;
        }
        let number = HostNo(u32::try_from(self.hosts.len()).expect("fewer than 2^32 hosts"));
        Arc::make_mut(&mut self.numbers).insert(host.name.clone(), number);
        self.hosts.push(Arc::new(host));
        number
    }

    /// The number of a name.
    pub fn number(&self, name: &HostName) -> Option<HostNo> {
        self.numbers.get(name).copied()
    }

    /// Hosts leave the inventory.
    pub fn remove(&mut self, hosts: impl IntoIterator<Item = HostName>) {
        Arc::make_mut(&mut self.gone).extend(hosts);
    }

    /// A host by its number, which came from here.
    pub fn get(&self, number: HostNo) -> &Arc<Host> {
        &self.hosts[number.0 as usize]
    }

    /// A host by its name.
    pub fn find(&self, name: &str) -> Option<&Arc<Host>> {
        self.numbers.get(name).map(|number| self.get(*number))
    }

    /// Those that the inventory has.
    pub fn listed(&self) -> impl Iterator<Item = &Arc<Host>> {
        self.iter().filter(|host| !host.implicit && !self.gone.contains(&host.name))
    }

    /// To change a host; snapshots keep the old one.
    pub fn get_mut(&mut self, number: HostNo) -> &mut Host {
        let host = Arc::make_mut(&mut self.hosts[number.0 as usize]);
        host.endpoint.take();
        host
    }

    /// All hosts.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Host>> {
        self.hosts.iter()
    }
}
