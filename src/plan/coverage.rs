//! Who would do the tasks of files, played or not. Conditions, templates and inventories are not looked at.

use std::path::{Path, PathBuf};

use super::Compiler;
use crate::base::value::has_marks;
use crate::base::{Diagnostics, Severity, Span};
use crate::load::Single;
use crate::model::Task;

/// Who would do a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Doer {
    /// It is built in, with all that the task asks of it.
    BuiltIn,
    /// A file that is a module or an action: the user's own, or one of ansible-core or a collection.
    File(PathBuf),
    /// Its name is a template: only the run knows.
    Unknown,
    /// Nobody.
    Nobody {
        /// In one sentence.
        why: String,
        /// What would help: the name of a module, or `MODULE.PARAMETER`; nothing for what is wrong by itself.
        missing: Option<String>,
    },
}

/// One task and who would do it.
#[derive(Clone, Debug)]
pub struct Covered {
    /// As it was written; nothing where it says no module.
    pub module: String,
    /// Where its name stands.
    pub place: Span,
    /// Who would do it.
    pub doer: Doer,
}

/// What was found in files.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    /// The tasks, file by file.
    pub tasks: Vec<Covered>,
    /// How many files had some.
    pub files: usize,
    /// Files that could not be read.
    pub problems: Diagnostics,
}

impl Compiler {
    /// Looks at a file, or at all of a folder.
    pub fn coverage(&self, path: &Path, into: &mut Coverage) {
        for file in self.project.loader.listing(path, &mut into.problems) {
            into.files += usize::from(!file.is_empty());
            into.tasks.extend(file.into_iter().map(|single| self.covered(single)));
        }
    }

    fn covered(&self, Single { task, place, mut problems }: Single) -> Covered {
        if let Some(task) = &task {
            problems.extend(self.check_call(task));
        }
        let module = task.as_ref().map(|task| task.call.name.value.to_string()).unwrap_or_default();
        Covered { module, place, doer: self.doer(task.as_deref(), &problems) }
    }

    fn doer(&self, task: Option<&Task>, problems: &Diagnostics) -> Doer {
        if let Some(problem) = problems.iter().find(|problem| problem.severity == Severity::Error) {
            let module = task.map(|task| task.call.short_name().to_owned());
            let missing = module.and_then(|module| match (problem.code, &problem.span) {
                ("unknown-module" | "unsupported-module" | "no-ansible-core", _) => Some(module),
                ("unknown-argument" | "unsupported-argument", Some(span)) => {
                    Some(format!("{module}.{}", span.text()))
                }
                _ => None,
            });
            return Doer::Nobody { why: problem.message.clone(), missing };
        }
        match task.map(|task| &*task.call.name.value) {
            Some(name) if !has_marks(name) => {
                self.foreign(name).map_or(Doer::BuiltIn, |file| Doer::File(file.path.clone()))
            }
            _ => Doer::Unknown,
        }
    }
}
