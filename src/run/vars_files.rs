//! `vars_files` whose names only the run can tell: each host finds its own, anew for each task, because facts and results may
//! have changed the name.

use super::moment::Moment;
use crate::base::{Spanned, Value};
use crate::plan::vars_files::{find, layer};
use crate::vars::{Scope, Templar};

impl Moment {
    /// The scope with the variables of such files. One whose name has no value yet is left out: facts may not be there.
    pub(super) fn with_vars_files(&self, scope: Scope) -> Result<Scope, String> {
        self.play
            .vars_files
            .iter()
            .try_fold(scope, |scope, candidates| self.with_vars_file(scope, candidates))
    }

    fn with_vars_file(&self, scope: Scope, candidates: &[Spanned<Value>]) -> Result<Scope, String> {
        let environment = self.environment_of(&self.play.folder);
        let templar = Templar::new(scope.clone(), environment);
        let loader = &self.shared.compiler.project.loader;
        let mut tried = Vec::new();
        for candidate in candidates {
            let name = match templar.render(&candidate.value) {
                Ok(name) => name.to_string(),
                Err(error) if error.is_undefined() => return Ok(scope),
                Err(error) => return Err(super::unit::said(&error)),
            };
            if let Some(path) = find(loader, &self.play.folder, &name, &mut tried) {
                let (vars, span) =
                    loader.vars(&path, Some(&candidate.span)).map_err(|problems| problems.to_string())?;
                return Ok(scope.with(layer(&path, vars, span)));
            }
        }
        let written: Vec<_> = candidates.iter().map(|candidate| candidate.value.to_string()).collect();
        Err(format!("vars file {} was not found", written.join(", ")))
    }
}
