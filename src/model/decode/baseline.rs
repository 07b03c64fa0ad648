//! Files of reference values.

use std::collections::BTreeMap;

use super::fields::{Fields, text_value, wrong_type};
use crate::base::baseline::{Baseline, Ends, FORM, Origin, Reference, TOLERANCE, Whose};
use crate::base::statistics::Interval;
use crate::base::{CaseId, Diagnostic, Diagnostics, HostName, Quantity, Span, Unit};
use crate::model::Better;
use crate::syntax::Node;

/// A whole file. What is wrong with an entry goes to `problems`.
pub fn baseline(node: &Node, problems: &mut Diagnostics) -> Option<Baseline> {
    let mut f = Fields::new(node, "a baseline", problems)?;
    match f.take_pair("baseline").map(|(_, form)| (form, form.as_scalar().map(|s| s.raw.to_string()))) {
        Some((_, Some(form))) if form == FORM.to_string() => {}
        Some((node, _)) => {
            let problem =
                Diagnostic::error("baseline-form", format!("this benchbook reads form {FORM} of baselines"));
            f.problems().push(problem.at(&node.span).help("make it anew: `benchbook baseline make RUN`"));
            return None;
        }
        None => {
            f.missing("`baseline: 1`", "make one with `benchbook baseline make RUN --out FILE`");
            return None;
        }
    }
    let tolerance = tolerance(&mut f).unwrap_or(TOLERANCE);
    let runs = list(&mut f, "runs").iter().filter_map(|n| origin(n, f.problems())).collect();
    let figures = list(&mut f, "figures");
    let references = figures.iter().flat_map(|n| references(n, f.problems())).collect();
    f.finish();
    let file = node.span.source().name().to_owned();
    Some(Baseline { file, tolerance, runs, references })
}

fn list<'n>(f: &mut Fields<'n, '_>, key: &'static str) -> &'n [Node] {
    let Some(node) = f.take(key) else { return &[] };
    node.as_sequence().unwrap_or_else(|| {
        f.problems().push(wrong_type(&format!("`{key}`"), "a list", node));
        &[]
    })
}

fn origin(node: &Node, problems: &mut Diagnostics) -> Option<Origin> {
    let mut f = Fields::new(node, "a run of a baseline", problems)?;
    let mut word = |key| f.word(key).map(|word| word.value.to_string()).unwrap_or_default();
    let origin = Origin {
        run: word("run"),
        playbook: word("playbook"),
        started: word("started"),
        lock: word("lock"),
        commit: word("commit"),
    };
    f.finish();
    Some(origin)
}

/// One figure of one case: a reference for each host and group.
fn references(node: &Node, problems: &mut Diagnostics) -> Vec<Reference> {
    let Some(mut f) = Fields::new(node, "a figure of a baseline", problems) else { return Vec::new() };
    let case = f.word("case");
    let figure = f.word("figure");
    let labels = f.take("labels").map(|n| labels(n, f.problems())).unwrap_or_default();
    let unit = f.word("unit");
    let better = f.choice("better", &[("higher", Better::Higher), ("lower", Better::Lower)]);
    for (there, what, remedy) in [
        (case.is_some(), "`case`", "name the case as `benchbook show` does: `case: stream[threads=1]`"),
        (figure.is_some(), "`figure`", "name the figure: `figure: bandwidth`"),
        (unit.is_some(), "`unit`", "say what it is measured in: `unit: MB/s`"),
        (
            better.is_some() || node.get("better").is_some(),
            "`better`",
            "say which direction is good: `better: higher` or `better: lower`",
        ),
    ] {
        if !there {
            f.missing(what, remedy);
        }
    }
    let mut found = Vec::new();
    let mut known = None;
    if let (Some(case), Some(figure), Some(unit), Some(better)) = (case, figure, unit, better) {
        known = Some((CaseId::new(&*case.value), figure.to_string(), Unit::parse(&unit.value), better.value));
    }
    for key in ["hosts", "groups"] {
        let Some(node) = f.take(key) else { continue };
        let Some(pairs) = node.as_mapping() else {
            f.problems().push(wrong_type(&format!("`{key}`"), "a mapping of names to values", node));
            continue;
        };
        for (name, value) in pairs {
            let name = text_value(name).map(|text| text.to_string()).unwrap_or_default();
            let Some(measured) = measured(value, f.problems()) else { continue };
            let Some((case, figure, unit, better)) = known.clone() else { continue };
            let Measured { median, ends, n, runs, hosts, tolerance, span } = measured;
            found.push(Reference {
                case,
                figure,
                labels: labels.clone(),
                unit,
                higher_is_better: better == Better::Higher,
                whose: if key == "hosts" { Whose::Host(HostName::new(name)) } else { Whose::Group(name) },
                median,
                ends,
                n,
                runs,
                hosts,
                tolerance,
                span,
            });
        }
    }
    f.finish();
    found
}

fn labels(node: &Node, problems: &mut Diagnostics) -> BTreeMap<String, String> {
    let Some(pairs) = node.as_mapping() else {
        problems.push(wrong_type("`labels`", "a mapping of names to values", node));
        return BTreeMap::new();
    };
    let text = |node| text_value(node).map(|text| text.to_string()).unwrap_or_default();
    pairs.iter().map(|(name, value)| (text(name), text(value))).collect()
}

/// What stands at a host or a group.
struct Measured {
    median: f64,
    ends: Ends,
    n: usize,
    runs: usize,
    hosts: usize,
    tolerance: Option<f64>,
    span: Span,
}

fn measured(node: &Node, problems: &mut Diagnostics) -> Option<Measured> {
    let mut f = Fields::new(node, "a reference value", problems)?;
    let median = f.take("median").and_then(|n| number(n, "`median`", f.problems()));
    let interval = f.take("interval").and_then(|n| ends(n, "`interval`", f.problems())).map(Ends::Interval);
    let range = f.take("range").and_then(|n| ends(n, "`range`", f.problems())).map(Ends::Range);
    let tolerance = tolerance(&mut f);
    let mut count = |key, without| {
        f.number(key).and_then(|n| n.as_int()).and_then(|n| usize::try_from(n).ok()).unwrap_or(without)
    };
    let (n, runs, hosts) = (count("n", 0), count("runs", 1), count("hosts", 1));
    if median.is_none() && node.get("median").is_none() {
        f.missing(
            "`median`",
            "write `{median: 11900, n: 10}`, or make the file with `benchbook baseline make`",
        );
    }
    let span = f.span();
    f.finish();
    let median = median?;
    let ends = interval.or(range).unwrap_or(Ends::Range(Interval { low: median, high: median }));
    Some(Measured { median, ends, n, runs, hosts, tolerance, span })
}

fn number(node: &Node, what: &str, problems: &mut Diagnostics) -> Option<f64> {
    let number = node.to_value().as_float().filter(|number| number.is_finite());
    if number.is_none() {
        problems.push(wrong_type(what, "a number, in the figure's unit", node));
    }
    number
}

/// `[11800, 12000]`
fn ends(node: &Node, what: &str, problems: &mut Diagnostics) -> Option<Interval> {
    let Some([low, high]) = node.as_sequence() else {
        let message = format!("{what} wants two numbers: `[11800, 12000]`");
        problems.push(Diagnostic::error("wrong-type", message).at(&node.span));
        return None;
    };
    let (low, high) = (number(low, what, problems), number(high, what, problems));
    Some(Interval { low: low?, high: high? })
}

/// `5 %` or a fraction.
fn tolerance(f: &mut Fields<'_, '_>) -> Option<f64> {
    let word = f.word("tolerance")?;
    let share = Quantity::parse(&word.value).and_then(|share| share.value_in(&Unit::parse("ratio")));
    let read = share.ok().filter(|fraction| *fraction >= 0.0);
    if read.is_none() {
        let message = format!("a tolerance is `5 %` or a fraction, not `{}`", word.value);
        f.problems().push(Diagnostic::error("bad-tolerance", message).at(&word.span));
    }
    read
}
