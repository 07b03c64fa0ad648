//! The graph that ran, as `plan.json` has it, small enough to be read: a role, a case with all its parameters and rounds, and a few
//! tasks in a row are one box each. Which box waits for which is what the steps in them do.

mod drawing;
mod groups;

use super::Material;
use super::writer::Html;
use crate::report::table::plural;
pub(super) use groups::Graph;

/// A graph with more boxes is a picture nobody reads.
const MOST_BOXES: usize = 80;

pub(super) fn print(material: &Material) -> Html {
    let mut html = Html::default();
    html.raw("<section id=\"graph\"><h2>Graph</h2>");
    let plays = material.plan["plays"].as_array().map(Vec::as_slice).unwrap_or_default();
    if plays.is_empty() {
        html.raw("<p>The run kept no plan.</p></section>");
        return html;
    }
    html.raw("<div class=\"graphs\">");
    let graphs: Vec<Graph> = plays.iter().map(|play| Graph::of(play, &material.course)).collect();
    for (play, graph) in plays.iter().zip(&graphs) {
        let name = play["name"].as_str().unwrap_or_default();
        let hosts = play["hosts"].as_array().map_or(0, Vec::len);
        html.raw("<figure class=\"graph\"><figcaption>").text(name);
        html.raw(" ").element("span", &[("class", &"quiet")], plural(hosts, "host"));
        html.raw("</figcaption>");
        if graph.boxes.len() > MOST_BOXES {
            let text = format!(
                "{} boxes: too many to draw. `benchbook plan --format dot` has them.",
                graph.boxes.len()
            );
            html.element("p", &[], text);
        } else if !graph.boxes.is_empty() {
            html.raw("<div class=\"scroll\">");
            html.append(&drawing::draw(graph));
            html.raw("</div>");
        }
        html.raw("</figure>");
    }
    html.raw("</div>");
    html.element("p", &[("class", &"legend")], legend(&graphs));
    html.raw("</section>");
    html
}

/// Of what there is to be explained.
fn legend(graphs: &[Graph]) -> String {
    let boxes = || graphs.iter().flat_map(|graph| &graph.boxes);
    let edges = || graphs.iter().flat_map(|graph| &graph.edges);
    let mut text = "From top to bottom.".to_owned();
    if edges().any(|(.., barrier)| *barrier) {
        text += " A solid arrow: no host goes on before all are through.";
    }
    if edges().any(|(.., barrier)| !barrier) {
        text += " A thin one: each host by itself.";
    }
    if boxes().any(|one| one.lines.len() > 1) {
        text += " Cases in one box take turns, round by round.";
    }
    if boxes().any(|one| one.pruned) {
        text += " Broken lines: left out of the graph, which was closed over it.";
    }
    text
}
