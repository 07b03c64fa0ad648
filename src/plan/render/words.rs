//! Words of the plan: what a task does in half a line, counts, shortened texts.

use crate::base::{HostName, Span, Value};
use crate::load::foreign::Foreign;
use crate::model::{Call, Expect, Metric, MetricSource};
use crate::plan::{Step, StepKind, TaskStep};

/// `1 host`, `3 hosts`.
pub(super) fn count(number: usize, word: &str) -> String {
    format!("{number} {word}{}", if number == 1 { "" } else { "s" })
}

/// `n1 n2 n3`; of many only the first.
pub(super) fn names(hosts: &[HostName]) -> String {
    const SHOWN: usize = 8;
    let names: Vec<&str> = hosts.iter().take(SHOWN).map(HostName::as_str).collect();
    format!("{}{}", names.join(" "), if hosts.len() > SHOWN { " …" } else { "" })
}

/// A text of one line and at most `limit` characters.
pub(super) fn shortened(text: &str, limit: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= limit {
        return line;
    }
    line.chars().take(limit.saturating_sub(1)).chain(['…']).collect()
}

/// `:6` for the playbook itself, `roles/x/tasks/main.yml:4` for other files.
pub(super) fn place(span: &Span, playbook: &str) -> String {
    if span.source().text().is_empty() {
        return String::new();
    }
    if span.source().name() == playbook { format!(":{}", span.line()) } else { span.file_line() }
}

/// The module and what it is about: `copy stream.c`, `command ./stream {{ mib }}`.
pub(super) fn call(call: &Call) -> String {
    let name = call.short_name();
    let about = subject(call);
    if about.is_empty() { name.to_owned() } else { format!("{name} {about}") }
}

/// The same, and the file that does it where that is a module in a file.
pub(super) fn does(task: &TaskStep) -> String {
    let call = call(&task.call);
    match &task.foreign {
        Some(module) => format!("{call} (by {})", file(module)),
        None => call,
    }
}

/// The file of a module as far as it tells something: where a package is installed does not.
pub(super) fn file(module: &Foreign) -> String {
    let path = crate::load::shown(&module.path);
    let installed = ["site-packages/", "dist-packages/"].iter().find_map(|folder| path.split_once(folder));
    installed.map_or(path.clone(), |(_, below)| below.to_owned())
}

/// What a call is about: its command line, or the argument that says most.
fn subject(call: &Call) -> String {
    if let Some(free) = &call.free_form {
        return free.value.to_string();
    }
    let telling = [
        "cmd", "argv", "src", "path", "dest", "name", "command", "msg", "var", "that", "key", "port", "file",
        "content",
    ];
    let found = telling.iter().find_map(|t| call.argument(t));
    if let Some(argument) = found {
        return match &argument.value {
            Value::List(items) => items.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
            other => other.to_string(),
        };
    }
    let names: Vec<&str> = call.arguments.iter().map(|a| &*a.name).collect();
    names.join(", ")
}

/// A task in a word or two, for a line that names several.
pub(super) fn brief(step: &Step) -> String {
    let StepKind::Task(task) = &step.kind else { return step.name.clone() };
    let call = &task.call;
    let about = subject(call);
    match call.short_name() {
        "command" | "shell" | "raw" => about.split_whitespace().next().unwrap_or("command").to_owned(),
        name => {
            let last = about.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
            if last.is_empty() || last.contains("{{") {
                name.to_owned()
            } else {
                format!("{name} {}", shortened(last, 24))
            }
        }
    }
}

/// The whole command line of a command, else the call.
pub(super) fn command(task: &TaskStep) -> String {
    match task.call.short_name() {
        "command" | "shell" | "raw" | "script" => subject(&task.call),
        _ => does(task),
    }
}

/// `timeout 120s grace 10s`
pub(super) fn limits(task: &TaskStep) -> String {
    let part = |(word, value): (&str, &Option<Value>)| {
        let value = value.as_ref()?;
        let seconds = value.to_string().trim().parse::<f64>().ok();
        // No time at all means that there is no limit.
        let is_none = word == "timeout" && seconds == Some(0.0);
        let unit = if seconds.is_some() { "s" } else { "" };
        (!is_none).then(|| format!("{word} {value}{unit}"))
    };
    let parts = ["timeout", "grace"].into_iter().zip(&task.limits).filter_map(part);
    parts.collect::<Vec<_>>().join(" ")
}

/// `bandwidth{op} MB/s ↑`
pub(super) fn metric(metric: &Metric) -> String {
    let labels: Vec<String> = match &metric.source {
        MetricSource::Regex(pattern) => named_groups(&pattern.value),
        MetricSource::Json { labels, .. } | MetricSource::Csv { labels, .. } => {
            labels.iter().map(|l| l.value.to_string()).collect()
        }
    };
    let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
    let arrow = match metric.better {
        crate::model::Better::Higher => "↑",
        crate::model::Better::Lower => "↓",
    };
    format!("{}{labels} {} {arrow}", metric.name.value, metric.unit.value)
}

/// The labels of an expression: its named groups but `value`.
fn named_groups(pattern: &str) -> Vec<String> {
    let Ok(regex) = fancy_regex::Regex::new(pattern) else { return Vec::new() };
    regex.capture_names().flatten().filter(|n| *n != "value").map(ToOwned::to_owned).collect()
}

/// `Triad ≥ 8 GB/s`
pub(super) fn expect(expect: &Expect) -> String {
    let about: Vec<String> = expect.r#where.values().map(ToString::to_string).collect();
    let mut parts = Vec::new();
    if let Some(min) = &expect.min {
        parts.push(format!("≥ {}", min.value));
    }
    if let Some(max) = &expect.max {
        parts.push(format!("≤ {}", max.value));
    }
    if let Some(reference) = &expect.reference {
        let tolerance = expect.tolerance.as_ref().map(|t| format!(" ± {}", t.value)).unwrap_or_default();
        parts.push(format!("{}{tolerance}", reference.value));
    }
    let bounds = parts.join(" and ");
    if about.is_empty() { bounds } else { format!("{} {bounds}", about.join(" ")) }
}
