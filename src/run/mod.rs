//! The run: one dispatcher owns all its state, units of work do one step on one host each.
//!
//! Never names a store, a report or standard output: what happens leaves through `event::Journal` and as events.

mod acting;
mod again;
mod agentless;
mod applied;
mod arguments;
mod arrive;
mod asynchronous;
mod becoming;
mod before;
pub mod budget;
mod case;
mod conditions;
mod delegate;
mod dispatcher;
mod download;
mod ending;
mod engine;
mod enough;
mod environments;
pub mod fact_cache;
mod fates;
pub mod figures;
mod fitting;
mod flushing;
pub mod forecast;
mod foreign;
mod gangs;
mod graft;
mod growth;
pub mod hosts;
mod including;
mod interpreter;
mod inventory;
mod joining;
mod judge;
mod keyword;
mod lease;
mod leaving;
mod looping;
pub mod machines;
pub mod magic;
mod masking;
mod measure;
mod meta;
mod moment;
mod monitors;
mod named;
mod node;
mod notifying;
mod once;
mod others;
mod overtaken;
pub mod past;
mod pieces;
mod pinning;
pub mod queue;
pub mod reach;
mod reconnecting;
mod rendezvous;
mod renewal;
mod replay;
mod roles;
mod rounds;
mod sampling;
mod sending;
mod settling;
pub mod setup;
mod skipping;
mod spending;
mod stepping;
pub mod stop;
mod sweep;
mod target;
mod turn;
mod unit;
mod vars_files;
pub mod verdict;

pub use budget::Budget;
pub use lease::{Caller, OnBusy};
pub use past::{Past, PastError};
pub use setup::{Ended, Events, Options, Setup};
pub use skipping::gathers_for_play;
pub use stop::{Stop, Stopper, Urgency, stop};

/// Walks the plan to its end.
///
/// The dispatcher is a task like its units, so that it is woken and wakes without another thread having to.
pub async fn execute(setup: Setup) -> Ended {
    match tokio::spawn(dispatcher::Dispatcher::new(setup).run()).await {
        Ok(ended) => ended,
        Err(panic) => std::panic::resume_unwind(panic.into_panic()),
    }
}
