//! `first_found`: the path of the first file that is there.

use std::path::{Component, Path, PathBuf};

use super::{Lookup, Request, WITH};
use crate::base::{Map, Value};
use crate::vars::call::{CallError, text_of};
use crate::vars::filters::path::from_home;
use crate::vars::python::type_name;

pub(super) const LOOKUPS: &[Lookup] =
    &[Lookup { name: "first_found", options: &["files", "paths", "skip"], run: first_found }];

/// What is said at a place about files and folders; it holds for what comes after it, too.
struct Wish {
    files: Vec<String>,
    paths: Vec<String>,
    skip: bool,
}

impl Wish {
    fn of(options: &Map) -> Result<Self, CallError> {
        Ok(Self {
            files: texts(options.get("files"))?,
            paths: texts(options.get("paths"))?,
            skip: options.get("skip").is_some_and(Value::is_truthy),
        })
    }

    /// Each file in each folder.
    fn names(&self, names: &mut Vec<String>) {
        let files = || self.files.iter().flat_map(|file| file.split([',', ';']));
        let mut paths = self.paths.iter().flat_map(|path| path.split([',', ':', ';'])).peekable();
        if paths.peek().is_none() {
            names.extend(files().map(ToOwned::to_owned));
        }
        for path in paths {
            names.extend(files().map(|file| Path::new(path).join(file).display().to_string()));
        }
    }
}

fn first_found(request: &Request<'_>) -> Result<Vec<Value>, CallError> {
    let mut names = Vec::new();
    let mut wish = Wish::of(request.options)?;
    if request.terms.is_empty() {
        wish.names(&mut names);
    }
    for term in request.terms {
        wanted(term, &mut wish, &mut names)?;
    }
    let environment = request.caller.environment();
    let search = environment.search();
    let folders = match request.caller.variable(WITH)? {
        // Where the task looks for its own files.
        Some(action) => {
            let action = action.to_string();
            let kinds = [("template", "templates"), ("var", "vars")];
            let kind = kinds.iter().find(|(word, _)| action.contains(word)).map_or("files", |(_, kind)| kind);
            search.below(kind)
        }
        None => search.folders().to_vec(),
    };
    let files = environment.files();
    let there = |path: &PathBuf| files.is_file(path) || files.is_folder(path);
    for name in &names {
        let name = PathBuf::from(from_home(name, request.caller.environment().files())?);
        let found = if name.is_absolute() {
            Some(name).filter(there)
        } else {
            folders.iter().map(|folder| folder.join(&name)).find(there)
        };
        if let Some(path) = found {
            return Ok(vec![Value::from(absolute(&path))]);
        }
    }
    if wish.skip {
        return Ok(Vec::new());
    }
    Err(format!("No file was found when using first_found: looked for {}.", names.join(", ")).into())
}

fn wanted(term: &Value, wish: &mut Wish, names: &mut Vec<String>) -> Result<(), CallError> {
    match term {
        Value::List(items) => return items.iter().try_for_each(|item| wanted(item, wish, names)),
        Value::Map(options) => *wish = Wish::of(options)?,
        Value::String(_) | Value::Sealed(_) => wish.files = vec![text_of(term)?],
        other => {
            // With a bracket that nobody has opened, as in the reference.
            let kind = type_name(other);
            return Err(
                format!("Invalid term supplied. A string, dict or list is required, not '{kind}').").into()
            );
        }
    }
    wish.names(names);
    Ok(())
}

/// A list, or one text with commas.
fn texts(value: Option<&Value>) -> Result<Vec<String>, CallError> {
    match value {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::List(items)) => items.iter().map(text_of).collect(),
        Some(one) => Ok(text_of(one)?.split(',').map(|part| part.trim().to_owned()).collect()),
    }
}

/// A path from the root, without `.` and `..` in it.
fn absolute(path: &Path) -> String {
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut plain = PathBuf::new();
    for part in whole.components() {
        match part {
            Component::ParentDir => drop(plain.pop()),
            Component::CurDir => {}
            part => plain.push(part),
        }
    }
    plain.display().to_string()
}
