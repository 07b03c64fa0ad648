//! How long a plan would take: its graph is walked by the dispatcher's own queue, machines and budget, with a clock that is only
//! counted. Pure: how long each step takes on each host, it is told.
//!
//! All goes well in it: rescues are passed by. What an include or a flush brings is part of the step that brings it.

mod walk;

use std::collections::HashMap;
use std::sync::Arc;

use super::budget::{Budget, Needs};
use crate::base::{CaseId, HostName, StepId};
use crate::plan::{CasePart, Plan, Step};

/// What a plan is walked with.
pub struct Course<'a> {
    /// How many units work at once.
    pub forks: usize,
    /// The machine of each host, where that is not the host's name.
    pub machines: &'a HashMap<HostName, Arc<str>>,
    /// How long a step takes on a host, in seconds.
    pub took: &'a dyn Fn(&Step, &HostName) -> f64,
    /// How many rounds the case of a step has on a host, where it may have fewer than it says; nothing: nobody knows.
    pub rounds: &'a dyn Fn(&Step, &HostName) -> Option<u32>,
    /// What passes between two steps.
    pub pause: f64,
    /// What limits it.
    pub budget: Option<&'a Budget>,
}

/// A step on a host, in time.
#[derive(Clone, Debug, PartialEq)]
pub struct Leg {
    /// Its id.
    pub step: StepId,
    /// Its title.
    pub title: String,
    /// The host.
    pub host: HostName,
    /// The case and the part of it.
    pub case: Option<(CaseId, CasePart)>,
    /// From and to, in seconds from the beginning of the run.
    pub from: f64,
    /// The end.
    pub to: f64,
}

/// What of a case does not begin for want of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// The case.
    pub case: CaseId,
    /// The host; of a gang the first of its members.
    pub host: HostName,
    /// Rounds that are left out, warm-up rounds too; nothing: the whole case.
    pub rounds: Option<usize>,
}

/// A plan in time.
#[derive(Clone, Debug, Default)]
pub struct Forecast {
    /// How long it takes.
    pub seconds: f64,
    /// What decides that: each begins when the one before has ended.
    pub path: Vec<Leg>,
    /// Everything, in the order in which it ends.
    pub legs: Vec<Leg>,
    /// What the budget leaves out.
    pub left_out: Vec<LeftOut>,
}

/// Walks a plan.
pub fn forecast(plan: &Plan, course: &Course<'_>) -> Forecast {
    walk::Walk::new(plan, course).finished()
}

impl Forecast {
    /// The budget that follows from it, for so many seconds.
    pub fn budget(&self, seconds: f64) -> Budget {
        let mut rounds: HashMap<(CaseId, HostName, CasePart), f64> = HashMap::new();
        let mut needs: HashMap<(CaseId, HostName), Needs> = HashMap::new();
        let mut last = 0.0_f64;
        for leg in &self.legs {
            let Some((case, part)) = &leg.case else { continue };
            last = last.max(leg.to);
            let key = (case.clone(), leg.host.clone());
            let took = leg.to - leg.from;
            let needs = needs.entry(key.clone()).or_default();
            match part {
                CasePart::Open | CasePart::Prepare => needs.prepare += took,
                CasePart::Finish | CasePart::Close => needs.finish += took,
                CasePart::Round { .. } => *rounds.entry((key.0, key.1, *part)).or_default() += took,
            }
        }
        for ((case, host, _), took) in rounds {
            let needs = needs.entry((case, host)).or_default();
            needs.round = needs.round.max(took);
        }
        // What begins when the last case is over. Without cases there is nothing to leave out.
        let after = self.legs.iter().filter(|leg| leg.case.is_none() && leg.from >= last);
        let tail = if last > 0.0 { after.map(|leg| leg.to - last).fold(0.0, f64::max) } else { 0.0 };
        Budget { seconds, tail, needs }
    }
}
