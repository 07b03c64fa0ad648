//! `stdout_lines` and `stderr_lines`: made where a result is read, so that no output travels twice.

use crate::base::Map;

/// Adds the lines of `stdout` and `stderr` to a result that has these texts.
pub(super) fn add(result: &mut Map) {
    for (text, lines) in [("stdout", "stdout_lines"), ("stderr", "stderr_lines")] {
        if let Some(text) = result.get(text).and_then(|v| v.as_str())
            && !result.contains_key(lines)
        {
            let split: Vec<String> = split(text).into_iter().map(str::to_owned).collect();
            result.insert(lines, split);
        }
    }
}

/// Python's `str.splitlines`.
pub fn split(text: &str) -> Vec<&str> {
    let ends = ['\n', '\r', '\u{b}', '\u{c}', '\u{1c}', '\u{1d}', '\u{1e}', '\u{85}', '\u{2028}', '\u{2029}'];
    let mut lines = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(ends) {
        lines.push(&rest[..at]);
        let after = &rest[at..];
        let end = if after.starts_with("\r\n") { 2 } else { after.chars().next().map_or(1, char::len_utf8) };
        rest = &after[end..];
    }
    if !rest.is_empty() {
        lines.push(rest);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn lines_are_split_as_python_does() {
        assert_eq!(split("a\r\nb\rc\n\nd\u{2028}e"), ["a", "b", "c", "", "d", "e"]);
        assert_eq!(split("a\n"), ["a"]);
        assert!(split("").is_empty());
    }
}
