//! In-container mode as a rewrite of the graph: hosts leave steps, a step without hosts disappears, its edges are bridged.
//!
//! Among surviving steps the order and the kinds of edges stay what they were. The rewrite assumes, as the compiler gives
//! them, that all steps of a graph have the same hosts before the first one is pruned.

use std::collections::BTreeSet;

use petgraph::Direction::{Incoming, Outgoing};
use petgraph::stable_graph::StableDiGraph;
use petgraph::visit::EdgeRef;

use super::fragment::{Bridge, PrunedStep};
use super::step::{Order, Step, StepIx};
use crate::base::HostName;

/// What was taken out of a graph.
#[derive(Debug, Default)]
pub(super) struct Pruned {
    /// Steps that hosts left, in the order of the graph.
    pub steps: Vec<PrunedStep>,
    /// New edges between steps that survive.
    pub bridges: Vec<Bridge>,
}

/// Takes hosts out of steps: `leaves` says which hosts leave a step.
pub(super) fn prune(
    graph: &mut StableDiGraph<Step, Order, u32>,
    leaves: impl Fn(&Step) -> BTreeSet<HostName>,
) -> Pruned {
    let mut pruned = Pruned::default();
    let mut bridges: Vec<Bridge> = Vec::new();
    let order: Vec<StepIx> = graph.node_indices().collect();
    for ix in order {
        let leaving = leaves(&graph[ix]);
        if leaving.is_empty() {
            continue;
        }
        let before = graph[ix].clone();
        let (gone, stay): (Vec<_>, Vec<_>) = before.hosts.iter().cloned().partition(|h| leaving.contains(h));
        if gone.is_empty() {
            continue;
        }
        graph[ix].hosts.clone_from(&stay);
        bridge(graph, ix, !stay.is_empty(), &mut bridges);
        if stay.is_empty() {
            graph.remove_node(ix);
        }
        pruned.steps.push(PrunedStep { step: before, hosts: gone, before: Some(ix) });
    }
    // Where each one stood is said by the next step that is still there.
    let left: Vec<StepIx> = graph.node_indices().collect();
    for step in &mut pruned.steps {
        step.before = left.iter().copied().find(|ix| Some(*ix) >= step.before);
    }
    bridges.retain(|b| graph.contains_node(b.from) && graph.contains_node(b.to));
    pruned.bridges = bridges;
    pruned
}

/// Joins what came before a step with what comes after it.
fn bridge(graph: &mut StableDiGraph<Step, Order, u32>, ix: StepIx, stays: bool, bridges: &mut Vec<Bridge>) {
    let into: Vec<(StepIx, Order)> =
        graph.edges_directed(ix, Incoming).map(|e| (e.source(), *e.weight())).collect();
    let out: Vec<(StepIx, Order)> =
        graph.edges_directed(ix, Outgoing).map(|e| (e.target(), *e.weight())).collect();
    let name = graph[ix].title().to_owned();
    for (from, first) in &into {
        for (to, second) in &out {
            // With barriers on both sides the hosts that stay keep the order for all.
            if stays && *first == Order::Barrier && *second == Order::Barrier {
                continue;
            }
            let order = *first.max(second);
            match graph.find_edge(*from, *to) {
                Some(edge) if graph[edge] >= order => continue,
                Some(edge) => graph[edge] = order,
                None => {
                    graph.add_edge(*from, *to, order);
                }
            }
            let part = |a: StepIx, b: StepIx| bridges.iter().find(|x| x.from == a && x.to == b);
            let mut over: Vec<String> = part(*from, ix).map(|b| b.over.clone()).unwrap_or_default();
            over.push(name.clone());
            over.extend(part(ix, *to).map(|b| b.over.clone()).unwrap_or_default());
            bridges.retain(|b| (b.from, b.to) != (*from, *to));
            bridges.push(Bridge { from: *from, to: *to, order, over });
        }
    }
}

#[cfg(test)]
mod tests;
