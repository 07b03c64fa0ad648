//! `plan --commands`: what each step would send, as far as it can be templated before contact.

use std::fmt::Write as _;

use crate::base::Value;
use crate::base::value::MASK;
use crate::plan::becoming::Other;
use crate::plan::{CasePart, Compiler, Plan, Step, StepKind, TaskStep};

/// One block per step: its id and place, then its command line or arguments. Of the rounds of a case only the first is shown.
/// What needs facts or registered variables stays a template.
pub fn commands(compiler: &Compiler, plan: &Plan) -> String {
    let mut text = String::new();
    for play in &plan.plays {
        let known = compiler.known_hosts(play);
        for step in play.fragment.graph.node_weights() {
            let later = match step.case.as_ref().map(|c| c.part) {
                Some(CasePart::Round { number, warmup }) => {
                    let case =
                        play.fragment.cases.iter().find(|c| Some(&c.id) == step.case.as_ref().map(|p| &p.id));
                    number > 1 || warmup != case.is_some_and(|c| c.warmup > 0)
                }
                _ => false,
            };
            let StepKind::Task(task) = &step.kind else { continue };
            if later {
                continue;
            }
            let templar = match play.hosts.first() {
                Some(host) => known.on(host, &step.vars),
                None => known.anywhere(&step.vars),
            };
            let render = |value: &Value| {
                let rendered = templar.render(value).unwrap_or_else(|_| value.clone());
                match &rendered {
                    Value::String(text) if text.is_secret() => Value::from(MASK),
                    Value::Sealed(_) => Value::from(MASK),
                    _ => rendered,
                }
            };
            // Who it is may depend on what only the run knows.
            let other = task.inherited.becoming.other(&compiler.options.becoming, &templar);
            text.push_str(&head(step, other.ok().flatten().as_ref()));
            text.push_str(&body(task, &render));
        }
    }
    text
}

fn head(step: &Step, other: Option<&Other>) -> String {
    let other = other.map(|other| format!("  as {} by {}", other.user, other.method)).unwrap_or_default();
    format!("# {}  {}{other}\n", step.id, step.span.file_line())
}

fn body(task: &TaskStep, render: &dyn Fn(&Value) -> Value) -> String {
    let name = task.call.short_name();
    // Writing to a string cannot fail.
    let mut text = String::new();
    for environment in &task.inherited.environment {
        if let Value::Map(map) = render(&environment.value) {
            for (key, value) in map.iter() {
                let _ = write!(text, "{key}={} ", render(value));
            }
        }
    }
    let line = task
        .call
        .free_form
        .as_ref()
        .map(|f| f.value.clone())
        .or_else(|| Some(task.call.argument("cmd")?.value.clone()));
    if let Some(line) = line {
        if !matches!(name, "command" | "shell" | "raw") {
            let _ = write!(text, "{name} ");
        }
        text.push_str(render(&line).to_string().trim_end());
    } else {
        text.push_str(name);
    }
    text.push('\n');
    for argument in task.call.arguments.iter().filter(|a| &*a.name != "cmd") {
        let _ = writeln!(text, "    {}: {}", argument.name, render(&argument.value));
    }
    text
}
