//! A time budget: whether a case or a round that is about to begin would still end in time. Pure.
//!
//! What has begun is always brought to its end. So before a case or round begins, there must be time for it, for the end of its
//! case, and for all that comes after the cases. What nobody knows the length of begins as long as there is any time left, and its
//! first round says how long the next will take.

use std::collections::HashMap;

use crate::base::{CaseId, HostName};

/// How long the parts of a case take on a host, in seconds; zero where nobody knows.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Needs {
    /// Until its first round.
    pub prepare: f64,
    /// A round.
    pub round: f64,
    /// After its last round.
    pub finish: f64,
}

/// How long a run may take, and what is known of its cases.
#[derive(Clone, Debug, Default)]
pub struct Budget {
    /// From the beginning of the run, in seconds.
    pub seconds: f64,
    /// What comes after the cases, in seconds.
    pub tail: f64,
    /// What cases need.
    pub needs: HashMap<(CaseId, HostName), Needs>,
}

impl Budget {
    fn needs(&self, case: &CaseId, host: &HostName) -> Needs {
        self.needs.get(&(case.clone(), host.clone())).copied().unwrap_or_default()
    }

    /// Whether a case that begins `now` comes to at least one round in time.
    pub fn admits_case(&self, case: &CaseId, host: &HostName, now: f64) -> bool {
        let Needs { prepare, round, finish } = self.needs(case, host);
        now + prepare + round + finish + self.tail <= self.seconds
    }

    /// Whether a round that begins `now` ends in time.
    pub fn admits_round(&self, case: &CaseId, host: &HostName, now: f64) -> bool {
        let Needs { round, finish, .. } = self.needs(case, host);
        now + round + finish + self.tail <= self.seconds
    }

    /// A round took so long: the next one will.
    pub fn learn(&mut self, case: &CaseId, host: &HostName, seconds: f64) {
        self.needs.entry((case.clone(), host.clone())).or_default().round = seconds;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_begins_must_end_in_time_with_all_that_follows() {
        let (case, host) = (CaseId::from("copy"), HostName::from("n1"));
        let needs = Needs { prepare: 5.0, round: 2.0, finish: 1.0 };
        let needs = HashMap::from([((case.clone(), host.clone()), needs)]);
        let mut budget = Budget { seconds: 20.0, tail: 3.0, needs };
        assert!(budget.admits_case(&case, &host, 9.0) && !budget.admits_case(&case, &host, 9.1));
        assert!(budget.admits_round(&case, &host, 14.0) && !budget.admits_round(&case, &host, 14.1));
        budget.learn(&case, &host, 4.0);
        assert!(!budget.admits_round(&case, &host, 14.0) && budget.admits_round(&case, &host, 12.0));
        let unknown = CaseId::from("other");
        assert!(budget.admits_case(&unknown, &host, 17.0) && !budget.admits_case(&unknown, &host, 17.1));
    }
}
