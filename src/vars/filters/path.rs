//! Paths as texts; only `expanduser` and `expandvars` look at the controller.

use std::path::Path;

use super::text::only_text;
use super::{Filter, filter};
use crate::base::Value;
use crate::load::Files;
use crate::vars::call::{Call, CallError, text_of};
use crate::vars::lookups::glob::matching;
use crate::vars::python::type_name;

pub(super) const FILTERS: &[Filter] = &[
    filter("basename", |call| Ok(Value::from(split(&call.subject_text()?).1))),
    filter("dirname", |call| Ok(Value::from(split(&only_text(call)?).0))),
    filter("splitext", split_extension),
    filter("path_join", join),
    filter("expanduser", expand_user),
    filter("expandvars", expand_variables),
    filter("normpath", |call| Ok(Value::from(normal(&call.subject_text()?)))),
    filter("relpath", relative),
    filter("commonpath", common),
    filter("fileglob", glob),
    filter("realpath", |call| {
        let path = call.subject_text()?;
        Ok(Value::from(
            std::fs::canonicalize(&path)
                .or_else(|_| std::path::absolute(&path))
                .map_or_else(|_| normal(&path), |path| normal(&path.display().to_string())),
        ))
    }),
];

/// Python's `os.path.split`.
fn split(path: &str) -> (&str, &str) {
    let (head, tail) = path.rfind('/').map_or(("", path), |place| path.split_at(place + 1));
    let trimmed = head.trim_end_matches('/');
    (if trimmed.is_empty() { head } else { trimmed }, tail)
}

fn split_extension(call: &Call<'_>) -> Result<Value, CallError> {
    let path = only_text(call)?;
    let name = split(&path).1;
    let visible = name.trim_start_matches('.');
    let extension = visible.rfind('.').map_or(0, |place| visible.len() - place);
    let (root, extension) = path.split_at(path.len() - extension);
    Ok(Value::from(vec![root, extension]))
}

/// Joins a list, or the subject with the arguments; an absolute part begins anew.
fn join(call: &Call<'_>) -> Result<Value, CallError> {
    let mut parts: Vec<Value> = match call.subject()? {
        Value::List(items) => items.to_vec(),
        one @ Value::String(_) => vec![one.clone()],
        other => {
            let kind = type_name(other);
            return Err(
                format!("|path_join expects string or sequence, got <class '{kind}'> instead.").into()
            );
        }
    };
    parts.extend_from_slice(call.rest(1));
    let mut out = String::new();
    for part in &parts {
        let part = text_of(part)?;
        if part.starts_with('/') {
            out.clear();
        } else if !out.is_empty() && !out.ends_with('/') {
            out.push('/');
        }
        out.push_str(&part);
    }
    Ok(Value::from(out))
}

fn expand_user(call: &Call<'_>) -> Result<Value, CallError> {
    Ok(Value::from(from_home(&call.subject_text()?, call.caller().environment().files())?))
}

/// A path in which `~` is the home of its user on the controller.
pub fn from_home(path: &str, files: &dyn Files) -> Result<String, &'static str> {
    let Some(rest) = path.strip_prefix('~') else { return Ok(path.to_owned()) };
    let (user, rest) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let home = if user.is_empty() {
        Some(std::env::var("HOME").map_err(|_| "HOME is not set on the controller")?)
    } else {
        home_of(files, user)
    };
    // A user that nobody knows stays as it was written.
    Ok(home.map_or_else(|| path.to_owned(), |home| format!("{}{rest}", home.trim_end_matches('/'))))
}

/// What /etc/passwd says.
fn home_of(files: &dyn Files, user: &str) -> Option<String> {
    let text = files.read_text(Path::new("/etc/passwd")).ok()?;
    let line = text.lines().find(|line| line.split(':').next() == Some(user))?;
    line.split(':').nth(5).map(ToOwned::to_owned)
}

fn expand_variables(call: &Call<'_>) -> Result<Value, CallError> {
    let text = call.subject_text()?;
    let mut out = String::new();
    let mut rest = text.as_str();
    while let Some(place) = rest.find('$') {
        out.push_str(&rest[..place]);
        let after = &rest[place + 1..];
        let braced = after.strip_prefix('{').and_then(|inner| inner.split_once('}'));
        let (name, next) = braced.unwrap_or_else(|| {
            let end = after.find(|c: char| c != '_' && !c.is_ascii_alphanumeric()).unwrap_or(after.len());
            after.split_at(end)
        });
        match std::env::var(name) {
            Ok(value) if !name.is_empty() => out.push_str(&value),
            // An unknown variable stays as it was written.
            _ => out.push_str(&rest[place..rest.len() - next.len()]),
        }
        rest = next;
    }
    out.push_str(rest);
    Ok(Value::from(out))
}

/// Python's `os.path.normpath`.
fn normal(path: &str) -> String {
    let absolute = path.starts_with('/');
    // Two slashes, but not more, may mean something else to a system, so Python keeps them.
    let root = if path.starts_with("//") && !path.starts_with("///") { "//" } else { "/" };
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/').filter(|part| !part.is_empty() && *part != ".") {
        match (part, parts.last()) {
            ("..", Some(&last)) if last != ".." => drop(parts.pop()),
            ("..", None) if absolute => {}
            _ => parts.push(part),
        }
    }
    match (absolute, parts.join("/")) {
        (true, joined) => format!("{root}{joined}"),
        (false, joined) if joined.is_empty() => ".".into(),
        (false, joined) => joined,
    }
}

/// Files on the controller that match a pattern.
fn glob(call: &Call<'_>) -> Result<Value, CallError> {
    let files = call.caller().environment().files();
    let found = matching(files, Path::new(&call.subject_text()?));
    Ok(Value::list(found.into_iter().map(|path| Value::from(path.display().to_string())).collect()))
}

/// The folder that all paths of a list have in common.
fn common(call: &Call<'_>) -> Result<Value, CallError> {
    let mut paths = Vec::new();
    let Value::List(list) = call.subject()? else {
        let kind = type_name(call.subject()?);
        return Err(format!("|commonpath expects sequence, got <class '{kind}'> instead.").into());
    };
    for path in list.iter() {
        let path = text_of(path)?;
        let parts = path.split('/').filter(|part| !part.is_empty() && *part != ".").map(ToOwned::to_owned);
        paths.push((path.starts_with('/'), parts.collect::<Vec<_>>()));
    }
    let Some(((absolute, first), rest)) = paths.split_first() else {
        return Err("commonpath() arg is an empty sequence".into());
    };
    if rest.iter().any(|(other, _)| other != absolute) {
        return Err("Can't mix absolute and relative paths".into());
    }
    let shared = |other: &Vec<String>| first.iter().zip(other).take_while(|(a, b)| a == b).count();
    let length = rest.iter().map(|(_, other)| shared(other)).min().unwrap_or(first.len());
    let joined = first[..length].join("/");
    Ok(Value::from(if *absolute { format!("/{joined}") } else { joined }))
}

fn relative(call: &Call<'_>) -> Result<Value, CallError> {
    let path = normal(&call.subject_text()?);
    let start = normal(&call.required_text(1, "start")?);
    if path.starts_with('/') != start.starts_with('/') {
        return Err("one path is absolute and the other is not".into());
    }
    let parts = |path: &str| -> Vec<String> {
        path.split('/').filter(|part| !part.is_empty() && *part != ".").map(ToOwned::to_owned).collect()
    };
    let (path, start) = (parts(&path), parts(&start));
    let common = path.iter().zip(&start).take_while(|(a, b)| a == b).count();
    let up = std::iter::repeat_n("..", start.len() - common);
    let steps: Vec<&str> = up.chain(path[common..].iter().map(String::as_str)).collect();
    Ok(Value::from(if steps.is_empty() { ".".to_owned() } else { steps.join("/") }))
}
