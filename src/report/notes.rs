//! Notes under the table of figures: what monitors saw that makes the figures of a case less worth, and what they did not see.
//! Each is said once per case and host, of the rounds that count.

use std::fmt::{self, Display, Formatter};
use std::time::Duration;

use indexmap::IndexMap;
use serde::Serialize;

use super::slices::{Slice, Usage};
use super::summary::Row;
use super::table::{named, percent};
use crate::base::clock::human_duration;
use crate::base::unit::Unit;
use crate::base::{CaseId, HostName, statistics};

/// A note.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Note {
    /// Where.
    pub host: HostName,
    /// In which case.
    pub case: CaseId,
    /// In which rounds.
    pub rounds: Vec<u32>,
    /// How many rounds there are.
    pub of: usize,
    /// What: `swapped in 812 MB`.
    pub text: String,
}

/// `n3 stream[threads=all]: swapped in 812 MB during rounds 2 and 4`
impl Display for Note {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { host, case, rounds, of, text } = self;
        write!(f, "{host} {case}: {text}")?;
        let words: Vec<String> = rounds.iter().map(ToString::to_string).collect();
        match words.as_slice() {
            [] => Ok(()),
            [_] if *of == 1 => Ok(()),
            all if all.len() == *of => write!(f, " during all {of} rounds"),
            [one] => write!(f, " during round {one}"),
            [first @ .., last] if words.len() <= 5 => {
                write!(f, " during rounds {} and {last}", first.join(", "))
            }
            many => write!(f, " during {} of {of} rounds", many.len()),
        }
    }
}

/// What a note is made of: a column of the monitor `host` whose amount in a round is above a bound.
struct Rule {
    column: &'static str,
    amount: Amount,
    above: f64,
    /// `{}` stands for the amount of all those rounds.
    text: &'static str,
}

/// What of a column counts in a round.
#[derive(Clone, Copy)]
enum Amount {
    /// A rate, summed up over the round: of `B/s`, how many bytes.
    Total,
    /// The mean.
    Mean,
}

const RULES: [Rule; 4] = [
    // A page or two come back in any round.
    Rule { column: "swap.in", amount: Amount::Total, above: 1e6, text: "swapped in {}" },
    Rule {
        column: "cpu.steal",
        amount: Amount::Mean,
        above: 0.1,
        text: "other machines on its hypervisor took {}",
    },
    Rule {
        column: "container.throttled",
        amount: Amount::Mean,
        above: 1.0,
        text: "held back by its container's limit on processors",
    },
    Rule {
        column: "cgroup.throttled",
        amount: Amount::Mean,
        above: 1.0,
        text: "held back by its container's limit on processors",
    },
];

impl Rule {
    /// What a round has of it, if that is worth a note.
    fn amount(&self, slice: &Slice) -> Option<(f64, Unit)> {
        let usage: &Usage = slice.monitors.get("host")?.columns.get(self.column)?;
        let (amount, unit) = match self.amount {
            Amount::Total => (usage.total, usage.unit.strip_suffix("/s").unwrap_or(&usage.unit)),
            Amount::Mean => (usage.mean, usage.unit.as_str()),
        };
        (amount > self.above).then(|| (amount, Unit::parse(unit)))
    }

    fn note(&self, slices: &[&Slice]) -> Option<(String, Vec<u32>)> {
        let found = || slices.iter().filter_map(|slice| Some((slice, self.amount(slice)?)));
        let amounts: Vec<f64> = found().map(|(_, (amount, _))| amount).collect();
        let (_, (_, unit)) = found().next()?;
        let amount = match self.amount {
            Amount::Total => amounts.iter().sum(),
            Amount::Mean => statistics::mean(&amounts)?,
        };
        let scale = unit.scale_for(&[amount]);
        let figure = format!("{} {}", scale.format(amount), scale.unit);
        Some((self.text.replace("{}", &figure), found().map(|(slice, _)| slice.round).collect()))
    }
}

/// The notes of all cases and hosts.
pub fn of(slices: &[Slice]) -> Vec<Note> {
    let mut groups: IndexMap<(&CaseId, &HostName), Vec<&Slice>> = IndexMap::new();
    for slice in slices.iter().filter(|slice| !slice.warmup) {
        groups.entry((&slice.case, &slice.host)).or_default().push(slice);
    }
    let notes = |((case, host), slices): ((&CaseId, &HostName), Vec<&Slice>)| {
        let found = RULES.iter().filter_map(|rule| rule.note(&slices)).chain(gaps(&slices));
        let note =
            |(text, rounds)| Note { host: host.clone(), case: case.clone(), rounds, of: slices.len(), text };
        found.map(note).collect::<Vec<_>>()
    };
    groups.into_iter().flat_map(notes).collect()
}

/// Figures that are not known as well as their case asked, though all of its rounds are done.
pub fn uncertain(rows: &[Row]) -> Vec<Note> {
    let mut notes = Vec::new();
    for row in rows {
        for (host, cell) in &row.cells {
            let (Some(until), Some(known)) = (cell.until, &cell.statistics) else { continue };
            let width = known.interval.and_then(|interval| interval.relative_width(known.median));
            if width.is_some_and(|width| width <= until) {
                continue;
            }
            let is = width.map_or_else(|| "not known".to_owned(), |width| format!("{} wide", percent(width)));
            let (name, n, wanted) = (named(&row.figure, &row.labels), known.n, percent(until));
            let text = format!("after {n} rounds the interval of {name} is {is}; {wanted} was asked for");
            let (host, case) = (host.clone(), row.case.clone());
            notes.push(Note { host, case, rounds: Vec::new(), of: n, text });
        }
    }
    notes
}

/// Samples that are missing, by monitors.
fn gaps(slices: &[&Slice]) -> Vec<(String, Vec<u32>)> {
    let mut gaps: IndexMap<&str, (f64, f64, Vec<u32>)> = IndexMap::new();
    for slice in slices {
        for (monitor, seen) in slice.monitors.iter().filter(|(_, seen)| seen.missing > 0.0) {
            let (missing, all, rounds) = gaps.entry(monitor).or_default();
            *missing += seen.missing;
            *all += slice.seconds();
            rounds.push(slice.round);
        }
    }
    let text = |(monitor, (missing, all, rounds)): (&str, (f64, f64, Vec<u32>))| {
        // Up to what may be lost at the edges of a round.
        let text = if missing >= 0.99 * all {
            format!("no samples of monitor `{monitor}`")
        } else {
            let time = human_duration(Duration::from_secs_f64(missing));
            format!("no samples of monitor `{monitor}` for {time}")
        };
        (text, rounds)
    };
    gaps.into_iter().map(text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Timestamp;
    use crate::report::Part;
    use crate::wire::{Column, Sample};

    /// Rounds of ten seconds, each with what it swapped in a second in its first half.
    fn rounds(swapped: &[f64]) -> Vec<String> {
        let columns = [Column { name: "swap.in".into(), unit: "B/s".into() }];
        let slice = |(number, rate): (u32, &f64)| {
            let mut slice = Slice {
                case: CaseId::from("stream[threads=all]"),
                host: HostName::from("n3"),
                round: number,
                warmup: false,
                from: Timestamp(0),
                to: Timestamp(10_000_000_000),
                monitors: IndexMap::new(),
                watched: Vec::new(),
            };
            let row = |time: i64, value| Sample {
                time: Timestamp(time * 1_000_000_000),
                seconds: 5.0,
                values: vec![Some(value)],
            };
            // The first and the last tell of the neighbours too.
            let rows = [row(4, 1e12), row(6, *rate), row(10, 0.0), row(12, 1e12)];
            slice.see(&[Part { monitor: "host", columns: &columns, rows: &rows }]);
            slice
        };
        let slices: Vec<Slice> = (1..).zip(swapped).map(slice).collect();
        of(&slices).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_rounds_swapped_in_is_said_of_those_rounds() {
        let said = |swapped: &[f64]| rounds(swapped).join("; ");
        assert_eq!(
            said(&[0.0, 1e8, 100.0, 6.24e7, 0.0]),
            "n3 stream[threads=all]: swapped in 812.0 MB during rounds 2 and 4"
        );
        assert_eq!(said(&[0.0, 1e8]), "n3 stream[threads=all]: swapped in 500.0 MB during round 2");
        assert_eq!(said(&[1e8, 1e8]), "n3 stream[threads=all]: swapped in 1.00 GB during all 2 rounds");
        assert_eq!(said(&[1e8]), "n3 stream[threads=all]: swapped in 500.0 MB");
        assert_eq!(said(&[0.0]), "");
    }
}
