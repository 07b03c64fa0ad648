//! Puts steps into the graph: a fragment with its scopes, or steps whose scopes are there.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::dispatcher::{Dispatcher, narrow};
use super::fates::ScopeNo;
use super::node::{Node, Work};
use super::queue::{HostNo, Place, Shape, StepNo};
use crate::plan::{CasePlan, Fragment, Order, Scope, ScopeKind, StepIx, StepKind};

/// Where a fragment goes and what its steps inherit.
pub(super) struct Graft {
    pub play: usize,
    pub batch: usize,
    /// The scope its root hangs under.
    pub under: Option<ScopeNo>,
    pub hosts: Vec<HostNo>,
    pub place: Place,
    /// The case it stands in.
    pub case: Option<Arc<CasePlan>>,
}

impl Dispatcher {
    /// Adds a fragment's scopes and steps. Gives how many steps there are.
    pub(super) fn graft(&mut self, fragment: &Fragment, graft: Graft) -> usize {
        let scopes = rooted(&fragment.scopes, graft.under.is_some());
        let root = self.fates.add(&scopes, graft.under);
        let cases: BTreeMap<_, _> = fragment.cases.iter().map(|c| (&c.id, Arc::new(c.clone()))).collect();
        let offset = narrow(self.nodes.len());
        let (indices, edges) = shape_of(fragment);
        let number: HashMap<StepIx, u32> = indices.iter().copied().zip(0..).collect();
        let here: HashSet<HostNo> = graft.hosts.iter().copied().collect();
        let mut nodes = Vec::new();
        for index in &indices {
            let step = &fragment.graph[*index];
            let hosts: Vec<HostNo> =
                step.hosts.iter().filter_map(|h| self.board.number(h)).filter(|h| here.contains(h)).collect();
            let scope = ScopeNo(root.0 + step.scope.0);
            let round = self.fates.round(scope);
            if let Some(round) = round {
                for host in &hosts {
                    self.holds.entry((round, *host)).or_default().left += 1;
                }
            }
            let join = fragment
                .graph
                .neighbors(*index)
                .find(|to| matches!(fragment.graph[*to].kind, StepKind::Join))
                .map(|to| StepNo(offset + number[&to]));
            let own = step.case.as_ref().and_then(|place| cases.get(&place.id).cloned());
            let case = own.or_else(|| graft.case.clone());
            nodes.push(Node {
                work: Work::Step(Arc::new(step.clone())),
                play: graft.play,
                batch: graft.batch,
                scope,
                round,
                left: hosts.len(),
                hosts: hosts.into(),
                case,
                join,
            });
        }
        self.put(nodes, graft.hosts, edges, &graft.place)
    }

    /// Adds steps. Gives how many there are.
    pub(super) fn put(
        &mut self,
        nodes: Vec<Node>,
        hosts: Vec<HostNo>,
        edges: Vec<(u32, u32, Order)>,
        place: &Place,
    ) -> usize {
        let new = narrow(self.nodes.len())..narrow(self.nodes.len() + nodes.len());
        let steps: Vec<Vec<HostNo>> = nodes.iter().map(|node| node.hosts.to_vec()).collect();
        for node in nodes {
            self.pin_new(node.play, node.batch, &node.hosts);
            self.nodes.push(node);
        }
        if !self.past.is_empty() {
            self.reopen_cleared(new.clone());
            self.reopen_lives(new.clone());
            self.reopen_monitors(new.clone());
        }
        self.queue.add(Shape { hosts, steps, edges }, place);
        new.len()
    }
}

/// The steps of a fragment, and the edges between their places in that list.
pub(super) fn shape_of(fragment: &Fragment) -> (Vec<StepIx>, Vec<(u32, u32, Order)>) {
    let indices: Vec<StepIx> = fragment.graph.node_indices().collect();
    let number: HashMap<StepIx, u32> = indices.iter().copied().zip(0..).collect();
    let edges = fragment.graph.edge_indices().filter_map(|e| {
        let (from, to) = fragment.graph.edge_endpoints(e)?;
        Some((number[&from], number[&to], fragment.graph[e]))
    });
    let edges = edges.collect();
    (indices, edges)
}

/// The scopes of a fragment that is spliced in: its root is no play of its own.
fn rooted(scopes: &[Scope], spliced: bool) -> Vec<Scope> {
    let mut scopes = scopes.to_vec();
    if scopes.is_empty() {
        scopes.push(Scope { parent: None, kind: ScopeKind::Play });
    }
    if spliced && scopes[0].kind == ScopeKind::Play {
        scopes[0].kind = ScopeKind::Group("included".into());
    }
    scopes
}
