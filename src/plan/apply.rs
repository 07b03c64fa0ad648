//! `apply:` of an include: keywords of a block around what it brings.

use std::sync::Arc;

use super::Surroundings;
use crate::base::{Spanned, Value};
use crate::model::{Becoming, Inherited, Level, Stage, Task};

/// What `apply:` may say.
pub(super) const APPLICABLE: [&str; 28] = [
    "any_errors_fatal",
    "become",
    "become_exe",
    "become_flags",
    "become_method",
    "become_user",
    "check_mode",
    "connection",
    "container",
    "delegate_facts",
    "delegate_to",
    "diff",
    "environment",
    "ignore_errors",
    "ignore_unreachable",
    "module_defaults",
    "name",
    "no_log",
    "notify",
    "port",
    "remote_user",
    "run_once",
    "stage",
    "tags",
    "throttle",
    "timeout",
    "vars",
    "when",
];

/// `apply:` of an include reaches what it brings.
pub(super) fn apply(task: &Task, mut bring: Surroundings) -> Surroundings {
    let Some(apply) = task.call.argument("apply") else { return bring };
    let one = |key: &str| apply.value.get(key).map(|v| Spanned::new(v.clone(), apply.value_span.clone()));
    let list = |key: &str| match one(key) {
        Some(Spanned { value: Value::List(items), span }) => {
            items.iter().map(|v| Spanned::new(v.clone(), span.clone())).collect()
        }
        other => other.into_iter().collect::<Vec<_>>(),
    };
    bring.tags.extend(
        list("tags")
            .iter()
            .flat_map(|t| t.value.to_string().split(',').map(|t| Arc::from(t.trim())).collect::<Vec<_>>()),
    );
    bring.inherited.add(&Inherited {
        when: list("when"),
        environment: list("environment"),
        check_mode: one("check_mode"),
        diff: one("diff"),
        ignore_errors: one("ignore_errors"),
        ignore_unreachable: one("ignore_unreachable"),
        any_errors_fatal: one("any_errors_fatal"),
        no_log: one("no_log"),
        run_once: one("run_once"),
        delegate_to: one("delegate_to"),
        delegate_facts: one("delegate_facts"),
        throttle: one("throttle"),
        timeout: one("timeout"),
        becoming: Becoming {
            r#become: one("become"),
            user: one("become_user"),
            method: one("become_method"),
            flags: one("become_flags"),
            exe: one("become_exe"),
            outer: None,
        },
        connection: one("connection"),
        remote_user: one("remote_user"),
        port: one("port"),
        container: one("container"),
        notify: list("notify"),
        module_defaults: list("module_defaults"),
        grace: None,
        on_resume: None,
    });
    if let Some(stage) = one("stage") {
        bring.stage = Some(Stage::parse(&stage.value.to_string()));
    }
    if let Some(Value::Map(vars)) = apply.value.get("vars") {
        bring.push_vars(Level::BlockVars, "apply", &apply.value_span, vars);
    }
    bring
}
