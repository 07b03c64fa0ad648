//! Handlers of plays and roles: by which words they are notified, and what cannot be one.

use std::sync::Arc;

use super::build::Build;
use super::fragment::{HandlerBody, HandlerNames};
use super::tasks::{no_block, spanned};
use super::{Surroundings, short_role};
use crate::base::{Diagnostic, Value};
use crate::model::{Item, Level, Task};

/// What is said of a flush that stands among handlers, in the reference's words.
pub const MISPLACED_FLUSH: &str = "flush_handlers cannot be used as a handler";

impl Build<'_> {
    /// The handlers of a role or play.
    pub fn handlers(&mut self, items: &[Item], around: &Surroundings) {
        self.handler_block(items, around, false);
    }

    fn handler_block(&mut self, items: &[Item], around: &Surroundings, inside: bool) {
        self.new_block = true;
        self.handler_items(items, around, inside);
        self.new_block = true;
    }

    fn handler_items(&mut self, items: &[Item], around: &Surroundings, in_block: bool) {
        for item in items {
            match item {
                Item::Task(task) if task.call.short_name() == "import_tasks" => {
                    let file =
                        task.call.argument("file").map(spanned).or_else(|| task.call.free_form.clone());
                    let Some(file) = file else { continue };
                    let name = self.found.keep(self.known.text(around, &file, "the file of an import"));
                    let Some(path) = name.and_then(|name| self.find_tasks(&name, &file, around)) else {
                        continue;
                    };
                    match self.compiler.project.loader.tasks(&path, Some(&file.span)) {
                        Ok((items, _)) => {
                            let inside = self.inside(around, &task.keywords, Level::TaskVars, "task vars");
                            self.handler_items(&items, &inside.beside(&path), false);
                        }
                        Err(errors) => self.found.extend(errors),
                    }
                }
                Item::Task(task) => self.handler(task, around),
                Item::Block(block) if in_block => self.found.push(no_block(block)),
                Item::Block(block) => {
                    let inside = self.inside(around, &block.keywords, Level::BlockVars, "block vars");
                    self.handler_block(&block.body, &inside, true);
                }
            }
        }
    }

    fn handler(&mut self, task: &Arc<Task>, around: &Surroundings) {
        let inside = self.inside(around, &task.keywords, Level::TaskVars, "task vars");
        self.check_task(task, &inside);
        if let Some(message) = no_handler(task, self.is_early()) {
            self.found.push(Diagnostic::error("no-handler", message).at(&task.call.name.span));
            return;
        }
        let own = |word: &str| {
            let role = around.role.as_ref().map(|(role, _)| &**role);
            let by_role = role.into_iter().flat_map(|role| [role, short_role(role)]);
            let mut all = vec![Arc::from(word)];
            all.extend(by_role.map(|role| Arc::from(format!("{role} : {word}"))));
            all.dedup();
            all
        };
        let mut names: Vec<Arc<str>> = Vec::new();
        let mut unusable = None;
        if let Some(name) = &task.keywords.name {
            names = own(&self.known.shown(&inside, &name.value));
            if let Err(problem) = self.known.text(&inside, name, "the name of a handler") {
                unusable = task.listen.is_empty().then(|| cannot_be_named(&name.value, &problem).into());
            }
        }
        // Topics are taken as they are written.
        let topics = task.listen.iter().flat_map(|topic| own(&topic.value.to_string())).collect();
        let body = Some(Arc::new(HandlerBody { task: Arc::clone(task), around: around.clone() }));
        let begins = std::mem::take(&mut self.new_block);
        self.draft.handlers.push(HandlerNames { names, topics, unusable, begins, body });
    }
}

/// What is said of a handler whose name is a template that cannot be rendered, in the reference's words.
fn cannot_be_named(name: &Value, problem: &Diagnostic) -> String {
    format!(
        "Handler '{name}' is unusable because it has no listen topics and the name could not be templated \
         (host-specific variables are not supported in handler names). The error: {}",
        problem.message
    )
}

/// Why a task cannot be a handler, in the reference's words. There a flush is refused only when its turn comes.
fn no_handler(task: &Task, is_early: bool) -> Option<String> {
    let word = task.call.free_form.as_ref().and_then(|word| word.value.as_str());
    match (task.call.short_name(), word) {
        ("meta", Some("end_role")) => Some("Cannot execute 'end_role' from a handler".to_owned()),
        ("meta", Some("flush_handlers")) if is_early => Some(MISPLACED_FLUSH.to_owned()),
        ("include_role" | "import_role", _) => {
            Some(format!("Using '{}' as a handler is not supported.", task.call.name.value))
        }
        _ => None,
    }
}
