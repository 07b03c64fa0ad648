//! The template engine: Jinja's language with Python's values and Ansible's rules.
//!
//! minijinja's grammar reads a text ([`parse`]; the only use of it, and only in this folder), after [`backslashes`] has mended
//! what it reads otherwise than Jinja. The statements and expressions of [`syntax`] are kept by [`engine`] and run by [`run`]
//! and [`evaluate`] on values that are rendered when they are touched ([`object`]), and printed as Python does ([`printing`]).
//! A [`session`] renders one value in one scope. What has no value is itself a value ([`missing`]) until something needs it.

mod attribute;
mod backslashes;
mod calling;
mod container;
mod diagnose;
mod engine;
mod evaluate;
mod files;
mod marks;
mod methods;
mod missing;
mod natives;
mod object;
mod operators;
mod parse;
mod plugins;
mod printing;
pub mod references;
mod rendering;
mod run;
mod session;
mod syntax;
mod undefined;

pub use engine::Engine;
pub use rendering::Rendering;
