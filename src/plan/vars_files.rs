//! `vars_files` of a play: files whose names are known before contact and are the same on all hosts are read at once, so that the
//! plan can be made; when the run gets there, each host finds all of them for itself (`run/vars_files.rs`).

use std::path::PathBuf;
use std::sync::Arc;

use super::Surroundings;
use super::build::Build;
use crate::base::{Diagnostic, Spanned, Value};
use crate::load::Loader;
use crate::model::{Level, VarLayer};

/// One entry of `vars_files`: names of which the first that is there counts.
pub type Candidates = Vec<Spanned<Value>>;

/// Why a file of variables is not read before the run.
enum Unread {
    /// Only the run can say which it is.
    Open,
    /// It never will be.
    Refused(Diagnostic),
}

impl Build<'_> {
    /// Puts the variables of what can be read into `around`, and keeps all entries for the run.
    pub(super) fn vars_files(&mut self, around: &mut Surroundings) {
        let play = Arc::clone(self.play);
        for entry in &play.vars_files {
            let candidates: Candidates = match &entry.value {
                Value::List(items) => {
                    items.iter().map(|v| Spanned::new(v.clone(), entry.span.clone())).collect()
                }
                _ => vec![entry.clone()],
            };
            match self.vars_file(&candidates, around) {
                Ok(Some(layer)) => around.vars.push(layer),
                Ok(None) => {}
                Err(Unread::Refused(problem)) if self.is_early() => self.found.push(problem),
                // It may bring any name.
                Err(_) => self.usage.open = true,
            }
            if !self.is_early() {
                self.warn_of_skipped(&candidates, around);
            }
            self.draft.vars_files.push(candidates);
        }
    }

    /// As in Ansible, which looks at the names for the play itself, too, when no host is there whose variables they may be.
    fn warn_of_skipped(&mut self, candidates: &[Spanned<Value>], around: &Surroundings) {
        let templar = self.known.anywhere(&around.with_role());
        let undefined = |candidate: &&Spanned<Value>| {
            templar.render(&candidate.value).is_err_and(|error| error.is_undefined())
        };
        if let Some(candidate) = candidates.iter().find(undefined) {
            let words = "skipping vars_files item due to an undefined variable";
            self.found.push(Diagnostic::warning("skipped-vars-file", words).at(&candidate.span));
        }
    }

    fn vars_file(
        &mut self,
        candidates: &[Spanned<Value>],
        around: &Surroundings,
    ) -> Result<Option<VarLayer>, Unread> {
        let loader = &self.compiler.project.loader;
        let mut tried = Vec::new();
        for candidate in candidates {
            let name = self.known.text(around, candidate, "the name of a file in `vars_files`");
            let name = name.map_err(|problem| match problem.code {
                "known-only-when-running" | "differs-between-hosts" => Unread::Open,
                _ => Unread::Refused(problem),
            })?;
            let Some(path) = find(loader, &around.playbook, &name, &mut tried) else { continue };
            return match loader.vars_file(&path, Some(&candidate.span)) {
                Ok((vars, span)) => Ok(Some(layer(&path, vars, span))),
                Err(errors) => {
                    self.found.extend(errors);
                    Ok(None)
                }
            };
        }
        let Some(place) = candidates.first() else { return Ok(None) };
        let tried: Vec<_> = tried.iter().map(|path| crate::load::shown(path)).collect();
        let problem = Diagnostic::error("missing-file", "this file of variables does not exist");
        Err(Unread::Refused(problem.at(&place.span).help(format!("looked for {}", tried.join(", ")))))
    }
}

/// A file of variables: in `vars/` beside the playbook, then beside the playbook. Where there is none, what was looked for is
/// added to `tried`.
pub fn find(
    loader: &Loader,
    playbook: &std::path::Path,
    name: &str,
    tried: &mut Vec<PathBuf>,
) -> Option<PathBuf> {
    let candidates = [playbook.join("vars").join(name), playbook.join(name)];
    let found = candidates.iter().find(|path| loader.files().is_file(path)).cloned();
    if found.is_none() {
        tried.extend(candidates);
        tried.dedup();
    }
    found
}

/// The variables of a file.
pub fn layer(path: &std::path::Path, vars: Arc<crate::base::Map>, span: crate::base::Span) -> VarLayer {
    VarLayer { level: Level::VarsFiles, origin: Arc::from(crate::load::shown(path)), span, vars }
}
