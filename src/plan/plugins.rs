//! Templates that name plugins which are not built in, and which somebody has all the same.

use super::build::Build;
use crate::base::Diagnostic;
use crate::vars::plugins::Kind;

impl Build<'_> {
    /// What is wrong with a template, unless somebody has the plugin that is not built in.
    pub(super) fn wrong(&self, found: Option<Diagnostic>) -> Option<Diagnostic> {
        found.filter(|problem| {
            let kind = match problem.code {
                "unknown-filter" => Kind::Filter,
                "unknown-test" => Kind::Test,
                "unknown-lookup" => Kind::Lookup,
                _ => return true,
            };
            let name = problem.message.split('`').nth(1).unwrap_or_default();
            self.compiler.environment().plugin(kind, name).is_none()
        })
    }
}
