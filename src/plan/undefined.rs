//! Variables that nothing defines: a warning where it can be known before the run.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use super::Surroundings;
use super::build::Build;
use super::flow::writes;
use super::play::Compiled;
use super::readings::{Reading, Readings};
use crate::base::{Diagnostic, Diagnostics, Value};
use crate::load::Loader;
use crate::model::{Call, Item, Task};

/// What a play reads and gives a value.
#[derive(Debug, Default)]
pub(super) struct Usage {
    /// Names without a value before contact.
    pub missing: Vec<Reading>,
    /// Names that tasks give a value.
    pub written: BTreeSet<Arc<str>>,
    /// Names that are known, for *did you mean*.
    pub known: BTreeSet<String>,
    /// Whether names may come from where nobody can look before the run.
    pub open: bool,
    /// Whether facts are gathered.
    pub facts: bool,
    /// Monitors that there are none of on some hosts.
    pub monitors: Vec<super::monitors::Missing>,
    /// Variables of the text that only the run can give a value, and why.
    pub later: BTreeSet<(String, &'static str)>,
}

/// Names that are always there, or are no variables.
const BUILT_IN: [&str; 32] = [
    "True",
    "False",
    "None",
    "true",
    "false",
    "none",
    "omit",
    "item",
    "vars",
    "environment",
    "hostvars",
    "groups",
    "group_names",
    "inventory_hostname",
    "inventory_hostname_short",
    "inventory_dir",
    "inventory_file",
    "playbook_dir",
    "role_name",
    "role_path",
    "play_hosts",
    "lookup",
    "query",
    "q",
    "now",
    "range",
    "dict",
    "namespace",
    "undef",
    "case",
    "self",
    "loop",
];

fn is_built_in(name: &str) -> bool {
    BUILT_IN.contains(&name) || name.starts_with("ansible_") || name.starts_with("benchbook_")
}

impl Build<'_> {
    /// Notes what a task reads and gives a value.
    pub fn note_usage(&mut self, task: &Arc<Task>, readings: &Readings, inside: &Surroundings) {
        match writes(task)
            .or_else(|| included_vars(&self.compiler.project.loader, &task.call, &inside.search))
        {
            Some(names) => self.usage.written.extend(names),
            None => self.usage.open = true,
        }
        let hosts = if inside.hosts.is_empty() {
            vec![self.known.anywhere(&inside.vars)]
        } else {
            inside.hosts.iter().map(|h| self.known.on(h, &inside.vars)).collect()
        };
        for reading in readings.all.iter() {
            let name = &*reading.name;
            if let Some(through) = &reading.through
                && name.starts_with("ansible_")
                && !hosts.iter().any(|h| h.scope().defines(name))
            {
                self.usage.later.insert((through.to_string(), "facts"));
            }
            if is_built_in(name) || reading.guarded || hosts.iter().any(|h| h.scope().defines(name)) {
                continue;
            }
            self.usage.missing.push(reading.clone());
        }
        if let Some(first) = hosts.first().filter(|_| !readings.all.is_empty()) {
            self.usage.known.extend(first.scope().names().iter().map(ToString::to_string));
        }
        if let Some(r#loop) = &task.loop_control.loop_var {
            // Visible in what an include in a loop brings.
            self.usage.written.insert(Arc::clone(r#loop));
        }
    }

    /// Names that the tasks of an included file give a value; they are compiled only when the run gets there.
    pub fn note_included(&mut self, items: &[Item]) {
        for item in items {
            match item {
                Item::Task(task) => match writes(task) {
                    Some(names) => {
                        self.usage.written.extend(names);
                        self.usage.open |= task.call.short_name().starts_with("include_");
                    }
                    None => self.usage.open = true,
                },
                Item::Block(block) => {
                    for section in [&block.body, &block.rescue, &block.always] {
                        self.note_included(section);
                    }
                }
            }
        }
    }
}

/// The names that an `include_vars` of a file that is written out gives a value.
pub(super) fn included_vars(loader: &Loader, call: &Call, search: &[PathBuf]) -> Option<Vec<Arc<str>>> {
    if call.short_name() != "include_vars" {
        return None;
    }
    let text = |value: &Value| value.as_str().filter(|_| !value.has_template()).map(ToOwned::to_owned);
    if let Some(name) = call.argument("name") {
        return Some(vec![Arc::from(text(&name.value)?)]);
    }
    let file = call.argument("file").map(|a| &a.value).or(call.free_form.as_ref().map(|f| &f.value))?;
    let file = text(file)?;
    let mut paths = search.iter().flat_map(|f| [f.join("vars").join(&file), f.join(&file)]);
    let path = paths.find(|p| loader.files().is_file(p))?;
    // What is wrong with the file is the run's to say.
    let (vars, _) = loader.vars(&path, None).ok()?;
    Some(vars.keys().filter_map(|k| k.as_str()).map(Arc::from).collect())
}

/// Warns of variables that nothing in the playbook defines.
pub(super) fn warn(plays: &[Compiled], found: &mut Diagnostics) {
    let written: BTreeSet<&str> = plays.iter().flat_map(|p| &p.usage.written).map(|n| &**n).collect();
    // From where a play may bring names that nobody can list, nothing is said; nor of earlier plays that may run later.
    let reordered = plays.iter().filter_map(|p| p.plan.as_ref()).any(|p| p.play.keywords.needs.is_some());
    let open = |play: &Compiled| play.usage.open;
    let listed = if reordered && plays.iter().any(open) { &[] } else { plays };
    for play in listed.iter().take_while(|play| !open(play)) {
        for reading in &play.usage.missing {
            let name = &*reading.name;
            if written.contains(name) {
                continue;
            }
            let known = play.usage.known.iter().map(String::as_str).chain(written.iter().copied());
            let mut warning =
                Diagnostic::warning("undefined-variable", format!("nothing defines the variable `{name}`"))
                    .at(&reading.span)
                    .suggest(name, known);
            if warning.help.is_empty() {
                warning = warning
                    .help(format!("give it a value, or say what to use without one: `{name} | default(…)`"));
            }
            found.push(warning);
        }
    }
}
