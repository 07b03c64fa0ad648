//! `zypper`: packages of SUSE and openSUSE, by `zypper`. No Python is needed. Its page is run with the
//! real one, its cases with a program that answers as it does.
//!
//! Gives `name`, `state`, `update_cache`, `rc`, `cmd`, and `stdout` and `stderr` when something changed.

mod answer;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::answer::{Answered, Solvable};
use super::programs::Said;
use super::{Answer, Context, Failure, Module, call, difference};
use crate::base::spec::{CheckMode, OnResume, Spec, schema_of};
use crate::base::{Map, Value};
use crate::wire::Outcome;

/// Installs, upgrades or removes packages, patches and patterns by zypper, on a system whose root cannot be written by
/// `transactional-update`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(clippy::struct_excessive_bools, clippy::struct_field_names)] // they are what users write
pub struct Args {
    /// The packages: names, perhaps with a version (`name>=1.2`), or with `-` or `~` in front, which means that they go, and `+`; files
    /// and addresses. `*` with `latest` or `dist-upgrade` means all.
    #[serde(alias = "pkg")]
    #[schemars(extend("x-aliases" = ["pkg"]))]
    pub name: Vec<String>,
    /// What should be so.
    #[serde(default)]
    pub state: State,
    /// What the names are names of.
    #[serde(default, rename = "type")]
    pub kind: Kind,
    /// Options before the word of what to do, in one line.
    pub extra_args_precommand: Option<String>,
    /// Signatures do not count.
    #[serde(default)]
    pub disable_gpg_check: bool,
    /// Keys of sources are taken as they come.
    #[serde(default)]
    pub auto_import_keys: bool,
    /// What packages recommend is not installed.
    #[serde(default = "yes")]
    pub disable_recommends: bool,
    /// Also what is older, of another vendor or for another kind of machine.
    #[serde(default)]
    pub force: bool,
    /// What is in the way may be removed.
    #[serde(default)]
    pub force_resolution: bool,
    /// Fetches the lists of packages first.
    #[serde(default, alias = "refresh")]
    #[schemars(extend("x-aliases" = ["refresh"]))]
    pub update_cache: bool,
    /// A version may be older than the installed one; a version in a name says so by itself.
    #[serde(default)]
    pub oldpackage: bool,
    /// Options behind the word of what to do, in one line.
    pub extra_args: Option<String>,
    /// With `dist-upgrade`: packages may come from another vendor.
    #[serde(default)]
    pub allow_vendor_change: bool,
    /// Files of other packages may be replaced.
    #[serde(default)]
    pub replacefiles: bool,
    /// Removes also what no package needs any more.
    #[serde(default)]
    pub clean_deps: bool,
    /// Gives only zypper's messages as `stdout`.
    #[serde(default)]
    pub simple_errors: bool,
    /// Whether zypper says less.
    #[serde(default = "yes")]
    pub quiet: bool,
    /// A script of a package that fails does not count.
    #[serde(default)]
    pub skip_post_errors: bool,
}

/// What should be so of packages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// They are not there.
    Absent,
    /// The same as `present`
    Installed,
    /// They are there in their newest version.
    Latest,
    /// They are there.
    #[default]
    Present,
    /// The same as `absent`
    Removed,
    /// With the name `*`: the whole system is that of its sources.
    DistUpgrade,
}

/// What names are names of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Packages
    #[default]
    Package,
    /// Patches
    Patch,
    /// Patterns
    Pattern,
    /// Products
    Product,
    /// Packages of sources
    Srcpackage,
    /// Applications
    Application,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::Package => "package",
            Self::Patch => "patch",
            Self::Pattern => "pattern",
            Self::Product => "product",
            Self::Srcpackage => "srcpackage",
            Self::Application => "application",
        }
    }
}

impl State {
    fn word(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Installed => "installed",
            Self::Latest => "latest",
            Self::Present => "present",
            Self::Removed => "removed",
            Self::DistUpgrade => "dist-upgrade",
        }
    }
}

fn yes() -> bool {
    true
}

pub(super) const SPEC: Spec = Spec {
    name: "zypper",
    summary: "Installs, upgrades or removes packages by zypper.",
    free_form: None,
    open: false,
    on_resume: OnResume::Rerun,
    check: CheckMode::Full,
    schema: schema_of::<Args>,
};

/// The row of the table.
pub const MODULE: Module = Module { name: SPEC.name, run: |args, ctx| call(args, ctx, ensure) };

/// A package as a task names it.
struct Wanted {
    /// With `-` in front it goes.
    goes: bool,
    signed: bool,
    name: String,
    version: String,
}

/// What zypper did, or nothing.
struct Done {
    solvables: Vec<Solvable>,
    cmd: Option<Vec<String>>,
    said: Said,
}

struct Zypper<'a> {
    args: &'a Args,
    program: Vec<String>,
    older: bool,
}

fn ensure(args: &Args, ctx: &mut Context<'_>) -> Answer {
    let names: Vec<&str> = args.name.iter().map(String::as_str).filter(|name| !name.is_empty()).collect();
    let (wanted, places) = read(&names);
    let mut program = Vec::new();
    if is_transactional() {
        program.push(ctx.needed("transactional-update")?);
        program.extend(["--continue", "--drop-if-no-change", "--quiet", "run"].map(str::to_owned));
    }
    program.push(ctx.needed("zypper")?);
    let older = args.oldpackage || wanted.iter().any(|one| !one.version.is_empty());
    let zypper = Zypper { args, program, older };
    if args.update_cache && !ctx.check() {
        zypper.run("refresh", &[], ctx)?;
    }
    let all = names == ["*"];
    let done = match args.state {
        State::Latest | State::DistUpgrade if all => zypper.upgrade(ctx)?,
        State::DistUpgrade => return Err(Failure::new("Can not dist-upgrade specific packages.")),
        State::Absent | State::Removed => zypper.remove(&wanted, &places, ctx)?,
        State::Latest | State::Installed | State::Present => zypper.install(wanted, &places, ctx)?,
    };
    let well = matches!(done.said.rc, 0 | 102);
    let mut outcome = Outcome::ok(well && !done.solvables.is_empty())
        .with("name", Value::list(names.iter().map(|name| Value::from(*name)).collect()))
        .with("state", args.state.word())
        .with("update_cache", args.update_cache)
        .with("rc", i64::from(done.said.rc));
    if let Some(cmd) = &done.cmd {
        outcome.values.insert("cmd", cmd.clone());
    }
    if ctx.diff() {
        let shown = answer::shown(&done.solvables);
        difference::tell_one(&mut outcome, Map::from_iter([("prepared", shown)]).into());
    }
    if !well {
        let failure = done.said.failure("Zypper run failed.");
        return Err(failure.with("cmd", done.cmd.unwrap_or_default()));
    }
    if outcome.changed {
        outcome.values.insert("stdout", done.said.out);
        outcome.values.insert("stderr", done.said.err);
    }
    Ok(outcome)
}

impl Zypper<'_> {
    /// What there is to do about packages that should be there.
    fn install(
        &self,
        mut wanted: Vec<Wanted>,
        places: &[&str],
        ctx: &mut Context<'_>,
    ) -> Result<Done, Failure> {
        if self.args.state != State::Latest {
            let plain: Vec<&str> =
                wanted.iter().filter(|one| one.version.is_empty()).map(|one| one.name.as_str()).collect();
            let there = self.installed(&plain, ctx)?;
            let is_there =
                |one: &Wanted| one.version.is_empty() && there.iter().any(|found| found.name == one.name);
            // One with a version is zypper's to decide.
            wanted.retain(|one| one.goes == is_there(one));
        }
        if wanted.is_empty() && places.is_empty() {
            return Ok(Done::nothing());
        }
        let named = |one: &Wanted| format!("{}{}{}", if one.goes { "-" } else { "+" }, one.name, one.version);
        let named: Vec<String> = wanted.iter().map(named).collect();
        // In one call, so that one package can take the place of another.
        let words: Vec<&str> = ["--"]
            .into_iter()
            .chain(places.iter().copied())
            .chain(named.iter().map(String::as_str))
            .collect();
        self.run("install", &words, ctx)
    }

    fn remove(&self, wanted: &[Wanted], places: &[&str], ctx: &mut Context<'_>) -> Result<Done, Failure> {
        if wanted.iter().any(|one| one.signed && !one.goes) {
            return Err(Failure::new("Can not combine '+' prefix with state=remove/absent."));
        }
        if !places.is_empty() {
            return Err(Failure::new("Can not remove via URL."));
        }
        if self.args.kind == Kind::Patch {
            return Err(Failure::new("Can not remove patches."));
        }
        let names: Vec<&str> = wanted.iter().map(|one| one.name.as_str()).collect();
        let there = self.installed(&names, ctx)?;
        let there = wanted.iter().filter(|one| there.iter().any(|found| found.name == one.name));
        let unwanted: Vec<String> = there.map(|one| format!("{}{}", one.name, one.version)).collect();
        if unwanted.is_empty() {
            return Ok(Done::nothing());
        }
        self.run("remove", &unwanted.iter().map(String::as_str).collect::<Vec<_>>(), ctx)
    }

    fn upgrade(&self, ctx: &mut Context<'_>) -> Result<Done, Failure> {
        let verb = match (self.args.kind, self.args.state) {
            (Kind::Patch, _) => "patch",
            (_, State::DistUpgrade) => "dist-upgrade",
            _ => "update",
        };
        self.run(verb, &[], ctx)
    }

    fn installed(&self, names: &[&str], ctx: &mut Context<'_>) -> Result<Vec<Solvable>, Failure> {
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let mut words = vec!["--match-exact", "--details", "--installed-only"];
        words.extend(names);
        Ok(self.run("search", &words, ctx)?.solvables)
    }

    /// The whole line.
    fn line(&self, verb: &str, words: &[&str], ctx: &Context<'_>) -> Vec<String> {
        let args = self.args;
        let installs = matches!(verb, "install" | "update" | "patch" | "dist-upgrade");
        let mut line = self.program.clone();
        let mut add = |condition: bool, option: &str| {
            if condition {
                line.push(option.to_owned());
            }
        };
        add(true, "--non-interactive");
        add(true, "--xmlout");
        add(args.quiet, "--quiet");
        for word in args.extra_args_precommand.iter().flat_map(|text| text.split_whitespace()) {
            add(true, word);
        }
        add((installs || verb == "refresh") && args.disable_gpg_check, "--no-gpg-checks");
        add(installs && args.auto_import_keys, "--gpg-auto-import-keys");
        add(verb == "search", "--disable-repositories");
        add(true, verb);
        if !matches!(verb, "patch" | "dist-upgrade" | "refresh") {
            add(true, "--type");
            add(true, args.kind.word());
        }
        add(ctx.check() && verb != "search", "--dry-run");
        add(installs, "--auto-agree-with-licenses");
        add(installs && args.disable_recommends, "--no-recommends");
        add(installs && args.force, "--force");
        add(installs && args.force_resolution, "--force-resolution");
        add(installs && self.older, "--oldpackage");
        add(installs && args.replacefiles, "--replacefiles");
        add(verb == "remove" && args.clean_deps, "--clean-deps");
        add(verb == "dist-upgrade" && args.allow_vendor_change, "--allow-vendor-change");
        for word in
            args.extra_args.iter().flat_map(|text| text.split_whitespace()).chain(words.iter().copied())
        {
            add(true, word);
        }
        line
    }

    /// Calls zypper; a second time where it replaced itself.
    fn run(&self, verb: &str, words: &[&str], ctx: &mut Context<'_>) -> Result<Done, Failure> {
        let line = self.line(verb, words, ctx);
        let mut solvables: Vec<Solvable> = Vec::new();
        for is_first in [true, false] {
            let command = super::Command { lasting: true, ..super::Command::new(&line) };
            let mut said = ctx.ask_with(command)?;
            let failed = |said: Said, msg: String| Err(said.failure(msg).with("cmd", line.clone()));
            let answered = match Answered::read(&said.out) {
                Ok(answered) => answered,
                Err(why) => return failed(said, format!("Failed to parse zypper xml output: {why}")),
            };
            if self.args.simple_errors && !answered.messages.is_empty() && said.rc != 104 {
                said.out = answered.messages.join(" \n");
            }
            match said.rc {
                // Nothing of that name.
                104 if verb == "search" => {
                    return Ok(Done { solvables, cmd: Some(line), said: Said::default() });
                }
                104 => {
                    let msg = answered.messages.last().cloned().unwrap_or_default();
                    return failed(said, msg);
                }
                0 | 102 | 103 | 106 | 107 => {}
                rc => return failed(said, format!("Zypper run command failed with return code {rc}.")),
            }
            for found in answered.solvables {
                solvables.retain(|known| known.name != found.name);
                solvables.push(found);
            }
            let again = said.rc == 103 || said.rc == 107 && self.args.skip_post_errors;
            if !(again && is_first) {
                return Ok(Done { solvables, cmd: Some(line), said });
            }
        }
        Ok(Done::nothing())
    }
}

impl Done {
    fn nothing() -> Self {
        Self { solvables: Vec::new(), cmd: None, said: Said::default() }
    }
}

/// Packages by name, and files and addresses.
fn read<'a>(names: &[&'a str]) -> (Vec<Wanted>, Vec<&'a str>) {
    let is_place = |name: &&&str| {
        name.contains("://") || std::path::Path::new(name).extension().is_some_and(|ending| ending == "rpm")
    };
    let places = names.iter().filter(is_place).copied().collect();
    let packages = names.iter().filter(|name| !is_place(name)).map(|name| {
        let bare = name.trim_start_matches(['-', '~', '+']);
        let signed = bare.len() < name.len();
        let end = bare.find(['<', '>', '=']).unwrap_or(bare.len());
        let (name_of, version) = bare.split_at(end);
        Wanted {
            goes: signed && !name.starts_with('+'),
            signed,
            name: name_of.to_owned(),
            version: version.to_owned(),
        }
    });
    (packages.collect(), places)
}

/// Whether the root is that of a system that is changed only for its next start.
fn is_transactional() -> bool {
    let is_so = |line: &str| {
        let fields: Vec<&str> = line.split(' ').collect();
        matches!(fields[..], [_, "/", "btrfs", options, ..] if options.split(',').any(|option| option == "ro"))
    };
    std::path::Path::new("/usr/sbin/transactional-update").exists()
        && std::fs::read_to_string("/proc/mounts").is_ok_and(|mounts| mounts.lines().any(is_so))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_apart() {
        let (packages, places) = read(&["a>=1.2", "-b", "+c=3", "d-e", "https://x/y.rpm", "/z.rpm"]);
        let seen: Vec<_> = packages.iter().map(|p| (p.goes, p.name.as_str(), p.version.as_str())).collect();
        assert_eq!(seen, [(false, "a", ">=1.2"), (true, "b", ""), (false, "c", "=3"), (false, "d-e", "")]);
        assert_eq!(places, ["https://x/y.rpm", "/z.rpm"]);
    }
}
