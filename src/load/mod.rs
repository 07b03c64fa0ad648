//! The only reader of the user's files.

pub mod ansible_cfg;
mod baseline;
pub mod config;
pub mod extra;
pub mod files;
pub mod foreign;
pub mod inventory;
pub mod limit;
mod listing;
pub mod loader;
pub mod project;
mod role;
mod rules;
pub mod shipped;
mod text;
pub mod vault;

use std::path::Path;

pub use ansible_cfg::AnsibleCfg;
pub use baseline::read_baseline;
pub use config::{Config, Expressions};
pub use files::{Content, DiskFiles, Files, MemoryFiles};
pub use inventory::{Constructing, Evaluator, InventorySource, Reading, Unreadable, load_inventory};
pub use limit::read_limit;
pub use listing::Single;
pub use loader::{Loaded, Loader};
pub use project::{Asked, Project};
pub use rules::{RULES, read_rules};
pub use vault::Vault;

/// A path as messages show it: as the user would type it, without a leading `./`.
pub fn shown(path: &Path) -> String {
    path.strip_prefix("./").unwrap_or(path).display().to_string()
}

/// A path that means the same from every folder: a command on this machine may run in another than ours.
pub fn absolute(path: &Path) -> String {
    let absolute = if path == Path::new("") { std::env::current_dir() } else { std::path::absolute(path) };
    absolute.unwrap_or_else(|_| path.to_owned()).display().to_string()
}

/// A folder as messages show it: the one we are in has no name of its own.
fn folder_shown(path: &Path) -> String {
    if path == Path::new("") { ".".to_owned() } else { shown(path) }
}
