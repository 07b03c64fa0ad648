//! The only reader of the user's files.

pub mod files;

pub use files::{DiskFiles, Files, MemoryFiles};
