//! `deb822_repository`: a source of apt in a file of its own, in the form of deb822.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::accounts::Presence;
use super::atomic::Staged;
use super::attributes::Attributes;
use super::failure::{Doing, Failure};
use super::{Answer, Context, Mode, Module, apt, attributes, call, difference, file};
use crate::base::Value;
use crate::base::spec::{CheckMode, OnResume, Spec, schema_of};
use crate::wire::Outcome;

/// Keeps a source of packages in `/etc/apt/sources.list.d/NAME.sources`. The arguments are fields of that file, see sources.list(5).
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// The name; files are named after it.
    pub name: String,
    /// Whether it should be there. Without it, its key goes, too.
    #[serde(default)]
    pub state: Presence,
    /// The mode of the file.
    #[schemars(extend("default" = "0644"))]
    pub mode: Option<Mode>,
    /// A source that was authenticated may be no more.
    pub allow_downgrade_to_insecure: Option<bool>,
    /// It need not be authenticated.
    pub allow_insecure: Option<bool>,
    /// Weak signatures are enough.
    pub allow_weak: Option<bool>,
    /// Which architectures.
    pub architectures: Option<Vec<String>>,
    /// Whether files are fetched by their checksum.
    pub by_hash: Option<bool>,
    /// Whether times are looked at.
    pub check_date: Option<bool>,
    /// Whether it counts how long a release is valid.
    pub check_valid_until: Option<bool>,
    /// Components: `main`, …
    pub components: Option<Vec<String>>,
    /// How far in the future a release may be, in seconds.
    pub date_max_future: Option<i64>,
    /// Whether it is used.
    pub enabled: Option<bool>,
    /// Where the file `InRelease` is.
    pub inrelease_path: Option<String>,
    /// Languages of descriptions.
    pub languages: Option<Vec<String>>,
    /// Whether differences of indexes are fetched.
    pub pdiffs: Option<bool>,
    /// The key: a file on the target, where it is fetched from, a fingerprint, or the key itself.
    pub signed_by: Option<String>,
    /// Suites: `stable`, …
    pub suites: Option<Vec<String>>,
    /// What is fetched.
    pub targets: Option<Vec<String>>,
    /// It counts as authenticated.
    pub trusted: Option<bool>,
    /// Binary or source packages.
    #[serde(default = "binary")]
    pub types: Vec<Type>,
    /// Where it is.
    pub uris: Option<Vec<String>>,
}

/// What kind of packages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Type {
    /// Binary packages.
    Deb,
    /// Source packages.
    DebSrc,
}

fn readable() -> Mode {
    Mode::Bits(0o644)
}

fn binary() -> Vec<Type> {
    vec![Type::Deb]
}

pub(super) const SPEC: Spec = Spec {
    name: "deb822_repository",
    summary: "Keeps a source of packages in a file of its own.",
    free_form: None,
    open: false,
    on_resume: OnResume::Rerun,
    check: CheckMode::Full,
    schema: schema_of::<Args>,
};

/// The row of the table.
pub const MODULE: Module = Module { name: SPEC.name, run: |args, ctx| call(args, ctx, ensure) };

/// Where sources are.
const SOURCES: &str = "/etc/apt/sources.list.d";
/// Where their keys are.
const KEYS: &str = "/etc/apt/keyrings";

fn ensure(args: &Args, ctx: &mut Context<'_>) -> Answer {
    let slug = slug(&args.name);
    let dest = PathBuf::from(format!("{SOURCES}/{slug}.sources"));
    if args.state == Presence::Absent {
        return remove(&slug, &dest, ctx);
    }
    let mut outcome = Outcome::ok(false);
    let (mut signed, mut key) = (args.signed_by.clone(), None);
    if let Some(given) = &args.signed_by {
        if Path::new(given).is_file() {
            key = Some(given.clone());
        } else if is_address(given) {
            let (path, changed) = fetch(given, &slug, ctx)?;
            outcome.changed |= changed;
            signed = Some(path.clone());
            key = Some(path);
        }
    }
    let text = text(args, signed.as_deref());
    let before = fs::read(&dest).ok();
    if before.as_deref() != Some(text.as_bytes()) {
        outcome.changed = true;
        if ctx.diff() {
            let before = before.unwrap_or_default();
            let differs = difference::of_bytes(&dest.to_string_lossy(), &before, text.as_bytes());
            difference::tell(&mut outcome, [differs]);
        }
        if !ctx.check() {
            Staged::with(&dest, text.as_bytes())?.commit()?;
        }
    }
    if dest.exists() {
        let mode = args.mode.clone().unwrap_or_else(readable);
        let changes = Attributes::of_mode(Some(&mode)).apply(&dest, true, ctx.check())?;
        outcome.changed |= !changes.is_empty();
    }
    let key = key.map_or(Value::Null, Value::from);
    let outcome =
        outcome.with("repo", text).with("dest", dest.display().to_string()).with("key_filename", key);
    Ok(attributes::describe_named(outcome, &dest, ctx))
}

fn remove(slug: &str, dest: &Path, ctx: &mut Context<'_>) -> Answer {
    let mut outcome = Outcome::ok(false);
    let keys = ["asc", "gpg"].map(|ending| PathBuf::from(format!("{KEYS}/{slug}.{ending}")));
    for path in [dest, &keys[0], &keys[1]].into_iter().filter(|path| path.exists()) {
        outcome.changed = true;
        if !ctx.check() {
            fs::remove_file(path).doing("remove", path)?;
        }
    }
    let outcome = outcome.with("repo", Value::Null).with("dest", dest.display().to_string());
    let outcome = outcome.with("key_filename", keys[1].display().to_string());
    Ok(attributes::describe_named(outcome, dest, ctx))
}

/// The name of files: lower case, letters, digits and hyphens.
fn slug(name: &str) -> String {
    let mut slug = String::new();
    let mut last = ' ';
    for c in name.to_lowercase().chars() {
        let c = if c == '_' || c.is_whitespace() { '_' } else { c };
        match c {
            '_' if last == '_' => {}
            '_' => slug.push('-'),
            'a'..='z' | '0'..='9' | '-' => slug.push(c),
            _ => {}
        }
        last = c;
    }
    slug
}

/// `http://…` and the like.
fn is_address(text: &str) -> bool {
    text.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+.-".contains(c))
    })
}

/// Fetches a key and puts it among the others; its path, and whether it is another now.
fn fetch(from: &str, slug: &str, ctx: &mut Context<'_>) -> Result<(String, bool), Failure> {
    let folder = tempfile::tempdir().doing("make a folder in", &std::env::temp_dir())?;
    let got = folder.path().join("key");
    apt::download(from, &got.to_string_lossy(), true, ctx).map_err(|failure| {
        let why = failure.into_outcome().msg.unwrap_or_default();
        Failure::new(format!("Could not fetch signed_by key: {why}"))
    })?;
    let bytes = fs::read(&got).doing("read", &got)?;
    let armored = String::from_utf8_lossy(&bytes).contains("-----BEGIN PGP PUBLIC KEY BLOCK-----");
    let path = PathBuf::from(format!("{KEYS}/{slug}.{}", if armored { "asc" } else { "gpg" }));
    let differs = fs::read(&path).ok().as_ref() != Some(&bytes);
    let (folder_mode, key_mode): (Mode, Mode) = (Mode::Bits(0o755), readable());
    let mut changed = differs;
    if differs && !ctx.check() {
        file::make_folders(Path::new(KEYS), &Attributes::of_mode(Some(&folder_mode)))?;
        Staged::with(&path, &bytes)?.commit()?;
    }
    if path.exists() {
        changed |= !Attributes::of_mode(Some(&key_mode)).apply(&path, true, ctx.check())?.is_empty();
    }
    Ok((path.display().to_string(), changed))
}

/// The file, its fields in alphabetical order of the arguments.
fn text(args: &Args, signed_by: Option<&str>) -> String {
    let word = |flag: Option<bool>| flag.map(|flag| if flag { "yes" } else { "no" }.to_owned());
    let list = |items: &Option<Vec<String>>| items.as_ref().map(|items| items.join(" "));
    let types: Vec<&str> =
        args.types.iter().map(|kind| if *kind == Type::Deb { "deb" } else { "deb-src" }).collect();
    let fields = [
        ("Allow-Downgrade-To-Insecure", word(args.allow_downgrade_to_insecure)),
        ("Allow-Insecure", word(args.allow_insecure)),
        ("Allow-Weak", word(args.allow_weak)),
        ("Architectures", list(&args.architectures)),
        ("By-Hash", word(args.by_hash)),
        ("Check-Date", word(args.check_date)),
        ("Check-Valid-Until", word(args.check_valid_until)),
        ("Components", list(&args.components)),
        ("Date-Max-Future", args.date_max_future.map(|seconds| seconds.to_string())),
        ("Enabled", word(args.enabled)),
        ("Inrelease-Path", args.inrelease_path.clone()),
        ("Languages", list(&args.languages)),
        ("X-Repolib-Name", Some(args.name.clone())),
        ("Pdiffs", word(args.pdiffs)),
        ("Signed-By", signed_by.map(str::to_owned)),
        ("Suites", list(&args.suites)),
        ("Targets", list(&args.targets)),
        ("Trusted", word(args.trusted)),
        ("Types", Some(types.join(" "))),
        ("URIs", list(&args.uris)),
    ];
    let mut text = String::new();
    for (name, value) in fields.into_iter().filter_map(|(name, value)| Some((name, value?))) {
        if value.contains('\n') {
            let _ = writeln!(text, "{name}:");
            for line in value.trim().lines().map(str::trim) {
                let _ = writeln!(text, "    {}", if line.is_empty() { "." } else { line });
            }
        } else {
            let gap = if value.is_empty() { "" } else { " " };
            let _ = writeln!(text, "{name}:{gap}{value}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Map, args};

    #[test]
    fn names_become_names_of_files() {
        assert_eq!(slug("Ansible-test  focal_Archive!"), "ansible-test-focal-archive");
        assert!(is_address("https://d/key.asc"));
        assert!(!is_address("ABCD 1234"));
    }

    #[test]
    fn keys_go_over_lines() {
        let key = "-----BEGIN-----\n\nabc\n-----END-----\n";
        let map = Map::from_iter([
            ("name", "A b"),
            ("uris", "http://d"),
            ("signed_by", key),
            ("types", "deb,deb-src"),
        ]);
        let read: Args = args::from_map(&map).unwrap();
        let wanted = "X-Repolib-Name: A b\nSigned-By:\n    -----BEGIN-----\n    .\n    abc\n    -----END-----\nTypes: deb deb-src\nURIs: http://d\n";
        assert_eq!(text(&read, read.signed_by.as_deref()), wanted);
    }
}
