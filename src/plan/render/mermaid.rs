//! The graph for Mermaid, as Markdown pages show it. Barriers are thick arrows, per-host edges thin ones.

use std::fmt::Write as _;

use super::words::shortened;
use crate::plan::{Order, Plan, Step, StepKind};

/// One subgraph per play.
pub fn mermaid(plan: &Plan) -> String {
    let mut text = String::from("flowchart TD\n");
    for play in &plan.plays {
        let graph = &play.fragment.graph;
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  subgraph P{}[\"{}\"]", play.number, quoted(&play.name));
        for ix in graph.node_indices() {
            let _ = writeln!(text, "    p{}_{}{}", play.number, ix.index(), node(&graph[ix]));
        }
        for edge in graph.edge_indices() {
            let Some((from, to)) = graph.edge_endpoints(edge) else { continue };
            let bridged = play.pruning.bridges.iter().any(|b| b.from == from && b.to == to);
            let arrow = match graph[edge] {
                Order::Barrier => "==>",
                Order::PerHost => "-->",
            };
            let note = if bridged { "|bridged|" } else { "" };
            let (n, f, t) = (play.number, from.index(), to.index());
            let _ = writeln!(text, "    p{n}_{f} {arrow}{note} p{n}_{t}");
        }
        text.push_str("  end\n");
    }
    for play in &plan.plays {
        for before in &play.after {
            let _ = writeln!(text, "  P{before} ==> P{}", play.number);
        }
    }
    text
}

fn node(step: &Step) -> String {
    let name = if step.case.is_some() { step.id.to_string() } else { shortened(&step.name, 40) };
    let name = quoted(&name);
    match step.kind {
        StepKind::Expand(_) => format!("[[\"{name}\"]]"),
        StepKind::Join => "(( ))".to_owned(),
        StepKind::Meta(_) => format!("{{\"{name}\"}}"),
        StepKind::Rendezvous => format!("{{{{\"{name}\"}}}}"),
        StepKind::MonitorStart(_) | StepKind::MonitorStop(_) => {
            format!("([\"{name}\"])")
        }
        _ => format!("[\"{name}\"]"),
    }
}

fn quoted(text: &str) -> String {
    text.replace('"', "#quot;").replace('\n', " ")
}
