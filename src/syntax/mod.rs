//! Text to trees: YAML 1.1 as Ansible reads it, and Ansible's INI inventories; every node knows its place.
//!
//! This layer knows what the texts say, never what they mean: no keyword, no host, no variable.

mod builder;
pub mod ini;
mod json;
pub mod literal;
pub mod node;
mod padded;
mod problem;
mod scalar;
pub mod yaml;

pub use node::{Node, NodeKind, Scalar, Style};
pub use scalar::reads_as_text;

#[cfg(test)]
mod tests;
