//! Benchbook: a declarative workflow engine for benchmarking fleets of machines.

pub mod action;
pub mod agent;
pub mod base;
pub mod cli;
pub mod connection;
pub mod event;
pub mod load;
pub mod model;
pub mod module;
pub mod monitor;
pub mod plan;
pub mod python;
pub mod report;
pub mod run;
pub mod store;
pub mod syntax;
pub mod vars;
pub mod wire;
