//! `config`: what Ansible's settings are, out of the environment, `ansible.cfg` and the defaults. It tells them; which of them
//! have a meaning here is the business of whoever reads `ansible.cfg` for a run.

use std::path::{Path, PathBuf};

use super::ini::{Entry, parse};
use super::{Lookup, Request};
use crate::base::Value;
use crate::base::suggest::nearest;
use crate::load::Files;
use crate::vars::call::{CallError, text_of};

pub(super) const LOOKUPS: &[Lookup] = &[Lookup {
    name: "config",
    options: &["on_missing", "plugin_type", "plugin_name", "show_origin"],
    run: config,
}];

/// One setting a line: name, type, variables of the environment, sections and keys of `ansible.cfg`, default as JSON.
const SETTINGS: &str = include_str!("settings.tsv");

struct Setting<'a> {
    name: &'a str,
    kind: &'a str,
    environment: &'a str,
    keys: &'a str,
    default: &'a str,
}

fn settings() -> impl Iterator<Item = Setting<'static>> {
    SETTINGS.lines().filter_map(|line| {
        let mut columns = line.split('\t');
        let mut column = || columns.next();
        let (name, kind, environment, keys, default) =
            (column()?, column()?, column()?, column()?, column()?);
        Some(Setting { name, kind, environment, keys, default })
    })
}

fn config(request: &Request<'_>) -> Result<Vec<Value>, CallError> {
    let option = |name: &str| request.options.get(name).filter(|value| !value.is_null());
    let missing = option("on_missing").map_or_else(|| "error".to_owned(), ToString::to_string);
    if !matches!(missing.as_str(), "error" | "warn" | "skip") {
        return Err(format!("`on_missing` must be error, warn or skip, not `{missing}`").into());
    }
    if option("plugin_type").or(option("plugin_name")).is_some() {
        return Err(
            "settings of plugins are not known here; leave out `plugin_type` and `plugin_name`".into()
        );
    }
    let show_origin = option("show_origin").and_then(Value::to_bool).unwrap_or(false);
    let files = request.caller.environment().files();
    let file = usual_file(files).and_then(|path| File::read(files, path));
    let mut found = Vec::new();
    for term in request.terms {
        let name = term.as_str().ok_or_else(|| format!("a setting has a name, not {}", term.kind()))?;
        if let Some(setting) = settings().find(|setting| setting.name == name) {
            let (value, origin) = setting.value(file.as_ref())?;
            found.push(if show_origin { Value::list(vec![value, Value::from(origin)]) } else { value });
        } else if missing == "error" {
            let near = nearest(name, settings().map(|setting| setting.name));
            let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            return Err(format!("there is no setting `{name}`{near}").into());
        }
    }
    Ok(found)
}

/// A setting, and what it is now.
pub struct Known {
    /// As Ansible calls it.
    pub name: &'static str,
    /// Where it was said: `default`, `env: NAME` or a file.
    pub origin: String,
    /// What it is.
    pub value: Value,
}

/// All settings by their names, as the environment and the file say them. An error names the setting.
pub fn all(files: &dyn Files, file: Option<&Path>) -> Result<Vec<Known>, CallError> {
    let file = file.and_then(|path| File::read(files, path.to_owned()));
    let known = settings().map(|setting| {
        let (value, origin) = setting.value(file.as_ref())?;
        Ok(Known { name: setting.name, origin, value })
    });
    known.collect()
}

/// The first `ansible.cfg` that there is.
pub fn usual_file(files: &dyn Files) -> Option<PathBuf> {
    let named = std::env::var_os("ANSIBLE_CONFIG").map(PathBuf::from);
    let named = named.map(|path| if path.is_dir() { path.join("ansible.cfg") } else { path });
    let home = std::env::var_os("HOME").map(|home| Path::new(&home).join(".ansible.cfg"));
    let here = std::env::current_dir().ok().map(|folder| folder.join("ansible.cfg"));
    let system = Some(PathBuf::from("/etc/ansible/ansible.cfg"));
    let found = [named, here, home, system].into_iter().flatten().find(|path| files.is_file(path))?;
    Some(std::path::absolute(&found).unwrap_or(found))
}

/// A file that was read.
struct File {
    path: PathBuf,
    entries: Vec<Entry>,
}

impl File {
    fn read(files: &dyn Files, path: PathBuf) -> Option<Self> {
        let (_, entries) =
            parse(&files.read_text(&path).ok()?, false, false, &path.display().to_string()).ok()?;
        Some(Self { path, entries })
    }

    fn get(&self, key: &str) -> Option<&str> {
        let (section, name) = key.split_once('.')?;
        let fits = |entry: &&Entry| entry.section == section && entry.name.eq_ignore_ascii_case(name);
        self.entries.iter().find(fits).and_then(|entry| entry.value.as_deref())
    }
}

impl Setting<'_> {
    /// The value, and where it was said.
    fn value(&self, file: Option<&File>) -> Result<(Value, String), CallError> {
        let mut names = self.environment.split(',').filter(|name| !name.is_empty());
        if let Some((name, text)) = names.find_map(|name| Some((name, std::env::var(name).ok()?))) {
            return Ok((self.typed(&Value::from(text), None)?, format!("env: {name}")));
        }
        if let Some((file, text)) =
            file.and_then(|file| Some((file, self.keys.split(',').find_map(|key| file.get(key))?)))
        {
            let value = self.typed(&Value::from(text), file.path.parent())?;
            return Ok((value, file.path.display().to_string()));
        }
        let default = serde_json::from_str(self.default).map_err(|error| error.to_string())?;
        Ok((self.typed(&default, None)?, "default".to_owned()))
    }

    /// The value in the type of the setting; relative paths are below `base`.
    fn typed(&self, value: &Value, base: Option<&Path>) -> Result<Value, CallError> {
        let refuse = || format!("the setting {} must be of the type {}, not `{value}`", self.name, self.kind);
        if value.is_null() {
            return Ok(Value::Null);
        }
        let parts = |separator: char| match value {
            Value::List(items) => items.to_vec(),
            one => one.to_string().split(separator).map(|part| Value::from(part.trim())).collect(),
        };
        Ok(match self.kind {
            "bool" => Value::Bool(value.to_bool().unwrap_or(false)),
            "int" | "float" if value.as_float().is_some() => value.clone(),
            "int" => Value::Int(value.to_string().trim().parse().map_err(|_| refuse())?),
            "float" => Value::Float(value.to_string().trim().parse().map_err(|_| refuse())?),
            "list" => Value::list(parts(',')),
            "path" => path(&text_of(value)?, base),
            "pathspec" => Value::list(parts(':').iter().map(|part| path(&part.to_string(), base)).collect()),
            "pathlist" => Value::list(parts(',').iter().map(|part| path(&part.to_string(), base)).collect()),
            "string" => Value::from(value.to_string()),
            _ => value.clone(),
        })
    }
}

/// A path from the root on.
fn path(text: &str, base: Option<&Path>) -> Value {
    let home = || std::env::var("HOME").unwrap_or_default();
    let expanded = match text.strip_prefix('~') {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => format!("{}{rest}", home()),
        _ => text.to_owned(),
    };
    let expanded = PathBuf::from(expanded);
    let absolute = match base {
        Some(base) if expanded.is_relative() => base.join(expanded),
        _ => std::path::absolute(&expanded).unwrap_or(expanded),
    };
    Value::from(absolute.display().to_string())
}
