//! End-to-end tests: one program, one module per subject.

mod architecture;
mod case_programs;
mod cli;
mod conformance;
mod guides;
mod modules;
mod static_agent;
mod harness;
