//! Variables: scopes and precedence, templates, filters, tests and lookups.
//!
//! Knows nothing of tasks, hosts or the graph. The template engine is `template/`; filters, tests and lookups are plain
//! functions over [`crate::base::Value`], one row each in their folder's table.

pub mod call;
mod causes;
pub mod environment;
pub mod error;
pub mod filters;
pub mod functions;
mod inventories;
mod lenient;
pub mod library;
pub mod lookups;
pub mod plugins;
pub mod predicates;
pub mod python;
pub mod scope;
pub mod secrets;
pub mod templar;
mod template;
pub mod template_variables;

#[cfg(test)]
mod tests;

pub use environment::{Environment, Habits, SearchPaths};
pub use error::{Problem, StoodIn, TemplateError};
pub use filters::{json_text, merged_deeply, yaml_text};
pub use inventories::Inventories;
pub use scope::{Entry, LazyMap, Scope, joined};
pub use secrets::{Secrets, Veil};
pub use templar::{FileOptions, Templar};
pub use template::references::{References, condition_check, condition_references, references, syntax_check};
pub use template_variables::template_variables;
