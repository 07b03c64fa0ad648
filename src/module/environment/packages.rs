//! Which packages are installed, by the files in which dpkg, apk and Python keep that.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::entries;

/// Name → version. Python's are called `python:NAME`. RPM's database cannot be read without RPM; the controller
/// asks that program when hosts are compared (`run/environments.rs`).
pub(super) fn installed(root: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for (path, read) in [("var/lib/dpkg/status", dpkg as fn(&str) -> _), ("lib/apk/db/installed", apk)] {
        if let Ok(bytes) = fs::read(root.join(path)) {
            found.extend(read(&String::from_utf8_lossy(&bytes)));
        }
    }
    // Images of vendors have Python where the distribution, the administrator or conda puts it.
    for prefix in ["usr/lib", "usr/local/lib", "usr/lib64", "opt/conda/lib"] {
        let libraries = root.join(prefix);
        for python in entries(&libraries).into_iter().filter(|name| name.starts_with("python3")) {
            for packages in ["site-packages", "dist-packages"] {
                let names = entries(&libraries.join(&python).join(packages));
                found.extend(names.iter().filter_map(|name| python_package(name)));
            }
        }
    }
    found
}

/// deb822 paragraphs, see dpkg-query(1): those that are installed. The same package of several architectures is one.
fn dpkg(text: &str) -> Vec<(String, String)> {
    let installed =
        |paragraph: &&str| field(paragraph, "Status: ").is_some_and(|status| status.ends_with(" installed"));
    named(text.split("\n\n").filter(installed), "Package: ", "Version: ")
}

/// Alpine's list: `P:` is the name, `V:` the version.
fn apk(text: &str) -> Vec<(String, String)> {
    named(text.split("\n\n"), "P:", "V:")
}

fn named<'a>(paragraphs: impl Iterator<Item = &'a str>, name: &str, version: &str) -> Vec<(String, String)> {
    paragraphs.filter_map(|p| Some((field(p, name)?.to_owned(), field(p, version)?.to_owned()))).collect()
}

/// The rest of the line that begins with a word.
fn field<'a>(paragraph: &'a str, word: &str) -> Option<&'a str> {
    paragraph.lines().find_map(|line| line.strip_prefix(word))
}

/// `torch-2.1.0.dist-info`, `numpy-1.26.egg-info`
fn python_package(entry: &str) -> Option<(String, String)> {
    let stem = entry.strip_suffix(".dist-info").or_else(|| entry.strip_suffix(".egg-info"))?;
    let (name, version) = stem.split_once('-')?;
    Some((format!("python:{name}"), version.to_owned()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn alpine_packages_are_read() {
        let text = "C:Q1\nP:musl\nV:1.2.4-r2\nA:x86_64\n\nP:broken\n\nP:zlib\nV:1.3\n";
        let found = apk(text);
        assert_eq!(found, [("musl", "1.2.4-r2"), ("zlib", "1.3")].map(|(n, v)| (n.to_owned(), v.to_owned())));
    }

    #[test]
    fn folders_of_python_packages_have_names_and_versions() {
        assert_eq!(python_package("numpy-1.26.4.dist-info"), Some(("python:numpy".into(), "1.26.4".into())));
        assert_eq!(python_package("numpy"), None);
        assert_eq!(python_package("editable.egg-info"), None);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(?s)(Package: |Status: install ok installed\n|Version: |P:|V:|\n|.){0,60}") {
            dpkg(&text);
            apk(&text);
            python_package(&text);
        }
    }
}
