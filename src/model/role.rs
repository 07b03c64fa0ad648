//! Roles.

use std::path::PathBuf;
use std::sync::Arc;

use super::{Item, Requirement, RoleEntry};
use crate::base::{Map, Span, Spanned};

/// A role as it was found on disk, with the files that one use of it asks for.
#[derive(Clone, Debug)]
pub struct Role {
    /// Its name.
    pub name: Arc<str>,
    /// Its folder.
    pub path: PathBuf,
    /// `defaults/main.yml`, with the file it came from.
    pub defaults: Option<RoleVars>,
    /// `vars/main.yml`
    pub vars: Option<RoleVars>,
    /// `tasks/main.yml`, or what `tasks_from` names.
    pub tasks: Vec<Item>,
    /// `handlers/main.yml`
    pub handlers: Vec<Item>,
    /// `meta/main.yml`: `dependencies`
    pub dependencies: Vec<RoleEntry>,
    /// `meta/main.yml`: `allow_duplicates`
    pub allow_duplicates: bool,
    /// `argument_specs` of `meta/argument_specs.yml`, else of `meta/main.yml`: what is said of arguments, by entry point.
    pub argument_specs: Option<Spanned<Arc<Map>>>,
    /// `meta/case.yml`: what every case that uses it requires.
    pub requires: Vec<Requirement>,
}

/// A file of variables of a role.
#[derive(Clone, Debug)]
pub struct RoleVars {
    /// The file.
    pub origin: Arc<str>,
    /// Its first mapping.
    pub span: Span,
    /// The variables.
    pub vars: Arc<Map>,
}
