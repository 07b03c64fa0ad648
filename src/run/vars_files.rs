//! `vars_files`: each host finds its own, anew for each task, because facts may have changed the name and the run may have written
//! the file. A name sees what is weaker than itself, facts too, and what nothing overrides; what tasks set or registered it does
//! not see, as in Ansible.

use super::hosts::Host;
use super::moment::Moment;
use crate::base::{Diagnostics, Span, Spanned, Value};
use crate::model::Level;
use crate::plan::Strictness;
use crate::plan::vars_files::{find, layer};
use crate::vars::python::type_name;
use crate::vars::{Scope, Templar, TemplateError};

/// What is wrong with an entry of `vars_files`.
#[derive(Debug)]
pub(super) struct Unusable {
    /// In one sentence.
    pub said: String,
    /// What it is about.
    pub place: Option<Span>,
    /// Whether something could be read and was not understood.
    pub misread: bool,
}

impl Unusable {
    fn name(said: String, place: &Span) -> Self {
        Self { said, place: Some(place.clone()), misread: false }
    }

    /// With the place.
    pub fn sentence(&self) -> String {
        let place = self.place.as_ref().map(|place| format!(" at {place}")).unwrap_or_default();
        format!("{}{place}", self.said)
    }
}

impl From<Diagnostics> for Unusable {
    fn from(found: Diagnostics) -> Self {
        let first = found.iter().next();
        let said = first.map(|found| found.message.clone()).unwrap_or_default();
        Self { said, place: first.and_then(|found| found.span.clone()), misread: true }
    }
}

impl Moment {
    /// The scope with the variables of such files. An entry whose name has no value yet is left out: facts may not be there.
    pub(super) fn with_vars_files(&self, scope: Scope, host: &Host) -> Result<Scope, Unusable> {
        if self.play.vars_files.is_empty() {
            return Ok(scope);
        }
        let scope = scope.only(|level| level != Level::VarsFiles);
        let entries = self.play.vars_files.iter();
        entries.map(Vec::as_slice).try_fold(scope, |scope, names| self.with_vars_file(scope, names, host))
    }

    fn with_vars_file(
        &self,
        scope: Scope,
        candidates: &[Spanned<Value>],
        host: &Host,
    ) -> Result<Scope, Unusable> {
        let strictness = self.shared.compiler.options.strictness;
        let environment = self.environment_of(&self.play.folder);
        let seen = scope.only(|level| level <= Level::VarsFiles || level >= Level::Extra);
        let templar = Templar::new(seen, environment);
        let loader = &self.shared.compiler.project.loader;
        let mut tried = Vec::new();
        for candidate in candidates {
            let name = match templar.render(&candidate.value) {
                Ok(name) => name,
                Err(error) if error.is_undefined() => {
                    let is_known = host.facts.vars.contains_key("module_setup");
                    return match strictness {
                        Strictness::Late if is_known => Err(undefined(candidate, &error)),
                        _ => Ok(scope),
                    };
                }
                Err(error) => {
                    let words = match strictness {
                        Strictness::Early => error.to_string(),
                        Strictness::Late => error.in_brief(),
                    };
                    return Err(Unusable::name(words, &candidate.span));
                }
            };
            if strictness == Strictness::Late && name.as_str().is_none() {
                let words = format!("Invalid `vars_files` value of type '{}'.", type_name(&name));
                return Err(Unusable { misread: true, ..Unusable::name(words, &candidate.span) });
            }
            if let Some(path) = find(loader, &self.play.folder, &name.to_string(), &mut tried) {
                let (vars, span) = loader.vars_file(&path, Some(&candidate.span))?;
                return Ok(scope.with(layer(&path, vars, span)));
            }
        }
        // The reference says nothing of files that are not there.
        let Some(first) = candidates.first().filter(|_| strictness == Strictness::Early) else {
            return Ok(scope);
        };
        let written: Vec<_> = candidates.iter().map(|candidate| candidate.value.to_string()).collect();
        let words = format!("vars file {} was not found", written.join(", "));
        Err(Unusable::name(words, &first.span))
    }
}

/// All is known of the host, so nobody will give the name a value.
fn undefined(candidate: &Spanned<Value>, error: &TemplateError) -> Unusable {
    let words = format!(
        "an undefined variable was found when attempting to template the vars_files item '{}': {error}",
        candidate.value
    );
    Unusable::name(words, &candidate.span)
}
