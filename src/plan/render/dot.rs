//! The graph for Graphviz. Barriers are bold, per-host edges thin; what was pruned is dashed.

use std::fmt::Write as _;

use super::words::shortened;
use crate::plan::{Order, Plan, PlayPlan, Step, StepKind};

/// One cluster per play.
pub fn dot(plan: &Plan) -> String {
    let mut text =
        String::from("digraph plan {\n  rankdir=TB;\n  node [shape=box, fontname=\"monospace\"];\n");
    for play in &plan.plays {
        one(&mut text, play);
    }
    for play in &plan.plays {
        for before in &play.after {
            let from = plan
                .plays
                .iter()
                .find(|p| p.number == *before)
                .and_then(|p| p.fragment.leaves().next().map(|ix| (p.number, ix)));
            let to = play.fragment.roots().next();
            if let (Some((number, from)), Some(to)) = (from, to) {
                // Writing to a string cannot fail.
                let _ = writeln!(
                    text,
                    "  p{number}_{} -> p{}_{} [style=bold, ltail=cluster_{number}, lhead=cluster_{}];",
                    from.index(),
                    play.number,
                    to.index(),
                    play.number
                );
            }
        }
    }
    text.push_str("}\n");
    text
}

fn one(text: &mut String, play: &PlayPlan) {
    let graph = &play.fragment.graph;
    let mut line = |words: String| {
        text.push_str(&words);
        text.push('\n');
    };
    line(format!("  subgraph cluster_{} {{", play.number));
    line(format!("    label=\"{}\";", quoted(&play.name)));
    for ix in graph.node_indices() {
        let step = &graph[ix];
        line(format!("    p{}_{} [label=\"{}\"{}];", play.number, ix.index(), label(step), style(step)));
    }
    for pruned in play.pruning.pruned.iter().filter(|p| p.hosts.len() == p.step.hosts.len()) {
        line(format!(
            "    \"{}\" [label=\"✂ {}\", style=dashed];",
            quoted(pruned.step.id.as_str()),
            quoted(&pruned.step.name)
        ));
    }
    for edge in graph.edge_indices() {
        let Some((from, to)) = graph.edge_endpoints(edge) else { continue };
        let bridged = play.pruning.bridges.iter().any(|b| b.from == from && b.to == to);
        let kind = match (graph[edge], bridged) {
            (Order::Barrier, false) => " [style=bold]",
            (Order::Barrier, true) => " [style=bold, color=blue, label=\"bridged\"]",
            (Order::PerHost, false) => "",
            (Order::PerHost, true) => " [color=blue, label=\"bridged\"]",
        };
        line(format!("    p{}_{} -> p{}_{}{kind};", play.number, from.index(), play.number, to.index()));
    }
    line("  }".to_owned());
}

fn label(step: &Step) -> String {
    let stage = step.stage.as_ref().map(|s| format!("\\n{}", s.name())).unwrap_or_default();
    let name = shortened(&step.name, 40);
    let name = if step.case.is_some() { step.id.as_str() } else { name.as_str() };
    format!("{}{stage}", quoted(name))
}

fn style(step: &Step) -> &'static str {
    match step.kind {
        StepKind::Expand(_) => ", shape=folder",
        StepKind::Join => ", shape=point",
        StepKind::Rendezvous => ", shape=octagon",
        StepKind::MonitorStart(_) | StepKind::MonitorStop(_) => ", shape=component",
        StepKind::Meta(_) => ", shape=diamond",
        _ => "",
    }
}

fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
