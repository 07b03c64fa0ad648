//! End-to-end tests: one program, one module per subject.

mod architecture;
mod case_programs;
mod cli;
mod conformance;
mod guides;
mod harness;
mod modules;
mod reference;
mod static_agent;
