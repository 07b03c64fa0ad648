//! `apt_repository`: one-line sources of apt, in `sources.list` and the files of `sources.list.d`.

mod ppa;
mod sources;

use std::collections::BTreeMap;
use std::path::Path;

use schemars::JsonSchema;
use serde::Deserialize;

use self::sources::Sources;
use super::accounts::Presence;
use super::apt::Fetching;
use super::attributes::Attributes;
use super::{Answer, Context, Failure, Mode, Module, call, difference};
use crate::base::spec::{CheckMode, OnResume, Spec, schema_of};
use crate::base::{Map, Value};
use crate::wire::Outcome;

/// Adds or removes a source of packages: a line like `deb http://example.org/debian stable main`, or `ppa:OWNER/NAME`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// The line.
    pub repo: String,
    /// Whether it should be there.
    #[serde(default)]
    pub state: Presence,
    /// The mode of a new file.
    pub mode: Option<Mode>,
    /// Fetches the lists of packages after a change; if that fails, the change is undone.
    #[serde(default = "yes", alias = "update-cache")]
    #[schemars(extend("x-aliases" = ["update-cache"]))]
    pub update_cache: bool,
    /// How often fetching the lists is tried.
    #[serde(default = "five")]
    pub update_cache_retries: u32,
    /// The longest time between two tries, in seconds; it doubles from one on.
    #[serde(default = "twelve")]
    pub update_cache_retry_max_delay: u64,
    /// With a PPA: whether the certificate of Launchpad counts.
    #[serde(default = "yes")]
    pub validate_certs: bool,
    /// The file in `sources.list.d`, without `.list`; by default named after the line.
    pub filename: Option<String>,
    /// With a PPA: the release, by its code name.
    pub codename: Option<String>,
    /// Taken and not needed: Python has no part in it.
    #[serde(default = "yes")]
    #[expect(dead_code, reason = "playbooks say it")]
    pub install_python_apt: bool,
}

fn yes() -> bool {
    true
}

fn five() -> u32 {
    5
}

fn twelve() -> u64 {
    12
}

pub(super) const SPEC: Spec = Spec {
    name: "apt_repository",
    summary: "Adds or removes a source of packages.",
    free_form: None,
    open: false,
    on_resume: OnResume::Rerun,
    check: CheckMode::Full,
    schema: schema_of::<Args>,
};

/// The row of the table.
pub const MODULE: Module = Module { name: SPEC.name, run: |args, ctx| call(args, ctx, ensure) };

fn ensure(args: &Args, ctx: &mut Context<'_>) -> Answer {
    if args.repo.is_empty() {
        return Err(Failure::new("Please set argument 'repo' to a non-empty value"));
    }
    let before = Sources::read(ctx)?;
    let mut after = before.clone();
    let (line, wanted_name) = match args.repo.strip_prefix("ppa:") {
        None => (args.repo.clone(), args.repo.clone()),
        Some(of) => {
            let codename = ppa::codename(args.codename.as_deref())?;
            let (line, owner, name) = ppa::line(of, &codename);
            if args.state == Presence::Present && !before.has(&line) {
                ppa::trust(&owner, &name, &line, args.validate_certs, ctx)?;
            }
            (line, format!("{}_{codename}", args.repo))
        }
    };
    let source =
        sources::valid(&line).map_err(|line| Failure::new(format!("Invalid repository string: {line}")))?;
    match args.state {
        Presence::Present => after.add(&source, &sources::file_name(&wanted_name, args.filename.as_deref())),
        Presence::Absent => after.remove(&source),
    }
    let (old, new) = (before.texts(), after.texts());
    let mut outcome = Outcome::ok(old != new);
    let added: Vec<&str> = new.keys().filter(|path| !old.contains_key(*path)).map(String::as_str).collect();
    let removed: Vec<&str> = old.keys().filter(|path| !new.contains_key(*path)).map(String::as_str).collect();
    if ctx.diff() {
        let side = |texts: &BTreeMap<String, String>, path: &str| match texts.get(path) {
            Some(text) => (path.to_owned(), text.clone()),
            None => ("/dev/null".to_owned(), String::new()),
        };
        let differs = added.iter().chain(&removed).map(|path| {
            let ((before_header, before), (after_header, after)) = (side(&old, path), side(&new, path));
            let pairs = [("before", before), ("after", after)];
            let headers = [("before_header", before_header), ("after_header", after_header)];
            Value::from(pairs.into_iter().chain(headers).collect::<Map>())
        });
        difference::tell(&mut outcome, differs);
    }
    if outcome.changed && !ctx.check() {
        sources::write(&old, &new)?;
        for path in &added {
            Attributes::of_mode(args.mode.as_ref()).apply(Path::new(path), true, false)?;
        }
        if args.update_cache {
            let retries = args.update_cache_retries;
            let how = Fetching { retries, longest: args.update_cache_retry_max_delay, lock: 60 };
            if let Err(failure) = how.fetch(&mut outcome.warnings, ctx) {
                sources::write(&new, &old)?;
                return Err(failure);
            }
        }
    }
    let state = if args.state == Presence::Present { "present" } else { "absent" };
    let list = |paths: Vec<&str>| paths.into_iter().map(str::to_owned).collect::<Vec<_>>();
    Ok(outcome
        .with("repo", args.repo.as_str())
        .with("state", state)
        .with("sources_added", list(added))
        .with("sources_removed", list(removed)))
}
