//! How what several ranks measured becomes one figure.

use serde::{Deserialize, Serialize};

use super::statistics;

/// How the figures of a gang's hosts become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reduce {
    /// What all give together, such as bandwidth.
    Sum,
    /// The mean.
    Mean,
    /// The smallest.
    Min,
    /// The greatest.
    Max,
}

impl Reduce {
    /// The words of the keyword.
    pub const WORDS: [(&'static str, Self); 4] =
        [("sum", Self::Sum), ("mean", Self::Mean), ("min", Self::Min), ("max", Self::Max)];

    /// As it is written.
    pub fn word(self) -> &'static str {
        match self {
            Self::Sum => "sum",
            Self::Mean => "mean",
            Self::Min => "min",
            Self::Max => "max",
        }
    }

    /// The one figure; none for no values.
    pub fn of(self, values: &[f64]) -> Option<f64> {
        match self {
            Self::Sum => (!values.is_empty()).then(|| values.iter().sum()),
            Self::Mean => statistics::mean(values),
            Self::Min => statistics::min(values),
            Self::Max => statistics::max(values),
        }
    }
}
