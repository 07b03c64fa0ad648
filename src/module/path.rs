//! Paths on the target, as users write them: with `~`, `~user`, `$VAR` and `${VAR}`.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::{Context, accounts};
use crate::wire::SHARED_FOLDERS;

/// A path argument. It is expanded when it is used, because `environment:` of the task counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TargetPath(String);

impl JsonSchema for TargetPath {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "TargetPath".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "format": "path"})
    }
}

impl TargetPath {
    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// With variables and the home folder filled in.
    pub fn expand(&self, ctx: &mut Context<'_>) -> PathBuf {
        PathBuf::from(expand(&self.0, ctx))
    }
}

impl From<&str> for TargetPath {
    fn from(path: &str) -> Self {
        Self(path.to_owned())
    }
}

/// A text with variables and the home folder filled in.
pub fn expand(text: &str, ctx: &mut Context<'_>) -> String {
    expand_home(&expand_variables(text, ctx), ctx)
}

/// Replaces `$VAR` and `${VAR}` by the task's or the agent's environment; unknown ones stay, as in Python.
fn expand_variables(text: &str, ctx: &Context<'_>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(dollar) = rest.find('$') {
        out.push_str(&rest[..dollar]);
        rest = &rest[dollar..];
        let (name, length) = variable(&rest[1..]);
        match variable_value(name, ctx) {
            Some(value) if !name.is_empty() => out.push_str(&value),
            _ => out.push_str(&rest[..=length]),
        }
        rest = &rest[1 + length..];
    }
    out.push_str(rest);
    out
}

/// The name that follows a `$`, and how many bytes it takes.
fn variable(text: &str) -> (&str, usize) {
    if let Some(inner) = text.strip_prefix('{') {
        return inner.find('}').map_or(("", 0), |end| (&inner[..end], end + 2));
    }
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    (&text[..end], end)
}

/// A variable as a child of this task would see it.
pub fn variable_value(name: &str, ctx: &Context<'_>) -> Option<String> {
    let own = ctx.request.environment.iter().rev().find(|(key, _)| key == name);
    own.map(|(_, value)| value.clone()).or_else(|| std::env::var(name).ok())
}

/// Where temporary files go when nobody says. Bare images may have none of these folders but the last.
pub fn temporary(ctx: &Context<'_>) -> PathBuf {
    let mut folders = ["/tmp"].into_iter().chain(SHARED_FOLDERS);
    variable_value("TMPDIR", ctx)
        .unwrap_or_else(|| folders.find(|folder| Path::new(folder).is_dir()).unwrap_or("/tmp").to_owned())
        .into()
}

fn expand_home(path: &str, ctx: &mut Context<'_>) -> String {
    let Some(rest) = path.strip_prefix('~') else { return path.to_owned() };
    let (name, tail) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let home = if name.is_empty() {
        variable_value("HOME", ctx).or_else(|| accounts::current_user(ctx).map(|u| u.home))
    } else {
        accounts::user_by_name(name, ctx).map(|u| u.home)
    };
    match home {
        Some(home) => format!("{}{tail}", home.trim_end_matches('/')),
        None => path.to_owned(),
    }
}

/// What a path leads to when all links are followed, also where nothing is there yet.
pub fn real(path: &Path) -> PathBuf {
    let mut path = path.to_owned();
    // As many links as Linux follows.
    for _ in 0..40 {
        if let Ok(real) = path.canonicalize() {
            return real;
        }
        let Ok(target) = std::fs::read_link(&path) else { break };
        path = path.parent().map_or_else(|| target.clone(), |folder| folder.join(&target));
    }
    match (path.parent().and_then(|folder| folder.canonicalize().ok()), path.file_name()) {
        (Some(folder), Some(name)) => folder.join(name),
        _ => path,
    }
}
