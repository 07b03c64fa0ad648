//! This run against another one: the ratio of each figure's medians with its interval, drawn around one.

use super::figures::case_name;
use super::writer::{Html, percent};
use crate::base::statistics::contrast::Finding;
use crate::report::compare::{Comparison, Difference};
use crate::report::table::{named, percent as as_percent, plural};

/// What is drawn is at least so far from one on both sides.
const LEAST: f64 = 0.05;
/// What is further from one than this, as a ratio, is drawn at the edge.
const MOST: f64 = 1.0;

/// More figures than this of which nothing can be told are folded away.
const FEW: usize = 8;

/// The place on the page of the first, second, … comparison.
pub(super) fn place(number: usize) -> String {
    if number == 0 { "compared".to_owned() } else { format!("compared-{}", number + 1) }
}

pub(super) fn print(number: usize, comparison: &Comparison) -> Html {
    let mut html = Html::default();
    let [other, this, ..] = comparison.runs.as_slice() else { return html };
    html.open("section", &[("id", &place(number))]);
    html.element("h2", &[], format!("Against {}", other.run));
    html.element("p", &[], verdict(comparison));
    if !this.changes.is_empty() {
        html.raw("<p>What is not as it was:</p><ul class=\"notes\">");
        for change in &this.changes {
            html.element("li", &[], change);
        }
        html.raw("</ul>");
    }
    let found = |finding: Finding| comparison.differences.iter().filter(move |one| one.finding == finding);
    let same: Vec<&Difference> = found(Finding::Same).collect();
    let untold: Vec<&Difference> = found(Finding::Inconclusive).collect();
    // The worst first.
    let mut told: Vec<&Difference> = found(Finding::Regressed).chain(found(Finding::Improved)).collect();
    let folded = if untold.len() <= FEW { Vec::new() } else { untold.clone() };
    if folded.is_empty() {
        told.extend(untold);
    }
    if !told.is_empty() {
        table(&mut html, comparison, &told);
    }
    for (words, differences) in [("of which nothing can be told", folded), ("the same", same)] {
        if !differences.is_empty() {
            html.raw("<details>");
            html.element("summary", &[], format!("{} {words}", plural(differences.len(), "figure")));
            table(&mut html, comparison, &differences);
            html.raw("</details>");
        }
    }
    if !comparison.lonely.is_empty() {
        html.raw("<ul class=\"notes\">");
        for lonely in &comparison.lonely {
            let run = if lonely.lost { &other.run } else { &this.run };
            html.element(
                "li",
                &[],
                format!("only {run} has {} {} on {}", lonely.case, lonely.figure, lonely.host),
            );
        }
        html.raw("</ul>");
    }
    html.element("p", &[("class", &"legend")], legend(comparison, &other.what));
    html.raw("</section>");
    html
}

fn verdict(comparison: &Comparison) -> String {
    let all = [
        (Finding::Regressed, "got worse"),
        (Finding::Improved, "got better"),
        (Finding::Same, "the same"),
        (Finding::Inconclusive, "not told"),
    ];
    let counts = all.map(|(finding, words)| (comparison.count(finding), words));
    let words: Vec<String> = counts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, words)| format!("{count} {words}"))
        .collect();
    if words.is_empty() { "No figure in common.".to_owned() } else { format!("{}.", words.join(", ")) }
}

fn legend(comparison: &Comparison, what: &str) -> String {
    let rule = comparison.rule;
    let noise = match comparison.like_runs {
        0 => "no runs without a change between them are known, so noise is assumed".to_owned(),
        runs => format!("noise is what {runs} runs without a change between them differ by"),
    };
    format!(
        "{what}. Ratio of medians, this run to that one, with its {:.0} % interval; p is adjusted for all figures, level {:.0} %; what \
         differs by less than {} does not matter; {noise}. In the drawings the upright line is one, and the band what does not matter or is \
         noise.",
        100.0 * (1.0 - rule.level),
        100.0 * rule.level,
        as_percent(rule.margin)
    )
}

fn table(html: &mut Html, comparison: &Comparison, differences: &[&Difference]) {
    let reach = differences.iter().filter_map(|one| one.contrast.interval);
    let reach = reach.map(|i| (i.high - 1.0).abs().max((1.0 - i.low).abs()));
    let floors = differences.iter().map(|one| one.contrast.floor);
    let reach = reach.chain(floors).fold(LEAST, f64::max).min(MOST) * 1.1;
    html.raw("<table class=\"compared\"><thead><tr><th>Case</th><th>Figure</th><th>Host</th>");
    html.raw("<th class=\"number\">Ratio</th><th class=\"range\">Interval</th><th class=\"drawing\"></th>");
    html.raw("<th class=\"number\">p</th><th>Verdict</th></tr></thead><tbody>");
    for one in differences {
        let tone = match one.finding {
            Finding::Regressed => "failed",
            Finding::Improved => "improved",
            Finding::Same => "ok",
            Finding::Inconclusive => "incomplete",
        };
        html.open("tr", &[("class", &tone)]);
        html.open("th", &[("scope", &"row")]);
        case_name(html, &one.case);
        html.close("th");
        let arrow = if one.higher_is_better { "↑" } else { "↓" };
        html.element(
            "td",
            &[("class", &"figure")],
            format!("{}\u{a0}{arrow}", named(&one.figure, &one.labels)),
        );
        html.element("td", &[("class", &"host")], &one.host);
        html.raw("<td class=\"number\">");
        match one.contrast.ratio {
            Some(ratio) => _ = html.element("data", &[("value", &ratio)], format!("{ratio:.3}")),
            None => _ = html.text("–"),
        }
        html.raw("</td>");
        let interval = one.contrast.interval;
        let range = interval.map(|i| format!("{:.3}…{:.3}", i.low, i.high)).unwrap_or_default();
        html.element("td", &[("class", &"range")], range);
        html.raw("<td class=\"drawing\">");
        draw(html, comparison, one, reach);
        html.raw("</td>");
        let p = one.adjusted_p;
        let p = if p < 0.001 { "<0.001".to_owned() } else { format!("{p:.3}") };
        html.element("td", &[("class", &"number p")], p);
        html.open("td", &[("class", &"verdict")]);
        html.text(one.finding.word().to_lowercase());
        if let Some(advice) = &one.advice {
            html.raw("<br>").element("span", &[("class", &"quiet")], advice);
        }
        html.raw("</td></tr>");
    }
    html.raw("</tbody></table>");
}

fn draw(html: &mut Html, comparison: &Comparison, one: &Difference, reach: f64) {
    let (Some(ratio), Some(interval)) = (one.contrast.ratio, one.contrast.interval) else { return };
    let at = |ratio: f64| ((ratio - 1.0) / reach / 2.0 + 0.5).clamp(0.0, 1.0);
    let room = one.contrast.floor.max(comparison.rule.margin);
    html.raw("<svg class=\"strip\" height=\"20\" aria-hidden=\"true\">");
    let mut band = |class: &'static str, low: f64, high: f64, y: &'static str, height: &'static str| {
        let (x, width) = (percent(at(low)), percent(at(high) - at(low)));
        html.shape(
            "rect",
            &[("class", &class), ("x", &x), ("width", &width), ("y", &y), ("height", &height)],
        );
    };
    band("room", 1.0 / (1.0 + room), 1.0 + room, "0", "20");
    band("range", interval.low, interval.high, "7", "6");
    html.raw("<line class=\"one\" x1=\"50%\" x2=\"50%\" y1=\"0\" y2=\"20\"/>");
    html.open("circle", &[("cx", &percent(at(ratio))), ("cy", &"10"), ("r", &"3.5")]);
    html.element("title", &[], format!("{ratio:.3}")).close("circle");
    html.raw("</svg>");
}
