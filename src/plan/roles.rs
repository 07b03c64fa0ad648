//! Roles: their dependencies, what they expose to the play, and their tasks.

use std::path::PathBuf;
use std::sync::Arc;

use super::build::Build;
use super::fragment::{HandlerBody, HandlerNames};
use super::tasks::{first_error, spanned};
use super::{Surroundings, short_role};
use crate::base::{Diagnostic, Map, Span, Value};
use crate::model::{Item, Level, Role, RoleEntry, RoleFrom, RoleVars, Task, VarLayer};

/// What `explain` says of the `vars` of a role entry.
const ENTRY: &str = "vars of the role entry";

/// A role that is known before the run.
pub(super) struct StaticRole {
    /// The role.
    pub role: Arc<Role>,
    /// What its handlers inherit.
    pub around: Surroundings,
    /// Whether the whole play sees its variables.
    pub public: bool,
    /// Whether only another role has asked for it.
    pub dependency: bool,
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
            some.map(|used| Arc::clone(&used.role.name)).collect()
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
    /// Where roles are looked for.
    pub fn role_folders(&self, around: &Surroundings) -> Vec<PathBuf> {
        let mut folders = self.compiler.project.loader.role_folders(&around.playbook);
        // A role finds its neighbours.
        folders.extend(around.role.iter().filter_map(|(_, path)| Some(path.parent()?.to_path_buf())));
        folders
    }

    /// Finds a role that must be known before contact.
    pub fn find_role(&mut self, entry: &RoleEntry, around: &Surroundings) -> Option<Arc<Role>> {
        let name = self.found.keep(self.known.text(around, &entry.role, "the name of a role"))?;
        self.load_role(&name, &entry.from, around, &entry.role.span)
    }

    pub(super) fn load_role(
        &mut self,
        name: &str,
        from: &RoleFrom,
        around: &Surroundings,
        span: &Span,
    ) -> Option<Arc<Role>> {
        let folders = self.role_folders(around);
        match self.compiler.project.loader.role(name, from, &folders, span) {
            Ok((role, warnings)) => {
                self.found.extend(warnings);
                Some(role)
            }
            Err(errors) => {
                self.found.extend(errors);
                None
            }
        }
    }

    /// A role entry: its dependencies, then its tasks.
    pub fn role_entry(&mut self, entry: &RoleEntry, around: &Surroundings) {
        let Some(role) = self.find_role(entry, around) else { return };
        let key = (Arc::clone(&role.name), parameters(entry));
        let again = entry.allow_duplicates.unwrap_or(role.allow_duplicates);
        if self.used_roles.contains(&key) && !again {
            return;
        }
        self.used_roles.push(key);
        if self.importing.contains(&role.path) {
            self.found.push(
                Diagnostic::error("role-cycle", format!("role `{}` depends on itself", role.name))
                    .at(&entry.role.span),
            );
            return;
        }
        let mut inside = self.inside(around, &entry.keywords, Level::RoleVars, ENTRY);
        inside.push_vars(Level::RoleParams, "role parameters", &entry.span, &entry.params);
        let first = self.draft.steps.len();
        self.importing.push(role.path.clone());
        for dependency in &role.dependencies {
            self.role_entry(dependency, &inside.within(&role));
        }
        self.importing.pop();
        // They are stronger than what the role itself says, and weaker than what its dependencies say.
        inside.push_vars(Level::BlockVars, ENTRY, &entry.span, &entry.keywords.vars);
        self.wrapped(&entry.keywords, &inside, |build, inside| build.role_tasks(&role, entry, inside));
        self.name(&entry.keywords, Some(&role.name), first, &entry.span);
    }

    /// The tasks of a role, with its variables.
    pub fn role_tasks(&mut self, role: &Arc<Role>, entry: &RoleEntry, around: &Surroundings) {
        let grouped = self.group(around, &format!("role {}", role.name), &role.name);
        let inside = self.within(role, &grouped);
        self.tasks_of_role(role, &entry.into(), &inside);
    }

    /// Inside a role: what its dependencies define, its own variables, its folders.
    pub(super) fn within(&self, role: &Arc<Role>, around: &Surroundings) -> Surroundings {
        let mut inside = around.clone();
        let own = own_layers(role).count();
        let mut layers = self.layers_of(role, around);
        layers.truncate(layers.len() - own);
        // Defaults that the play sees anyway need not be said again. Variables are: they are stronger than those of the roles
        // that this one is used by.
        layers.retain(|layer| {
            layer.level != Level::RoleDefaults
                || !around.vars.iter().any(|known| known.origin == layer.origin)
        });
        inside.vars.retain(|known| !layers.iter().any(|layer| layer.origin == known.origin));
        inside.vars.extend(layers);
        inside.within(role)
    }

    /// The variables that a role defines, after those of its dependencies.
    pub(super) fn layers_of(&self, role: &Arc<Role>, around: &Surroundings) -> Vec<VarLayer> {
        let mut layers = Vec::new();
        self.collect_layers(role, around, &mut Vec::new(), &mut layers);
        layers
    }

    fn collect_layers(
        &self,
        role: &Arc<Role>,
        around: &Surroundings,
        met: &mut Vec<PathBuf>,
        layers: &mut Vec<VarLayer>,
    ) {
        if met.contains(&role.path) {
            return;
        }
        met.push(role.path.clone());
        let inside = around.within(role);
        for dependency in &role.dependencies {
            // What is wrong with it is said when its tasks are compiled.
            let Ok(name) = self.known.text(&inside, &dependency.role, "the name of a role") else { continue };
            let folders = self.role_folders(&inside);
            let loader = &self.compiler.project.loader;
            if let Ok((role, _)) = loader.role(&name, &dependency.from, &folders, &dependency.role.span) {
                self.collect_layers(&role, &inside, met, layers);
            }
        }
        layers.extend(own_layers(role));
    }

    /// `import_role`
    pub(super) fn import_role(&mut self, task: &Arc<Task>, around: &Surroundings) {
        self.no_loop(task);
        let mut problems = crate::base::Diagnostics::new();
        let entry = self.compiler.decoder().role_of_task(&task.call, &mut problems);
        self.found.extend(problems);
        let Some(entry) = entry else { return };
        let mut inside = self.inside(around, &task.keywords, Level::BlockVars, "import vars");
        inside.come_from_role();
        let Some(role) = self.find_role(&entry, &inside) else { return };
        // A role may bring other files of its own.
        let place = role.path.join(format!("{:?}", entry.from));
        if self.importing.contains(&place) {
            self.found.push(
                Diagnostic::error("role-cycle", format!("role `{}` imports itself", role.name))
                    .at(&entry.role.span),
            );
            return;
        }
        self.importing.push(place);
        for dependency in &role.dependencies {
            self.role_entry(dependency, &inside.within(&role));
        }
        self.wrapped(&task.keywords, &inside, |build, inside| build.role_tasks(&role, &entry, inside));
        self.importing.pop();
    }

    /// All roles that are known before the run and show their handlers, and their variables unless `public: false`, to the
    /// whole play: those of `roles:`, their dependencies, and `import_role` with a plain name. Dependencies come first. Of
    /// several uses of a role the last gives its handlers their parameters and conditions.
    pub fn static_roles(&mut self, around: &Surroundings) -> Vec<StaticRole> {
        let play = Arc::clone(self.play);
        let mut found = Vec::new();
        for entry in &play.roles {
            self.collect_role(entry, around, entry.public != Some(false), &mut found);
        }
        for items in [&play.pre_tasks, &play.tasks, &play.post_tasks] {
            self.collect_imports(items, around, &mut found);
        }
        found
    }

    fn collect_role(
        &mut self,
        entry: &RoleEntry,
        around: &Surroundings,
        public: bool,
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
        if let Some(used) = found.iter_mut().find(|used| used.role.path == role.path) {
            used.around = inside.clone();
            if public && !used.public {
                // Seen after all, and what it depends on too.
                used.public = true;
                for dependency in &role.dependencies {
                    self.collect_role(dependency, &inside, public, found);
                }
            }
            return;
        }
        let place = found.len();
        found.push(StaticRole { role: Arc::clone(&role), around: inside.clone(), public, dependency: false });
        for dependency in &role.dependencies {
            self.collect_role(dependency, &inside, public, found);
        }
        for used in &mut found[place + 1..] {
            used.dependency = true;
        }
        found[place..].rotate_left(1);
    }

    fn collect_imports(&mut self, items: &[Item], around: &Surroundings, found: &mut Vec<StaticRole>) {
        for item in items {
            match item {
                Item::Block(block) => {
                    for section in [&block.body, &block.rescue, &block.always] {
                        self.collect_imports(section, around, found);
                    }
                }
                Item::Task(task) if task.call.short_name() == "import_role" => {
                    let mut ignored = crate::base::Diagnostics::new();
                    if let Some(entry) = self.compiler.decoder().role_of_task(&task.call, &mut ignored) {
                        self.collect_role(&entry, around, entry.public != Some(false), found);
                    }
                }
                Item::Task(_) => {}
            }
        }
    }

    /// The handlers of a role or play.
    pub fn handlers(&mut self, items: &[Item], around: &Surroundings) {
        self.new_block = true;
        self.handler_items(items, around);
        self.new_block = true;
    }

    fn handler_items(&mut self, items: &[Item], around: &Surroundings) {
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
                            self.handler_items(&items, &inside.beside(&path));
                        }
                        Err(errors) => self.found.extend(errors),
                    }
                }
                Item::Task(task) => self.handler(task, around),
                Item::Block(block) => {
                    let inside = self.inside(around, &block.keywords, Level::BlockVars, "block vars");
                    self.handlers(&block.body, &inside);
                }
            }
        }
    }

    fn handler(&mut self, task: &Arc<Task>, around: &Surroundings) {
        let inside = self.inside(around, &task.keywords, Level::TaskVars, "task vars");
        self.check_task(task, &inside);
        let mut names: Vec<Arc<str>> = Vec::new();
        if let Some(name) = &task.keywords.name {
            let name = self.known.shown(&inside, &name.value);
            if let Some((role, _)) = &around.role {
                names.push(format!("{role} : {name}").into());
                if short_role(role) != &**role {
                    names.push(format!("{} : {name}", short_role(role)).into());
                }
            }
            names.insert(0, Arc::from(name));
        }
        let topics = task
            .listen
            .iter()
            .filter_map(|t| self.known.text(&inside, t, "a topic of a handler").ok().map(Arc::from));
        let topics = topics.collect();
        let body = Some(Arc::new(HandlerBody { task: Arc::clone(task), around: around.clone() }));
        let begins = std::mem::take(&mut self.new_block);
        self.draft.handlers.push(HandlerNames { names, topics, begins, body });
    }
}

/// What makes two uses of a role the same: parameters, variables, conditions, tags, other files.
fn parameters(entry: &RoleEntry) -> Map {
    let mut all = (*entry.params).clone();
    all.insert("vars", Value::Map(Arc::clone(&entry.keywords.vars)));
    let texts =
        |list: &[crate::base::Spanned<Value>]| Value::list(list.iter().map(|v| v.value.clone()).collect());
    all.insert("when", texts(&entry.keywords.inherited.when));
    all.insert("tags", texts(&entry.keywords.tags));
    all.insert("from", format!("{:?}", entry.from));
    all
}

/// A layer of a role's file of variables.
pub(super) fn layer(level: Level, vars: &RoleVars) -> VarLayer {
    VarLayer {
        level,
        origin: Arc::clone(&vars.origin),
        span: vars.span.clone(),
        vars: Arc::clone(&vars.vars),
    }
}

/// What a role itself defines, weakest first.
pub(super) fn own_layers(role: &Role) -> impl Iterator<Item = VarLayer> {
    let defaults = role.defaults.iter().map(|v| layer(Level::RoleDefaults, v));
    defaults.chain(role.vars.iter().map(|v| layer(Level::RoleVars, v)))
}

impl Surroundings {
    /// What is brought by `include_role` or `import_role` knows the roles that it was brought by, nearest first.
    pub(super) fn come_from_role(&mut self) {
        let Some(own) = &self.role else { return };
        self.parents = [own].into_iter().chain(self.parents.iter()).cloned().collect();
        let names: Vec<_> = self.parents.iter().map(|(name, _)| Arc::clone(name)).collect();
        let absolute = |path: &PathBuf| std::path::absolute(path).unwrap_or_else(|_| path.clone());
        let paths = self.parents.iter().map(|(_, path)| absolute(path).display().to_string());
        let vars = Map::from_iter([
            ("ansible_parent_role_names", Value::from(names)),
            ("ansible_parent_role_paths", paths.collect::<Vec<_>>().into()),
        ]);
        self.push_vars(Level::IncludeParams, "Benchbook", &Span::nowhere("Benchbook"), &Arc::new(vars));
    }

    /// Inside a role: its variables, its folders.
    pub(super) fn within(&self, role: &Arc<Role>) -> Self {
        let mut inside = self.clone();
        inside.vars.extend(own_layers(role));
        let folders = ["tasks", "handlers"].map(|folder| role.path.join(folder));
        let [tasks, handlers] = folders;
        inside.search = [role.path.clone(), tasks, handlers, self.playbook.clone()].into();
        inside.role = Some((Arc::clone(&role.name), role.path.clone()));
        inside
    }

    /// Inside a file of tasks: what stands beside it is found first.
    pub(super) fn beside(&self, file: &std::path::Path) -> Self {
        let folder = file.parent().map(std::path::Path::to_path_buf).unwrap_or_default();
        let mut search: Vec<PathBuf> = self.search.to_vec();
        if !search.contains(&folder) {
            search.insert(0, folder);
        }
        Self { search: search.into(), ..self.clone() }
    }
}
