//! Among steps that stay, order and edge kinds are what they were; a property over random graphs.

use std::collections::BTreeSet;

use petgraph::stable_graph::StableDiGraph;
use petgraph::visit::{EdgeRef, IntoEdgeReferences};
use proptest::prelude::*;

use super::*;
use crate::base::{Span, StepId};
use crate::plan::{ScopeIx, StepKind};

type Graph = StableDiGraph<Step, Order, u32>;
/// (step, host), by their numbers.
type Moment = (usize, usize);

fn step(number: usize, hosts: usize) -> Step {
    Step {
        id: StepId::from(format!("s{number}")),
        name: format!("s{number}"),
        kind: StepKind::Join,
        scope: ScopeIx(0),
        hosts: (0..hosts).map(|h| HostName::from(format!("h{h}"))).collect(),
        stage: None,
        tags: Vec::new(),
        span: Span::nowhere("test"),
        case: None,
        vars: std::sync::Arc::from([]),
        handler: None,
        handling: false,
        meta: None,
        surroundings: None,
        chapter: None,
    }
}

fn graph(steps: usize, hosts: usize, edges: &[(usize, usize, bool)]) -> Graph {
    let mut graph = Graph::default();
    let nodes: Vec<StepIx> = (0..steps).map(|n| graph.add_node(step(n, hosts))).collect();
    for (a, b, barrier) in edges {
        let (from, to) = (a % steps, b % steps);
        if from != to {
            let order = if *barrier { Order::Barrier } else { Order::PerHost };
            graph.update_edge(nodes[from.min(to)], nodes[from.max(to)], order);
        }
    }
    graph
}

/// All pairs of moments of which the first must have ended before the second starts.
fn before(graph: &Graph, hosts: usize) -> BTreeSet<(Moment, Moment)> {
    let there = |ix: StepIx, h: usize| graph[ix].hosts.iter().any(|x| x.as_str() == format!("h{h}"));
    let mut pairs = BTreeSet::new();
    for edge in graph.edge_references() {
        for g in 0..hosts {
            for h in 0..hosts {
                let counts = g == h || *edge.weight() == Order::Barrier;
                if counts && there(edge.source(), g) && there(edge.target(), h) {
                    pairs.insert(((edge.source().index(), g), (edge.target().index(), h)));
                }
            }
        }
    }
    // Transitive: edges go from lower to higher numbers, so one pass over the middles in order is enough.
    let middles: BTreeSet<Moment> = pairs.iter().flat_map(|(a, b)| [*a, *b]).collect();
    for middle in middles {
        let into: Vec<Moment> = pairs.iter().filter(|p| p.1 == middle).map(|p| p.0).collect();
        let out: Vec<Moment> = pairs.iter().filter(|p| p.0 == middle).map(|p| p.1).collect();
        pairs.extend(into.iter().flat_map(|a| out.iter().map(move |b| (*a, *b))));
    }
    pairs
}

proptest! {
    #[test]
    fn among_surviving_steps_the_order_stays(
        steps in 2usize..9,
        hosts in 1usize..4,
        edges in prop::collection::vec((0usize..9, 0usize..9, any::<bool>()), 0..24),
        leaving in prop::collection::vec(0u8..8, 9),
    ) {
        let original = graph(steps, hosts, &edges);
        let leaves = |number: usize, host: usize| leaving[number] & (1 << host) != 0;
        let mut pruned = original.clone();
        prune(&mut pruned, |s| {
            let number: usize = s.name[1..].parse().unwrap();
            (0..hosts).filter(|h| leaves(number, *h)).map(|h| HostName::from(format!("h{h}"))).collect()
        });
        let survives = |(number, host): &Moment| !leaves(*number, *host);
        let wanted: BTreeSet<_> =
            before(&original, hosts).into_iter().filter(|(a, b)| survives(a) && survives(b)).collect();
        prop_assert_eq!(before(&pruned, hosts), wanted);
        // Edges that were there between steps that nobody left are what they were.
        for edge in original.edge_references() {
            let untouched = |ix: StepIx| (0..hosts).all(|h| !leaves(ix.index(), h));
            if untouched(edge.source()) && untouched(edge.target()) {
                let now = pruned.find_edge(edge.source(), edge.target()).map(|e| pruned[e]);
                prop_assert!(now >= Some(*edge.weight()));
            }
        }
    }
}

#[test]
fn a_chain_is_bridged_over_all_that_left_it() {
    let mut chain = graph(4, 2, &[(0, 1, true), (1, 2, false), (2, 3, false)]);
    let pruned = prune(&mut chain, |s| {
        let gone = matches!(s.name.as_str(), "s1" | "s2");
        if gone { s.hosts.iter().cloned().collect() } else { BTreeSet::new() }
    });
    let bridge = &pruned.bridges[0];
    assert_eq!((bridge.from.index(), bridge.to.index(), bridge.order), (0, 3, Order::Barrier));
    assert_eq!(bridge.over, ["s1", "s2"]);
    assert_eq!(
        pruned.steps.iter().map(|p| p.before.map(StepIx::index)).collect::<Vec<_>>(),
        [Some(3), Some(3)]
    );
}
