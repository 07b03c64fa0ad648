//! What can be known to be wrong with a task before anything runs.

use std::sync::Arc;

use super::Surroundings;
use super::build::Build;
use super::strictness::Strictness;
use crate::base::connections::{CONNECTIONS, bare};
use crate::base::unit::{Quantity, Unit};
use crate::base::{Diagnostic, Spanned, Value};
use crate::model::{BadJsonPath, Expect, JsonPath, Metric, MetricSource, Stage, Task};
use crate::vars::plugins::Kind;
use crate::vars::{condition_check, condition_references, lookups, syntax_check};

/// Tasks that the compiler itself resolves.
pub(super) const FLOW: [&str; 5] = ["import_tasks", "import_role", "include_tasks", "include_role", "meta"];

impl Build<'_> {
    /// Everything about one task. Says each problem once, however often the task is compiled.
    pub fn check_task(&mut self, task: &Arc<Task>, around: &Surroundings) {
        let first_time = !self.seen.contains_key(&Arc::as_ptr(task));
        let mut inside = around.inside(&task.keywords, Vec::new());
        inside.push_vars(crate::model::Level::TaskVars, "task vars", &task.span, &task.keywords.vars);
        let readings = self.readings(task, &inside);
        self.next = (Arc::clone(&readings.all), super::flow::writes(task).unwrap_or_default());
        if !first_time {
            return;
        }
        self.note_usage(task, &readings, &inside);
        self.check_sealed(&readings, &inside);
        if !FLOW.contains(&task.call.short_name()) {
            self.check_passwords(&inside);
        }
        self.found.extend(self.compiler.check_call(task));
        self.check_host_loop(task, &inside);
        self.check_templates(task);
        self.check_notify(&inside);
        self.check_becoming(&inside);
        self.check_connection(&inside);
        self.idle_keywords(task);
        let hidden = inside.inherited.no_log.as_ref().filter(|n| n.value.to_bool() == Some(true));
        if let (Some(metric), Some(hidden)) = (task.metrics.first(), hidden) {
            self.found.push(
                Diagnostic::error(
                    "metric-without-log",
                    "a task with `no_log` keeps no log that a figure could be read from",
                )
                .at(&metric.name.span)
                .related(&hidden.span, "said here")
                .help("measure in a task of its own, without secrets"),
            );
        }
        self.check_metrics(&task.metrics);
        let unwaited = task.poll.as_ref().filter(|p| task.r#async.is_some() && p.value.as_int() == Some(0));
        if let (Some(metric), Some(poll)) = (task.metrics.first(), unwaited) {
            self.found.push(
                Diagnostic::error("metric-without-output", "a task that nobody waits for gives no figures")
                    .at(&metric.name.span)
                    .related(&poll.span, "said here")
                    .help("measure in a task that is waited for: without `poll: 0`"),
            );
        }
        if let (Some(metric), false) = (task.metrics.first(), Self::in_round(around)) {
            self.found.push(
                Diagnostic::error("metric-outside-run", "figures are read only in the `run` part of a case")
                    .at(&metric.name.span)
                    .help(
                        "move the task into `run:` of a case, or its `metrics` to a task that stands there",
                    ),
            );
        }
        if let Some(r#loop) = &task.r#loop
            && let Some(name) = r#loop.lookup.as_deref()
            && !lookups::names().any(|known| known == name.trim_start_matches("ansible.builtin."))
            && self.compiler.environment().plugin(Kind::Lookup, name).is_none()
        {
            let message = format!("unknown lookup `{name}`");
            let problem = Diagnostic::error("unknown-lookup", message).at(&r#loop.span);
            self.found.push(problem.suggest(name, lookups::names()));
        }
        if let Some(r#loop) = &task.r#loop
            && r#loop.lookup.is_none()
            && !matches!(&r#loop.value, Value::List(_))
            && !r#loop.value.has_template()
        {
            let message = format!("`loop` takes a list, not {}", r#loop.value.kind());
            self.found.push(
                Diagnostic::error("wrong-type", message)
                    .at(&r#loop.span)
                    .help("write it as a list, or as a template that gives one"),
            );
        }
    }

    /// What one host does for all, where each goes its own way. Ansible ends the run when one gets there.
    fn check_host_loop(&mut self, task: &Task, inside: &Surroundings) {
        if self.compiler.options.strictness == Strictness::Late {
            return;
        }
        let strategy = self.compiler.strategy(self.play).unwrap_or_default();
        if strategy.is_apart() && inside.case.is_none() && task.call.is_for_all() {
            let (name, strategy) = (task.call.short_name(), strategy.name());
            let message = format!(
                "`{name}` is done once for all hosts, and with `strategy: {strategy}` each of them goes its own way"
            );
            self.found.push(
                Diagnostic::error("no-host-loop", message)
                    .at(&task.call.name.span)
                    .help("do it in a play of its own, with `strategy: linear`"),
            );
        }
    }

    fn check_templates(&mut self, task: &Task) {
        let keywords = &task.keywords;
        let conditions = [&keywords.inherited.when, &task.changed_when, &task.failed_when, &task.until];
        for condition in conditions.into_iter().flatten().chain(&task.loop_control.break_when) {
            self.check_condition(condition);
        }
        let mut values: Vec<&Value> = Vec::new();
        for argument in &task.call.arguments {
            match (task.call.short_name(), &*argument.name) {
                ("assert", "that") => {
                    let condition = Spanned::new(argument.value.clone(), argument.value_span.clone());
                    self.check_condition(&condition);
                }
                ("debug", "var") => {
                    if let Some(wrong) =
                        self.wrong(condition_check(&argument.value, self.compiler.options.expressions))
                    {
                        self.found.push(wrong);
                    }
                }
                _ => values.push(&argument.value),
            }
        }
        let singles = [
            &task.call.free_form,
            &task.call.arguments_template,
            &keywords.name,
            &keywords.inherited.delegate_to,
        ];
        values.extend(singles.into_iter().flatten().map(|v| &v.value));
        values.extend(keywords.inherited.environment.iter().map(|v| &v.value));
        values.extend(keywords.vars.values());
        values.extend(task.r#loop.iter().map(|l| &l.value));
        for value in values {
            if let Some(wrong) = self.wrong(syntax_check(value)) {
                self.found.push(wrong);
            }
        }
    }

    /// A condition: its syntax, and a constant that is no boolean.
    fn check_condition(&mut self, condition: &Spanned<Value>) {
        match &condition.value {
            Value::List(items) => {
                for item in items.iter() {
                    self.check_condition(&Spanned::new(item.clone(), condition.span.clone()));
                }
            }
            Value::String(_) => {
                if let Some(wrong) =
                    self.wrong(condition_check(&condition.value, self.compiler.options.expressions))
                {
                    self.found.push(wrong);
                    return;
                }
                let reads = condition_references(&condition.value);
                // What a function gives, only the run may ask.
                if reads.names.is_empty() && !reads.open && !reads.calls {
                    let judged = self.known.anywhere(&[]).condition(&condition.value);
                    self.found.keep(judged.map_err(|e| Diagnostic::from(e).at(&condition.span)));
                }
            }
            Value::Bool(_) | Value::Null => {}
            other => {
                let message = format!("a condition must give true or false, this is {}", other.kind());
                self.found.push(Diagnostic::error("condition-not-boolean", message).at(&condition.span));
            }
        }
    }

    fn check_notify(&mut self, inside: &Surroundings) {
        self.notifies |= inside.case.is_some() && !inside.inherited.notify.is_empty();
        for name in &inside.inherited.notify {
            if let (false, Value::String(text)) = (name.value.has_template(), &name.value) {
                self.notified.push(Spanned::new(text.shared(), name.span.clone()));
            }
        }
    }

    /// Handlers that are notified must be there; a role that is included may bring more.
    pub fn check_notified(&mut self) {
        use super::step::{Expand, StepKind};
        if !self.is_early() {
            return;
        }
        let brings = |k: &StepKind| matches!(k, StepKind::Expand(Expand::Role(..) | Expand::Tasks(_)));
        if self.draft.steps.iter().any(|s| brings(&s.step.kind)) {
            return;
        }
        let handlers = &self.draft.handlers;
        let words: Vec<&str> =
            handlers.iter().flat_map(|h| h.names.iter().chain(&h.topics)).map(|w| &**w).collect();
        for name in &self.notified {
            if !words.contains(&&*name.value) {
                let mut unknown =
                    Diagnostic::error("unknown-handler", format!("no handler is called `{}`", name.value))
                        .at(&name.span)
                        .suggest(&name.value, words.iter().copied());
                if unknown.help.is_empty() {
                    unknown = unknown.help(match words.as_slice() {
                        [] => "this play has no handlers: add it under `handlers:`".to_owned(),
                        words => format!("the handlers are {}", words.join(", ")),
                    });
                }
                self.found.push(unknown);
            }
        }
    }

    /// A method that there is not; what a play or a block says is said once, not for each of its tasks.
    fn check_connection(&mut self, inside: &Surroundings) {
        let Some(said) = inside.inherited.connection.as_ref().filter(|said| !said.value.has_template())
        else {
            return;
        };
        let name = said.value.to_string();
        let library = self.compiler.project.loader.library();
        if !CONNECTIONS.contains(&bare(&name)) && !library.has_connection(&name) {
            let problem = Diagnostic::error("unknown-connection", format!("there is no connection `{name}`"));
            self.found.push(problem.at(&said.span).suggest(&name, CONNECTIONS.iter().copied()));
        }
    }

    fn check_becoming(&mut self, inside: &Surroundings) {
        if let Some(problem) = inside.inherited.becoming.problem() {
            let place = |d: &Diagnostic| d.span.as_ref().map(ToString::to_string);
            if !self.found.iter().any(|d| d.code == problem.code && place(d) == place(&problem)) {
                self.found.push(problem);
            }
        }
    }

    /// Keywords of a task that have no meaning where the compiler takes the task's place: what an import or include brings
    /// has its own.
    fn idle_keywords(&mut self, task: &Task) {
        let word = task.call.short_name();
        if !FLOW.contains(&word) {
            return;
        }
        let is_include = word.starts_with("include_");
        let first = |list: &[Spanned<Value>]| list.first().map(|v| v.span.clone());
        let span = |value: &Option<Spanned<Value>>| value.as_ref().map(|v| v.span.clone());
        let register = task.register.as_ref().filter(|_| !is_include).map(|r| r.span.clone());
        let said = [
            ("register", register),
            ("changed_when", first(&task.changed_when)),
            ("failed_when", first(&task.failed_when)),
            ("until", first(&task.until)),
            ("retries", span(&task.retries)),
            ("delay", span(&task.delay)),
            ("notify", first(&task.keywords.inherited.notify).filter(|_| !word.starts_with("import_"))),
            ("metrics", task.metrics.first().map(|m| m.span.clone())),
        ];
        for (keyword, span) in said {
            let Some(span) = span else { continue };
            let message = format!("`{keyword}` has no effect on `{word}`");
            // Ansible refuses it on includes, and lets it pass elsewhere.
            let found = if is_include {
                Diagnostic::error("no-effect", message)
            } else {
                Diagnostic::warning("no-effect", message)
            };
            let found = match word {
                "meta" => found,
                _ => found.help("write it on the tasks that it brings"),
            };
            self.found.push(found.at(&span));
        }
    }

    /// Units and expectations.
    pub fn check_metrics(&mut self, metrics: &[Metric]) {
        for metric in metrics {
            let unit = Unit::parse(&metric.unit.value);
            for expect in &metric.expect {
                self.check_expect(metric, &unit, expect);
            }
            match &metric.source {
                MetricSource::Regex(pattern) => self.check_regex(pattern),
                MetricSource::Json { path, .. } => self.check_json_path(path),
                MetricSource::Csv { .. } => {}
            }
        }
    }

    fn check_expect(&mut self, metric: &Metric, unit: &Unit, expect: &Expect) {
        let reference = expect.reference.as_ref().filter(|_| !expect.is_of_baseline());
        for quantity in [&expect.min, &expect.max].into_iter().flatten().chain(reference) {
            if quantity.value.has_template() {
                continue;
            }
            let text = quantity.value.to_string();
            let wrong = match Quantity::parse(&text) {
                Ok(read) => match read.unit {
                    Some(own) if !own.converts_to(unit) => Diagnostic::error(
                        "unit-mismatch",
                        format!(
                            "`{}` is in `{unit}`, which cannot be compared with `{own}`",
                            metric.name.value
                        ),
                    )
                    .related(&metric.unit.span, "the metric's unit"),
                    _ => continue,
                },
                Err(error) => Diagnostic::error("not-a-quantity", error.to_string()),
            };
            self.found.push(wrong.at(&quantity.span));
        }
    }

    fn check_regex(&mut self, pattern: &Spanned<Arc<str>>) {
        match fancy_regex::Regex::new(&pattern.value) {
            Err(error) => {
                let message = format!("this is no regular expression: {error}");
                self.found.push(Diagnostic::error("bad-regex", message).at(&pattern.span));
            }
            Ok(regex) if !regex.capture_names().flatten().any(|n| n == "value") => {
                self.found.push(
                    Diagnostic::error("bad-regex", "the expression has no group named `value`")
                        .at(&pattern.span)
                        .help("put the number into `(?P<value>…)`; other named groups become labels"),
                );
            }
            Ok(_) => {}
        }
    }

    fn check_json_path(&mut self, path: &Spanned<Arc<str>>) {
        if let Err(wrong) = JsonPath::parse(&path.value) {
            // The text may be quoted in its file, so what is wrong is searched for.
            let found = path.span.text().rfind(&wrong.rest).filter(|_| !wrong.rest.is_empty());
            let place = found.map(|at| path.span.part(at..at + wrong.rest.len()));
            let place = place.unwrap_or_else(|| path.span.clone());
            let bad = Diagnostic::error("bad-json-path", wrong.to_string()).at(&place);
            self.found.push(bad.help(BadJsonPath::HELP));
        }
    }

    /// A stage order that cannot be: a container that is stopped before it is started.
    pub fn check_stages(&mut self) {
        let steps = &self.draft.steps;
        let first = |stage: &Stage| steps.iter().position(|s| s.step.stage.as_ref() == Some(stage));
        let (start, stop) = (first(&Stage::StartContainer), first(&Stage::StopContainer));
        if let (Some(start), Some(stop)) = (start, stop)
            && stop < start
        {
            let (stop, start) = (&steps[stop].step, &steps[start].step);
            self.found.push(
                Diagnostic::error(
                    "stage-order",
                    format!(
                        "`{}` (stage stop_container) comes before `{}` (stage start_container)",
                        stop.name, start.name
                    ),
                )
                .at(&stop.span)
                .related(&start.span, "the container is started here")
                .help("a stage is a label and never reorders: move the task, or change its `stage`"),
            );
        }
    }
}
