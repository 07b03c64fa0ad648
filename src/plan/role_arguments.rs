//! What a role says of its arguments: a task before its own holds them against that.

use std::sync::Arc;

use super::build::Build;
use super::matrix::Instance;
use super::{Surroundings, short_role};
use crate::base::spec::Argument;
use crate::base::value::has_marks;
use crate::base::{Diagnostic, Map, Span, Spanned, Value};
use crate::model::{Call, Case, Keywords, Role, RoleEntry, Task};

impl Build<'_> {
    /// What can be told before anything is touched of the arguments that a case gives to its role: a value that is none of
    /// the choices. All else is found by the task that checks them.
    pub(super) fn choices(&mut self, case: &Case, role: &Role, instances: &[Instance]) {
        let specs = role.argument_specs.as_ref().and_then(|specs| specs.value.get("main"));
        let Some(Value::Map(options)) = specs.and_then(|spec| spec.get("options")) else { return };
        for (name, option) in options.iter() {
            let Some(Value::List(choices)) = option.get("choices") else { continue };
            let name = name.to_string();
            let axis = case.matrix.iter().find(|axis| *axis.name.value == *name);
            let (values, span): (Vec<&Value>, _) = match axis {
                Some(axis) => {
                    let values = instances.iter().filter_map(|instance| instance.params.get(&name));
                    (values.collect(), &axis.values.span)
                }
                None => match case.keywords.vars.get(&name) {
                    Some(value) => (vec![value], case.keywords.vars_span.as_ref().unwrap_or(&case.span)),
                    None => continue,
                },
            };
            let words: Vec<String> = choices.iter().map(ToString::to_string).collect();
            let mut told: Vec<String> = Vec::new();
            for value in values {
                let word = value.to_string();
                let plain = !matches!(value, Value::List(_) | Value::Map(_)) && !has_marks(&word);
                if !plain || words.contains(&word) || told.contains(&word) {
                    continue;
                }
                let message = format!("`{word}` is no `{name}` of role `{}`", role.name);
                self.found.push(
                    Diagnostic::error("bad-argument", message)
                        .at(span)
                        .suggest(&word, words.iter().map(String::as_str))
                        .help(format!("`{name}` is one of: {}", words.join(", "))),
                );
                told.push(word);
            }
        }
    }

    /// The tasks of a role, after the one that checks its arguments.
    pub(super) fn tasks_of_role(&mut self, role: &Role, entry: &RoleEntry, around: &Surroundings) {
        let entry_point = entry.from.tasks.as_deref().unwrap_or("main");
        let task = entry.validate.then(|| validation(role, entry_point, &entry.params)).flatten();
        if let Some(task) = task {
            let task = Arc::new(task);
            self.task(&task, around);
        }
        self.items(&role.tasks, around);
    }
}

/// The task that checks the arguments of a role's entry point, if the role says something of them.
/// `params` are those that the use of the role gives.
pub(super) fn validation(role: &Role, entry_point: &str, params: &Arc<Map>) -> Option<Task> {
    let specs = role.argument_specs.as_ref()?;
    let spec = specs.value.get(entry_point).filter(|spec| spec.is_truthy())?;
    let span = &specs.span;
    let mut name = format!("Validating arguments against arg spec '{entry_point}'");
    if let Some(short) = spec.get("short_description") {
        name = format!("{name} - {short}");
    }
    let path = std::path::absolute(&role.path).unwrap_or_else(|_| role.path.clone());
    let context = Map::from_iter([
        ("type", Value::from("role")),
        ("name", short_role(&role.name).into()),
        ("argument_spec_name", entry_point.into()),
        ("path", path.display().to_string().into()),
    ]);
    let arguments = [
        ("argument_spec", spec.get("options").cloned().unwrap_or_else(|| Map::new().into())),
        ("provided_arguments", Value::Map(Arc::clone(params))),
        ("validate_args_context", context.into()),
    ];
    let keywords = Keywords {
        name: Some(Spanned::new(Value::from(name), span.clone())),
        tags: vec![Spanned::new("always".into(), span.clone())],
        ..Keywords::default()
    };
    Some(Task { keywords, ..Task::calling(call(span, arguments)) })
}

fn call(span: &Span, arguments: [(&str, Value); 3]) -> Call {
    let argument = |(name, value): (&str, Value)| Argument {
        name: name.into(),
        name_span: span.clone(),
        value,
        value_span: span.clone(),
    };
    Call {
        name: Spanned::new("ansible.builtin.validate_argument_spec".into(), span.clone()),
        free_form: None,
        arguments: arguments.into_iter().map(argument).collect(),
        arguments_template: None,
    }
}
