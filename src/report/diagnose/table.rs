//! The diagnosis for people: who is out, by what, and how far.

use std::fmt::Write as _;

use indexmap::IndexMap;

use super::{Broken, Diagnosis, FEWEST_HOSTS, Ranked, Seen};
use crate::base::unit::Unit;
use crate::report::columns::{Align, lines};
use crate::report::table::{named, percent, plural};

/// How many figures of one host are named unless all are wanted.
const SHOWN: usize = 5;

pub(super) fn print(diagnosis: &Diagnosis, all: bool, elsewhere: &str) -> String {
    let (hosts, figures) = (plural(diagnosis.hosts.len(), "host"), plural(diagnosis.figures, "figure"));
    let mut text = format!("{}  {}  {hosts}, {figures} compared\n", diagnosis.run, diagnosis.what);
    if diagnosis.lonely > 0 {
        let _ = writeln!(
            text,
            "! {} too few hosts to tell the odd one out: it takes {FEWEST_HOSTS}",
            if diagnosis.lonely == 1 {
                "1 figure has".to_owned()
            } else {
                format!("{} figures have", diagnosis.lonely)
            }
        );
    }
    let out: Vec<&Ranked> = diagnosis.out().collect();
    if !out.is_empty() {
        text += "z: distance from the fleet's median in robust standard deviations, below zero is worse; ratio likewise below one\n";
        let head =
            ["host", "rule", "case", "figure", "unit", "", "here", "fleet", "ratio", "z", "rounds differ by"];
        let mut rows = vec![head.map(str::to_owned).to_vec()];
        let mut hidden = 0;
        for ranked in &out {
            let shown = if all { ranked.broken.len() } else { SHOWN };
            hidden += ranked.broken.len().saturating_sub(shown);
            rows.extend(ranked.broken.iter().take(shown).map(|broken| row(ranked, broken)));
        }
        let mut aligns = vec![Align::Left; 6];
        aligns.extend([Align::Right; 5]);
        text += &(lines(&aligns, &rows).join("\n") + "\n");
        if hidden > 0 {
            let _ = writeln!(text, "  … {hidden} more (--all)");
        }
    }
    if all {
        let fine: Vec<String> = diagnosis
            .hosts
            .iter()
            .filter(|host| host.broken.is_empty())
            .map(|one| format!("{} (z {:.1})", one.host, one.whole.worst))
            .collect();
        if !fine.is_empty() {
            let _ = writeln!(text, "broke no rule: {}", fine.join(", "));
        }
    }
    let names: Vec<String> =
        out.iter().map(|ranked| format!("{} ({})", ranked.host, counts(&ranked.broken))).collect();
    if let Some(first) = out.first() {
        let _ = writeln!(text, "{} of {hosts} out of the fleet: {}", out.len(), names.join(", "));
        let _ = writeln!(text, "next: show {}{elsewhere} --host {}", diagnosis.run, first.host);
    } else {
        let _ = writeln!(text, "no host is out of the fleet");
    }
    text
}

/// `slow 3, unsteady 1`
fn counts(broken: &[Broken]) -> String {
    let mut counts: IndexMap<&str, usize> = IndexMap::new();
    for one in broken {
        *counts.entry(&one.rule).or_default() += 1;
    }
    counts.iter().map(|(rule, count)| format!("{rule} {count}")).collect::<Vec<_>>().join(", ")
}

fn row(ranked: &Ranked, broken: &Broken) -> Vec<String> {
    let mut cells = vec![ranked.host.to_string(), broken.rule.clone()];
    let Some(seen) = &broken.by else {
        cells.push(broken.say.clone().unwrap_or_default());
        cells.resize(11, String::new());
        return cells;
    };
    let Seen { value, median, z, .. } = *seen;
    let scale = Unit::parse(&seen.unit).scale_for(&[value, median]);
    let spread = |spread: Option<f64>| spread.map_or_else(|| "–".to_owned(), percent);
    cells.extend([
        seen.case.to_string(),
        named(&seen.figure, &seen.labels),
        scale.unit.to_string(),
        if seen.higher_is_better { "↑" } else { "↓" }.to_owned(),
        scale.format(value),
        scale.format(median),
        seen.ratio.map_or_else(|| "–".to_owned(), |ratio| format!("{ratio:.3}")),
        format!("{z:.1}"),
        format!("{} ({})", spread(seen.spread), spread(seen.typical)),
    ]);
    cells
}
