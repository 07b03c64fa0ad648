//! Lists of tasks become steps: tasks, blocks, static imports, and the steps of includes that the run expands.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Surroundings;
use super::apply::{APPLICABLE, apply};
use super::build::Build;
use super::draft::slug;
use super::role_uses::by_task;
use super::scope::{ScopeKind, Section};
use super::step::{Expand, StepKind, TaskStep};
use super::surroundings::Handling;
use crate::base::spec::Argument;
use crate::base::value::has_marks;
use crate::base::{Diagnostic, Map, Spanned, Value};
use crate::model::{Block, Item, Level, LoopControl, RoleEntry, Task};

/// The code of what is said of a file of tasks that an include has not found.
pub const ABSENT: &str = "absent-file";

impl Build<'_> {
    /// A list of tasks and blocks.
    pub fn items(&mut self, items: &[Item], around: &Surroundings) {
        for item in items {
            match item {
                Item::Task(task) => self.task(task, around),
                Item::Block(block) => self.block(block, around),
            }
        }
    }

    fn block(&mut self, block: &Arc<Block>, around: &Surroundings) {
        let mut inside = self.inside(around, &block.keywords, Level::BlockVars, "block vars");
        match around.handling {
            Handling::No => {}
            Handling::Yes => inside.handling = Handling::InBlock,
            Handling::InBlock => return self.found.push(no_block(block)),
        }
        let label = block.keywords.name.as_ref().map(|n| self.known.shown(around, &n.value));
        inside.path =
            self.draft.id(format!("{}/{}", around.path, label.as_deref().map_or("block".into(), slug)));
        inside.nested = true;
        let first = self.draft.steps.len();
        let keywords = &block.keywords;
        if block.rescue.is_empty() && block.always.is_empty() {
            let label = Arc::from(label.as_deref().unwrap_or_default());
            let kind = ScopeKind::Plain { label, outermost: !around.nested };
            inside.scope = self.draft.scope(Some(around.scope), kind);
            self.wrapped(keywords, &inside, |build, inside| build.items(&block.body, inside));
        } else {
            let outermost = !around.nested;
            let kind = |rescue| ScopeKind::Block { rescue, lifecycle: false, outermost, flushes: false };
            let parent = match &label {
                Some(label) => {
                    let kind = ScopeKind::Plain { label: Arc::from(&**label), outermost };
                    self.draft.scope(Some(around.scope), kind)
                }
                None => around.scope,
            };
            let scope = self.draft.scope(Some(parent), kind(!block.rescue.is_empty()));
            let inside = Surroundings { scope, ..inside };
            self.wrapped(keywords, &inside, |build, inside| {
                build.section(&block.body, inside, Section::Body, "");
                let before = (build.draft.steps.len(), build.draft.scopes.len());
                build.section(&block.rescue, inside, Section::Rescue, "/rescue");
                let mut scopes = build.draft.scopes[before.1..].iter();
                let uses_role = scopes.any(|scope| matches!(scope.kind, ScopeKind::Role(_)));
                if build.draft.steps.len() == before.0 && !uses_role {
                    // A rescue of which tags leave nothing rescues nobody; of a role its end is left, as in Ansible.
                    build.draft.scopes[scope.index()].kind = kind(false);
                }
                build.section(&block.always, inside, Section::Always, "/always");
            });
        }
        self.name(keywords, label.as_deref(), first, &block.span);
    }

    fn section(&mut self, items: &[Item], around: &Surroundings, section: Section, path: &str) {
        if !items.is_empty() {
            let scope = self.draft.scope(Some(around.scope), ScopeKind::Section(section));
            let inside = Surroundings { scope, path: format!("{}{path}", around.path), ..around.clone() };
            self.items(items, &inside);
        }
    }

    /// One task, whatever it is.
    pub fn task(&mut self, task: &Arc<Task>, around: &Surroundings) {
        let first = self.draft.steps.len();
        self.examine(task, around);
        if let Some(topic) = task.listen.first() {
            self.found.push(
                Diagnostic::error("unknown-keyword", "`listen` is a keyword of handlers, this is a task")
                    .at(&topic.span)
                    .help("move the task below `handlers:`, or drop `listen`"),
            );
        }
        match task.call.short_name() {
            "import_tasks" => self.import_tasks(task, around),
            "import_role" => self.import_role(task, around),
            "include_tasks" | "include_role" => self.include(task, around),
            "meta" => self.meta(task, around),
            _ => {
                let inside = self.inside(around, &task.keywords, Level::TaskVars, "task vars");
                self.wrapped(&task.keywords, &inside, |build, inside| {
                    let step = StepKind::Task(Arc::new(build.task_step(task, inside)));
                    let (word, name) = build.label(task, inside);
                    let flow = build.flow(task, inside);
                    build.push(inside, &word, &name, step, &task.span, flow);
                });
            }
        }
        let label = task.keywords.label().map(ToOwned::to_owned);
        self.name(&task.keywords, label.as_deref(), first, &task.span);
    }

    /// A task's part of an id, and its name for people.
    pub fn label(&self, task: &Task, around: &Surroundings) -> (String, String) {
        match &task.keywords.name {
            Some(name) => {
                let written = name.value.to_string();
                (slug(&written), self.known.shown(around, &name.value))
            }
            None => (slug(task.call.short_name()), task.call.short_name().to_owned()),
        }
    }

    /// A task with everything it inherits.
    pub fn task_step(&self, task: &Arc<Task>, inside: &Surroundings) -> TaskStep {
        let metrics = if !task.metrics.is_empty() {
            Arc::from(task.metrics.as_slice())
        } else if Self::in_round(inside) && is_measured(task) {
            Arc::clone(&inside.metrics)
        } else {
            Arc::from([])
        };
        TaskStep {
            written: task.keywords.name.as_ref().map(|name| name.value.to_string().into()),
            call: self.compiler.call(task),
            foreign: self.compiler.foreign(&task.call.name.value),
            inherited: inside.inherited.clone(),
            r#loop: task.r#loop.clone(),
            loop_control: self.loop_control(task, inside),
            register: task.register.clone(),
            changed_when: task.changed_when.clone(),
            failed_when: task.failed_when.clone(),
            until: task.until.clone(),
            retries: task.retries.clone(),
            delay: task.delay.clone(),
            r#async: task.r#async.clone(),
            poll: task.poll.clone(),
            durable: task.durable.clone(),
            metrics,
            limits: [&inside.inherited.timeout, &inside.inherited.grace]
                .map(|limit| limit.as_ref().map(|limit| self.known_limit(inside, limit))),
            search: Arc::clone(&inside.search),
            role: inside.role.clone(),
            flaw: self.flaws.get(&Arc::as_ptr(task)).cloned(),
        }
    }

    /// `loop_control`; names of its variables may be templates of what is known before the run.
    fn loop_control(&self, task: &Task, around: &Surroundings) -> LoopControl {
        let mut control = task.loop_control.clone();
        for name in [&mut control.loop_var, &mut control.index_var].into_iter().flatten() {
            if has_marks(name) {
                *name = self.known.shown(around, &Value::template(&**name, task.span.clone())).into();
            }
        }
        control
    }

    /// What all hosts know and agree on; else as it is written.
    fn known_limit(&self, around: &Surroundings, limit: &Spanned<Value>) -> Value {
        let known = self.known.same_everywhere(around, &limit.value, &limit.span, "this");
        known.unwrap_or_else(|_| limit.value.clone())
    }

    fn import_tasks(&mut self, task: &Arc<Task>, around: &Surroundings) {
        self.no_loop(task);
        self.no_apply(task);
        let Some(file) = self.file_of(task) else { return };
        let mut inside = self.inside(around, &task.keywords, Level::BlockVars, "import vars");
        inside.nested = true;
        let Some(name) = self.found.keep(self.known.text(&inside, &file, "the file of an import")) else {
            return;
        };
        let Some(path) = self.find_tasks(&name, &file, &inside) else { return };
        if self.importing.contains(&path) {
            self.found
                .push(Diagnostic::error("import-cycle", format!("{name} imports itself")).at(&file.span));
            return;
        }
        let grouped = self.group(&inside, &name, stem(&name));
        let grouped = grouped.beside(&path);
        self.importing.push(path.clone());
        self.wrapped(&task.keywords, &grouped, |build, grouped| build.file(&path, &file, grouped));
        self.importing.pop();
    }

    /// The tasks of a file that `place` names.
    pub fn file(&mut self, path: &Path, place: &Spanned<Value>, around: &Surroundings) {
        match self.compiler.project.loader.tasks(path, Some(&place.span)) {
            Ok((items, warnings)) => {
                self.found.extend(warnings);
                self.items(&items, around);
            }
            Err(errors) => self.found.extend(errors),
        }
    }

    /// `include_tasks` and `include_role`: a step that asks for its fragment when it is reached, and its end.
    fn include(&mut self, task: &Arc<Task>, around: &Surroundings) {
        // Its own condition and tags decide about the include; its variables reach what it brings.
        let inside = self.inside(around, &task.keywords, Level::IncludeParams, "include vars");
        let step = Arc::new(self.task_step(task, &inside));
        let (expand, target) = if task.call.short_name() == "include_role" {
            let mut problems = crate::base::Diagnostics::new();
            let entry = self.compiler.decoder().role_of_task(&task.call, &mut problems);
            self.found.extend(problems);
            let Some(entry) = entry else { return };
            self.check_target(&entry.role, Some(&entry), &inside);
            let expand = Expand::Role(Arc::clone(&step), Arc::new(by_task(&entry, &task.keywords.vars)));
            (expand, entry.role)
        } else {
            let Some(file) = self.file_of(task) else { return };
            self.check_target(&file, None, &inside);
            (Expand::Tasks(Arc::clone(&step)), file)
        };
        let (word, name) = if task.keywords.name.is_some() {
            self.label(task, &inside)
        } else {
            let shown = self.known.shown(&inside, &target.value);
            (slug(task.call.short_name()), format!("{} {shown}", task.call.short_name()))
        };
        self.check_apply(task);
        let mut flow = self.flow(task, &inside);
        flow.open = true;
        self.wrapped(&task.keywords, &inside, |build, inside| {
            let kind = StepKind::Expand(expand);
            let Some(number) = build.push(inside, &word, &name, kind, &task.span, flow.clone()) else {
                return;
            };
            // What it brings inherits from what is around the include, and gets its variables.
            let expand = &mut build.draft.steps[number].step;
            let id = expand.id.to_string();
            let mut bring = Surroundings { path: id.clone(), scope: inside.scope, ..around.clone() };
            bring.nested = true;
            bring.vars.clone_from(&inside.vars);
            bring.container.clone_from(&inside.container);
            bring.inherited.container.clone_from(&inside.inherited.container);
            expand.surroundings = Some(Arc::new(apply(task, bring)));
            let end = Surroundings { path: id, ..inside.clone() };
            build.push(&end, "end", &format!("end of {name}"), StepKind::Join, &task.span, flow);
        });
    }

    /// A keyword that would have no effect is an error.
    fn check_apply(&mut self, task: &Task) {
        let Some(apply) = task.call.argument("apply") else { return };
        for key in apply.value.as_map().into_iter().flat_map(Map::keys) {
            let key = key.to_string();
            if !APPLICABLE.contains(&&*key) {
                self.found.push(
                    Diagnostic::error("unknown-keyword", format!("`apply` takes no `{key}`"))
                        .at(&apply.value_span)
                        .suggest(&key, APPLICABLE)
                        .help("write it on a block around the include, or on the tasks themselves"),
                );
            }
        }
    }

    /// A target that is written out must be there; what it gives a value is noted.
    fn check_target(&mut self, target: &Spanned<Value>, role: Option<&RoleEntry>, inside: &Surroundings) {
        let is_late = target.value.has_template() || role.is_some_and(|role| role.from.has_template());
        if is_late || !self.is_early() {
            self.usage.open = true;
            return;
        }
        let name = target.value.to_string();
        if let Some(entry) = role {
            let Some(role) = self.load_role(&name, &entry.from, inside, &target.span) else { return };
            self.note_included(&role.tasks);
            if entry.public == Some(true) {
                let shown = self.layers_of(&role, inside);
                let names = shown.iter().flat_map(|layer| layer.vars.keys()).filter_map(|k| k.as_str());
                self.usage.written.extend(names.map(Arc::from));
            }
            return;
        }
        let Some(path) = self.find_tasks(&name, target, inside) else { return };
        match self.compiler.project.loader.tasks(&path, Some(&target.span)) {
            Ok((items, _)) => self.note_included(&items),
            Err(errors) => self.found.extend(errors),
        }
    }

    /// `file:` of an include or import, or its plain string.
    fn file_of(&mut self, task: &Arc<Task>) -> Option<Spanned<Value>> {
        let named = task.call.argument("file").map(spanned);
        let file = named.or_else(|| task.call.free_form.clone());
        if file.is_none() {
            self.found.push(if self.is_early() {
                let message = format!("`{}` needs a file", task.call.short_name());
                Diagnostic::error("missing-argument", message).at(&task.call.name.span)
            } else {
                let message = format!("No file specified for {}", task.call.name.value);
                Diagnostic::error("no-file", message).at(&task.span)
            });
        }
        file
    }

    /// A file of tasks: beside the file that names it, in the role, beside the playbook.
    pub fn find_tasks(
        &mut self,
        name: &str,
        place: &Spanned<Value>,
        around: &Surroundings,
    ) -> Option<PathBuf> {
        let candidates = match self.tasks_file(name, around) {
            Ok(path) => return Some(path),
            Err(candidates) => candidates,
        };
        if self.is_fragment && !self.is_early() {
            let path = around.playbook.join(name);
            let path = std::path::absolute(&path).unwrap_or(path);
            let missing = format!("Could not find or access '{}' on the Ansible Controller", path.display());
            let message = format!("{missing}: Unable to retrieve file contents.\n{missing}.");
            self.found.push(Diagnostic::error(ABSENT, message).at(&place.span));
            return None;
        }
        let files = self.compiler.project.loader.files();
        let looked: Vec<String> = candidates
            .iter()
            .filter_map(|p| p.parent())
            .filter(|p| files.is_folder(p))
            .map(crate::load::shown)
            .collect();
        self.found.push(
            Diagnostic::error("missing-file", format!("there is no file of tasks `{name}`"))
                .at(&place.span)
                .help(format!("looked in: {}", looked.join(", "))),
        );
        None
    }

    /// The same without a word; where it was looked for, when it is not there.
    pub(super) fn tasks_file(&self, name: &str, around: &Surroundings) -> Result<PathBuf, Vec<PathBuf>> {
        let files = self.compiler.project.loader.files();
        let folders = around.search.iter().flat_map(|folder| {
            let role = around.role.as_ref().is_some_and(|(_, role)| role == folder);
            let both = [folder.clone(), folder.join("tasks")];
            if role { [both[1].clone(), both[0].clone()] } else { both }
        });
        let candidates: Vec<PathBuf> = folders.map(|f| f.join(name)).collect();
        candidates.iter().find(|p| files.is_file(p)).cloned().ok_or(candidates)
    }

    /// What an import brings inherits from it, so there is nothing to `apply`.
    fn no_apply(&mut self, task: &Task) {
        if let Some(apply) = task.call.argument("apply") {
            // In the reference's words, which scripts look for.
            let message = format!("Invalid options for {}: apply", task.call.name.value);
            self.found.push(Diagnostic::error("unknown-argument", message).at(&apply.name_span));
        }
    }

    pub(super) fn no_loop(&mut self, task: &Arc<Task>) {
        if let Some(r#loop) = &task.r#loop {
            let word = task.call.short_name();
            self.found.push(
                Diagnostic::error(
                    "loop-on-import",
                    format!("`{word}` cannot be looped: it is resolved before the run"),
                )
                .at(&r#loop.span)
                .help(format!("use `{}`", word.replace("import", "include"))),
            );
        }
    }
}

/// A block in a block of handlers, which the reference refuses in these words.
pub(super) fn no_block(block: &Block) -> Diagnostic {
    Diagnostic::error("no-handler", "Using a block as a handler is not supported.").at(&block.span)
}

/// Whether the figures of a case may be in a task's output.
fn is_measured(task: &Task) -> bool {
    matches!(task.call.short_name(), "command" | "shell" | "raw" | "script")
}

/// An argument as a value with its place.
pub(super) fn spanned(argument: &Argument) -> Spanned<Value> {
    Spanned::new(argument.value.clone(), argument.value_span.clone())
}

/// The first of several errors.
pub(super) fn first_error(errors: &crate::base::Diagnostics) -> Diagnostic {
    let fallback = || Diagnostic::error("unreadable", "a file cannot be read");
    errors.iter().next().cloned().unwrap_or_else(fallback)
}

/// `tasks/setup-redhat.yml` → `setup-redhat`.
pub(super) fn stem(name: &str) -> &str {
    Path::new(name).file_stem().and_then(|s| s.to_str()).unwrap_or(name)
}
