//! The verdict on a figure: its median on one host against what `expect` asks. Pure; never ends or repeats anything.

use serde::Serialize;

use crate::base::CaseId;
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
}

/// The first bound that `median` does not keep.
pub fn judge(median: f64, expectations: &[&Expectation]) -> Option<Miss> {
    expectations
        .iter()
        .find_map(|e| e.missed(median).map(|(bound, below)| Miss { bound, below, place: e.place.clone() }))
}

/// Whether a case is meant by a word of `--case`: its name, or its name with parameters, of which some may be left out.
pub fn case_matches(case: &CaseId, wanted: &str) -> bool {
    let (name, params) = split_case(case.as_str());
    let (wanted_name, wanted_params) = split_case(wanted);
    name == wanted_name && wanted_params.iter().all(|p| params.contains(p))
}

/// `stream[threads=1,mib=64]` → `stream` and its parameters.
pub fn split_case(case: &str) -> (&str, Vec<&str>) {
    let Some((name, rest)) = case.strip_suffix(']').and_then(|c| c.split_once('[')) else {
        return (case, Vec::new());
    };
    (name, rest.split(',').map(str::trim).filter(|p| !p.is_empty()).collect())
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

    #[test]
    fn a_case_is_named_by_some_of_its_parameters() {
        let case = CaseId::from("stream[threads=1,mib=64]");
        for wanted in ["stream", "stream[mib=64]", "stream[mib=64,threads=1]", "stream[threads=1,mib=64]"] {
            assert!(case_matches(&case, wanted), "{wanted}");
        }
        for wanted in ["strea", "stream[mib=6]", "stream[mib=64,x=1]"] {
            assert!(!case_matches(&case, wanted), "{wanted}");
        }
    }
}
