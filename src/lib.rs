//! Benchbook: a declarative workflow engine for benchmarking fleets of machines.

pub mod base;
pub mod load;
pub mod model;
pub mod module;
pub mod syntax;
pub mod wire;
