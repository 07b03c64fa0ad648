//! End-to-end tests.

mod case_programs;
