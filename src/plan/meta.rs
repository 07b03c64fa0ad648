//! `meta`: what a task asks of the run itself; and flushes of handlers, which are one of these.

use std::sync::Arc;

use super::build::Build;
use super::draft::slug;
use super::step::{Expand, StepKind};
use super::{Meta, Surroundings};
use crate::base::{Diagnostic, Spanned};
use crate::model::{Level, Task};

/// The words of `meta`, and what they do to the run; a flush is a step of its own.
const META: [(&str, Option<Meta>); 10] = [
    ("flush_handlers", None),
    ("noop", Some(Meta::Noop)),
    ("end_host", Some(Meta::EndHost)),
    ("end_play", Some(Meta::EndPlay)),
    ("end_batch", Some(Meta::EndBatch)),
    ("end_role", Some(Meta::EndRole)),
    ("clear_facts", Some(Meta::ClearFacts)),
    ("clear_host_errors", Some(Meta::ClearHostErrors)),
    ("reset_connection", Some(Meta::ResetConnection)),
    ("refresh_inventory", Some(Meta::RefreshInventory)),
];

impl Build<'_> {
    pub(super) fn meta(&mut self, task: &Arc<Task>, around: &Surroundings) {
        let inside = self.inside(around, &task.keywords, Level::TaskVars, "task vars");
        let Some(word) = &task.call.free_form else {
            self.found.push(
                Diagnostic::error("missing-argument", "`meta` needs to know what to do")
                    .at(&task.call.name.span)
                    .help(format!("write one of: {}", META.map(|(w, _)| w).join(", "))),
            );
            return;
        };
        let text = word.value.to_string();
        if text == "flush_handlers" {
            self.flush(&inside, "flush_handlers", &word.span);
            return;
        }
        let Some((_, meta)) = META.iter().find(|(w, _)| *w == text) else {
            self.found.push(
                Diagnostic::error("unknown-choice", format!("`meta` cannot do `{text}`"))
                    .at(&word.span)
                    .suggest(&text, META.iter().map(|(w, _)| *w))
                    .help(format!("it can do {}", META.map(|(w, _)| w).join(", "))),
            );
            return;
        };
        let Some(meta) = meta else { return };
        if *meta == Meta::EndRole && inside.role.is_none() {
            let message = "Cannot execute 'end_role' from outside of a role";
            self.found.push(Diagnostic::error("misplaced-meta", message).at(&word.span));
            return;
        }
        let mut flow = self.flow(task, &inside);
        flow.open = true;
        flow.wide = !matches!(meta, Meta::EndHost | Meta::EndRole | Meta::ResetConnection | Meta::Noop);
        let step = StepKind::Meta(Spanned::new(*meta, word.span.clone()));
        let (_, name) = self.label(task, &inside);
        let name = if task.keywords.name.is_some() { name } else { format!("meta {text}") };
        let number = self.push(&inside, &slug(&text), &name, step, &task.span, flow);
        if number.is_some() && !inside.inherited.when.is_empty() {
            let task = Arc::new(self.task_step(task, &inside));
            if let Some(number) = number {
                self.draft.steps[number].step.condition = Some(task);
            }
        }
    }

    /// A flush of handlers: expanded by the run, because only it knows who notified what.
    pub fn flush(&mut self, around: &Surroundings, word: &str, span: &crate::base::Span) {
        let mut around = around.clone();
        around.tags = vec![Arc::from("always")];
        around.stage = None;
        let flow = super::draft::Flow { open: true, ..Default::default() };
        let kind = StepKind::Expand(Expand::Flush);
        let Some(number) = self.push(&around, word, "flush handlers", kind, span, flow.clone()) else {
            return;
        };
        let expand = &mut self.draft.steps[number].step;
        let id = expand.id.to_string();
        let bring = Surroundings { path: id.clone(), ..around.clone() };
        expand.surroundings = Some(Arc::new(bring));
        self.push(
            &Surroundings { path: id, ..around },
            "end",
            "end of flush handlers",
            StepKind::Join,
            span,
            flow,
        );
    }
}
