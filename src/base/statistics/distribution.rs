//! Two-sided probabilities and quantiles of the distributions by which figures are compared.

use libm::{erfc, lgamma};

/// The probability that a standard normal value lies as far from zero as this one, or further.
pub fn normal_two_sided(z: f64) -> f64 {
    erfc(z.abs() / std::f64::consts::SQRT_2)
}

/// The value that a standard normal one exceeds, to either side, with this probability (above 0, below 1).
pub fn normal_quantile(level: f64) -> f64 {
    inverse(level, normal_two_sided)
}

/// The same of Student's t with so many degrees of freedom, which may be fractions.
pub fn student_two_sided(t: f64, degrees: f64) -> f64 {
    if t.is_infinite() {
        return 0.0;
    }
    incomplete_beta(degrees / (degrees + t * t), degrees / 2.0, 0.5)
}

/// The value that a t-distributed one exceeds, to either side, with this probability (above 0, below 1).
pub fn student_quantile(level: f64, degrees: f64) -> f64 {
    inverse(level, |t| student_two_sided(t, degrees))
}

/// Where a falling function of the positive numbers has this value.
fn inverse(level: f64, falling: impl Fn(f64) -> f64) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    while falling(high) > level && high < 1e9 {
        high *= 2.0;
    }
    for _ in 0..200 {
        let middle = f64::midpoint(low, high);
        if falling(middle) > level { low = middle } else { high = middle }
    }
    f64::midpoint(low, high)
}

/// What stands for zero where it would be divided by.
const TINY: f64 = 1e-300;

/// The regularised incomplete beta function, by its continued fraction (Lentz's method).
#[allow(clippy::many_single_char_names)] // as in the literature
fn incomplete_beta(x: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return x.clamp(0.0, 1.0);
    }
    // It converges fast on one side of the mean.
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - incomplete_beta(1.0 - x, b, a);
    }
    let away_from_zero = |value: f64| if value.abs() < TINY { TINY } else { value };
    let front = (lgamma(a + b) - lgamma(a) - lgamma(b) + a * x.ln() + b * (1.0 - x).ln()).exp() / a;
    let mut c = 1.0;
    let mut d = 1.0 / away_from_zero(1.0 - (a + b) * x / (a + 1.0));
    let mut fraction = d;
    for step in 1..=500 {
        let m = f64::from(step);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        let before = fraction;
        for term in [even, odd] {
            d = 1.0 / away_from_zero(1.0 + term * d);
            c = away_from_zero(1.0 + term / c);
            fraction *= c * d;
        }
        if (fraction - before).abs() <= 1e-15 * fraction.abs() {
            break;
        }
    }
    (front * fraction).clamp(0.0, 1.0)
}
