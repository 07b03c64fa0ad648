//! The scope tree beside the graph: play → role, block or case → body / rescue / always → step.
//!
//! Edges carry order, scopes carry fate: what happens to the other steps of a host when one of its steps fails.

use std::sync::Arc;

use crate::base::CaseId;

/// The index of a scope in its fragment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ScopeIx(pub u32);

impl ScopeIx {
    /// As an index of `Fragment::scopes`.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// One scope. A scope that has a rescue or an always has one child scope per section.
#[derive(Clone, Debug)]
pub struct Scope {
    /// The scope around it; only the root of a fragment has none (a fragment that is spliced in hangs under the scope of
    /// its `Expand` step).
    pub parent: Option<ScopeIx>,
    /// What it is.
    pub kind: ScopeKind,
}

/// The kinds of scopes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScopeKind {
    /// The play: failure here ends the host's play.
    Play,
    /// A block, or any other construct that has rescue or always sections (life cycles, monitors).
    Block {
        /// Whether there is a rescue: failure of the body is caught.
        rescue: bool,
        /// Whether it is a life cycle: who ends the play early (`meta: end_host`) still clears up.
        lifecycle: bool,
        /// Whether it stands in the play itself, in no other block, import or include.
        outermost: bool,
        /// Whether its `always` is the flush that `force_handlers` asks for.
        flushes: bool,
    },
    /// A case: a fault boundary. Failure ends the case on that host, the next case goes on.
    Case(CaseId),
    /// One round of a case: holds the machine exclusively.
    Round {
        /// From 1.
        number: u32,
        /// Whether it is left out of the statistics.
        warmup: bool,
    },
    /// A section of the block or case it stands in.
    Section(Section),
    /// Groups steps: a file of tasks that was imported or included. Failures pass.
    Group(Arc<str>),
    /// A block without rescue and always, and the name of one that has them. Failures pass.
    Plain {
        /// Its name, or nothing.
        label: Arc<str>,
        /// Whether it stands in the play itself, in no other block, import or include.
        outermost: bool,
    },
    /// One use of a role.
    Role(RoleScope),
}

/// One use of a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleScope {
    /// For people.
    pub label: Arc<str>,
    /// What makes two uses of a role the same.
    pub key: Arc<str>,
    /// Whether a host passes it by that has been through an equal use.
    pub once: bool,
    /// Whether it stands in the play itself, in no block, import or include.
    pub outermost: bool,
}

/// The sections of a block or case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Section {
    /// `block`; `prepare` and `run` of a case.
    Body,
    /// `rescue`
    Rescue,
    /// `always`; `finish` of a case. Once its block was entered it runs, also after failure and Ctrl-C.
    Always,
}
