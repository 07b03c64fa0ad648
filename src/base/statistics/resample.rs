//! How far the ratio of two medians may be from the true one: a bootstrap interval, the same each time for the same values.
//!
//! Nothing is drawn where the values are few: how often each median comes out when values are drawn anew, with replacement, can be
//! counted.

use super::interval::Interval;
use super::{count, median, percentile};

/// Up to so many values are counted; there are too many pairs of medians above.
const COUNTED: usize = 40;
/// How often more are drawn.
const DRAWS: usize = 4000;
/// The draws are the same each time, so that one comparison says the same twice.
const SEED: u64 = 0x0062_656e_6368;

/// The interval of median(b) / median(a) at this confidence (0.95), by percentiles. None for groups of which one is empty, or holds
/// what is not positive: such figures have no ratio.
pub fn ratio_interval(a: &[f64], b: &[f64], confidence: f64) -> Option<Interval> {
    if a.is_empty() || b.is_empty() || a.iter().chain(b).any(|value| *value <= 0.0) {
        return None;
    }
    let tail = (1.0 - confidence) / 2.0;
    if a.len().max(b.len()) > COUNTED {
        return drawn(a, b, tail);
    }
    let (below, above) = (medians(a), medians(b));
    let pairs =
        above.iter().flat_map(|over| below.iter().map(move |under| (over.0 / under.0, over.1 * under.1)));
    let mut ratios: Vec<(f64, f64)> = pairs.collect();
    ratios.sort_by(|one, other| one.0.total_cmp(&other.0));
    let low = quantile(ratios.iter(), tail)?;
    Some(Interval { low, high: quantile(ratios.iter().rev(), tail)? })
}

/// Between the smallest and the largest ratio of two values: what is said where there are too few for an interval.
pub fn ratio_range(a: &[f64], b: &[f64]) -> Option<Interval> {
    let positive = a.iter().chain(b).all(|value| *value > 0.0);
    positive.then_some(())?;
    Some(Interval { low: super::min(b)? / super::max(a)?, high: super::max(b)? / super::min(a)? })
}

/// Each median of as many values drawn from these, and its probability.
fn medians(values: &[f64]) -> Vec<(f64, f64)> {
    let sorted = super::sorted(values);
    let n = sorted.len();
    // That a draw is one of the `i` smallest, or one of the `i` largest.
    let share = |i: usize| count(i) / count(n);
    if n % 2 == 1 {
        // That more than half of the draws are among the `i` smallest.
        let most = |i: usize| {
            (n / 2 + 1..=n).map(|k| ways(n, k) * power(share(i), k) * power(share(n - i), n - k)).sum::<f64>()
        };
        return (1..=n).map(|i| (sorted[i - 1], most(i) - most(i - 1))).collect();
    }
    let half = n / 2;
    // That half of the draws end with the one value, and the other half begin with the other.
    let apart = |i: usize, j: usize| {
        let lower = power(share(i), half) - power(share(i - 1), half);
        ways(n, half) * lower * (power(share(n - j + 1), half) - power(share(n - j), half))
    };
    // That the lower one of the two in the middle is among the `i` smallest.
    let lower = |i: usize| {
        (half..=n).map(|k| ways(n, k) * power(share(i), k) * power(share(n - i), n - k)).sum::<f64>()
    };
    let mut found = Vec::new();
    for i in 1..=n {
        let mut left = lower(i) - lower(i - 1);
        for j in i + 1..=n {
            found.push((f64::midpoint(sorted[i - 1], sorted[j - 1]), apart(i, j)));
            left -= apart(i, j);
        }
        found.push((sorted[i - 1], left.max(0.0)));
    }
    found
}

/// How many ways there are to choose k of n.
fn ways(n: usize, k: usize) -> f64 {
    (1..=k).fold(1.0, |ways, i| ways * count(n - k + i) / count(i))
}

fn power(base: f64, exponent: usize) -> f64 {
    base.powi(i32::try_from(exponent).unwrap_or(i32::MAX))
}

/// The first value up to which this share of the probability lies.
fn quantile<'a>(mut sorted: impl Iterator<Item = &'a (f64, f64)>, share: f64) -> Option<f64> {
    let mut sum = 0.0;
    let reaches = |(_, probability): &&(f64, f64)| {
        sum += probability;
        sum >= share
    };
    sorted.find(reaches).map(|(value, _)| *value)
}

fn drawn(a: &[f64], b: &[f64], tail: f64) -> Option<Interval> {
    let mut chance = fastrand::Rng::with_seed(SEED);
    let mut draw = |values: &[f64]| {
        let drawn: Vec<f64> = values.iter().map(|_| values[chance.usize(..values.len())]).collect();
        median(&drawn)
    };
    let ratios: Option<Vec<f64>> = (0..DRAWS).map(|_| Some(draw(b)? / draw(a)?)).collect();
    let ratios = ratios?;
    Some(Interval {
        low: percentile(&ratios, 100.0 * tail)?,
        high: percentile(&ratios, 100.0 * (1.0 - tail))?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_is_what_draws_come_near_to() {
        let mut chance = fastrand::Rng::with_seed(1);
        for n in [1, 2, 3, 6, 7, 10, 25, 40] {
            let values: Vec<f64> = (0..n).map(|_| 100.0 + chance.f64()).collect();
            let all: f64 = medians(&values).iter().map(|(_, probability)| probability).sum();
            assert!((all - 1.0).abs() < 1e-9, "{all} of {n}");
            let other: Vec<f64> = (0..n).map(|_| 103.0 + chance.f64()).collect();
            let counted = ratio_interval(&values, &other, 0.95).unwrap();
            let drawn = drawn(&values, &other, 0.025).unwrap();
            let room = 0.1 * (drawn.high - drawn.low) + 1e-12;
            assert!((counted.low - drawn.low).abs() < room, "{n}: {counted:?} {drawn:?}");
            assert!((counted.high - drawn.high).abs() < room, "{n}: {counted:?} {drawn:?}");
        }
    }
}
