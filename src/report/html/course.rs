//! The time line: for each host what it did when, and below it, on the same scale, what its monitors saw.

use std::fmt::Write as _;

use indexmap::{IndexMap, IndexSet};

use super::writer::{Html, percent};
use super::{FEW_HOSTS, Material};
use crate::base::selector::split_case;
use crate::base::unit::Unit;
use crate::base::{CaseId, HostName};
use crate::report::course::{Lane, Span, What};
use crate::report::curves::{Curve, Curves, Group};
use crate::report::table::plural;

/// So many cases have a colour of their own; style.css has as many.
const COLOURS: usize = 6;
/// Width and height in which curves are drawn before they are stretched.
const WIDE: f64 = 1000.0;
const HIGH: f64 = 100.0;
/// What changes by no more than this share is not drawn.
const CONSTANT: f64 = 0.002;
/// So many ticks at most.
const TICKS: f64 = 8.0;
/// Steps between ticks that people count in, in seconds.
const STEPS: [f64; 20] = [
    0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0, 7200.0,
    14400.0, 43200.0, 86400.0,
];

/// What all drawings share.
struct Time<'a> {
    seconds: f64,
    /// In the order of their colours.
    cases: IndexSet<&'a str>,
}

pub(super) fn print(material: &Material) -> Html {
    let mut html = Html::default();
    let course = &material.course;
    if course.seconds <= 0.0 || course.lanes.is_empty() {
        return html;
    }
    let spans = course.lanes.values().flat_map(|lane| &lane.spans);
    let cases = spans.filter_map(|span| case(&span.what)).map(|case| split_case(case.as_str()).0).collect();
    let time = Time { seconds: course.seconds, cases };
    html.raw("<section id=\"course\"><h2>Time line</h2>");
    legend(&mut html, &time, !material.curves.is_empty());
    let failed = |lane: &Lane| lane.spans.iter().any(|span| span.failed);
    let few = course.lanes.len() <= FEW_HOSTS;
    let (shown, others): (Vec<_>, Vec<_>) =
        course.lanes.iter().enumerate().partition(|(at, (_, lane))| few || *at == 0 || failed(lane));
    of_hosts(&mut html, &time, material, shown.into_iter().map(|(_, one)| one));
    if !others.is_empty() {
        html.raw("<details>");
        let text = format!("{} on which nothing failed", plural(others.len(), "other host"));
        html.element("summary", &[], text);
        of_hosts(&mut html, &time, material, others.into_iter().map(|(_, one)| one));
        html.raw("</details>");
    }
    html.raw("</section>");
    html
}

fn case(what: &What) -> Option<&CaseId> {
    match what {
        What::Task => None,
        What::Around(case) | What::Round(case, ..) => Some(case),
    }
}

fn legend(html: &mut Html, time: &Time<'_>, watched: bool) {
    html.raw("<ul class=\"colours\">");
    for case in &time.cases {
        html.open("li", &[("class", &time.colour(case))]);
        html.raw("<i class=\"round\"></i>").text(case).raw("</li>");
    }
    if !time.cases.is_empty() {
        html.raw("<li class=\"plain\"><i class=\"warmup\"></i>warm-up, preparing</li>");
    }
    html.raw("<li><i class=\"task\"></i>other steps</li><li><i class=\"failed\"></i>failed</li></ul>");
    if watched {
        html.raw("<p class=\"legend\">Below each host what its monitors saw, by its own clock: the mean, and lowest to highest ");
        html.raw("where one point stands for several samples. Shaded: the rounds.</p>");
    }
}

impl Time<'_> {
    fn colour(&self, case: &str) -> String {
        format!("c{}", self.cases.get_index_of(case).unwrap_or_default() % COLOURS)
    }

    fn at(&self, seconds: f64) -> String {
        percent((seconds / self.seconds).clamp(0.0, 1.0))
    }

    /// At least wide enough to be seen.
    fn width(&self, span: &Span) -> String {
        percent(((span.to - span.from) / self.seconds).max(0.001))
    }

    fn ticks(&self) -> Vec<f64> {
        let step = STEPS.into_iter().find(|step| self.seconds / step <= TICKS);
        let step = step.unwrap_or(86400.0 * (self.seconds / 86400.0 / TICKS).ceil());
        std::iter::successors(Some(0.0), |last| Some(last + step))
            .take_while(|tick| *tick <= self.seconds)
            .collect()
    }
}

/// Hosts, those without monitors close together under one scale.
fn of_hosts<'a>(
    html: &mut Html,
    time: &Time<'_>,
    material: &Material,
    hosts: impl Iterator<Item = (&'a HostName, &'a Lane)>,
) {
    let (bare, watched): (Vec<_>, Vec<_>) = hosts.partition(|(host, _)| !material.curves.contains_key(*host));
    for (host, lane) in watched {
        html.open("figure", &[("class", &"host"), ("data-seconds", &time.seconds)]);
        html.raw("<figcaption>").text(host).raw("</figcaption>");
        lane_of(html, time, "steps", lane);
        of_monitors(html, time, lane, &material.curves[host]);
        axis(html, time);
        html.raw("</figure>");
    }
    if !bare.is_empty() {
        html.raw("<figure>");
        for (host, lane) in bare {
            lane_of(html, time, host.as_str(), lane);
        }
        axis(html, time);
        html.raw("</figure>");
    }
}

fn lane_of(html: &mut Html, time: &Time<'_>, name: &str, lane: &Lane) {
    html.raw("<div class=\"track\">").element("span", &[("class", &"name")], name);
    html.raw("<svg class=\"lane\" height=\"22\">");
    for span in &lane.spans {
        draw_span(html, time, span);
    }
    html.raw("</svg></div>");
}

fn axis(html: &mut Html, time: &Time<'_>) {
    html.raw(
        "<div class=\"track axis\"><span class=\"name\"></span><svg height=\"18\" aria-hidden=\"true\">",
    );
    for (number, tick) in time.ticks().iter().enumerate() {
        let x = time.at(*tick);
        html.shape("line", &[("x1", &x), ("x2", &x), ("y1", &"0"), ("y2", &"4")]);
        let anchor = match number {
            0 => "start",
            _ if tick / time.seconds > 0.97 => "end",
            _ => "middle",
        };
        html.element("text", &[("x", &x), ("y", &"15"), ("text-anchor", &anchor)], clock(*tick));
    }
    html.raw("</svg></div>");
}

/// `0`, `30 s`, `5m`, `1h30m`
fn clock(seconds: f64) -> String {
    // A day has few of them.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let whole = seconds.max(0.0) as u64;
    match whole {
        0 if seconds < 0.05 => "0".to_owned(),
        0..60 if seconds.fract() > 0.05 => format!("{seconds:.1} s"),
        0..60 => format!("{seconds:.0} s"),
        60..3600 if whole.is_multiple_of(60) => format!("{}m", whole / 60),
        60..3600 => format!("{}m{:02}s", whole / 60, whole % 60),
        _ if whole.is_multiple_of(3600) => format!("{}h", whole / 3600),
        _ => format!("{}h{:02}m", whole / 3600, whole % 3600 / 60),
    }
}

fn draw_span(html: &mut Html, time: &Time<'_>, span: &Span) {
    let colour = case(&span.what).map(|case| time.colour(split_case(case.as_str()).0)).unwrap_or_default();
    let kind = match span.what {
        What::Task => "task",
        What::Around(_) | What::Round(_, _, true) => "warmup",
        What::Round(_, _, false) => "round",
    };
    let failed = if span.failed { " failed" } else { "" };
    let mut title = match &span.what {
        What::Task => String::new(),
        What::Around(case) => format!("{case}: "),
        What::Round(case, round, true) => format!("{case} warm-up {round}: "),
        What::Round(case, round, false) => format!("{case} round {round}: "),
    };
    title += &span.name;
    if span.steps > 1 {
        let _ = write!(title, " and {} more", span.steps - 1);
    }
    let _ = write!(title, ", {:.1} s to {:.1} s", span.from, span.to);
    title += if span.failed { ", failed" } else { "" };
    let class = format!("{kind} {colour}{failed}");
    html.open(
        "rect",
        &[
            ("class", &class),
            ("x", &time.at(span.from)),
            ("width", &time.width(span)),
            ("y", &"2"),
            ("height", &"18"),
        ],
    );
    html.element("title", &[], title).close("rect");
}

fn of_monitors(html: &mut Html, time: &Time<'_>, lane: &Lane, curves: &Curves) {
    let shades = shades(time, lane);
    let mut constant = Vec::new();
    for Group { title, unit, lines } in curves.groups() {
        let high = lines.iter().map(|(_, curve)| curve.high()).fold(f64::NEG_INFINITY, f64::max);
        let low = lines.iter().map(|(_, curve)| curve.low()).fold(f64::INFINITY, f64::min);
        if low > high {
            continue;
        }
        // From zero: what changes little shall look so.
        let floor = low.min(0.0);
        let top = high + 0.08 * (high - floor);
        let scale = Unit::parse(unit).scale_for(&[high]);
        let shown = |value: f64| format!("{} {}", scale.format(value), scale.unit).trim_end().to_owned();
        if high - low <= CONSTANT * high.abs() {
            constant.push(format!("{title} {}", shown(high)));
            continue;
        }
        html.raw("<div class=\"track\"><span class=\"name\">").text(&title);
        let range = format!("{}…{}", scale.format(low), shown(high));
        html.raw(" ").element("span", &[("class", &"quiet")], range).raw("</span>");
        html.open(
            "svg",
            &[
                ("class", &"curve"),
                ("height", &"44"),
                ("viewBox", &"0 0 1000 100"),
                ("preserveAspectRatio", &"none"),
                ("data-floor", &floor),
                ("data-top", &top),
                ("data-unit", &unit),
            ],
        );
        html.element("title", &[], format!("{title}: {} to {}", shown(low), shown(high)));
        for (colour, shade) in &shades {
            html.shape("path", &[("class", &format!("shade {colour}")), ("d", shade)]);
        }
        for (number, (name, curve)) in lines.iter().enumerate() {
            draw_curve(html, number, name, curve, floor, top);
        }
        html.raw("</svg></div>");
    }
    if !constant.is_empty() {
        html.raw("<div class=\"track\"><span class=\"name\">unchanged</span>");
        html.element("span", &[("class", &"quiet")], constant.join(", ")).raw("</div>");
    }
}

/// The rounds that count, to be drawn behind each curve: one shape for each colour.
fn shades(time: &Time<'_>, lane: &Lane) -> IndexMap<String, String> {
    let mut shades: IndexMap<String, String> = IndexMap::new();
    for span in &lane.spans {
        let What::Round(case, _, false) = &span.what else { continue };
        let (from, width) = (WIDE * span.from / time.seconds, WIDE * (span.to - span.from) / time.seconds);
        let shade = shades.entry(time.colour(split_case(case.as_str()).0)).or_default();
        let _ = write!(shade, "M{from:.1} 0h{width:.1}v{HIGH:.0}h-{width:.1}z");
    }
    shades
}

fn draw_curve(html: &mut Html, number: usize, name: &str, curve: &Curve, floor: f64, top: f64) {
    let y = |value: f64| HIGH - HIGH * (value - floor) / (top - floor);
    #[allow(clippy::cast_precision_loss)] // a few hundred
    let x = |at: usize| WIDE * at as f64 / curve.points.len() as f64;
    let (mut line, mut area) = (String::new(), String::new());
    let mut last: Option<f64> = None;
    for (at, point) in curve.points.iter().enumerate() {
        let Some(point) = point else {
            last = None;
            continue;
        };
        let mean = y(point.mean());
        match last {
            None => _ = write!(line, "M{:.1} {mean:.1}", x(at)),
            // What stays as it is needs no point of its own.
            Some(last) if (last - mean).abs() < 0.05 => {}
            Some(_) => _ = write!(line, "V{mean:.1}"),
        }
        let next_stays = curve
            .points
            .get(at + 1)
            .copied()
            .flatten()
            .is_some_and(|next| (y(next.mean()) - mean).abs() < 0.05);
        if !next_stays {
            let _ = write!(line, "H{:.1}", x(at + 1));
        }
        last = Some(mean);
        if point.high > point.low {
            let (left, right) = (x(at), x(at + 1));
            let _ = write!(area, "M{left:.1} {:.1}H{right:.1}V{:.1}H{left:.1}Z", y(point.high), y(point.low));
        }
    }
    if !area.is_empty() {
        html.shape("path", &[("class", &"area"), ("d", &area)]);
    }
    let class = format!("line l{}", number % COLOURS);
    html.open("path", &[("class", &class), ("d", &line), ("data-name", &name)]).close("path");
}
