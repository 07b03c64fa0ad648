//! What in-container mode takes out of a play, and what must not go with it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use petgraph::stable_graph::StableDiGraph;

use super::draft::Draft;
use super::prune::{Pruned, prune};
use super::step::{Order, Step, StepKind};
use crate::base::{Diagnostic, HostName, Map};
use crate::model::Stage;

/// Takes the hosts that are in in-container mode out of the stages that prepare the environment.
pub(super) fn in_container(
    graph: &mut StableDiGraph<Step, Order, u32>,
    modes: &BTreeSet<HostName>,
) -> Pruned {
    let mut taken = prune(graph, |step| match step.kind {
        _ if leaves(step) => modes.clone(),
        StepKind::SameEnvironment => step.hosts.iter().filter(|h| !modes.contains(*h)).cloned().collect(),
        _ => BTreeSet::new(),
    });
    // The mode has added that step: nobody misses it elsewhere.
    let added = |step: &Step| matches!(step.kind, StepKind::SameEnvironment);
    let names: Vec<String> =
        taken.steps.iter().filter(|gone| added(&gone.step)).map(|gone| gone.step.name.clone()).collect();
    taken.steps.retain(|gone| !added(&gone.step));
    taken.bridges.retain(|bridge| !bridge.over.iter().all(|name| names.contains(name)));
    taken
}

fn leaves(step: &Step) -> bool {
    step.stage.as_ref().is_some_and(Stage::is_pruned_in_container)
}

/// What pruned steps would have given.
pub(super) struct Lost {
    /// What they register instead.
    pub registers: BTreeMap<HostName, Map>,
    /// Steps that stay and need what only they could give.
    pub errors: Vec<Diagnostic>,
}

/// What goes with the pruned steps of a draft.
pub(super) fn lost(draft: &Draft, modes: &BTreeSet<HostName>) -> Lost {
    let mut lost = Lost { registers: BTreeMap::new(), errors: Vec::new() };
    if modes.is_empty() {
        return lost;
    }
    let mut kept: BTreeSet<&str> = BTreeSet::new();
    let mut gone: BTreeMap<&str, &Step> = BTreeMap::new();
    let mut registered: BTreeSet<Arc<str>> = BTreeSet::new();
    for drafted in &draft.steps {
        let goes = leaves(&drafted.step);
        if let (true, StepKind::Task(task)) = (goes, &drafted.step.kind) {
            registered.extend(task.register.iter().map(|r| Arc::clone(&r.value)));
        }
        for name in &drafted.gives {
            if goes {
                gone.entry(name).or_insert(&drafted.step);
            } else {
                kept.insert(name);
            }
        }
    }
    let skipped = || {
        Map::from_iter([
            ("changed", crate::base::Value::from(false)),
            ("skipped", crate::base::Value::from(true)),
            ("skip_reason", crate::base::Value::from("in-container mode")),
        ])
    };
    for host in modes {
        let registers: Map = registered.iter().map(|name| (Arc::clone(name), skipped())).collect();
        if !registers.is_empty() {
            lost.registers.insert(host.clone(), registers);
        }
    }
    for drafted in draft.steps.iter().filter(|d| !leaves(&d.step)) {
        for reading in drafted.readings.iter() {
            let name = &*reading.name;
            let Some(giver) = gone.get(name).filter(|_| !kept.contains(name) && !reading.guarded) else {
                continue;
            };
            if registered.contains(name) && !reading.needs_result() {
                continue;
            }
            let stage = giver.stage.as_ref().map_or("", Stage::name);
            lost.errors.push(
                Diagnostic::error(
                    "needs-pruned",
                    format!(
                        "`{name}` is given only by a step of {stage}, which in-container mode leaves out"
                    ),
                )
                .at(&reading.span)
                .related(&giver.span, "given here")
                .help(format!("say what to use without it: `{name} | default(…)`"))
                .help("or take the stage away from the step that gives it, so that it always runs"),
            );
        }
    }
    lost
}
