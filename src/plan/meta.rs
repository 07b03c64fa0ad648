//! `meta`: what a task asks of the run itself; and flushes of handlers, which are one of these.

use std::sync::Arc;

use super::build::Build;
use super::draft::slug;
use super::step::{Expand, StepKind};
use super::surroundings::Handling;
use super::{Meta, Surroundings};
use crate::base::{Diagnostic, Spanned};
use crate::model::{Level, Task};

/// What a flush is called that has no name.
pub const FLUSH: &str = "flush handlers";

impl Build<'_> {
    pub(super) fn meta(&mut self, task: &Arc<Task>, around: &Surroundings) {
        let inside = self.inside(around, &task.keywords, Level::TaskVars, "task vars");
        let Some(word) = &task.call.free_form else {
            self.found.push(
                Diagnostic::error("missing-argument", "`meta` needs to know what to do")
                    .at(&task.call.name.span)
                    .help(format!("write one of: {}", words().join(", "))),
            );
            return;
        };
        let text = word.value.to_string();
        if text == "flush_handlers" && (inside.handling == Handling::No || self.is_early()) {
            if let Some(number) = self.flush(&inside, inside.tags.clone(), "flush_handlers", &word.span) {
                let step = Arc::new(self.task_step(task, &inside));
                let drafted = &mut self.draft.steps[number].step;
                drafted.meta = Some(step);
                if let Some(name) = &task.keywords.name {
                    drafted.name = self.known.shown(&inside, &name.value);
                }
            }
            return;
        }
        let Some(meta) = Meta::ALL.into_iter().find(|meta| meta.word() == text) else {
            self.found.push(
                Diagnostic::error("unknown-choice", format!("`meta` cannot do `{text}`"))
                    .at(&word.span)
                    .suggest(&text, words())
                    .help(format!("it can do {}", words().join(", "))),
            );
            return;
        };
        if meta == Meta::EndRole && inside.role.is_none() {
            let message = "Cannot execute 'end_role' from outside of a role";
            self.found.push(Diagnostic::error("misplaced-meta", message).at(&word.span));
            return;
        }
        let mut flow = self.flow(task, &inside);
        flow.open = true;
        flow.wide = !matches!(meta, Meta::EndHost | Meta::EndRole | Meta::ResetConnection | Meta::Noop);
        let step = StepKind::Meta(Spanned::new(meta, word.span.clone()));
        let (_, name) = self.label(task, &inside);
        let name = if task.keywords.name.is_some() { name } else { format!("meta {text}") };
        let number = self.push(&inside, &slug(&text), &name, step, &task.span, flow);
        if let Some(number) = number {
            self.draft.steps[number].step.meta = Some(Arc::new(self.task_step(task, &inside)));
        }
    }

    /// A flush of handlers: expanded by the run, because only it knows who notified what.
    ///
    /// Gives the number of the step, unless its own tags leave it out. Handlers are done whatever their tags.
    pub fn flush(
        &mut self,
        around: &Surroundings,
        tags: Vec<Arc<str>>,
        word: &str,
        span: &crate::base::Span,
    ) -> Option<usize> {
        let around = Surroundings { tags, stage: None, ..around.clone() };
        let flow = super::draft::Flow { open: true, ..Default::default() };
        let kind = StepKind::Expand(Expand::Flush);
        let number = self.push(&around, word, FLUSH, kind, span, flow.clone())?;
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
        Some(number)
    }
}

/// The words of `meta`.
fn words() -> [&'static str; 10] {
    Meta::ALL.map(Meta::word)
}
