//! From the typed playbook to the task graph: pure, opens no file and no socket.

mod apply;
mod baseline;
pub mod becoming;
mod build;
mod calls;
mod cases;
mod check;
pub mod compiler;
pub mod coverage;
mod cycle;
mod declaration;
pub mod difference;
mod draft;
mod expand;
pub mod explain;
mod flow;
pub mod fragment;
mod gangs;
mod handlers;
mod hosts;
mod known;
mod later;
mod layout;
mod lifecycle;
mod matrix;
mod meta;
pub mod mode;
mod monitors;
mod needs;
mod play;
mod plugins;
mod prompts;
mod prune;
mod pruned;
mod readings;
pub mod render;
mod repeats;
mod role_arguments;
mod role_uses;
pub mod roles;
mod rounds;
mod route;
pub mod scope;
mod sealed;
mod select;
pub mod static_roles;
pub mod step;
mod strictness;
pub mod surroundings;
mod tasks;
mod undefined;
pub mod vars_files;

use std::path::PathBuf;
use std::sync::Arc;

pub use becoming::AskedBecoming;
pub use compiler::{Again, Compiler, FactCache, Options};
pub use declaration::{DeclarationError, arguments as monitor_arguments};
pub use fragment::{
    Bridge, Brought, CasePlan, Fragment, Gang, GoingOn, HandlerBody, HandlerNames, PrunedStep, Pruning,
    Target,
};
pub use handlers::MISPLACED_FLUSH;
pub use hosts::REACHING;
pub use lifecycle::Chapter;
pub use meta::FLUSH;
pub use mode::VARIABLE as IN_CONTAINER_VARIABLE;
pub use prompts::{Answer, Answers, Asking, Prompt};
pub use scope::{RoleScope, Scope, ScopeIx, ScopeKind, Section};
pub use step::{
    CasePart, CasePlace, Expand, Inclusion, Meta, MonitorUse, Monitoring, Order, Step, StepIx, StepKind,
    TaskStep, WatchedContainer,
};
pub use strictness::Strictness;
pub use surroundings::Surroundings;
pub use surroundings::short_role;
pub use tasks::ABSENT;

use crate::base::{Diagnostics, HostName};
use crate::model::{Play, Strategy};

/// The compile-time answer: every play with the hosts that are known now.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The playbook's file.
    pub playbook: PathBuf,
    /// In the order they are written.
    pub plays: Vec<PlayPlan>,
    /// Warnings; errors would have prevented the plan.
    pub warnings: Diagnostics,
}

/// One play of a plan.
#[derive(Clone, Debug)]
pub struct PlayPlan {
    /// The number of the play, from 0.
    pub number: usize,
    /// Its name, templated as far as it can be before contact.
    pub name: String,
    /// The play.
    pub play: Arc<Play>,
    /// What it says in `hosts`, rendered: the patterns of a list, or one.
    pub patterns: Vec<String>,
    /// The hosts it would run on now, in order.
    pub hosts: Vec<HostName>,
    /// The same hosts in the batches of `serial`; one batch when there is none. A step's hosts are those of all batches.
    pub batches: Vec<Vec<HostName>>,
    /// How its hosts go through it.
    pub strategy: Strategy,
    /// Plays that must have ended before (numbers).
    pub after: Vec<usize>,
    /// Its graph.
    pub fragment: Fragment,
    /// What in-container mode took out.
    pub pruning: Pruning,
    /// What only the run can know: `omp (facts)`, `hosts (add_host at x.yml:7)`.
    pub open: Vec<String>,
    /// The seed of `case_order: random`.
    pub seed: Option<u64>,
}
