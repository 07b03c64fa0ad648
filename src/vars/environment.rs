//! What templates may reach besides variables: the user's files, the clock, and the engine's cache.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Secrets;
use super::plugins::{Kind, Plugins};
use super::template::Engine;
use crate::base::Clock;
use crate::load::{Expressions, Files};

/// Where relative names are looked for: the folders of a role, of a file, of the playbook, nearest first. A clone costs one
/// reference count, and nothing is joined before a name is looked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SearchPaths(Arc<[PathBuf]>);

impl SearchPaths {
    /// Below these folders.
    pub fn new(folders: impl Into<Arc<[PathBuf]>>) -> Self {
        Self(folders.into())
    }

    /// The folders themselves, nearest first; the last is that of the playbook.
    pub fn folders(&self) -> &[PathBuf] {
        &self.0
    }

    /// For `template` and for `include` in template files: `templates/` of each folder, then the folder.
    pub fn templates(&self) -> Vec<PathBuf> {
        self.below("templates")
    }

    /// For `file`, `fileglob`, `first_found`, `lines`: `files/` of each folder, then the folder.
    pub fn files(&self) -> Vec<PathBuf> {
        self.below("files")
    }

    /// A sub-folder of each folder, then the folder.
    pub fn below(&self, kind: &str) -> Vec<PathBuf> {
        self.0.iter().flat_map(|folder| [folder.join(kind), folder.clone()]).collect()
    }
}

/// What settings of Ansible change about variables and templates.
#[derive(Clone, Debug, Default)]
pub struct Habits {
    /// `allow_broken_conditionals`: a condition may give anything.
    pub any_condition: bool,
    /// `hash_behaviour = merge`: mappings of one name become one, of all places that define it.
    pub merging: bool,
    /// `ansible_managed`: what that is where no variable says it, in Python's format.
    pub managed: Option<Arc<str>>,
}

/// Shared by all templates of a run. Cheap to derive one per role with other search paths.
#[derive(Clone)]
pub struct Environment {
    pub(super) files: Arc<dyn Files>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) engine: Arc<Engine>,
    secrets: Arc<Secrets>,
    plugins: Option<Arc<dyn Plugins>>,
    pub(super) expressions: Expressions,
    habits: Habits,
    steps: u64,
    search: SearchPaths,
}

/// Steps that one rendering may take: enough for a template of megabytes, too few to hang a run.
const STEPS: u64 = 20_000_000;

impl Environment {
    /// An environment with no search paths.
    pub fn new(files: Arc<dyn Files>, clock: Arc<dyn Clock>) -> Self {
        Self {
            files,
            clock,
            engine: Arc::new(Engine::new()),
            secrets: Arc::default(),
            plugins: None,
            expressions: Expressions::Strict,
            habits: Habits::default(),
            steps: STEPS,
            search: SearchPaths::default(),
        }
    }

    /// The same with other rules of expressions.
    #[must_use]
    pub fn with_expressions(self, expressions: Expressions) -> Self {
        Self { expressions, ..self }
    }

    /// The same with other habits.
    #[must_use]
    pub fn with_habits(self, habits: Habits) -> Self {
        Self { habits, ..self }
    }

    /// What settings change.
    pub fn habits(&self) -> &Habits {
        &self.habits
    }

    /// The same with plugins that are not built in.
    #[must_use]
    pub fn with_plugins(self, plugins: Arc<dyn Plugins>) -> Self {
        Self { plugins: Some(plugins), ..self }
    }

    /// Whoever has a plugin of that name.
    pub fn plugin(&self, kind: Kind, name: &str) -> Option<&Arc<dyn Plugins>> {
        self.plugins.as_ref().filter(|plugins| plugins.has(kind, name))
    }

    /// Whoever has one of the user's own of that name.
    pub fn own_plugin(&self, kind: Kind, name: &str) -> Option<&Arc<dyn Plugins>> {
        self.plugins.as_ref().filter(|plugins| plugins.has_own(kind, name))
    }

    /// By which rules expressions are read.
    pub fn expressions(&self) -> Expressions {
        self.expressions
    }

    /// The same with other bounds: how many expressions and statements one rendering may compute before it is ended.
    #[must_use]
    pub fn with_steps(self, steps: u64) -> Self {
        Self { steps, ..self }
    }

    /// How many steps one rendering may take.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// The same files, clock and cache with other search paths.
    #[must_use]
    pub fn with_search(&self, search: SearchPaths) -> Self {
        Self { search, ..self.clone() }
    }

    /// The user's files.
    pub fn files(&self) -> &dyn Files {
        &*self.files
    }

    /// The same, for whoever reads them beside us.
    pub fn shared_files(&self) -> Arc<dyn Files> {
        Arc::clone(&self.files)
    }

    /// The time.
    pub fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    /// Secrets that were touched so far.
    pub fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// Where relative names are looked for.
    pub fn search(&self) -> &SearchPaths {
        &self.search
    }

    /// The first file of that name along `folders`; an absolute name is taken as it is.
    pub fn find(&self, name: &Path, folders: &[PathBuf]) -> Option<PathBuf> {
        if name.is_absolute() {
            return self.files.is_file(name).then(|| name.to_path_buf());
        }
        folders.iter().map(|folder| folder.join(name)).find(|path| self.files.is_file(path))
    }
}
