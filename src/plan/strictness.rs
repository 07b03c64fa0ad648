//! When the user hears what is wrong with a task: before anything runs, or when a host gets there.
//!
//! The one place that knows the difference: the compiler finds the same problems, and here they are told or kept for later.

use std::sync::Arc;

use super::Surroundings;
use super::build::Build;
use super::check::FLOW;
use crate::base::spec::Param;
use crate::base::{Diagnostic, Severity};
use crate::model::Task;

/// When the user hears what is wrong with a task.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strictness {
    /// Before anything runs: nothing is touched then.
    #[default]
    Early,
    /// As in Ansible: what concerns the arguments and expressions of a task is a failure of a host that gets there, which may
    /// be rescued; a task that nobody reaches fails for nobody.
    Late,
}

/// What is wrong with a call, and only the compiler looks for it: a step fails with it. What is wrong with expressions, the
/// run finds by itself.
const OF_CALLS: [&str; 8] = [
    "argument-given-twice",
    "exclusive-arguments",
    "missing-argument",
    "unknown-argument",
    "unknown-choice",
    "unsupported-argument",
    "wrong-argument-type",
    "wrong-type",
];

/// What is wrong with the name of a module: nobody can do the task.
const OF_NAMES: [&str; 3] = ["unknown-module", "unsupported-module", "no-ansible-core"];

impl Build<'_> {
    /// Looks for everything that is wrong with a task, and tells it when the command line wants it told.
    pub fn examine(&mut self, task: &Arc<Task>, around: &Surroundings) {
        if self.compiler.options.strictness == Strictness::Early {
            return self.check_task(task, around);
        }
        let told = std::mem::take(&mut self.found);
        self.check_task(task, around);
        let own = std::mem::replace(&mut self.found, told);
        if let Some(words) = self.unwanted_text(task) {
            self.flaws.entry(Arc::as_ptr(task)).or_insert(words);
        }
        for problem in own.iter().filter(|d| d.severity == Severity::Error) {
            // Ansible looks these up when it reads the playbook.
            if OF_NAMES.contains(&problem.code) || FLOW.contains(&task.call.short_name()) {
                self.found.push(problem.clone());
            } else if problem.code == "unknown-argument" {
                let words = self.unsupported(task).unwrap_or_else(|| words(problem));
                self.flaws.entry(Arc::as_ptr(task)).or_insert(words);
            } else if matches!(problem.code, "missing-argument" | "exclusive-arguments") {
                let words = self.lacking(task).unwrap_or_else(|| words(problem));
                self.flaws.entry(Arc::as_ptr(task)).or_insert(words);
            } else if OF_CALLS.contains(&problem.code) {
                self.flaws.entry(Arc::as_ptr(task)).or_insert_with(|| words(problem));
            }
        }
    }

    /// A text where a module wants arguments, in the reference's words.
    fn unwanted_text(&self, task: &Task) -> Option<Arc<str>> {
        let spec = self.compiler.catalogue.get(&task.call.name.value)?;
        let unwanted = task.call.free_form.is_some()
            && spec.free_form.is_none()
            && matches!(self.compiler.route(&task.call.name.value), Ok(None));
        let name = spec.name;
        unwanted.then(|| format!("Action 'ansible.builtin.{name}' does not support raw params.").into())
    }

    /// Arguments that a module does not have, in the reference's words: playbooks look for them.
    fn unsupported(&self, task: &Task) -> Option<Arc<str>> {
        let spec = self.compiler.catalogue.get(&task.call.name.value)?;
        let params = spec.params();
        let unknown = |name: &&str| !params.iter().any(|param| param.is(name));
        let mut wrong: Vec<&str> = task.call.arguments.iter().map(|a| &*a.name).filter(unknown).collect();
        wrong.sort_unstable();
        let mut known: Vec<&str> = params.iter().map(|param| param.name.as_str()).collect();
        known.sort_unstable();
        let (name, wrong, known) = (spec.name, wrong.join(", "), known.join(", "));
        // In the reference an argument of `command`, which `shell` takes out before the module sees it.
        let known = match (name, wrong.as_str()) {
            ("shell", "expand_argument_vars") => String::new(),
            _ => format!(". Supported parameters include: {known}."),
        };
        Some(format!("Unsupported parameters for ({name}) module: {wrong}{known}").into())
    }

    /// Arguments that a module must have and does not get, or that exclude each other, in the reference's words.
    fn lacking(&self, task: &Task) -> Option<Arc<str>> {
        let spec = self.compiler.catalogue.get(&task.call.name.value)?;
        let params = spec.params();
        let given = |param: &Param| {
            task.call.arguments.iter().any(|given| param.is(&given.name) && !given.value.is_null())
                || task.call.free_form.is_some() && spec.free_form == Some(&*param.name)
        };
        let missing: Vec<_> = params.iter().filter(|param| param.required && !given(param)).collect();
        let names: Vec<&str> = missing.iter().map(|param| param.name.as_str()).collect();
        let words = match names[..] {
            [] => {
                spec.groups().broken_by(|name| params.iter().any(|param| param.is(name) && given(param)))?
            }
            [name] if spec.free_form == Some(name) => spec.groups().wanted(&names),
            _ => format!("missing required arguments: {}", names.join(", ")),
        };
        Some(words.into())
    }

    /// Whether what is wrong is told before the run.
    pub fn is_early(&self) -> bool {
        self.compiler.options.strictness == Strictness::Early
    }
}

/// A problem as a failure says it.
fn words(problem: &Diagnostic) -> Arc<str> {
    let help = problem.help.iter().map(|help| format!("; {help}"));
    std::iter::once(problem.message.clone()).chain(help).collect::<String>().into()
}
