//! Queue and fates together: any tree of blocks, cases and inclusions, with any fates, ends as it must.

use proptest::prelude::*;

use super::*;
use crate::base::CaseId;
use crate::plan::{Order, ScopeIx};
use crate::run::queue::{Place, Queue, Shape, StepNo};

const HOSTS: u32 = 3;

/// A piece of a playbook. Hosts are a bit mask.
#[derive(Clone, Debug)]
enum Item {
    Step(u8),
    Parallel(Vec<Item>),
    Block { body: Vec<Item>, rescue: Option<Vec<Item>>, always: Vec<Item> },
    Case { body: Vec<Item>, always: Vec<Item> },
    Include { hosts: u8, items: Vec<Item>, one_each: bool },
}

fn items() -> impl Strategy<Value = Vec<Item>> {
    let step = (1_u8..8).prop_map(Item::Step);
    let item = step.prop_recursive(3, 24, 3, |item| {
        let list = prop::collection::vec(item, 0..4);
        prop_oneof![
            3 => (1_u8..8).prop_map(Item::Step),
            1 => list.clone().prop_map(Item::Parallel),
            3 => (list.clone(), prop::option::of(list.clone()), list.clone())
                .prop_map(|(body, rescue, always)| Item::Block { body, rescue, always }),
            1 => (list.clone(), list.clone()).prop_map(|(body, always)| Item::Case { body, always }),
            2 => (1_u8..8, list, any::<bool>())
                .prop_map(|(hosts, items, one_each)| Item::Include { hosts, items, one_each }),
        ]
    });
    prop::collection::vec(item, 1..6)
}

#[derive(Clone, Debug)]
enum Kind {
    Work,
    Expand(Vec<Item>, bool),
    Join,
}

#[derive(Clone, Debug)]
struct Node {
    scope: ScopeIx,
    hosts: u8,
    kind: Kind,
}

/// A fragment under construction.
struct Text<'a> {
    nodes: Vec<Node>,
    edges: Vec<(u32, u32, Order)>,
    scopes: Vec<Scope>,
    mask: u8,
    barrier: &'a mut dyn FnMut() -> bool,
}

impl Text<'_> {
    fn scope(&mut self, parent: Option<ScopeIx>, kind: ScopeKind) -> ScopeIx {
        self.scopes.push(Scope { parent, kind });
        ScopeIx(u32::try_from(self.scopes.len() - 1).unwrap())
    }

    fn node(&mut self, scope: ScopeIx, hosts: u8, kind: Kind, after: &[u32]) -> u32 {
        let number = u32::try_from(self.nodes.len()).unwrap();
        self.nodes.push(Node { scope, hosts: hosts & self.mask, kind });
        for from in after {
            let order = if (self.barrier)() { Order::Barrier } else { Order::PerHost };
            self.edges.push((*from, number, order));
        }
        number
    }

    fn section(&mut self, block: ScopeIx, kind: Section, items: &[Item], after: Vec<u32>) -> Vec<u32> {
        let scope = self.scope(Some(block), ScopeKind::Section(kind));
        self.list(scope, items, after)
    }

    fn list(&mut self, scope: ScopeIx, items: &[Item], mut after: Vec<u32>) -> Vec<u32> {
        for item in items {
            after = self.item(scope, item, after);
        }
        after
    }

    fn item(&mut self, scope: ScopeIx, item: &Item, after: Vec<u32>) -> Vec<u32> {
        match item {
            Item::Step(hosts) => vec![self.node(scope, *hosts, Kind::Work, &after)],
            Item::Parallel(items) if items.is_empty() => after,
            Item::Parallel(items) => items.iter().flat_map(|i| self.item(scope, i, after.clone())).collect(),
            Item::Block { body, rescue, always } => {
                let block = self.scope(
                    Some(scope),
                    ScopeKind::Block {
                        rescue: rescue.is_some(),
                        lifecycle: false,
                        outermost: false,
                        flushes: false,
                    },
                );
                let mut after = self.section(block, Section::Body, body, after);
                if let Some(rescue) = rescue {
                    after = self.section(block, Section::Rescue, rescue, after);
                }
                self.section(block, Section::Always, always, after)
            }
            Item::Case { body, always } => {
                let case = self.scope(Some(scope), ScopeKind::Case(CaseId::from("case")));
                let after = self.section(case, Section::Body, body, after);
                self.section(case, Section::Always, always, after)
            }
            Item::Include { hosts, items, one_each } => {
                let expand = self.node(scope, *hosts, Kind::Expand(items.clone(), *one_each), &after);
                vec![self.node(scope, *hosts, Kind::Join, &[expand])]
            }
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Ok,
    Failed,
    Bypassed,
}

struct Step {
    scope: ScopeNo,
    hosts: u8,
    kind: Kind,
    before: Vec<(StepNo, Order)>,
    ends: [Option<End>; HOSTS as usize],
}

struct World<'a> {
    queue: Queue,
    fates: Fates,
    steps: Vec<Step>,
    random: &'a mut dyn FnMut(usize) -> usize,
    lost: u8,
}

fn of(mask: u8) -> impl Iterator<Item = u32> {
    (0..HOSTS).filter(move |h| mask & (1 << h) != 0)
}

impl World<'_> {
    fn add(&mut self, items: &[Item], mask: u8, splice: Option<(StepNo, StepNo)>) {
        let (nodes, edges, scopes) = {
            let random = &mut self.random;
            let mut barrier = || random(2) == 0;
            let mut text = Text { nodes: vec![], edges: vec![], scopes: vec![], mask, barrier: &mut barrier };
            let kind = if splice.is_some() { ScopeKind::Group("included".into()) } else { ScopeKind::Play };
            let root = text.scope(None, kind);
            text.list(root, items, vec![]);
            (text.nodes, text.edges, text.scopes)
        };
        let under = splice.map(|(expand, _)| self.steps[expand.0 as usize].scope);
        let root = self.fates.add(&scopes, under);
        let place = splice.map_or_else(Place::default, |(expand, join)| Place {
            after: vec![(expand, Order::PerHost)],
            before: Some((join, Order::PerHost)),
        });
        let numbers = |mask| of(mask).map(HostNo).collect::<Vec<_>>();
        let shape = Shape {
            hosts: numbers(mask),
            steps: nodes.iter().map(|n| numbers(n.hosts)).collect(),
            edges: edges.clone(),
        };
        let first = self.queue.add(shape, &place);
        assert_eq!(first.0 as usize, self.steps.len());
        for node in nodes {
            self.steps.push(Step {
                scope: ScopeNo(root.0 + node.scope.0),
                hosts: node.hosts,
                kind: node.kind,
                before: place.after.clone(),
                ends: [None; HOSTS as usize],
            });
        }
        for (from, to, order) in edges {
            self.steps[(first.0 + to) as usize].before.push((StepNo(first.0 + from), order));
        }
        if let Some((_, join)) = splice {
            let added = (first.0..u32::try_from(self.steps.len()).unwrap()).map(StepNo);
            self.steps[join.0 as usize].before.extend(added.map(|s| (s, Order::PerHost)));
        }
    }

    fn finish(&mut self, step: StepNo, host: u32, end: End) {
        let slot = &mut self.steps[step.0 as usize].ends[host as usize];
        assert_eq!(*slot, None, "ended twice");
        *slot = Some(end);
        self.queue.finish(step, HostNo(host));
    }

    fn starts_in_order(&self, step: StepNo, host: u32) {
        for (before, order) in &self.steps[step.0 as usize].before {
            let before = &self.steps[before.0 as usize];
            for other in of(before.hosts).filter(|h| *order == Order::Barrier || *h == host) {
                // The expand step itself ends with its splice.
                let gathering = matches!(before.kind, Kind::Expand(..));
                assert!(before.ends[other as usize].is_some() || gathering, "started before its predecessor");
            }
        }
    }

    /// Runs everything to its end; `cancel_at`: after so many starts.
    fn run(&mut self, cancel_at: usize) {
        let mut running: Vec<(StepNo, u32)> = Vec::new();
        let mut gathered: HashMap<StepNo, Vec<(u32, bool)>> = HashMap::new();
        let mut started = 0;
        loop {
            while let Some((step, host)) = self.queue.pop() {
                self.starts_in_order(step, host.0);
                let info = &self.steps[step.0 as usize];
                let verdict = self.fates.verdict(info.scope, host);
                let kind = info.kind.clone();
                if let Kind::Expand(items, one_each) = kind {
                    if verdict == Verdict::Run {
                        self.fates.enter(info.scope, host);
                    }
                    let all = info.hosts.count_ones() as usize;
                    let group = gathered.entry(step).or_default();
                    group.push((host.0, verdict == Verdict::Run));
                    if group.len() == all {
                        let group = std::mem::take(group);
                        let arrived: Vec<u32> = group.iter().filter(|g| g.1).map(|g| g.0).collect();
                        let masks: Vec<u8> = if one_each {
                            arrived.iter().map(|h| 1 << h).collect()
                        } else {
                            vec![arrived.iter().map(|h| 1 << h).sum()]
                        };
                        for mask in masks.into_iter().filter(|m| *m != 0) {
                            self.add(&items, mask, Some((step, StepNo(step.0 + 1))));
                        }
                        for (host, ran) in group {
                            self.finish(step, host, if ran { End::Ok } else { End::Bypassed });
                        }
                    }
                } else if verdict == Verdict::Run && matches!(kind, Kind::Work) {
                    self.fates.enter(info.scope, host);
                    running.push((step, host.0));
                    started += 1;
                    if started == cancel_at {
                        self.fates.cancel();
                    }
                } else {
                    self.finish(step, host.0, End::Bypassed);
                }
            }
            if running.is_empty() {
                break;
            }
            let (step, host) = running.swap_remove((self.random)(running.len()));
            let scope = self.steps[step.0 as usize].scope;
            let end = match (self.random)(10) {
                0 | 1 => {
                    self.fates.fail(scope, HostNo(host), Why::Failed);
                    End::Failed
                }
                2 if (self.random)(4) == 0 => {
                    self.fates.lose(HostNo(host));
                    self.lost |= 1 << host;
                    End::Failed
                }
                _ => End::Ok,
            };
            self.finish(step, host, end);
        }
    }

    fn sections(&self, kind: Section) -> impl Iterator<Item = ScopeNo> + '_ {
        let all = (0..u32::try_from(self.fates.scopes.len()).unwrap()).map(ScopeNo);
        all.filter(move |s| *self.fates.kind(*s) == ScopeKind::Section(kind))
    }

    fn ran_inside(&self, scope: ScopeNo, host: u32) -> bool {
        self.steps.iter().any(|s| {
            matches!(s.ends[host as usize], Some(End::Ok | End::Failed))
                && self.fates.ancestors(s.scope).any(|a| a == scope)
        })
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn everything_ends_once_in_order_and_what_is_owed_is_done(
        items in items(),
        seed in any::<u64>(),
        cancel_at in prop_oneof![Just(usize::MAX), 1_usize..12],
    ) {
        let mut generator = fastrand::Rng::with_seed(seed);
        let mut random = |n: usize| generator.usize(..n);
        let mut world =
            World { queue: Queue::new(), fates: Fates::new(), steps: vec![], random: &mut random, lost: 0 };
        world.add(&items, 7, None);
        world.run(cancel_at);

        prop_assert!(world.queue.is_done());
        for step in &world.steps {
            for host in 0..HOSTS {
                prop_assert_eq!(step.ends[host as usize].is_some(), step.hosts & (1 << host) != 0);
            }
        }
        // Who enters a block gets the whole of its `always`, unless that fails itself or the host is gone.
        for always in world.sections(Section::Always) {
            let block = world.fates.scopes[always.index()].parent;
            let bodies: Vec<_> = world
                .sections(Section::Body)
                .filter(|b| world.fates.scopes[b.index()].parent == block)
                .collect();
            for host in of(7 & !world.lost) {
                if bodies.iter().any(|b| world.ran_inside(*b, host))
                    && !world.fates.has_failed(always, HostNo(host))
                {
                    for step in world.steps.iter().filter(|s| s.scope == always && matches!(s.kind, Kind::Work)) {
                        if step.hosts & (1 << host) != 0 {
                            prop_assert_eq!(step.ends[host as usize], Some(End::Ok));
                        }
                    }
                }
            }
        }
        // A rescue is for those whose body failed.
        for rescue in world.sections(Section::Rescue) {
            let body = world.fates.scopes[rescue.index()].body.unwrap();
            for host in 0..HOSTS {
                if world.ran_inside(rescue, host) {
                    prop_assert!(world.fates.has_failed(body, HostNo(host)));
                }
            }
        }
    }
}

#[test]
fn a_case_is_a_fault_boundary() {
    let mut fates = Fates::new();
    let case = |parent| Scope { parent, kind: ScopeKind::Case(CaseId::from("a")) };
    let body = |parent| Scope { parent: Some(ScopeIx(parent)), kind: ScopeKind::Section(Section::Body) };
    let always = |parent| Scope { parent: Some(ScopeIx(parent)), kind: ScopeKind::Section(Section::Always) };
    let root = Some(ScopeIx(0));
    let play = Scope { parent: None, kind: ScopeKind::Play };
    fates.add(&[play, case(root), body(1), always(1), case(root), body(4)], None);
    let host = HostNo(0);
    fates.enter(ScopeNo(2), host);
    assert_eq!(fates.fail(ScopeNo(2), host, Why::Failed), Caught::Case(ScopeNo(1)));
    assert_eq!(fates.verdict(ScopeNo(2), host), Verdict::Bypass(Why::Failed));
    assert_eq!(fates.verdict(ScopeNo(3), host), Verdict::Run);
    assert_eq!(fates.verdict(ScopeNo(5), host), Verdict::Run);
    fates.lose(host);
    assert_eq!(fates.verdict(ScopeNo(3), host), Verdict::Bypass(Why::Unreachable));
    assert_eq!(fates.verdict(ScopeNo(5), host), Verdict::Bypass(Why::Unreachable));
}

#[test]
fn ctrl_c_lets_owed_always_run_and_the_second_does_not() {
    let mut fates = Fates::new();
    let section = |kind| Scope { parent: Some(ScopeIx(1)), kind: ScopeKind::Section(kind) };
    let block = Scope {
        parent: Some(ScopeIx(0)),
        kind: ScopeKind::Block { rescue: false, lifecycle: false, outermost: false, flushes: false },
    };
    let play = Scope { parent: None, kind: ScopeKind::Play };
    fates.add(&[play, block, section(Section::Body), section(Section::Always)], None);
    let (entered, waiting) = (HostNo(0), HostNo(1));
    fates.enter(ScopeNo(2), entered);
    fates.cancel();
    assert_eq!(fates.verdict(ScopeNo(2), entered), Verdict::Bypass(Why::Cancelled));
    assert_eq!(fates.verdict(ScopeNo(3), entered), Verdict::Run);
    assert_eq!(fates.verdict(ScopeNo(3), waiting), Verdict::Bypass(Why::Cancelled));
    fates.abandon();
    assert_eq!(fates.verdict(ScopeNo(3), entered), Verdict::Bypass(Why::Cancelled));
}

#[test]
fn who_ends_the_play_early_clears_up_what_the_run_has_made_and_no_more() {
    for lifecycle in [false, true] {
        let mut fates = Fates::new();
        let section = |kind| Scope { parent: Some(ScopeIx(1)), kind: ScopeKind::Section(kind) };
        let block = Scope {
            parent: Some(ScopeIx(0)),
            kind: ScopeKind::Block { rescue: false, lifecycle, outermost: false, flushes: false },
        };
        let play = Scope { parent: None, kind: ScopeKind::Play };
        fates.add(&[play, block, section(Section::Body), section(Section::Always)], None);
        let host = HostNo(0);
        fates.enter(ScopeNo(2), host);
        fates.end(ScopeNo(2), host);
        assert_eq!(fates.verdict(ScopeNo(2), host), Verdict::Bypass(Why::Ended));
        let cleared = if lifecycle { Verdict::Run } else { Verdict::Bypass(Why::Ended) };
        assert_eq!(fates.verdict(ScopeNo(3), host), cleared);
    }
}
