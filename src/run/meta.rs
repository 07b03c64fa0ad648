//! Steps that only ask whether they are to happen: `meta`, and what the compiler has added; and what a `meta` then does to the
//! run. Its words are Ansible's, because scripts look for them.

use std::collections::HashSet;

use super::conditions::{holds, skipped};
use super::dispatcher::Dispatcher;
use super::fates::Verdict;
use super::growth::inherited;
use super::node::{Node, Work};
use super::queue::{HostNo, StepNo};
use super::unit::{Finished, Unit, said};
use crate::base::{HostName, Map, Timestamp, Value};
use crate::plan::{Meta, StepKind, Strictness};

impl Unit {
    /// A step without arguments: only its conditions count.
    pub(super) fn conditions_only(&self, started: Timestamp) -> Finished {
        let meta = match &self.step.kind {
            StepKind::Meta(meta) => Some(meta.value),
            _ => None,
        };
        let done = || Finished {
            result: meta.map(|m| done(m, &self.host.name)).unwrap_or_default().into(),
            ..Finished::ok(started)
        };
        let said_so = inherited(&self.step);
        let is_late = self.shared.compiler.options.strictness == Strictness::Late;
        if is_late && meta.is_some_and(Meta::is_unconditional) {
            return done();
        }
        let Some(conditions) = said_so.map(|i| &i.when) else { return done() };
        match holds(conditions, &self.plain_templar(self.scope())) {
            Ok(None) => done(),
            Ok(Some(condition)) => {
                let result = match meta {
                    Some(meta) => skipped_meta(meta, &self.host.name),
                    None => skipped(&condition),
                };
                Finished::skipped(result, started)
            }
            Err(error) => Finished::failed(said(&error), started),
        }
    }
}

impl Dispatcher {
    /// Does what a `meta` asks of the run.
    pub(super) fn apply_meta(&mut self, step: StepNo, host: HostNo, meta: Meta) {
        let node = self.node(step).clone();
        let is_late = self.shared.compiler.options.strictness == Strictness::Late;
        if let Work::Step(what) = &node.work
            && is_late
            && meta.is_unconditional()
            && inherited(what).is_some_and(|said| !said.when.is_empty())
        {
            self.warn(format!("{} task does not support when conditional", meta.word()));
        }
        match meta {
            Meta::EndHost => self.end_host(step, host),
            Meta::EndRole => self.fates.end_role(node.scope, host),
            Meta::EndPlay | Meta::EndBatch => {
                let Some(run) = self.plays.get_mut(&node.play) else { return };
                // The batches that are still to come do not begin.
                run.is_ended |= meta == Meta::EndPlay;
                for other in run.batches.get(node.batch).cloned().unwrap_or_default() {
                    self.end_host(step, other);
                }
            }
            Meta::ClearFacts => node.hosts.iter().for_each(|host| self.forget_facts(*host)),
            Meta::ClearHostErrors => self.clear_errors(step, host),
            // The first host does it for all.
            Meta::RefreshInventory if node.left == node.hosts.len() => self.read_inventory_again(step),
            Meta::FlushHandlers => self.abort(crate::plan::MISPLACED_FLUSH.to_owned()),
            // A session that was lost is opened anew by itself.
            Meta::Noop | Meta::ResetConnection | Meta::RefreshInventory => {}
        }
    }

    /// Who is still at work goes on, and so does who has failed, behind the list of tasks in which that was; where that is the play
    /// itself, with the next play. As in Ansible, those of other batches and those whom the play does not name stay what they are,
    /// and who comes back counts among the hosts of the play with the next one.
    fn clear_errors(&mut self, step: StepNo, host: HostNo) {
        let node = self.node(step).clone();
        let named = self.of_batch(&node);
        let at_work = if self.onces.contains_key(&step) { node.hosts.to_vec() } else { vec![host] };
        let is_here =
            |host: &HostNo| at_work.contains(host) && self.fates.verdict(node.scope, *host) == Verdict::Run;
        let (here, others): (Vec<HostNo>, Vec<HostNo>) =
            named.iter().chain(&at_work).partition(|host| is_here(host));
        for host in here {
            self.fates.forgive(node.scope, host);
        }
        let back: Vec<HostNo> = self.lost.extract_if(|host| named.contains(host)).collect();
        for host in &back {
            self.fates.regain(*host);
            self.left.insert(*host);
        }
        self.forgiven.extend(self.left.intersection(&named));
        self.owing.retain(|host| !named.contains(host));
        self.let_begin(&node, &back);
        // Also who is on the way to a rescue.
        let concerned = |host: &HostNo| {
            let has_failed =
                self.left.contains(host) || self.fates.has_failed(self.standing(step, *host), *host);
            back.contains(host) || has_failed && !self.lost.contains(host)
        };
        let others: Vec<HostNo> = others.into_iter().filter(concerned).collect();
        self.let_go_on(step, others);
        self.recount();
        self.failed.retain(|host| !named.contains(host));
        self.taken.retain(|host| !named.contains(host));
        self.over = false;
    }

    /// The hosts of a step's batch, also those that were gone when it began.
    fn of_batch(&self, node: &Node) -> HashSet<HostNo> {
        let Some(run) = self.plays.get(&node.play) else { return HashSet::new() };
        let here = run.batches.get(node.batch).map(Vec::as_slice).unwrap_or_default();
        let numbers = |names: &[HostName]| -> HashSet<HostNo> {
            names.iter().filter_map(|name| self.board.number(name)).collect()
        };
        let mut batches = run.plan.batches.iter().map(|names| numbers(names));
        let own = batches.find(|batch| here.iter().any(|host| batch.contains(host)));
        own.unwrap_or_else(|| numbers(&run.plan.hosts))
    }

    /// A host leaves the play. Called as Ansible, whether it has failed is settled as there, by where it has come to.
    fn end_host(&mut self, step: StepNo, host: HostNo) {
        let node = self.node(step);
        let is_here = node.hosts.contains(&host) && self.fates.verdict(node.scope, host) == Verdict::Run;
        let scope = node.scope;
        let at = if is_here { scope } else { self.node(self.stand(step, host)).scope };
        if self.shared.compiler.options.strictness == Strictness::Late
            && let Some(fails) = self.fates.fails_by_ending(at, host)
        {
            if fails {
                self.left.insert(host);
                self.forgiven.remove(&host);
                if self.failed.insert(host) {
                    // At the end of the play, and not before.
                    self.owing.insert(host);
                }
            } else if self.failed.remove(&host) {
                if self.owing.remove(&host) {
                    self.left.remove(&host);
                } else {
                    self.taken.insert(host);
                }
            }
            self.recount();
        }
        self.fates.end(scope, host);
    }
}

/// What a `meta` says that is done.
fn done(meta: Meta, host: &HostName) -> Map {
    let words = match meta {
        Meta::Noop | Meta::FlushHandlers => meta.word().to_owned(),
        Meta::EndHost => format!("ending play for {host}"),
        Meta::EndPlay => "ending play".to_owned(),
        Meta::EndBatch => "ending batch".to_owned(),
        Meta::EndRole => format!("ending role for {host}"),
        Meta::ClearFacts => "facts cleared".to_owned(),
        Meta::ClearHostErrors => "cleared host errors".to_owned(),
        Meta::ResetConnection => "reset connection".to_owned(),
        Meta::RefreshInventory => "inventory successfully refreshed".to_owned(),
    };
    Map::from_iter([("msg", Value::from(words)), ("changed", false.into())])
}

/// What is said of one whose condition does not hold.
fn skipped_meta(meta: Meta, host: &HostName) -> Map {
    let word = meta.word();
    let instead = match meta {
        Meta::EndHost => format!(", continuing execution for {host}"),
        Meta::EndPlay => ", continuing play".to_owned(),
        Meta::EndBatch => ", continuing current batch".to_owned(),
        Meta::EndRole => format!(", continuing role for {host}"),
        Meta::ClearFacts => format!(", not clearing facts and fact cache for {host}"),
        Meta::ClearHostErrors => format!(", not clearing host error state for {host}"),
        Meta::FlushHandlers => format!(", not running handlers for {host}"),
        Meta::Noop | Meta::ResetConnection | Meta::RefreshInventory => String::new(),
    };
    let reason = format!("{word} conditional evaluated to False{instead}");
    let msg = match meta {
        Meta::EndHost => format!("end_host conditional evaluated to false{instead}"),
        _ => word.to_owned(),
    };
    Map::from_iter([("msg", Value::from(msg)), ("skipped", true.into()), ("skip_reason", reason.into())])
}
