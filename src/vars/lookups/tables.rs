//! Lookups in tables and in INI files on the controller.

use std::path::Path;

use super::{Lookup, Request};
use crate::base::Value;
use crate::vars::call::{CallError, text_of};

pub(super) const LOOKUPS: &[Lookup] = &[
    Lookup {
        name: "csvfile",
        options: &["file", "delimiter", "col", "keycol", "default", "encoding"],
        run: csv,
    },
    Lookup {
        name: "ini",
        options: &[
            "file",
            "section",
            "type",
            "default",
            "re",
            "case_sensitive",
            "allow_no_value",
            "allow_none",
            "interpolation",
            "encoding",
        ],
        run: ini,
    },
];

/// A term with options behind it: `key file=x.csv col=2`.
fn with_options(term: &str, request: &Request<'_>) -> (String, impl Fn(&str, &str) -> String + use<>) {
    let mut words = term.split_whitespace();
    let mut key = words.next().unwrap_or_default().to_owned();
    let mut given = Vec::new();
    for word in words {
        match word.split_once('=') {
            Some((name, value)) => given.push((name.to_owned(), value.to_owned())),
            None => key = format!("{key} {word}"),
        }
    }
    let options = request.options.clone();
    (key, move |name: &str, default: &str| {
        let found = given.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
        found.or_else(|| options.get(name).map(ToString::to_string)).unwrap_or_else(|| default.to_owned())
    })
}

fn read(request: &Request<'_>, name: &str, encoding: &str) -> Result<String, CallError> {
    let environment = request.caller.environment();
    let path = environment
        .find(Path::new(name), &environment.search().files())
        .ok_or_else(|| format!("there is no file `{name}`"))?;
    let failed = |error| format!("{} cannot be read: {error}", path.display());
    let encoding = encoding.to_lowercase().replace(['-', '_'], "");
    match encoding.as_str() {
        "utf8" | "ascii" | "usascii" => Ok(environment.files().read_text(&path).map_err(failed)?),
        "latin1" | "iso88591" | "l1" => {
            let content = environment.files().open(&path).map_err(failed)?;
            Ok(content.bytes.into_iter().map(char::from).collect())
        }
        _ => Err(format!("there is no encoding `{encoding}`, but utf-8, ascii and latin-1").into()),
    }
}

fn csv(request: &Request<'_>) -> Result<Vec<Value>, CallError> {
    let mut found = Vec::new();
    for term in request.terms {
        let (key, option) = with_options(&text_of(term)?, request);
        let text = read(request, &option("file", "ansible.csv"), &option("encoding", "utf-8"))?;
        let delimiter = match option("delimiter", "TAB").as_str() {
            "TAB" | "\\t" | "\t" => '\t',
            other => other.chars().next().unwrap_or('\t'),
        };
        let number = |name: &str, default: &str| -> Result<usize, CallError> {
            let written = option(name, default);
            written.parse().map_err(|_| format!("`{name}` must be a number, not `{written}`").into())
        };
        let (column, key_column) = (number("col", "1")?, number("keycol", "0")?);
        let rows = rows(&text, delimiter);
        let row = rows.iter().find(|row| row.get(key_column) == Some(&key));
        if let Some(row) = row {
            let value =
                row.get(column).ok_or_else(|| format!("the row of `{key}` has no column {column}"))?;
            found.push(Value::from(value.as_str()));
        } else {
            let default = request.options.get("default").filter(|default| !default.is_null());
            found.extend(default.cloned());
        }
    }
    Ok(found)
}

/// The rows of a table; cells may stand in double quotes.
fn rows(text: &str, delimiter: char) -> Vec<Vec<String>> {
    let mut rows = vec![vec![String::new()]];
    let mut quoted = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let row = rows.last_mut().expect("there is always a row");
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                row.last_mut().expect("a row has a cell").push('"');
            }
            '"' => quoted = !quoted,
            '\r' if !quoted => {}
            '\n' if !quoted => rows.push(vec![String::new()]),
            c if c == delimiter && !quoted => row.push(String::new()),
            c => row.last_mut().expect("a row has a cell").push(c),
        }
    }
    rows
}

fn ini(request: &Request<'_>) -> Result<Vec<Value>, CallError> {
    let mut found = Vec::new();
    for term in request.terms {
        let (key, option) = with_options(&text_of(term)?, request);
        let text = read(request, &option("file", "ansible.ini"), &option("encoding", "utf-8"))?;
        let properties = option("type", "ini") == "properties";
        let section = if properties { "java_properties".to_owned() } else { option("section", "global") };
        let keep_case = Value::from(option("case_sensitive", "false")).to_bool().unwrap_or(false);
        let folded = |name: &str| if keep_case { name.to_owned() } else { name.to_lowercase() };
        let entries = entries(&text, properties);
        if !matches!(option("type", "ini").as_str(), "ini" | "properties") {
            return Err("`type` must be ini or properties".into());
        }
        if !properties && !text.lines().any(|line| line.trim() == format!("[{section}]")) {
            return Err(format!("there is no section `{section}`").into());
        }
        let expand = !properties && Value::from(option("interpolation", "true")).to_bool() != Some(false);
        let read = |value: &str| {
            if expand { interpolated(value, &section, &entries, 0) } else { Ok(value.to_owned()) }
        };
        let of_section = entries.iter().filter(|(known, ..)| *known == section);
        if Value::from(option("re", "false")).to_bool() == Some(true) {
            let regex = crate::vars::filters::regex::compile(&key, !keep_case, false)?;
            for (_, name, value) in of_section {
                let matches =
                    regex.is_match(name).map_err(|error| crate::vars::filters::regex::gave_up(&error));
                if matches? {
                    found.push(Value::from(read(value)?));
                }
            }
            continue;
        }
        let mut values = of_section.filter(|(_, name, _)| folded(name) == folded(&key));
        found.push(match values.next_back() {
            Some((_, _, value)) => Value::from(read(value)?),
            None => request.options.get("default").cloned().unwrap_or_else(|| Value::from("")),
        });
    }
    Ok(found)
}

/// How often a value may point at another.
const DEEPEST: usize = 10;

/// A value with `%(name)s` filled in from its section or from `[DEFAULT]`, and `%%` for one `%`.
fn interpolated(
    value: &str,
    section: &str,
    entries: &[(String, String, String)],
    depth: usize,
) -> Result<String, CallError> {
    if depth > DEEPEST {
        return Err("the values of the section need each other".into());
    }
    let mut out = String::new();
    let mut rest = value;
    while let Some((before, after)) = rest.split_once('%') {
        out.push_str(before);
        if let Some(after) = after.strip_prefix('%') {
            out.push('%');
            rest = after;
            continue;
        }
        let named = after.strip_prefix('(').and_then(|after| after.split_once(")s"));
        let (name, after) =
            named.ok_or_else(|| format!("in `{value}` a `%` needs `(name)s` or another `%` behind it"))?;
        let of =
            |section: &str| entries.iter().rfind(|(s, n, _)| s == section && n.eq_ignore_ascii_case(name));
        let (_, _, inner) = of(section)
            .or_else(|| of("DEFAULT"))
            .ok_or_else(|| format!("there is no `{name}` for `{value}`"))?;
        out.push_str(&interpolated(inner, section, entries, depth + 1)?);
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

/// Section, name and value of each line; lines that are indented go on.
pub(super) fn entries(text: &str, properties: bool) -> Vec<(String, String, String)> {
    let mut section = if properties { "java_properties".to_owned() } else { String::new() };
    let mut entries: Vec<(String, String, String)> = Vec::new();
    for line in text.lines() {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
            continue;
        }
        if line.starts_with([' ', '\t'])
            && !properties
            && let Some((_, _, value)) = entries.last_mut()
        {
            value.push('\n');
            value.push_str(trimmed);
            continue;
        }
        if let Some(name) = trimmed.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            name.clone_into(&mut section);
            continue;
        }
        let (name, value) = trimmed.split_once(['=', ':']).unwrap_or((trimmed, ""));
        entries.push((section.clone(), name.trim().to_owned(), value.trim().to_owned()));
    }
    entries
}
