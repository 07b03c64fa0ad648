//! The variables that a task's text reads, directly and through other variables, each with its place.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Surroundings;
use super::build::Build;
use crate::base::{Span, Spanned, Text, Value};
use crate::model::Task;
use crate::vars::{References, Scope, condition_references, references};

/// One variable that a text reads.
#[derive(Clone, Debug)]
pub(super) struct Reading {
    /// The variable.
    pub name: Arc<str>,
    /// Whether the text says what to do without it.
    pub guarded: bool,
    /// The place, narrowed to the name where possible.
    pub span: Span,
    /// The variable through which it is read, if it is not the task that names it.
    pub through: Option<Arc<str>>,
    text: Text,
}

/// All that a task reads.
#[derive(Clone, Debug, Default)]
pub(super) struct Readings {
    /// Each name once per text.
    pub all: Arc<[Reading]>,
    /// Whether more may be read than could be listed.
    pub open: bool,
}

impl Reading {
    /// Whether more of a registered result is read than whether it changed or was skipped.
    pub fn needs_result(&self) -> bool {
        let text = self.text.as_str();
        let known = ["changed", "skipped", "skip_reason", "failed"];
        text.match_indices(&*self.name).any(|(at, name)| {
            let after = text[at + name.len()..].trim_start();
            let attribute = after
                .strip_prefix('.')
                .or_else(|| after.strip_prefix("['"))
                .or_else(|| after.strip_prefix("[\""));
            attribute.is_some_and(|a| {
                let end = a.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(a.len());
                !known.contains(&&a[..end])
            })
        })
    }
}

impl Build<'_> {
    /// What a task reads; found out once per task, whatever the number of its rounds.
    pub fn readings(&mut self, task: &Arc<Task>, inside: &Surroundings) -> Readings {
        if let Some(known) = self.seen.get(&Arc::as_ptr(task)) {
            return known.1.clone();
        }
        let templar = match inside.hosts.first() {
            Some(host) => self.known.on(host, &inside.vars),
            None => self.known.anywhere(&inside.vars),
        };
        let mut walk = Walk { scope: templar.scope(), found: Vec::new(), open: false, seen: BTreeSet::new() };
        walk.task(task, inside);
        let readings = Readings { all: walk.found.into(), open: walk.open };
        self.seen.insert(Arc::as_ptr(task), (Arc::clone(task), readings.clone()));
        readings
    }
}

struct Walk<'a> {
    scope: &'a Scope,
    found: Vec<Reading>,
    open: bool,
    seen: BTreeSet<(Arc<str>, bool)>,
}

impl Walk<'_> {
    fn task(&mut self, task: &Task, inside: &Surroundings) {
        let own = own_names(task);
        let inherited = &inside.inherited;
        for condition in
            inherited.when.iter().chain(&task.changed_when).chain(&task.failed_when).chain(&task.until)
        {
            self.value(&condition.value, true, false, None, &own);
        }
        for argument in &task.call.arguments {
            let condition =
                matches!((task.call.short_name(), &*argument.name), ("assert", "that") | ("debug", "var"));
            self.value(&argument.value, condition, false, None, &own);
        }
        let singles: [Option<&Spanned<Value>>; 6] = [
            task.call.free_form.as_ref(),
            task.call.arguments_template.as_ref(),
            task.retries.as_ref(),
            task.delay.as_ref(),
            inherited.delegate_to.as_ref(),
            task.keywords.name.as_ref(),
        ];
        for single in singles.into_iter().flatten().chain(&inherited.environment) {
            self.value(&single.value, false, false, None, &own);
        }
        if let Some(r#loop) = &task.r#loop {
            self.value(&r#loop.value, false, false, None, &[]);
        }
    }

    /// The readings of every string inside a value.
    fn value(
        &mut self,
        value: &Value,
        condition: bool,
        guarded: bool,
        through: Option<&Arc<str>>,
        own: &[Arc<str>],
    ) {
        match value {
            Value::List(items) => items.iter().for_each(|v| self.value(v, condition, guarded, through, own)),
            Value::Map(map) => map.values().for_each(|v| self.value(v, condition, guarded, through, own)),
            Value::String(text) if text.span().is_some() => {
                let read: References =
                    if condition { condition_references(value) } else { references(value) };
                self.open |= read.open;
                for name in &read.names {
                    if own.iter().any(|o| **o == **name) {
                        continue;
                    }
                    let guarded = guarded || read.guarded.contains(name);
                    self.name(&Arc::from(name.as_str()), text, guarded, through, own);
                }
            }
            _ => {}
        }
    }

    fn name(
        &mut self,
        name: &Arc<str>,
        text: &Text,
        guarded: bool,
        through: Option<&Arc<str>>,
        own: &[Arc<str>],
    ) {
        let Some(span) = text.span() else { return };
        self.found.push(Reading {
            name: Arc::clone(name),
            guarded,
            span: narrowed(span, name),
            through: through.cloned(),
            text: text.clone(),
        });
        if !self.seen.insert((Arc::clone(name), guarded)) {
            return;
        }
        let behind = self.scope.lookup(name).map(|(value, _)| value.clone());
        if let Some(value) = behind {
            self.value(&value, false, guarded, Some(name), own);
        }
    }
}

/// The place of a name in a text, if the text stands in its file as it is.
fn narrowed(span: &Span, name: &str) -> Span {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    let text = span.text();
    let whole = |at: &usize| {
        let before = text[..*at].chars().next_back();
        let after = text[at + name.len()..].chars().next();
        !before.is_some_and(|c| word(c) || c == '.') && !after.is_some_and(word)
    };
    let found = text.match_indices(name).map(|(at, _)| at).find(whole);
    found.map_or_else(|| span.clone(), |at| span.part(at..at + name.len()))
}

/// Names that a task itself defines: loop variables, and what it registers in its own conditions.
fn own_names(task: &Task) -> Vec<Arc<str>> {
    let mut own: Vec<Arc<str>> = Vec::new();
    if task.r#loop.is_some() {
        own.push(Arc::from(task.loop_control.variable()));
        own.push(Arc::from("ansible_loop"));
        own.extend(task.loop_control.index_var.clone());
    }
    own.extend(task.register.iter().map(|r| Arc::clone(&r.value)));
    own
}
