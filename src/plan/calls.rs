//! What can be known to be wrong with what a task calls: the module's name, and its arguments.

use std::sync::Arc;

use super::Compiler;
use super::check::FLOW;
use crate::base::spec::{Argument, Spec};
use crate::base::value::has_marks;
use crate::base::{Diagnostic, Diagnostics, Value};
use crate::model::{Call, Task};

impl Compiler {
    /// What a task calls. A password that stands there as it is nobody is shown.
    pub fn call(&self, task: &Task) -> Call {
        let mut call = task.call.clone();
        let hidden: Vec<&str> = self.catalogue.hidden(task.call.short_name()).collect();
        for argument in
            call.arguments.iter_mut().filter(|argument| hidden.contains(&&*argument.name.to_string()))
        {
            let template = matches!(&argument.value, Value::String(text) if text.is_template());
            if !template && !argument.value.is_null() {
                argument.value = argument.value.clone().into_secret();
            }
        }
        call
    }

    /// All that is wrong with a task's module and its arguments.
    pub(super) fn check_call(&self, task: &Task) -> Diagnostics {
        let call = &task.call;
        let name = &*call.name.value;
        let mut found = Diagnostics::new();
        if FLOW.contains(&call.short_name()) {
            if let Some(problem) = check_flow(call) {
                found.push(problem);
            }
            return found;
        }
        if has_marks(name) {
            // Only the run knows what it is.
            return found;
        }
        let spec = match self.route(name) {
            Ok(None) => self.catalogue.get(name),
            // What it takes, only the module knows.
            Ok(Some(_)) => return found,
            Err(problem) => {
                found.push(problem.at(&call.name.span));
                return found;
            }
        };
        let Some(spec) = spec.filter(|_| call.arguments_template.is_none()) else { return found };
        let arguments = with_free_form(spec, task);
        found.extend(spec.check(&arguments, &call.name.span));
        if let (Some(free), None) = (&call.free_form, spec.free_form) {
            let message = format!("`{}` wants arguments", spec.name);
            let help = format!("write them as a mapping below `{}:`", spec.name);
            found.push(Diagnostic::error("wrong-type", message).at(&free.span).help(help));
        }
        found
    }
}

/// An argument of what the compiler itself resolves, and does not know.
fn check_flow(call: &Call) -> Option<Diagnostic> {
    let known: &[&str] = match call.short_name() {
        "include_tasks" => &["file", "apply"],
        "import_tasks" => &["file"],
        "meta" => &[],
        _ => return None,
    };
    let extra = call.arguments.iter().find(|argument| !known.contains(&&*argument.name))?;
    let message = format!("`{}` has no argument `{}`", call.short_name(), extra.name);
    let near: &[&str] = if known.is_empty() { &["file"] } else { known };
    let problem = Diagnostic::error("unknown-argument", message).at(&extra.name_span);
    Some(problem.suggest(&extra.name, near.iter().copied()))
}

/// The arguments with the plain string under its name.
fn with_free_form(spec: &Spec, task: &Task) -> Vec<Argument> {
    let mut arguments = task.call.arguments.clone();
    if let (Some(name), Some(free)) = (spec.free_form, &task.call.free_form) {
        arguments.push(Argument {
            name: Arc::from(name),
            name_span: free.span.clone(),
            value: free.value.clone(),
            value_span: free.span.clone(),
        });
    }
    arguments
}
