//! The comparison for people: what was compared, what keeps it from saying more, then one line per figure.

use std::fmt::Write as _;

use super::{Comparison, Difference};
use crate::base::statistics::contrast::Finding;
use crate::base::unit::Unit;
use crate::report::columns::{Align, lines};
use crate::report::table::{named, percent, plural};

pub(super) fn print(comparison: &Comparison, all: bool) -> String {
    let mut text = String::new();
    for (letter, run) in ('A'..).zip(&comparison.runs) {
        let _ = writeln!(text, "{letter}  {}  {}", run.run, run.what);
        for change in &run.changes {
            let _ = writeln!(text, "   ! {change}");
        }
    }
    text += &method(comparison);
    let shown: Vec<&Difference> =
        comparison.differences.iter().filter(|one| all || one.finding != Finding::Same).collect();
    if !shown.is_empty() {
        for line in lines(&aligns(), &rows(comparison, &shown)) {
            text += &line;
            text.push('\n');
        }
    }
    let hidden = comparison.differences.len() - shown.len();
    if hidden > 0 {
        let _ = writeln!(text, "  … {hidden} the same (--all)");
    }
    for one in shown.iter().filter(|one| one.advice.is_some()) {
        let advice = one.advice.as_deref().unwrap_or_default();
        let _ = writeln!(text, "? {} {} {}: {advice}", one.case, named(&one.figure, &one.labels), one.host);
    }
    for lonely in &comparison.lonely {
        let letter = letter(if lonely.lost { 0 } else { lonely.with });
        let _ = writeln!(text, "! only {letter} has {} {} on {}", lonely.case, lonely.figure, lonely.host);
    }
    text + &verdict(comparison) + "\n"
}

/// How it was judged, and what that cannot show.
fn method(comparison: &Comparison) -> String {
    let (rule, count) = (comparison.rule, comparison.differences.len());
    let mut text = format!(
        "ratio of medians with its {:.0} % interval; Mann-Whitney p over {} (Benjamini-Hochberg), level {} %; margin {}\n",
        100.0 * (1.0 - rule.level),
        plural(count, "figure"),
        100.0 * rule.level,
        percent(rule.margin),
    );
    match comparison.like_runs {
        0 => text += "no runs without a change between them are known",
        runs => _ = write!(text, "noise is what {runs} runs without a change between them differ by"),
    }
    if comparison.differences.iter().any(|one| !one.contrast.learnt) {
        text += "; ±? is assumed until four are";
    }
    text.push('\n');
    let hopeless = comparison.differences.iter().filter(|one| one.contrast.cannot_differ(rule)).count();
    if hopeless > 0 {
        let _ = writeln!(
            text,
            "! {} of {count} have too few rounds to differ at this level: take at least {}",
            hopeless,
            crate::base::statistics::rank::least_size(rule.level)
        );
    }
    text
}

fn aligns() -> Vec<Align> {
    use Align::{Left, Right};
    vec![Left, Left, Left, Left, Left, Right, Right, Right, Left, Right, Right, Left]
}

fn rows(comparison: &Comparison, shown: &[&Difference]) -> Vec<Vec<String>> {
    let several = comparison.runs.len() > 2;
    let head = ["case", "figure", "host", "unit", "", "A", "B", "B/A", "interval", "p", "noise", "verdict"];
    let mut head: Vec<String> = head.map(str::to_owned).into();
    if several {
        "other".clone_into(&mut head[6]);
        "/A".clone_into(&mut head[7]);
    }
    std::iter::once(head).chain(shown.iter().map(|one| row(one, several))).collect()
}

fn row(one: &Difference, several: bool) -> Vec<String> {
    let contrast = &one.contrast;
    let scale = Unit::parse(&one.unit).scale_for(&[contrast.a.median, contrast.b.median]);
    let side = |summary: &crate::base::statistics::Summary| {
        format!("{} ({})", scale.format(summary.median), scale.format(summary.mad))
    };
    let other = side(&contrast.b);
    let interval =
        |interval: crate::base::statistics::Interval| format!("{:.3}…{:.3}", interval.low, interval.high);
    let sign = if contrast.learnt { "±" } else { "±?" };
    vec![
        one.case.to_string(),
        named(&one.figure, &one.labels),
        one.host.to_string(),
        scale.unit.to_string(),
        if one.higher_is_better { "↑" } else { "↓" }.to_owned(),
        side(&contrast.a),
        if several { format!("{} {other}", letter(one.with)) } else { other },
        contrast.ratio.map_or_else(|| "–".to_owned(), |ratio| format!("{ratio:.3}")),
        contrast.interval.map_or_else(|| "–".to_owned(), interval),
        p(one.adjusted_p),
        format!("{sign}{}", percent(contrast.floor)),
        one.finding.word().to_owned(),
    ]
}

/// `0.012`, `<0.001`
fn p(p: f64) -> String {
    if p < 0.001 { "<0.001".to_owned() } else { format!("{p:.3}") }
}

fn letter(side: usize) -> char {
    ('A'..).nth(side).unwrap_or('?')
}

fn verdict(comparison: &Comparison) -> String {
    let all = [Finding::Regressed, Finding::Improved, Finding::Same, Finding::Inconclusive];
    let counts = all.map(|finding| (comparison.count(finding), finding.word()));
    let words: Vec<String> = counts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    if words.is_empty() { "no figure in common".to_owned() } else { words.join(", ") }
}
