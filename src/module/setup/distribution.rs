//! Which Linux it is: from /etc/os-release, under Ansible's names.

use std::path::Path;

use super::{Facts, read};
use crate::base::Map;

/// `ID` of os-release, Ansible's `distribution`, Ansible's `os_family`.
const KNOWN: [(&str, &str, &str); 32] = [
    ("debian", "Debian", "Debian"),
    ("ubuntu", "Ubuntu", "Debian"),
    ("raspbian", "Raspbian", "Debian"),
    ("linuxmint", "Linux Mint", "Debian"),
    ("pop", "Pop!_OS", "Debian"),
    ("kali", "Kali", "Debian"),
    ("uos", "Uos", "Debian"),
    ("deepin", "Deepin", "Debian"),
    ("rhel", "RedHat", "RedHat"),
    ("centos", "CentOS", "RedHat"),
    ("rocky", "Rocky", "RedHat"),
    ("almalinux", "AlmaLinux", "RedHat"),
    ("fedora", "Fedora", "RedHat"),
    ("ol", "OracleLinux", "RedHat"),
    ("amzn", "Amazon", "RedHat"),
    ("scientific", "Scientific", "RedHat"),
    ("virtuozzo", "Virtuozzo", "RedHat"),
    ("eurolinux", "EuroLinux", "RedHat"),
    ("anolis", "Anolis", "RedHat"),
    ("kylin", "Kylin Linux Advanced Server", "RedHat"),
    ("openEuler", "openEuler", "RedHat"),
    ("euleros", "EulerOS", "RedHat"),
    ("opencloudos", "OpenCloudOS", "RedHat"),
    ("tencentos", "TencentOS", "RedHat"),
    ("sles", "SLES", "Suse"),
    ("sled", "SLED", "Suse"),
    ("opensuse-leap", "openSUSE Leap", "Suse"),
    ("opensuse-tumbleweed", "openSUSE Tumbleweed", "Suse"),
    ("alpine", "Alpine", "Alpine"),
    ("arch", "Archlinux", "Archlinux"),
    ("gentoo", "Gentoo", "Gentoo"),
    ("flatcar", "Flatcar", "Flatcar"),
];

/// The `KEY=value` lines of an os-release file; see os-release(5).
fn os_release(text: &str) -> Map {
    let pairs = text.lines().filter_map(|line| line.trim().split_once('='));
    let plain = |value: &str| {
        let value = value.trim();
        let inner = value.strip_prefix('"').and_then(|v| v.strip_suffix('"'));
        inner.or_else(|| value.strip_prefix('\'')?.strip_suffix('\'')).unwrap_or(value).to_owned()
    };
    pairs.filter(|(key, _)| !key.starts_with('#')).map(|(key, value)| (key, plain(value))).collect()
}

fn release_file() -> Option<(&'static str, Map)> {
    ["/etc/os-release", "/usr/lib/os-release"]
        .into_iter()
        .find_map(|path| read(path).map(|text| (path, os_release(&text))))
}

/// Name, family, version and code name.
pub fn gather(facts: &mut Facts) {
    let (path, release) = release_file().unwrap_or(("", Map::new()));
    let read_version = |id: &str| match id {
        "debian" => read("/etc/debian_version"),
        "centos" | "rocky" | "almalinux" | "rhel" | "ol" => {
            read("/etc/redhat-release").and_then(|text| number(&text))
        }
        _ => None,
    };
    let description = read("/etc/redhat-release").unwrap_or_default();
    for (name, value) in identify(&release, read_version, &description) {
        facts.set(name, value);
    }
    facts.set("distribution_file_parsed", !path.is_empty());
    if !path.is_empty() {
        facts.set("distribution_file_path", path);
        let variety = facts.text("os_family").to_owned();
        facts.set("distribution_file_variety", variety);
    }
}

/// The first number with dots in a text.
fn number(text: &str) -> Option<String> {
    let word = text.split_whitespace().find(|w| w.starts_with(|c: char| c.is_ascii_digit()))?;
    Some(word.to_owned())
}

/// The facts that follow from these texts. `version_of` gives a more exact version than os-release where there is one.
fn identify(
    release: &Map,
    version_of: impl Fn(&str) -> Option<String>,
    description: &str,
) -> Vec<(&'static str, String)> {
    let word = |key: &str| release.get(key).map_or_else(String::new, ToString::to_string);
    let id = word("ID");
    let known = KNOWN.iter().find(|(known, _, _)| known.eq_ignore_ascii_case(&id));
    let likes = word("ID_LIKE");
    let relative = likes.split_whitespace().find_map(|like| KNOWN.iter().find(|(k, _, _)| *k == like));
    let name = known.map_or_else(|| word("NAME"), |k| k.1.to_owned());
    let family = known.or(relative).map_or_else(|| name.clone(), |k| k.2.to_owned());
    let of_release = word("VERSION_ID");
    // A rolling distribution has no version; Debian's testing has no number.
    let exact = version_of(&id).filter(|v| v.starts_with(|c: char| c.is_ascii_digit()));
    let version = exact.filter(|v| v.starts_with(&of_release)).unwrap_or(of_release);
    let (major, minor) = version.split_once('.').unwrap_or((&version, ""));
    let in_parentheses = description.rsplit_once('(').and_then(|(_, rest)| rest.split(')').next());
    let release_name = match family.as_str() {
        "RedHat" => in_parentheses.unwrap_or("NA").to_owned(),
        "Suse" => if minor.is_empty() { "0" } else { minor }.to_owned(),
        _ => Some(word("VERSION_CODENAME")).filter(|n| !n.is_empty()).unwrap_or_else(|| "NA".to_owned()),
    };
    let mut found = vec![
        ("distribution", name),
        ("distribution_version", if version.is_empty() { "NA".to_owned() } else { version.clone() }),
        ("distribution_major_version", if major.is_empty() { "NA".to_owned() } else { major.to_owned() }),
        ("distribution_release", release_name),
        ("os_family", family),
    ];
    if !minor.is_empty() {
        found.push(("distribution_minor_version", minor.to_owned()));
    }
    found
}

/// What `lsb_release` would say.
pub fn lsb(facts: &mut Facts) {
    let Some((_, release)) = release_file() else { return };
    let word = |key: &str| release.get(key).map_or_else(String::new, ToString::to_string);
    let version = word("VERSION_ID");
    let map = Map::from_iter([
        ("id", facts.text("distribution").to_owned()),
        ("description", word("PRETTY_NAME")),
        ("release", version.clone()),
        ("major_release", version.split('.').next().unwrap_or_default().to_owned()),
        ("codename", word("VERSION_CODENAME")),
    ]);
    facts.set("lsb", map);
}

/// The package manager, by the programs that are there; the family's own comes first.
pub fn package_manager(facts: &mut Facts) {
    const PROGRAMS: [(&str, &str, &str); 11] = [
        ("/usr/bin/apt-get", "apt", "Debian"),
        ("/usr/bin/dnf5", "dnf5", "RedHat"),
        ("/usr/bin/dnf-3", "dnf", "RedHat"),
        ("/usr/bin/dnf", "dnf", "RedHat"),
        ("/usr/bin/microdnf", "dnf", "RedHat"),
        ("/usr/bin/yum", "yum", "RedHat"),
        ("/usr/bin/zypper", "zypper", "Suse"),
        ("/sbin/apk", "apk", "Alpine"),
        ("/usr/bin/pacman", "pacman", "Archlinux"),
        ("/usr/bin/emerge", "portage", "Gentoo"),
        ("/bin/opkg", "opkg", "OpenWrt"),
    ];
    let family = facts.text("os_family").to_owned();
    let there = || PROGRAMS.iter().filter(|(path, _, _)| Path::new(path).exists());
    let own = there().find(|(_, _, of)| *of == family);
    facts.set("pkg_mgr", own.or_else(|| there().next()).map_or("unknown", |p| p.1));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(os: &str, version: Option<&str>, description: &str) -> String {
        let found = identify(&os_release(os), |_| version.map(str::to_owned), description);
        found
            .iter()
            .map(|(k, v)| format!("{k}={v}"))
            .collect::<Vec<_>>()
            .join(" ")
            .replace("distribution", "d")
    }

    #[test]
    fn systems_are_named_as_ansible_names_them() {
        let debian = "ID=debian\nVERSION_ID=\"12\"\nVERSION_CODENAME=bookworm\nNAME=\"Debian GNU/Linux\"\n";
        assert_eq!(
            facts(debian, Some("12.11"), ""),
            "d=Debian d_version=12.11 d_major_version=12 d_release=bookworm os_family=Debian d_minor_version=11"
        );
        let rocky = "ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\nVERSION_ID=\"9.4\"\n";
        assert_eq!(
            facts(rocky, Some("9.4"), "Rocky Linux release 9.4 (Blue Onyx)"),
            "d=Rocky d_version=9.4 d_major_version=9 d_release=Blue Onyx os_family=RedHat d_minor_version=4"
        );
        let centos = "ID=\"centos\"\nVERSION_ID=\"7\"\n";
        assert_eq!(
            facts(
                centos,
                number("CentOS Linux release 7.9.2009 (Core)").as_deref(),
                "CentOS Linux release 7.9.2009 (Core)"
            ),
            "d=CentOS d_version=7.9.2009 d_major_version=7 d_release=Core os_family=RedHat d_minor_version=9.2009"
        );
        let suse = "ID=\"sles\"\nVERSION_ID=\"15.5\"\n";
        assert_eq!(
            facts(suse, None, ""),
            "d=SLES d_version=15.5 d_major_version=15 d_release=5 os_family=Suse d_minor_version=5"
        );
        let unknown = "NAME='My Linux'\nID=mine\nID_LIKE=ubuntu\n# x=y\n";
        assert_eq!(
            facts(unknown, None, ""),
            "d=My Linux d_version=NA d_major_version=NA d_release=NA os_family=Debian"
        );
    }
}
