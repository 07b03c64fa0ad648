//! Against figures of Python's `statistics` and of scipy.

use proptest::prelude::*;

use super::*;

// The expected figures come from Python's `statistics` (median, mean; quantiles with method='inclusive').
const ODD: [f64; 5] = [11932.4, 11801.7, 11950.0, 7123.25, 11899.1];
const EVEN: [f64; 8] = [3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0];

fn near(got: Option<f64>, expected: f64) {
    let got = got.unwrap();
    assert!((got - expected).abs() <= 1e-12 * expected.abs(), "{got} is not {expected}");
}

#[test]
fn summaries() {
    let odd = Summary::of(&ODD).unwrap();
    assert_eq!((odd.n, odd.min, odd.max, odd.median), (5, 7123.25, 11950.0, 11899.1));
    near(Some(odd.mean), 10941.29);
    near(Some(odd.mad), 50.899_999_999_999_636);
    let interval = Some(Interval { low: 1.0, high: 9.0 });
    let even = Summary { n: 8, min: 1.0, max: 9.0, mean: 3.875, median: 3.5, mad: 2.0, interval };
    assert_eq!(Summary::of(&EVEN), Some(even));
    let one = Summary { n: 1, min: 4.5, max: 4.5, mean: 4.5, median: 4.5, mad: 0.0, interval: None };
    assert_eq!(Summary::of(&[4.5]), Some(one));
    assert_eq!(Summary::of(&[]), None);
}

#[test]
fn percentiles() {
    for (percent, odd, even) in
        [(1.0, 7310.388, 1.0), (25.0, 11801.7, 1.75), (90.0, 11942.96, 6.9), (99.0, 11949.296, 8.79)]
    {
        near(percentile(&ODD, percent), odd);
        near(percentile(&EVEN, percent), even);
    }
    assert_eq!(percentile(&EVEN, 0.0), Some(1.0));
    assert_eq!(percentile(&EVEN, 100.0), Some(9.0));
    assert_eq!(percentile(&[], 50.0), None);
}

#[test]
fn spreads() {
    near(spread(&ODD), 0.405_639_922_347_068_25);
    near(spread(&EVEN), 2.285_714_285_714_285_7);
    assert_eq!(spread(&[7.0]), None);
    assert_eq!(spread(&[-1.0, 0.0, 1.0]), None);
}

#[test]
fn takes() {
    let taken = Take::ALL.map(|take| (take.as_str(), take.apply(&EVEN).unwrap()));
    let expected = [
        ("last", 6.0),
        ("first", 3.0),
        ("min", 1.0),
        ("max", 9.0),
        ("mean", 3.875),
        ("median", 3.5),
        ("sum", 31.0),
    ];
    assert_eq!(taken, expected);
    for take in Take::ALL {
        assert_eq!(take.as_str().parse(), Ok(take));
        assert_eq!(take.apply(&[]), None);
    }
    let error = "average".parse::<Take>().unwrap_err();
    assert_eq!(error.to_string(), "`average` does not say which figure to take");
}

proptest! {
    #[test]
    fn order_does_not_matter_and_nothing_leaves_the_range(
        values in proptest::collection::vec(-1e9..1e9_f64, 1..40),
        percent in 0.0..100.0_f64,
    ) {
        let mut reversed = values.clone();
        reversed.reverse();
        let summary = Summary::of(&values).unwrap();
        prop_assert_eq!(Some(summary.median), median(&reversed));
        prop_assert_eq!(Some(summary.mad), mad(&reversed));
        let p = percentile(&values, percent).unwrap();
        prop_assert!(summary.min <= p && p <= summary.max);
        prop_assert!(summary.mad <= summary.max - summary.min);
        let (middle, half) = (summary.median, percentile(&values, 50.0).unwrap());
        prop_assert!((middle - half).abs() <= 1e-9 * middle.abs().max(1.0));
    }
}

/// `tests/cases/statistics/scipy.json`
fn scipy(table: &str) -> Vec<serde_json::Value> {
    let text = include_str!("../../../tests/cases/statistics/scipy.json");
    let mut all: serde_json::Value = serde_json::from_str(text).unwrap();
    let rows = all[table].take();
    let rows: Vec<serde_json::Value> = serde_json::from_value(rows).unwrap();
    assert!(!rows.is_empty());
    rows
}

fn values(row: &serde_json::Value, name: &str) -> Vec<f64> {
    serde_json::from_value(row[name].clone()).unwrap()
}

fn number(row: &serde_json::Value, name: &str) -> f64 {
    row[name].as_f64().unwrap()
}

fn close(got: f64, row: &serde_json::Value, name: &str) {
    let wanted = number(row, name);
    assert!((got - wanted).abs() <= 1e-9 * wanted.abs() + 1e-300, "{got} is not {name} of {row}");
}

#[test]
fn ranks_are_those_of_scipy() {
    for row in scipy("mann_whitney") {
        let ranks = rank::mann_whitney(&values(&row, "a"), &values(&row, "b")).unwrap();
        close(ranks.u, &row, "u");
        close(ranks.p, &row, "p");
    }
    assert_eq!(rank::mann_whitney(&[], &[1.0]), None);
}

#[test]
fn distributions_are_those_of_scipy() {
    for row in scipy("normal") {
        close(distribution::normal_two_sided(number(&row, "z")), &row, "p");
    }
    for row in scipy("student") {
        close(distribution::student_two_sided(number(&row, "t"), number(&row, "df")), &row, "p");
    }
    for row in scipy("student_quantile") {
        close(distribution::student_quantile(number(&row, "level"), number(&row, "df")), &row, "t");
    }
}

#[test]
fn adjusted_p_are_those_of_scipy() {
    for row in scipy("benjamini_hochberg") {
        let adjusted = many::adjusted(&values(&row, "p"));
        for (got, wanted) in adjusted.iter().zip(values(&row, "adjusted")) {
            near(Some(*got), wanted);
        }
    }
}

#[test]
fn intervals_are_near_those_of_scipy() {
    for row in scipy("bootstrap") {
        let (a, b) = (values(&row, "a"), values(&row, "b"));
        let interval = resample::ratio_interval(&a, &b, 0.95).unwrap();
        // Both draw at random: a tenth of the interval's width is more than chance explains.
        let room = (number(&row, "high") - number(&row, "low")) / 10.0;
        assert!((interval.low - number(&row, "low")).abs() < room, "{interval:?} {row}");
        assert!((interval.high - number(&row, "high")).abs() < room, "{interval:?} {row}");
        assert_eq!(resample::ratio_interval(&a, &b, 0.95), Some(interval));
    }
    assert_eq!(resample::ratio_interval(&[1.0, 0.0], &[1.0], 0.95), None);
    let range = resample::ratio_range(&[2.0, 4.0], &[3.0, 6.0]).unwrap();
    assert_eq!((range.low, range.high), (0.75, 3.0));
}

#[test]
fn intervals_of_medians_are_those_of_scipy() {
    for row in scipy("median_interval") {
        let interval = interval::of_median(&values(&row, "values"), number(&row, "confidence")).unwrap();
        close(interval.low, &row, "low");
        close(interval.high, &row, "high");
    }
    for n in 0..interval::FEWEST {
        let few: Vec<f64> = EVEN[..n].to_vec();
        assert_eq!(interval::of_median(&few, interval::CONFIDENCE), None);
    }
    // So many that 2^-n is no number any more: as many ranks from the middle as the normal distribution says.
    let many: Vec<f64> = (1..=4001).map(f64::from).collect();
    let of_many = interval::of_median(&many, 0.95).unwrap();
    assert!((of_many.low - (2001.0 - 1.96 * 4001_f64.sqrt() / 2.0)).abs() < 1.5, "{of_many:?}");
    near(Some(of_many.low + of_many.high), 4002.0);
}

#[test]
fn robust_distances_are_those_of_scipy() {
    for row in scipy("robust_z") {
        let all = values(&row, "values");
        let middle = robust::Middle::of(&all, 0.0).unwrap();
        for (value, z) in all.iter().zip(values(&row, "z")) {
            assert!((middle.z(*value) - z).abs() < 1e-9, "{value} of {row}");
        }
    }
    // Where more than half are equal, the mean distance counts; where all are, nothing does; and never less than the floor.
    let most = robust::Middle::of(&[5.0, 5.0, 5.0, 5.0, 4.0], 0.0).unwrap();
    near(Some(most.scale), 0.2 * 1.253_314_137_315_500_1);
    assert!(robust::Middle::of(&[5.0; 4], 0.0).unwrap().z(9.0).abs() < 1e-12);
    near(Some(robust::Middle::of(&[5.0, 5.1, 4.9], 2.0).unwrap().z(1.0)), -2.0);
}

/// A median is where it is said to be as often as is said, also of figures with a long tail.
#[test]
fn intervals_of_medians_hold_what_they_promise() {
    let mut chance = fastrand::Rng::with_seed(11);
    for n in [6, 7, 10, 25] {
        let holds = |chance: &mut fastrand::Rng| {
            // Its median is 2.
            let values: Vec<f64> = (0..n).map(|_| 1.0 / (1.0 - chance.f64())).collect();
            let interval = interval::of_median(&values, 0.95).unwrap();
            interval.low <= 2.0 && 2.0 <= interval.high
        };
        let held = (0..4000).filter(|_| holds(&mut chance)).count();
        assert!(held >= 3780, "{held} of 4000 with {n} values");
    }
}

#[test]
fn how_many_it_takes() {
    assert_eq!([0.1, 0.05, 0.01].map(rank::least_size), [3, 4, 5]);
    near(Some(rank::smallest_p(3, 3)), 0.1);
    // Two groups that overlap by half, and two that do not at all.
    let overlapping = rank::needed_size(&[1.0, 2.0, 3.0, 4.0], &[2.5, 3.5, 4.5, 5.5], 0.05).unwrap();
    assert!((10..=25).contains(&overlapping), "{overlapping}");
    assert_eq!(rank::needed_size(&[1.0, 2.0], &[3.0, 4.0], 0.05), Some(8));
    assert_eq!(rank::needed_size(&[1.0, 2.0], &[1.0, 2.0], 0.05), None);
}
