//! Who reads the program: what the controller says, or the first Python that starts.

use super::super::process::Command;
use super::super::{Context, path};
use super::in_path;

/// The beginning of a command line.
pub(super) struct Interpreter {
    /// The program and its arguments; nothing for what runs by itself.
    pub words: Vec<String>,
    /// Its path, when it was looked for.
    pub discovered: Option<String>,
}

impl Interpreter {
    /// What was said, or the first candidate that starts. Nothing when none does.
    pub fn choose(said: &[String], candidates: &[String], ctx: &mut Context<'_>) -> Option<Self> {
        if candidates.is_empty() || !said.is_empty() {
            let mut words = said.to_vec();
            if let Some(first) = words.first_mut() {
                // A shell would have done so.
                *first = path::expand(first, ctx);
            }
            return Some(Self { words, discovered: None });
        }
        let found = candidates.iter().filter_map(|name| in_path(name, ctx)).collect::<Vec<_>>();
        let found = found.into_iter().map(|path| path.display().to_string());
        let starts = |path: &String| {
            // There may be a script in its place that only says that there is none.
            let tried = Command { quiet: true, ..Command::new([path.as_str(), "-c", ""]) };
            ctx.run(&tried).is_ok_and(|done| done.status.success())
        };
        let path = { found }.find(starts)?;
        Some(Self { words: vec![path.clone()], discovered: Some(path) })
    }
}
