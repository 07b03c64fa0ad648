//! The SELinux label of a file: four words, each of which may be wanted. Where SELinux is not enabled nothing is done, as with
//! Ansible.

use std::path::Path;

use crate::module::Context;
use crate::module::failure::{Doing, Failure};
use crate::module::process::Command;

const LABEL: &str = "security.selinux";

/// Whether the kernel labels files.
pub fn is_enabled() -> bool {
    Path::new("/sys/fs/selinux/enforce").exists()
}

/// The words that are wanted: user, role, type and level; what is `None` stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted(pub [Option<String>; 4]);

impl Wanted {
    /// The words for a path. `_default` means the word that the policy has for it.
    pub fn of(words: [Option<&str>; 4], path: &Path, ctx: &mut Context<'_>) -> Option<Self> {
        if words.iter().all(Option::is_none) || !is_enabled() {
            return None;
        }
        let by_policy = if words.contains(&Some("_default")) { policy(path, ctx) } else { None };
        let by_policy = split(by_policy.as_deref().unwrap_or_default());
        let mut wanted = words.map(|word| word.map(str::to_owned));
        for (word, default) in wanted.iter_mut().zip(by_policy) {
            if word.as_deref() == Some("_default") {
                *word = default;
            }
        }
        Some(Self(wanted))
    }

    /// The label that a file gets that has `current`.
    fn on(&self, current: &str) -> String {
        let pairs = self.0.iter().zip(split(current));
        let words: Vec<String> = pairs
            .filter_map(|(wanted, there)| wanted.clone().filter(|_| there.is_some()).or(there))
            .collect();
        words.join(":")
    }

    /// Sets it, unless `check`; what it was and is, where that differs.
    pub fn apply(&self, path: &Path, check: bool) -> Result<Option<(String, String)>, Failure> {
        let Some(current) = label(path) else { return Ok(None) };
        let wanted = self.on(&current);
        if wanted == current {
            return Ok(None);
        }
        if !check {
            let bytes = [wanted.as_bytes(), b"\0"].concat();
            rustix::fs::lsetxattr(path, LABEL, &bytes, rustix::fs::XattrFlags::empty())
                .doing("set the SELinux context of", path)?;
        }
        Ok(Some((current, wanted)))
    }
}

/// User, role, type and level; the level has colons of its own, and is not there without MLS.
fn split(label: &str) -> [Option<String>; 4] {
    let mut words = label.splitn(4, ':').filter(|word| !word.is_empty()).map(str::to_owned);
    std::array::from_fn(|_| words.next())
}

/// The label of a file, links not followed.
pub fn label(path: &Path) -> Option<String> {
    let mut buffer = vec![0; 4096];
    let length = rustix::fs::lgetxattr(path, LABEL, &mut buffer[..]).ok()?;
    let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
    Some(text.trim_end_matches('\0').to_owned())
}

/// What the policy has for a path: what `matchpathcon -n` says.
fn policy(path: &Path, ctx: &mut Context<'_>) -> Option<String> {
    let argv = ["matchpathcon".into(), "-n".into(), path.as_os_str().to_owned()];
    let done = ctx.run(&Command { quiet: true, ..Command::new(argv) }).ok()?;
    done.status.success().then(|| String::from_utf8_lossy(&done.stdout).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wanted_words_replace_those_of_a_label() {
        let wanted = |words: [Option<&str>; 4]| Wanted(words.map(|w| w.map(str::to_owned)));
        let there = "system_u:object_r:tmp_t:s0:c1";
        assert_eq!(wanted([None, None, Some("etc_t"), None]).on(there), "system_u:object_r:etc_t:s0:c1");
        assert_eq!(wanted([Some("u"), Some("r"), None, Some("s0")]).on(there), "u:r:tmp_t:s0");
        // Without MLS there is no level to be set.
        assert_eq!(wanted([None, None, None, Some("s0")]).on("u:r:t"), "u:r:t");
    }
}
