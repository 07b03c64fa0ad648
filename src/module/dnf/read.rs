//! What dnf prints.

use crate::base::{Map, Value};

/// How packages are to be listed.
pub(super) const FORMAT: &str = "%{name}|%{epoch}|%{version}|%{release}|%{arch}|%{reponame}\\n";

/// Headings of what was done.
const DONE: [&str; 6] = ["Installed", "Upgraded", "Removed", "Downgraded", "Reinstalled", "Skipped"];

/// Whether a name says a version: `foo-1.0`, `foo = 1.0`.
pub(super) fn has_version(name: &str) -> bool {
    let digit = |rest: &str| rest.starts_with(|c: char| c.is_ascii_digit());
    name.contains(['=', '<', '>']) || name.match_indices('-').any(|(at, _)| digit(&name[at + 1..]))
}

/// `Installed: foo-1.0-1.x86_64`, from the lines behind the headings.
pub(super) fn results(text: &str) -> Vec<String> {
    let (mut found, mut heading) = (Vec::new(), None);
    for line in text.lines() {
        if let Some(word) = line.strip_suffix(':').filter(|word| DONE.contains(word)) {
            heading = Some(word);
        } else if let (Some(word), true) = (heading, line.starts_with(' ')) {
            found.extend(line.split_whitespace().map(|name| format!("{word}: {name}")));
        } else if !line.trim().is_empty() {
            heading = None;
        }
    }
    found
}

/// Headings of what would be done, and how that is told.
const PLANNED: [(&str, &str); 5] = [
    ("Installing", "Installed"),
    ("Upgrading", "Upgraded"),
    ("Removing", "Removed"),
    ("Downgrading", "Downgraded"),
    ("Reinstalling", "Reinstalled"),
];

/// The same of what would be done, from the table that is shown before: name, architecture, version and more, where a long name has
/// a line of its own.
pub(super) fn planned(text: &str) -> Vec<String> {
    let (mut found, mut heading, mut long) = (Vec::new(), None, None);
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        if let Some(title) = line.strip_suffix(':').filter(|_| !line.starts_with(' ')) {
            let done = PLANNED.iter().find(|(begin, _)| title.split(' ').next() == Some(*begin));
            heading = done.map(|(_, word)| *word);
            continue;
        }
        let (Some(word), true) = (heading, line.starts_with(' ')) else {
            heading = None;
            continue;
        };
        match (long.take(), &words[..]) {
            (None, [name]) => long = Some((*name).to_owned()),
            (Some(name), [arch, version, ..]) => found.push(format!("{word}: {name}-{version}.{arch}")),
            (None, [name, arch, version, ..]) => found.push(format!("{word}: {name}-{version}.{arch}")),
            _ => {}
        }
    }
    found
}

/// What there is no package for.
pub(super) fn missing(text: &str) -> Vec<String> {
    let name = |line: &str| {
        let line = line.trim();
        line.strip_prefix("No match for argument: ")
            .or_else(|| line.strip_prefix("Failed to resolve the transaction:\nNo match for argument: "))
            .map(|name| format!("No package {name} available."))
    };
    text.lines().filter_map(name).collect()
}

/// Packages by [`FORMAT`].
pub(super) fn packages(text: &str, installed: bool) -> Vec<Value> {
    let read = |line: &str| {
        let [name, epoch, version, release, arch, repo] = line.split('|').collect::<Vec<_>>()[..] else {
            return None;
        };
        let mut map = Map::from_iter([("name", name), ("arch", arch), ("epoch", epoch)]);
        map.insert("release", release);
        map.insert("version", version);
        map.insert("repo", repo);
        let whole = format!("{epoch}:{name}-{version}-{release}.{arch}");
        map.insert("envra", whole.as_str());
        map.insert("nevra", whole);
        let here = installed || repo == "@System";
        map.insert("yumstate", if here { "installed" } else { "available" });
        Some(Value::from(map))
    };
    text.lines().filter_map(read).collect()
}

/// Sources: the first word of a line.
pub(super) fn sources(text: &str) -> Vec<Value> {
    let names = text
        .lines()
        .filter(|line| !line.starts_with("repo id"))
        .filter_map(|line| line.split_whitespace().next());
    names.map(|name| Value::from(Map::from_iter([("repoid", name), ("state", "enabled")]))).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_was_done_stands_behind_headings() {
        let text = "Running transaction\n  Installing : a\n\nInstalled:\n  a-1-1.x86_64   b-2-1.noarch\nRemoved:\n  c-1-1.x86_64\n\nComplete!\n";
        assert_eq!(
            results(text),
            ["Installed: a-1-1.x86_64", "Installed: b-2-1.noarch", "Removed: c-1-1.x86_64"]
        );
        assert_eq!(
            missing("x\nNo match for argument: q\nError: Unable to find a match: q\n"),
            ["No package q available."]
        );
        assert!(has_version("foo-1.0") && has_version("foo = 1") && !has_version("foo-bar"));
        let plan = "Package  Arch\n====\nInstalling:\n a noarch 1:2-1 crb 6 k\nInstalling dependencies:\n a-long-name\n   x86_64 3-1 crb 6 k\nRemoving:\n c noarch 1-1 @crb 0\n\nTransaction Summary\n=====\nInstall  2 Packages\n";
        assert_eq!(
            planned(plan),
            ["Installed: a-1:2-1.noarch", "Installed: a-long-name-3-1.x86_64", "Removed: c-1-1.noarch"]
        );
        let list = packages("a|0|1|2|noarch|@System\nbroken\n", false);
        assert_eq!(list[0].get("nevra").unwrap().to_string(), "0:a-1-2.noarch");
        assert_eq!((list.len(), list[0].get("yumstate").unwrap().to_string().as_str()), (1, "installed"));
        assert_eq!(
            sources("repo id   repo name\nbase  Base\n")[0].get("repoid").unwrap().to_string(),
            "base"
        );
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(?s)(Installed:|No match for argument: |\\||-|[0-9é]|\n|.){0,40}") {
            results(&text);
            planned(&text);
            missing(&text);
            packages(&text, true);
            sources(&text);
            has_version(&text);
        }
    }
}
