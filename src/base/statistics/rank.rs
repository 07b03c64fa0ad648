//! Whether one group of values tends to be larger than another, by their ranks alone: the test of Mann and Whitney, what it can
//! show with so many values, and how many it would take.
//!
//! Which way of counting is used when is scipy's `method='auto'`: exact where a group has at most eight values and none are equal,
//! else by the normal distribution with corrections for ties and continuity.

use std::cmp::Ordering;

use super::count;
use super::distribution::{normal_quantile, normal_two_sided};

/// What the test says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ranks {
    /// How many pairs have the first group's value above the second's; equal ones count half.
    pub u: f64,
    /// How probable it is, if both groups are alike, that they differ so much or more.
    pub p: f64,
}

/// A group up to which it is counted exactly.
const EXACT: usize = 8;

/// The test, two-sided. None if a group is empty.
pub fn mann_whitney(a: &[f64], b: &[f64]) -> Option<Ranks> {
    if a.is_empty() || b.is_empty() {
        return None;
    }
    let u: f64 = a.iter().flat_map(|one| b.iter().map(move |other| points(*one, *other))).sum();
    let ties = tie_term(a, b);
    let larger = u.max(count(a.len() * b.len()) - u);
    let is_counted = a.len().min(b.len()) <= EXACT && ties == 0.0;
    let p = if is_counted { exact } else { asymptotic };
    Some(Ranks { u, p: p(larger, a.len(), b.len(), ties) })
}

fn points(one: f64, other: f64) -> f64 {
    match one.partial_cmp(&other) {
        Some(Ordering::Greater) => 1.0,
        Some(Ordering::Equal) => 0.5,
        _ => 0.0,
    }
}

/// The smallest p that groups of these sizes can give, if no values are equal.
pub fn smallest_p(n: usize, m: usize) -> f64 {
    let most = count(n * m);
    if n == 0 || m == 0 {
        1.0
    } else if n.min(m) <= EXACT {
        exact(most, n, m, 0.0)
    } else {
        asymptotic(most, n, m, 0.0)
    }
}

/// How many values each of two equal groups must have for that the test can reach this level at all.
pub fn least_size(level: f64) -> usize {
    (1..=1000).find(|n| smallest_p(*n, *n) <= level).unwrap_or(1000)
}

/// About how many values each of two equal groups must have to show a difference as large as these have, nine times of ten, at
/// this level: Noether's approximation. None if the groups hardly differ (more than a thousand would be needed).
pub fn needed_size(a: &[f64], b: &[f64], level: f64) -> Option<usize> {
    let ranks = mann_whitney(a, b)?;
    let above = ranks.u / count(a.len() * b.len());
    let reach = normal_quantile(level) + normal_quantile(0.2);
    let needed = (reach * reach / (6.0 * (above - 0.5).powi(2))).ceil();
    // Between 1 and 1000, so the cast is exact.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    (needed <= 1000.0).then(|| (needed as usize).max(least_size(level)))
}

/// Sum of t³ - t over groups of t equal values.
fn tie_term(a: &[f64], b: &[f64]) -> f64 {
    let mut all: Vec<f64> = a.iter().chain(b).copied().collect();
    all.sort_by(f64::total_cmp);
    let sizes = all.chunk_by(|one, other| one.total_cmp(other).is_eq()).map(|same| count(same.len()));
    sizes.map(|t| t * t * t - t).sum()
}

/// Twice the share of all orders of n and m values that give so many pairs or more.
fn exact(larger: f64, n: usize, m: usize, _: f64) -> f64 {
    let (few, many) = (n.min(m), n.max(m));
    // As many pairs at most, seen from the other side. Whole, because nothing is equal.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let most = (count(n * m) - larger) as usize;
    // The generating function of how many orders give u pairs: the product of (1 - q^(many + i)) / (1 - q^i).
    let mut orders = vec![0.0; most + 1];
    orders[0] = 1.0;
    for i in 1..=few {
        for u in (many + i..=most).rev() {
            orders[u] -= orders[u - many - i];
        }
        for u in i..=most {
            orders[u] += orders[u - i];
        }
    }
    let all = (1..=few).fold(1.0, |all, i| all * count(many + i) / count(i));
    (2.0 * orders.iter().sum::<f64>() / all).min(1.0)
}

fn asymptotic(larger: f64, n: usize, m: usize, ties: f64) -> f64 {
    let (pairs, all) = (count(n * m), count(n + m));
    let variance = pairs / 12.0 * (all + 1.0 - ties / (all * (all - 1.0)));
    if variance <= 0.0 {
        return 1.0;
    }
    let z = (larger - pairs / 2.0 - 0.5) / variance.sqrt();
    if z < 0.0 { 2.0 - normal_two_sided(z) } else { normal_two_sided(z) }.min(1.0)
}
