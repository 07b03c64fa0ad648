//! What a role says of its arguments: a task before its own holds them against that.

use std::sync::Arc;

use super::build::Build;
use super::{Surroundings, short_role};
use crate::base::spec::Argument;
use crate::base::{Map, Span, Spanned, Value};
use crate::model::{Call, Keywords, Role, RoleEntry, Task};

impl Build<'_> {
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
