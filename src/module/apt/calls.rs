//! Calls of `apt-get` and its kin, and what they say.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::{Args, Upgrade};
use crate::base::Map;
use crate::module::failure::Doing;
use crate::module::process::Command;
use crate::module::programs::Said;
use crate::module::{Answer, Context, Failure, difference};
use crate::wire::Outcome;

/// What apt-get says when there was nothing to do.
const NOTHING: &str = "\n0 upgraded, 0 newly installed, 0 to remove";
/// The same by aptitude.
const NOTHING_APTITUDE: &str = "\n0 packages upgraded, 0 newly installed, 0 to remove";
/// What packages ask before they start a service.
const POLICY: &str = "/usr/sbin/policy-rc.d";

/// The programs and what every call of them is told.
pub(super) struct Apt<'a> {
    pub args: &'a Args,
    get: String,
    aptitude: Option<String>,
}

impl<'a> Apt<'a> {
    pub(super) fn new(args: &'a Args, ctx: &Context<'_>) -> Result<Self, Failure> {
        let aptitude = if args.force_apt_get { None } else { ctx.program("aptitude") };
        Ok(Self { args, get: ctx.needed("apt-get")?, aptitude })
    }

    /// Calls `apt-get` with nothing else.
    pub(super) fn ask(&self, words: &[&str], ctx: &mut Context<'_>) -> Result<Said, Failure> {
        tell([self.get.as_str()].into_iter().chain(words.iter().copied()), ctx)
    }

    /// Options of dpkg and how long to wait for others.
    fn options(&self) -> Vec<String> {
        let dpkg = self.args.dpkg_options.split(',').filter(|word| !word.is_empty());
        let options = dpkg.flat_map(|word| ["-o".to_owned(), format!("Dpkg::Options::=--{word}")]);
        options.chain(["-o".to_owned(), format!("DPkg::Lock::Timeout={}", self.args.lock_timeout)]).collect()
    }

    /// Changes packages: calls `apt-get -y` with these words behind the options, under `--check` only as a simulation. Gives
    /// the command line, for failures.
    pub(super) fn change<'b>(
        &self,
        words: impl IntoIterator<Item = &'b str>,
        ctx: &mut Context<'_>,
    ) -> Result<(String, Said), Failure> {
        self.change_by(&self.get, words, ctx)
    }

    fn change_by<'b>(
        &self,
        program: &str,
        words: impl IntoIterator<Item = &'b str>,
        ctx: &mut Context<'_>,
    ) -> Result<(String, Said), Failure> {
        let mut line = vec![program.to_owned(), "-y".to_owned()];
        line.extend(self.options());
        line.extend(ctx.check().then(|| "--simulate".to_owned()));
        line.extend(words.into_iter().map(str::to_owned));
        let call = |ctx: &mut Context<'_>| tell(line.iter().map(String::as_str), ctx);
        let said = match self.args.policy_rc_d.filter(|_| !ctx.check()) {
            None => call(ctx)?,
            Some(code) => with_policy(code, || call(ctx))?,
        };
        Ok((line.join(" "), said))
    }

    /// `apt-get clean`
    pub(super) fn clean(&self, ctx: &mut Context<'_>) -> Answer {
        let said = if ctx.check() { Said::default() } else { self.ask(&["clean"], ctx)? };
        if !said.well() || !said.err.is_empty() {
            let why = if said.err.is_empty() { String::new() } else { format!(": {}", said.err) };
            return Err(said.failure(format!("apt-get clean failed{why}")));
        }
        let outcome = outcome(true, said, ctx);
        let msg = outcome.values.get("stdout").map(ToString::to_string);
        Ok(Outcome { msg, ..outcome })
    }

    /// `apt-get autoclean` or `autoremove`, which are what the task is about.
    pub(super) fn tidy(&self, verb: &str, ctx: &mut Context<'_>) -> Answer {
        let flags = [(self.args.purge, "--purge"), (self.args.force, "--force-yes")];
        let words = flags.iter().filter(|(wanted, _)| *wanted).map(|(_, word)| *word).chain([verb]);
        let (_, said) = self.change(words, ctx)?;
        if !said.well() {
            let msg = format!("'apt-get {verb}' failed: {}", said.err);
            return Err(said.failure(msg));
        }
        let sign = if verb == "autoclean" { "Del " } else { "The following packages will be REMOVED" };
        Ok(outcome(said.out.contains(sign), said, ctx))
    }

    /// Upgrades all packages.
    pub(super) fn upgrade(&self, mode: Upgrade, ctx: &mut Context<'_>) -> Answer {
        let args = self.args;
        let mut words = Vec::new();
        let mut warnings = Vec::new();
        let aptitude = self.aptitude.as_ref().filter(|_| mode != Upgrade::Dist);
        if aptitude.is_some() {
            for (given, option, argument) in [
                (args.fail_on_autoremove, "--no-remove", "fail_on_autoremove"),
                (args.allow_downgrade, "--allow-downgrades", "allow_downgrade"),
            ] {
                let words =
                    format!("APTITUDE does not support '{option}', ignoring the '{argument}' parameter.");
                warnings.extend(given.then_some(words));
            }
            words.extend(args.force.then_some("--allow-untrusted"));
        } else {
            words.extend(args.force.then_some("--force-yes"));
            words.extend(args.fail_on_autoremove.then_some("--no-remove"));
            words.extend(args.allow_downgrade.then_some("--allow-downgrades"));
        }
        words.extend(args.allow_unauthenticated.then_some("--allow-unauthenticated"));
        let full = matches!(mode, Upgrade::Dist | Upgrade::Full);
        words.extend(match (aptitude.is_some(), full) {
            (true, true) => &["full-upgrade"][..],
            (true, false) => &["safe-upgrade"],
            (false, true) => &["dist-upgrade"],
            (false, false) => &["upgrade", "--with-new-pkgs"],
        });
        words.extend((args.autoremove && aptitude.is_none()).then_some("--auto-remove"));
        words.extend(args.default_release.as_deref().into_iter().flat_map(|release| ["-t", release]));
        let (line, said) = self.change_by(aptitude.unwrap_or(&self.get), words, ctx)?;
        if !said.well() {
            let msg = format!("'{line}' failed: {}", said.err);
            return Err(said.failure(msg));
        }
        let nothing = said.out.contains(if aptitude.is_some() { NOTHING_APTITUDE } else { NOTHING });
        let mut outcome = outcome(!nothing, said, ctx);
        outcome.msg = outcome.values.get("stdout").map(ToString::to_string);
        outcome.warnings = warnings;
        Ok(outcome)
    }
}

/// Calls a program that packages are changed by. Services that they start outlive the run, and nobody is asked anything.
pub(super) fn tell<'b>(
    words: impl IntoIterator<Item = &'b str>,
    ctx: &mut Context<'_>,
) -> Result<Said, Failure> {
    let quiet = [("DEBIAN_FRONTEND", "noninteractive"), ("DEBIAN_PRIORITY", "critical")];
    let environment = quiet.map(|(name, value)| (name.into(), value.into())).to_vec();
    ctx.ask_with(Command { environment, lasting: true, ..Command::new(words) })
}

/// What was done, as playbooks read it.
pub(super) fn outcome(changed: bool, said: Said, ctx: &Context<'_>) -> Outcome {
    let mut outcome = Outcome::ok(changed).with("diff", Map::new());
    if ctx.diff() {
        let told = Map::from_iter([("prepared", prepared(&said.out))]);
        difference::tell_one(&mut outcome, told.into());
    }
    outcome.with("stdout", said.out).with("stderr", said.err)
}

/// Whether apt-get had something to do.
pub(super) fn has_changed(said: &Said) -> bool {
    !said.out.contains(NOTHING)
}

/// What apt-get says that it will do.
fn prepared(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let begin = lines.iter().position(|line| *line == "Reading state information...").map_or(0, |at| at + 1);
    let counts = |line: &&str| {
        let rest = line.trim_start_matches(|c: char| c.is_ascii_digit());
        rest.len() < line.len()
            && rest
                .strip_prefix(' ')
                .is_some_and(|rest| rest.strip_prefix("packages ").unwrap_or(rest).starts_with("upgraded"))
    };
    let end = lines.iter().position(counts).map_or(lines.len(), |at| at + 1);
    lines.get(begin..end).unwrap_or_default().join("\n")
}

/// Has packages get this answer when they ask whether a service may be started; what was there before is put back.
fn with_policy<T>(code: i32, work: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    let policy = Path::new(POLICY);
    let aside = policy.with_extension("d.benchbook");
    let was_there = policy.symlink_metadata().is_ok();
    if was_there {
        fs::rename(policy, &aside).doing("move aside", policy)?;
    }
    let written = fs::write(policy, format!("#!/bin/sh\nexit {code}\n"))
        .and_then(|()| fs::set_permissions(policy, fs::Permissions::from_mode(0o755)))
        .doing("write", policy);
    let done = written.and_then(|()| work());
    if was_there {
        fs::rename(&aside, policy).doing("put back", policy)?;
    } else {
        fs::remove_file(policy).doing("remove", policy)?;
    }
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_prepared_ends_with_the_counts() {
        let text = "Reading package lists...\nReading state information...\nThe following NEW packages will be installed:\n  hello\n\
                    0 upgraded, 1 newly installed, 0 to remove and 5 not upgraded.\nInst hello\n";
        let wanted = "The following NEW packages will be installed:\n  hello\n\
                      0 upgraded, 1 newly installed, 0 to remove and 5 not upgraded.";
        assert_eq!(prepared(text), wanted);
        assert_eq!(prepared("2 packages upgraded\nx"), "2 packages upgraded");
        assert_eq!(prepared("nothing"), "nothing");
    }
}
