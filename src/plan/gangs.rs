//! Gangs: cases that run on several hosts at once. Who belongs to one, and whether it can ever start.

use std::sync::Arc;

use super::Surroundings;
use super::build::Build;
use super::draft::Flow;
use super::fragment::Gang;
use super::step::StepKind;
use crate::base::{Diagnostic, HostName, Map, Spanned, Value};
use crate::model::{Case, Rendezvous};

impl Build<'_> {
    /// What `rendezvous` says.
    pub(super) fn gang(&mut self, case: &Case, around: &Surroundings) -> Option<Gang> {
        let written = case.rendezvous.as_ref()?;
        let nodes = self.number(Some(&written.nodes), around, 1, 1);
        let ranks_per_node = self.number(written.ranks_per_node.as_ref(), around, 1, 1);
        let reduce = written.reduce.as_ref().map(|r| r.value);
        let gang = Gang { nodes, ranks_per_node, reduce };
        self.check_gang(case, written, gang);
        Some(gang)
    }

    /// All or none: a gang that can never be complete is an error before anything is touched.
    fn check_gang(&mut self, case: &Case, written: &Rendezvous, gang: Gang) {
        let name = &case.name.value;
        let options = &self.compiler.options;
        for (limit, word, remedy) in [
            (
                options.forks,
                "`--forks`",
                "give more: `--forks` on the command line, `forks` in benchbook.toml",
            ),
            (options.connections, "the pool", "raise `connections` below [ssh] in benchbook.toml"),
        ] {
            if limit.is_some_and(|limit| limit < gang.nodes as usize) {
                let limit = limit.unwrap_or_default();
                let message =
                    format!("case `{name}` works on {} hosts at once, {word} allows {limit}", gang.nodes);
                self.found
                    .push(Diagnostic::error("gang-too-big", message).at(&written.nodes.span).help(remedy));
            }
        }
    }

    /// The hosts that run a case with `rendezvous`: the first ones of each batch, of those that may run it.
    pub(super) fn members(
        &mut self,
        case: &Case,
        written: &Rendezvous,
        gang: Gang,
        among: &[HostName],
    ) -> Arc<[HostName]> {
        let nodes = gang.nodes as usize;
        let may_run = |batch: &Vec<HostName>| batch.iter().filter(|h| among.contains(h)).cloned().collect();
        let batches: Vec<Vec<HostName>> = self.in_batches.iter().map(may_run).collect();
        if let Some(batch) = batches.iter().find(|batch| !batch.is_empty() && batch.len() < nodes) {
            let names: Vec<&str> = batch.iter().map(HostName::as_str).collect();
            let of = if batches.len() > 1 { "a batch of `serial`" } else { "the play" };
            let name = &case.name.value;
            let message =
                format!("case `{name}` needs {nodes} hosts, {of} has {}: {}", batch.len(), names.join(", "));
            let problem = Diagnostic::error("gang-too-big", message).at(&written.nodes.span);
            self.found
                .push(problem.help("name more hosts, fewer `nodes`, or leave the case out with `--case`"));
        }
        batches.iter().flat_map(|batch| batch.iter().take(nodes).cloned()).collect()
    }

    /// The step at which the members of a gang meet before a round.
    pub(super) fn rendezvous(&mut self, case: &Case, around: &Surroundings) {
        if let Some(written) = &case.rendezvous {
            let name = format!("rendezvous {}", case.name.value);
            self.push(around, "rendezvous", &name, StepKind::Rendezvous, &written.span, Flow::default());
        }
    }

    /// Tasks of a gang's round that some of its members could not do while the others do.
    pub(super) fn check_throttles(&mut self) {
        let mut problems = Vec::new();
        for drafted in &self.draft.steps {
            let place = drafted.step.case.as_ref();
            let plan = place.and_then(|place| self.draft.cases.iter().find(|c| c.id == place.id));
            let Some(gang) = plan.and_then(|plan| plan.gang) else { continue };
            let throttle = match &drafted.step.kind {
                StepKind::Task(task) => task.inherited.throttle.as_ref(),
                _ => None,
            };
            // What only the run can know might be too few.
            let is_enough = |limit: i128| limit <= 0 || limit >= i128::from(gang.nodes);
            if let Some(Spanned { value, span }) = throttle
                && !value.as_int().is_some_and(is_enough)
            {
                let message = format!("`throttle` may keep a gang of {} hosts apart", gang.nodes);
                let problem = Diagnostic::error("gang-too-big", message).at(span);
                problems.push(problem.help(
                    "its members would wait for each other for ever: take `throttle` out of the case, or write a number \
                     that is large enough",
                ));
            }
        }
        for problem in problems {
            self.found.push(problem);
        }
    }
}

/// What is known of a gang before contact, as its tasks see it.
pub(super) fn known_of(gang: Gang) -> Map {
    let known = Map::from_iter([
        ("nodes", Value::from(gang.nodes)),
        ("ranks_per_node", gang.ranks_per_node.into()),
        ("world_size", (gang.nodes * gang.ranks_per_node).into()),
    ]);
    Map::from_iter([("rendezvous", known)])
}
