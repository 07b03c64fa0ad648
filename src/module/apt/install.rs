//! Packages that should be there, and those that should not.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use super::State;
use super::cache::Cache;
use super::calls::{Apt, has_changed, outcome};
use super::known::{Known, all_names, providers};
use super::version::{Named, Wanted, compare};
use crate::module::{Answer, Context, Failure, glob};
use crate::wire::Outcome;

/// How a package stands to what is wanted of it.
#[derive(Debug, Default)]
struct Status {
    /// Some version is installed.
    installed: bool,
    /// A version is installed that is wanted.
    fits: bool,
    /// What could be installed instead.
    installable: Option<Installable>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Installable {
    Version(String),
    /// Apt knows what provides it.
    Provided,
}

/// Installs packages, or what is needed to build them.
pub(super) fn install(names: &[&str], apt: &Apt<'_>, cache: &Cache, ctx: &mut Context<'_>) -> Answer {
    let args = apt.args;
    let builds = args.state == State::BuildDep;
    let (expanded, known) = look(names, apt, ctx)?;
    let mut wanted: Vec<String> = Vec::new();
    let mut marked: Vec<&str> = Vec::new();
    let mut known = known;
    for text in &expanded {
        if builds {
            wanted.push(text.clone());
            continue;
        }
        let package = Named::parse(text);
        marked.push(package.name);
        let status = status(package, &mut known, apt, ctx)?;
        let word = word(text, package, status, apt);
        wanted.extend(word.map_err(|failure| cache.told(failure.into_outcome()))?);
    }
    let mut outcome = Outcome::ok(false);
    if !wanted.is_empty() {
        let verb = if builds { "build-dep" } else { "install" };
        let mut words = Vec::new();
        let flags = [
            (args.only_upgrade, "--only-upgrade"),
            (args.state == State::Fixed, "--fix-broken"),
            (args.force, "--force-yes"),
            (args.autoremove && !builds, "--auto-remove"),
            (args.fail_on_autoremove, "--no-remove"),
            (args.allow_unauthenticated, "--allow-unauthenticated"),
            (args.allow_downgrade, "--allow-downgrades"),
            (args.allow_change_held_packages, "--allow-change-held-packages"),
        ];
        words.extend(flags.iter().filter(|(given, _)| *given).map(|(_, word)| *word));
        words.extend(recommends(args.install_recommends));
        words.extend(args.default_release.as_deref().into_iter().flat_map(|release| ["-t", release]));
        words.push(verb);
        words.extend(wanted.iter().map(String::as_str));
        let (line, said) = apt.change(words, ctx)?;
        if !said.well() {
            let msg = format!("'{line}' failed: {}", said.err);
            return Err(cache.told(said.failure(msg).into_outcome()).into());
        }
        let changed = !builds || has_changed(&said);
        outcome = self::outcome(changed, said, ctx);
    }
    if !builds && !ctx.check() {
        outcome.warnings.extend(mark(&marked, ctx)?);
    }
    Ok(cache.told(outcome))
}

/// The option of apt-get for recommended packages.
pub(super) fn recommends(wanted: Option<bool>) -> Vec<&'static str> {
    match wanted {
        None => Vec::new(),
        Some(true) => vec!["-o", "APT::Install-Recommends=yes"],
        Some(false) => vec!["-o", "APT::Install-Recommends=no"],
    }
}

/// Names without patterns, and what is known about them.
fn look(names: &[&str], apt: &Apt<'_>, ctx: &mut Context<'_>) -> Result<(Vec<String>, Known), Failure> {
    let mut all = None;
    let mut expanded = Vec::new();
    for text in names {
        let pattern = Named::parse(text).name;
        if !pattern.contains(['*', '?', '[', ']', '!']) {
            expanded.push((*text).to_owned());
            continue;
        }
        let all = match &all {
            Some(all) => all,
            None => &*all.insert(all_names(ctx)?),
        };
        // Patterns without an architecture mean the machine's own.
        let (short, of) = pattern.split_once(':').map_or((pattern, None), |(name, of)| (name, Some(of)));
        let fitting = all.iter().filter(|name| glob::matches(short, name));
        let before = expanded.len();
        expanded.extend(fitting.map(|name| of.map_or(name.clone(), |of| format!("{name}:{of}"))));
        if expanded.len() == before {
            return Err(Failure::new(format!("No package(s) matching '{pattern}' available")));
        }
    }
    let short: BTreeSet<&str> = expanded.iter().map(|text| Named::parse(text).name).collect();
    let known =
        if apt.args.state == State::BuildDep { Known::default() } else { Known::about(&short, apt, ctx)? };
    Ok((expanded, known))
}

fn status(
    package: Named<'_>,
    known: &mut Known,
    apt: &Apt<'_>,
    ctx: &mut Context<'_>,
) -> Result<Status, Failure> {
    if known.available(package.name).is_none() && known.installed(package.name).version.is_none() {
        let others = providers(package.name, ctx)?;
        if others.is_empty() {
            return Err(Failure::new(format!("No package matching '{}' is available", package.name)));
        }
        // What is provided by one package that is there need not be installed.
        if let [only] = &others[..] {
            known.look(apt, [only.as_str()].into_iter(), ctx)?;
            let status = of_package(Named { name: only, ..package }, known);
            if status.installed {
                return Ok(status);
            }
        }
        return Ok(Status { installable: Some(Installable::Provided), ..Status::default() });
    }
    Ok(of_package(package, known))
}

fn of_package(package: Named<'_>, known: &Known) -> Status {
    let installed = known.installed(package.name).version;
    let available = known.available(package.name).cloned().unwrap_or_default();
    let fits = |version: &str| match package.version {
        Wanted::Any => true,
        Wanted::Like(pattern) => glob::matches(pattern, version),
        Wanted::AtLeast(least) => compare(version, least) != Ordering::Less,
    };
    let best = match package.version {
        // Asking for a version is stronger than any pin.
        Wanted::Like(_) => available.versions.into_iter().find(|version| fits(version)),
        _ => available.candidate,
    };
    match installed {
        None => Status { installable: best.map(Installable::Version), ..Status::default() },
        Some(version) => {
            let other = best.filter(|best| *best != version && fits(best));
            Status { installed: true, fits: fits(&version), installable: other.map(Installable::Version) }
        }
    }
}

/// What apt-get is told about a package; nothing where it is as it should be.
fn word(text: &str, package: Named<'_>, status: Status, apt: &Apt<'_>) -> Result<Option<String>, Failure> {
    let only_upgrade = apt.args.only_upgrade;
    if !status.installed && only_upgrade {
        return Ok(None);
    }
    let Some(installable) = status.installable else {
        if status.fits {
            return Ok(None);
        }
        let failed = Failure::new(format!("no available installation candidate for {text}"));
        return Err(failed);
    };
    let upgrades = apt.args.state == State::Latest;
    if !status.installed || upgrades || !status.fits {
        return Ok(Some(match (installable, package.version) {
            (Installable::Version(version), _) => format!("{}={version}", package.name),
            (Installable::Provided, Wanted::Like(version) | Wanted::AtLeast(version)) => {
                format!("{}={version}", package.name)
            }
            (Installable::Provided, Wanted::Any) => package.name.to_owned(),
        }));
    }
    // A pattern that fits what is there and something newer: apt-get gets it as it is, as with Ansible.
    Ok(match package.version {
        Wanted::Like(version) => Some(format!("{}={version}", package.name)),
        _ => None,
    })
}

/// Packages that a task names are not removed for being needed no more.
fn mark(names: &[&str], ctx: &mut Context<'_>) -> Result<Option<String>, Failure> {
    if names.is_empty() {
        return Ok(None);
    }
    let Some(program) = ctx.program("apt-mark") else {
        let words = "Could not find apt-mark binary, not marking package(s) as manually installed.";
        return Ok(Some(words.to_owned()));
    };
    let words = [program.as_str(), "manual"].into_iter().chain(names.iter().copied());
    let said = ctx.ask(words)?;
    if said.well() {
        return Ok(None);
    }
    let msg = format!("'{program} manual {}' failed: {}", names.join(" "), said.err);
    Err(said.failure(msg))
}

/// Removes packages.
pub(super) fn remove(names: &[&str], apt: &Apt<'_>, ctx: &mut Context<'_>) -> Answer {
    let args = apt.args;
    let (expanded, known) = look(names, apt, ctx)?;
    let is_there = |text: &&String| {
        let package = Named::parse(text);
        of_package(package, &known).fits || args.purge && known.installed(package.name).has_files
    };
    let unwanted: Vec<&str> = expanded.iter().filter(is_there).map(String::as_str).collect();
    if unwanted.is_empty() {
        return Ok(Outcome::ok(false));
    }
    let flags = [
        (args.purge, "--purge"),
        (args.force, "--force-yes"),
        (args.autoremove, "--auto-remove"),
        (args.allow_change_held_packages, "--allow-change-held-packages"),
    ];
    let flags = flags.iter().filter(|(given, _)| *given).map(|(_, word)| *word);
    let words = ["-q"].into_iter().chain(flags).chain(["remove"]).chain(unwanted.iter().copied());
    let (_, said) = apt.change(words, ctx)?;
    if !said.well() {
        let quoted: Vec<String> = unwanted.iter().map(|name| format!("'{name}'")).collect();
        let msg = format!("'apt-get remove {}' failed: {}", quoted.join(" "), said.err);
        return Err(said.failure(msg));
    }
    Ok(outcome(true, said, ctx))
}
