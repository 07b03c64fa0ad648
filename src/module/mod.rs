//! Modules: what acts on the target. One file per module, one row in [`MODULES`].
//!
//! A module is an `Args` struct and one synchronous function, the same code locally and remotely. It never changes the
//! process's own state (working directory, umask, environment, uid) and never calls libc's passwd, group or resolver functions.

pub mod context;
pub mod process;

pub use context::{Context, Link};
pub use process::{Command, Finished};

use crate::base::Map;
use crate::base::spec::Spec;
use crate::wire::Outcome;

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Module {
    /// Name, arguments, check mode.
    pub spec: Spec,
    /// Does it. Failures of any kind are an [`Outcome`], also arguments that cannot be read.
    pub run: fn(&Map, &mut Context<'_>) -> Outcome,
}

/// All modules.
pub static MODULES: &[Module] = &[];

/// A module by its short name.
pub fn find(name: &str) -> Option<&'static Module> {
    MODULES.iter().find(|m| m.spec.name == name)
}
