//! Files of rules by which hosts are told from their fleet.

use std::path::Path;
use std::sync::Arc;

use super::{Files, text};
use crate::base::{Diagnostic, Diagnostics, Source};
use crate::model::{Rule, decode};
use crate::syntax;

/// The rules that come with the program.
pub const RULES: &str = include_str!("rules.yml");

/// The rules of a file, or those that come with the program.
pub fn read_rules(files: &dyn Files, path: Option<&Path>) -> Result<Vec<Rule>, Diagnostics> {
    match path {
        Some(path) => rules(&text::read(files, path, "a file of rules", None)?),
        None => rules(&Source::new("<rules of benchbook>", RULES)),
    }
}

fn rules(source: &Arc<Source>) -> Result<Vec<Rule>, Diagnostics> {
    let mut problems = Diagnostics::new();
    let empty = || Diagnostic::error("no-rules", format!("there is no rule in {}", source.name()));
    let node =
        syntax::yaml::parse_one(source, &mut problems)?.filter(|node| !node.is_null()).ok_or_else(empty)?;
    let rules = decode::rules(&node, &mut problems);
    if problems.has_errors() { Err(problems.in_file_order()) } else { Ok(rules) }
}
