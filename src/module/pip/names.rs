//! How packages of Python are named in tasks.

use super::version::{self, Condition};

/// A package as a task names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Package {
    /// What pip is told.
    pub text: String,
    /// Its name in the one form that all spellings of it have; the whole text where it is no name.
    pub name: String,
    /// What its version must be.
    conditions: Vec<Condition>,
    /// It is a name, not a path or an address.
    plain: bool,
}

impl Package {
    fn parse(text: &str) -> Self {
        let text = text.trim();
        let end = text.find(|c: char| !c.is_ascii_alphanumeric() && !"._-".contains(c)).unwrap_or(text.len());
        let (name, mut rest) = text.split_at(end);
        let mut extras: Vec<&str> = Vec::new();
        if let Some((inside, behind)) =
            rest.trim_start().strip_prefix('[').and_then(|inside| inside.split_once(']'))
        {
            rest = behind;
            extras = inside.split(',').map(str::trim).filter(|extra| !extra.is_empty()).collect();
            extras.sort_unstable();
        }
        // Behind a semicolon it says for whom it is.
        let (rest, whom) =
            rest.split_once(';').map_or((rest, None), |(rest, whom)| (rest, Some(whom.trim())));
        let rest = rest.trim();
        let conditions = version::conditions(rest.trim_start_matches('(').trim_end_matches(')'));
        let edges = |c: char| c.is_ascii_alphanumeric();
        let named = name.starts_with(edges) && name.ends_with(edges);
        let whole =
            Self { text: text.to_owned(), name: text.to_owned(), conditions: Vec::new(), plain: false };
        let Some(conditions) = conditions.filter(|_| named) else { return whole };
        // As the reference's library for such names writes them.
        let extras = if extras.is_empty() { String::new() } else { format!("[{}]", extras.join(",")) };
        let mut written: Vec<String> = conditions.iter().map(ToString::to_string).collect();
        written.sort_unstable();
        let whom = whom.map(|whom| format!("; {whom}")).unwrap_or_default();
        let text = format!("{name}{extras}{}{whom}", written.join(","));
        Self { text, name: canonical(name), conditions, plain: true }
    }

    /// Whether a version is one of those that are wanted.
    pub(super) fn fits(&self, version: &str) -> bool {
        self.plain && self.conditions.iter().all(|condition| condition.fits(version))
    }
}

/// `Foo_Bar` and `foo-bar` are one package.
pub(super) fn canonical(name: &str) -> String {
    let parts: Vec<&str> = name.split(['-', '_', '.']).filter(|part| !part.is_empty()).collect();
    parts.join("-").to_lowercase()
}

/// `git+https://…`
pub(super) fn is_from_repository(name: &str) -> bool {
    ["svn+", "git+", "hg+", "bzr+"].iter().any(|begin| name.starts_with(begin))
}

/// The packages of a list that may have been cut at commas inside of conditions.
pub(super) fn packages(given: &[String], version: Option<&str>) -> Result<Vec<Package>, String> {
    let mut texts: Vec<String> = Vec::new();
    let mut open = false;
    for part in given.iter().flat_map(|text| text.split(',')) {
        let is_condition = part.trim_start().starts_with(['<', '>', '=', '!', '~']);
        match texts.last_mut().filter(|_| open || is_condition) {
            Some(last) => {
                last.push(',');
                last.push_str(part);
            }
            None => texts.push(part.to_owned()),
        }
        open = (open || part.contains('[')) && !part.contains(']');
    }
    let mut packages: Vec<Package> = texts.iter().map(|text| Package::parse(text)).collect();
    let Some(version) = version.map(str::trim_start).filter(|version| !version.is_empty()) else {
        return Ok(packages);
    };
    if packages.len() > 1 {
        let words = "'version' argument is ambiguous when installing multiple package distributions. Please specify version \
                     restrictions next to each package in 'name' argument.";
        return Err(words.to_owned());
    }
    if packages.iter().any(|package| !package.conditions.is_empty()) {
        let words = "The 'version' argument conflicts with any version specifier provided along with a package name. Please keep \
                     the version specifier, but remove the 'version' argument.";
        return Err(words.to_owned());
    }
    let sign = if version.starts_with(|c: char| c.is_ascii_digit()) { "==" } else { "" };
    for package in &mut packages {
        *package = Package::parse(&format!("{}{sign}{version}", package.text));
    }
    Ok(packages)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn texts(given: &[&str], version: Option<&str>) -> Result<Vec<String>, String> {
        let given: Vec<String> = given.iter().map(|text| (*text).to_owned()).collect();
        packages(&given, version).map(|packages| packages.into_iter().map(|package| package.text).collect())
    }

    #[test]
    fn conditions_stay_with_their_package() {
        let wanted = ["django<1.11.3,>1.11.1", "ipaddress", "x[a,b]<2.0.0,>1.1.0"];
        assert_eq!(
            texts(&["django>1.11.1", "<1.11.3", "ipaddress", "x[a", "b]>1.1.0", "<2.0.0"], None).unwrap(),
            wanted
        );
        assert_eq!(texts(&["django>1.11.1,<1.11.3,ipaddress", "x[a,b]>1.1.0,<2.0.0"], None).unwrap(), wanted);
    }

    #[test]
    fn a_version_is_for_one_package_that_has_none() {
        assert_eq!(texts(&["q"], Some("1.0")).unwrap(), ["q==1.0"]);
        assert_eq!(texts(&["q"], Some(">1.0,<2")).unwrap(), ["q<2,>1.0"]);
        assert!(texts(&["q", "r"], Some("1")).unwrap_err().contains("ambiguous"));
        assert!(texts(&["q>1"], Some("1")).unwrap_err().contains("conflicts"));
    }

    #[test]
    fn names_have_one_form() {
        let package = Package::parse("Foo._Bar[x] >= 1.0 ; python_version > '3'");
        assert_eq!(package.name, "foo-bar");
        assert!(package.fits("1.0") && !package.fits("0.9"));
        assert!(!Package::parse("git+https://d/x.git").fits("1"));
        assert!(!Package::parse("./folder").fits("1"));
    }

    proptest! {
        #[test]
        fn no_name_makes_it_panic(text in "([a-z]{1,3}|[\\[\\]<>=!~,;()]|.){0,20}") {
            let _ = packages(std::slice::from_ref(&text), None);
            let _ = packages(&[text], Some("1"));
        }
    }
}
