//! Jinja's filters of texts: letters, blanks, lines, Python's two ways to print into a text.

use super::text::only_text;
use super::{Filter, filter};
use crate::base::Value;
use crate::vars::call::{Call, CallError};
use crate::vars::python::{format, printf, words};

pub(super) const FILTERS: &[Filter] = &[
    filter("upper", |call| Ok(Value::from(subject(call)?.to_uppercase()))),
    filter("lower", |call| Ok(Value::from(subject(call)?.to_lowercase()))),
    filter("capitalize", |call| Ok(Value::from(words::capitalize(&subject(call)?)))),
    filter("title", |call| Ok(Value::from(title(&subject(call)?)))),
    filter("trim", trim),
    filter("replace", replace),
    filter("indent", indent),
    filter("format", print),
    filter("pprint", |call| Ok(Value::from(format::repr(call.subject()?)))),
    filter("wordwrap", wrap),
];

/// Any value by its text.
fn subject(call: &Call<'_>) -> Result<String, CallError> {
    Ok(call.subject()?.to_string())
}

/// Jinja's words begin after blanks, hyphens and brackets; the rest of each is small.
fn title(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut begins = true;
    for c in text.chars() {
        if begins {
            out.extend(c.to_uppercase());
        } else {
            out.extend(c.to_lowercase());
        }
        begins = c.is_whitespace() || matches!(c, '-' | '(' | '{' | '[' | '<');
    }
    out
}

fn trim(call: &Call<'_>) -> Result<Value, CallError> {
    let text = subject(call)?;
    Ok(Value::from(match call.text(1, "chars")? {
        None => text.trim(),
        Some(chars) => return Ok(Value::from(text.trim_matches(|c| chars.contains(c)))),
    }))
}

fn replace(call: &Call<'_>) -> Result<Value, CallError> {
    let text = subject(call)?;
    let (old, new) = (call.required(1, "old")?.to_string(), call.required(2, "new")?.to_string());
    let count = match call.arg(3, "count") {
        None | Some(Value::Null) => -1,
        Some(count) => count.as_int().ok_or("`count` must be an integer")?,
    };
    Ok(Value::from(match usize::try_from(count) {
        Ok(count) => text.replacen(&old, &new, count),
        Err(_) => text.replace(&old, &new),
    }))
}

/// The lines after the first one moved to the right.
fn indent(call: &Call<'_>) -> Result<Value, CallError> {
    let text = only_text(call)?;
    let by = match call.arg(1, "width") {
        None => "    ".to_owned(),
        Some(Value::String(blanks)) => blanks.as_str().to_owned(),
        Some(width) => {
            let width = width.as_int().and_then(|width| usize::try_from(width.max(0)).ok());
            " ".repeat(width.filter(|width| *width <= 100_000).ok_or("`width` must be a number")?)
        }
    };
    let first = call.arg(2, "first").is_some_and(Value::is_truthy);
    let blank = call.arg(3, "blank").is_some_and(Value::is_truthy);
    let whole = format!("{text}\n");
    let mut lines = words::lines(&whole, false).into_iter();
    let mut out = String::with_capacity(text.len() + 64);
    if blank {
        let lines: Vec<&str> = lines.collect();
        out = lines.join(&format!("\n{by}"));
    } else {
        out.push_str(lines.next().unwrap_or(""));
        for line in lines {
            out.push('\n');
            if !line.is_empty() {
                out.push_str(&by);
            }
            out.push_str(line);
        }
    }
    Ok(Value::from(if first { format!("{by}{out}") } else { out }))
}

/// `'%s-%s' | format(a, b)` or `'%(x)s' | format(x=1)`.
fn print(call: &Call<'_>) -> Result<Value, CallError> {
    let text = call.subject_text()?;
    let (positional, named) = (call.rest(1).to_vec(), call.all_named().clone());
    let arguments = match (positional.is_empty(), named.is_empty()) {
        (_, true) => printf::Arguments::Several(positional),
        (true, false) => printf::Arguments::One(Value::from(named)),
        (false, false) => return Err("values are given by place or by name, not both".into()),
    };
    printf::print(&text, &arguments).map(Value::from)
}

fn wrap(call: &Call<'_>) -> Result<Value, CallError> {
    let text = call.subject_text()?;
    let width = call.int(1, "width", 79)?;
    let width = usize::try_from(width).ok().filter(|width| *width > 0).ok_or("`width` must be above 0")?;
    let break_words = call.flag(2, "break_long_words", true)?;
    let between = call.text(3, "wrapstring")?.unwrap_or_else(|| "\n".into());
    let break_on_hyphens = call.flag(4, "break_on_hyphens", true)?;
    let mut out = Vec::new();
    for line in words::lines(&text, false) {
        out.extend(wrapped(line, width, break_words, break_on_hyphens));
        if line.trim().is_empty() {
            out.push(String::new());
        }
    }
    Ok(Value::from(out.join(&between)))
}

/// Python's `textwrap.wrap` of one line, which keeps the blanks inside.
fn wrapped(line: &str, width: usize, break_words: bool, break_on_hyphens: bool) -> Vec<String> {
    let mut lines = Vec::new();
    let mut current = String::new();
    let mut pieces = chunks(line, break_on_hyphens);
    pieces.reverse();
    while let Some(piece) = pieces.pop() {
        if current.is_empty() && piece.trim().is_empty() && !lines.is_empty() {
            continue;
        }
        let (have, more) = (current.chars().count(), piece.chars().count());
        if have + more <= width {
            current.push_str(&piece);
        } else if more > width && break_words {
            let room = width - have;
            current.extend(piece.chars().take(room));
            pieces.push(piece.chars().skip(room).collect());
            lines.push(std::mem::take(&mut current));
        } else if current.is_empty() {
            lines.push(piece);
        } else {
            lines.push(std::mem::take(&mut current));
            pieces.push(piece);
        }
    }
    lines.push(current);
    let trimmed = lines.into_iter().map(|line| line.trim_end().to_owned());
    trimmed.filter(|line| !line.is_empty()).collect()
}

/// Words and the blanks between them, words also cut after hyphens.
fn chunks(line: &str, break_on_hyphens: bool) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut blank = None;
    for c in line.chars() {
        let is_blank = c.is_whitespace();
        let after_hyphen = break_on_hyphens
            && c.is_alphabetic()
            && out.last().is_some_and(|piece| piece.len() > 2 && piece.ends_with('-'));
        match out.last_mut() {
            Some(piece) if blank == Some(is_blank) && !after_hyphen => piece.push(c),
            _ => out.push(c.to_string()),
        }
        blank = Some(is_blank);
    }
    out
}
