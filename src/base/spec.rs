//! What arguments a task takes: the one description that checks, documents and reads them.
//!
//! A module or action declares an `Args` struct (serde and schemars); its doc comments are the manual. [`Spec::of`] keeps
//! how to get the schema; [`Spec::params`] reads it.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator};

/// What `resume` does with a step of which nobody knows whether it finished.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnResume {
    /// It is idempotent: run it again.
    Rerun,
    /// It may not be run twice: fail.
    Fail,
}

/// What a task does under `--check`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckMode {
    /// Says what would change.
    Full,
    /// Reads only, so it runs as always.
    ReadOnly,
    /// Is skipped.
    Skipped,
}

/// One row of the table of modules or actions, as far as others may know it.
#[derive(Clone, Copy)]
pub struct Spec {
    /// The short name: `copy`. `ansible.builtin.copy` and `ansible.legacy.copy` mean the same.
    pub name: &'static str,
    /// One line for lists.
    pub summary: &'static str,
    /// The parameter that a plain string is (`command: echo hi` means `cmd`); `None` when a plain string is `k=v` pairs.
    pub free_form: Option<&'static str>,
    /// Any key is welcome (`set_fact`, `add_host`).
    pub open: bool,
    /// What `resume` does with it.
    pub on_resume: OnResume,
    /// What `--check` does with it.
    pub check: CheckMode,
    /// The schema of its arguments.
    pub schema: fn() -> Schema,
}

impl std::fmt::Debug for Spec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Spec({})", self.name)
    }
}

/// The schema of an `Args` struct, for [`Spec::schema`].
pub fn schema_of<T: JsonSchema>() -> Schema {
    SchemaGenerator::default().into_root_schema_for::<T>()
}

/// Everything that a task can be, by short name. The command line puts modules and actions together.
#[derive(Clone, Debug, Default)]
pub struct Catalogue(BTreeMap<&'static str, Spec>);

impl Catalogue {
    /// All of these.
    pub fn new(specs: impl IntoIterator<Item = Spec>) -> Self {
        Self(specs.into_iter().map(|s| (s.name, s)).collect())
    }

    /// By short or full name (`copy`, `ansible.builtin.copy`).
    pub fn get(&self, name: &str) -> Option<&Spec> {
        let short = name
            .strip_prefix("ansible.builtin.")
            .or_else(|| name.strip_prefix("ansible.legacy."))
            .unwrap_or(name);
        self.0.get(short)
    }

    /// Short names in alphabetical order.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.keys().copied()
    }

    /// All specs in alphabetical order.
    pub fn iter(&self) -> impl Iterator<Item = &Spec> {
        self.0.values()
    }
}

/// One argument as it stands in a playbook.
#[derive(Clone, Debug)]
pub struct Argument {
    /// The key.
    pub name: std::sync::Arc<str>,
    /// Where the key stands.
    pub name_span: super::Span,
    /// The value, possibly with templates inside.
    pub value: super::Value,
    /// Where the value stands.
    pub value_span: super::Span,
}
