//! `--list-hosts`, `--list-tasks` and `--list-tags`: what a playbook would do, without contact.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::PathBuf;
use std::sync::Arc;

use super::options::Playbook;
use crate::base::Value;
use crate::plan::{Expand, Plan, PlayPlan, ScopeKind, Section, Step, StepKind, TaskStep};
use crate::run::{gathers_for_play, magic};

/// What was asked for, as the reference prints it; nothing when nothing was. `more` says with which play further playbooks begin.
pub(super) fn list(asked: &Playbook, more: &[(usize, PathBuf)], plan: &Plan) -> Option<String> {
    let (hosts, tasks, tags) =
        (asked.running.working.list_hosts, asked.selection.list_tasks, asked.selection.list_tags);
    if !(hosts || tasks || tags) {
        return None;
    }
    let mut text = format!("\nplaybook: {}\n", plan.playbook.display());
    let mut first = 0;
    for play in &plan.plays {
        for (begin, path) in more.iter().filter(|(begin, _)| *begin == play.number) {
            first = *begin;
            let _ = writeln!(text, "\nplaybook: {}", path.display());
        }
        let own = play.play.keywords.tags.iter().map(|tag| tag.value.to_string()).collect::<Vec<_>>();
        let (number, patterns, own) = (play.number + 1 - first, play.patterns.join(","), own.join(","));
        let _ = writeln!(text, "\n  play #{number} ({patterns}): {}\tTAGS: [{own}]", play.name);
        if hosts {
            let patterns = Value::from(play.patterns.clone());
            let _ = writeln!(text, "    pattern: {patterns}\n    hosts ({}):", play.hosts.len());
            play.hosts.iter().for_each(|host| {
                let _ = writeln!(text, "      {host}");
            });
        }
        if tasks {
            text.push_str("    tasks:\n");
            for (step, task) in steps(play) {
                let tags = step.tags.iter().map(ToString::to_string).collect();
                let _ = writeln!(text, "      {}\t{}", title(step, task), words(&tags));
            }
        }
        if tags {
            let all =
                steps(play).flat_map(|(step, _)| &step.tags).map(|tag: &Arc<str>| tag.to_string()).collect();
            let _ = writeln!(text, "      TASK {}", words(&all));
        }
    }
    Some(text)
}

fn words(tags: &BTreeSet<String>) -> String {
    format!("TAGS: [{}]", tags.iter().map(String::as_str).collect::<Vec<_>>().join(", "))
}

/// The tasks of a play in their order, without what the compiler has added, and without what is only done after a failure or
/// in the end, as the reference has it.
fn steps(play: &PlayPlan) -> impl Iterator<Item = (&Step, &TaskStep)> {
    let tasks = play.fragment.graph.node_weights().filter_map(|step| {
        let task = magic::task(step).or(step.meta.as_ref())?;
        (!gathers_for_play(step)).then_some((step, &**task))
    });
    tasks.filter(|(step, _)| {
        let scopes = &play.fragment.scopes;
        let mut around = play.fragment.ancestors(step.scope).map(|scope| &scopes[scope.index()].kind);
        !around.any(|kind| matches!(kind, ScopeKind::Section(Section::Rescue | Section::Always)))
    })
}

/// Its role and its name as it is written, or what it calls.
fn title(step: &Step, task: &TaskStep) -> String {
    let Some(name) = &task.written else { return task.call.name.value.to_string() };
    match &task.role {
        // The reference does not say in which role a role is included.
        Some((role, _)) if !matches!(step.kind, StepKind::Expand(Expand::Role(..))) => {
            format!("{role} : {name}")
        }
        _ => name.to_string(),
    }
}
