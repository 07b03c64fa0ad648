//! How the graph grows while the run goes on: plays are bound, includes and flushes bring fragments.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::dispatcher::{Dispatcher, narrow};
use super::graft::Graft;
use super::hosts::Host;
use super::magic::{PlayFacts, host_scope, inventory_file, layer, of_run};
use super::node::{Node, PlayRun, Work};
use super::queue::{HostNo, Place, Shape, StepNo};
use crate::base::{Diagnostic, Diagnostics, HostName, Map, Severity, Value};
use crate::event::{Brought, Event};
use crate::load::absolute;
use crate::model::inventory::LOCALHOST;
use crate::model::{Level, Strategy};
use crate::plan::{self, Compiler, Fragment, Inclusion, Order, Step, Strictness, Target};
use crate::vars::Templar;

/// Problems of what an include brings that end a run of Ansible's.
const PARSING: [&str; 5] = ["misplaced-meta", "no-file", "no-handler", "outside-of-role", "unknown-module"];

impl Dispatcher {
    /// Takes the hosts and groups of the inventory as they are now; what is known of a host stays.
    pub(super) fn refresh_hosts(&mut self) {
        let names =
            |hosts: Vec<HostName>| Value::from(hosts.iter().map(HostName::as_str).collect::<Vec<_>>());
        let groups = self.inventory.groups.keys();
        let groups: Map =
            groups.map(|group| (Arc::clone(group), names(self.inventory.hosts_of(group)))).collect();
        let written = self.inventory.hosts.keys().cloned();
        // A play may name `localhost` without an inventory that has it, and so may `hostvars`.
        let implicit = self.plan.plays.iter().flat_map(|p| p.hosts.iter().cloned());
        let is_there = |host: &HostName| self.inventory.host(host.as_str()).is_some();
        let there: BTreeSet<HostName> = written.clone().chain(implicit.clone()).collect();
        let asked = HostName::from(LOCALHOST[0]);
        let asked = Some(asked).filter(|_| !LOCALHOST.iter().any(|name| there.contains(*name)));
        let hosts: Vec<HostName> = written.chain(implicit.filter(is_there)).chain(asked).collect();
        let mut problems = Diagnostics::new();
        self.moment = None;
        let board = Arc::make_mut(&mut self.board);
        let project = &self.shared.compiler.project;
        let mut magic = of_run(&self.shared.options, project);
        magic.insert("groups", groups);
        let first = self.plan.plays.first().map(|plan| absolute(&plan.play.folder).into());
        let folder = board.magic.as_ref().and_then(|magic| magic.vars.get("playbook_dir").cloned());
        magic.insert("playbook_dir", folder.or(first));
        board.magic = Some(Arc::new(layer(Level::Magic, magic)));
        for name in hosts {
            let layers = self.shared.compiler.host_layers(&self.inventory, name.as_str());
            let mut layers = layers.unwrap_or_else(|p| {
                problems.extend(p);
                Vec::new()
            });
            layers.push(project.extra.clone());
            let text = layers.into_iter().map(Arc::new).collect();
            let mut host = if let Some(known) = board.find(name.as_str()) {
                Host { text, ..Host::clone(known) }
            } else {
                let mut host = Host::new(name.clone(), text);
                if let Some(cache) = &self.shared.compiler.options.fact_cache {
                    host.add_facts(&cache.read(&name));
                }
                host
            };
            host.implicit = !self.inventory.hosts.contains_key(&name);
            let short = name.as_str().split('.').next().unwrap_or_default();
            host.set_magic("inventory_hostname", name.as_str());
            host.set_magic("inventory_hostname_short", short);
            if let Some((file, folder)) =
                self.inventory.hosts.get(&name).and_then(|h| inventory_file(&h.span))
            {
                host.set_magic("inventory_file", file);
                host.set_magic("inventory_dir", folder);
            }
            let groups = self.inventory.group_names(name.as_str());
            host.set_magic("group_names", groups.into_iter().map(Value::from).collect::<Vec<_>>());
            board.put(host);
        }
        self.name_machines();
        if !problems.is_empty() {
            self.break_off(&problems);
        }
    }

    /// The machine of each host: the variable `machine`, else its endpoint.
    fn name_machines(&mut self) {
        let snapshot = Arc::clone(&self.board);
        for host in snapshot.iter() {
            let templar = Templar::new(host_scope(host, &snapshot), Arc::clone(&self.shared.environment));
            let said = templar.scope().lookup("machine").map(|(value, _)| templar.render_str(value));
            let machine: Option<Arc<str>> = match said {
                Some(Ok(name)) if !name.is_empty() => Some(name.into()),
                // What only facts can tell: the endpoint will do until then.
                _ => super::delegate::endpoint(host.name.as_str(), None, &templar)
                    .ok()
                    .and_then(Result::ok)
                    .map(|endpoint| endpoint.machine().into()),
            };
            if let (Some(machine), Some(number)) = (machine, snapshot.number(&host.name)) {
                self.board_mut().get_mut(number).machine = machine;
            }
        }
    }

    /// `clear_host_errors` takes effect.
    pub(super) fn take_back(&mut self) {
        for host in std::mem::take(&mut self.forgiven) {
            self.left.remove(&host);
        }
        self.lose_again();
        self.recount();
    }

    /// Tells that a playbook is over where the next begins. As in Ansible, it does not begin after one in which a host failed.
    fn next_playbook(&mut self, play: usize) -> bool {
        let more = &self.shared.compiler.project.playbook.more;
        let Some((_, next)) = more.iter().find(|(first, _)| *first == play) else { return false };
        if !self.failed.is_empty() || !self.lost.is_empty() {
            self.over = true;
            return true;
        }
        let (next, hosts) = (crate::load::shown(next), self.tallies.by_name(&self.board));
        self.emit(Event::PlaybookEnded { next, hosts });
        false
    }

    /// A play begins: its hosts are bound, its batches follow each other.
    pub(super) fn start_play(&mut self, step: StepNo, number: usize) {
        if self.over || self.fates.is_cancelled() {
            return self.leave_out_all(number, None);
        }
        self.take_back();
        self.owing.clear();
        if self.next_playbook(number) {
            return self.leave_out_all(number, None);
        }
        let options = &self.shared.compiler.options;
        let compiled = self.plan.plays.iter().find(|p| p.number == number);
        let plan = match compiled {
            Some(plan) if !self.inventory_changed && !options.unmatched_is_error => plan.clone(),
            _ => match self.shared.compiler.bind(number, &self.inventory) {
                Ok(plan) => plan,
                Err(problems) => return self.break_off(&problems),
            },
        };
        let numbers = |d: &Self, hosts: &[HostName]| -> Vec<HostNo> {
            let known = hosts.iter().filter_map(|h| d.board.number(h));
            match d.past.bound(number) {
                // As it was when the play began.
                Some(bound) => known.filter(|h| bound.contains(d.name(*h))).collect(),
                None => known.filter(|h| !d.left.contains(h) && !d.lost.contains(h)).collect(),
            }
        };
        let all = numbers(self, &plan.hosts);
        let batches: Vec<Vec<HostNo>> =
            plan.batches.iter().map(|b| numbers(self, b)).filter(|b| !b.is_empty()).collect();
        let batches = if plan.batches.is_empty() { vec![all.clone()] } else { batches };
        let names: Vec<HostName> = all.iter().map(|h| self.name(*h).clone()).collect();
        let lockstep = plan.strategy == Strategy::Linear;
        let (name, hosts) = (plan.name.clone(), names.clone());
        let all_gone = all.is_empty() && !plan.hosts.is_empty();
        if all_gone {
            self.failed.extend(std::mem::take(&mut self.taken));
        }
        self.emit(Event::PlayStarted { play: number, name, hosts, lockstep, all_gone });
        if self.inventory.unread.has_errors() {
            let problems = self.inventory.unread.clone();
            return self.break_off(&problems);
        }
        let magic = self.board_mut().magic.as_mut().map(Arc::make_mut);
        if let Some(magic) = magic {
            Arc::make_mut(&mut magic.vars).insert("playbook_dir", absolute(&plan.play.folder));
        }
        for (host, registers) in &plan.pruning.registers {
            if let Some(host) = self.board.number(host) {
                self.set_vars(host, registers, Level::SetFact);
            }
        }
        let facts = PlayFacts {
            number,
            name: plan.name.clone(),
            folder: plan.play.folder.clone(),
            in_container: plan.pruning.mode.keys().cloned().collect(),
            all: plan.hosts.clone(),
            vars_files: plan.fragment.vars_files.clone().into(),
            roles: Arc::new(plan.fragment.roles.clone()),
            ..PlayFacts::default()
        };
        let most = plan.play.max_fail_percentage.as_ref().and_then(|v| super::keyword::number(&v.value));
        let run = PlayRun {
            facts,
            now: None,
            strategy: plan.strategy,
            is_ended: false,
            batches: batches.clone(),
            handlers: plan.fragment.handlers.clone(),
            notified: HashMap::new(),
            words: HashMap::new(),
            flushing: HashMap::new(),
            most_failures: most,
            plan,
        };
        self.plays.insert(number, run);
        if all.is_empty() {
            return;
        }
        self.chain_batches(step, number, batches.len());
    }

    /// Adds a start and an end for each batch of a play, one batch after the other.
    fn chain_batches(&mut self, step: StepNo, number: usize, batches: usize) {
        let control = vec![HostNo::CONTROL];
        let node = self.node(step).clone();
        let Some(join) = node.join else { return };
        let offset = narrow(self.nodes.len());
        let mut edges = Vec::new();
        for batch in 0..batches {
            let start = 2 * narrow(batch);
            if batch > 0 {
                edges.push((start - 1, start, Order::PerHost));
            }
            edges.push((start, start + 1, Order::PerHost));
            // What comes after its end: the next batch, or the end of the play.
            let next = if batch + 1 < batches { StepNo(offset + start + 2) } else { join };
            let end = StepNo(offset + start + 1);
            for (work, join) in [(Work::Batch(number, batch), end), (Work::BatchEnd(number, batch), next)] {
                self.nodes.push(Node { work, batch, join: Some(join), ..node.clone() });
            }
        }
        let shape = Shape { hosts: control.clone(), steps: vec![control; 2 * batches], edges };
        let place = Place { after: vec![(step, Order::PerHost)], before: Some((join, Order::PerHost)) };
        self.queue.add(shape, &place);
    }

    /// A batch of a play begins: its steps come into the graph.
    pub(super) fn start_batch(&mut self, step: StepNo, play: usize, batch: usize) {
        if self.over {
            let hosts = self.plays.get(&play).map(|run| run.batches[batch].clone()).unwrap_or_default();
            return self.leave_out_all(play, Some(&hosts));
        }
        let join = self.node(step).join;
        let (Some(run), Some(join)) = (self.plays.get_mut(&play), join) else { return };
        if run.is_ended {
            return;
        }
        let hosts: Vec<HostNo> = run.batches[batch].clone();
        self.failed.extend(std::mem::take(&mut self.taken));
        let fragment = run.plan.fragment.clone();
        run.facts.batch = hosts.iter().map(|h| self.board.get(*h).name.clone()).collect();
        run.facts.exposed.clear();
        run.now = None;
        let name = run.facts.name.clone();
        if batch > 0 {
            self.emit(Event::BatchStarted { play, name });
        }
        let place = Place { after: vec![(step, Order::Barrier)], before: Some((join, Order::Barrier)) };
        let first = StepNo(narrow(self.nodes.len()));
        let count = self.graft(&fragment, Graft { play, batch, under: None, hosts, place, case: None });
        self.note_brought(step, first.0..first.0 + narrow(count));
        self.start_later(first);
    }

    /// A batch is over: when all its hosts are gone, so is the run.
    pub(super) fn end_batch(&mut self, play: usize, batch: usize) {
        let Some(run) = self.plays.get(&play) else { return };
        let hosts = &run.batches[batch];
        let gone =
            |h: &HostNo| (self.left.contains(h) || self.lost.contains(h)) && !self.forgiven.contains(h);
        if !hosts.is_empty() && hosts.iter().all(gone) {
            self.over = true;
        }
    }

    /// Brings what the hosts of an include ask for; hosts with equal wishes share a fragment.
    pub(super) fn include(&mut self, step: StepNo, wishes: Vec<(HostNo, Vec<Inclusion>)>) -> Vec<Refused> {
        let mut groups: Vec<(Vec<Inclusion>, Vec<HostNo>)> = Vec::new();
        for (host, inclusions) in wishes.into_iter().filter(|(_, inclusions)| !inclusions.is_empty()) {
            match groups.iter_mut().find(|(known, _)| *known == inclusions) {
                Some((_, hosts)) => hosts.push(host),
                None => groups.push((inclusions, vec![host])),
            }
        }
        let mut refused = Vec::new();
        for (inclusions, hosts) in groups {
            refused.extend(self.bring(step, hosts, |compiler, play, expand, names| {
                compiler.expand(play, expand, names, &inclusions)
            }));
        }
        refused
    }

    /// Brings the handlers of a play to these hosts.
    pub(super) fn flush(&mut self, step: StepNo, hosts: Vec<HostNo>) -> Vec<Refused> {
        let play = self.node(step).play;
        self.begin_flush(step, &hosts);
        self.settle_notifications(play, &hosts);
        let Some(run) = self.plays.get(&play) else { return Vec::new() };
        let notified = |h: &HostNo| run.notified.get(h).is_some_and(|n| !n.is_empty());
        if !hosts.iter().any(notified) {
            return Vec::new();
        }
        let handlers = run.handlers.clone();
        let refused = self
            .bring(step, hosts, |compiler, play, flush, names| compiler.flush(play, flush, names, &handlers));
        refused.into_iter().collect()
    }

    /// Compiles a fragment and puts it in its place.
    fn bring(
        &mut self,
        step: StepNo,
        mut hosts: Vec<HostNo>,
        compile: impl FnOnce(&Compiler, usize, &Step, &[HostName]) -> Result<Fragment, Diagnostics>,
    ) -> Option<Refused> {
        let node = self.node(step).clone();
        // Whoever came first: the graph and what is told of it are the same each time.
        let places = node.places();
        hosts.sort_unstable_by_key(|host| places.get(host));
        let Work::Step(expand) = &node.work else { return None };
        let names: Vec<HostName> = hosts.iter().map(|h| self.name(*h).clone()).collect();
        match compile(&self.shared.compiler, node.play, expand, &names) {
            Err(problems) => {
                let strictness = self.shared.compiler.options.strictness;
                let first = problems.iter().find(|d| d.severity == Severity::Error);
                // As in Ansible, what cannot be read ends the run; what is not there is the hosts' failure.
                if let Some(first) =
                    first.filter(|d| strictness == Strictness::Late && PARSING.contains(&d.code))
                {
                    self.misread = true;
                    self.abort_at(first.message.clone(), first.span.as_ref());
                }
                let is_late = strictness == Strictness::Late;
                let is_absent = |code| code == plan::ABSENT || is_late && code == "missing-role";
                let absent = problems.iter().find(|d| is_absent(d.code)).map(|d| d.message.clone());
                let count = problems.iter().filter(|d| d.severity == Severity::Error).count();
                Some(Refused { hosts, said: in_one_line(&problems), absent, count: narrow(count) })
            }
            Ok(fragment) => {
                self.splice(step, &fragment, hosts, names);
                None
            }
        }
    }

    /// Puts a fragment between an expand step and its join.
    fn splice(&mut self, step: StepNo, fragment: &Fragment, hosts: Vec<HostNo>, names: Vec<HostName>) {
        let node = self.node(step).clone();
        if let Some(run) = self.plays.get_mut(&node.play) {
            run.handlers.extend(fragment.handlers.iter().cloned());
            run.now = None;
            for layer in &fragment.exposed {
                // The same role again, as in a loop: the later one counts.
                run.facts
                    .exposed
                    .retain(|known| (known.level, &known.origin) != (layer.level, &layer.origin));
                run.facts.exposed.push(Arc::new(layer.clone()));
            }
        }
        let after = vec![(step, Order::PerHost)];
        let place = Place { after, before: node.join.map(|join| (join, Order::PerHost)) };
        let under = Some(node.scope);
        let graft = Graft { play: node.play, batch: node.batch, under, hosts, place, case: node.case };
        let first = narrow(self.nodes.len());
        let steps = self.graft(fragment, graft);
        self.note_brought(step, first..first + narrow(steps));
        if let Some(id) = self.id(step) {
            let brought = fragment.brought.iter().map(brought).collect();
            self.emit(Event::Expanded { step: id, hosts: names, steps, brought });
        }
    }

    /// A play that cannot be bound: the run goes no further.
    pub(super) fn break_off(&mut self, problems: &Diagnostics) {
        let first = problems.iter().find(|d| d.severity == Severity::Error);
        match first.filter(|_| self.shared.compiler.options.strictness == Strictness::Late) {
            Some(first) => self.abort_at(first.message.clone(), first.span.as_ref()),
            None => self.warn(problems.to_string()),
        }
        self.spoiled = true;
        self.over = true;
    }
}

fn brought(found: &plan::Brought) -> Brought {
    let name = match &found.target {
        Target::Role(name) => name.to_string(),
        Target::File(path) => std::path::absolute(path).as_deref().unwrap_or(path).display().to_string(),
    };
    Brought { name, item: found.item.clone() }
}

/// Hosts that do not get what they asked for, and why.
pub(super) struct Refused {
    pub hosts: Vec<HostNo>,
    /// What is wrong.
    pub said: String,
    /// That a file is not there, in the reference's words.
    pub absent: Option<String>,
    /// With how many files or roles.
    pub count: u32,
}

/// What is wrong, as a step says it.
fn in_one_line(problems: &Diagnostics) -> String {
    let line = |d: &Diagnostic| {
        let place = d.span.as_ref().map(|s| format!(" at {s}")).unwrap_or_default();
        let message = format!("{}{place}", d.message);
        std::iter::once(message).chain(d.help.iter().cloned()).collect::<Vec<_>>().join("; ")
    };
    let errors = problems.iter().filter(|d| d.severity == Severity::Error);
    errors.map(line).collect::<Vec<_>>().join(". ")
}

/// What a step inherits and says itself; nothing for most of the compiler's own.
pub(super) fn inherited(step: &Step) -> Option<&crate::model::Inherited> {
    let around = || step.surroundings.as_ref().map(|s| &s.inherited);
    super::magic::task(step).or(step.meta.as_ref()).map(|task| &task.inherited).or_else(around)
}
