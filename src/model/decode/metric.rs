//! Figures of merit and what is expected of them.

use super::fields::{Fields, wrong_type};
use crate::base::{Diagnostic, Diagnostics};
use crate::model::{Better, Expect, Metric, MetricSource, Take};
use crate::syntax::Node;

/// `metrics`: a list.
pub(super) fn metrics(node: &Node, problems: &mut Diagnostics) -> Vec<Metric> {
    let Some(items) = node.as_sequence() else {
        problems.push(wrong_type("`metrics`", "a list", node));
        return Vec::new();
    };
    items.iter().filter_map(|n| metric(n, problems)).collect()
}

fn metric(node: &Node, problems: &mut Diagnostics) -> Option<Metric> {
    let mut f = Fields::new(node, "a metric", problems)?;
    let name = f.word("name");
    let unit = f.word("unit");
    let better = f.choice("better", &[("higher", Better::Higher), ("lower", Better::Lower)]);
    let source = source(&mut f);
    let from = f.string("from");
    let take = f.choice("take", &Take::ALL.map(|t| (t.as_str(), t))).map(|t| t.value);
    let expect = match f.take("expect") {
        None => Vec::new(),
        Some(node) => match node.as_sequence() {
            Some(items) => items.iter().filter_map(|n| expect(n, f.problems())).collect(),
            None => expect(node, f.problems()).into_iter().collect(),
        },
    };
    if name.is_none() {
        f.missing("`name`", "name the figure: `name: bandwidth`");
    }
    if let Some(nothing) = unit.as_ref().filter(|unit| unit.value.trim().is_empty()) {
        let span = nothing.span.clone();
        let problem =
            Diagnostic::error("missing-unit", "a figure without a unit means nothing to others").at(&span);
        f.problems().push(
            problem.help("write `count` for a number of things, `ratio` for a share, or a word of your own"),
        );
    }
    if unit.is_none() {
        f.missing("`unit`", "say what it is measured in: `unit: MB/s`");
    }
    if better.is_none() && node.get("better").is_none() {
        f.missing("`better`", "say which direction is good: `better: higher` or `better: lower`");
    }
    let span = f.span();
    f.finish();
    Some(Metric {
        span,
        name: name?,
        unit: unit?,
        better: better?.value,
        source: source?,
        from,
        take,
        expect,
    })
}

fn source(f: &mut Fields<'_, '_>) -> Option<MetricSource> {
    let regex = f.word("regex");
    let json = f.word("json");
    let csv = f.word("csv");
    let labels = f.words("labels");
    let separator = f.word("separator");
    let separator_char = separator.as_ref().map_or(',', |s| match &*s.value {
        "\\t" | "tab" => '\t',
        other => other.chars().next().unwrap_or(','),
    });
    let with_labels = labels.clone().unwrap_or_default();
    let places: Vec<_> = [&regex, &json, &csv].into_iter().flatten().map(|w| w.span.clone()).collect();
    if let [first, second, ..] = places.as_slice() {
        f.problems().push(
            Diagnostic::error("two-sources", "a metric has one source, this one has two")
                .at(second)
                .related(first, "the first"),
        );
    }
    if let (Some(pattern), Some(labels)) = (&regex, labels.as_ref().and_then(|l| l.first())) {
        f.problems().push(
            Diagnostic::error("labels-of-regex", "the labels of a `regex` are its other named groups")
                .at(&labels.span)
                .related(&pattern.span, "the expression")
                .help("name a group in it: `(?P<op>…)`"),
        );
    }
    if let (Some(s), None) = (&separator, &csv) {
        f.problems().push(Diagnostic::error("unknown-keyword", "only `csv` has a `separator`").at(&s.span));
    }
    match (regex, json, csv) {
        (Some(pattern), _, _) => Some(MetricSource::Regex(pattern)),
        (_, Some(path), _) => Some(MetricSource::Json { path, labels: with_labels }),
        (_, _, Some(column)) => {
            Some(MetricSource::Csv { column, labels: with_labels, separator: separator_char })
        }
        _ => {
            f.missing("`regex`", "say where the number is: `regex: '^Triad:\\s+(?P<value>[\\d.]+)'`, `json: $.bw` or `csv: COLUMN`");
            None
        }
    }
}

fn expect(node: &Node, problems: &mut Diagnostics) -> Option<Expect> {
    let mut f = Fields::new(node, "`expect`", problems)?;
    let r#where = f.map("where");
    let (min, max) = (f.value("min"), f.value("max"));
    let (reference, tolerance) = (f.value("reference"), f.value("tolerance"));
    if min.is_none() && max.is_none() && reference.is_none() {
        f.missing("`min`", "say what is expected: `min`, `max`, or `reference` with `tolerance`");
    }
    if let (Some(t), None) = (&tolerance, &reference) {
        let span = t.span.clone();
        f.problems().push(Diagnostic::error("missing-keyword", "`tolerance` needs a `reference`").at(&span));
    }
    if let (Some(r), None) = (&reference, &tolerance) {
        let span = r.span.clone();
        f.problems().push(
            Diagnostic::error("missing-keyword", "`reference` needs a `tolerance`")
                .at(&span)
                .help("say how far it may be off: `tolerance: 5 %`"),
        );
    }
    let span = f.span();
    f.finish();
    Some(Expect { span, r#where, min, max, reference, tolerance })
}
