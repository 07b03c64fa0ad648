//! Values that lie apart from the others: Rosner's generalised test for extreme Studentised deviates, which one outlier cannot hide
//! another from. Nothing is ever left out because of it.

use super::distribution::student_quantile;
use super::{count, mean};

/// Below so many values nobody can say which of them lies apart.
pub const FEWEST: usize = 5;

/// The places of values that lie apart, in order: if all were normal, some would be found in this share of series (0.01). At most one
/// in four values is called out; among more nobody can say who are the others.
pub fn outliers(values: &[f64], level: f64) -> Vec<usize> {
    if values.len() < FEWEST {
        return Vec::new();
    }
    let mut left: Vec<usize> = (0..values.len()).collect();
    let (mut removed, mut found) = (Vec::new(), 0);
    for _ in 0..(values.len() / 4).max(1) {
        let these: Vec<f64> = left.iter().map(|at| values[*at]).collect();
        let Some((place, deviate)) = extreme(&these) else { break };
        removed.push(left.remove(place));
        if deviate > critical(these.len(), level) {
            found = removed.len();
        }
    }
    removed.truncate(found);
    removed.sort_unstable();
    removed
}

/// The value that is furthest from the mean, and by how many standard deviations; none where all are equal.
fn extreme(values: &[f64]) -> Option<(usize, f64)> {
    let middle = mean(values)?;
    let squares: f64 = values.iter().map(|value| (value - middle).powi(2)).sum();
    let deviation = (squares / count(values.len() - 1)).sqrt();
    // What is left of equal values by rounding is no deviation.
    if deviation <= 1e-12 * middle.abs() {
        return None;
    }
    let far = |value: &f64| (value - middle).abs() / deviation;
    values.iter().map(far).enumerate().max_by(|a, b| a.1.total_cmp(&b.1))
}

/// What the furthest of so many normal values exceeds in this share of series.
fn critical(n: usize, level: f64) -> f64 {
    let n = count(n);
    let t = student_quantile(level / n, n - 2.0);
    (n - 1.0) * t / ((n - 2.0 + t * t) * n).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rosner's own example (1983), as the Engineering Statistics Handbook of NIST has it, section 1.3.5.17.3: three of these.
    const ROSNER: [f64; 54] = [
        -0.25, 0.68, 0.94, 1.15, 1.20, 1.26, 1.26, 1.34, 1.38, 1.43, 1.49, 1.49, 1.55, 1.56, 1.58, 1.65,
        1.69, 1.70, 1.76, 1.77, 1.81, 1.91, 1.94, 1.96, 1.99, 2.06, 2.09, 2.10, 2.14, 2.15, 2.23, 2.24, 2.26,
        2.35, 2.37, 2.40, 2.47, 2.54, 2.62, 2.64, 2.90, 2.92, 2.92, 2.93, 3.21, 3.26, 3.30, 3.59, 3.68, 4.30,
        4.64, 5.34, 5.42, 6.01,
    ];

    #[test]
    fn rosners_example_has_three() {
        assert_eq!(outliers(&ROSNER, 0.05), [51, 52, 53]);
        // The handbook's table, to its three decimals.
        for (n, wanted) in [(54, 3.158), (53, 3.151), (52, 3.143), (51, 3.136), (45, 3.085)] {
            let got = critical(n, 0.05);
            assert!((got - wanted).abs() < 0.001, "{got} is not {wanted}");
        }
    }

    #[test]
    fn normal_rounds_seldom_have_one_and_a_round_that_lies_apart_is_found() {
        let mut chance = fastrand::Rng::with_seed(6);
        let mut normal =
            || (-2.0 * (1.0 - chance.f64()).ln()).sqrt() * (std::f64::consts::TAU * chance.f64()).cos();
        for n in [5, 10, 30] {
            let mut found = [0; 2];
            for _ in 0..2000 {
                let mut values: Vec<f64> = (0..n).map(|_| 100.0 + normal()).collect();
                found[0] += i32::from(!outliers(&values, 0.01).is_empty());
                values[2] -= 30.0;
                found[1] += i32::from(outliers(&values, 0.01) == [2]);
            }
            assert!(found[0] <= 40 && found[1] >= 1900, "{found:?} of 2000 with {n}");
        }
        assert_eq!(outliers(&[1.0, 1.0, 1.0, 9.0], 0.01), [0; 0]);
        assert_eq!(outliers(&[0.1; 20], 0.01), [0; 0]);
    }
}
