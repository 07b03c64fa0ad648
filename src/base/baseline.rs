//! Reference values of figures: what a machine, or a group of like machines, gave when somebody called it good.
//!
//! Plain data; a file of it is checked in beside the playbooks. Who makes one, reads one or judges by one stands elsewhere.

use std::collections::BTreeMap;

use serde::Serialize;

use super::statistics::Interval;
use super::unit::Unit;
use super::{CaseId, HostName, Span};

/// The version of the file's form.
pub const FORM: u32 = 1;
/// How much worse than its reference a figure may be when nobody says.
pub const TOLERANCE: f64 = 0.05;

/// A file of reference values.
#[derive(Clone, Debug, Serialize)]
pub struct Baseline {
    /// Its file as messages name it; empty while there is none.
    #[serde(skip)]
    pub file: String,
    /// The share by which a figure may be worse: 0.05.
    pub tolerance: f64,
    /// The runs that it was made of.
    pub runs: Vec<Origin>,
    /// In the order of the file.
    pub references: Vec<Reference>,
}

/// A run that a baseline was made of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Origin {
    /// Its id.
    pub run: String,
    /// The playbook, as the project names it.
    pub playbook: String,
    /// When it began: `2026-11-24 08:40 UTC`.
    pub started: String,
    /// `sha256:` and the digest of its `lock.json`, which says what could make figures differ.
    pub lock: String,
    /// The commit of the project, with ` (dirty)` when a file differed from it; empty when it is in no work tree.
    pub commit: String,
}

/// The reference value of one figure of one case, for one host or one group.
#[derive(Clone, Debug, Serialize)]
pub struct Reference {
    /// The case.
    pub case: CaseId,
    /// The metric's name.
    pub figure: String,
    /// All labels of the figure.
    pub labels: BTreeMap<String, String>,
    /// Of the median and its ends.
    pub unit: Unit,
    /// Which direction is good.
    pub higher_is_better: bool,
    /// For whom.
    #[serde(flatten)]
    pub whose: Whose,
    /// The value.
    pub median: f64,
    /// Between what it was found.
    #[serde(flatten)]
    pub ends: Ends,
    /// How many rounds it was made of, over all runs and hosts.
    pub n: usize,
    /// How many runs.
    pub runs: usize,
    /// How many hosts.
    pub hosts: usize,
    /// The share by which this one may be worse, where that is another than the file's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tolerance: Option<f64>,
    /// Its entry in the file.
    #[serde(skip)]
    pub span: Span,
}

/// For whom a reference counts.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Whose {
    /// This host.
    Host(HostName),
    /// All hosts of this group of the inventory.
    Group(String),
}

/// Between what the values lay that a median was made of.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ends {
    /// The interval of the median.
    Interval(Interval),
    /// The smallest and the largest value: there were too few for an interval.
    Range(Interval),
}

impl Whose {
    /// The name of the host or the group.
    pub fn name(&self) -> &str {
        match self {
            Self::Host(host) => host.as_str(),
            Self::Group(group) => group,
        }
    }
}

impl Ends {
    /// Lower and upper end.
    pub fn interval(self) -> Interval {
        let (Self::Interval(interval) | Self::Range(interval)) = self;
        interval
    }
}

impl Baseline {
    /// What counts for a case on a host that is in these groups: of each figure the host's own reference, or else that of the
    /// first of its groups in the order of the file.
    pub fn of<'a>(&'a self, case: &CaseId, host: &HostName, groups: &[String]) -> Vec<&'a Reference> {
        let mut found: Vec<&Reference> = Vec::new();
        let own = |reference: &&Reference| reference.whose == Whose::Host(host.clone());
        let group =
            |reference: &&Reference| matches!(&reference.whose, Whose::Group(name) if groups.contains(name));
        let of_case = || self.references.iter().filter(|reference| reference.case == *case);
        for reference in of_case().filter(own).chain(of_case().filter(group)) {
            if !found.iter().any(|known| known.is_of(&reference.figure, &reference.labels)) {
                found.push(reference);
            }
        }
        found
    }

    /// What is asked of figures by a reference of this file.
    pub fn tolerance_of(&self, reference: &Reference) -> f64 {
        reference.tolerance.unwrap_or(self.tolerance)
    }
}

impl Reference {
    /// Whether it is about this figure.
    pub fn is_of(&self, figure: &str, labels: &BTreeMap<String, String>) -> bool {
        self.figure == figure && self.labels == *labels
    }

    /// The worst value that is good enough, in the reference's unit.
    pub fn bound(&self, tolerance: f64) -> f64 {
        let slack = self.median.abs() * tolerance;
        if self.higher_is_better { self.median - slack } else { self.median + slack }
    }
}
