//! The only reader of the user's files.

pub mod config;
pub mod extra;
pub mod files;
pub mod loader;
mod role;

use std::path::Path;

pub use config::Config;
pub use files::{DiskFiles, Files, MemoryFiles};
pub use loader::{Loaded, Loader};

/// A path as messages show it: as the user would type it, without a leading `./`.
pub fn shown(path: &Path) -> String {
    path.strip_prefix("./").unwrap_or(path).display().to_string()
}
