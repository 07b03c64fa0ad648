//! A play as rows of a tree: what is a branch, what a line, and what its columns say.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::case_rows::cases_row;
use super::words::{count, does, names, place, shortened};
use crate::base::HostName;
use crate::plan::{Chapter, PlayPlan, PrunedStep, ScopeIx, ScopeKind, Section, Step, StepIx, StepKind};

/// Instead of a place: the mode has added a step.
const ADDED: &str = "added by mode";

/// A line of the tree with what hangs under it.
#[derive(Clone, Debug, Default)]
pub(super) struct Row {
    /// The first column.
    pub label: String,
    /// The others.
    pub columns: Vec<String>,
    /// `:6`
    pub place: String,
    /// A line of text under the first column, without a branch of its own.
    pub free: Option<String>,
    /// Below it.
    pub children: Vec<Row>,
}

/// All rows of a play.
pub(super) fn play_rows(play: &PlayPlan, playbook: &str) -> Vec<Row> {
    Rows { play, playbook, root: Branch::default(), cases_at: None, required: false, told: Vec::new() }
        .build()
}

/// Branches by scope while they grow.
#[derive(Default)]
struct Branch {
    entries: Vec<Entry>,
}

enum Entry {
    Row(Row),
    Scope(ScopeIx, String, Branch),
}

struct Rows<'a> {
    play: &'a PlayPlan,
    playbook: &'a str,
    root: Branch,
    cases_at: Option<usize>,
    /// Whether it was said what the cases require.
    required: bool,
    /// Chapters that have their line.
    told: Vec<Arc<Chapter>>,
}

impl Rows<'_> {
    fn build(mut self) -> Vec<Row> {
        let fragment = &self.play.fragment;
        let mut pruned: BTreeMap<Option<StepIx>, Vec<&PrunedStep>> = BTreeMap::new();
        for step in self.play.pruning.pruned.iter().filter(|p| p.step.hosts.len() == p.hosts.len()) {
            pruned.entry(step.before).or_default().push(step);
        }
        for ix in fragment.graph.node_indices() {
            for gone in pruned.remove(&Some(ix)).unwrap_or_default() {
                self.pruned(gone);
            }
            self.step(&fragment.graph[ix]);
        }
        for gone in pruned.into_values().flatten() {
            self.pruned(gone);
        }
        self.handlers();
        rows(self.root)
    }

    fn step(&mut self, step: &Step) {
        // A flush that nobody wrote is where every reader expects it.
        let written = step.span.range() != self.play.play.span.range();
        let is_flush = matches!(step.kind, StepKind::Expand(crate::plan::Expand::Flush));
        if matches!(step.kind, StepKind::Join) || (is_flush && !written) {
            return;
        }
        if step.case.is_some() {
            if self.cases_at.is_none() {
                self.cases_at = Some(0);
                let path = self.path(self.around_case(step.scope));
                let row = cases_row(self.play, self.playbook);
                self.requires(&path);
                self.add(&path, row);
            }
            return;
        }
        let Some(scope) = self.begins(step) else { return };
        let path = self.path(scope);
        if matches!(step.kind, StepKind::SameEnvironment) {
            self.requires(&path);
        }
        let mut row = self.row(step);
        let gone = self.play.pruning.pruned.iter().find(|p| p.step.id == step.id);
        if let Some(gone) = gone {
            let names: Vec<&str> = gone.hosts.iter().map(HostName::as_str).collect();
            row.columns.push(format!("✂ {}", names.join(" ")));
        }
        self.add(&path, row);
    }

    /// The scope in which a step has its line; nothing when it shares the line of its chapter, which is there already.
    fn begins(&mut self, step: &Step) -> Option<ScopeIx> {
        let Some(chapter) = &step.chapter else { return Some(step.scope) };
        if self.told.iter().any(|told| Arc::ptr_eq(told, chapter)) {
            return None;
        }
        self.told.push(Arc::clone(chapter));
        Some(chapter.scope)
    }

    fn row(&self, step: &Step) -> Row {
        let hosts = count(step.hosts.len(), "host");
        if let Some(chapter) = &step.chapter {
            let note = if self.in_always(chapter.scope) { "always: failure, Ctrl-C too" } else { "" };
            return Row {
                label: step.title().to_owned(),
                columns: vec![chapter.detail.clone(), note.to_owned(), hosts],
                place: place(&chapter.span, self.playbook),
                ..Row::default()
            };
        }
        let at = place(&step.span, self.playbook);
        let (label, columns) = match &step.kind {
            StepKind::MonitorStart(monitoring) => {
                let inside = step.hosts.iter().filter(|h| self.play.pruning.mode.contains_key(*h)).count();
                let note = match inside {
                    0 => "on the machine",
                    all if all == step.hosts.len() => "inside the target",
                    _ => "on the machine, or inside the target",
                };
                (step.name.clone(), vec![monitoring.detail.clone(), note.to_owned(), hosts])
            }
            StepKind::MonitorStop(_) => (step.name.clone(), vec![String::new(), "always".to_owned(), hosts]),
            StepKind::Task(task) => {
                let does = does(task);
                let when: Vec<String> = task.inherited.when.iter().map(|w| w.value.to_string()).collect();
                let mut notes = Vec::new();
                if !when.is_empty() {
                    notes.push(format!("when {}", shortened(&when.join(" and "), 40)));
                }
                if task.r#loop.is_some() {
                    notes.push("loop".to_owned());
                }
                match (&task.inherited.delegate_to, &task.inherited.container) {
                    (Some(to), _) => notes.push(format!("on {}", to.value)),
                    // Who is inside already enters nothing.
                    (None, Some(container)) if !self.all_inside(step) => {
                        notes.push(format!("in {}", container.value));
                    }
                    (None, _) => {}
                }
                if task.inherited.run_once.as_ref().is_some_and(|r| r.value.to_bool() == Some(true)) {
                    notes.push("once".to_owned());
                }
                if step.name == "facts" && task.call.short_name() == "gather_facts" {
                    ("facts".to_owned(), vec![String::new(), String::new(), hosts])
                } else if step.name == task.call.short_name() {
                    let about = does.strip_prefix(&step.name).unwrap_or(&does).trim();
                    (step.name.clone(), vec![shortened(about, 48), notes.join(", "), hosts])
                } else {
                    (shortened(&step.name, 44), vec![shortened(&does, 48), notes.join(", "), hosts])
                }
            }
            StepKind::Expand(crate::plan::Expand::Flush) => (
                "flush handlers".to_owned(),
                vec![String::new(), "those that were notified".to_owned(), hosts],
            ),
            StepKind::SameEnvironment => {
                let compared = format!("compared across {}", names(&step.hosts));
                let what = "packages, drivers, libc".to_owned();
                return Row {
                    label: step.name.clone(),
                    columns: vec![what, compared, hosts],
                    place: ADDED.to_owned(),
                    ..Row::default()
                };
            }
            StepKind::Expand(_) => {
                (shortened(&step.name, 44), vec!["read when it is reached".to_owned(), String::new(), hosts])
            }
            _ => (step.name.clone(), vec![String::new(), String::new(), hosts]),
        };
        let labelled = step.stage.as_ref().filter(|s| !is_of_monitor(&step.kind) && s.name() != label);
        let label = match labelled {
            Some(stage) => format!("{}: {label}", stage.name()),
            None => label,
        };
        Row { label, columns, place: at, ..Row::default() }
    }

    fn pruned(&mut self, gone: &PrunedStep) {
        let step = &gone.step;
        if step.case.is_some() {
            return;
        }
        let Some(scope) = self.begins(step) else { return };
        let mut words = vec!["pruned".to_owned()];
        if let Some(chapter) = &step.chapter
            && chapter.detail.starts_with("role ")
        {
            let role = chapter.detail.split(" in ").next().unwrap_or_default();
            words.push(format!("{role}: its variables stay, its tasks go"));
        }
        if gone.before.is_none() {
            let last =
                self.play.fragment.graph.node_indices().next_back().map(|ix| &self.play.fragment.graph[ix]);
            if let Some(last) = last {
                let name = if last.case.is_some() { "the cases" } else { last.title() };
                words.push(format!("edges end at {name}"));
            }
        }
        let row = Row {
            label: format!("✂ {}", step.title()),
            columns: vec![words.join(" · ")],
            place: place(step.chapter.as_ref().map_or(&step.span, |chapter| &chapter.span), self.playbook),
            ..Row::default()
        };
        let path = self.path(scope);
        self.add(&path, row);
    }

    /// What is checked on targets that are used as they are.
    fn requires(&mut self, path: &[(ScopeIx, String)]) {
        if self.play.pruning.mode.is_empty() || std::mem::replace(&mut self.required, true) {
            return;
        }
        let mut needs: Vec<String> = Vec::new();
        for case in &self.play.fragment.cases {
            for requirement in &case.requires {
                let text = format!("{} ({})", super::case_rows::requirement(requirement), case.name);
                if !needs.contains(&text) {
                    needs.push(text);
                }
            }
        }
        if !needs.is_empty() {
            let hosts = count(self.play.pruning.mode.len(), "host");
            let columns = vec![needs.join(", "), "checked, not installed".to_owned(), hosts];
            let place = ADDED.to_owned();
            self.add(path, Row { label: "requires".to_owned(), columns, place, ..Row::default() });
        }
    }

    fn handlers(&mut self) {
        let names: Vec<String> =
            self.play.fragment.handlers.iter().filter_map(|h| Some(h.names.first()?.to_string())).collect();
        if !names.is_empty() {
            let columns = vec![shortened(&names.join(", "), 60), "when notified".to_owned()];
            self.root.entries.push(Entry::Row(Row {
                label: "handlers".to_owned(),
                columns,
                ..Row::default()
            }));
        }
    }

    /// The branches a step hangs under: roles, named blocks, rescue and always of blocks.
    fn path(&self, scope: ScopeIx) -> Vec<(ScopeIx, String)> {
        let scopes = &self.play.fragment.scopes;
        let mut path: Vec<(ScopeIx, String)> = self
            .play
            .fragment
            .ancestors(scope)
            .filter_map(|ix| match &scopes[ix.index()].kind {
                ScopeKind::Group(label) | ScopeKind::Plain { label, .. } if label.is_empty() => None,
                ScopeKind::Group(label)
                | ScopeKind::Plain { label, .. }
                | ScopeKind::Role(crate::plan::RoleScope { label, .. }) => Some((ix, label.to_string())),
                ScopeKind::Section(Section::Rescue) => Some((ix, "rescue".to_owned())),
                ScopeKind::Section(Section::Always) if !self.is_lifecycle(ix) => {
                    Some((ix, "always".to_owned()))
                }
                _ => None,
            })
            .collect();
        path.reverse();
        path
    }

    /// Whether a section belongs to a container or a monitor.
    fn is_lifecycle(&self, section: ScopeIx) -> bool {
        let ours = |s: &Step| match &s.chapter {
            Some(chapter) => chapter.scope == section,
            None => s.scope == section && is_of_monitor(&s.kind),
        };
        self.play.fragment.graph.node_weights().any(ours)
            || self.play.pruning.pruned.iter().any(|p| ours(&p.step))
    }

    fn all_inside(&self, step: &Step) -> bool {
        step.hosts.iter().all(|host| self.play.pruning.mode.contains_key(host))
    }

    /// The scope around the case that a scope is in.
    fn around_case(&self, scope: ScopeIx) -> ScopeIx {
        let scopes = &self.play.fragment.scopes;
        let mut around = self.play.fragment.ancestors(scope);
        let case = around.find(|ix| matches!(scopes[ix.index()].kind, ScopeKind::Case(_)));
        case.and_then(|ix| scopes[ix.index()].parent).unwrap_or(scope)
    }

    fn in_always(&self, scope: ScopeIx) -> bool {
        let always =
            |ix: ScopeIx| self.play.fragment.scopes[ix.index()].kind == ScopeKind::Section(Section::Always);
        self.play.fragment.ancestors(scope).any(always)
    }

    fn add(&mut self, path: &[(ScopeIx, String)], row: Row) {
        let mut branch = &mut self.root;
        for (scope, label) in path {
            let there = branch.entries.iter().rposition(|e| matches!(e, Entry::Scope(s, ..) if s == scope));
            let at = there.unwrap_or_else(|| {
                branch.entries.push(Entry::Scope(*scope, label.clone(), Branch::default()));
                branch.entries.len() - 1
            });
            let Entry::Scope(_, _, inner) = &mut branch.entries[at] else { return };
            branch = inner;
        }
        branch.entries.push(Entry::Row(row));
    }
}

/// Whether a step starts or ends monitors.
fn is_of_monitor(kind: &StepKind) -> bool {
    matches!(kind, StepKind::MonitorStart(_) | StepKind::MonitorStop(_))
}

fn rows(branch: Branch) -> Vec<Row> {
    let row = |entry| match entry {
        Entry::Row(row) => row,
        Entry::Scope(_, label, inner) => Row { label, children: rows(inner), ..Row::default() },
    };
    branch.entries.into_iter().map(row).collect()
}
