//! What is said of a round that lies apart, by what its monitors saw.

use indexmap::IndexMap;

use super::*;
use crate::base::{CaseId, HostName, Timestamp};
use crate::report::slices::Part;
use crate::wire::{Column, Sample};

const COLUMNS: [(&str, &str); 7] = [
    ("frequency.mean", "MHz"),
    ("temperature.hottest", "°C"),
    ("swap.in", "B/s"),
    ("cpu.steal", "cores"),
    ("cgroup.throttled", "%"),
    ("cpu.busy", "cores"),
    ("container.cpu", "cores"),
];

/// A round of ten seconds, sampled every second: the same values each time.
fn slice(round: u32, values: [f64; 7], samples: i64) -> Slice {
    let mut slice = Slice {
        case: CaseId::from("stream"),
        host: HostName::from("n3"),
        round,
        warmup: false,
        from: Timestamp(0),
        to: Timestamp(10_000_000_000),
        monitors: IndexMap::new(),
        watched: Vec::new(),
    };
    let columns = COLUMNS.map(|(name, unit)| Column { name: name.into(), unit: unit.into() });
    let row = |second: i64| Sample {
        time: Timestamp(second * 1_000_000_000),
        seconds: 1.0,
        values: values.map(Some).to_vec(),
    };
    let rows: Vec<Sample> = (1..=samples).map(row).collect();
    slice.see(&[Part { monitor: "host", columns: &columns, rows: &rows }]);
    slice
}

const USUAL: [f64; 7] = [3000.0, 70.0, 0.0, 0.01, 0.0, 2.0, 1.9];

fn said(change: impl Fn(&mut [f64; 7])) -> String {
    let others: Vec<Slice> = (1..5).map(|round| slice(round, USUAL, 10)).collect();
    let mut values = USUAL;
    change(&mut values);
    reason(Some(&slice(5, values, 10)), &others.iter().collect::<Vec<_>>(), true)
}

#[test]
fn the_reason_is_what_was_otherwise_in_that_round() {
    let clock = said(|v| (v[0], v[1]) = (1200.0, 96.0));
    assert_eq!(clock, "throttled: frequency.mean was 1.20 instead of 3.00 GHz at 96 °C");
    assert_eq!(said(|v| v[2] = 8.12e7), "swapped in 812.0 MB");
    assert_eq!(said(|v| v[3] = 0.4), "other machines on its hypervisor took 0.40 cores");
    assert_eq!(said(|v| v[4] = 30.0), "throttled: cgroup.throttled went up");
    assert_eq!(said(|v| v[5] = 3.0), "other load: 1.00 cores more were busy than in other rounds");
    // The case itself used more.
    assert_eq!(said(|v| (v[5], v[6]) = (3.0, 2.9)), "no reason is seen in its monitors");
    let both = said(|v| (v[2], v[3]) = (2e5, 0.4));
    assert_eq!(both, "swapped in 2.00 MB, other machines on its hypervisor took 0.40 cores");
    assert_eq!(said(|_| {}), "no reason is seen in its monitors");
}

#[test]
fn what_nobody_saw_is_said_to_be_unseen() {
    assert_eq!(reason(None, &[], true), "nobody watched: `monitors: [host, cpu]` would");
    assert_eq!(reason(Some(&slice(1, USUAL, 0)), &[], true), "no sample lies in the round");
    let others = [slice(2, USUAL, 10)];
    let swapping = slice(1, [3000.0, 70.0, 9e9, 0.0, 0.0, 2.0, 1.9], 10);
    let better = reason(Some(&swapping), &[&others[0]], false);
    assert_eq!(better, "better than the others; no reason is known");
}
