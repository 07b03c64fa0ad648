//! Roles that are known before the run: what they show to the whole play, handlers and variables.

use std::sync::Arc;

use indexmap::IndexSet;

use super::Surroundings;
use super::build::Build;
use super::roles::ENTRY;
use super::tasks::{first_error, spanned};
use crate::base::Span;
use crate::model::{Item, Keywords, Level, Role, RoleEntry, RoleFrom, Task};

/// A role that is known before the run.
pub(super) struct StaticRole {
    /// The role.
    pub role: Arc<Role>,
    /// Its other files than `main`.
    from: RoleFrom,
    /// What its handlers inherit.
    pub around: Surroundings,
    /// Whether the whole play sees its variables.
    pub public: bool,
    /// Whether only another role has asked for it.
    pub dependency: bool,
    /// When tasks import it: where its handlers come among those of others that are imported.
    pub imported: Option<(Part, usize)>,
}

/// Where an import stands, in the order in which Ansible reads a play. A handler of a part that is read later counts more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    PreTasks,
    PostTasks,
    Tasks,
    Roles,
}

/// The names of the roles of a play, for magic variables.
#[derive(Clone, Debug, Default)]
pub struct RoleNames {
    /// Those that the play itself names, or a task of it imports.
    pub direct: Vec<Arc<str>>,
    /// What they depend on.
    pub dependencies: Vec<Arc<str>>,
}

impl RoleNames {
    pub(super) fn of(roles: &[StaticRole]) -> Self {
        let names = |dependency: bool| {
            let some = roles.iter().filter(|used| used.dependency == dependency);
            // A role may be used with other files, and is still one.
            let names: IndexSet<Arc<str>> = some.map(|used| Arc::clone(&used.role.name)).collect();
            names.into_iter().collect()
        };
        Self { direct: names(false), dependencies: names(true) }
    }

    /// All of them, each once.
    pub fn all(&self) -> Vec<Arc<str>> {
        let mut all = self.direct.clone();
        all.extend(self.dependencies.iter().filter(|name| !self.direct.contains(name)).cloned());
        all
    }
}

impl Build<'_> {
    /// All roles that are known before the run and show their handlers, and their variables unless `public: false`, to the
    /// whole play: those of `roles:`, their dependencies, and `import_role` with a plain name. Dependencies come first. Of
    /// several uses of a role the last gives its handlers their parameters and conditions.
    pub fn static_roles(&mut self, around: &Surroundings) -> Vec<StaticRole> {
        let play = Arc::clone(self.play);
        let mut found = Vec::new();
        for entry in &play.roles {
            self.collect_role(entry, around, self.is_public(entry, true), None, &mut found);
        }
        let parts = [
            (&play.pre_tasks, Part::PreTasks),
            (&play.tasks, Part::Tasks),
            (&play.post_tasks, Part::PostTasks),
        ];
        for (items, part) in parts {
            self.collect_imports(items, around, part, &mut found);
        }
        found
    }

    fn collect_role(
        &mut self,
        entry: &RoleEntry,
        around: &Surroundings,
        public: bool,
        part: Option<Part>,
        found: &mut Vec<StaticRole>,
    ) {
        // What is wrong with it is said when its tasks are compiled.
        let Ok(name) = self.known.text(around, &entry.role, "the name of a role") else { return };
        let folders = self.role_folders(around);
        let loaded = self.compiler.project.loader.role(&name, &entry.from, &folders, &entry.role.span);
        let Ok(role) = loaded.map(|(role, _)| role).map_err(|e| first_error(&e)) else { return };
        let mut inside = around.inside(&entry.keywords, Vec::new());
        inside.push_vars(Level::BlockVars, ENTRY, &entry.span, &entry.keywords.vars);
        inside.push_vars(Level::RoleParams, "role parameters", &entry.span, &entry.params);
        let inside = inside.within(&role);
        let same = |used: &&mut StaticRole| used.role.path == role.path && used.from == entry.from;
        let place = found.len();
        if let Some(used) = found.iter_mut().find(same) {
            used.around = inside.clone();
            used.imported = used.imported.max(part.map(|part| (part, place)));
            if public && !used.public {
                // Seen after all, and what it depends on too.
                used.public = true;
                for dependency in &role.dependencies {
                    self.collect_role(dependency, &inside, public, part, found);
                }
            }
            return;
        }
        found.push(StaticRole {
            role: Arc::clone(&role),
            from: entry.from.clone(),
            around: inside.clone(),
            public,
            dependency: false,
            imported: None,
        });
        for dependency in &role.dependencies {
            self.collect_role(dependency, &inside, public, part, found);
        }
        for used in &mut found[place + 1..] {
            used.dependency = true;
        }
        found[place..].rotate_left(1);
        let last = found.len();
        self.collect_imports(&role.tasks, &inside, part.unwrap_or(Part::Roles), found);
        // What it imports itself has come before it.
        let turn = found.len();
        for used in &mut found[place..last] {
            used.imported = used.imported.max(part.map(|part| (part, turn)));
        }
    }

    /// Roles that tasks import, also those of imported files and of blocks.
    fn collect_imports(
        &mut self,
        items: &[Item],
        around: &Surroundings,
        part: Part,
        found: &mut Vec<StaticRole>,
    ) {
        for item in items {
            match item {
                Item::Block(block) => {
                    let inside = with_own_vars(around, &block.keywords, Level::BlockVars, "block vars");
                    for section in [&block.body, &block.rescue, &block.always] {
                        self.collect_imports(section, &inside, part, found);
                    }
                }
                Item::Task(task) => match task.call.short_name() {
                    "import_role" => {
                        let mut ignored = crate::base::Diagnostics::new();
                        if let Some(entry) = self.compiler.decoder().role_of_task(&task.call, &mut ignored) {
                            let mut inside =
                                with_own_vars(around, &task.keywords, Level::BlockVars, "import vars");
                            inside.inherited.notify.clear();
                            let entry = self.switched(entry, &inside);
                            self.collect_role(
                                &entry,
                                &inside,
                                self.is_public(&entry, true),
                                Some(part),
                                found,
                            );
                        }
                    }
                    "import_tasks" => self.collect_imported_file(task, around, part, found),
                    _ => {}
                },
            }
        }
    }

    fn collect_imported_file(
        &mut self,
        task: &Task,
        around: &Surroundings,
        part: Part,
        found: &mut Vec<StaticRole>,
    ) {
        let inside = with_own_vars(around, &task.keywords, Level::BlockVars, "import vars");
        let file = task.call.argument("file").map(spanned).or_else(|| task.call.free_form.clone());
        // What is wrong with it is said when its tasks are compiled.
        let Some(file) = file else { return };
        let Ok(name) = self.known.text(&inside, &file, "the file of an import") else { return };
        let Some(path) = self.tasks_file(&name, &inside).ok().filter(|path| !self.importing.contains(path))
        else {
            return;
        };
        let Ok((items, _)) = self.compiler.project.loader.tasks(&path, Some(&file.span)) else { return };
        self.importing.push(path.clone());
        self.collect_imports(&items, &inside.beside(&path), part, found);
        self.importing.pop();
    }
}

/// With what a mapping adds; its tags do not matter.
fn with_own_vars(around: &Surroundings, own: &Keywords, level: Level, what: &str) -> Surroundings {
    let mut inside = around.inside(own, Vec::new());
    let span = own.vars_span.as_ref().or(own.name_span()).cloned();
    inside.push_vars(level, what, &span.unwrap_or_else(|| Span::nowhere("Benchbook")), &own.vars);
    inside
}
