//! `--failed-from RUN`: what of a run is run again. A case on a host that came to a good end is not.

use std::collections::BTreeSet;
use std::path::Path;

use super::Failure;
use super::call::Call;
use super::project;
use super::selecting::Selecting;
use crate::base::{CaseId, HostName};
use crate::event::Event;
use crate::plan::{Again, CasePlan, Plan, PlayPlan};
use crate::report::Summary;
use crate::report::verdict::Verdict;
use crate::store::{Keys, Run, RunFolder};

/// Whether a run has nothing to be run again.
pub(super) fn all_good(name: &str, runs: Option<&Path>) -> Result<bool, Failure> {
    let events = Run::open(project::runs(runs)?.find(name)?)?.events()?;
    Ok(Summary::of(events.iter().map(|(time, event)| (*time, event))).exit == Some(0))
}

/// The run that `--failed-from` names.
pub(super) struct Earlier {
    /// How it was called.
    pub selecting: Selecting,
    summary: Summary,
    cases: BTreeSet<CaseId>,
}

impl Earlier {
    /// Reads it.
    pub(super) fn read(name: &str, runs: Option<&Path>, keys: &Keys) -> Result<Self, Failure> {
        let folder: RunFolder = project::runs(runs)?.find(name)?;
        let run = Run::open(folder)?;
        let call = Call::first(&run.unsealed(keys)?)?;
        let events = run.events()?;
        let summary = Summary::of(events.iter().map(|(time, event)| (*time, event)));
        let cases = events.iter().filter_map(|(_, event)| match event {
            Event::CaseStarted { case, .. } => Some(case.clone()),
            _ => None,
        });
        Ok(Self { cases: cases.collect(), summary, selecting: call.selecting })
    }

    /// What of a plan did not come to a good end; nothing when all did.
    pub(super) fn again(&self, plan: &Plan) -> Option<Again> {
        let mut again = Again::default();
        for (play, case) in
            plan.plays.iter().flat_map(|play| play.fragment.cases.iter().map(move |case| (play, case)))
        {
            for host in self.bad_hosts(play, case) {
                again.cases.entry(case.id.clone()).or_default().insert(host.clone());
                again.hosts.insert(host.clone());
            }
        }
        let all = plan.plays.iter().flat_map(|play| &play.hosts);
        again.hosts.extend(all.filter(|host| self.was_left(host)).cloned());
        (!again.hosts.is_empty()).then_some(again)
    }

    /// The hosts on which a case has not all it should have. A gang runs again as a whole; its figures are at its first host.
    fn bad_hosts<'a>(&self, play: &'a PlayPlan, case: &'a CasePlan) -> Vec<&'a HostName> {
        if case.gang.is_none() {
            return case.hosts.iter().filter(|host| !self.is_good(&case.id, host)).collect();
        }
        let gangs = play.batches.iter().map(|batch| case.members(batch).collect::<Vec<_>>());
        gangs
            .filter(|gang| gang.first().is_some_and(|first| !self.is_good(&case.id, first)))
            .flatten()
            .collect()
    }

    /// Whether a case has all it should have on a host.
    fn is_good(&self, case: &CaseId, host: &HostName) -> bool {
        let cells = self.summary.rows.iter().filter(|row| row.case == *case).map(|row| row.cells.get(host));
        let good = |verdict| matches!(verdict, Verdict::Ok | Verdict::Skipped);
        let mut verdicts = cells.flatten().map(|cell| cell.verdict).peekable();
        self.cases.contains(case) && verdicts.peek().is_some() && verdicts.all(good)
    }

    /// Whether a host was lost, or failed outside of cases, or has tasks that it did not come to.
    fn was_left(&self, host: &HostName) -> bool {
        match (self.summary.exit, self.summary.recap.get(host)) {
            (None | Some(4), _) => true,
            (_, Some(tally)) => tally.failed > 0 || tally.unreachable > 0,
            (_, None) => !self.summary.hosts.contains(host),
        }
    }
}
