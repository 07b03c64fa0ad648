//! What templates may reach besides variables: the user's files, the clock, and the engine's cache.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::template::Engine;
use crate::base::Clock;
use crate::load::Files;

/// Where relative names are looked for, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SearchPaths {
    /// For `template` and for `include` in template files: a role's `templates/`, the playbook's folder.
    pub templates: Vec<PathBuf>,
    /// For `file`, `fileglob`, `first_found`, `lines`: a role's `files/`, the playbook's folder.
    pub files: Vec<PathBuf>,
}

/// Shared by all templates of a run. Cheap to derive one per role with other search paths.
#[derive(Clone)]
pub struct Environment {
    pub(super) files: Arc<dyn Files>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) engine: Arc<Engine>,
    search: SearchPaths,
}

impl Environment {
    /// An environment with no search paths.
    pub fn new(files: Arc<dyn Files>, clock: Arc<dyn Clock>) -> Self {
        Self { files, clock, engine: Arc::new(Engine::new()), search: SearchPaths::default() }
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

    /// The time.
    pub fn clock(&self) -> &dyn Clock {
        &*self.clock
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
