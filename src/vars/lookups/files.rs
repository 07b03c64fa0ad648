//! Lookups of the user's files on the controller.

use std::path::{Path, PathBuf};

use super::glob::matching;
use super::{Lookup, Request, command};
use crate::base::{Map, Value};
use crate::vars::FileOptions;
use crate::vars::call::{CallError, text_of};
use crate::vars::template_variables::template_variables;

pub(super) const LOOKUPS: &[Lookup] = &[
    Lookup { name: "file", options: &["lstrip", "rstrip"], run: file },
    Lookup { name: "template", options: TEMPLATE, run: template },
    Lookup { name: "fileglob", options: &[], run: glob },
    Lookup { name: "unvault", options: &[], run: unvault },
    Lookup { name: "lines", options: &[], run: lines },
];

const TEMPLATE: &[&str] = &[
    "template_vars",
    "convert_data",
    "jinja2_native",
    "trim_blocks",
    "lstrip_blocks",
    "variable_start_string",
    "variable_end_string",
    "block_start_string",
    "block_end_string",
    "comment_start_string",
    "comment_end_string",
];

fn find(request: &Request<'_>, name: &str, folders: &[PathBuf]) -> Result<PathBuf, CallError> {
    request.caller.environment().find(Path::new(name), folders).ok_or_else(|| {
        let places: Vec<_> = folders.iter().map(|folder| folder.display().to_string()).collect();
        match places.as_slice() {
            [] => format!("there is no file `{name}`").into(),
            places => format!("there is no file `{name}` in {}", places.join(", ")).into(),
        }
    })
}

/// The text of a file, and whether it is secret: it was encrypted.
fn read(request: &Request<'_>, path: &Path) -> Result<(String, bool), CallError> {
    let content = request.caller.environment().files().open(path);
    let read = content.and_then(|content| Ok((content.secret, content.text()?)));
    let (secret, text) = read.map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
    Ok((text, secret))
}

/// A text of a file. Of one that was encrypted nobody repeats a line.
fn value(request: &Request<'_>, text: &str, secret: bool) -> Value {
    if secret {
        request.caller.environment().secrets().note(text);
        Value::from(text).into_secret()
    } else {
        Value::from(text)
    }
}

/// The text of a file, without blanks at its end.
fn file(request: &Request<'_>) -> Result<Vec<Value>, CallError> {
    let strip_end = request.options.get("rstrip").is_none_or(Value::is_truthy);
    let strip_start = request.options.get("lstrip").is_some_and(Value::is_truthy);
    let one = |term: &Value| {
        let path = find(request, &text_of(term)?, &request.caller.environment().search().files())?;
        let (text, secret) = read(request, &path)?;
        let text = if strip_end { text.trim_end() } else { &text };
        Ok(value(request, if strip_start { text.trim_start() } else { text }, secret))
    };
    request.terms.iter().map(one).collect()
}

/// The text of a file that may be encrypted, as it is.
fn unvault(request: &Request<'_>) -> Result<Vec<Value>, CallError> {
    let one = |term: &Value| {
        let path = find(request, &text_of(term)?, &request.caller.environment().search().files())?;
        let (text, secret) = read(request, &path)?;
        Ok(value(request, &text, secret))
    };
    request.terms.iter().map(one).collect()
}

/// A rendered template file; nothing where nothing is rendered. `convert_data` and `jinja2_native` are what older versions
/// needed to keep a text a text.
fn template(request: &Request<'_>) -> Result<Vec<Value>, CallError> {
    let none = Map::new();
    let vars = match request.options.get("template_vars") {
        None => &none,
        Some(value) => value.as_map().ok_or("`template_vars` must be a mapping")?,
    };
    let options = file_options(request)?;
    let managed = request.caller.names().iter().any(|name| name == "ansible_managed");
    let one = |term: &Value| {
        let written = text_of(term)?;
        let path = find(request, &written, &request.caller.environment().search().templates())?;
        let (text, secret) = read(request, &path)?;
        let mut all = template_variables(&path, &written, None, managed, request.caller.environment());
        all.extend(vars);
        let rendered = request.caller.template(&path.display().to_string(), &text, &all, &options)?;
        Ok(match rendered {
            Value::String(text) if text.as_str().is_empty() => Value::Null,
            rendered if secret => rendered.into_secret(),
            rendered => rendered,
        })
    };
    request.terms.iter().map(one).collect()
}

fn file_options(request: &Request<'_>) -> Result<FileOptions, CallError> {
    let default = FileOptions::default();
    let flag = |name: &str, default: bool| request.options.get(name).map_or(default, Value::is_truthy);
    let marks = |kind: &str, default: (&str, &str)| {
        let mark = |end: &str, default: &str| {
            let given = request.options.get(&format!("{kind}_{end}_string"));
            given.map_or_else(|| Ok(default.to_owned()), text_of)
        };
        Ok::<_, CallError>(Some((mark("start", default.0)?, mark("end", default.1)?)))
    };
    Ok(FileOptions {
        trim_blocks: flag("trim_blocks", default.trim_blocks),
        lstrip_blocks: flag("lstrip_blocks", default.lstrip_blocks),
        variable_marks: marks("variable", ("{{", "}}"))?,
        block_marks: marks("block", ("{%", "%}"))?,
        comment_marks: marks("comment", ("{#", "#}"))?,
        ..default
    })
}

/// Files whose names match a pattern. A relative one is looked for in the first place where its folder is.
fn glob(request: &Request<'_>) -> Result<Vec<Value>, CallError> {
    let environment = request.caller.environment();
    let mut found = Vec::new();
    for term in request.terms {
        let pattern = PathBuf::from(text_of(term)?);
        let patterns = if pattern.is_absolute() {
            vec![pattern]
        } else {
            environment.search().files().iter().map(|root| root.join(&pattern)).collect()
        };
        // The first folder that has any of them: those further away are hidden.
        let found_in = |pattern: &PathBuf| {
            Some(matching(environment.files(), pattern)).filter(|found| !found.is_empty())
        };
        let paths = patterns.iter().find_map(found_in).unwrap_or_default();
        let absolute = |path: PathBuf| std::path::absolute(&path).unwrap_or(path);
        found.extend(paths.into_iter().map(|path| Value::from(absolute(path).display().to_string())));
    }
    Ok(found)
}

/// The lines that a command prints.
fn lines(request: &Request<'_>) -> Result<Vec<Value>, CallError> {
    let mut found = Vec::new();
    for term in request.terms {
        found.extend(command::output(request, &text_of(term)?)?.lines().map(Value::from));
    }
    Ok(found)
}
