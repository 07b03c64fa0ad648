//! `csvfile`: a cell of a table on the controller.

use std::path::Path;

use super::{Lookup, Request};
use crate::base::Value;
use crate::model::decode::words;
use crate::vars::call::{CallError, text_of};

const OPTIONS: [&str; 6] = ["file", "delimiter", "col", "keycol", "default", "encoding"];
/// In the reference's words, which playbooks look for.
const NO_KEY: &str = "Search key is required but was not found";

pub(super) const LOOKUPS: &[Lookup] = &[Lookup { name: "csvfile", options: &OPTIONS, run: csv }];

/// A term with options behind it: `key file=x.csv col=2`.
fn with_options(
    term: &str,
    request: &Request<'_>,
) -> Result<(String, impl Fn(&str) -> Option<Value> + use<>), CallError> {
    let (mut key, mut given) = (Vec::new(), Vec::new());
    for word in words::split(term) {
        match words::pair(word) {
            Some((name, _)) if !OPTIONS.contains(&name) => {
                return Err(format!("'{name}' is not a valid option").into());
            }
            Some((name, value)) => given.push((name.to_owned(), value)),
            None => key.push(word),
        }
    }
    if key.is_empty() {
        return Err(NO_KEY.into());
    }
    let options = request.options.clone();
    let option = move |name: &str| {
        let found =
            given.iter().find(|(known, _)| known == name).map(|(_, value)| Value::from(value.as_str()));
        found.or_else(|| options.get(name).filter(|value| !value.is_null()).cloned())
    };
    Ok((key.join(" "), option))
}

/// The text of a file, in an encoding by its name.
pub(super) fn read(request: &Request<'_>, name: &str, encoding: &str) -> Result<String, CallError> {
    let environment = request.caller.environment();
    let path = environment
        .find(Path::new(name), &environment.search().files())
        .ok_or_else(|| format!("No such file or directory: '{name}'"))?;
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
    if request.terms.is_empty() {
        return Err(NO_KEY.into());
    }
    let mut found = Vec::new();
    for term in request.terms {
        let (key, option) = with_options(&text_of(term)?, request)?;
        let default = option("default");
        let option =
            |name: &str, usual: &str| option(name).map_or_else(|| usual.to_owned(), |v| v.to_string());
        let text = read(request, &option("file", "ansible.csv"), &option("encoding", "utf-8"))?;
        let delimiter = match option("delimiter", "TAB").as_str() {
            "TAB" | "\\t" | "\t" => '\t',
            other => other.chars().next().unwrap_or('\t'),
        };
        let number = |name: &str, default: &str| -> Result<usize, CallError> {
            let written = option(name, default);
            written.parse().map_err(|_| {
                let whose = format!("Config '{name}' for 'csvfile' lookup plugin from 'Direct'");
                format!("{whose} has an invalid value: Invalid value provided for 'int': '{written}'").into()
            })
        };
        let (column, key_column) = (number("col", "1")?, number("keycol", "0")?);
        let rows = rows(&text, delimiter);
        let row = rows.iter().find(|row| row.get(key_column) == Some(&key));
        if let Some(row) = row {
            let value =
                row.get(column).ok_or_else(|| format!("the row of `{key}` has no column {column}"))?;
            found.push(Value::from(value.as_str()));
        } else {
            match default {
                Some(Value::List(several)) => found.extend(several.iter().cloned()),
                other => found.extend(other),
            }
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
