//! Submodules of a clone.

use std::collections::BTreeMap;
use std::path::Path;

use super::super::Context;
use super::super::failure::{Doing, Failure};
use super::repository::Git;

const LIST: &str = ".gitmodules";

impl Git<'_> {
    /// Fetches what submodules need, and says whether one of them is not what it should be.
    pub fn fetch_submodules(&self, dest: &Path, ctx: &mut Context<'_>) -> Result<bool, Failure> {
        let list = dest.join(LIST);
        if !list.exists() {
            return Ok(false);
        }
        let text = std::fs::read_to_string(&list).doing("read", &list)?;
        let mut paths = text
            .lines()
            .filter(|line| line.trim().starts_with("path"))
            .filter_map(|line| line.split_once('='));
        if paths.any(|(_, path)| !dest.join(path.trim()).join(".git").exists()) {
            return Ok(true);
        }
        let before = self.submodule_commits("HEAD", ctx)?;
        self.must(&["submodule", "foreach", "git", "fetch"], ctx)?;
        if self.args.track_submodules {
            return Ok(before != self.submodule_commits(&format!("{}/master", self.args.remote), ctx)?);
        }
        let said = self.must(&["submodule", "status"], ctx)?;
        Ok(said.out.lines().any(|line| !line.starts_with(' ')))
    }

    /// Makes submodules what they should be.
    pub fn update_submodules(&self, dest: &Path, ctx: &mut Context<'_>) -> Result<(), Failure> {
        if !dest.join(LIST).exists() {
            return Ok(());
        }
        self.must(&["submodule", "sync"], ctx)?;
        let mut line = vec!["submodule", "update", "--init", "--recursive"];
        if self.args.track_submodules && self.is_at_least((1, 8)) {
            line.push("--remote");
        }
        if self.args.force {
            line.push("--force");
        }
        let said = self.ask(&line, ctx)?;
        if said.well() {
            return Ok(());
        }
        Err(Failure::new(
            self.without_login(&format!("Failed to init/update submodules: {}{}", said.out, said.err)),
        ))
    }

    /// The commit that each submodule has for a name.
    fn submodule_commits(
        &self,
        name: &str,
        ctx: &mut Context<'_>,
    ) -> Result<BTreeMap<String, String>, Failure> {
        let said = self.ask(&["submodule", "foreach", "git", "rev-parse", name], ctx)?;
        if !said.well() {
            return Err(self.failure(said, "Unable to determine hashes of submodules".to_owned()));
        }
        let mut found = BTreeMap::new();
        let mut module = None;
        for line in said.out.lines() {
            let entered = line.strip_prefix("Entering '").and_then(|rest| rest.strip_suffix('\''));
            match (entered, module.take()) {
                (Some(name), None) => module = Some(name.to_owned()),
                (None, Some(name)) if is_hash(line.trim()) => {
                    found.insert(name, line.trim().to_owned());
                }
                _ => {
                    return Err(Failure::new(format!(
                        "Unable to parse submodule hash line: {}",
                        line.trim()
                    )));
                }
            }
        }
        match module {
            Some(name) => Err(Failure::new(format!("Unable to find hash for submodule: {name}"))),
            None => Ok(found),
        }
    }
}

fn is_hash(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
