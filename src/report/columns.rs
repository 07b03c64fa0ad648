//! Lines up cells by the width they have on a terminal.

use unicode_width::UnicodeWidthStr;

/// How a column is lined up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// At its beginning.
    Left,
    /// At its end.
    Right,
}

/// Rows of cells as lines: columns two blanks apart, nothing behind the last.
pub fn lines(aligns: &[Align], rows: &[Vec<String>]) -> Vec<String> {
    let mut widths = vec![0; aligns.len()];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.width());
        }
    }
    let line = |row: &Vec<String>| {
        let mut line = String::new();
        for ((cell, width), align) in row.iter().zip(&widths).zip(aligns) {
            // An empty column takes no room.
            if *width == 0 {
                continue;
            }
            let blanks = " ".repeat(width - cell.width());
            match align {
                Align::Left => line.extend([cell, blanks.as_str(), "  "]),
                Align::Right => line.extend([blanks.as_str(), cell, "  "]),
            }
        }
        line.trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_characters_count_twice_and_empty_columns_vanish() {
        let rows =
            [vec!["測".into(), String::new(), "1".into()], vec!["ab3".into(), String::new(), "10".into()]];
        assert_eq!(lines(&[Align::Left, Align::Left, Align::Right], &rows), ["測    1", "ab3  10"]);
    }
}
