//! The version that is wanted becomes what the working tree has.

use super::super::Context;
use super::super::failure::Failure;
use super::repository::Git;

impl Git<'_> {
    /// Checks the version out.
    pub fn switch(&self, ctx: &mut Context<'_>) -> Result<(), Failure> {
        let (remote, version) = (self.args.remote.as_str(), self.args.version.as_str());
        if version == "HEAD" {
            let branch = self.needed_branch(ctx)?;
            let failed = format!("Failed to checkout branch {branch}");
            self.try_to(&["checkout", "--force", &branch], &failed, false, ctx)?;
            // The two dashes: a file may have the same name.
            self.try_to(&["reset", "--hard", &format!("{remote}/{branch}"), "--"], &failed, true, ctx)?;
        } else if self.is_branch(remote, version, ctx)? {
            let depth = self.depth();
            if let Some(depth) = depth.filter(|_| !matches!(self.is_local_branch(version, ctx), Ok(true))) {
                self.fetch_branch(&depth, ctx)?;
            }
            let theirs = format!("{remote}/{version}");
            let failed = format!("Failed to checkout {version}");
            if self.is_local_branch(version, ctx)? {
                let failed_branch = format!("Failed to checkout branch {version}");
                self.try_to(&["checkout", "--force", version], &failed_branch, false, ctx)?;
                self.try_to(&["reset", "--hard", &theirs], &failed, true, ctx)?;
            } else {
                self.try_to(&["checkout", "--track", "-b", version, &theirs], &failed, true, ctx)?;
            }
        } else {
            self.try_to(
                &["checkout", "--force", version],
                &format!("Failed to checkout {version}"),
                true,
                ctx,
            )?;
        }
        if self.args.verify_commit {
            self.verify(ctx)?;
        }
        Ok(())
    }

    fn try_to(
        &self,
        line: &[&str],
        failed: &str,
        tell_line: bool,
        ctx: &mut Context<'_>,
    ) -> Result<(), Failure> {
        let said = self.ask(line, ctx)?;
        if said.well() {
            return Ok(());
        }
        let failure = self.failure(said, failed.to_owned());
        let words = ["git"].iter().chain(line).copied().collect::<Vec<_>>().join(" ");
        Err(if tell_line { failure.with("cmd", words) } else { failure })
    }

    /// A shallow clone knows one branch; this is another one.
    fn fetch_branch(&self, depth: &str, ctx: &mut Context<'_>) -> Result<(), Failure> {
        let (remote, version) = (self.args.remote.as_str(), self.args.version.as_str());
        let own = format!("+refs/heads/{version}:refs/heads/{version}");
        let theirs = format!("+refs/heads/{version}:refs/remotes/{remote}/{version}");
        let said = self.ask(&["fetch", &format!("--depth={depth}"), remote, &own, &theirs], ctx)?;
        if said.well() {
            return Ok(());
        }
        let msg = format!("Failed to fetch branch from remote: {version}");
        Err(self.failure(said, msg))
    }

    /// Checks who signed the commit or tag.
    pub fn verify(&self, ctx: &mut Context<'_>) -> Result<(), Failure> {
        let version = self.args.version.as_str();
        let said =
            self.ask(&["for-each-ref", "refs/tags/", "--format", "%(objecttype):%(refname:short)"], ctx)?;
        if !said.well() {
            let msg = format!("Could not determine tag data - received {}", said.out);
            return Err(self.failure(said, msg));
        }
        let is_tag = said.out.lines().any(|line| line.trim().strip_prefix("tag:") == Some(version));
        let mut line = vec![if is_tag { "verify-tag" } else { "verify-commit" }, version];
        let trusted = &self.args.gpg_allowlist;
        if !trusted.is_empty() {
            line.push("--raw");
        }
        let said = self.ask(&line, ctx)?;
        if !said.well() {
            let msg = format!("Failed to verify GPG signature of commit/tag \"{version}\"");
            return Err(self.failure(said, msg));
        }
        let key = fingerprint(&said.err).unwrap_or_default();
        if trusted.is_empty() || trusted.contains(&key) {
            return Ok(());
        }
        let msg = format!("The gpg_allowlist does not include the public key \"{key}\" for this commit");
        Err(self.failure(said, msg))
    }
}

/// The fingerprint of the primary key in what gpg reports: the last field, where the key that signed is another one.
fn fingerprint(status: &str) -> Option<String> {
    let words = status.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let signed = words.into_iter().find(|words| words.get(1) == Some(&"VALIDSIG"))?;
    signed.get(11).or_else(|| signed.get(2)).map(|key| (*key).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_the_primary_one() {
        let line = "[GNUPG:] NEWSIG\n[GNUPG:] VALIDSIG SUB 2021-01-01 1 0 4 0 1 10 00 PRIMARY\n";
        assert_eq!(fingerprint(line).as_deref(), Some("PRIMARY"));
        assert_eq!(fingerprint("[GNUPG:] VALIDSIG SUB 2021-01-01").as_deref(), Some("SUB"));
        assert_eq!(fingerprint("gpg: no"), None);
    }
}
