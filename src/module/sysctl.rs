//! `sysctl`: a setting of the kernel, in a file that is read when the system starts, and at once. Returns nothing beside `changed`.
//!
//! Tested with a program of the tests in the place of `sysctl`.

use std::path::Path;

use schemars::JsonSchema;
use serde::Deserialize;

use super::accounts::Presence;
use super::atomic::Staged;
use super::failure::Doing;
use super::programs::Said;
use super::{Answer, Context, Failure, Module, TargetPath, call, difference, path as paths};
use crate::base::Value;
use crate::base::spec::{CheckMode, OnResume, Spec, schema_of};
use crate::wire::Outcome;

/// Keeps one line of a file of `sysctl`, and has it read again where something differs.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(clippy::struct_excessive_bools)] // they are what users write
pub struct Args {
    /// The setting, such as `vm.swappiness`.
    #[serde(alias = "key")]
    #[schemars(extend("x-aliases" = ["key"]))]
    pub name: String,
    /// Its value; a boolean is `1` or `0`. Needed unless `state` is `absent`.
    #[serde(alias = "val")]
    #[schemars(extend("x-aliases" = ["val"]))]
    pub value: Option<Value>,
    /// Whether the file should have it.
    #[serde(default)]
    pub state: Presence,
    /// Have `sysctl -p` read the file when something has changed, or when the kernel has another value.
    #[serde(default = "yes")]
    pub reload: bool,
    /// Set it by `sysctl -w`, too.
    #[serde(default)]
    pub sysctl_set: bool,
    /// Settings that the kernel does not know are no failure.
    #[serde(default)]
    pub ignoreerrors: bool,
    /// The file.
    #[serde(default = "file")]
    pub sysctl_file: TargetPath,
}

fn yes() -> bool {
    true
}

fn file() -> TargetPath {
    TargetPath::from("/etc/sysctl.conf")
}

pub(super) const SPEC: Spec = Spec {
    name: "sysctl",
    summary: "Keeps a setting of the kernel.",
    free_form: None,
    open: false,
    on_resume: OnResume::Rerun,
    check: CheckMode::Full,
    schema: schema_of::<Args>,
};

/// The row of the table.
pub const MODULE: Module = Module { name: SPEC.name, run: |args, ctx| call(args, ctx, ensure) };

fn ensure(args: &Args, ctx: &mut Context<'_>) -> Answer {
    let name = args.name.trim();
    let value = args.value.as_ref().map(written).unwrap_or_default();
    let is_wanted = args.state == Presence::Present;
    if name.is_empty() {
        return Err(Failure::new("name cannot be blank"));
    }
    if is_wanted && value.is_empty() {
        let what = if args.value.is_none() { "None" } else { "blank" };
        return Err(Failure::new(format!("value cannot be {what}")));
    }
    let program = ctx.needed("sysctl")?;
    let asked = ctx.ask([program.as_str(), "-e", "-n", name])?;
    let now = asked.well().then_some(asked.out);
    let differs = !now.is_some_and(|now| now.split_whitespace().eq(value.split_whitespace()));
    let path = args.sysctl_file.expand(ctx);
    let before =
        if path.is_file() { std::fs::read_to_string(&path).doing("read", &path)? } else { String::new() };
    let (there, after) = edited(&before, name, is_wanted.then_some(value.as_str()));
    let writes = there.as_deref() != is_wanted.then_some(value.as_str());
    let sets = args.sysctl_set && is_wanted && differs;
    let changed = writes || sets || (is_wanted && args.reload && differs);
    let mut outcome = Outcome::ok(changed);
    if writes && ctx.diff() {
        let shown = path.to_string_lossy();
        difference::tell(&mut outcome, [difference::of_bytes(&shown, before.as_bytes(), after.as_bytes())]);
    }
    if ctx.check() {
        return Ok(outcome);
    }
    if sets {
        let quiet = args.ignoreerrors.then(|| "-e".to_owned());
        let words = [program.clone()].into_iter().chain(quiet);
        let said = ctx.ask(words.chain(["-w".to_owned(), format!("{name}={value}")]))?;
        if is_refused(&said) {
            let why = format!("setting {name} failed: {}{}", said.out, said.err);
            return Err(said.failure(why.trim_end()));
        }
    }
    if writes {
        write(&path, &after)?;
    }
    if changed && args.reload {
        let quiet = args.ignoreerrors.then(|| "-e".to_owned());
        let words = [program].into_iter().chain(quiet);
        let said = ctx.ask(words.chain(["-p".to_owned(), path.to_string_lossy().into_owned()]))?;
        if is_refused(&said) {
            let why = format!("Failed to reload sysctl: {}{}", said.out, said.err);
            return Err(said.failure(why.trim_end()));
        }
    }
    Ok(outcome)
}

/// A value as the file has it.
fn written(value: &Value) -> String {
    match value.to_bool() {
        // A number is a number, also `1`.
        Some(on) if value.as_int().is_none() => i32::from(on).to_string(),
        _ => value.to_string().trim().to_owned(),
    }
}

/// What the file says of a setting now, and what should stand in it: each setting once, the first counts.
fn edited(text: &str, name: &str, value: Option<&str>) -> (Option<String>, String) {
    let mut seen: Vec<&str> = Vec::new();
    let (mut there, mut lines) = (None, Vec::new());
    for line in text.lines().map(str::trim) {
        let setting = line.split_once('=').filter(|_| !line.starts_with(['#', ';']));
        let Some((key, old)) = setting.map(|(key, old)| (key.trim(), old.trim())) else {
            lines.push(line.to_owned());
            continue;
        };
        if key == name {
            // Of several the last counts for the kernel.
            there = Some(old.to_owned());
        }
        if seen.contains(&key) {
            continue;
        }
        seen.push(key);
        match (key == name, value) {
            (false, _) => lines.push(format!("{key}={old}")),
            (true, Some(value)) => lines.push(format!("{key}={value}")),
            (true, None) => {}
        }
    }
    if let Some(value) = value.filter(|_| !seen.contains(&name)) {
        lines.push(format!("{name}={value}"));
    }
    (there, lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect())
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    Staged::with(&paths::real(path), text.as_bytes())?.commit()
}

/// It ends well also where the kernel did not take a value.
fn is_refused(said: &Said) -> bool {
    let refused = |line: &str| {
        line.starts_with("sysctl: setting key")
            && [": Invalid argument", ": Read-only file system"].iter().any(|end| line.ends_with(end))
    };
    !said.well() || said.err.lines().any(refused)
}
