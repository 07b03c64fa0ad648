//! The end of a (step, host): what it means for the host, for others, for the journal.

use std::sync::Arc;

use super::dispatcher::Dispatcher;
use super::fates::{Caught, ScopeNo};
use super::growth::Refused;
use super::hosts::Host;
use super::node::{Once, Work};
use super::queue::{HostNo, StepNo};
use super::turn::INVOCATION;
use super::unit::{CaseFolder, Finished};
use crate::action::{DelegatedFacts, Effects, UsedImage};
use crate::base::{HostName, Map, Timestamp, Value};
use crate::event::{Event, Fate, Why};
use crate::model::Level;
use crate::plan::{Expand, ScopeKind, Step, StepKind, Strictness};
use crate::wire::Status;

/// A result for the playbook: where it was delegated to is for reporters only.
fn registered(result: &Arc<Map>) -> Value {
    const DELEGATED: &str = "_ansible_delegated_vars";
    let is_delegated = |map: &Map| map.contains_key(DELEGATED) || map.contains_key(INVOCATION);
    let items = result.get("results").and_then(Value::as_list).unwrap_or_default();
    if !is_delegated(result) && !items.iter().filter_map(Value::as_map).any(is_delegated) {
        return Value::Map(Arc::clone(result));
    }
    let mut plain = Map::clone(result);
    plain.remove(DELEGATED);
    plain.remove(INVOCATION);
    if !items.is_empty() {
        let items = items.iter().map(|item| match item {
            Value::Map(item) => registered(item),
            other => other.clone(),
        });
        plain.insert("results", Value::list(items.collect()));
    }
    plain.into()
}

impl Dispatcher {
    /// A unit ended.
    pub(super) fn conclude(&mut self, step: StepNo, host: HostNo, mut finished: Finished) {
        self.note_jobs(step, host, std::mem::take(&mut finished.jobs));
        let finished = self.ended_by_gang(step, host, finished);
        if self.running.remove(&(step, host)).is_some() {
            self.release_machine(step, host);
        }
        let Work::Step(what) = self.node(step).work.clone() else { return };
        if let Some(error) = finished.journal.clone() {
            self.lose_journal(error);
        }
        if let Some(problem) = &finished.unusable {
            self.misread |= problem.misread;
            self.abort_at(problem.said.clone(), problem.place.as_ref());
        }
        if !self.replaying && matches!(what.kind, StepKind::Rendezvous) {
            return self.end_rendezvous(step, host, &what, &finished);
        }
        if let Some(round) = self.node(step).round
            && let Some(hold) = self.holds.get_mut(&(round, host))
        {
            hold.ran |=
                matches!(finished.fate, Fate::Ran { .. }) && !matches!(what.kind, StepKind::Rendezvous);
        }
        let did_it = matches!(finished.fate, Fate::Ran { status: Status::Ok, .. });
        if !matches!(what.kind, StepKind::Expand(_)) {
            self.tell(step, host, &what, &finished);
            self.note_monitors(step, host, &what, &finished);
            if did_it && let StepKind::Meta(meta) = &what.kind {
                self.apply_meta(step, host, meta.value);
            }
            self.end_once(step, host);
            return self.pass(step, host);
        }
        // What an expand step brings may fail yet, so its end is told afterwards.
        if did_it && self.gathers(step, &what) {
            return self.gather(step, Some((host, finished)));
        }
        if did_it {
            return self.grow(step, vec![(host, finished)]);
        }
        self.tell(step, host, &what, &finished);
        if self.gathers(step, &what) {
            self.gather(step, None);
        }
        self.end_once(step, host);
        self.pass(step, host);
    }

    /// A unit panicked, so that nobody but us can say how it ended.
    pub(super) fn end_panicked(&mut self, step: StepNo, host: HostNo, started: Timestamp) {
        let Work::Step(what) = &self.node(step).work else { return };
        let said = "an error of Benchbook itself, please report it: a step panicked";
        let name = what.name.clone();
        self.conclude(step, host, Finished { name, ..Finished::failed(said.to_owned(), started) });
    }

    /// Brings what hosts ask for at an expand step, and ends it for them.
    pub(super) fn grow(&mut self, step: StepNo, mut arrived: Vec<(HostNo, Finished)>) {
        let Work::Step(what) = self.node(step).work.clone() else { return };
        // Who comes first in the play does it for all where one does, whoever was here first.
        let places = self.node(step).places();
        arrived.sort_by_key(|(host, _)| places.get(host).copied());
        let failed = if let StepKind::Expand(Expand::Flush) = what.kind {
            self.flush(step, arrived.iter().map(|(host, _)| *host).collect())
        } else {
            let wishes = arrived.iter().map(|(host, finished)| (*host, finished.inclusions.clone()));
            self.include(step, wishes.collect())
        };
        for (host, finished) in &mut arrived {
            if let Some(Refused { said, absent, .. }) =
                failed.iter().find(|refused| refused.hosts.contains(host))
            {
                let (name, started) = (finished.name.clone(), finished.started);
                let included = finished.inclusions.first().map(|inclusion| Arc::clone(&inclusion.target));
                *finished =
                    Finished { name, ended: finished.ended, ..Finished::failed(said.clone(), started) };
                if let Some(reason) = absent {
                    let mut result = Map::from_iter([
                        ("changed", Value::from(false)),
                        ("failed", true.into()),
                        ("reason", reason.as_str().into()),
                    ]);
                    if let StepKind::Expand(Expand::Tasks(_)) = what.kind {
                        result.insert("include", Value::from(&*included.unwrap_or_default()));
                    }
                    finished.result = Arc::new(result);
                }
            }
        }
        for (host, finished) in arrived {
            let before = self.tallies.of(host).rescued;
            self.tell(step, host, &what, &finished);
            let brings = matches!(what.kind, StepKind::Expand(Expand::Tasks(_) | Expand::Role(..)));
            if let Some(refused) = failed.iter().find(|refused| brings && refused.hosts.contains(&host)) {
                // As in Ansible each file counts, and as failed even if there is a rescue.
                let tally = self.tallies.of(host);
                let rescued = tally.rescued > before;
                tally.rescued -= u32::from(rescued);
                tally.failed += refused.count - u32::from(!rescued);
            }
            self.end_once(step, host);
            self.pass(step, host);
        }
    }

    /// Tells everybody how a step ended: the host's variables, the journal, the scopes, the handlers.
    pub(super) fn tell(&mut self, step: StepNo, host: HostNo, what: &Step, finished: &Finished) {
        self.note_renewal(step, host, what, finished);
        self.keep_variables(step, host, what, finished);
        self.note_figures(step, host, what, finished);
        self.note_environment(host, what, finished);
        self.check_handlers(step, &finished.notify);
        self.report(step, host, what, finished);
        self.weigh(step, host, what, finished);
        self.notify(step, host, &finished.notify);
    }

    /// A step that is not done: it ends all the same.
    pub(super) fn bypass(&mut self, step: StepNo, host: HostNo, why: Why) {
        if why == Why::Enough {
            self.was_enough(step, host);
        }
        let Work::Step(what) = self.node(step).work.clone() else { return };
        if why == Why::RunOnce {
            // It counts as done by all; who has notified a handler has had his turn.
            self.enter(step, host, &what);
        }
        let now = self.shared.clock.now();
        let finished = Finished { name: what.name.clone(), ..Finished::new(Fate::Bypassed { why }, now) };
        self.note_figures(step, host, &what, &finished);
        if let (StepKind::CaseOpen { again: false, .. }, Some(case)) =
            (&what.kind, self.node(step).case.clone())
            && !self.begin_failed(step, host, &case)
        {
            self.leave_out(&case, host, why);
        }
        self.report(step, host, &what, &finished);
        if matches!(what.kind, StepKind::Expand(_)) && self.gathers(step, &what) {
            self.gather(step, None);
        }
        self.pass(step, host);
        if matches!(what.kind, StepKind::Rendezvous) {
            self.meet(step);
        }
    }

    /// The pair is over; what follows may start as soon as the journal knows, and its gang has left the round.
    pub(super) fn pass(&mut self, step: StepNo, host: HostNo) {
        if self.leave_round(step, host) {
            self.go_on(step, host);
        }
    }

    /// Nothing keeps the host at this step any more.
    pub(super) fn go_on(&mut self, step: StepNo, host: HostNo) {
        self.end_case(step, host);
        self.finish_later(step, host);
        self.nodes[step.0 as usize].left -= 1;
        self.unpin(step, host);
        if self.node(step).left == 0 {
            self.compare_environments(step);
            if let Some(others) = self.fatal.remove(&step) {
                self.judge(step, others);
            }
        }
    }

    fn report(&mut self, step: StepNo, host: HostNo, what: &Step, finished: &Finished) {
        let silent = is_silent(what) && !finished.fate.is_failure();
        if !silent {
            for text in &finished.warnings {
                // Called as Ansible, it is told as the module says it, whoever says it first.
                let text = match self.shared.compiler.options.strictness {
                    Strictness::Late => text.replace("\r\n", "\n"),
                    Strictness::Early => format!("{}: {text} ({})", self.name(host), what.span.file_line()),
                };
                self.warn(text);
            }
            for figure in &finished.figures {
                self.cases.entry((figure.case.clone(), host)).or_default().figures.push(figure.clone());
                self.emit(Event::Figure(figure.clone()));
            }
        }
        let once = matches!(self.onces.get(&step), Some(Once::Leading(leader, _)) if *leader == host);
        self.tell_end(host, what, finished, once, silent);
    }

    /// Registers, facts and what else a step says of its host; `run_once` says it of all.
    fn keep_variables(&mut self, step: StepNo, host: HostNo, what: &Step, finished: &Finished) {
        if let Some(folder) = &finished.folder
            && let Some(place) = &what.case
        {
            let known = self.board.get(host).magic.vars.get(super::magic::FOLDERS).and_then(Value::as_map);
            let mut folders = known.cloned().unwrap_or_default();
            match folder {
                CaseFolder::Made(path) => folders.insert(place.id.as_str(), path.as_str()),
                CaseFolder::Removed => folders.remove(place.id.as_str()),
            };
            let vars = Map::from_iter([(super::magic::FOLDERS, folders)]);
            self.set_vars(host, &vars, Level::Magic);
        }
        if let (StepKind::Rendezvous, Some(place), Some(port)) =
            (&what.kind, &what.case, finished.result.get("port"))
        {
            let known = self.board.get(host).magic.vars.get(super::rendezvous::PORTS);
            let mut ports = known.and_then(Value::as_map).cloned().unwrap_or_default();
            ports.insert(place.id.as_str(), port.clone());
            self.set_vars(host, &Map::from_iter([(super::rendezvous::PORTS, ports)]), Level::Magic);
        }
        // What is done once by itself (`add_host`) registers nothing for the others, as in Ansible.
        let all = self.told_once(step, host, what);
        let hosts = all.as_deref().unwrap_or(std::slice::from_ref(&host));
        let register = super::magic::task(what).and_then(|t| t.register.as_ref());
        let stopped = matches!(finished.fate, Fate::Ran { status: Status::Cancelled, .. });
        for &host in hosts {
            self.apply(host, finished);
            if let Some(name) = register.filter(|_| !stopped) {
                let vars = Map::from_iter([(Arc::clone(&name.value), registered(&finished.result))]);
                self.set_vars(host, &vars, Level::SetFact);
            }
        }
        let name = self.name(host).clone();
        if self.replaying {
            // Who asks for it lives no more.
            self.change_inventory(&name, &finished.effects, self.node(step).play, what);
        }
        for UsedImage { name: image, id, digests, host } in finished.effects.images.clone() {
            let host = host.unwrap_or_else(|| name.clone());
            self.emit(Event::ImageUsed { host, name: image, id, digests });
        }
    }

    /// For whom a step speaks that says `run_once`: for the whole batch, also where it was included for one host only.
    fn told_once(&self, step: StepNo, host: HostNo, what: &Step) -> Option<Arc<[HostNo]>> {
        let node = self.node(step);
        let apart = self.goes_apart(step, what);
        if !(apart || self.onces.contains_key(&step) || node.hosts.len() == 1) || !self.says_once(what, host)
        {
            return None;
        }
        let run =
            self.plays.get(&node.play).filter(|_| what.case.is_none() && (apart || node.hosts.len() == 1));
        let Some(batch) = run.and_then(|run| run.batches.get(node.batch)) else {
            return Some(Arc::clone(&node.hosts));
        };
        // Who left the step because it is a container knows better.
        let apart = |other: &HostNo| {
            run.is_some_and(|run| run.facts.in_container.contains(self.name(*other))) && *other != host
        };
        Some(batch.iter().copied().filter(|h| !apart(h) && !self.lost.contains(h)).collect())
    }

    fn apply(&mut self, host: HostNo, finished: &Finished) {
        let Effects { set_facts, facts, include_vars, delegated, .. } = &finished.effects;
        self.learn(host, set_facts, facts);
        self.set_vars(host, include_vars, Level::IncludeVars);
        for DelegatedFacts { host, set_facts, facts } in delegated {
            let number = self.board.number(host).unwrap_or_else(|| self.adopt(host));
            self.learn(number, set_facts, facts);
        }
    }

    fn learn(&mut self, host: HostNo, set_facts: &Map, facts: &Map) {
        self.set_vars(host, set_facts, Level::SetFact);
        self.set_vars(host, facts, Level::Facts);
        if !facts.is_empty() {
            self.keep_facts(host);
        }
    }

    /// A host that the inventory does not name: it can be asked for, and is in no list.
    fn adopt(&mut self, name: &HostName) -> HostNo {
        let text = self.shared.compiler.layers_of_stranger(name.as_str());
        let mut host = Host::new(name.clone(), text.into_iter().map(Arc::new).collect());
        host.set_magic("inventory_hostname", name.as_str());
        let board = self.board_mut();
        let number = board.put(host);
        board.remove([name.clone()]);
        number
    }

    /// Changes variables of a host.
    pub(super) fn set_vars(&mut self, host: HostNo, vars: &Map, level: Level) {
        if vars.is_empty() {
            return;
        }
        let known = self.board_mut().get_mut(host);
        match level {
            Level::Facts => known.add_facts(vars),
            Level::IncludeVars => known.add_included(vars),
            Level::Magic => vars.iter().for_each(|(k, v)| known.set_magic(&k.to_string(), v.clone())),
            _ => known.add_set(vars),
        }
    }

    /// Counts the end and lets a failure take its way.
    fn weigh(&mut self, step: StepNo, host: HostNo, what: &Step, finished: &Finished) {
        self.note_role(step, host, what, &finished.fate);
        if self.is_judged(step, what) {
            self.fatal.entry(step).or_default();
        }
        let counts =
            matches!(what.kind, StepKind::Task(_) | StepKind::Expand(Expand::Tasks(_) | Expand::Role(..)));
        let tally = self.tallies.of(host);
        match &finished.fate {
            Fate::Ran { status: Status::Ok | Status::Skipped, changed, .. } if counts => {
                // An include counts once for each file or role that it brings, as in Ansible.
                tally.ok += u32::try_from(finished.inclusions.len()).unwrap_or(u32::MAX).max(1);
                tally.changed += u32::from(*changed);
            }
            Fate::Ran { ignored: true, changed, .. } => {
                if let Some(judged) = self.fatal.get_mut(&step) {
                    judged.ignored.push(host);
                }
                tally.ok += 1;
                tally.changed += u32::from(*changed);
                tally.ignored += 1;
            }
            Fate::Skipped { .. } if counts => tally.skipped += 1,
            Fate::Unreachable { ignored: true, .. } => {
                tally.ok += 1;
                tally.ignored += 1;
            }
            Fate::Unreachable { reason, .. } => {
                tally.unreachable += 1;
                let reason = reason.clone();
                self.lose_host(step, host, &reason);
                self.fail_gang(step, host, &reason);
                self.fail_others(step, host, what);
            }
            Fate::Ran { status: Status::Cancelled, .. } => {
                self.fail_host(step, host, Why::Cancelled, Some("the run was stopped"));
            }
            fate if fate.is_failure() => {
                let msg = finished.msg.clone().filter(|_| !finished.secret);
                let caught = self.fail_host(step, host, Why::Failed, msg.as_deref());
                if let Caught::Case(_) = caught {
                    self.fail_gang(step, host, msg.as_deref().unwrap_or("it says nothing about it"));
                }
                self.after_failure(host, what, finished, caught);
                self.fail_others(step, host, what);
            }
            _ => {}
        }
    }

    /// A failure on its way up the scopes; tells the case and the run.
    pub(super) fn fail_host(&mut self, step: StepNo, host: HostNo, why: Why, msg: Option<&str>) -> Caught {
        self.fail_in(self.node(step).scope, step, host, why, msg)
    }

    /// The same in the section that the host is in.
    pub(super) fn fail_in(
        &mut self,
        scope: ScopeNo,
        step: StepNo,
        host: HostNo,
        why: Why,
        msg: Option<&str>,
    ) -> Caught {
        self.break_flush(step, host);
        let caught = self.fates.fail(scope, host, why);
        let seems_rescued = self.seems_rescued(step);
        let tally = self.tallies.of(host);
        match caught {
            Caught::Rescue(_) if why == Why::Failed => tally.rescued += 1,
            Caught::Play(_) if why == Why::Failed && seems_rescued => tally.rescued += 1,
            Caught::Case(_) | Caught::Play(_) if why == Why::Failed => tally.failed += 1,
            _ => {}
        }
        match caught {
            Caught::Rescue(_) => {}
            Caught::Case(_) => {
                self.spoiled = true;
                self.blame_case(step, host, msg.unwrap_or("it failed"));
            }
            Caught::Play(_) => {
                self.left.insert(host);
                self.forgiven.remove(&host);
                self.recount();
                if why == Why::Failed {
                    let is_first = self.failed.insert(host);
                    if !self.fates.owes(scope, self.has_notified(step, host)) {
                        self.owing.remove(&host);
                    } else if is_first {
                        self.owing.insert(host);
                    }
                }
            }
        }
        caught
    }

    /// Called as Ansible, a handler that fails is counted by the block around its flush, whichever section the flush stands in.
    fn seems_rescued(&self, step: StepNo) -> bool {
        let is_late = self.shared.compiler.options.strictness == Strictness::Late;
        let Work::Step(what) = &self.node(step).work else { return false };
        let outermost = |scope| match self.fates.kind(scope) {
            ScopeKind::Block { outermost: true, rescue, .. } => Some(*rescue),
            _ => None,
        };
        let around = || self.fates.ancestors(self.node(step).scope).find_map(outermost);
        is_late && what.handling && around() == Some(true)
    }

    pub(super) fn blame_case(&mut self, step: StepNo, host: HostNo, msg: &str) {
        let Work::Step(what) = &self.node(step).work else { return };
        if let Some(place) = &what.case {
            let key = (place.id.clone(), host);
            self.cases.entry(key).or_default().failed.get_or_insert_with(|| msg.to_owned());
        }
    }

    fn lose_host(&mut self, step: StepNo, host: HostNo, reason: &str) {
        self.fates.lose(host);
        self.lost.insert(host);
        self.recount();
        self.blame_case(step, host, reason);
    }

    /// What a rescue sees of the task that failed.
    fn after_failure(&mut self, host: HostNo, what: &Step, finished: &Finished, caught: Caught) {
        if let Caught::Rescue(_) = caught {
            let action = super::magic::task(what).map(|t| t.call.name.to_string()).unwrap_or_default();
            let task = Map::from_iter([("name", finished.name.as_str()), ("action", action.as_str())]);
            let vars = Map::from_iter([
                ("ansible_failed_task", Value::from(task)),
                ("ansible_failed_result", Value::Map(Arc::clone(&finished.result))),
            ]);
            self.set_vars(host, &vars, Level::Magic);
        }
    }
}

/// A flush is only the place where handlers come in; what counts are they.
pub(super) fn is_silent(step: &Step) -> bool {
    matches!(step.kind, StepKind::Expand(Expand::Flush) | StepKind::Rendezvous)
}

/// Whether nobody hears of its beginning. The reference has a heading for a flush that is written.
pub(super) fn is_untold(step: &Step, strictness: Strictness) -> bool {
    is_silent(step) && (step.meta.is_none() || strictness == Strictness::Early)
}
