//! Python's ways to cut, fill and capitalize a text.

use crate::vars::call::CallError;

/// `str.split` and `str.rsplit`; `most` is how often it is cut.
pub fn split<'a>(
    text: &'a str,
    separator: Option<&str>,
    most: Option<usize>,
    from_right: bool,
) -> Result<Vec<&'a str>, CallError> {
    let parts = most.map_or(usize::MAX, |most| most.saturating_add(1));
    let mut out: Vec<&str> = match (separator, from_right) {
        (Some(""), _) => return Err("the separator is empty".into()),
        (Some(separator), false) => text.splitn(parts, separator).collect(),
        (Some(separator), true) => text.rsplitn(parts, separator).collect(),
        (None, false) => {
            let mut out = Vec::new();
            let mut rest = text.trim_start();
            while !rest.is_empty() {
                let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
                if out.len() + 1 >= parts {
                    out.push(rest);
                    break;
                }
                out.push(&rest[..end]);
                rest = rest[end..].trim_start();
            }
            out
        }
        (None, true) => {
            let mut out = Vec::new();
            let mut rest = text.trim_end();
            while !rest.is_empty() {
                if out.len() + 1 >= parts {
                    out.push(rest);
                    break;
                }
                let begin = rest.char_indices().rev().find(|(_, c)| c.is_whitespace());
                let begin = begin.map_or(0, |(place, c)| place + c.len_utf8());
                out.push(&rest[begin..]);
                rest = rest[..begin].trim_end();
            }
            out
        }
    };
    if from_right {
        out.reverse();
    }
    Ok(out)
}

/// `str.splitlines`
pub fn lines(text: &str, keep_ends: bool) -> Vec<&str> {
    let ends = |c: char| {
        matches!(c, '\n' | '\r' | '\x0b' | '\x0c' | '\x1c'..='\x1e' | '\u{85}' | '\u{2028}' | '\u{2029}')
    };
    let mut out = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let Some(place) = rest.find(ends) else {
            out.push(rest);
            break;
        };
        let length = if rest[place..].starts_with("\r\n") {
            2
        } else {
            rest[place..].chars().next().map_or(1, char::len_utf8)
        };
        out.push(&rest[..if keep_ends { place + length } else { place }]);
        rest = &rest[place + length..];
    }
    out
}

/// `str.expandtabs`
pub fn expand_tabs(text: &str, size: usize) -> String {
    let mut out = String::new();
    let mut column = 0;
    for c in text.chars() {
        match c {
            '\t' => {
                let blanks = if size == 0 { 0 } else { size - column % size };
                out.push_str(&" ".repeat(blanks));
                column += blanks;
            }
            c => {
                out.push(c);
                column = if matches!(c, '\n' | '\r') { 0 } else { column + 1 };
            }
        }
    }
    out
}

/// `str.capitalize`
pub fn capitalize(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(chars.as_str().to_lowercase().chars()).collect()
    })
}

/// `str.title`: every letter that follows none is large.
pub fn title(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut after_letter = false;
    for c in text.chars() {
        if after_letter {
            out.extend(c.to_lowercase());
        } else {
            out.extend(c.to_uppercase());
        }
        after_letter = c.is_alphabetic();
    }
    out
}

/// A character in the other case.
pub fn swap_case(c: char) -> Vec<char> {
    if c.is_lowercase() { c.to_uppercase().collect() } else { c.to_lowercase().collect() }
}

/// `str.zfill`
pub fn zero_fill(text: &str, width: usize) -> String {
    let (sign, digits) = match text.strip_prefix(['-', '+']) {
        Some(digits) => (&text[..1], digits),
        None => ("", text),
    };
    format!("{sign}{}{digits}", "0".repeat(width.saturating_sub(text.chars().count())))
}

/// `str.ljust`, `str.rjust`, `str.center`
pub fn justify(text: &str, how: &str, width: usize, fill: char) -> String {
    let missing = width.saturating_sub(text.chars().count());
    let left = match how {
        "ljust" => 0,
        "rjust" => missing,
        // What is over goes to the left when the width is odd.
        _ => missing / 2 + (missing & width & 1),
    };
    let blanks = |n: usize| std::iter::repeat_n(fill, n).collect::<String>();
    format!("{}{text}{}", blanks(left), blanks(missing - left))
}

/// `text[start:end]`, in characters.
pub fn part(text: &str, start: Option<i128>, end: Option<i128>) -> &str {
    if start.is_none() && end.is_none() {
        return text;
    }
    let length = i128::try_from(text.chars().count()).unwrap_or(i128::MAX);
    let place = |bound: i128| {
        let bound = if bound < 0 { (bound + length).max(0) } else { bound.min(length) };
        let bound = usize::try_from(bound).unwrap_or(0);
        text.char_indices().nth(bound).map_or(text.len(), |(place, _)| place)
    };
    let (start, end) = (place(start.unwrap_or(0)), place(end.unwrap_or(length)));
    text.get(start..end).unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_as_python_does() {
        let cut = |text, separator, most, right| split(text, separator, most, right).unwrap_or_default();
        assert_eq!(cut(" a  b c ", None, None, false), ["a", "b", "c"]);
        assert_eq!(cut(" a  b c ", None, Some(1), false), ["a", "b c "]);
        assert_eq!(cut(" a  b c ", None, Some(1), true), [" a  b", "c"]);
        assert_eq!(cut("a,b,c", Some(","), Some(1), true), ["a,b", "c"]);
        assert_eq!(lines("a\r\nb\n\nc", false), ["a", "b", "", "c"]);
        assert_eq!(part("abcdef", Some(-3), None), "def");
        assert_eq!(title("it's a-b c_d 3d"), "It'S A-B C_D 3D");
        assert_eq!(justify("a", "center", 4, '.'), ".a..");
    }
}
