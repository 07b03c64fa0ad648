//! End-to-end tests: one program, one module per subject.

mod case_programs;
mod conformance;
mod guides;
