//! The plan as a tree: what `benchbook plan` shows.

use std::sync::Arc;

use unicode_width::UnicodeWidthStr;

use super::rows::{Row, play_rows};
use super::words::{count, names};
use crate::model::Stage;
use crate::plan::{CasePlan, Plan, PlayPlan, StepKind};

/// What the last line may suggest.
#[derive(Clone, Debug, Default)]
pub struct Hints {
    /// The command that runs this plan: `benchbook run playbooks/quickstart.yml`.
    pub run: String,
    /// No last lines at all.
    pub quiet: bool,
}

/// The whole tree, with a newline at its end.
pub fn tree(plan: &Plan, hints: &Hints) -> String {
    let mut lines = Vec::new();
    let playbook = crate::load::shown(&plan.playbook);
    for (i, play) in plan.plays.iter().enumerate() {
        if i > 0 {
            lines.push(String::new());
        }
        lines.push(header(play));
        lines.extend(drawn(&play_rows(play, &playbook)));
        lines.extend(bridges(play));
    }
    if plan.plays.is_empty() {
        lines.push("no plays: there is nothing to do".to_owned());
    }
    if !hints.quiet {
        lines.extend(last_lines(plan, hints));
    }
    lines.join("\n") + "\n"
}

/// `Quickstart · 3 hosts (n1 n2 n3) · 7 cases · 114 case runs, 19 of them warm-up`
fn header(play: &PlayPlan) -> String {
    let mut parts = vec![play.name.clone()];
    let hosts = play.hosts.len();
    let modes = &play.pruning.mode;
    parts.push(match hosts {
        0 => "no hosts".to_owned(),
        _ if modes.is_empty() => format!("{} ({})", count(hosts, "host"), names(&play.hosts)),
        _ => count(hosts, "host"),
    });
    if play.batches.len() > 1 {
        let sizes: Vec<String> = play.batches.iter().map(|b| b.len().to_string()).collect();
        parts.push(format!("batches of {}", sizes.join(", ")));
    }
    if play.strategy != crate::model::Strategy::Linear {
        parts.push(format!("strategy {}", play.strategy.name()));
    }
    let cases = &play.fragment.cases;
    if cases.is_empty() {
        let tasks = play.fragment.graph.node_weights().filter(|s| !matches!(s.kind, StepKind::Join));
        parts.push(count(tasks.count(), "step"));
    } else {
        parts.push(count(cases.len(), "case"));
    }
    if modes.is_empty() && !cases.is_empty() {
        let runs =
            |rounds: u32, hosts: usize| usize::try_from(rounds).unwrap_or(usize::MAX).saturating_mul(hosts);
        // A gang runs once on all its hosts, in each batch.
        let units = |c: &CasePlan| match c.gang {
            Some(gang) => c.hosts.len().div_ceil(gang.nodes.max(1) as usize),
            None => c.hosts.len(),
        };
        let all: usize = cases.iter().map(|c| runs(c.repeat + c.warmup, units(c))).sum();
        let warm: usize = cases.iter().map(|c| runs(c.warmup, units(c))).sum();
        let warm = if warm > 0 { format!(", {warm} of them warm-up") } else { String::new() };
        let at_most = if cases.iter().any(|c| c.going_on.is_some()) { "at most " } else { "" };
        parts.push(format!("{at_most}{}{warm}", count(all, "case run")));
    }
    if !modes.is_empty() {
        parts.push(in_container(play));
    }
    parts.join(" · ")
}

/// `IN-CONTAINER on all (--in-container): 4 steps × 3 hosts pruned`
fn in_container(play: &PlayPlan) -> String {
    let modes = &play.pruning.mode;
    let mut reasons: Vec<&str> = modes.values().map(String::as_str).collect();
    reasons.dedup();
    reasons.sort_unstable();
    reasons.dedup();
    let names: Vec<&str> = modes.keys().map(crate::base::HostName::as_str).collect();
    let on = if modes.len() == play.hosts.len() { "all".to_owned() } else { names.join(" ") };
    // The steps of a chapter count as one, as they have one line.
    let mut chapters: Vec<_> =
        play.pruning.pruned.iter().filter_map(|p| p.step.chapter.as_ref()).map(Arc::as_ptr).collect();
    let plain = play.pruning.pruned.len() - chapters.len();
    chapters.sort_unstable();
    chapters.dedup();
    let pruned = plain + chapters.len();
    let what = match pruned {
        0 => "nothing to prune".to_owned(),
        _ => format!("{} × {} pruned", count(pruned, "step"), count(modes.len(), "host")),
    };
    format!("IN-CONTAINER on {on} ({}): {what}", reasons.join(", "))
}

/// `edges bridged: facts → monitor start (was configure_env → monitor start)`
fn bridges(play: &PlayPlan) -> Option<String> {
    let graph = &play.fragment.graph;
    let name = |ix| {
        let step: &crate::plan::Step = &graph[ix];
        if step.case.is_some() { "cases".to_owned() } else { step.title().to_owned() }
    };
    let bridges: Vec<String> = play
        .pruning
        .bridges
        .iter()
        .map(|b| {
            let (from, to) = (name(b.from), name(b.to));
            let over = b.over.last().cloned().unwrap_or_default();
            format!("{from} → {to} (was {over} → {to})")
        })
        .collect();
    (!bridges.is_empty()).then(|| format!("edges bridged: {}", bridges.join(", ")))
}

fn last_lines(plan: &Plan, hints: &Hints) -> Vec<String> {
    let mut open: Vec<&str> = plan.plays.iter().flat_map(|p| &p.open).map(String::as_str).collect();
    open.dedup();
    let mut lines = Vec::new();
    let steps = || plan.plays.iter().flat_map(|p| p.fragment.graph.node_weights());
    let commands = "--commands shows each command line";
    lines.push(if open.is_empty() {
        commands.to_owned()
    } else {
        format!("known only when running: {}     {commands}", open.join(", "))
    });
    let contained = steps().any(|s| s.chapter.is_some() && s.stage == Some(Stage::StartContainer));
    let modes = if contained { "     already in containers?  --in-container" } else { "" };
    lines.push(format!("nothing was contacted.  run it:  {}{modes}", hints.run));
    lines
}

/// Rows as lines: branches, then columns that line up.
fn drawn(rows: &[Row]) -> Vec<String> {
    let mut flat: Vec<(String, &Row)> = Vec::new();
    flatten(rows, "", &mut flat);
    let columns = flat.iter().map(|(_, r)| r.columns.len()).max().unwrap_or(0);
    let mut widths = vec![0; columns];
    for (_, row) in &flat {
        for (i, column) in row.columns.iter().enumerate() {
            widths[i] = widths[i].max(column.width());
        }
    }
    let first = flat.iter().map(|(prefix, r)| prefix.width() + r.label.width()).max().unwrap_or(0);
    let line = |(prefix, row): &(String, &Row)| {
        let mut line = padded(&format!("{prefix}{}", row.label), first);
        for (i, width) in widths.iter().enumerate().filter(|(_, w)| **w > 0) {
            line.push_str("  ");
            line.push_str(&padded(row.columns.get(i).map_or("", String::as_str), *width));
        }
        if !row.place.is_empty() {
            line.push_str("  ");
            line.push_str(&row.place);
        }
        line.trim_end().to_owned()
    };
    let bare = |row: &(String, &Row)| match &row.1.free {
        Some(text) => format!("{}{text}", padded(&row.0, 0)),
        None => line(row),
    };
    // Free rows are placed under the first column.
    flat.iter()
        .map(|row| {
            if row.1.free.is_some() {
                format!("{}{}", padded(&row.0, first + 2), bare(&(String::new(), row.1)))
            } else {
                bare(row)
            }
        })
        .collect()
}

fn padded(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(text.width())))
}

fn flatten<'a>(rows: &'a [Row], prefix: &str, flat: &mut Vec<(String, &'a Row)>) {
    let last = rows.iter().rposition(|r| r.free.is_none());
    for (i, row) in rows.iter().enumerate() {
        if row.free.is_some() {
            let more = last.is_some_and(|l| i < l);
            flat.push((format!("{prefix}{}", if more { "│  " } else { "   " }), row));
            continue;
        }
        let is_last = Some(i) == last;
        flat.push((format!("{prefix}{}", if is_last { "└─ " } else { "├─ " }), row));
        flatten(&row.children, &format!("{prefix}{}", if is_last { "   " } else { "│  " }), flat);
    }
}
