//! The lines of the user's file around a place, as the reference shows them below an error.

use std::fmt::Write;

/// How many lines are shown before the one that is meant.
const BEFORE: usize = 2;

/// How wide a line may be with its number; what is longer is cut.
const WIDEST: usize = 120;

/// What ends a line that was cut.
const CUT: &str = "...";

/// The line, what stands before it, and a caret below its column. Lines and columns count from 1.
pub(super) fn excerpt(text: &str, line: usize, column: usize) -> String {
    let first = line.saturating_sub(BEFORE).max(1);
    let width = line.to_string().len();
    let room = WIDEST - width - 1;
    let mut usable = room;
    let mut shown = String::new();
    for (number, text) in (1..).zip(text.lines()).skip(first - 1).take(line + 1 - first) {
        let mut text = text.trim_end().replace('\t', " ");
        if let Some((end, _)) = text.char_indices().nth(room) {
            let kept = text[..end].char_indices().nth(room - CUT.len()).map_or(end, |(kept, _)| kept);
            text.replace_range(kept.., CUT);
            usable = room - CUT.len();
        }
        let _ = writeln!(shown, "{number:>width$} {text}");
    }
    if column <= usable {
        let marker = format!("column {column}");
        // Where there is no room behind the caret, the words stand before it.
        let marker = if column + 1 + marker.len() > room {
            format!("{}{marker} ^", " ".repeat(column.saturating_sub(marker.len() + 2)))
        } else {
            format!("{}^ {marker}", " ".repeat(column - 1))
        };
        let _ = writeln!(shown, "{:width$} {marker}", "");
    }
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

    #[test]
    fn long_lines_are_cut() {
        let long = format!("- {}", "x".repeat(200));
        let shown = |column| excerpt(&long, 1, column);
        assert_eq!(shown(3), format!("1 - {}...\n    ^ column 3\n", "x".repeat(113)));
        assert_eq!(shown(115), format!("1 - {}...\n{}column 115 ^\n", "x".repeat(113), " ".repeat(105)));
        assert_eq!(shown(150), format!("1 - {}...\n", "x".repeat(113)));
    }
}
