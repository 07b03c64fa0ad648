//! How often differences are found that are not there, and found that are: on simulated runs. And what people see.

use super::*;
use crate::base::RunId;
use crate::base::statistics::Summary as Statistics;
use crate::report::summary::Cell;
use crate::report::verdict::Verdict;

const RULE: Rule = Rule { level: 0.05, margin: 0.02 };

/// Normal values by Box and Muller.
struct Chance(fastrand::Rng);

impl Chance {
    fn normal(&mut self, deviation: f64) -> f64 {
        let (radius, angle) = (-2.0 * (1.0 - self.0.f64()).ln(), std::f64::consts::TAU * self.0.f64());
        deviation * radius.sqrt() * angle.cos()
    }

    /// A run: each figure has an offset of its own, which all its rounds share, and noise from round to round.
    fn run(&mut self, figures: usize, rounds: usize, shift: f64, offset: f64, noise: f64) -> Summary {
        let figure = |at: usize, chance: &mut Self| {
            let level = 100.0 * (1.0 + shift) * (1.0 + chance.normal(offset));
            let values = (0..rounds).map(|_| level * (1.0 + chance.normal(noise))).collect();
            row(&format!("figure{at}"), "GB/s", values)
        };
        Summary { rows: (0..figures).map(|at| figure(at, self)).collect(), ..Summary::default() }
    }
}

fn row(figure: &str, unit: &str, values: Vec<f64>) -> Row {
    let statistics = Statistics::of(&values);
    let rounds = u32::try_from(values.len()).unwrap();
    let cell = Cell { values, rounds, statistics, ..Cell::default() };
    Row {
        case: CaseId::new("stream"),
        figure: figure.to_owned(),
        labels: Vec::new(),
        unit: unit.to_owned(),
        higher_is_better: true,
        cells: IndexMap::from_iter([(HostName::new("n1"), cell)]),
        spread: None,
        judged: false,
        verdict: Verdict::Ok,
    }
}

fn side(run: &str, summary: Summary) -> Side {
    Side { run: run.to_owned(), summary, changes: Vec::new() }
}

fn question(a: Summary, b: Summary, like: Vec<Summary>, rule: Rule) -> Question {
    Question { sides: vec![side("a", a), side("b", b)], like: vec![like], rule }
}

/// The share of comparisons in which something is said to differ.
fn share(comparisons: usize, mut one: impl FnMut() -> Question) -> f64 {
    let differs = |comparison: &Comparison| {
        comparison.count(Finding::Improved) + comparison.count(Finding::Regressed) > 0
    };
    let found = (0..comparisons).filter(|_| differs(&compare(&one()).unwrap())).count();
    f64::from(u32::try_from(found).unwrap()) / f64::from(u32::try_from(comparisons).unwrap())
}

#[test]
fn what_is_the_same_is_seldom_said_to_differ() {
    // A margin that hides nothing, offsets four times as large as the noise of rounds, and few like runs to learn from.
    let rule = Rule { margin: 1e-6, ..RULE };
    for (like, seed) in [(4, 1), (6, 2), (12, 3)] {
        let mut chance = Chance(fastrand::Rng::with_seed(seed));
        let mut run = || chance.run(5, 8, 0.0, 0.02, 0.005);
        // Both are among the project's runs themselves.
        let share = share(1000, || {
            let all: Vec<Summary> = (0..like).map(|_| run()).collect();
            question(all[0].clone(), all[1].clone(), all, rule)
        });
        assert!(share <= rule.level, "{share} of 1000 comparisons among {like} like runs");
    }
    // By the rounds alone nearly all of them would be.
    let mut chance = Chance(fastrand::Rng::with_seed(4));
    let mut run = || chance.run(5, 8, 0.0, 0.02, 0.005);
    let share = share(100, || question(run(), run(), Vec::new(), rule));
    assert!(share > 0.9, "{share}");
}

#[test]
fn a_shift_is_nearly_always_found() {
    for (shift, seed) in [(0.05, 5), (-0.05, 6)] {
        let mut chance = Chance(fastrand::Rng::with_seed(seed));
        let share = share(1000, || {
            let mut run = |shift| chance.run(1, 10, shift, 0.0, 0.01);
            question(run(0.0), run(shift), Vec::new(), RULE)
        });
        assert!(share >= 0.9, "{share} of 1000");
    }
}

#[test]
fn units_are_converted_and_unlike_ones_refused() {
    let run = |unit: &str, values: Vec<f64>| Summary {
        rows: vec![row("bandwidth", unit, values)],
        ..Summary::default()
    };
    let a = run("GB/s", vec![1.0, 1.01, 0.99, 1.0, 1.02, 0.98]);
    let b = run("MB/s", vec![1000.0, 1010.0, 990.0, 1000.0, 1020.0, 980.0]);
    let same = compare(&question(a.clone(), b, Vec::new(), RULE)).unwrap();
    assert_eq!((same.count(Finding::Same), same.differences[0].contrast.ratio), (0, Some(1.0)));
    let c = run("s", vec![1.0; 6]);
    let unlike = compare(&question(a, c, Vec::new(), RULE)).unwrap_err();
    assert_eq!(unlike.0, ["`bandwidth` of stream is in `GB/s` in one run and in `s` in the other"]);
}

#[test]
fn people_see_what_was_found_and_what_was_not() {
    let mut chance = Chance(fastrand::Rng::with_seed(7));
    let mut values = |middle: f64, n: usize| -> Vec<f64> {
        (0..n).map(|_| middle * (1.0 + chance.normal(0.004))).collect()
    };
    let mut run = |middles: [f64; 4], n: usize| {
        let names = ["slower", "faster", "same", "hopeless"];
        let of = |(name, middle): (&str, f64)| {
            row(name, "MB/s", values(middle, if name == "hopeless" { 3 } else { n }))
        };
        let mut rows: Vec<Row> = names.into_iter().zip(middles).map(of).collect();
        rows.push(row("zero", "count", vec![0.0, 1.0, 0.0, 0.0, 0.0, 0.0]));
        Summary { run: Some(RunId::new("r")), playbook: "quickstart".into(), rows, ..Summary::default() }
    };
    let (mut a, b) = (run([11900.0, 800.0, 50.0, 10.0], 8), run([11100.0, 850.0, 50.0, 11.0], 8));
    let like: Vec<Summary> = (0..5).map(|_| run([11900.0, 800.0, 50.0, 10.0], 8)).collect();
    a.rows.push(row("gone", "s", vec![1.0]));
    let mut question = question(a, b, Vec::new(), RULE);
    question.sides[1].changes = vec!["variable n: 1 → 2".to_owned()];
    insta::assert_snapshot!("assumed", compare(&question).unwrap().table(true));
    question.like = vec![like];
    let comparison = compare(&question).unwrap();
    assert!(comparison.is_worse());
    insta::assert_snapshot!("learnt", comparison.table(false));
}
