//! The run: one dispatcher owns all its state, units of work do one step on one host each.
//!
//! Never names a store, a report or standard output: what happens leaves through `event::Journal` and as events.

pub mod fates;
pub mod figures;
pub mod machines;
pub mod queue;
