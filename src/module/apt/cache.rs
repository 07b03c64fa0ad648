//! The lists of packages: how old they are, and how they are fetched.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, Instant};

use super::calls::{self, Apt};
use crate::module::{Context, Failure};
use crate::wire::Outcome;

/// What is touched when the lists were fetched, where the system is set up so, and where the lists are.
const SIGNS: [&str; 2] = ["/var/lib/apt/periodic/update-success-stamp", "/var/lib/apt/lists"];

/// What has become of the lists.
pub(super) struct Cache {
    /// They were fetched.
    pub updated: bool,
    /// When they were, in seconds since 1970; 0 if that is unknown.
    pub time: i64,
    /// What went wrong on the way.
    pub warnings: Vec<String>,
}

/// When the lists were fetched.
pub(super) fn time() -> i64 {
    SIGNS.iter().find_map(|path| fs::metadata(path).ok()).map_or(0, |found| found.mtime())
}

impl Cache {
    /// Fetches the lists if they are too old.
    pub(super) fn renew(&mut self, apt: &Apt<'_>, ctx: &mut Context<'_>) -> Result<(), Failure> {
        let valid = i64::try_from(apt.args.cache_valid_time).unwrap_or(i64::MAX);
        if self.time.saturating_add(valid) >= ctx.clock.now().0 / 1_000_000_000 {
            return Ok(());
        }
        if ctx.check() {
            self.updated = true;
            return Ok(());
        }
        let args = apt.args;
        let how = Fetching {
            retries: args.update_cache_retries,
            longest: args.update_cache_retry_max_delay,
            lock: args.lock_timeout,
        };
        how.fetch(&mut self.warnings, ctx)?;
        let now = time();
        self.updated = now != self.time;
        self.time = now;
        Ok(())
    }

    /// What playbooks read of it.
    pub(super) fn told(&self, outcome: Outcome) -> Outcome {
        outcome.with("cache_updated", self.updated).with("cache_update_time", self.time)
    }
}

/// How often fetching the lists is tried.
pub(in crate::module) struct Fetching {
    /// How often.
    pub retries: u32,
    /// The longest time between two tries, in seconds.
    pub longest: u64,
    /// Seconds to wait for another who fetches them.
    pub lock: u64,
}

impl Fetching {
    /// Fetches the lists. What goes wrong on the way is a warning; where that is all, the failure has them.
    pub(in crate::module) fn fetch(
        &self,
        warnings: &mut Vec<String>,
        ctx: &mut Context<'_>,
    ) -> Result<(), Failure> {
        let until = Instant::now() + Duration::from_secs(self.lock);
        let program = ctx.needed("apt-get")?;
        let mut error = "unknown reason".to_owned();
        let mut tries = 0;
        while tries < self.retries {
            // What cannot be fetched is an error, although older lists may be there.
            let words = [program.as_str(), "update", "-q", "-o", "APT::Update::Error-Mode=any"];
            let said = calls::tell(words, ctx)?;
            if said.well() {
                return Ok(());
            }
            error = complaints(&said.err);
            if said.err.contains("Could not get lock") {
                if Instant::now() >= until {
                    return Err(Failure::new(format!("Failed to lock apt for exclusive operation: {error}")));
                }
                ctx.sleep(1)?;
                continue;
            }
            tries += 1;
            warnings.push(format!("Failed to update cache after {tries} retries due to {error}, retrying"));
            let delay = 1_u64.checked_shl(tries - 1).unwrap_or(u64::MAX).min(self.longest);
            ctx.sleep(delay)?;
            warnings
                .push(format!("Sleeping for {delay} seconds, before attempting to refresh the cache again"));
        }
        let failed = Outcome::failed(format!("Failed to update apt cache after {tries} retries: {error}"));
        Err(Outcome { warnings: std::mem::take(warnings), ..failed }.into())
    }
}

/// The errors and warnings of what apt has said, in one line.
fn complaints(text: &str) -> String {
    let lines: Vec<&str> =
        text.lines().filter(|line| line.starts_with("E:") || line.starts_with("W:")).collect();
    if lines.is_empty() { text.trim().to_owned() } else { lines.join(", ") }
}
