//! How often a host is called out that is as good as the others, and how surely one that is not: on simulated fleets by the rules that
//! come with the program. And what people see.

use super::*;
use crate::base::RunId;
use crate::base::statistics::Summary as Statistics;

/// Normal values by Box and Muller.
fn normal(chance: &mut fastrand::Rng) -> f64 {
    (-2.0 * (1.0 - chance.f64()).ln()).sqrt() * (std::f64::consts::TAU * chance.f64()).cos()
}

fn cell(values: Vec<f64>) -> Cell {
    let rounds = u32::try_from(values.len()).unwrap();
    let statistics = Statistics::of(&values);
    Cell { values, rounds, statistics, ..Cell::default() }
}

fn row(case: &str, figure: &str, cells: Vec<Cell>) -> Row {
    Row {
        case: CaseId::new(case),
        figure: figure.to_owned(),
        labels: Vec::new(),
        unit: if figure == "time" { "ms" } else { "MB/s" }.to_owned(),
        higher_is_better: figure != "time",
        cells: (1..).map(|n| HostName::new(format!("n{n}"))).zip(cells).collect(),
        spread: None,
        judged: false,
        verdict: Verdict::Ok,
    }
}

fn summary(rows: Vec<Row>) -> Summary {
    let hosts = rows.iter().flat_map(|row| row.cells.keys().cloned()).collect();
    Summary { run: Some(RunId::new("r")), playbook: "rack".into(), hosts, rows, ..Summary::default() }
}

/// The condition of the rule `slow`, as `src/load/rules.yml` has it.
fn is_slow(seen: &Seen) -> bool {
    seen.z < -3.5 && seen.ratio.unwrap_or(1.0) < 0.95
}

/// The condition of the rule `unsteady`.
fn is_unsteady(seen: &Seen) -> bool {
    let (spread, typical) = (seen.spread.unwrap_or_default(), seen.typical.unwrap_or_default());
    seen.n >= 5 && spread > 0.05 && spread > 4.0 * typical
}

/// The share of fleets of so many hosts in which one is out. Hosts differ by `hosts`, rounds by `rounds`; the first host is `worse`.
fn share(count: usize, hosts: f64, rounds: f64, worse: f64, out: fn(&Seen) -> bool) -> f64 {
    let mut chance = fastrand::Rng::with_seed(5);
    let mut found = 0;
    for _ in 0..1000 {
        let host = |at: usize| {
            let level = 1000.0 * (1.0 + hosts * normal(&mut chance)) * if at == 0 { worse } else { 1.0 };
            cell((0..5).map(|_| level * (1.0 + rounds * normal(&mut chance))).collect())
        };
        let cells: Vec<Cell> = (0..count).map(host).collect();
        let fleet = Fleet::of(&summary(vec![row("stream", "rate", cells)]), |_| true);
        found += i32::from(fleet.figures.iter().any(out));
    }
    f64::from(found) / 1000.0
}

#[test]
fn like_hosts_are_seldom_called_out_and_a_slow_one_is_found() {
    for count in [3, 4, 8, 16, 64] {
        let (slow, unsteady) =
            (share(count, 0.01, 0.01, 1.0, is_slow), share(count, 0.01, 0.01, 1.0, is_unsteady));
        assert!(slow <= 0.01 && unsteady <= 0.01, "{count} hosts: {slow} {unsteady}");
        let found = share(count, 0.01, 0.01, 0.85, is_slow);
        assert!(found >= if count == 3 { 0.7 } else { 0.9 }, "{count} hosts: {found}");
    }
}

#[test]
fn a_fleet_of_equal_hosts_has_nobody_out_and_one_of_few_is_not_judged() {
    let equal = summary(vec![row("stream", "rate", vec![cell(vec![5.0; 3]); 6])]);
    let fleet = Fleet::of(&equal, |_| true);
    assert!(fleet.figures.iter().all(|seen| seen.z.abs() < 1e-12 && !is_slow(seen)));
    let mut cells = vec![cell(vec![5.0; 3]); 6];
    cells[2] = cell(vec![4.0; 3]);
    let fleet = Fleet::of(&summary(vec![row("stream", "rate", cells)]), |_| true);
    let out: Vec<&str> =
        fleet.figures.iter().filter(|seen| is_slow(seen)).map(|seen| seen.host.as_str()).collect();
    assert_eq!(out, ["n3"]);
    let two =
        Fleet::of(&summary(vec![row("stream", "rate", vec![cell(vec![5.0]), cell(vec![1.0])])]), |_| true);
    assert_eq!((two.figures.len(), two.lonely), (0, 1));
}

#[test]
fn people_see_who_is_out_and_by_what() {
    let rate = [1003.0, 998.0, 1001.0, 702.0, 1000.0, 996.0];
    let rows =
        |rounds: f64| move |level: &f64| cell((-2..=2).map(|at| level + rounds * f64::from(at)).collect());
    let mut rates: Vec<Cell> = rate.iter().map(rows(1.0)).collect();
    rates[1] = cell(vec![900.0, 1100.0, 998.0, 1090.0, 905.0]);
    let times: Vec<Cell> = rate.iter().map(|rate| 1e6 / rate).map(|level| rows(1.0)(&level)).collect();
    let mut failed = row("gemm", "", vec![cell(Vec::new()), cell(Vec::new())]);
    failed.cells[1].verdict = Verdict::Failed;
    let summary = summary(vec![row("stream", "rate", rates), row("stream", "time", times), failed]);
    let fleet = Fleet::of(&summary, |_| true);
    let mut broken: IndexMap<HostName, Vec<Broken>> = IndexMap::new();
    for seen in &fleet.figures {
        for (rule, is_broken) in [("slow", is_slow(seen)), ("unsteady", is_unsteady(seen))] {
            if is_broken {
                let one = Broken { rule: rule.into(), say: None, by: Some(seen.clone()) };
                broken.entry(seen.host.clone()).or_default().push(one);
            }
        }
    }
    let second = HostName::new("n2");
    let rules = ["slow", "unsteady"].into_iter();
    let seen = fleet.hosts[&second].variables(&second, rules, &broken[&second]);
    assert_eq!(
        Value::from(&seen).to_string(),
        "{'failed': 1, 'incomplete': 0, 'missed': 0, 'figures': 2, 'worst': -0.2697959000784327, 'broken': {'slow': 0, 'unsteady': 1}, 'host': 'n2'}"
    );
    let failed = Broken { rule: "failed".into(), say: Some("1 of its cases failed".into()), by: None };
    broken[&second].push(failed);
    let diagnosis = fleet.ranked("last", &summary, broken);
    insta::assert_snapshot!("table", diagnosis.table(true, ""));
}
