//! Draws boxes from top to bottom: each below all that it waits for, those that wait for nothing of each other side by side.

use std::fmt::Write as _;

use super::groups::{Box, Graph};
use crate::report::html::writer::Html;

/// Sizes in pixels. A box fits on a telephone.
const WIDTH: usize = 300;
const LINE: usize = 38;
const PADDING: usize = 6;
const BESIDE: usize = 24;
const BELOW: usize = 30;
/// So many letters fit into a box.
const LETTERS: usize = 40;
/// Room beside the boxes for edges that pass others by.
const MARGIN: usize = 44;

/// Where a box is.
#[derive(Clone, Copy, Debug)]
struct Place {
    rank: usize,
    x: usize,
    y: usize,
    height: usize,
}

impl Place {
    fn middle(self) -> usize {
        self.x + WIDTH / 2
    }
    fn bottom(self) -> usize {
        self.y + self.height
    }
}

pub(super) fn draw(graph: &Graph) -> Html {
    let (places, width, height) = places(graph);
    let mut html = Html::default();
    html.open(
        "svg",
        &[
            ("width", &width),
            ("height", &height),
            ("viewBox", &format!("0 0 {width} {height}")),
            ("role", &"img"),
            ("aria-label", &"The graph that ran"),
        ],
    );
    for (from, to, barrier) in &graph.edges {
        let pruned = graph.boxes[*from].pruned || graph.boxes[*to].pruned;
        let class = if pruned {
            "edge pruned"
        } else if *barrier {
            "edge barrier"
        } else {
            "edge"
        };
        html.shape("path", &[("class", &class), ("d", &path(places[*from], places[*to]))]);
        arrow(&mut html, class, places[*to], is_beside(places[*from], places[*to]));
    }
    for (one, place) in graph.boxes.iter().zip(&places) {
        draw_box(&mut html, one, *place);
    }
    html.raw("</svg>");
    html
}

fn places(graph: &Graph) -> (Vec<Place>, usize, usize) {
    let mut ranks = vec![0; graph.boxes.len()];
    // Boxes come after those that they wait for.
    for at in 0..graph.boxes.len() {
        let above = graph.edges.iter().filter(|(_, to, _)| *to == at).map(|(from, ..)| ranks[*from] + 1);
        ranks[at] = above.max().unwrap_or(0);
    }
    let count = ranks.iter().max().map_or(0, |last| last + 1);
    let widest = (0..count).map(|rank| ranks.iter().filter(|r| **r == rank).count()).max().unwrap_or(0);
    let width = widest * (WIDTH + BESIDE) - BESIDE + MARGIN;
    let mut places = vec![Place { rank: 0, x: 0, y: 0, height: 0 }; graph.boxes.len()];
    let mut y = 2;
    for rank in 0..count {
        let members: Vec<usize> = (0..ranks.len()).filter(|at| ranks[*at] == rank).collect();
        let tallest = members.iter().map(|at| box_height(&graph.boxes[*at])).max().unwrap_or(0);
        for (column, at) in members.iter().enumerate() {
            let x = 2 + column * (WIDTH + BESIDE);
            places[*at] = Place { rank, x, y, height: box_height(&graph.boxes[*at]) };
        }
        y += tallest + BELOW;
    }
    (places, width, y - BELOW + 2)
}

fn box_height(one: &Box) -> usize {
    one.lines.len() * LINE + PADDING
}

/// An edge that passes others by goes around them on the right.
fn is_beside(from: Place, to: Place) -> bool {
    to.rank > from.rank + 1
}

fn path(from: Place, to: Place) -> String {
    let mut path = String::new();
    if is_beside(from, to) {
        let (x1, y1) = (from.x + WIDTH, from.y + from.height / 2);
        let (x2, y2) = (to.x + WIDTH, to.y + to.height / 2);
        let out = x1.max(x2) + MARGIN - 14;
        let _ = write!(path, "M{x1} {y1}C{out} {y1} {out} {y1} {out} {}", y1 + 24);
        let _ = write!(path, "L{out} {}C{out} {y2} {out} {y2} {} {y2}", y2.saturating_sub(24), x2 + 7);
    } else {
        let (x1, y1, x2, y2) = (from.middle(), from.bottom(), to.middle(), to.y.saturating_sub(7));
        let half = usize::midpoint(y1, y2);
        let _ = write!(path, "M{x1} {y1}C{x1} {half} {x2} {half} {x2} {y2}");
    }
    path
}

fn arrow(html: &mut Html, class: &'static str, to: Place, beside: bool) {
    let points = if beside {
        let (x, y) = (to.x + WIDTH, to.y + to.height / 2);
        format!("{x},{y} {},{} {},{}", x + 8, y - 4, x + 8, y + 4)
    } else {
        let (x, y) = (to.middle(), to.y);
        format!("{x},{y} {},{} {},{}", x - 4, y.saturating_sub(8), x + 4, y.saturating_sub(8))
    };
    html.shape("polygon", &[("class", &format!("{class} arrow")), ("points", &points)]);
}

fn draw_box(html: &mut Html, one: &Box, place: Place) {
    let failed = one.lines.iter().any(|line| line.failed);
    let class = match (one.pruned, failed) {
        (true, _) => "box pruned",
        (_, true) => "box failed",
        _ => "box",
    };
    html.open("g", &[("class", &class)]);
    let (x, y, width) = (place.x, place.y, WIDTH);
    html.shape("rect", &[("x", &x), ("y", &y), ("width", &width), ("height", &place.height), ("rx", &"5")]);
    for (number, line) in one.lines.iter().enumerate() {
        let top = y + number * LINE;
        let title = format!("{} {}", line.name, line.about);
        html.open("g", &[("class", &if line.failed { "failed" } else { "" })]);
        html.element("title", &[], title);
        // Without more to say, the name stands in the middle.
        let base = if line.about.is_empty() { top + 27 } else { top + 19 };
        html.element("text", &[("x", &(x + 12)), ("y", &base)], cut(&line.name));
        if !line.about.is_empty() {
            html.element(
                "text",
                &[("x", &(x + 12)), ("y", &(top + 35)), ("class", &"quiet")],
                cut(&line.about),
            );
        }
        html.close("g");
    }
    html.close("g");
}

fn cut(text: &str) -> String {
    if text.chars().count() <= LETTERS {
        return text.to_owned();
    }
    text.chars().take(LETTERS - 1).chain(['…']).collect()
}
