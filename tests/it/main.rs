//! End-to-end tests: one program, one module per subject.

#![allow(clippy::unwrap_used)] // everything here is a test; clippy sees only the functions that are marked so

mod architecture;
mod case_programs;
mod cli;
mod conformance;
mod evidence;
mod examples;
mod exclusive;
mod guides;
mod harness;
mod interrupt;
mod modules;
mod plan;
mod reference;
mod run;
mod static_agent;
