//! The lines of the user's file around a place, as the reference shows them below an error.

use std::fmt::Write;

/// How many lines are shown before the one that is meant.
const BEFORE: usize = 2;

/// The line, what stands before it, and a caret below its column. Lines and columns count from 1.
pub(super) fn excerpt(text: &str, line: usize, column: usize) -> String {
    let first = line.saturating_sub(BEFORE).max(1);
    let width = line.to_string().len();
    let mut shown = String::new();
    for (number, text) in (1..).zip(text.lines()).skip(first - 1).take(line + 1 - first) {
        let _ = writeln!(shown, "{number:>width$} {}", text.trim_end());
    }
    let _ = writeln!(shown, "{:indent$}^ column {column}", "", indent = width + column);
    shown
}

/// The same of `FILE:LINE:COLUMN`, as the file is now; nothing when it cannot be read, or is encrypted.
pub fn of(place: &str) -> Option<String> {
    let mut parts = place.rsplitn(3, ':');
    let (column, line) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    let text = std::fs::read_to_string(parts.next()?).ok()?;
    (!text.starts_with("$ANSIBLE_VAULT")).then(|| excerpt(&text, line, column))
}

#[cfg(test)]
mod tests {
    use super::excerpt;

    #[test]
    fn lines_are_numbered_and_the_column_is_marked() {
        let text = (1..=12).map(|n| format!("  - line {n}")).collect::<Vec<_>>().join("\n");
        insta::assert_snapshot!(excerpt(&text, 10, 5), @r"
         8   - line 8
         9   - line 9
        10   - line 10
               ^ column 5
        ");
        insta::assert_snapshot!(excerpt(&text, 1, 3), @r"
        1   - line 1
            ^ column 3
        ");
    }
}
