//! `--diff`: a file before and after, as the reference prints it.

use similar::TextDiff;

use super::words::Paint;
use crate::wire::Diff;

/// A unified diff with an empty line at its end; nothing when both are the same.
pub(super) fn unified(diff: &Diff, colour: bool) -> String {
    let text = TextDiff::from_lines(&diff.before, &diff.after);
    let words = |word: &str, text: &str| {
        // A file that was not there has no name.
        let unnamed = diff.header.is_empty() || text.is_empty();
        if unnamed { word.to_owned() } else { format!("{word}: {}", diff.header) }
    };
    let (before, after) = (words("before", &diff.before), words("after", &diff.after));
    let unified = text.unified_diff().header(&before, &after).to_string();
    if unified.is_empty() {
        return unified;
    }
    let paint = |line: &str| match line.as_bytes().first() {
        Some(b'+') => Paint::Added.on(line),
        Some(b'-') => Paint::Removed.on(line),
        Some(b'@') => Paint::Lines.on(line),
        _ => line.to_owned(),
    };
    let line = |line: &str| if colour { paint(line) } else { line.to_owned() };
    unified.lines().map(|text| line(text) + "\n").chain(["\n".to_owned()]).collect()
}
