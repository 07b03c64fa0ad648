//! Steps and scopes on their way into a graph: in the order a reader expects, with what the layout must know of each.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::readings::Reading;
use super::scope::{Scope, ScopeIx, ScopeKind, Section};
use super::static_roles::RoleNames;
use super::step::Step;
use super::vars_files::Candidates;
use super::{Brought, CasePlan, HandlerNames};
use crate::base::{Span, Spanned};
use crate::model::VarLayer;

/// A fragment before its edges are laid.
#[derive(Debug, Default)]
pub(super) struct Draft {
    /// In playbook order, cases in the order of their rounds.
    pub steps: Vec<Drafted>,
    /// The scope tree.
    pub scopes: Vec<Scope>,
    /// Handlers.
    pub handlers: Vec<HandlerNames>,
    /// Cases.
    pub cases: Vec<CasePlan>,
    /// Variables that public roles show to the rest of the play.
    pub exposed: Vec<VarLayer>,
    /// Entries of `vars_files`.
    pub vars_files: Vec<Candidates>,
    /// The names of the play's roles.
    pub roles: RoleNames,
    /// What an include has found.
    pub brought: Vec<Brought>,
    /// What `needs` may name, and what says it.
    pub names: Vec<Named>,
    ids: BTreeMap<String, usize>,
}

/// A step and what the layout must know of it.
#[derive(Debug)]
pub(super) struct Drafted {
    /// The step.
    pub step: Step,
    /// Which layout counts.
    pub lane: Lane,
    /// What it reads and writes.
    pub flow: Flow,
    /// What its text reads, with places.
    pub readings: Arc<[Reading]>,
    /// Variables that it gives a value.
    pub gives: Vec<Arc<str>>,
}

/// Which layout counts for a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lane {
    /// The strategy's.
    Tasks,
    /// Host by host, one after the other: what is measured.
    Cases,
}

/// What a step reads and writes, for `strategy: dag`.
#[derive(Clone, Debug, Default)]
pub(super) struct Flow {
    /// Variables.
    pub reads: BTreeSet<Arc<str>>,
    /// Variables.
    pub writes: BTreeSet<Arc<str>>,
    /// Reads or changes what cannot be listed: everything before it is done first, and everything after it waits.
    pub open: bool,
    /// Reads what other hosts did, or writes what they read.
    pub wide: bool,
}

/// Something with a name or an id that `needs` may say: a task, a block, a case.
#[derive(Debug)]
pub(super) struct Named {
    /// Its name and its id.
    pub words: Vec<Arc<str>>,
    /// What it says itself.
    pub needs: Vec<Spanned<Arc<str>>>,
    /// Its steps.
    pub steps: Vec<usize>,
    /// Where it stands.
    pub span: Span,
}

impl Draft {
    /// A new scope.
    pub fn scope(&mut self, parent: Option<ScopeIx>, kind: ScopeKind) -> ScopeIx {
        self.scopes.push(Scope { parent, kind });
        ScopeIx(u32::try_from(self.scopes.len() - 1).unwrap_or(u32::MAX))
    }

    /// An id that no other step has: the path, or the path and a number.
    pub fn id(&mut self, path: String) -> String {
        let count = self.ids.entry(path.clone()).or_insert(0);
        *count += 1;
        if *count == 1 { path } else { format!("{path}~{count}") }
    }

    /// The sections around a step, innermost first: the block or case they belong to, and which.
    pub fn sections(&self, scope: ScopeIx) -> Vec<(ScopeIx, Section)> {
        let up = |ix: &ScopeIx| self.scopes[ix.index()].parent;
        std::iter::successors(Some(scope), up)
            .filter_map(|ix| match self.scopes[ix.index()] {
                Scope { kind: ScopeKind::Section(section), parent: Some(parent) } => Some((parent, section)),
                _ => None,
            })
            .collect()
    }
}

/// A name as a part of a step id: lower case letters, digits, `-`, `.`, `_`, and what cases add (`[=,]`).
pub(super) fn slug(name: &str) -> String {
    let mut slug = String::with_capacity(name.len());
    for c in name.chars() {
        if c.is_alphanumeric() || matches!(c, '.' | '_') {
            slug.extend(c.to_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() { "unnamed".to_owned() } else { slug.chars().take(60).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_parts_of_ids() {
        assert_eq!(slug("Build the {{ thing }}, then go!"), "build-the-thing-then-go");
        assert_eq!(slug("v1.2_x"), "v1.2_x");
        assert_eq!(slug("…"), "unnamed");
    }

    #[test]
    fn the_same_path_twice_gets_a_number() {
        let mut draft = Draft::default();
        let ids: Vec<_> = ["a/b", "a/c", "a/b"].map(|p| draft.id(p.to_owned())).into();
        assert_eq!(ids, ["a/b", "a/c", "a/b~2"]);
    }
}
