//! From trees to the typed playbook. Every problem is collected with its place; nothing is guessed and nothing ignored.

mod baseline;
mod call;
mod case;
mod fields;
mod keywords;
mod metric;
pub(crate) mod play;
mod role;
mod rules;
mod task;
mod vocabulary;
pub mod words;

#[cfg(test)]
mod tests;

use crate::base::Diagnostics;
use crate::base::spec::Catalogue;
use crate::model::{Item, RoleEntry};
use crate::syntax::Node;

pub use baseline::baseline;
pub use case::case_meta;
pub use fields::Takes;
pub use play::{PlayEntry, no_play};
pub use role::{RoleMeta, argument_specs};
pub use rules::rules;
pub use vocabulary::Part;

/// Reads trees. It knows the names of modules only to tell a module from a keyword that is misspelt.
pub struct Decoder<'c> {
    catalogue: &'c Catalogue,
    as_ansible: bool,
}

impl<'c> Decoder<'c> {
    /// A decoder for the modules of this catalogue.
    pub fn new(catalogue: &'c Catalogue) -> Self {
        Self { catalogue, as_ansible: false }
    }

    /// Values of the wrong kind stay in the keywords of tasks, which fail with them when a host gets there.
    #[must_use]
    pub fn as_ansible(self, as_ansible: bool) -> Self {
        Self { as_ansible, ..self }
    }

    /// A file of tasks.
    pub fn items(&self, node: &Node, problems: &mut Diagnostics) -> Vec<Item> {
        self.task_list(None, node, problems)
    }

    /// The arguments of `include_role` or `import_role` as a role entry.
    pub fn role_of_task(&self, call: &crate::model::Call, problems: &mut Diagnostics) -> Option<RoleEntry> {
        role::entry_of_call(call, problems)
    }
}
