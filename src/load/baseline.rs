//! Files of reference values.

use std::path::Path;

use super::{Files, shown, text};
use crate::base::baseline::Baseline;
use crate::base::{Diagnostic, Diagnostics, Span};
use crate::model::decode;
use crate::syntax;

/// Reads one; `from` is the place that names it.
pub fn read_baseline(files: &dyn Files, path: &Path, from: Option<&Span>) -> Result<Baseline, Diagnostics> {
    let source = text::read(files, path, "a baseline", from)?;
    let mut problems = Diagnostics::new();
    let empty = || {
        Diagnostic::error("empty-baseline", format!("there is nothing in {}", shown(path)))
            .help("make it with `benchbook baseline make RUN --out FILE`")
    };
    let node =
        syntax::yaml::parse_one(&source, &mut problems)?.filter(|node| !node.is_null()).ok_or_else(empty)?;
    let baseline = decode::baseline(&node, &mut problems);
    match baseline {
        Some(baseline) if !problems.has_errors() => Ok(baseline),
        _ => Err(problems.in_file_order()),
    }
}
