//! The plan as people and programs read it: a tree, DOT, Mermaid, JSON, and the command lines. Pure: text out, nothing printed.

mod case_rows;
pub mod commands;
pub mod dot;
pub mod json;
pub mod mermaid;
mod rows;
pub mod tree;
mod words;

pub use commands::commands;
pub use dot::dot;
pub use json::{SCHEMA_VERSION, json};
pub use mermaid::mermaid;
pub use tree::{Hints, tree};
