//! What rsync is told.

use super::{Args, Remote};
use crate::base::shlex;

/// How the lines of changes begin.
pub(super) const MARK: &str = "<<CHANGED>>";

/// The words of the call, or why there can be none.
pub(super) fn line(
    args: &Args,
    program: &str,
    remote: Option<&Remote>,
    rsync_path: Option<&str>,
    (src, dest): (&str, &str),
    check: bool,
) -> Result<Vec<String>, String> {
    let mut words = vec![program.to_owned()];
    let mut add = |condition: bool, word: &str| {
        if condition {
            words.push(word.to_owned());
        }
    };
    add(args.delay_updates, "--delay-updates");
    add(args.delay_updates, "-F");
    add(args.compress, "--compress");
    add(args.rsync_timeout > 0, &format!("--timeout={}", args.rsync_timeout));
    add(check, "--dry-run");
    add(args.delete, "--delete-after");
    add(args.existing_only, "--existing");
    add(args.checksum, "--checksum");
    add(args.copy_links, "--copy-links");
    add(args.archive, "--archive");
    for (wanted, name) in [
        (args.recursive, "recursive"),
        (args.links, "links"),
        (args.perms, "perms"),
        (args.times, "times"),
        (args.owner, "owner"),
        (args.group, "group"),
    ] {
        add(args.archive && wanted == Some(false), &format!("--no-{name}"));
        add(!args.archive && wanted == Some(true), &format!("--{name}"));
    }
    add(args.dirs, "--dirs");
    if src.starts_with("rsync://") && dest.starts_with("rsync://") {
        return Err("either src or dest must be a localhost".to_owned());
    }
    let is_service = src.starts_with("rsync://") || dest.starts_with("rsync://");
    let is_remote = !is_service && (src.contains(':') || dest.contains(':'));
    let has_own = args.rsync_opts.iter().any(|option| option.contains("--rsh"));
    if is_remote && !has_own {
        add(true, &format!("--rsh={}", ssh(args, remote)));
    }
    if let Some(path) = rsync_path {
        add(true, &format!("--rsync-path={path}"));
    }
    for option in &args.rsync_opts {
        let split = shlex::split(option).map_err(|error| format!("rsync_opts: {error}"))?;
        // An empty one means the folder in which rsync runs.
        add(option.is_empty(), "");
        for word in &split {
            add(true, word);
        }
    }
    add(args.partial, "--partial");
    if !args.link_dest.is_empty() {
        add(true, "-H");
        // Else a new name of an old file is no change to rsync.
        add(true, "-vv");
        let above = dest.rsplit_once('/').map_or("", |(above, _)| above);
        for path in &args.link_dest {
            if above.starts_with(path.as_str()) {
                return Err(format!(
                    "Hardlinking into a subdirectory of the source would cause recursion. {above} and {dest}"
                ));
            }
            add(true, &format!("--link-dest={path}"));
        }
    }
    add(true, &format!("--out-format={MARK}%i %n%L"));
    add(true, src);
    add(true, dest);
    Ok(words)
}

/// How rsync connects: a line that it splits itself.
fn ssh(args: &Args, remote: Option<&Remote>) -> String {
    let mut words = vec!["ssh".to_owned()];
    let mut add = |more: &[&str]| words.extend(more.iter().map(|word| (*word).to_owned()));
    if !args.ssh_connection_multiplexing {
        add(&["-S", "none"]);
    }
    let key = args.private_key.as_deref().or(remote.and_then(|remote| remote.key.as_deref()));
    if let Some(key) = key {
        add(&["-i", key]);
    }
    if let Some(port) = args.dest_port.or(remote.and_then(|remote| remote.port)) {
        add(&["-o", &format!("Port={port}")]);
    }
    if !args.verify_host {
        add(&["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"]);
    }
    if let Some(remote) = remote.filter(|_| args.use_ssh_args) {
        words.extend(remote.arguments.iter().cloned());
    }
    words.iter().map(|word| shlex::quote(word)).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Map, Value, args};

    fn told(given: &[(&str, Value)], remote: Option<&Remote>, paths: (&str, &str)) -> String {
        let map: Map = given.iter().map(|(key, value)| (*key, value.clone())).collect();
        let args: Args = args::from_map(&map).unwrap();
        line(&args, "rsync", remote, None, paths, false).unwrap_or_else(|e| vec![e]).join(" | ")
    }

    fn remote() -> Remote {
        Remote {
            address: "n1".to_owned(),
            port: Some(2222),
            user: Some("alice".to_owned()),
            key: Some("/k e y".to_owned()),
            arguments: vec!["-J".to_owned(), "gate".to_owned()],
            password: false,
        }
    }

    const PATHS: [(&str, &str); 2] = [("src", "x"), ("dest", "y")];

    fn with(more: &[(&'static str, Value)]) -> Vec<(&'static str, Value)> {
        let paths = PATHS.iter().map(|(key, value)| (*key, Value::from(*value)));
        paths.chain(more.iter().cloned()).collect()
    }

    #[test]
    fn what_is_not_said_is_as_in_the_collection() {
        assert_eq!(
            told(&with(&[]), Some(&remote()), ("/a/", "alice@n1:/b")),
            "rsync | --delay-updates | -F | --compress | --archive | \
             --rsh=ssh -S none -i '/k e y' -o Port=2222 -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null | \
             --out-format=<<CHANGED>>%i %n%L | /a/ | alice@n1:/b"
        );
        assert!(!told(&with(&[]), None, ("/a", "/b")).contains("--rsh"));
    }

    #[test]
    fn everything_can_be_said() {
        let all = with(&[
            ("delay_updates", false.into()),
            ("compress", false.into()),
            ("rsync_timeout", 9.into()),
            ("delete", true.into()),
            ("existing_only", true.into()),
            ("checksum", true.into()),
            ("copy_links", true.into()),
            ("archive", false.into()),
            ("recursive", true.into()),
            ("times", true.into()),
            ("perms", false.into()),
            ("dirs", true.into()),
            ("dest_port", 1.into()),
            ("private_key", "/k".into()),
            ("verify_host", true.into()),
            ("ssh_connection_multiplexing", true.into()),
            ("use_ssh_args", true.into()),
            ("rsync_opts", Value::list(vec!["--exclude=.git".into(), "--bwlimit 5".into()])),
            ("partial", true.into()),
            ("link_dest", "/old".into()),
        ]);
        assert_eq!(
            told(&all, Some(&remote()), ("/a", "n1:/b/c")),
            "rsync | --timeout=9 | --delete-after | --existing | --checksum | --copy-links | --recursive | --times | --dirs | \
             --rsh=ssh -i /k -o Port=1 -J gate | --exclude=.git | --bwlimit | 5 | --partial | -H | -vv | --link-dest=/old | \
             --out-format=<<CHANGED>>%i %n%L | /a | n1:/b/c"
        );
        let without = with(&[("owner", false.into()), ("rsync_opts", "--rsh=x".into())]);
        let said = told(&without, Some(&remote()), ("/a", "n1:/b"));
        assert!(said.contains("--archive | --no-owner | --rsh=x") && !said.contains("ssh"), "{said}");
    }

    #[test]
    fn what_cannot_be_is_said() {
        let both = told(&with(&[]), None, ("rsync://a/b", "rsync://c/d"));
        assert_eq!(both, "either src or dest must be a localhost");
        let inside = told(&with(&[("link_dest", "/a".into())]), None, ("/x", "/a/b/c"));
        assert!(inside.contains("would cause recursion"), "{inside}");
    }
}
