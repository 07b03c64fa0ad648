//! What is said about the rounds of one figure: median, spread, percentiles.
//!
//! Plain functions over slices of finite numbers in the order of the rounds. This file knows no units and
//! never pools hosts or cases: its callers decide what belongs together.

pub mod change;
pub mod contrast;
pub mod distribution;
pub mod interval;
pub mod many;
pub mod noise;
pub mod outlier;
pub mod rank;
pub mod resample;
pub mod robust;

use std::fmt;
use std::str::FromStr;

pub use interval::Interval;
use serde::{Deserialize, Serialize};

/// The usual words about a handful of rounds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// How many values.
    pub n: usize,
    /// The smallest.
    pub min: f64,
    /// The largest.
    pub max: f64,
    /// The arithmetic mean.
    pub mean: f64,
    /// The middle value.
    pub median: f64,
    /// The median of the distances from the median, unscaled.
    pub mad: f64,
    /// Where the true median lies, with a confidence of [`interval::CONFIDENCE`]; none below [`interval::FEWEST`] values.
    #[serde(default)]
    pub interval: Option<Interval>,
}

impl Summary {
    /// None for no values.
    pub fn of(values: &[f64]) -> Option<Self> {
        Some(Self {
            n: values.len(),
            min: min(values)?,
            max: max(values)?,
            mean: mean(values)?,
            median: median(values)?,
            mad: mad(values)?,
            interval: interval::of_median(values, interval::CONFIDENCE),
        })
    }
}

/// The smallest value.
pub fn min(values: &[f64]) -> Option<f64> {
    values.iter().copied().min_by(f64::total_cmp)
}

/// The largest value.
pub fn max(values: &[f64]) -> Option<f64> {
    values.iter().copied().max_by(f64::total_cmp)
}

/// The arithmetic mean.
pub fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / count(values.len()))
}

/// The middle value; the mean of the two middle ones when they are even in number.
pub fn median(values: &[f64]) -> Option<f64> {
    let sorted = sorted(values);
    let middle = sorted.len() / 2;
    let upper = *sorted.get(middle)?;
    if sorted.len() % 2 == 1 { Some(upper) } else { Some(f64::midpoint(sorted[middle - 1], upper)) }
}

/// The median absolute deviation from the median, unscaled (no factor 1.4826).
pub fn mad(values: &[f64]) -> Option<f64> {
    let middle = median(values)?;
    median(&values.iter().map(|v| (v - middle).abs()).collect::<Vec<_>>())
}

/// The value below which `percent` (0 to 100, clamped) of the values lie, linearly interpolated: type 7 of
/// Hyndman and Fan, the default of R and numpy.
pub fn percentile(values: &[f64], percent: f64) -> Option<f64> {
    let sorted = sorted(values);
    let last = sorted.len().checked_sub(1)?;
    let position = count(last) * percent.clamp(0.0, 100.0) / 100.0;
    // Between 0 and `last`, so the cast is exact.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let below = position.floor() as usize;
    let above = (below + 1).min(last);
    Some(sorted[below] + (sorted[above] - sorted[below]) * position.fract())
}

/// How far values lie apart, as a share of their median: (max - min) / |median|. None where that says nothing:
/// for fewer than two values, or around zero.
pub fn spread(values: &[f64]) -> Option<f64> {
    let middle = median(values)?;
    (values.len() > 1 && middle != 0.0).then_some(())?;
    Some((max(values)? - min(values)?) / middle.abs())
}

fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

#[allow(clippy::cast_precision_loss)] // nobody measures 2^53 rounds
fn count(n: usize) -> f64 {
    n as f64
}

/// Which figure a round yields when its output holds several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Take {
    /// The last one printed.
    Last,
    /// The first one printed.
    First,
    /// The smallest.
    Min,
    /// The largest.
    Max,
    /// The arithmetic mean.
    Mean,
    /// The middle one.
    Median,
    /// All together.
    Sum,
}

impl Take {
    /// All of them, in the order of the manual.
    pub const ALL: [Take; 7] =
        [Take::Last, Take::First, Take::Min, Take::Max, Take::Mean, Take::Median, Take::Sum];

    /// The word for it in a playbook.
    pub fn as_str(self) -> &'static str {
        match self {
            Take::Last => "last",
            Take::First => "first",
            Take::Min => "min",
            Take::Max => "max",
            Take::Mean => "mean",
            Take::Median => "median",
            Take::Sum => "sum",
        }
    }

    /// The one figure out of those in the order they were printed; none for none.
    pub fn apply(self, values: &[f64]) -> Option<f64> {
        match self {
            Take::Last => values.last().copied(),
            Take::First => values.first().copied(),
            Take::Min => min(values),
            Take::Max => max(values),
            Take::Mean => mean(values),
            Take::Median => median(values),
            Take::Sum => (!values.is_empty()).then(|| values.iter().sum()),
        }
    }
}

/// The word is not one of [`Take::ALL`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` does not say which figure to take")]
pub struct UnknownTake(pub String);

impl FromStr for Take {
    type Err = UnknownTake;
    fn from_str(word: &str) -> Result<Self, UnknownTake> {
        Take::ALL.into_iter().find(|t| t.as_str() == word).ok_or_else(|| UnknownTake(word.to_owned()))
    }
}

impl fmt::Display for Take {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests;
