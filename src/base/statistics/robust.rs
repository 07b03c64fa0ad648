//! How far one of several like things is from the others, so that the one itself hardly moves the measure.

use super::{count, mad, mean, median};

/// What makes the median absolute deviation of normal values their standard deviation.
pub const OF_MAD: f64 = 1.482_602_218_505_602;
/// The same for the mean absolute deviation.
const OF_MEAN: f64 = 1.253_314_137_315_500_1;
/// How much more uncertain the median of normal values is than their mean.
const OF_MEDIAN: f64 = OF_MEAN;

/// The middle and the width of several values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Middle {
    /// Their median.
    pub median: f64,
    /// Their standard deviation, were they normal but for some that are not.
    pub scale: f64,
}

impl Middle {
    /// Of these values, whose width is at least `floor`: what each is uncertain by. None for no values. The width is made of the
    /// median absolute deviation, or of the mean one where more than half of the values are equal (Iglewicz and Hoaglin).
    pub fn of(values: &[f64], floor: f64) -> Option<Self> {
        let middle = median(values)?;
        let by_median = mad(values)? * OF_MAD;
        let distances: Vec<f64> = values.iter().map(|value| (value - middle).abs()).collect();
        let scale = if by_median > 0.0 { by_median } else { mean(&distances)? * OF_MEAN };
        Some(Self { median: middle, scale: scale.max(floor) })
    }

    /// How many widths a value lies above the middle. Where all are equal, none does.
    pub fn z(&self, value: f64) -> f64 {
        if self.scale > 0.0 { (value - self.median) / self.scale } else { 0.0 }
    }
}

/// What the median of these values is uncertain by, were they normal: its standard error. 0 for fewer than two.
pub fn error_of_median(values: &[f64]) -> f64 {
    if values.len() < 2 {
        return 0.0;
    }
    mad(values).unwrap_or_default() * OF_MAD * OF_MEDIAN / count(values.len()).sqrt()
}
