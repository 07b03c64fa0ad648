//! The figures: a block per case and figure, a line per host, with a drawing of every round. What nothing is expected of is folded
//! away where something is expected of the same case's figure, as in the table.

use std::fmt::Write as _;

use super::FEW_HOSTS;
use super::opening::alike;
use super::writer::{Html, percent};
use crate::base::selector::split_case;
use crate::base::statistics::interval::CONFIDENCE;
use crate::base::unit::Scale;
use crate::base::{CaseId, HostName};
use crate::report::Selection;
use crate::report::summary::{Cell, Row, Summary};
use crate::report::table::{choose, figure_name, gang, percent as as_percent, plural, scale};
use crate::report::verdict::Verdict;

/// A drawing is at least so wide, as a share of the median: rounds that are alike shall look alike.
const LEAST_WIDTH: f64 = 0.1;

/// The place of a row on the page.
pub(super) fn row_id(number: usize) -> String {
    format!("figure-{number}")
}

pub(super) fn print(summary: &Summary) -> Html {
    let mut html = Html::default();
    if summary.rows.is_empty() {
        return html;
    }
    html.raw("<section id=\"figures\"><h2>Figures</h2>");
    let chosen = choose(summary, &Selection::default());
    let is_chosen = |row: &Row| chosen.iter().any(|one| std::ptr::eq(*one, row));
    let rows = || summary.rows.iter().enumerate();
    table(&mut html, summary, rows().filter(|(_, row)| is_chosen(row)));
    let hidden = summary.rows.len() - chosen.len();
    if hidden > 0 {
        html.raw("<details>");
        html.element("summary", &[], format!("{hidden} more, of which nothing is expected"));
        table(&mut html, summary, rows().filter(|(_, row)| !is_chosen(row)));
        html.raw("</details>");
    }
    html.element("p", &[("class", &"legend")], legend(summary));
    html.raw("</section>");
    html
}

fn legend(summary: &Summary) -> String {
    let statistics = || summary.rows.iter().flat_map(|row| row.cells.values()).filter_map(|c| c.statistics);
    let mut text = "Median of the rounds that count. ".to_owned();
    if statistics().any(|s| s.interval.is_some()) {
        let _ = write!(text, "a–b: its {:.0} % interval. ", 100.0 * CONFIDENCE);
    }
    if statistics().any(|s| s.interval.is_none()) {
        text += "a…b: smallest and largest, where there are too few rounds for an interval. ";
    }
    text + "In the drawings every dot is a round, the bar is a–b or a…b, the upright line is the median, the broken line what is expected; \
            hosts of one figure share a scale, which spans at least a tenth of the median."
}

fn table<'a>(html: &mut Html, summary: &Summary, rows: impl Iterator<Item = (usize, &'a Row)>) {
    let several = summary.hosts.len() > 1;
    html.open("table", &[("class", &if several { "figures several" } else { "figures" })]);
    html.raw("<thead><tr><th>Case</th><th>Figure</th>");
    html.raw("<th class=\"host\">Host</th><th class=\"number\">Median</th><th class=\"range\">Range</th>");
    html.raw("<th class=\"number\">Rounds</th><th class=\"drawing\"></th><th>Verdict</th></tr></thead>");
    for (number, row) in rows {
        block(html, summary, number, row);
    }
    html.raw("</table>");
}

/// All hosts of a row.
fn block(html: &mut Html, summary: &Summary, number: usize, row: &Row) {
    let scale = scale(row);
    let axis = Axis::of(row);
    let few = row.cells.len() <= FEW_HOSTS;
    let (shown, others): (Vec<_>, Vec<_>) =
        row.cells.iter().partition(|(_, cell)| few || stands_out(row, cell));
    let tone = word(row.verdict);
    html.open("tbody", &[("id", &row_id(number)), ("class", &tone)]);
    let height = shown.len() + usize::from(!few);
    let first = |html: &mut Html| heading(html, row, &scale, height);
    let mut is_first = true;
    if !few {
        html.raw("<tr>");
        first(html);
        is_first = false;
        fleet(html, row, &scale, &axis, &others);
        html.raw("</tr>");
    }
    for (host, cell) in shown {
        let labels: Vec<String> = row.labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
        html.open(
            "tr",
            &[
                ("data-case", &row.case),
                ("data-figure", &row.figure),
                ("data-labels", &labels.join(";")),
                ("data-host", host),
            ],
        );
        if std::mem::take(&mut is_first) {
            first(html);
        }
        line(html, summary, row, &scale, &axis, (host, cell));
        html.raw("</tr>");
    }
    html.raw("</tbody>");
}

/// What all hosts of a row share.
fn heading(html: &mut Html, row: &Row, scale: &Scale, height: usize) {
    html.open("th", &[("rowspan", &height), ("scope", &"rowgroup")]);
    case_name(html, &row.case);
    html.raw("</th>");
    html.open("td", &[("rowspan", &height), ("class", &"figure")]);
    if !row.figure.is_empty() {
        html.text(figure_name(row));
        let better = if row.higher_is_better { "higher is better" } else { "lower is better" };
        let arrow = if row.higher_is_better { "↑" } else { "↓" };
        let unit = if row.unit.is_empty() { String::new() } else { scale.unit.to_string() };
        html.raw(" ").open("span", &[("class", &"unit"), ("title", &better)]);
        html.text(format!("{unit} {arrow}")).close("span");
    }
    if let Some(spread) = row.spread {
        let text = format!("Δ {} between hosts", as_percent(spread));
        html.raw("<br>").element("span", &[("class", &"quiet")], text);
    }
    html.raw("</td>");
}

/// `stream threads=1 mib=64`
pub(super) fn case_name(html: &mut Html, case: &CaseId) {
    let (name, parameters) = split_case(case.as_str());
    html.text(name);
    for parameter in parameters {
        html.raw(" ").element("span", &[("class", &"parameter")], parameter);
    }
}

/// Whether a host of many has a line of its own.
fn stands_out(row: &Row, cell: &Cell) -> bool {
    let medians = || row.cells.values().filter_map(|c| c.statistics).map(|s| s.median);
    let is_end = |median: f64| {
        median <= medians().fold(f64::INFINITY, f64::min)
            || median >= medians().fold(f64::NEG_INFINITY, f64::max)
    };
    !matches!(cell.verdict, Verdict::Ok | Verdict::Skipped)
        || cell.statistics.is_some_and(|s| is_end(s.median))
}

/// One line for all hosts: a dot for each one's median.
fn fleet(html: &mut Html, row: &Row, scale: &Scale, axis: &Axis, others: &[(&HostName, &Cell)]) {
    let text = plural(row.cells.len(), "host");
    html.element("td", &[("class", &"host")], text);
    html.raw("<td colspan=\"3\" class=\"others\"><details>");
    html.element("summary", &[], format!("medians of the {} others", others.len()));
    html.raw("<ul class=\"medians\">");
    for (host, cell) in others {
        html.raw("<li>").text(host).raw(" ");
        if let Some(statistics) = &cell.statistics {
            html.element("data", &[("value", &statistics.median)], scale.format(statistics.median));
        }
        html.raw("</li>");
    }
    html.raw("</ul></details></td><td class=\"drawing\">");
    let median = |(host, cell): (&HostName, &Cell)| {
        Some(Dot { name: host.to_string(), value: cell.statistics?.median, apart: None })
    };
    let medians = row.cells.iter().filter_map(median);
    axis.draw(html, &medians.collect::<Vec<_>>(), None, None, None, scale);
    html.raw("</td><td></td>");
}

fn line(
    html: &mut Html,
    summary: &Summary,
    row: &Row,
    scale: &Scale,
    axis: &Axis,
    (host, cell): (&HostName, &Cell),
) {
    let name = if cell.gang.is_empty() { host.to_string() } else { gang(&cell.gang) };
    html.element("td", &[("class", &"host")], name);
    let dot = |(round, value): (u32, &f64)| {
        let apart = cell.outliers.iter().find(|outlier| outlier.round == round);
        Dot {
            name: format!("round {round}"),
            value: *value,
            apart: apart.map(|outlier| outlier.reason.clone()),
        }
    };
    let values: Vec<Dot> = (1..).zip(&cell.values).map(dot).collect();
    match &cell.statistics {
        Some(s) => {
            html.raw("<td class=\"number\">");
            html.element("data", &[("class", &"median"), ("value", &s.median)], scale.format(s.median));
            html.raw(" ").element("span", &[("class", &"unit")], &scale.unit);
            html.raw("</td><td class=\"range\">");
            let (low, high, dash) = s.interval.map_or((s.min, s.max, "…"), |i| (i.low, i.high, "–"));
            if s.n > 1 {
                html.element("data", &[("class", &"low"), ("value", &low)], scale.format(low)).text(dash);
                html.element("data", &[("class", &"high"), ("value", &high)], scale.format(high));
            }
            html.raw("</td>");
        }
        None => _ = html.raw("<td class=\"number\">–</td><td class=\"range\"></td>"),
    }
    let rounds = match (row.figure.is_empty(), cell.verdict) {
        (true, Verdict::Ok) => cell.rounds.to_string(),
        _ if cell.values.len() == cell.rounds as usize => cell.rounds.to_string(),
        _ => format!("{} of {}", cell.values.len(), cell.rounds),
    };
    html.element("td", &[("class", &"number rounds")], rounds);
    html.raw("<td class=\"drawing\">");
    if let Some(s) = cell.statistics.filter(|_| !values.is_empty()) {
        let range = s.interval.map_or((s.min, s.max), |i| (i.low, i.high));
        axis.draw(html, &values, Some(s.median), Some(range), bound(cell), scale);
    }
    html.raw("</td>");
    html.open("td", &[("class", &format!("verdict {}", word(cell.verdict)))]);
    verdict(html, summary, row, cell, scale, host);
    html.raw("</td>");
}

fn verdict(html: &mut Html, summary: &Summary, row: &Row, cell: &Cell, scale: &Scale, host: &HostName) {
    let failure = summary
        .failures
        .iter()
        .position(|f| f.case.as_ref() == Some(&row.case) && (f.host == *host || cell.gang.contains(&f.host)));
    match (cell.verdict, &cell.miss, failure) {
        (Verdict::Missed, Some(miss), _) => {
            let sign = if miss.below { "<" } else { ">" };
            html.text(format!("missed {sign} {}", scale.format(miss.bound)));
        }
        (Verdict::Failed, _, Some(number)) => {
            let group = alike(summary).into_iter().find(|group| group.contains(&number));
            let first = group.map_or(number, |group| group[0]);
            html.element("a", &[("href", &format!("#log-{first}"))], "failed");
        }
        (verdict, ..) => _ = html.text(word(verdict)),
    }
}

pub(super) fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Ok => "ok",
        Verdict::Skipped => "skipped",
        Verdict::Incomplete => "incomplete",
        Verdict::Missed => "missed",
        Verdict::Failed => "failed",
    }
}

fn bound(cell: &Cell) -> Option<f64> {
    cell.miss.as_ref().map(|miss| miss.bound).or(cell.bound)
}

/// A value that is drawn.
struct Dot {
    name: String,
    value: f64,
    /// Why it lies apart from the others, if it does.
    apart: Option<String>,
}

/// The scale that the drawings of a row share.
struct Axis {
    from: f64,
    width: f64,
}

impl Axis {
    fn of(row: &Row) -> Self {
        let values = || row.cells.values().flat_map(|cell| cell.values.iter().copied());
        let missed = row.cells.values().filter_map(|cell| cell.miss.as_ref()).map(|miss| miss.bound);
        let mut low = values().chain(missed.clone()).fold(f64::INFINITY, f64::min);
        let mut high = values().chain(missed).fold(f64::NEG_INFINITY, f64::max);
        if low > high {
            return Self { from: 0.0, width: 1.0 };
        }
        // A bound that is kept is shown if it is near.
        let near = (high - low).max(LEAST_WIDTH * high.abs());
        for bound in row.cells.values().filter_map(|cell| cell.bound) {
            if bound > low - near && bound < high + near {
                low = low.min(bound);
                high = high.max(bound);
            }
        }
        let middle = f64::midpoint(low, high);
        let width = (high - low).max(LEAST_WIDTH * middle.abs()).max(f64::MIN_POSITIVE) * 1.08;
        Self { from: middle - width / 2.0, width }
    }

    fn at(&self, value: f64) -> String {
        percent(((value - self.from) / self.width).clamp(0.0, 1.0))
    }

    fn draw(
        &self,
        html: &mut Html,
        values: &[Dot],
        median: Option<f64>,
        range: Option<(f64, f64)>,
        bound: Option<f64>,
        scale: &Scale,
    ) {
        html.raw("<svg class=\"strip\" height=\"20\" aria-hidden=\"true\">");
        html.raw("<line class=\"rail\" x1=\"0\" x2=\"100%\" y1=\"10\" y2=\"10\"/>");
        if let Some((low, high)) = range {
            let width = percent((high - low) / self.width);
            html.shape(
                "rect",
                &[
                    ("class", &"range"),
                    ("x", &self.at(low)),
                    ("width", &width),
                    ("y", &"6"),
                    ("height", &"8"),
                ],
            );
        }
        for Dot { name, value, apart } in values {
            let class = if apart.is_some() { "apart" } else { "" };
            html.open("circle", &[("class", &class), ("cx", &self.at(*value)), ("cy", &"10"), ("r", &"2.5")]);
            let why = apart.as_ref().map(|reason| format!(", lies apart: {reason}")).unwrap_or_default();
            html.element("title", &[], format!("{name}: {} {}{why}", scale.format(*value), scale.unit));
            html.close("circle");
        }
        let mut upright = |class: &'static str, value: f64, title: String| {
            let x = self.at(value);
            html.open("line", &[("class", &class), ("x1", &x), ("x2", &x), ("y1", &"2"), ("y2", &"18")]);
            html.element("title", &[], title).close("line");
        };
        if let Some(bound) = bound.filter(|b| (0.0..=1.0).contains(&((b - self.from) / self.width))) {
            upright("bound", bound, format!("expected: {} {}", scale.format(bound), scale.unit));
        }
        if let Some(median) = median {
            upright("median", median, format!("median: {} {}", scale.format(median), scale.unit));
        }
        html.raw("</svg>");
    }
}
