//! What is in the repository that a clone comes from, and how it gets here.

use super::super::Context;
use super::super::failure::Failure;
use super::repository::Git;
use crate::wire::Outcome;

impl Git<'_> {
    /// Makes the clone.
    pub fn clone(&mut self, outcome: &mut Outcome, ctx: &mut Context<'_>) -> Result<(), Failure> {
        let (args, repo) = (self.args, self.repo.clone());
        let Some(dest) = self.dest.clone() else { return Err(Failure::new("dest is missing")) };
        let above = dest.parent().map(std::path::Path::to_owned);
        if let Some(above) = &above {
            self.make_folder(above, ctx)?;
        }
        let version = args.version.as_str();
        let is_name = self.is_branch(&repo, version, ctx)? || self.is_tag(&repo, version, ctx)?;
        let mut line: Vec<String> = vec!["clone".to_owned()];
        let mut add = |words: &[&str]| line.extend(words.iter().map(|word| (*word).to_owned()));
        if args.bare {
            add(&["--bare"]);
        } else {
            add(&["--origin", &args.remote]);
        }
        if let Some(depth) = self.depth() {
            if version == "HEAD" || args.refspec.is_some() {
                add(&["--depth", &depth]);
            } else if is_name {
                add(&["--depth", &depth, "--branch", version]);
            } else {
                outcome.warnings.push(
                    "Ignoring depth argument. Shallow clones are only available for HEAD, branches, tags or in \
                     combination with refspec."
                        .to_owned(),
                );
            }
        }
        if let Some(reference) = &args.reference {
            add(&["--reference", reference]);
        }
        if args.single_branch {
            add(&["--single-branch"]);
            if is_name {
                add(&["--branch", version]);
            }
        }
        if let Some(apart) = &self.separate {
            add(&[&format!("--separate-git-dir={}", apart.display())]);
        }
        add(&[&repo, &dest.to_string_lossy()]);
        let line: Vec<&str> = line.iter().map(String::as_str).collect();
        self.must_in(above.filter(|above| above.is_dir()), &line, ctx)?;
        if args.bare && args.remote != "origin" {
            self.must(&["remote", "add", &args.remote, &repo], ctx)?;
        }
        if let Some(refspec) = &args.refspec {
            let depth = self.depth();
            let mut line = vec!["fetch"];
            line.extend(depth.iter().flat_map(|depth| ["--depth", depth.as_str()]));
            line.extend([args.remote.as_str(), refspec.as_str()]);
            self.must(&line, ctx)?;
        }
        if args.verify_commit {
            self.verify(ctx)?;
        }
        Ok(())
    }

    /// How much history is wanted. None at all counts as all.
    pub fn depth(&self) -> Option<String> {
        self.args.depth.filter(|depth| *depth != 0).map(|depth| depth.to_string())
    }

    /// Whether the repository has a branch of this name.
    pub fn is_branch(&self, remote: &str, name: &str, ctx: &mut Context<'_>) -> Result<bool, Failure> {
        Ok(self.must(&["ls-remote", remote, "-h", &format!("refs/heads/{name}")], ctx)?.out.contains(name))
    }

    /// Whether the repository has a tag of this name.
    pub fn is_tag(&self, remote: &str, name: &str, ctx: &mut Context<'_>) -> Result<bool, Failure> {
        Ok(self.must(&["ls-remote", remote, "-t", &format!("refs/tags/{name}")], ctx)?.out.contains(name))
    }

    /// The commit that the repository has for the version. Of a hash nobody can say more than itself.
    pub fn remote_head(&self, remote: &str, cloning: bool, ctx: &mut Context<'_>) -> Result<String, Failure> {
        let version = self.args.version.as_str();
        let (kind, name) = if version == "HEAD" {
            let name =
                if cloning { "HEAD".to_owned() } else { format!("refs/heads/{}", self.needed_branch(ctx)?) };
            ("-h", name)
        } else if self.is_branch(remote, version, ctx)? {
            ("-h", format!("refs/heads/{version}"))
        } else if self.is_tag(remote, version, ctx)? {
            ("-t", format!("refs/tags/{version}*"))
        } else {
            return Ok(version.to_owned());
        };
        let said = self.must(&["ls-remote", remote, kind, &name], ctx)?;
        // A tag with a text of its own has a second line for the commit that it is about.
        let peeled = format!("{version}^{{}}");
        let line = if kind == "-t" {
            let of = |end: &str| said.out.lines().find(|line| line.ends_with(end));
            of(&peeled).or_else(|| of(version))
        } else {
            said.out.lines().next()
        };
        if let Some(commit) = line.and_then(|line| line.split_whitespace().next()) {
            return Ok(commit.to_owned());
        }
        let msg = format!("Could not determine remote revision for {version}");
        Err(self.failure(said, msg))
    }

    /// Whether the clone comes from another place than it should.
    pub fn has_moved(&self, ctx: &mut Context<'_>) -> Result<bool, Failure> {
        let said = self.ask(&["ls-remote", "--get-url", &self.args.remote], ctx)?;
        let url = said.out.trim_end_matches('\n');
        Ok(said.well()
            && !url.is_empty()
            && url != self.repo
            && super::real(url, ctx) != super::real(&self.repo, ctx))
    }

    /// Notes in the clone where it comes from, and says whether that is new.
    pub fn follow_it(&self, ctx: &mut Context<'_>) -> Result<bool, Failure> {
        let has_moved = self.has_moved(ctx)?;
        if has_moved {
            let (remote, repo) = (self.args.remote.as_str(), self.repo.as_str());
            let said = self.ask(&["remote", "set-url", remote, repo], ctx)?;
            if !said.well() {
                let msg = format!("Failed to set a new url {repo} for {remote}: {} {}", said.out, said.err);
                return Err(Failure::new(self.without_login(&msg)));
            }
        }
        Ok(has_moved)
    }

    /// Brings what the version needs.
    pub fn fetch(
        &self,
        version: &str,
        refspec: Option<&str>,
        force: bool,
        ctx: &mut Context<'_>,
    ) -> Result<(), Failure> {
        self.follow_it(ctx)?;
        let remote = self.args.remote.as_str();
        let mut specs: Vec<String> = Vec::new();
        let mut line = vec!["fetch"];
        let depth = self.depth();
        if let Some(depth) = &depth {
            specs = self.least(version, refspec, ctx)?;
            if !specs.is_empty() {
                line.extend(["--depth", depth.as_str()]);
            }
        }
        if specs.is_empty() {
            if self.args.bare {
                specs
                    .extend(["+refs/heads/*:refs/heads/*".to_owned(), "+refs/tags/*:refs/tags/*".to_owned()]);
            } else if self.is_at_least((1, 9)) {
                line.push("--tags");
            } else {
                // There, `--tags` means nothing but tags, and does not move those that are here.
                self.must_fetch(&["fetch", remote], ctx)?;
                specs.push("+refs/tags/*:refs/tags/*".to_owned());
            }
            specs.extend(refspec.map(str::to_owned));
        }
        if force {
            line.push("--force");
        }
        line.push(remote);
        line.extend(specs.iter().map(String::as_str));
        self.must_fetch(&line, ctx)
    }

    /// The references without which the version cannot be checked out; none where it is a hash.
    fn least(
        &self,
        version: &str,
        refspec: Option<&str>,
        ctx: &mut Context<'_>,
    ) -> Result<Vec<String>, Failure> {
        let head = self.head_branch(ctx)?;
        if let Some(refspec) = refspec.filter(|refspec| !refspec.is_empty()) {
            return Ok(vec![refspec.to_owned()]);
        }
        if version == "HEAD" {
            return Ok(vec![self.needed_branch(ctx)?]);
        }
        if self.is_branch(&self.repo, version, ctx)? {
            let own = (head.as_deref() != Some(version))
                .then(|| format!("+refs/heads/{version}:refs/heads/{version}"));
            let theirs = format!("+refs/heads/{version}:refs/remotes/{}/{version}", self.args.remote);
            return Ok(own.into_iter().chain([theirs]).collect());
        }
        let is_tag = self.is_tag(&self.repo, version, ctx)?;
        Ok(is_tag.then(|| format!("+refs/tags/{version}:refs/tags/{version}")).into_iter().collect())
    }

    fn must_fetch(&self, line: &[&str], ctx: &mut Context<'_>) -> Result<(), Failure> {
        let said = self.ask(line, ctx)?;
        if said.well() {
            return Ok(());
        }
        let msg = format!("Failed to download remote objects and refs: {} {}", said.out, said.err);
        Err(Failure::new(self.without_login(&msg)).with("cmd", self.line(line)))
    }
}
