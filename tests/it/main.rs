//! End-to-end tests: one program, one module per subject.

// Everything here is a test; clippy sees only the functions that are marked so.
#![allow(clippy::unwrap_used)]
// Texts for people are put together here, where nobody counts their microseconds; a plan has plays.
#![allow(clippy::format_push_string, clippy::format_collect, clippy::similar_names)]

mod ansible;
mod architecture;
mod asking;
mod becoming;
mod browser;
mod calls;
mod case_programs;
mod cleaning;
mod cli;
mod compatibility;
mod conformance;
mod contact;
mod container_fleet;
mod container_hosts;
mod containers;
mod dialect;
mod docker_actions;
mod doctor;
mod dropin;
mod estimate;
mod evidence;
mod examples;
mod exclusive;
mod file_properties;
mod fleet;
mod formats;
mod gangs;
mod guides;
mod harness;
mod hostile;
mod interrupt;
mod inventories;
mod json_schema;
#[path = "../lab/mod.rs"]
mod lab;
mod labs;
mod leases;
mod leaving;
mod lifecycle;
mod manual;
mod modules;
mod monitors;
mod monitors_fleet;
mod outage;
mod page;
mod plan;
mod progress;
mod prompting;
mod python;
mod reference;
mod resume;
mod run;
mod schemas;
mod ssh;
mod static_agent;
mod suites;
mod three_forms;
mod users;
mod vaults;
