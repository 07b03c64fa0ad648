//! The arguments of a task, rendered: defaults of the module, `args:`, free form, and what is written.

use std::sync::Arc;

use crate::base::spec::{Argument, full_names};
use crate::base::value::has_marks;
use crate::base::{Key, Map, Span, Text, Value};
use crate::plan::TaskStep;
use crate::vars::{Problem, Templar, TemplateError};

/// How a module or action wants its arguments.
#[derive(Clone, Copy, Default)]
pub struct Wanted<'a> {
    /// The argument that a plain string is.
    pub free_form: Option<&'a str>,
    /// Names may be templates.
    pub open: bool,
    /// Arguments that are handed over as they are written.
    pub unrendered: &'a [&'a str],
}

/// Modules that start a shell, which a variable of the host may name.
const SHELLS: [&str; 2] = ["raw", "shell"];
/// That variable.
const SHELL: &str = "ansible_shell_executable";

/// All arguments; those that become `omit` are left out.
pub fn render(task: &TaskStep, wanted: Wanted<'_>, templar: &Templar) -> Result<Map, TemplateError> {
    all(task, wanted, templar).map_err(|error| unfinished(task, error))
}

/// An error on the way to the arguments of a task.
pub fn unfinished(task: &TaskStep, error: TemplateError) -> TemplateError {
    let name = &task.call.name;
    let full = match &task.foreign {
        None => &format!("ansible.builtin.{}", task.call.short_name()),
        Some(_) => &*name.value,
    };
    error.during(format!("Finalization of task args for '{full}' failed."), Some(&name.span))
}

/// The value of an argument.
pub fn value(name: &str, value: &Value, span: &Span, templar: &Templar) -> Result<Value, TemplateError> {
    let doing = || format!("Error while resolving value for '{name}'.");
    templar.render(value).map_err(|error| error.during(doing(), Some(span)))
}

/// The name under which Ansible knows a text that is no `k=v`.
pub const FREE: &str = "_raw_params";

fn all(task: &TaskStep, wanted: Wanted<'_>, templar: &Templar) -> Result<Map, TemplateError> {
    let mut args = Map::new();
    if SHELLS.contains(&task.call.short_name())
        && let Some((shell, _)) = templar.scope().lookup(SHELL)
    {
        args.insert("executable", templar.render(shell)?);
    }
    args.extend(&defaults(task, task.call.short_name(), templar)?);
    if let Some(template) = &task.call.arguments_template {
        match templar.render(&template.value)? {
            Value::Map(map) => args.extend(&map),
            Value::Null | Value::Omit => {}
            other => {
                let problem =
                    Problem::Failed(format!("arguments must be a mapping, this is {}", other.kind()));
                return Err(TemplateError::new(problem, Some(template.span.clone())));
            }
        }
    }
    if let Some(text) = &task.call.free_form {
        match wanted.free_form {
            Some(name) if wanted.unrendered.contains(&name) => {
                args.insert(name, text.value.clone());
            }
            Some(name) => {
                args.insert(name, value(FREE, &text.value, &text.span, templar)?);
            }
            None => {
                let problem =
                    Problem::Failed(format!("`{}` wants arguments, not a text", task.call.short_name()));
                return Err(TemplateError::new(problem, Some(text.span.clone())));
            }
        }
    }
    // In the order of their names, as Ansible does it: the first that is wrong is told.
    let mut written: Vec<_> = task.call.arguments.iter().collect();
    written.sort_by_key(|argument| &argument.name);
    for argument in written {
        let name = if wanted.open && has_marks(&argument.name) {
            name_of(argument, templar)?
        } else {
            Key::from(&argument.name)
        };
        if name.as_str().is_some_and(|name| wanted.unrendered.contains(&name)) {
            args.insert(name, argument.value.clone());
            continue;
        }
        // A variable may stay encrypted until somebody needs it.
        if wanted.open && matches!(&argument.value, Value::String(text) if text.is_vault()) {
            args.insert(name, argument.value.clone());
            continue;
        }
        match value(&argument.name, &argument.value, &argument.value_span, templar)? {
            Value::Omit => {
                args.remove_key(&name);
            }
            value => {
                args.insert(name, value);
            }
        }
    }
    Ok(args)
}

/// What `module_defaults` of the task say of a module, by its short name.
pub fn defaults(task: &TaskStep, module: &str, templar: &Templar) -> Result<Map, TemplateError> {
    let mut args = Map::new();
    for defaults in &task.inherited.module_defaults {
        let all = templar.render(&defaults.value)?;
        for name in full_names(module) {
            if let Some(own) = all.get(&name).and_then(Value::as_map) {
                args.extend(own);
            }
        }
    }
    Ok(args)
}

/// The name that a template gives, with its type: whoever takes the arguments knows what a name may be.
fn name_of(argument: &Argument, templar: &Templar) -> Result<Key, TemplateError> {
    let text = Text::template(Arc::clone(&argument.name), argument.name_span.clone());
    match templar.render(&Value::String(text))? {
        Value::String(name) => Ok(Key::from(name.as_str())),
        Value::Int(number) => Ok(Key::Int(number)),
        Value::Bool(flag) => Ok(Key::Bool(flag)),
        Value::Null => Ok(Key::Null),
        other => {
            let problem = Problem::Failed(format!("{} cannot name an argument", other.kind()));
            Err(TemplateError::new(problem, Some(argument.name_span.clone())))
        }
    }
}
