//! `--list-hosts`, `--list-tasks` and `--list-tags`: what a playbook would do, without contact.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::sync::Arc;

use super::options::Playbook;
use crate::plan::{Expand, Plan, PlayPlan, Step, StepKind};

/// What was asked for, as the reference prints it; nothing when nothing was.
pub(super) fn list(asked: &Playbook, plan: &Plan) -> Option<String> {
    let (hosts, tasks, tags) =
        (asked.running.working.list_hosts, asked.selection.list_tasks, asked.selection.list_tags);
    if !(hosts || tasks || tags) {
        return None;
    }
    let mut text = format!("\nplaybook: {}\n", plan.playbook.display());
    for play in &plan.plays {
        let pattern = play.play.hosts.value.to_string();
        let own = play.play.keywords.tags.iter().map(|tag| tag.value.to_string()).collect();
        let _ = writeln!(text, "\n  play #{} ({pattern}): {}\t{}", play.number + 1, play.name, words(&own));
        if hosts {
            let _ = writeln!(text, "    pattern: ['{pattern}']\n    hosts ({}):", play.hosts.len());
            play.hosts.iter().for_each(|host| {
                let _ = writeln!(text, "      {host}");
            });
        }
        if tasks {
            text.push_str("    tasks:\n");
            for step in steps(play) {
                let tags = step.tags.iter().map(ToString::to_string).collect();
                let _ = writeln!(text, "      {}\t{}", title(step), words(&tags));
            }
        }
        if tags {
            let all = steps(play).flat_map(|step| &step.tags).map(|tag: &Arc<str>| tag.to_string()).collect();
            let _ = writeln!(text, "      TASK {}", words(&all));
        }
    }
    Some(text)
}

fn words(tags: &BTreeSet<String>) -> String {
    format!("TAGS: [{}]", tags.iter().map(String::as_str).collect::<Vec<_>>().join(", "))
}

/// The tasks of a play in their order, without what the compiler has added.
fn steps(play: &PlayPlan) -> impl Iterator<Item = &Step> {
    play.fragment.graph.node_weights().filter(|step| {
        let brings = matches!(step.kind, StepKind::Expand(Expand::Tasks(_) | Expand::Role(..)));
        let gathers = step.name == "facts" && step.id.as_str().ends_with("/facts");
        (brings || matches!(step.kind, StepKind::Task(_) | StepKind::Meta(_))) && !gathers
    })
}

/// Its role and its name.
fn title(step: &Step) -> String {
    match &step.kind {
        StepKind::Task(task) => match &task.role {
            Some((role, _)) => format!("{role} : {}", step.name),
            None => step.name.clone(),
        },
        _ => step.name.clone(),
    }
}
