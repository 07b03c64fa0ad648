//! Where the true median lies: an interval between two of the values themselves.
//!
//! How many of n values lie below the true median is binomial with one half, whatever figures are distributed like. So the interval
//! from the k-th smallest to the k-th largest value holds the median with a probability that can be counted, and the narrowest one
//! whose probability suffices is given (the interval of the sign test). With fewer than six values even the whole range falls short
//! of 95 %.

use serde::{Deserialize, Serialize};

use super::{count, sorted};

/// How sure the intervals of medians are that are shown.
pub const CONFIDENCE: f64 = 0.95;
/// Below so many values there is no interval at this confidence: from the smallest to the largest of five, it is 93.75 %.
pub const FEWEST: usize = 6;

/// An interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Its lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

impl Interval {
    /// Whether it lies within these ends.
    pub fn is_within(self, low: f64, high: f64) -> bool {
        low <= self.low && self.high <= high
    }

    /// How wide it is, as a share of a value inside; none around zero.
    pub fn relative_width(self, middle: f64) -> Option<f64> {
        (middle != 0.0).then(|| (self.high - self.low) / middle.abs())
    }
}

/// The narrowest interval that holds the true median with this confidence (0.95) or more; none if there are too few values.
pub fn of_median(values: &[f64], confidence: f64) -> Option<Interval> {
    let n = values.len();
    let tail = (1.0 - confidence) / 2.0;
    // The probability of k values below the median or fewer, for k from 0 on; in logarithms, because 2^-n is too small for many.
    let (mut below, mut cut) = (0.0, 0);
    let mut ways = -count(n) * std::f64::consts::LN_2;
    while cut < n {
        below += ways.exp();
        if below > tail {
            break;
        }
        cut += 1;
        ways += (count(n - cut + 1) / count(cut)).ln();
    }
    let sorted = sorted(values);
    (cut > 0).then(|| Interval { low: sorted[cut - 1], high: sorted[n - cut] })
}
