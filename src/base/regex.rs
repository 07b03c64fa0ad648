//! Regular expressions as Python writes them, for an engine that differs from Python's in what `\Z` and `$` mean.

use fancy_regex::{Captures, Error, Regex, RegexBuilder};

/// Compiles Python's syntax: `\Z`, and `$` that also matches before a last newline.
pub fn compile(pattern: &str, ignore_case: bool, multiline: bool) -> Result<Regex, Box<Error>> {
    let multiline = multiline || has_flag(pattern, 'm');
    RegexBuilder::new(&translate(pattern, multiline))
        .case_insensitive(ignore_case)
        .multi_line(multiline)
        .build()
        .map_err(Box::new)
}

/// Whether a pattern begins with a flag: `(?ms)`.
pub fn has_flag(pattern: &str, flag: char) -> bool {
    let flags = pattern.strip_prefix("(?").and_then(|rest| rest.split_once(')'));
    flags.is_some_and(|(flags, _)| flags.contains(flag) && flags.chars().all(|c| c.is_ascii_lowercase()))
}

fn translate(pattern: &str, multiline: bool) -> String {
    let mut out = String::with_capacity(pattern.len() + 8);
    let mut in_class = false;
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('Z') if !in_class => out.push_str(r"\z"),
                Some(next) => out.extend(['\\', next]),
                None => out.push('\\'),
            },
            '[' if in_class => out.push_str(r"\["),
            '[' => {
                in_class = true;
                out.push('[');
                // A `]` that comes first is one of the class.
                let rest = chars.as_str();
                let after = rest.strip_prefix('^').unwrap_or(rest);
                if rest.len() != after.len() {
                    out.push('^');
                    chars.next();
                }
                if after.starts_with(']') {
                    out.push_str(r"\]");
                    chars.next();
                }
            }
            ']' => {
                in_class = false;
                out.push(']');
            }
            '$' if !in_class && !multiline => out.push_str(r"(?=\n?\z)"),
            c => out.push(c),
        }
    }
    out
}

/// All matches, from the left. As in Python, one that is empty may stand where another has ended.
pub fn matches<'t>(
    regex: &'t Regex,
    text: &'t str,
) -> impl Iterator<Item = Result<Captures<'t, str>, Box<Error>>> {
    let mut place = Some(0);
    std::iter::from_fn(move || {
        let captures = match regex.captures_from_pos(text, place?) {
            Ok(captures) => captures?,
            Err(error) => {
                place = None;
                return Some(Err(Box::new(error)));
            }
        };
        let whole = captures.get(0)?;
        let beyond = || text[whole.end()..].chars().next().map(|c| whole.end() + c.len_utf8());
        place = if whole.range().is_empty() { beyond() } else { Some(whole.end()) };
        Some(Ok(captures))
    })
}

/// A part of a replacement.
enum Piece<'t> {
    Text(&'t str),
    /// What a group matched; one that took no part is empty.
    Group(usize),
}

/// Python's replacement template.
pub struct Template<'t>(Vec<Piece<'t>>);

impl<'t> Template<'t> {
    /// Takes it apart: `\1`, `\g<1>`, `\g<name>`, `\n`, `\\`. It is judged whether anything matches or not.
    pub fn read(regex: &Regex, template: &'t str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut rest = template;
        while let Some(place) = rest.find('\\') {
            pieces.push(Piece::Text(&rest[..place]));
            let escape = &rest[place..];
            rest = &rest[place + 1..];
            let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            if digits > 0 {
                let (number, after) = rest.split_at(digits.min(2));
                pieces.push(Piece::Group(group(regex, number)?));
                rest = after;
            } else if let Some((name, after)) = rest.strip_prefix("g<").and_then(|rest| rest.split_once('>'))
            {
                pieces.push(Piece::Group(group(regex, name)?));
                rest = after;
            } else {
                let mut chars = rest.chars();
                pieces.push(Piece::Text(match chars.next() {
                    Some('n') => "\n",
                    Some('t') => "\t",
                    Some('r') => "\r",
                    Some('\\') | None => "\\",
                    Some(c) if c.is_ascii_alphabetic() => {
                        return Err(format!(
                            r"bad escape \{c} at position {}",
                            template.len() - escape.len()
                        ));
                    }
                    Some(c) => &escape[..=c.len_utf8()],
                }));
                rest = chars.as_str();
            }
        }
        pieces.push(Piece::Text(rest));
        Ok(Self(pieces))
    }

    /// What it is for a match.
    pub fn expand(&self, captures: &Captures<'_, str>, out: &mut String) {
        for piece in &self.0 {
            out.push_str(match piece {
                Piece::Text(text) => text,
                Piece::Group(number) => captures.get(*number).map_or("", |group| group.as_str()),
            });
        }
    }
}

/// The number of a group, by its number or name.
pub fn group(regex: &Regex, name: &str) -> Result<usize, String> {
    match name.parse::<usize>() {
        Ok(number) if number < regex.captures_len() => Ok(number),
        Ok(_) => Err(format!("invalid group reference {name}")),
        Err(_) => {
            let place = regex.capture_names().position(|known| known == Some(name));
            place.ok_or_else(|| format!("unknown group name '{name}'"))
        }
    }
}
