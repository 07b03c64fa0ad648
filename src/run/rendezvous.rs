//! What a member of a gang is told: its rank, who the others are, where the first one is found.
//!
//! The names of the environment are those that `torchrun`, `torch.distributed` and the launchers of `FlagPerf` read.

use std::sync::Arc;

use super::case::with_target;
use super::magic::host_scope;
use super::unit::{Finished, Unit};
use crate::action::{Invocation, Target};
use crate::base::{HostName, Map, Timestamp, Value};
use crate::event;
use crate::plan::{CasePlan, Gang};
use crate::vars::Templar;

/// The variable of a host that holds the ports of its gangs, by case.
pub const PORTS: &str = "benchbook_gang_ports";

/// The variable of a host that says by which address other members reach it; its `ansible_host` otherwise.
const ADDRESS: &str = "rendezvous_address";

/// The variable `rendezvous`, for a step of a gang's case.
pub fn variable(unit: &Unit) -> Option<Map> {
    let (case, gang) = of_gang(unit)?;
    let members: Vec<&HostName> = case.members(&unit.play.batch).collect();
    let rank = members.iter().position(|name| **name == unit.host.name)?;
    let addresses: Vec<String> = members.iter().map(|name| address(unit, name)).collect();
    let slots = gang.ranks_per_node;
    let lines: Vec<String> = addresses.iter().map(|address| format!("{address} slots={slots}")).collect();
    let hostfile = lines.join("\n") + "\n";
    let port = unit.host.magic.vars.get(PORTS).and_then(|ports| ports.get(case.id.as_str()).cloned());
    Some(Map::from_iter([
        ("nodes", Value::from(gang.nodes)),
        ("ranks_per_node", slots.into()),
        ("world_size", (gang.nodes * slots).into()),
        ("node_rank", rank.into()),
        ("rank", (rank * slots as usize).into()),
        ("hosts", members.iter().map(|name| Value::from(name.as_str())).collect::<Vec<_>>().into()),
        ("master_addr", addresses.first().cloned().unwrap_or_default().into()),
        ("master_port", port.unwrap_or_default()),
        ("addresses", addresses.into()),
        ("hostfile", hostfile.into()),
    ]))
}

fn of_gang(unit: &Unit) -> Option<(&Arc<CasePlan>, Gang)> {
    let case = unit.case.as_ref()?;
    Some((case, case.gang?))
}

/// Whether the figures of this host count: those of the first rank, or of all when they become one.
pub fn measures(unit: &Unit) -> bool {
    team(unit).is_none_or(|gang| gang.reduce.is_some() || gang.is_led_by(&unit.host.name))
}

/// The step's gang, if it belongs to one.
pub fn team(unit: &Unit) -> Option<event::Gang> {
    let (case, gang) = of_gang(unit)?;
    let members = case.members(&unit.play.batch).cloned().collect();
    Some(event::Gang { members, reduce: gang.reduce })
}

fn address(unit: &Unit, name: &HostName) -> String {
    let Some(host) = unit.board.find(name.as_str()) else { return name.to_string() };
    let templar = Templar::new(host_scope(host, &unit.board), Arc::clone(&unit.shared.environment));
    [ADDRESS, "ansible_host", "ansible_ssh_host"]
        .iter()
        .find_map(|variable| {
            let (value, _) = templar.scope().lookup(variable)?;
            templar.render_str(value).ok().filter(|address| !address.is_empty())
        })
        .unwrap_or_else(|| name.to_string())
}

/// The variable as launchers read it.
pub fn environment(rendezvous: &Map) -> Vec<(String, String)> {
    let text = |key: &str| rendezvous.get(key).map(ToString::to_string).unwrap_or_default();
    let mut pairs = vec![
        ("WORLD_SIZE", text("world_size")),
        ("RANK", text("rank")),
        ("NODE_RANK", text("node_rank")),
        ("GROUP_RANK", text("node_rank")),
        ("NNODES", text("nodes")),
        ("NPROC_PER_NODE", text("ranks_per_node")),
        ("LOCAL_WORLD_SIZE", text("ranks_per_node")),
        ("MASTER_ADDR", text("master_addr")),
        ("PET_NNODES", text("nodes")),
        ("PET_NPROC_PER_NODE", text("ranks_per_node")),
        ("PET_NODE_RANK", text("node_rank")),
        ("PET_MASTER_ADDR", text("master_addr")),
    ];
    let port = text("master_port");
    if !port.is_empty() {
        pairs.extend([("MASTER_PORT", port.clone()), ("PET_MASTER_PORT", port)]);
    }
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The first rank looks for a port that nobody listens on.
pub async fn meet(unit: &Unit, started: Timestamp) -> Finished {
    let templar = unit.plain_templar(unit.scope());
    with_target(unit, &templar, started, async |target| {
        (target.call(Invocation { module: "_port", ..Invocation::default() }).await, None)
    })
    .await
}
