//! What an action has changed, or would change: the same words for `changed`, for `--diff` and for people.

use super::ActionContext;
use super::compare::Difference;
use crate::wire::{Diff, Outcome};

/// What is different now, or would be.
#[derive(Default)]
pub(super) struct Changes {
    pub differences: Vec<Difference>,
    pub warnings: Vec<String>,
}

impl Changes {
    pub(super) fn note(&mut self, path: &str, there: &str, wanted: &str) {
        self.differences.push(Difference::new(path, there, wanted));
    }

    /// `header` names the thing: `container box`.
    pub(super) fn outcome(self, ctx: &ActionContext<'_>, header: &str) -> Outcome {
        let mut outcome = Outcome::ok(!self.differences.is_empty());
        if ctx.diff && outcome.changed {
            outcome.diff.push(self.diff(header));
        }
        outcome.warnings = self.warnings;
        outcome
    }

    /// Before and after, a line for each.
    fn diff(&self, header: &str) -> Diff {
        let side = |value: fn(&Difference) -> &String| {
            self.differences.iter().flat_map(|found| [&found.path, ": ", value(found), "\n"]).collect()
        };
        let (before, after) = (side(|found| &found.there), side(|found| &found.wanted));
        Diff { header: header.to_owned(), before, after, ..Diff::default() }
    }
}
