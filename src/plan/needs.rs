//! `needs:` becomes edges: names and ids are resolved, what cannot be is said with its places.

use std::collections::BTreeSet;

use super::cycle;
use super::draft::{Draft, Lane, Named};
use super::layout::Edge;
use super::step::Order;
use crate::base::{Diagnostic, Diagnostics, Span};
use crate::model::Strategy;

/// The edges that `needs:` asks for, beside those of the strategy.
pub(super) fn resolve(draft: &Draft, strategy: Strategy, found: &mut Diagnostics) -> Vec<Edge> {
    let mut edges = Vec::new();
    for named in &draft.names {
        for need in &named.needs {
            let hit = |n: &&Named| n.words.iter().any(|w| **w == *need.value);
            let targets: Vec<&Named> = draft.names.iter().filter(hit).collect();
            if targets.is_empty() {
                let words: BTreeSet<&str> = draft.names.iter().flat_map(|n| &n.words).map(|w| &**w).collect();
                let mut unknown = Diagnostic::error(
                    "unknown-need",
                    format!("nothing in this play is called `{}`", need.value),
                )
                .at(&need.span)
                .suggest(&need.value, words.iter().copied());
                if unknown.help.is_empty() {
                    let words: Vec<&str> = words.into_iter().take(12).collect();
                    unknown = unknown.help(match words.as_slice() {
                        [] => "give a task a name or an `id:`".to_owned(),
                        words => format!("names and ids are {}", words.join(", ")),
                    });
                }
                found.push(unknown);
            }
            for target in targets {
                edges.extend(between(draft, target, named, strategy, &need.span, found));
            }
        }
    }
    edges
}

/// The edges from what is needed to what needs it.
fn between(
    draft: &Draft,
    target: &Named,
    named: &Named,
    strategy: Strategy,
    place: &Span,
    found: &mut Diagnostics,
) -> Vec<Edge> {
    let (Some(last), Some(first)) = (target.steps.last(), named.steps.first()) else { return Vec::new() };
    let lane = |step: usize| draft.steps[step].lane;
    let chained = strategy != Strategy::Dag || lane(*last) == Lane::Cases || lane(*first) == Lane::Cases;
    if chained && last < first {
        // The order of the strategy says it already.
        return Vec::new();
    }
    if chained {
        found.push(too_late(draft, target, named, place));
        return Vec::new();
    }
    let pairs = target.steps.iter().flat_map(|from| named.steps.iter().map(move |to| (*from, *to)));
    pairs.map(|(from, to)| Edge { from, to, order: Order::PerHost }).collect()
}

fn too_late(draft: &Draft, target: &Named, named: &Named, place: &Span) -> Diagnostic {
    let called = |n: &Named| n.words.first().map_or_else(|| "this".to_owned(), |w| format!("`{w}`"));
    let label = |n: &Named| {
        let stage = n.steps.first().and_then(|s| draft.steps[*s].step.stage.as_ref());
        stage.map(|s| format!(" (stage {})", s.name())).unwrap_or_default()
    };
    Diagnostic::error(
        "need-comes-later",
        format!(
            "{}{} needs {}{}, which comes later in the play",
            called(named),
            label(named),
            called(target),
            label(target)
        ),
    )
    .at(place)
    .related(&target.span, "comes here")
    .help("move it up; with `strategy: dag` tasks are ordered by what they need")
}

/// Edges that go in a circle, named by their steps and lines.
pub(super) fn circles(draft: &Draft, edges: &[Edge], found: &mut Diagnostics) {
    let pairs: Vec<(usize, usize)> = edges.iter().map(|e| (e.from, e.to)).collect();
    if let Some(members) = cycle::shortest(draft.steps.len(), &pairs) {
        let members: Vec<(String, Span)> = members
            .iter()
            .map(|m| {
                let step = &draft.steps[*m].step;
                let needs = draft.names.iter().find(|n| n.steps.contains(m) && !n.needs.is_empty());
                (step.name.clone(), needs.map_or_else(|| step.span.clone(), |n| n.needs[0].span.clone()))
            })
            .collect();
        found.push(circle(&members));
    }
}

/// The message for a circle: each waits for the one before it.
pub(super) fn circle(members: &[(String, Span)]) -> Diagnostic {
    // Read from the one that needs: `a needs c needs b needs a`.
    let mut names: Vec<String> = members.iter().rev().map(|(n, _)| format!("`{n}`")).collect();
    names.extend(names.first().cloned());
    let mut found =
        Diagnostic::error("needs-cycle", format!("these wait for each other: {}", names.join(" needs ")));
    for (i, (name, span)) in members.iter().rev().enumerate() {
        let words = format!("{name}, line {}", span.line());
        found = if i == 0 { found.at(span).label(words) } else { found.related(span, words) };
    }
    found.help("one of these `needs` must go")
}
