//! `apt`: Debian's packages, by `apt-get`, `apt-cache`, `dpkg-query` and, where it is there, `aptitude`. No Python is needed.

mod cache;
mod calls;
mod deb;
mod install;
mod known;
mod version;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Answer, Context, Failure, Module, TargetPath, call};
use crate::base::spec::{CheckMode, OnResume, Spec, schema_of};
use crate::wire::Outcome;
pub(super) use cache::Fetching;
use calls::Apt;
pub(super) use deb::download;

/// Installs, upgrades or removes packages of Debian and its kin.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(clippy::struct_excessive_bools)] // they are what users write
#[schemars(extend("x-exclusive" = [["deb", "name", "upgrade"]]))]
pub struct Args {
    /// The packages: `foo`, `foo=1.0`, `foo=1.*`, `foo>=1.0`, `foo*`, `foo:i386`; `*` with `state: latest` means all that are installed.
    #[serde(default, alias = "package", alias = "pkg")]
    #[schemars(extend("x-aliases" = ["package", "pkg"]))]
    pub name: Option<Vec<String>>,
    /// What should be so.
    #[serde(default)]
    pub state: State,
    /// Fetches the lists of packages first.
    #[serde(alias = "update-cache")]
    #[schemars(extend("x-aliases" = ["update-cache"]))]
    pub update_cache: Option<bool>,
    /// How often fetching the lists is tried.
    #[serde(default = "five")]
    pub update_cache_retries: u32,
    /// The longest time between two tries, in seconds; it doubles from one on.
    #[serde(default = "twelve")]
    pub update_cache_retry_max_delay: u64,
    /// The lists are fetched if they are older than so many seconds.
    #[serde(default)]
    pub cache_valid_time: u64,
    /// What is removed loses its files of configuration, too.
    #[serde(default)]
    pub purge: bool,
    /// The release whose versions come first (`-t`).
    #[serde(alias = "default-release")]
    #[schemars(extend("x-aliases" = ["default-release"]))]
    pub default_release: Option<String>,
    /// Whether what packages recommend is installed; by default as the system does.
    #[serde(alias = "install-recommends")]
    #[schemars(extend("x-aliases" = ["install-recommends"]))]
    pub install_recommends: Option<bool>,
    /// `--force-yes`: neither signatures nor downgrades are looked at.
    #[serde(default)]
    pub force: bool,
    /// Removes the packages that were fetched (`apt-get clean`), before anything else.
    #[serde(default)]
    pub clean: bool,
    /// Takes packages whose signature nobody knows.
    #[serde(default, alias = "allow-unauthenticated")]
    #[schemars(extend("x-aliases" = ["allow-unauthenticated"]))]
    pub allow_unauthenticated: bool,
    /// A version may be older than the installed one.
    #[serde(default, alias = "allow-downgrade", alias = "allow_downgrades", alias = "allow-downgrades")]
    #[schemars(extend("x-aliases" = ["allow-downgrade", "allow_downgrades", "allow-downgrades"]))]
    pub allow_downgrade: bool,
    /// Packages on hold may be changed.
    #[serde(default)]
    pub allow_change_held_packages: bool,
    /// Upgrades all that is installed: `yes` and `safe` remove nothing, `full` and `dist` may.
    #[serde(default)]
    pub upgrade: Upgrade,
    /// Options for dpkg, with commas between them.
    #[serde(default = "keep_configuration")]
    pub dpkg_options: String,
    /// Files of packages on the target, or where they are fetched from (with `://`); with commas between them.
    pub deb: Option<TargetPath>,
    /// Removes what no package needs any more; alone, or with what else is done.
    #[serde(default)]
    pub autoremove: bool,
    /// Removes fetched packages that can no longer be fetched.
    #[serde(default)]
    pub autoclean: bool,
    /// What `/usr/sbin/policy-rc.d` says while packages are changed; with 101 they start no service.
    pub policy_rc_d: Option<i32>,
    /// Only packages that are installed are upgraded.
    #[serde(default)]
    pub only_upgrade: bool,
    /// Fails if a package would have to be removed.
    #[serde(default)]
    pub fail_on_autoremove: bool,
    /// Takes `apt-get` for upgrades even where `aptitude` is there.
    #[serde(default)]
    pub force_apt_get: bool,
    /// Seconds to wait for another who changes packages.
    #[serde(default = "minute")]
    pub lock_timeout: u64,
    /// Taken and not needed: there are no dependencies.
    #[serde(default = "yes")]
    #[expect(dead_code, reason = "playbooks say it")]
    pub auto_install_module_deps: bool,
}

/// What should be so of packages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// They are not there.
    Absent,
    /// What is needed to build them is there.
    BuildDep,
    /// They are there, and what is broken is mended on the way (`--fix-broken`).
    Fixed,
    /// They are there in their newest version.
    Latest,
    /// They are there.
    #[default]
    Present,
}

/// How all packages are upgraded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Upgrade {
    /// `apt-get dist-upgrade`
    Dist,
    /// `aptitude full-upgrade`, or the same as `dist`
    Full,
    /// Not at all.
    #[default]
    No,
    /// The same as `yes`
    Safe,
    /// `aptitude safe-upgrade`, or `apt-get upgrade --with-new-pkgs`
    Yes,
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

fn minute() -> u64 {
    60
}

fn keep_configuration() -> String {
    "force-confdef,force-confold".to_owned()
}

pub(super) const SPEC: Spec = Spec {
    name: "apt",
    summary: "Installs, upgrades or removes packages of Debian and its kin.",
    free_form: None,
    open: false,
    on_resume: OnResume::Rerun,
    check: CheckMode::Full,
    schema: schema_of::<Args>,
};

/// The row of the table.
pub const MODULE: Module = Module { name: SPEC.name, run: |args, ctx| call(args, ctx, ensure) };

fn ensure(args: &Args, ctx: &mut Context<'_>) -> Answer {
    let apt = Apt::new(args, ctx)?;
    let all: Vec<&str> = args.name.iter().flatten().map(|name| name.trim()).collect();
    let names: Vec<&str> = all.iter().copied().filter(|name| *name != "*").collect();
    let nothing_else =
        args.name.as_ref().is_none_or(Vec::is_empty) && args.upgrade == Upgrade::No && args.deb.is_none();
    if args.clean {
        let outcome = apt.clean(ctx)?;
        if nothing_else {
            return Ok(outcome);
        }
    }
    let mut cache = cache::Cache { updated: false, time: cache::time(), warnings: Vec::new() };
    if args.update_cache == Some(true) || args.cache_valid_time > 0 {
        cache.renew(&apt, ctx)?;
        if nothing_else {
            return Ok(cache.told(Outcome::ok(cache.updated)));
        }
    }
    let warnings = std::mem::take(&mut cache.warnings);
    let mut outcome = work(&apt, &all, &names, &cache, ctx)?;
    outcome.warnings.splice(0..0, warnings);
    Ok(outcome)
}

fn work(apt: &Apt<'_>, all: &[&str], names: &[&str], cache: &cache::Cache, ctx: &mut Context<'_>) -> Answer {
    let args = apt.args;
    if args.upgrade != Upgrade::No {
        return apt.upgrade(args.upgrade, ctx);
    }
    if let Some(files) = &args.deb {
        if args.state != State::Present {
            return Err(Failure::new("deb only supports state=present"));
        }
        return deb::install(&files.expand(ctx).to_string_lossy(), apt, ctx);
    }
    if args.state == State::Latest && names.len() < all.len() {
        if !names.is_empty() {
            let words = "unable to install additional packages when upgrading all installed packages";
            return Err(Failure::new(words));
        }
        return apt.upgrade(Upgrade::Yes, ctx);
    }
    if let Some(wrong) = names.iter().find(|name| name.matches('=').count() > 1) {
        return Err(Failure::new(format!("invalid package spec: {wrong}")));
    }
    for (wanted, verb) in [(args.autoclean, "autoclean"), (args.autoremove, "autoremove")] {
        if names.is_empty() && wanted {
            return apt.tidy(verb, ctx);
        }
    }
    if args.state == State::Absent {
        return install::remove(names, apt, ctx);
    }
    install::install(names, apt, cache, ctx)
}
