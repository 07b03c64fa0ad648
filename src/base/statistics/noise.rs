//! What runs of the same thing differ by by themselves, so that it is not taken for a change: learnt from runs between which nothing
//! has changed.
//!
//! Rounds of one run lie closer together than runs do, because a run draws its placement of memory, its neighbours and its clock
//! frequency once. So the rounds alone make differences look sure that the next run takes back.

use super::distribution::{student_quantile, student_two_sided};
use super::{count, mean};

/// From so many degrees of freedom on, what was learnt counts; below, what is assumed.
const ENOUGH: usize = 3;

/// How the medians of like runs scatter, on the scale of logarithms.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Noise {
    squares: f64,
    degrees: usize,
    largest: f64,
}

impl Noise {
    /// Learns from the medians of runs between which nothing has changed. Those that are not positive have no ratio, and teach nothing.
    pub fn learn(&mut self, medians: &[f64]) {
        let logs: Vec<f64> = medians.iter().filter(|median| **median > 0.0).map(|m| m.ln()).collect();
        let Some(middle) = mean(&logs).filter(|_| logs.len() > 1) else { return };
        self.squares += logs.iter().map(|log| (log - middle).powi(2)).sum::<f64>();
        self.degrees += logs.len() - 1;
        let ends = (super::min(&logs), super::max(&logs));
        if let (Some(low), Some(high)) = ends {
            self.largest = self.largest.max(high - low);
        }
    }

    /// Whether enough like runs are known for that what was learnt counts.
    pub fn is_known(&self) -> bool {
        self.degrees >= ENOUGH
    }

    /// The probability that two like runs differ by this ratio or more. Where too little is known it is 1 up to what is assumed, or up
    /// to the largest ratio seen, and 0 above.
    pub fn p(&self, ratio: f64, assumed: f64) -> f64 {
        let distance = ratio.ln().abs();
        if !self.is_known() {
            return f64::from(u8::from(distance <= self.largest.max(assumed.ln_1p())));
        }
        let deviation = self.deviation();
        if deviation > 0.0 {
            student_two_sided(distance / deviation, count(self.degrees))
        } else {
            f64::from(u8::from(distance == 0.0))
        }
    }

    /// What like runs differ by at most but for this share of them: 0.018 is 1.8 %.
    pub fn floor(&self, level: f64, assumed: f64) -> f64 {
        if self.is_known() {
            (student_quantile(level, count(self.degrees)) * self.deviation()).exp_m1()
        } else {
            self.largest.exp_m1().max(assumed)
        }
    }

    /// Of the difference of two runs.
    fn deviation(&self) -> f64 {
        (2.0 * self.squares / count(self.degrees)).sqrt()
    }
}
