//! `dnf`: packages of Fedora, Red Hat's and their kin, by `dnf` (or `yum`) and `rpm`. No Python is needed. Its page is run with the
//! real ones, its cases with programs that answer as these do.

mod read;

use std::time::{Duration, Instant};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::process::Command;
use super::programs::Said;
use super::{Answer, Context, Failure, Module, TargetPath, call};
use crate::base::Value;
use crate::base::spec::{CheckMode, OnResume, Spec, schema_of};
use crate::wire::Outcome;

/// Installs, upgrades or removes packages by dnf or yum.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(clippy::struct_excessive_bools)] // they are what users write
#[schemars(extend("x-exclusive" = [["name", "list"], ["best", "nobest"]]))]
pub struct Args {
    /// The packages: names, with versions or patterns, groups (`@name`), files, addresses; `*` with `state: latest` means all.
    #[serde(default, alias = "pkg")]
    #[schemars(extend("x-aliases" = ["pkg"]))]
    pub name: Vec<String>,
    /// What should be so; by default `present`, with `autoremove` `absent`.
    pub state: Option<State>,
    /// Only gives a list in `results`: `installed`, `updates`, `available`, `repos`, or packages of a name.
    pub list: Option<String>,
    /// A version may be older than the installed one.
    #[serde(default)]
    pub allow_downgrade: bool,
    /// What is in the way may be removed.
    #[serde(default)]
    pub allowerasing: bool,
    /// Removes what no package needs any more.
    #[serde(default)]
    pub autoremove: bool,
    /// Only the newest version will do.
    pub best: Option<bool>,
    /// With `state: latest`: only what mends a mistake.
    #[serde(default)]
    pub bugfix: bool,
    /// Nothing is fetched about sources.
    #[serde(default)]
    pub cacheonly: bool,
    /// The file of configuration.
    pub conf_file: Option<TargetPath>,
    /// Whose list of what is left out does not count: `all`, `main` or a source.
    pub disable_excludes: Option<String>,
    /// Signatures do not count.
    #[serde(default)]
    pub disable_gpg_check: bool,
    /// Plug-ins that are not used.
    #[serde(default)]
    pub disable_plugin: Vec<String>,
    /// Sources that are not used.
    #[serde(default)]
    pub disablerepo: Vec<String>,
    /// Fetches packages and no more.
    #[serde(default)]
    pub download_only: bool,
    /// Where fetched packages are kept.
    pub download_dir: Option<TargetPath>,
    /// Plug-ins that are used.
    #[serde(default)]
    pub enable_plugin: Vec<String>,
    /// Sources that are used.
    #[serde(default)]
    pub enablerepo: Vec<String>,
    /// Packages that are left out.
    #[serde(default)]
    pub exclude: Vec<String>,
    /// The root of the system that it is about.
    #[serde(default = "root")]
    pub installroot: TargetPath,
    /// Taken and not needed: dnf has it built in.
    #[serde(default = "yes")]
    #[expect(dead_code, reason = "playbooks say it")]
    pub install_repoquery: bool,
    /// Whether what packages recommend is installed.
    #[serde(default = "yes")]
    pub install_weak_deps: bool,
    /// Seconds to wait for another who changes packages; a negative number means for ever.
    #[serde(default = "half_a_minute")]
    pub lock_timeout: i64,
    /// Not only the newest version will do.
    pub nobest: Option<bool>,
    /// The release that sources are of.
    pub releasever: Option<String>,
    /// With `state: latest`: only what mends a weakness.
    #[serde(default)]
    pub security: bool,
    /// What cannot be installed is left out.
    #[serde(default)]
    pub skip_broken: bool,
    /// Whether certificates of sources count.
    #[serde(default = "yes")]
    pub sslverify: bool,
    /// Fetches the lists of packages.
    #[serde(default, alias = "expire-cache")]
    #[schemars(extend("x-aliases" = ["expire-cache"]))]
    pub update_cache: bool,
    /// With `state: latest`: only packages that are installed.
    #[serde(default)]
    pub update_only: bool,
    /// Which program does it.
    #[serde(default)]
    pub use_backend: Backend,
    /// With addresses of packages: whether certificates count.
    #[serde(default = "yes")]
    pub validate_certs: bool,
}

/// What should be so of packages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// They are not there.
    Absent,
    /// The same as `present`
    Installed,
    /// They are there in their newest version.
    Latest,
    /// They are there.
    Present,
    /// The same as `absent`
    Removed,
}

/// Which program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Backend {
    /// The first that is there: `dnf`, `dnf5`, `yum`, `microdnf`
    #[default]
    Auto,
    /// `dnf`
    Dnf,
    /// `yum`
    Yum,
    /// `dnf`
    Yum4,
    /// `dnf`
    Dnf4,
    /// `dnf5`
    Dnf5,
}

fn yes() -> bool {
    true
}

fn root() -> TargetPath {
    TargetPath::from("/")
}

fn half_a_minute() -> i64 {
    30
}

pub(super) const SPEC: Spec = Spec {
    name: "dnf",
    summary: "Installs, upgrades or removes packages by dnf or yum.",
    free_form: None,
    open: false,
    on_resume: OnResume::Rerun,
    check: CheckMode::Full,
    schema: schema_of::<Args>,
};

/// The row of the table.
pub const MODULE: Module = Module { name: SPEC.name, run: |args, ctx| call(args, ctx, ensure) };

/// The programs and what every call of them is told.
struct Dnf<'a> {
    args: &'a Args,
    program: String,
    rpm: Vec<String>,
    options: Vec<String>,
}

fn ensure(args: &Args, ctx: &mut Context<'_>) -> Answer {
    let names: Vec<&str> = args.name.iter().map(|name| name.trim()).filter(|name| !name.is_empty()).collect();
    let state = match args.state {
        None if args.autoremove => State::Absent,
        None | Some(State::Installed) => State::Present,
        Some(State::Removed) => State::Absent,
        Some(state) => state,
    };
    if args.autoremove && state != State::Absent {
        return Err(Failure::new("Autoremove should be used alone or with state=absent").with("results", ""));
    }
    if names.is_empty() && args.list.is_none() && !args.update_cache && !args.autoremove {
        return Err(Failure::new("one of the following is required: name, list, update_cache"));
    }
    let dnf = Dnf::new(args, ctx)?;
    if let Some(what) = &args.list {
        return dnf.list(what, ctx);
    }
    if args.update_cache {
        if !ctx.check() {
            let said = dnf.ask(&["makecache", "--refresh"], ctx)?;
            if !said.well() {
                let msg = format!("Failed to synchronize repodata: {}", said.err.trim());
                return Err(said.failure(msg));
            }
        }
        if names.is_empty() && !args.autoremove {
            let outcome = Outcome::ok(false).with("results", Value::list(Vec::new())).with("rc", 0);
            return Ok(Outcome { msg: Some("Cache updated".to_owned()), ..outcome });
        }
    }
    match state {
        State::Absent => dnf.remove(&names, ctx),
        State::Latest => dnf.latest(&names, ctx),
        _ => dnf.present(&names, ctx),
    }
}

impl<'a> Dnf<'a> {
    fn new(args: &'a Args, ctx: &mut Context<'_>) -> Result<Self, Failure> {
        let candidates: &[&str] = match args.use_backend {
            Backend::Auto => &["dnf", "dnf5", "yum", "microdnf"],
            Backend::Dnf | Backend::Yum4 | Backend::Dnf4 => &["dnf"],
            Backend::Yum => &["yum"],
            Backend::Dnf5 => &["dnf5"],
        };
        let program = candidates.iter().find_map(|name| ctx.program(name)).ok_or_else(|| {
            Failure::new(format!("Could not find any of {} on the target", candidates.join(", ")))
        })?;
        let path = |path: &TargetPath, ctx: &mut Context<'_>| path.expand(ctx).to_string_lossy().into_owned();
        let mut rpm = vec![ctx.needed("rpm")?];
        let mut options = Vec::new();
        let root = path(&args.installroot, ctx);
        if root != "/" {
            rpm.extend(["--root".to_owned(), root.clone()]);
            options.push(format!("--installroot={root}"));
        }
        if let Some(file) = &args.conf_file {
            options.push(format!("--config={}", path(file, ctx)));
        }
        if let Some(folder) = &args.download_dir {
            options.push(format!("--downloaddir={}", path(folder, ctx)));
        }
        let lists = [
            ("--disablerepo", &args.disablerepo),
            ("--enablerepo", &args.enablerepo),
            ("--disableplugin", &args.disable_plugin),
            ("--enableplugin", &args.enable_plugin),
            ("--exclude", &args.exclude),
        ];
        options.extend(
            lists.iter().flat_map(|(option, all)| all.iter().map(move |one| format!("{option}={one}"))),
        );
        let flags = [
            (args.allowerasing, "--allowerasing"),
            (args.best == Some(true) || args.nobest == Some(false), "--best"),
            (args.nobest == Some(true) || args.best == Some(false), "--nobest"),
            (args.bugfix, "--bugfix"),
            (args.security, "--security"),
            (args.cacheonly, "--cacheonly"),
            (args.disable_gpg_check, "--nogpgcheck"),
            (args.download_only, "--downloadonly"),
            (args.skip_broken, "--skip-broken"),
            (!args.install_weak_deps, "--setopt=install_weak_deps=False"),
            (!args.sslverify || !args.validate_certs, "--setopt=sslverify=0"),
        ];
        options.extend(flags.iter().filter(|(given, _)| *given).map(|(_, option)| (*option).to_owned()));
        options.extend(args.releasever.as_ref().map(|release| format!("--releasever={release}")));
        options.extend(args.disable_excludes.as_ref().map(|whose| format!("--disableexcludes={whose}")));
        Ok(Self { args, program, rpm, options })
    }

    /// Calls dnf with its options; somebody else who is at it is waited for.
    fn ask(&self, words: &[&str], ctx: &mut Context<'_>) -> Result<Said, Failure> {
        let wait = u64::try_from(self.args.lock_timeout).ok().map(Duration::from_secs);
        let began = Instant::now();
        loop {
            let options = self.options.iter().map(String::as_str);
            let line = [self.program.as_str(), "--setopt=exit_on_lock=True"].into_iter().chain(options);
            let command = Command { lasting: true, ..Command::new(line.chain(words.iter().copied())) };
            let said = ctx.ask_with(command)?;
            let locked = said.rc == 200 || said.err.contains("lock") && said.err.contains("transaction");
            if said.well() || !locked || wait.is_some_and(|wait| began.elapsed() >= wait) {
                return Ok(said);
            }
            ctx.sleep(1)?;
        }
    }

    /// Whether rpm has what a task names: a package, what it provides, or a file.
    fn is_installed(&self, name: &str, ctx: &mut Context<'_>) -> Result<bool, Failure> {
        let rpm = |words: &[&str], ctx: &mut Context<'_>| {
            ctx.ask(self.rpm.iter().map(String::as_str).chain(words.iter().copied()))
        };
        if name.contains(['*', '?', '[']) {
            return Ok(!rpm(&["-qa", name], ctx)?.out.trim().is_empty());
        }
        if rpm(&["-q", name], ctx)?.well() {
            return Ok(true);
        }
        Ok(rpm(&["-q", "--whatprovides", name], ctx)?.well())
    }

    fn present(&self, names: &[&str], ctx: &mut Context<'_>) -> Answer {
        let mut wanted = Vec::new();
        for name in names {
            let elsewhere = name.starts_with('@') || name.contains("://") || name.starts_with('/');
            if elsewhere || !self.is_installed(name, ctx)? {
                wanted.push(*name);
            }
        }
        // A version that is said may be older than what is there.
        if !self.args.allow_downgrade && wanted.iter().any(|name| read::has_version(name)) {
            let said = self.ask(
                &["--assumeno", "install"].into_iter().chain(wanted.iter().copied()).collect::<Vec<_>>(),
                ctx,
            )?;
            if said.out.contains("Downgrading:") {
                return Ok(done(Vec::new(), "Nothing to do", false));
            }
        }
        self.change("install", &wanted, ctx)
    }

    fn latest(&self, names: &[&str], ctx: &mut Context<'_>) -> Answer {
        if names.contains(&"*") {
            return self.change("upgrade", &["*"], ctx);
        }
        let (mut old, mut new) = (Vec::new(), Vec::new());
        for name in names {
            let there = !name.starts_with('@') && self.is_installed(name, ctx)?;
            if there {
                old.push(*name);
            } else if !self.args.update_only {
                new.push(*name);
            }
        }
        let installed = self.change("install", &new, ctx)?;
        let upgraded = self.change("upgrade", &old, ctx)?;
        let mut results: Vec<Value> = Vec::new();
        for outcome in [&installed, &upgraded] {
            results
                .extend(outcome.values.get("results").and_then(Value::as_list).unwrap_or_default().to_vec());
        }
        let changed = installed.changed || upgraded.changed;
        Ok(done(results, if changed { told(ctx) } else { "Nothing to do" }, changed))
    }

    fn remove(&self, names: &[&str], ctx: &mut Context<'_>) -> Answer {
        let mut unwanted = Vec::new();
        for name in names {
            if name.starts_with('@') || self.is_installed(name, ctx)? {
                unwanted.push(*name);
            }
        }
        if names.is_empty() {
            return self.change("autoremove", &["-y"], ctx);
        }
        let keep = if self.args.autoremove { &[][..] } else { &["--noautoremove"] };
        if unwanted.is_empty() {
            return Ok(done(Vec::new(), "Nothing to do", false));
        }
        let words: Vec<&str> = keep.iter().copied().chain(unwanted).collect();
        self.change("remove", &words, ctx)
    }

    /// Has dnf change packages; under `--check` it says no in the end.
    fn change(&self, verb: &str, names: &[&str], ctx: &mut Context<'_>) -> Answer {
        if names.is_empty() {
            return Ok(done(Vec::new(), "Nothing to do", false));
        }
        let answer = if ctx.check() { "--assumeno" } else { "--assumeyes" };
        let words: Vec<&str> = [answer, verb].into_iter().chain(names.iter().copied()).collect();
        let said = self.ask(&words, ctx)?;
        let refused =
            ctx.check() && (said.out.contains("Operation aborted") || said.err.contains("Operation aborted"));
        if !said.well() && !refused {
            let failures = read::missing(&(said.out.clone() + &said.err));
            let failures: Vec<Value> = failures.into_iter().map(Value::from).collect();
            let msg = if failures.is_empty() {
                said.err.trim().to_owned()
            } else {
                "Failed to install some of the specified packages".to_owned()
            };
            let failed = Failure::new(msg).with("rc", 1).with("failures", Value::list(failures));
            return Err(failed.with("results", Value::list(Vec::new())));
        }
        if said.out.contains("Nothing to do") || said.err.contains("Nothing to do") {
            return Ok(done(Vec::new(), "Nothing to do", false));
        }
        let results = if ctx.check() { read::planned(&said.out) } else { read::results(&said.out) };
        let results = results.into_iter().map(Value::from).collect();
        Ok(done(results, told(ctx), true))
    }

    fn list(&self, what: &str, ctx: &mut Context<'_>) -> Answer {
        let outcome = |results: Vec<Value>| Ok(done(results, "", false));
        if what == "repos" || what == "repositories" {
            let said = self.ask(&["repolist", "--enabled", "-q"], ctx)?;
            return outcome(read::sources(&said.out));
        }
        let format = ["-q", "repoquery", "--qf", read::FORMAT];
        let of: Vec<&str> = match what {
            "installed" => vec!["--installed"],
            "updates" | "upgrades" => vec!["--upgrades"],
            "available" => vec!["--available"],
            name => vec![name],
        };
        let said = self.ask(&[&format[..], &of].concat(), ctx)?;
        if !said.well() {
            let msg = said.err.trim().to_owned();
            return Err(said.failure(msg));
        }
        outcome(read::packages(&said.out, what == "installed"))
    }
}

/// The words of a change.
fn told(ctx: &Context<'_>) -> &'static str {
    if ctx.check() { "Check mode: No changes made, but would have if not in check mode" } else { "" }
}

fn done(results: Vec<Value>, msg: &str, changed: bool) -> Outcome {
    let outcome = Outcome::ok(changed).with("results", Value::list(results)).with("rc", 0);
    Outcome { msg: Some(msg.to_owned()), ..outcome }
}
