//! What is known about packages: what dpkg has installed, and which versions apt could install.

use std::collections::{BTreeMap, BTreeSet};

use super::calls::Apt;
use crate::module::{Context, Failure};

/// A package by dpkg's word.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Installed {
    /// The version, where it is installed.
    pub version: Option<String>,
    /// Files of it are there, at least those of its configuration.
    pub has_files: bool,
}

/// A package by apt's word.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Available {
    /// The version that would be installed.
    pub candidate: Option<String>,
    /// All versions, the newest first.
    pub versions: Vec<String>,
}

/// What is known about the packages that a task names.
#[derive(Debug, Default)]
pub(super) struct Known {
    native: String,
    installed: BTreeMap<String, Installed>,
    available: BTreeMap<String, Available>,
}

impl Known {
    /// Asks dpkg about all packages and apt about these.
    pub(super) fn about(
        names: &BTreeSet<&str>,
        apt: &Apt<'_>,
        ctx: &mut Context<'_>,
    ) -> Result<Self, Failure> {
        let dpkg = ctx.needed("dpkg")?;
        let native = ctx.ask([dpkg.as_str(), "--print-architecture"])?.out.trim().to_owned();
        let mut known = Self { native, ..Self::default() };
        known.look(apt, names.iter().copied(), ctx)?;
        let query = ctx.needed("dpkg-query")?;
        let format = "-f=${Package}\\t${Architecture}\\t${db:Status-Status}\\t${Version}\\n";
        let said = ctx.ask([query.as_str(), "-W", format])?;
        known.installed = installed(&said.out, &known.native);
        Ok(known)
    }

    /// Asks apt about these, too.
    pub(super) fn look<'a>(
        &mut self,
        apt: &Apt<'_>,
        names: impl Iterator<Item = &'a str>,
        ctx: &mut Context<'_>,
    ) -> Result<(), Failure> {
        let names: Vec<&str> = names.filter(|name| !self.available.contains_key(*name)).collect();
        if names.is_empty() {
            return Ok(());
        }
        let program = ctx.needed("apt-cache")?;
        let release = apt.args.default_release.as_ref().map(|name| format!("APT::Default-Release={name}"));
        let release = release.iter().flat_map(|setting| ["-o", setting.as_str()]);
        let words = [program.as_str(), "policy"].into_iter().chain(release).chain(["--"]);
        let said = ctx.ask(words.chain(names.iter().copied()))?;
        if !said.well() {
            let msg = format!("apt-cache failed: {}", said.err);
            return Err(said.failure(msg));
        }
        self.available.extend(policies(&said.out));
        Ok(())
    }

    /// The name by which a package is filed: the machine's own architecture is not said.
    fn own<'a>(&self, name: &'a str) -> &'a str {
        name.split_once(':').filter(|(_, of)| *of == self.native).map_or(name, |(short, _)| short)
    }

    /// What dpkg knows.
    pub(super) fn installed(&self, name: &str) -> Installed {
        self.installed.get(self.own(name)).cloned().unwrap_or_default()
    }

    /// What apt knows; a name without any version is no package.
    pub(super) fn available(&self, name: &str) -> Option<&Available> {
        self.available.get(self.own(name)).filter(|found| !found.versions.is_empty())
    }
}

fn installed(text: &str, native: &str) -> BTreeMap<String, Installed> {
    let mut found = BTreeMap::new();
    for line in text.lines() {
        let [name, architecture, status, version] = line.split('\t').collect::<Vec<_>>()[..] else {
            continue;
        };
        let version = (status == "installed").then(|| version.to_owned());
        let entry = Installed { version, has_files: status != "not-installed" };
        if architecture == native || architecture == "all" || architecture.is_empty() {
            found.insert(name.to_owned(), entry);
        } else {
            found.insert(format!("{name}:{architecture}"), entry);
        }
    }
    found
}

/// Reads `apt-cache policy`.
fn policies(text: &str) -> BTreeMap<String, Available> {
    let mut found: BTreeMap<String, Available> = BTreeMap::new();
    let mut current = None;
    for line in text.lines() {
        if !line.starts_with(' ') {
            current = Some(found.entry(line.trim_end_matches(':').to_owned()).or_default());
            continue;
        }
        let Some(package) = current.as_mut() else { continue };
        let version = line.strip_prefix("     ").or_else(|| line.strip_prefix(" *** "));
        if let Some(candidate) = line.trim_start().strip_prefix("Candidate: ") {
            package.candidate = (candidate != "(none)").then(|| candidate.to_owned());
        } else if let Some(version) = version.filter(|rest| !rest.starts_with(' ')) {
            package.versions.extend(version.split_whitespace().next().map(str::to_owned));
        }
    }
    found
}

/// Packages that provide a name that is none itself.
pub(super) fn providers(name: &str, ctx: &mut Context<'_>) -> Result<Vec<String>, Failure> {
    let program = ctx.needed("apt-cache")?;
    let said = ctx.ask([program.as_str(), "showpkg", "--", name])?;
    let behind = said.out.lines().skip_while(|line| !line.starts_with("Reverse Provides:")).skip(1);
    let names = behind.filter_map(|line| line.split_whitespace().next()).map(str::to_owned);
    let names: BTreeSet<String> = names.collect();
    Ok(names.into_iter().collect())
}

/// All names of packages of the machine's own architecture.
pub(super) fn all_names(ctx: &mut Context<'_>) -> Result<Vec<String>, Failure> {
    let program = ctx.needed("apt-cache")?;
    let mut names: Vec<String> =
        ctx.ask([program.as_str(), "pkgnames"])?.out.lines().map(str::to_owned).collect();
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const POLICY: &str = "\
bash:
  Installed: 5.2.15-2+b8
  Candidate: 5.2.15-2+b13
  Version table:
     5.2.15-2+b13 500
        500 http://deb.debian.org/debian bookworm/main amd64 Packages
 *** 5.2.15-2+b8 100
        100 /var/lib/dpkg/status
mail-transport-agent:
  Installed: (none)
  Candidate: (none)
  Version table:
";

    #[test]
    fn policies_tell_candidates_and_versions() {
        let found = policies(POLICY);
        assert_eq!(found["bash"].candidate.as_deref(), Some("5.2.15-2+b13"));
        assert_eq!(found["bash"].versions, ["5.2.15-2+b13", "5.2.15-2+b8"]);
        assert_eq!(found["mail-transport-agent"], Available::default());
    }

    #[test]
    fn packages_of_other_architectures_say_so() {
        let text = "a\tamd64\tinstalled\t1\nb\tall\tconfig-files\t2\nc\ti386\tinstalled\t3\nbroken\n";
        let found = installed(text, "amd64");
        assert_eq!(found["a"], Installed { version: Some("1".into()), has_files: true });
        assert_eq!(found["b"], Installed { version: None, has_files: true });
        assert_eq!(found["c:i386"].version.as_deref(), Some("3"));
        assert_eq!(found.len(), 3);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(?s)(Candidate: | \\*\\*\\* |     |:|\t|\n|.){0,60}") {
            policies(&text);
            installed(&text, "amd64");
        }
    }
}
