//! Filters that the template engine lacks or has otherwise than Ansible: one file per family, one row each.

use super::call::{Call, CallError};
use crate::base::Value;

mod addresses;
pub mod collections;
mod combine;
mod digests;
mod identity;
mod jmespath;
mod json;
mod letters;
mod markup;
mod math;
pub mod passwords;
pub mod path;
pub mod random;
pub mod regex;
pub mod text;
pub mod time;
mod vaults;
mod windows;
mod yaml;

pub use combine::merged_deeply;
pub use json::json_text;
pub use yaml::yaml_text;

/// A filter.
pub struct Filter {
    /// As it is written after `|`.
    pub name: &'static str,
    /// Other names of it.
    pub aliases: &'static [&'static str],
    /// What it does.
    pub run: fn(&Call<'_>) -> Result<Value, CallError>,
}

impl Filter {
    /// Its names; each may also be written with `ansible.builtin.` before it.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + use<> {
        std::iter::once(self.name).chain(self.aliases.iter().copied())
    }
}

const fn filter(name: &'static str, run: fn(&Call<'_>) -> Result<Value, CallError>) -> Filter {
    Filter { name, aliases: &[], run }
}

/// All of them.
pub fn all() -> impl Iterator<Item = &'static Filter> {
    [
        addresses::FILTERS,
        collections::FILTERS,
        combine::FILTERS,
        digests::FILTERS,
        identity::FILTERS,
        jmespath::FILTERS,
        json::FILTERS,
        windows::FILTERS,
        letters::FILTERS,
        markup::FILTERS,
        math::FILTERS,
        passwords::FILTERS,
        path::FILTERS,
        random::FILTERS,
        regex::FILTERS,
        text::FILTERS,
        time::FILTERS,
        vaults::FILTERS,
        yaml::FILTERS,
    ]
    .into_iter()
    .flatten()
}
