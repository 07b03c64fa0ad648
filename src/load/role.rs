//! Roles on disk.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::loader::{Loaded, Loader};
use super::{absolute, folder_shown, shown};
use crate::base::{Diagnostic, Diagnostics, Map, Span};
use crate::model::{Item, Role, RoleFrom, RoleVars};

impl Loader {
    /// The folder of a role: its name below one of `folders`, or a path. `None` when there is none.
    pub fn find_role(&self, name: &str, folders: &[PathBuf]) -> Option<PathBuf> {
        let candidates = folders.iter().map(|f| f.join(name)).chain(self.in_collections(name, folders));
        candidates.into_iter().find(|p| self.files().is_folder(p))
    }

    /// Where `NAMESPACE.COLLECTION.ROLE` may be.
    fn in_collections(&self, name: &str, folders: &[PathBuf]) -> Vec<PathBuf> {
        let mut words = name.splitn(3, '.');
        let (Some(namespace), Some(collection), Some(role)) = (words.next(), words.next(), words.next())
        else {
            return Vec::new();
        };
        let below = Path::new("ansible_collections").join(namespace).join(collection).join("roles");
        self.collections(folders).map(|folder| folder.join(&below).join(role.replace('.', "/"))).collect()
    }

    /// Names of roles that stand in these folders, for *did you mean*.
    pub fn role_names(&self, folders: &[PathBuf]) -> Vec<String> {
        let entries = folders.iter().filter_map(|f| self.files().list(f).ok()).flatten();
        let roles = entries.filter(|p| self.files().is_folder(&p.join("tasks")));
        roles.filter_map(|p| Some(p.file_name()?.to_str()?.to_owned())).collect()
    }

    /// A role with the files that this use of it asks for. `span` is the place that names it.
    pub fn role(
        &self,
        name: &str,
        from: &RoleFrom,
        folders: &[PathBuf],
        span: &Span,
    ) -> Loaded<(Arc<Role>, Diagnostics)> {
        let Some(path) = self.find_role(name, folders) else {
            return Err(self.missing_role(name, folders, span).into());
        };
        self.library().add(&path);
        let mut problems = Diagnostics::new();
        let meta = self
            .part(&path, "meta", None, span, &mut problems)
            .and_then(|file| self.node(&file, "a role's meta", None, &mut problems))
            .map(|node| self.decoder().role_meta(&node, &mut problems))
            .unwrap_or_default();
        // The file counts, where there is one, even if nothing is in it.
        let argument_specs = match self.named_file(&path.join("meta"), "argument_specs") {
            Some(file) => self
                .node(&file, "what a role says of its arguments", None, &mut problems)
                .and_then(|node| crate::model::decode::argument_specs(&node)),
            None => meta.argument_specs,
        };
        let requires = self
            .named_file(&path.join("meta"), "case")
            .and_then(|file| self.node(&file, "what a role says of its cases", None, &mut problems))
            .map(|node| crate::model::decode::case_meta(&node, &mut problems))
            .unwrap_or_default();
        // As it is written, unless that is a path of its own.
        let own = path.file_name().and_then(|n| n.to_str()).filter(|_| Path::new(name).is_absolute());
        let role = Role {
            name: Arc::from(own.unwrap_or(name)),
            defaults: self.role_vars(&path, "defaults", from.defaults.as_deref(), span, &mut problems),
            vars: self.role_vars(&path, "vars", from.vars.as_deref(), span, &mut problems),
            tasks: self.role_items(&path, "tasks", from.tasks.as_deref(), span, &mut problems),
            handlers: self.role_items(&path, "handlers", from.handlers.as_deref(), span, &mut problems),
            dependencies: meta.dependencies,
            allow_duplicates: meta.allow_duplicates,
            argument_specs,
            requires,
            path,
        };
        problems.into_result(Arc::new(role))
    }

    fn missing_role(&self, name: &str, folders: &[PathBuf], span: &Span) -> Diagnostic {
        let looked = folders.iter().filter(|f| *f != Path::new(super::shipped::ROLES));
        if self.as_ansible {
            let looked: Vec<_> = looked.map(|f| absolute(f)).collect();
            let message = format!("the role '{name}' was not found in {}", looked.join(":"));
            return Diagnostic::error("missing-role", message).at(span);
        }
        let looked: Vec<_> = looked.map(|f| folder_shown(f)).collect();
        let known = self.role_names(folders);
        Diagnostic::error("missing-role", format!("there is no role `{name}`"))
            .at(span)
            .suggest(name, known.iter().map(String::as_str))
            .help(format!("looked in: {}", looked.join(", ")))
    }

    /// The three parts of a case role as files: `prepare`, `run`, `finish`. Only `run` must be there.
    pub fn case_role_file(&self, role: &Path, part: &str) -> Option<PathBuf> {
        self.named_file(&role.join("tasks"), part)
    }

    /// `main` or the named file of a role's folder. A named one must be there.
    fn part(
        &self,
        role: &Path,
        folder: &str,
        named: Option<&str>,
        span: &Span,
        problems: &mut Diagnostics,
    ) -> Option<PathBuf> {
        let inside = role.join(folder);
        let file = self.named_file(&inside, named.unwrap_or("main"));
        if let Some(file) = file.as_ref().filter(|file| !is_inside(file, &inside)) {
            let name = role.file_name().unwrap_or_default().to_string_lossy();
            // In the reference's words, which scripts look for.
            let message = format!(
                "Failed loading '{}' for role ({name}) as it is not inside the expected role path: '{}'",
                shown(file),
                shown(&inside)
            );
            problems.push(Diagnostic::error("outside-of-role", message).at(span));
            return None;
        }
        if let (None, Some(name)) = (&file, named) {
            let message = format!("the role has no {folder} file `{name}`");
            let looked = shown(&role.join(folder));
            problems.push(
                Diagnostic::error("missing-file", message).at(span).help(format!("looked in {looked}")),
            );
        }
        file
    }

    fn named_file(&self, folder: &Path, name: &str) -> Option<PathBuf> {
        let endings = ["", ".yml", ".yaml", ".json"];
        let candidates = endings.iter().map(|e| folder.join(format!("{name}{e}")));
        candidates.into_iter().find(|p| self.files().is_file(p))
    }

    fn role_vars(
        &self,
        role: &Path,
        folder: &str,
        named: Option<&str>,
        span: &Span,
        problems: &mut Diagnostics,
    ) -> Option<RoleVars> {
        let place = role.join(folder).join(named.unwrap_or("main"));
        if self.files().is_folder(&place)
            && self.named_file(&role.join(folder), named.unwrap_or("main")).is_none()
        {
            return Some(self.vars_of_folder(&place, span, problems));
        }
        let file = self.part(role, folder, named, span, problems)?;
        match self.vars(&file, Some(span)) {
            Ok((vars, span)) => Some(RoleVars { origin: Arc::from(shown(&file)), span, vars }),
            Err(errors) => {
                problems.extend(errors);
                None
            }
        }
    }

    /// The variables of all files below a folder, in the order of their names.
    fn vars_of_folder(&self, folder: &Path, span: &Span, problems: &mut Diagnostics) -> RoleVars {
        let mut all = RoleVars { origin: Arc::from(shown(folder)), span: span.clone(), vars: Arc::default() };
        let mut vars = Map::new();
        let mut paths = self.files().list(folder).unwrap_or_default();
        paths.sort();
        for path in paths {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let ending = path.extension().unwrap_or_default().to_string_lossy();
            if name.starts_with('.') || name.ends_with('~') {
                continue;
            }
            let found = if self.files().is_folder(&path) {
                let found = self.vars_of_folder(&path, span, problems);
                Some((found.vars, found.span))
            } else if matches!(&*ending, "yml" | "yaml" | "json" | "") {
                self.vars(&path, Some(span)).map_err(|errors| problems.extend(errors)).ok()
            } else {
                None
            };
            if let Some((found, place)) = found {
                vars.extend(&found);
                all.span = place;
            }
        }
        all.vars = Arc::new(vars);
        all
    }

    fn role_items(
        &self,
        role: &Path,
        folder: &str,
        named: Option<&str>,
        span: &Span,
        problems: &mut Diagnostics,
    ) -> Vec<Item> {
        let Some(file) = self.part(role, folder, named, span, problems) else { return Vec::new() };
        match self.tasks(&file, Some(span)) {
            Ok((items, warnings)) => {
                problems.extend(warnings);
                items
            }
            Err(errors) => {
                problems.extend(errors);
                Vec::new()
            }
        }
    }
}

/// Whether a path stays inside a folder, whatever `..` it goes through.
fn is_inside(path: &Path, folder: &Path) -> bool {
    let Ok(rest) = path.strip_prefix(folder) else { return false };
    let mut depth = 0_i32;
    rest.components().all(|part| {
        depth += if part == std::path::Component::ParentDir { -1 } else { 1 };
        depth >= 0
    })
}
