//! What arguments a task takes: the one description that checks, documents and reads them.
//!
//! A module or action declares an `Args` struct (serde and schemars); its doc comments are the manual. [`schema_of`] makes
//! the schema, [`Spec::params`] reads it, [`Spec::check`] holds a task against it before anything runs.
//!
//! What schemars cannot say by itself is said with `#[schemars(extend(…))]`:
//! `"x-aliases" = ["dest", "name"]` on a field beside its `#[serde(alias = …)]`; on the struct
//! `"x-exclusive" = [["content", "src"]]` (at most one of each group), `"x-one-of" = [["content", "src"]]` (at least one), and
//! `"x-unsupported" = {"name": "what to do instead"}` for parameters that Ansible has and we refuse (`outer.name` inside of others).

mod check;
mod manual;
mod params;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use schemars::{JsonSchema, Schema, SchemaGenerator};

use super::Map;

pub use check::{Argument, Groups};
pub use params::{Kind, Param};

/// What `resume` does with a step of which nobody knows whether it finished.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnResume {
    /// It is idempotent: run it again.
    Rerun,
    /// It may not be run twice: fail.
    Fail,
    /// It counts as skipped; only a task can say so.
    Skip,
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
    /// The short name: `copy`. See [`short_name`] for the others.
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

/// The collections whose tasks are known here, with the names that are theirs, or how they begin (`docker_`).
const COLLECTIONS: [(&str, &str); 16] = [
    ("ansible.builtin.", ""),
    ("ansible.legacy.", ""),
    ("ansible.posix.", "authorized_key"),
    ("ansible.posix.", "firewalld"),
    ("ansible.posix.", "mount"),
    ("ansible.posix.", "patch"),
    ("ansible.posix.", "seboolean"),
    ("ansible.posix.", "selinux"),
    ("ansible.posix.", "sysctl"),
    ("ansible.posix.", "synchronize"),
    ("community.docker.", "docker_"),
    ("community.general.", "archive"),
    ("community.general.", "ini_file"),
    ("community.general.", "make"),
    ("community.general.", "modprobe"),
    ("community.general.", "zypper"),
];

/// Whether a collection's names say so of this one.
fn is_theirs(names: &str, short: &str) -> bool {
    let is_begin = names.is_empty() || names.ends_with('_');
    if is_begin { short.starts_with(names) } else { short == names }
}

/// Other names of modules and actions, and the one that they have here.
const ALIASES: [(&str, &str); 3] = [("systemd_service", "systemd"), ("yum", "dnf"), ("dnf5", "dnf")];

/// The name of a module or action without its collection: `copy` for `ansible.builtin.copy`. A name of an unknown collection
/// stays as it is.
pub fn short_name(name: &str) -> &str {
    let own = |(collection, begin): &(&str, &str)| {
        name.strip_prefix(collection).filter(|short| is_theirs(begin, short))
    };
    let short = COLLECTIONS.iter().find_map(own).unwrap_or(name);
    ALIASES.iter().find(|(alias, _)| *alias == short).map_or(short, |(_, own)| own)
}

/// All names of a module or action by its short name, the short one first.
pub fn full_names(short: &str) -> impl Iterator<Item = String> {
    let of = move |(collection, begin): (&str, &str)| {
        is_theirs(begin, short).then(|| format!("{collection}{short}"))
    };
    std::iter::once(short.to_owned()).chain(COLLECTIONS.into_iter().filter_map(of))
}

/// Everything that a task can be, by short name. The command line puts modules and actions together.
#[derive(Clone, Debug, Default)]
pub struct Catalogue(BTreeMap<&'static str, Row>);

#[derive(Clone, Debug)]
struct Row {
    spec: Spec,
    is_action: bool,
    /// Read out of the schema when they are first wanted: every task of a run is held against them.
    groups: OnceLock<Groups>,
}

impl Catalogue {
    /// All of these; of two with one name the later counts, so that an action can stand before its module.
    pub fn new(specs: impl IntoIterator<Item = Spec>) -> Self {
        let row = |spec: Spec| (spec.name, Row { spec, is_action: false, groups: OnceLock::new() });
        Self(specs.into_iter().map(row).collect())
    }

    /// These too, which are done on the controller.
    #[must_use]
    pub fn with_actions(mut self, specs: impl IntoIterator<Item = Spec>) -> Self {
        let row = |spec: Spec| (spec.name, Row { spec, is_action: true, groups: OnceLock::new() });
        self.0.extend(specs.into_iter().map(row));
        self
    }

    /// Whether the name is that of an action.
    pub fn is_action(&self, name: &str) -> bool {
        self.row(name).is_some_and(|row| row.is_action)
    }

    /// By short or full name (`copy`, `ansible.builtin.copy`).
    pub fn get(&self, name: &str) -> Option<&Spec> {
        self.row(name).map(|row| &row.spec)
    }

    /// Holds the arguments of a task against the groups of its parameters, once they are known.
    pub fn check_groups(&self, name: &str, args: &Map) -> Result<(), String> {
        self.row(name).map_or(Ok(()), |row| row.groups.get_or_init(|| row.spec.groups()).check(args))
    }

    /// All parameters of a module with what they were given, or what counts otherwise. Passwords are left out.
    pub fn invocation(&self, name: &str, args: &Map) -> Map {
        let Some(row) = self.row(name) else { return args.clone() };
        row.groups.get_or_init(|| row.spec.groups()).invocation(args)
    }

    /// The names, aliases too, of what a module takes and nobody is shown: passwords.
    pub fn hidden(&self, name: &str) -> impl Iterator<Item = &str> {
        let groups = self.row(name).map(|row| row.groups.get_or_init(|| row.spec.groups()));
        let params = groups.into_iter().flat_map(check::Groups::params);
        params.filter(|param| param.is_hidden()).flat_map(Param::names)
    }

    fn row(&self, name: &str) -> Option<&Row> {
        self.0.get(short_name(name))
    }

    /// Short names in alphabetical order.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.keys().copied()
    }

    /// All specs in alphabetical order.
    pub fn iter(&self) -> impl Iterator<Item = &Spec> {
        self.0.values().map(|row| &row.spec)
    }
}

#[cfg(test)]
mod tests;
