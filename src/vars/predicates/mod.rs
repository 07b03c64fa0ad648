//! Tests, as in `x is changed`: one file per family, one row each. (`tests` would be taken for tests of the program.)

use super::call::{Call, CallError};

mod addresses;
mod collections;
mod files;
mod outcome;
mod text;
mod version;

/// A test.
pub struct Predicate {
    /// As it is written after `is`.
    pub name: &'static str,
    /// Other names of it.
    pub aliases: &'static [&'static str],
    /// What it judges.
    pub run: fn(&Call<'_>) -> Result<bool, CallError>,
}

impl Predicate {
    /// Its names; each may also be written with `ansible.builtin.` before it.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + use<> {
        std::iter::once(self.name).chain(self.aliases.iter().copied())
    }
}

const fn predicate(
    name: &'static str,
    aliases: &'static [&'static str],
    run: fn(&Call<'_>) -> Result<bool, CallError>,
) -> Predicate {
    Predicate { name, aliases, run }
}

/// All of them.
pub fn all() -> impl Iterator<Item = &'static Predicate> {
    [
        addresses::PREDICATES,
        outcome::PREDICATES,
        text::PREDICATES,
        version::PREDICATES,
        collections::PREDICATES,
        files::PREDICATES,
    ]
    .into_iter()
    .flatten()
}
