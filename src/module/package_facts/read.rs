//! What package managers print.

use std::collections::BTreeMap;

use crate::base::{Map, Value};

/// What dpkg-query is to print.
pub(super) const DPKG: &str =
    "-f=${Package}\\t${Version}\\t${Architecture}\\t${Section}\\t${db:Status-Status}\\n";
/// What rpm is to print.
pub(super) const RPM: &str = "%{NAME}\\t%{VERSION}\\t%{RELEASE}\\t%{EPOCH}\\t%{ARCH}\\n";

/// Those of another architecture than the machine's own say so in their name.
pub(super) fn dpkg(text: &str, native: &str) -> Vec<Map> {
    let read = |line: &str| {
        let [name, version, arch, category, "installed"] = line.split('\t').collect::<Vec<_>>()[..] else {
            return None;
        };
        let own = arch == native || arch == "all" || native.is_empty();
        let name = if own { name.to_owned() } else { format!("{name}:{arch}") };
        let mut package = Map::from_iter([("name", name)]);
        for (key, value) in [("version", version), ("arch", arch), ("category", category), ("origin", "")] {
            package.insert(key, value);
        }
        Some(package)
    };
    text.lines().filter_map(read).collect()
}

/// No epoch is called `None`, as Ansible's module does.
pub(super) fn rpm(text: &str) -> Vec<Map> {
    let read = |line: &str| {
        let [name, version, release, epoch, arch] = line.split('\t').collect::<Vec<_>>()[..] else {
            return None;
        };
        let none = |word| if word == "(none)" { "None" } else { word };
        let pairs = [("name", name), ("version", version), ("release", release)];
        Some(pairs.into_iter().chain([("epoch", none(epoch)), ("arch", none(arch))]).collect())
    };
    text.lines().filter_map(read).collect()
}

/// `musl-1.2.4-r2`
pub(super) fn apk(text: &str) -> Vec<Map> {
    let read = |line: &str| {
        let mut parts = line.rsplitn(3, '-');
        let (release, version, name) = (parts.next(), parts.next(), parts.next());
        let (name, version, release) = match (name, version, release) {
            (Some(name), Some(version), Some(release)) => (name, version, release),
            _ => (line, "", ""),
        };
        Map::from_iter([("name", name), ("version", version), ("release", release)])
    };
    text.lines().filter(|line| !line.trim().is_empty()).map(read).collect()
}

/// `pacman -Qi`: paragraphs of `Key : value`, whose values may go on in the next line.
pub(super) fn pacman(text: &str) -> Vec<Map> {
    let read = |paragraph: &str| {
        let mut values: BTreeMap<&str, String> = BTreeMap::new();
        let mut last = "";
        for line in paragraph.lines() {
            let pair =
                line.split_once(" : ").filter(|(key, _)| !line.starts_with(' ') && !key.trim().is_empty());
            if let Some((key, value)) = pair {
                last = key.trim();
                values.insert(last, value.to_owned());
            } else {
                let value = values.entry(last).or_default();
                value.push_str("  ");
                value.push_str(line.trim_start());
            }
        }
        let provides = values.get("Provides").filter(|text| *text != "None");
        let provides = provides.map_or(Value::Null, |text| {
            let names = text.split("  ").filter(|part| !part.is_empty());
            Value::list(names.map(|name| name.split('=').next().unwrap_or(name).into()).collect())
        });
        let value = |key: &str| values.get(key).cloned();
        let mut package = Map::from_iter([("name", value("Name")?), ("version", value("Version")?)]);
        package.insert("arch", value("Architecture").unwrap_or_default());
        package.insert("provides", provides);
        Some(package)
    };
    text.split("\n\n").filter_map(read).collect()
}

/// `apt-cache policy` without names: sources, and who stands behind them.
pub(super) fn sources(text: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut source = None;
    for line in text.lines() {
        if let Some(release) = line.trim_start().strip_prefix("release ") {
            let origin = release.split(',').find_map(|part| part.strip_prefix("o="));
            if let (Some(source), Some(origin)) = (source.take(), origin) {
                found.insert(source, origin.to_owned());
            }
        } else if let Some((_, rest)) = line.trim_start().split_once(' ') {
            source = Some(rest.to_owned());
        }
    }
    found
}

/// `apt-cache policy NAME…`: who stands behind the first source of the installed version.
pub(super) fn origins(text: &str, sources: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let (mut name, mut inside) = (String::new(), false);
    for line in text.lines() {
        if !line.starts_with(' ') {
            line.trim_end_matches(':').clone_into(&mut name);
            inside = false;
        } else if line.starts_with(" *** ") {
            inside = true;
        } else if inside {
            inside = false;
            if let Some(origin) =
                line.trim_start().split_once(' ').and_then(|(_, source)| sources.get(source))
            {
                found.insert(name.clone(), origin.clone());
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(packages: &[Map]) -> Vec<String> {
        packages
            .iter()
            .map(|p| p.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join(" "))
            .collect()
    }

    #[test]
    fn packages_are_read_as_their_managers_print_them() {
        let found = dpkg(
            "a\t1\tamd64\tlibs\tinstalled\nb\t2\ti386\tlibs\tinstalled\nc\t3\tall\tx\tconfig-files\n",
            "amd64",
        );
        let wanted = [
            "name=a version=1 arch=amd64 category=libs origin=",
            "name=b:i386 version=2 arch=i386 category=libs origin=",
        ];
        assert_eq!(shown(&found), wanted);
        let found = rpm("bash\t5.1\t2.el9\t(none)\tx86_64\n");
        assert_eq!(shown(&found), ["name=bash version=5.1 release=2.el9 epoch=None arch=x86_64"]);
        let found = apk("musl-utils-1.2.4-r2\nodd\n");
        assert_eq!(shown(&found), ["name=musl-utils version=1.2.4 release=r2", "name=odd version= release="]);
        let text = "Name            : a\nVersion         : 1-1\nArchitecture    : any\nProvides        : b=1  c\nDepends On      : x\n                  y\n\n";
        assert_eq!(shown(&pacman(text)), ["name=a version=1-1 arch=any provides=['b', 'c']"]);
    }

    #[test]
    fn an_origin_is_that_of_the_installed_versions_first_source() {
        let text = "Package files:\n 100 /var/lib/dpkg/status\n     release a=now\n 500 http://d bookworm/main amd64 Packages\n     release v=12,o=Debian,a=old\n";
        let sources = sources(text);
        let text = "a:\n  Version table:\n     2 500\n        500 http://d bookworm/main amd64 Packages\n *** 1 500\n        500 http://d bookworm/main amd64 Packages\n\
                    b:\n  Version table:\n *** 1 100\n        100 /var/lib/dpkg/status\n";
        let found = origins(text, &sources);
        assert_eq!(found, BTreeMap::from([("a".to_owned(), "Debian".to_owned())]));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(?s)(release |o=x| : | \\*\\*\\* |\t|-|:|\n|.){0,60}") {
            dpkg(&text, "amd64");
            rpm(&text);
            apk(&text);
            pacman(&text);
            origins(&text, &sources(&text));
        }
    }
}
