//! The history for people: one line per series with its course, then every change and what else changed there.

use std::fmt::Write as _;

use super::{Changed, History, Measured, Series};
use crate::base::unit::Unit;
use crate::report::columns::{Align, lines};
use crate::report::table::{named, percent, plural};

/// How many of the newest runs a course shows.
const COURSE: usize = 60;
/// From the lowest to the highest value of a course.
const STEPS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

pub(super) fn print(history: &History, all: bool) -> String {
    let mut text = match &history.runs[..] {
        [] => String::new(),
        [one] => format!("1 run, {}\n", one.started),
        [first, .., last] => format!("{} runs, {} to {}\n", history.runs.len(), first.started, last.started),
    };
    let _ = writeln!(
        text,
        "changes of rank, by shuffling the runs, over {} series (Benjamini-Hochberg), level {} %; margin {}",
        history.series.len(),
        100.0 * history.rule.level,
        percent(history.rule.margin)
    );
    for warning in &history.warnings {
        let _ = writeln!(text, "! {warning}");
    }
    let short = history.series.iter().filter(|one| one.values.len() < history.least()).count();
    if short > 0 {
        let _ = writeln!(
            text,
            "! {short} of {} series have too few runs to show a change at this level: it takes {}",
            history.series.len(),
            history.least()
        );
    }
    let shown: Vec<&Series> = history.series.iter().filter(|one| all || !one.changes.is_empty()).collect();
    let hidden = history.series.len() - shown.len();
    if !shown.is_empty() {
        let head = ["case", "figure", "host", "unit", "", "runs", "oldest", "newest", "p", "course"];
        let rows = shown.iter().map(|one| row(one));
        let rows: Vec<Vec<String>> = std::iter::once(head.map(str::to_owned).to_vec()).chain(rows).collect();
        let mut aligns = vec![Align::Left; 5];
        aligns.extend([Align::Right, Align::Right, Align::Right, Align::Right, Align::Left]);
        text += &(lines(&aligns, &rows).join("\n") + "\n");
    }
    if hidden > 0 {
        let _ = writeln!(text, "  … {hidden} without a change (--all)");
    }
    for one in shown {
        for change in &one.changes {
            text += &told(history, one, change);
        }
    }
    let changes = history.series.iter().map(|one| one.changes.len()).sum();
    text + &if changes == 0 { "no change\n".to_owned() } else { plural(changes, "change") + "\n" }
}

fn row(one: &Series) -> Vec<String> {
    let values: Vec<f64> = one.values.iter().map(|value| value.median).collect();
    let scale = Unit::parse(&one.unit).scale_for(&values);
    let end =
        |value: Option<&Measured>| value.map_or_else(|| "–".to_owned(), |value| scale.format(value.median));
    vec![
        one.case.to_string(),
        named(&one.figure, &one.labels),
        one.host.to_string(),
        scale.unit.to_string(),
        if one.higher_is_better { "↑" } else { "↓" }.to_owned(),
        one.values.len().to_string(),
        end(one.values.first()),
        end(one.values.last()),
        one.adjusted_p.map_or_else(
            || "–".to_owned(),
            |p| if p < 0.001 { "<0.001".to_owned() } else { format!("{p:.3}") },
        ),
        course(&values[values.len().saturating_sub(COURSE)..]),
    ]
}

/// `▇▇▇▂▁▁`
fn course(values: &[f64]) -> String {
    let (low, high) =
        values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(*v), h.max(*v)));
    let step = |value: &f64| {
        let share = if high > low { (value - low) / (high - low) } else { 0.5 };
        // Between 0 and 7, so the cast is exact.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let step = (share * 7.0).round() as usize;
        STEPS[step.min(7)]
    };
    values.iter().map(step).collect()
}

fn told(history: &History, one: &Series, change: &Changed) -> String {
    let scale = Unit::parse(&one.unit).scale_for(&[change.old, change.new]);
    let ratio = change.ratio.map_or_else(String::new, |ratio| format!(" ({ratio:.3})"));
    let run = |number: usize| history.runs.get(number).map_or("?", |run| run.run.as_str());
    let mut text = format!(
        "{} {} {} {}: {} → {} {}{ratio} since {}\n",
        if change.better { "BETTER" } else { "WORSE" },
        one.case,
        named(&one.figure, &one.labels),
        one.host,
        scale.format(change.old),
        scale.format(change.new),
        scale.unit,
        run(change.run),
    );
    for what in &change.what {
        let _ = writeln!(text, "   ! {what}");
    }
    if change.what.is_empty() {
        let _ = writeln!(text, "   nothing else is known to have changed since {}", run(change.after));
    }
    text
}
