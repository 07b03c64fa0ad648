//! `--diff`: a file before and after, as the reference prints it.

use similar::TextDiff;

use super::words::Paint;
use crate::wire::Diff;

/// A unified diff with an empty line at its end; nothing when both are the same.
pub(super) fn unified(diff: &Diff, colour: bool) -> String {
    let text = TextDiff::from_lines(&diff.before, &diff.after);
    // A file that was not there has no name.
    let named = |header: &str| Some(header.to_owned()).filter(|name| !name.is_empty());
    let header = |text: &str| named(&diff.header).filter(|_| !text.is_empty());
    let before = diff.before_header.as_ref().map_or_else(|| header(&diff.before), |name| named(name));
    let after = if diff.before_header.is_some() { named(&diff.header) } else { header(&diff.after) };
    let words =
        |word: &str, name: Option<String>| name.map_or(word.to_owned(), |name| format!("{word}: {name}"));
    let (before, after) = (words("before", before), words("after", after));
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
