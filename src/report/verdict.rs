//! The verdict on a figure: its median on one host against what `expect` asks. Pure; never ends or repeats anything.

use serde::Serialize;

use crate::event::Expectation;

/// How a figure, or a case, turned out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// As expected, or nothing was expected.
    #[default]
    Ok,
    /// Not one round was due: a condition, a tag or check mode left them out.
    Skipped,
    /// The run was stopped before all rounds were done, or still goes on.
    Incomplete,
    /// Measured, and not what `expect` asks.
    Missed,
    /// Not measured: a round or its preparation failed.
    Failed,
}

impl Verdict {
    /// As the table prints it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Skipped => "skipped",
            Self::Incomplete => "INCOMPLETE",
            Self::Missed => "MISSED",
            Self::Failed => "FAILED",
        }
    }
}

/// A bound that a median did not keep.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Miss {
    /// The bound, in the figure's unit.
    pub bound: f64,
    /// Whether the median is below a `min` (else above a `max`).
    pub below: bool,
    /// Where it is asked for.
    pub place: String,
    /// The baseline's value that the bound was made of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub baseline: Option<f64>,
}

/// The first bound that `median` does not keep.
pub fn judge(median: f64, expectations: &[&Expectation]) -> Option<Miss> {
    expectations.iter().find_map(|e| {
        let (place, baseline) = (e.place.clone(), e.baseline);
        e.missed(median).map(|(bound, below)| Miss { bound, below, place, baseline })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_include_themselves() {
        let expect = Expectation { min: Some(8.0), max: Some(9.0), ..Expectation::default() };
        let judged = |median| judge(median, &[&expect]).map(|m| (m.bound, m.below));
        assert_eq!(judged(8.0), None);
        assert_eq!(judged(9.0), None);
        assert_eq!(judged(7.9), Some((8.0, true)));
        assert_eq!(judged(9.1), Some((9.0, false)));
    }
}
