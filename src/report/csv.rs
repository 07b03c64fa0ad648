//! One line per figure and host, with all values: for spreadsheets and scripts. RFC 4180, comma, dot, UTF-8.

use super::Selection;
use super::summary::Summary;
use crate::base::selector::selects_case_id;
use crate::base::statistics::Interval;

const HEAD: &str = "run,case,figure,labels,unit,better,host,rounds,n,median,mad,low,high,min,max,mean,verdict,bound,baseline,outliers,values\n";

/// The whole text. Numbers are in the metric's own unit and not rounded. `low` and `high` are the ends of the median's interval, and
/// empty where there are too few rounds for one.
pub(super) fn print(summary: &Summary, selection: &Selection) -> String {
    let mut text = HEAD.to_owned();
    let run = summary.run.as_ref().map(ToString::to_string).unwrap_or_default();
    for row in &summary.rows {
        if selection.case.as_deref().is_some_and(|wanted| !selects_case_id(wanted, row.case.as_str())) {
            continue;
        }
        let labels: Vec<String> = row.labels.iter().map(|(k, v)| format!("{k}={v}")).collect();
        for (host, cell) in &row.cells {
            if selection.host.as_deref().is_some_and(|wanted| host.as_str() != wanted) {
                continue;
            }
            let number = |of: fn(&crate::base::statistics::Summary) -> f64| {
                cell.statistics.as_ref().map(|s| of(s).to_string()).unwrap_or_default()
            };
            let interval = cell.statistics.and_then(|s| s.interval);
            let end = |of: fn(Interval) -> f64| interval.map(|i| of(i).to_string()).unwrap_or_default();
            let values: Vec<String> = cell.values.iter().map(ToString::to_string).collect();
            let fields = [
                run.clone(),
                row.case.to_string(),
                row.figure.clone(),
                labels.join(";"),
                row.unit.clone(),
                if row.higher_is_better { "higher" } else { "lower" }.to_owned(),
                host.to_string(),
                cell.rounds.to_string(),
                cell.values.len().to_string(),
                number(|s| s.median),
                number(|s| s.mad),
                end(|i| i.low),
                end(|i| i.high),
                number(|s| s.min),
                number(|s| s.max),
                number(|s| s.mean),
                cell.verdict.word().to_lowercase(),
                cell.miss.as_ref().map(|m| m.bound.to_string()).unwrap_or_default(),
                cell.baseline.map(|value| value.to_string()).unwrap_or_default(),
                cell.outliers.iter().map(|one| one.round.to_string()).collect::<Vec<_>>().join(";"),
                values.join(";"),
            ];
            text += &fields.map(|f| quoted(&f)).join(",");
            text.push('\n');
        }
    }
    text
}

fn quoted(field: &str) -> String {
    if field.contains(['"', ',', '\n', '\r']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
}
