//! Edges of a strategy: what they order, a property over random tasks that read and write variables.

use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::base::{Span, StepId};
use crate::model::Strategy;
use crate::plan::{ScopeKind, Step, StepKind};

fn drafted(draft: &mut Draft, number: usize, scope: ScopeIx, flow: Flow) {
    let step = Step {
        id: StepId::from(format!("s{number}")),
        name: format!("s{number}"),
        kind: StepKind::Join,
        scope,
        hosts: Vec::new(),
        stage: None,
        tags: Vec::new(),
        span: Span::nowhere("test"),
        case: None,
        vars: Arc::from([]),
        handler: None,
        handling: false,
        meta: None,
        surroundings: None,
        chapter: None,
    };
    draft.steps.push(Drafted { step, lane: Lane::Tasks, flow, readings: Arc::from([]), gives: Vec::new() });
}

/// (reads, writes, open) of each step, as sets of bits.
type Shape = Vec<(u8, u8, bool)>;

fn draft(shape: &Shape) -> Draft {
    let mut draft = Draft::default();
    let root = draft.scope(None, ScopeKind::Play);
    let names = |bits: u8| -> BTreeSet<Arc<str>> {
        (0..3).filter(|b| bits & (1 << b) != 0).map(|b| Arc::from(format!("v{b}"))).collect()
    };
    for (number, (reads, writes, open)) in shape.iter().enumerate() {
        let flow = Flow { reads: names(*reads), writes: names(*writes), open: *open, ..Flow::default() };
        drafted(&mut draft, number, root, flow);
    }
    draft
}

/// Which steps come before which, by any number of edges.
fn before(edges: &[Edge], count: usize) -> Vec<BTreeSet<usize>> {
    let mut before = vec![BTreeSet::new(); count];
    for to in 0..count {
        for edge in edges.iter().filter(|e| e.to == to) {
            let earlier = before[edge.from].clone();
            before[to].insert(edge.from);
            before[to].extend(earlier);
        }
    }
    before
}

proptest! {
    #[test]
    fn in_a_web_what_shares_a_written_variable_is_ordered_and_fences_order_everything(
        shape in prop::collection::vec((0u8..8, 0u8..8, prop::bool::weighted(0.15)), 1..14)
    ) {
        let edges = lay(Strategy::Dag, &draft(&shape));
        prop_assert!(edges.iter().all(|e| e.from < e.to));
        let before = before(&edges, shape.len());
        for (late, (reads, writes, open)) in shape.iter().enumerate() {
            for (early, (early_reads, early_writes, early_open)) in shape[..late].iter().enumerate() {
                let shares = early_writes & (reads | writes) != 0 || early_reads & writes != 0;
                if shares || *open || *early_open {
                    prop_assert!(before[late].contains(&early), "{early} before {late}: {edges:?}");
                }
            }
        }
    }

    #[test]
    fn what_shares_nothing_is_free_in_a_web(count in 2usize..10) {
        let shape: Shape = vec![(1, 0, false); count];
        prop_assert!(lay(Strategy::Dag, &draft(&shape)).is_empty());
    }
}

#[test]
fn linear_waits_for_all_hosts_and_free_for_none_and_cases_for_none() {
    let mut draft = draft(&vec![(0, 0, false); 4]);
    draft.steps[1].lane = Lane::Cases;
    draft.steps[2].lane = Lane::Cases;
    let orders = |strategy| lay(strategy, &draft).iter().map(|e| e.order).collect::<Vec<_>>();
    assert_eq!(orders(Strategy::Linear), [Order::Barrier, Order::PerHost, Order::Barrier]);
    assert_eq!(orders(Strategy::Free), [Order::PerHost; 3]);
    assert_eq!(orders(Strategy::HostPinned), [Order::PerHost; 3]);
}
