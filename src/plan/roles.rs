//! Roles: their dependencies, what they define, and their tasks.

use std::path::PathBuf;
use std::sync::Arc;

use super::Surroundings;
use super::build::Build;
use super::draft::slug;
use super::role_uses::{Way, by_task};
use crate::base::{Diagnostic, Map, Span, Spanned, Value};
use crate::model::{Level, Role, RoleEntry, RoleFrom, RoleVars, Task, VarLayer};

/// What `explain` says of the `vars` of a role entry.
pub(super) const ENTRY: &str = "vars of the role entry";

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
        let span = &entry.role.span;
        let from = entry.from.rendered(span, |name| {
            self.known.text(around, &Spanned::new(name.clone(), span.clone()), "the name of a file of a role")
        });
        let from = self.found.keep(from)?;
        self.load_role(&name, &from, around, span)
    }

    /// An import with what its templates say with `true` and `false`.
    pub(super) fn switched(&mut self, entry: RoleEntry, around: &Surroundings) -> RoleEntry {
        let mut known = Vec::new();
        for (switch, value) in &entry.later {
            let told = self.known.same_everywhere(around, &value.value, &value.span, switch.word());
            known.extend(self.found.keep(told).and_then(|v| v.to_bool()).map(|is_on| (*switch, is_on)));
        }
        entry.switched(&known)
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
        if self.is_done_before(&role, entry, around) {
            return;
        }
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
        self.handlers_in_fragment(&role, &inside);
        // They are stronger than what the role itself says, and weaker than what its dependencies say.
        inside.push_vars(Level::BlockVars, ENTRY, &entry.span, &entry.keywords.vars);
        self.wrapped(&entry.keywords, &inside, |build, inside| {
            build.role_tasks(&role, entry, Way::Entry, inside);
        });
        self.name(&entry.keywords, Some(&role.name), first, &entry.span);
    }

    /// What an include brings may name further roles; handlers of those that a play names itself are known already.
    fn handlers_in_fragment(&mut self, role: &Arc<Role>, around: &Surroundings) {
        if self.is_fragment {
            let mut inside = self.within(role, around);
            inside.inherited.notify.clear();
            self.handlers(&role.handlers, &inside);
        }
    }

    /// The tasks of a role, with its variables.
    fn role_tasks(&mut self, role: &Arc<Role>, entry: &RoleEntry, way: Way, around: &Surroundings) {
        let scope = self.role_scope(role, entry, way, around);
        let path = self.draft.id(format!("{}/{}", around.path, slug(&role.name)));
        let inside = self.within(role, &Surroundings { path, scope, ..around.clone() });
        self.tasks_of_role(role, entry, &inside);
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
        inside.nested = true;
        let entry = self.switched(entry, &inside);
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
        self.handlers_in_fragment(&role, &inside);
        if self.is_fragment && self.is_public(&entry, true) {
            let shown = self.layers_of(&role, &inside);
            self.draft.exposed.extend(shown);
        }
        let entry = by_task(&entry, &task.keywords.vars);
        self.wrapped(&task.keywords, &inside, |build, inside| {
            build.role_tasks(&role, &entry, Way::Task, inside);
        });
        self.importing.pop();
    }
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
