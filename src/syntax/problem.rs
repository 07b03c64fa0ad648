//! Broken YAML in words that help: what is wrong, where, and what to write instead.
//!
//! The parser says what it stumbled over; what the user meant is guessed from the text around that place.

use std::ops::Range;
use std::sync::Arc;

use super::yaml::span;
use crate::base::{Diagnostic, Source};

/// What the parser stumbled over.
pub(super) enum Problem {
    Tab,
    UnclosedQuote,
    UnclosedBracket(char),
    Separator(char),
    StrayBracket,
    WrongBracket(char, char),
    ColonInValue,
    NoColon,
    Indentation,
    UnknownAlias,
    Star,
    Character(char),
    AfterQuote,
    Escape,
    TooDeep(usize),
    Other(String),
}

/// The message about `problem` at a byte offset of `source`.
pub(super) fn describe(problem: &Problem, offset: usize, source: &Arc<Source>) -> Diagnostic {
    let text = source.text();
    let offset = (0..=offset.min(text.len())).rev().find(|o| text.is_char_boundary(*o)).unwrap_or(0);
    let line = line_at(text, offset);
    if let Some(template) = template_at(text, &line) {
        return unquoted_template(source, template);
    }
    let words = text[offset..line.end].trim_end();
    let here = span(source, offset..offset + words.len());
    let error = |message: &str| Diagnostic::error("broken-yaml", message).at(&here);
    match problem {
        Problem::Tab => tab(source, offset),
        Problem::UnclosedQuote => match opening_quote(text, offset) {
            Some(at) => Diagnostic::error("broken-yaml", "this quote is never closed")
                .at(&span(source, at..at + 1))
                .label("opened here")
                .help("close it; inside '…' a quote is written twice (''), inside \"…\" as \\\""),
            None => error("a quote is never closed"),
        },
        Problem::UnclosedBracket(open) => match text[..offset].rfind(*open) {
            Some(at) => Diagnostic::error("broken-yaml", format!("this `{open}` is never closed"))
                .at(&span(source, at..at + 1))
                .label("opened here")
                .help(format!(
                    "close it with `{}`, or quote the value if it is meant as text",
                    closing(*open)
                )),
            None => error(&format!("a `{open}` is never closed")),
        },
        Problem::Separator(close) => error(&format!("a `,` or the closing `{close}` should stand here"))
            .help("a value with `,`, `:`, `{`, `}`, `[` or `]` in it has to be quoted inside brackets"),
        Problem::StrayBracket => {
            error("this bracket closes nothing").help("remove it, or quote the value if it is meant as text")
        }
        Problem::WrongBracket(open, close) => error(&format!("`{open}` is closed by `{close}`"))
            .help(format!("close it with `{}`", closing(*open))),
        Problem::ColonInValue => colon_in_value(source, offset, &line),
        Problem::NoColon => no_colon(source, offset),
        Problem::Indentation => indentation(source, offset, &line),
        Problem::UnknownAlias => error("there is no anchor of this name above")
            .label("`*` begins an alias")
            .help(format!("quote it if it is meant as text: \"{words}\"")),
        Problem::Star => error("a name should follow `*` or `&`")
            .help(format!("quote the value if it is meant as text: \"{words}\"")),
        Problem::Character(c) => error(&format!("a value cannot begin with {}", shown(*c)))
            .help(format!("quote it: {}", quoted(words))),
        Problem::AfterQuote => error("there is text behind the closing quote")
            .label("not inside the quotes")
            .help("quote the whole value, with quotes of the other kind if it has quotes inside"),
        Problem::Escape => error("this escape means nothing inside double quotes")
            .help("write `\\\\` for a backslash, or use single quotes, which take every backslash as it is"),
        Problem::TooDeep(limit) => {
            Diagnostic::error("too-deep", format!("more than {limit} collections stand in each other"))
                .at(&span(source, offset..offset + words.chars().next().map_or(0, char::len_utf8)))
                .label("here it is too deep")
        }
        Problem::Other(words) => error(words),
    }
}

/// `{{ name }}` without quotes is a mapping in a mapping for YAML. `range` is the value as far as it is known.
pub(super) fn unquoted_template(source: &Arc<Source>, range: Range<usize>) -> Diagnostic {
    let place = span(source, range);
    let first = place.text().lines().next().unwrap_or("").trim_end();
    Diagnostic::error("unquoted-template", "a value that begins with `{{` has to be quoted")
        .at(&place)
        .label("YAML takes this for a mapping")
        .help(format!("write {}", quoted(first)))
}

/// The line that holds `offset`; at the end of the text the last line that says something.
fn line_at(text: &str, offset: usize) -> Range<usize> {
    let start = text[..offset].rfind('\n').map_or(0, |at| at + 1);
    let end = text[offset..].find('\n').map_or(text.len(), |at| offset + at);
    start..end
}

/// An unquoted `{{` that begins a value on this line, up to the end of the value.
fn template_at(text: &str, line: &Range<usize>) -> Option<Range<usize>> {
    let words = &text[line.clone()];
    let mut from = 0;
    while let Some(at) = words[from..].find("{{").map(|at| from + at) {
        let before = words[..at].trim_end();
        let begins = before.is_empty() || (before.len() < at && before.ends_with([':', '-']));
        if begins && !before.contains(['"', '\'', '#']) {
            let value = words[at..].split(" #").next().unwrap_or("").trim_end();
            return Some(line.start + at..line.start + at + value.len());
        }
        from = at + 2;
    }
    None
}

fn tab(source: &Arc<Source>, offset: usize) -> Diagnostic {
    let text = source.text();
    let line = line_at(text, offset);
    let at = text[line.clone()].find('\t').map_or(offset, |at| line.start + at);
    Diagnostic::error("broken-yaml", "YAML is indented with spaces, and here is a tab")
        .at(&span(source, at..at + 1))
        .label("a tab")
        .help("replace it by spaces")
}

/// A colon followed by a blank inside a value, as in `msg: note: this`.
fn colon_in_value(source: &Arc<Source>, offset: usize, line: &Range<usize>) -> Diagnostic {
    let text = source.text();
    let words = &text[line.clone()];
    let key_end = words.find(": ").map(|at| at + 2);
    if let Some(start) = key_end.filter(|start| line.start + start <= offset) {
        let value = words[start..].trim_end();
        return Diagnostic::error("broken-yaml", "a value with `: ` in it has to be quoted")
            .at(&span(source, offset..offset + 1))
            .label("a second key on one line?")
            .help(format!("write {}{}", words[..start].trim_start(), quoted(value.trim_start())));
    }
    indentation(source, offset, line)
}

/// A line that should be `key: value` and has no colon.
fn no_colon(source: &Arc<Source>, offset: usize) -> Diagnostic {
    let text = source.text();
    let line = line_at(text, offset);
    let words = text[line.clone()].trim();
    let start = line.start + text[line.clone()].find(words).unwrap_or(0);
    let error = Diagnostic::error("broken-yaml", "a `key: value` should stand here, and there is no colon")
        .at(&span(source, start..start + words.len()));
    match words.split_once(':') {
        Some((key, value)) if !value.is_empty() => {
            error.label("no blank behind the colon").help(format!("write `{key}: {value}`"))
        }
        _ => {
            error.label("no colon").help("write `name: value`; several lines of text need `|` behind the key")
        }
    }
}

/// A line whose indentation fits nothing above it.
fn indentation(source: &Arc<Source>, offset: usize, line: &Range<usize>) -> Diagnostic {
    let text = source.text();
    let words = text[line.clone()].trim();
    let start = line.start + text[line.clone()].find(words).unwrap_or(0);
    let place = span(source, start.min(offset.max(start))..start + words.len());
    let indent = start - line.start;
    let mut error = Diagnostic::error("broken-yaml", "the indentation of this line fits no line above it")
        .at(&place)
        .label(format!("indented by {indent}"));
    let above = text[..line.start].lines().rev().find(|l| {
        let l = l.trim();
        !l.is_empty() && !l.starts_with('#')
    });
    if let Some(above) = above {
        let above_indent = above.len() - above.trim_start().len();
        let dashes = above.trim_start().strip_prefix("- ").map(|rest| above.len() - rest.trim_start().len());
        error = match (above.trim_end().ends_with(':'), dashes) {
            (false, Some(inside)) if inside != indent && !words.starts_with("- ") => {
                error.help(format!("keys of one list item stand under each other: indent it by {inside}"))
            }
            (false, _) if above_indent < indent => error.help(format!(
                "the line above already has a value: indent this one by {above_indent}, or end the line above with `:`"
            )),
            _ => error.help("keys of one mapping and dashes of one list stand exactly under each other"),
        };
    }
    error
}

/// The quote that is still open at `offset`: the last one that begins a value.
fn opening_quote(text: &str, offset: usize) -> Option<usize> {
    let mut open: Option<(usize, char)> = None;
    let mut before = ' ';
    let mut chars = text[..offset].char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match open {
            Some((_, '"')) if c == '\\' => {
                chars.next();
            }
            Some((_, quote)) if c == quote => {
                if quote == '\'' && chars.peek().is_some_and(|(_, next)| *next == '\'') {
                    chars.next();
                } else {
                    open = None;
                }
            }
            Some(_) => {}
            None if c == '#' && before.is_whitespace() => {
                while chars.peek().is_some_and(|(_, next)| *next != '\n') {
                    chars.next();
                }
            }
            None if matches!(c, '"' | '\'') && (before.is_whitespace() || "[{,".contains(before)) => {
                open = Some((at, c));
            }
            None => {}
        }
        before = c;
    }
    open.map(|(at, _)| at)
}

fn closing(open: char) -> char {
    if open == '[' { ']' } else { '}' }
}

fn shown(c: char) -> String {
    if c.is_control() { format!("the control character U+{:04X}", c as u32) } else { format!("`{c}`") }
}

/// A value in quotes of the kind it does not contain.
fn quoted(value: &str) -> String {
    if value.contains('"') { format!("'{}'", value.replace('\'', "''")) } else { format!("\"{value}\"") }
}
