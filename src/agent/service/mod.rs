//! What the agent does for the engine and no playbook may call: asked for like a module, with a name that begins with an
//! underscore, and invisible in the catalogue.
//!
//! One file per service, one row in [`SERVICES`].

mod command;
mod end;
mod foreign;
mod forget;
mod job;
mod lease;
mod left;
mod monitor;
mod port;
mod sweep;

use crate::base::Map;
use crate::module::Context;
use crate::wire::Outcome;

/// Does it. Failures of any kind are an outcome, also arguments that cannot be read.
pub type Run = fn(&Map, &mut Context<'_>) -> Outcome;

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Service {
    /// With its underscore.
    pub name: &'static str,
    /// Does it.
    pub run: Run,
}

/// All services.
pub static SERVICES: &[Service] = &[
    command::COMMAND,
    command::PUT,
    end::SERVICE,
    foreign::SERVICE,
    forget::SERVICE,
    job::SERVICE,
    lease::LEASE,
    lease::UNLEASE,
    left::SERVICE,
    monitor::SERVICE,
    port::SERVICE,
    sweep::RUBBISH,
    sweep::SWEEP,
];

/// A service by its name.
pub fn find(name: &str) -> Option<Run> {
    SERVICES.iter().find(|s| s.name == name).map(|s| s.run)
}
