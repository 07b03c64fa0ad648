//! What `expect` asks of the figures of a case on one host, and whether they keep it. A verdict never triggers a rescue.

use std::collections::BTreeMap;

use super::keyword::number;
use super::unit::said;
use crate::base::baseline::Reference;
use crate::base::statistics::median;
use crate::base::unit::{Quantity, Unit};
use crate::base::{HostName, Map, Spanned, Value};
use crate::event::{Expectation, Figure};
use crate::model::{Better, Expect, Metric};
use crate::plan::CasePlan;
use crate::vars::Templar;

/// The expectations of a case, rendered for one host and converted to the figures' units.
pub fn expectations(case: &CasePlan, templar: &Templar) -> Result<Vec<Expectation>, String> {
    let mut all = Vec::new();
    for metric in &case.metrics {
        for expect in &metric.expect {
            all.extend(expectation(metric, expect, &case.params, templar)?);
        }
    }
    all.extend(of_baseline(case, templar)?);
    Ok(all)
}

/// What the baseline asks of the host, by its own name or those of its groups.
fn of_baseline(case: &CasePlan, templar: &Templar) -> Result<Vec<Expectation>, String> {
    let Some(baseline) = &case.baseline else { return Ok(Vec::new()) };
    let known = |name| templar.scope().lookup(name).map(|(value, _)| value);
    let host = known("inventory_hostname").map(ToString::to_string).unwrap_or_default();
    let groups = known("group_names").and_then(Value::as_list).unwrap_or_default();
    let groups: Vec<String> = groups.iter().map(ToString::to_string).collect();
    let asked = |reference: &Reference| {
        let metric = case.metrics.iter().find(|metric| *metric.name.value == *reference.figure);
        let unit = metric.map_or_else(|| reference.unit.clone(), |metric| Unit::parse(&metric.unit));
        let mut tolerance = baseline.tolerance_of(reference);
        // What the playbook says of it counts more than what the file says.
        for expect in metric.into_iter().flat_map(|metric| &metric.expect).filter(|e| e.is_of_baseline()) {
            let Some(labels) = labels(expect, &case.params, templar)? else { continue };
            let is_meant = labels.iter().all(|(name, value)| reference.labels.get(name) == Some(value));
            if let Some(own) = expect.tolerance.as_ref().filter(|_| is_meant) {
                tolerance = fraction(own, templar)?;
            }
        }
        let asked = Expectation::of_reference(reference, tolerance, &unit);
        asked.map_err(|e| format!("{e} at {}", reference.span))
    };
    baseline.of(&case.id, &HostName::new(host), &groups).into_iter().map(asked).collect()
}

fn expectation(
    metric: &Metric,
    expect: &Expect,
    params: &Map,
    templar: &Templar,
) -> Result<Option<Expectation>, String> {
    let Some(labels) = labels(expect, params, templar)?.filter(|_| !expect.is_of_baseline()) else {
        return Ok(None);
    };
    let unit = Unit::parse(&metric.unit);
    let bound = |value: &Option<Spanned<Value>>| -> Result<Option<f64>, String> {
        let Some(value) = value else { return Ok(None) };
        quantity(value, templar)?.value_in(&unit).map(Some).map_err(|e| format!("{e} at {}", value.span))
    };
    let mut min = bound(&expect.min)?;
    let mut max = bound(&expect.max)?;
    if let Some(reference) = bound(&expect.reference)? {
        let tolerance = expect.tolerance.as_ref().map_or(Ok(0.0), |t| fraction(t, templar))?;
        let slack = reference.abs() * tolerance;
        match metric.better {
            Better::Higher => min = Some(min.unwrap_or(f64::NEG_INFINITY).max(reference - slack)),
            Better::Lower => max = Some(max.unwrap_or(f64::INFINITY).min(reference + slack)),
        }
    }
    let figure = metric.name.to_string();
    Ok(Some(Expectation { figure, labels, min, max, place: expect.span.file_line(), baseline: None }))
}

/// The labels that `where` asks for; none when it is about other parameters than the case's.
fn labels(
    expect: &Expect,
    params: &Map,
    templar: &Templar,
) -> Result<Option<BTreeMap<String, String>>, String> {
    let mut labels = BTreeMap::new();
    for (name, wanted) in expect.r#where.iter() {
        let wanted = templar.render(wanted).map_err(|e| said(&e))?.to_string();
        match params.get(&name.to_string()) {
            Some(param) if param.to_string() != wanted => return Ok(None),
            Some(_) => {}
            None => {
                labels.insert(name.to_string(), wanted);
            }
        }
    }
    Ok(Some(labels))
}

fn quantity(value: &Spanned<Value>, templar: &Templar) -> Result<Quantity, String> {
    let rendered = templar.render(&value.value).map_err(|e| said(&e))?;
    match rendered.as_float() {
        Some(value) => Ok(Quantity { value, unit: None }),
        None => Quantity::parse(&rendered.to_string()).map_err(|e| format!("{e} at {}", value.span)),
    }
}

/// `5 %`, `0.05` or `"0.05"`.
fn fraction(value: &Spanned<Value>, templar: &Templar) -> Result<f64, String> {
    let rendered = templar.render(&value.value).map_err(|e| said(&e))?;
    let percent = rendered.as_str().and_then(|t| t.trim().strip_suffix('%')).map(|t| t.trim().parse::<f64>());
    let read = match percent {
        Some(percent) => percent.ok().map(|p| p / 100.0),
        None => number(&rendered),
    };
    read.filter(|t| *t >= 0.0)
        .ok_or_else(|| format!("a tolerance is `5 %` or a fraction, not `{rendered}`, at {}", value.span))
}

/// What the figures of a case on one host amount to.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// Nothing to complain about.
    Met,
    /// A median is outside its bounds.
    Missed {
        /// The figure's name.
        figure: String,
        /// The place of the expectation.
        place: String,
        /// The median.
        median: f64,
    },
    /// No figure is what an expectation is about.
    Nothing {
        /// The figure's name.
        figure: String,
        /// The place of the expectation.
        place: String,
    },
}

/// Judges the figures of one case on one host; warm-up rounds do not count.
pub fn judge(expectations: &[Expectation], figures: &[Figure]) -> Vec<Verdict> {
    let mut medians: BTreeMap<(&str, &BTreeMap<String, String>), Vec<f64>> = BTreeMap::new();
    for figure in figures.iter().filter(|f| !f.warmup) {
        medians.entry((&figure.name, &figure.labels)).or_default().push(figure.value);
    }
    let mut verdicts = Vec::new();
    for expectation in expectations {
        let (figure, place) = (expectation.figure.clone(), expectation.place.clone());
        let meant: Vec<_> = medians.iter().filter(|((n, l), _)| expectation.concerns(n, l)).collect();
        if meant.is_empty() {
            verdicts.push(Verdict::Nothing { figure, place });
            continue;
        }
        for median in meant.into_iter().filter_map(|(_, values)| median(values)) {
            let (figure, place) = (figure.clone(), place.clone());
            let met = expectation.missed(median).is_none();
            verdicts.push(if met { Verdict::Met } else { Verdict::Missed { figure, place, median } });
        }
    }
    verdicts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{CaseId, HostName, StepId};

    fn figure(op: &str, warmup: bool, value: f64) -> Figure {
        Figure {
            case: CaseId::from("stream"),
            host: HostName::from("n1"),
            round: 1,
            warmup,
            step: StepId::from("s"),
            name: "bandwidth".into(),
            labels: BTreeMap::from([("op".to_owned(), op.to_owned())]),
            value,
            unit: "GB/s".into(),
            higher_is_better: true,
            log: "log".into(),
            bytes: (0, 1),
        }
    }

    fn at_least(op: &str, min: f64) -> Expectation {
        let labels = BTreeMap::from([("op".to_owned(), op.to_owned())]);
        let place = "p.yml:3".into();
        Expectation { figure: "bandwidth".into(), labels, min: Some(min), place, ..Expectation::default() }
    }

    #[test]
    fn the_median_of_what_is_meant_counts_and_warm_up_does_not() {
        let figures = [
            figure("Triad", true, 1.0),
            figure("Triad", false, 9.0),
            figure("Triad", false, 2.0),
            figure("Triad", false, 8.0),
            figure("Copy", false, 1.0),
        ];
        assert_eq!(judge(&[at_least("Triad", 8.0)], &figures), [Verdict::Met]);
        let (figure, place) = ("bandwidth".to_owned(), "p.yml:3".to_owned());
        let missed = Verdict::Missed { figure: figure.clone(), place: place.clone(), median: 8.0 };
        assert_eq!(judge(&[at_least("Triad", 8.5)], &figures), [missed]);
        assert_eq!(judge(&[at_least("Traid", 8.0)], &figures), [Verdict::Nothing { figure, place }]);
    }
}
