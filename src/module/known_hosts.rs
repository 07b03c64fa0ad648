//! `known_hosts`: the key of a host is in a file of `ssh`, or is not. The file is read as `ssh` reads it; `ssh-keygen` is not needed.

mod entry;

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;

use self::entry::{Entry, hashed};
use super::accounts::Presence;
use super::atomic::Staged;
use super::failure::{Answer, Failure};
use super::{Context, Module, TargetPath, attributes, call, difference, edited, text};
use crate::base::Value;
use crate::base::spec::{CheckMode, OnResume, Spec, schema_of};
use crate::wire::Outcome;

/// A host may have several keys, each of another type; the key of a type is replaced by that of the same type.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// The host: one name or address, as in the key; with a port `[host]:port`.
    #[serde(alias = "host")]
    #[schemars(extend("x-aliases" = ["host"]))]
    name: String,
    /// The whole line, as `ssh-keyscan` prints it. Without it, `state: absent` removes all keys of the host.
    key: Option<String>,
    /// The file.
    #[serde(default = "file")]
    path: TargetPath,
    /// Write the name of the host so that nobody can read it.
    #[serde(default)]
    hash_host: bool,
    /// Whether the key should be there.
    #[serde(default)]
    state: Presence,
}

fn file() -> TargetPath {
    "~/.ssh/known_hosts".into()
}

pub(super) const SPEC: Spec = Spec {
    name: "known_hosts",
    summary: "Keeps the key of a host in a file of `ssh`.",
    free_form: None,
    open: false,
    on_resume: OnResume::Rerun,
    check: CheckMode::Full,
    schema: schema_of::<Args>,
};

/// The row of the table.
pub const MODULE: Module = Module { name: SPEC.name, run: |args, ctx| call(args, ctx, known_hosts) };

fn known_hosts(args: &Args, ctx: &mut Context<'_>) -> Answer {
    let host = args.name.to_lowercase();
    let path = args.path.expand(ctx);
    let key = args.key.as_deref().map(str::trim_end).filter(|key| !key.is_empty());
    let is_wanted = args.state == Presence::Present;
    if key.is_none() && is_wanted {
        return Err(Failure::new("No key specified when adding a host"));
    }
    let key = key.map(|key| if args.hash_host { hashed(&host, key) } else { key.to_owned() });
    let wanted = key.as_deref().map(|key| judged(&host, key)).transpose()?;
    let before = edited::read(&path)?;
    let there = text::decode(before.as_deref().unwrap_or_default());
    let mut lines: Vec<String> = there.split_inclusive('\n').map(str::to_owned).collect();
    let place = search(&host, wanted.as_ref(), &lines);
    match (place, is_wanted) {
        (Place::Nowhere | Place::Others, true) => lines.extend(key.clone()),
        (Place::Another(number), true) => {
            lines.remove(number);
            lines.extend(key.clone());
        }
        (Place::Another(number) | Place::Here(number), false) => drop(lines.remove(number)),
        (Place::Others, false) if wanted.is_none() => lines.retain(|line| !is_plain_key_of(&host, line)),
        _ => {}
    }
    // A new line stands alone, whatever the last one ended with.
    let last = lines.len().saturating_sub(1);
    for line in lines.iter_mut().take(last).filter(|line| !line.ends_with('\n')) {
        line.push('\n');
    }
    let is_new = lines.concat() != there;
    if let Some(line) = lines.last_mut().filter(|line| is_new && !line.ends_with('\n')) {
        line.push('\n');
    }
    let after = text::encode(&lines.concat());
    let mut outcome = Outcome::ok(is_new)
        .with("name", args.name.as_str())
        .with("key", args.key.clone())
        .with("path", path.to_string_lossy().into_owned())
        .with("hash_host", args.hash_host)
        .with("state", if is_wanted { "present" } else { "absent" });
    // As in Ansible, where it is told whether it is asked for or not; shown it is only when it is.
    let header = path.to_string_lossy();
    let mut differs = difference::of_bytes(&header, before.as_deref().unwrap_or_default(), &after);
    if let (None, Value::Map(map)) = (&before, &mut differs) {
        Arc::make_mut(map).insert("before_header", "/dev/null");
    }
    difference::tell_one(&mut outcome, differs);
    if !ctx.diff() {
        outcome.diff.clear();
    }
    if is_new && !ctx.check() {
        Staged::with(&path, &after)?.commit()?;
    }
    Ok(attributes::describe_named(outcome, &path, ctx))
}

/// The key of the user, which must be one of the host.
fn judged<'k>(host: &str, key: &'k str) -> Result<Entry<'k>, Failure> {
    let several = host.split(',').next().is_some_and(|first| host.contains(',') && !first.trim().is_empty());
    if several {
        return Err(Failure::new(
            "Comma separated list of names is not supported. Please pass a single name to lookup in the known_hosts file.",
        ));
    }
    // Words that playbooks know.
    Entry::read(key)
        .filter(|entry| entry.is_of(host))
        .ok_or_else(|| Failure::new("Host parameter does not match hashed host field in supplied key"))
}

/// Where a key is.
enum Place {
    /// The host has none.
    Nowhere,
    /// The host has others, of other types, or it is not said which is meant.
    Others,
    /// It is in this line, from 0.
    Here(usize),
    /// In this line is another one of the same type.
    Another(usize),
}

fn search(host: &str, wanted: Option<&Entry<'_>>, lines: &[String]) -> Place {
    let mut place = Place::Nowhere;
    for (number, line) in lines.iter().enumerate() {
        let Some(entry) = Entry::read(line).filter(|entry| entry.is_of(host)) else { continue };
        place = Place::Others;
        let Some(wanted) = wanted else { continue };
        if entry.is_same(wanted) {
            return Place::Here(number);
        }
        if !entry.is_marked() && entry.kind == wanted.kind {
            return Place::Another(number);
        }
    }
    place
}

/// Certificates of authorities and revoked keys stay, as with `ssh-keygen -R`.
fn is_plain_key_of(host: &str, line: &str) -> bool {
    Entry::read(line).is_some_and(|entry| !entry.is_marked() && entry.is_of(host))
}
