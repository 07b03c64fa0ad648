//! The template engine's room: minijinja is named in this folder only, so that it can be exchanged in a day.
//!
//! A [`Session`] renders one value in one scope. The engine sees variables through objects that render on access, and
//! filters, tests and lookups through [`adapt`]. What differs between minijinja and Ansible is mended here.

mod adapt;
mod convert;
mod date;
mod diagnose;
mod engine;
mod escape;
mod extract;
mod method;
mod objects;
pub mod references;
mod session;
mod undefined;

pub use engine::Engine;
pub use session::Session;
