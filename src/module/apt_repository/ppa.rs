//! Personal package archives of Launchpad.

use std::path::Path;

use crate::module::apt::download;
use crate::module::failure::Doing;
use crate::module::{Context, Failure};

/// Where keys are fetched from.
const KEYSERVER: &str = "hkp://keyserver.ubuntu.com:80";
/// Where apt looks for keys, the better place first.
const KEYS: [&str; 3] = ["/etc/apt/keyrings", "/etc/apt/trusted.gpg.d", "/usr/share/keyrings"];

/// The release's code name: what is given, or what the system says.
pub(super) fn codename(given: Option<&str>) -> Result<String, Failure> {
    let text = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    let own = text.lines().find_map(|line| line.strip_prefix("VERSION_CODENAME="));
    let name = given.or(own).map(|name| name.trim_matches('"').to_owned());
    name.ok_or_else(|| Failure::new("the release has no code name; say one by `codename`"))
}

/// The line of `OWNER/NAME`, and these two.
pub(super) fn line(of: &str, codename: &str) -> (String, String, String) {
    let (owner, name) = of.split_once('/').unwrap_or((of, "ppa"));
    let name = name.split('/').next().unwrap_or(name);
    let line = format!("deb https://ppa.launchpadcontent.net/{owner}/{name}/ubuntu {codename} main");
    (line, owner.to_owned(), name.to_owned())
}

/// Fetches the key of an archive, unless it is there already.
pub(super) fn trust(
    owner: &str,
    name: &str,
    line: &str,
    checked: bool,
    ctx: &mut Context<'_>,
) -> Result<(), Failure> {
    let folder = tempfile::tempdir().doing("make a folder in", &std::env::temp_dir())?;
    let told = folder.path().join("ppa.json");
    let from = format!("https://api.launchpad.net/1.0/~{owner}/+archive/{name}");
    download(&from, &told.to_string_lossy(), checked, ctx).map_err(|failure| {
        let why = failure.into_outcome().msg.unwrap_or_default();
        Failure::new(format!("failed to fetch PPA information, error was: {why}"))
    })?;
    let text = std::fs::read_to_string(&told).doing("read", &told)?;
    let told: serde_json::Value = serde_json::from_str(&text).doing("read", &told)?;
    let key = told.get("signing_key_fingerprint").and_then(serde_json::Value::as_str);
    let key = key.ok_or_else(|| Failure::new(format!("Launchpad names no key of {owner}/{name}")))?;
    if let Some(program) = ctx.program("apt-key") {
        let said = ctx.ask([program.as_str(), "export", key])?;
        if !said.err.contains("nothing exported") || ctx.check() {
            return Ok(());
        }
        let words = ["adv", "--recv-keys", "--no-tty", "--keyserver", KEYSERVER, key];
        let said = ctx.ask([program.as_str()].into_iter().chain(words))?;
        return if said.well() { Ok(()) } else { Err(said.failure("Unable to get required signing key")) };
    }
    let gpg = ctx.program("gpg").ok_or_else(|| {
        Failure::new("Either apt-key or gpg binary is required, but neither could be found.")
    })?;
    if is_known(key, &gpg, ctx)? || ctx.check() {
        return Ok(());
    }
    let home = folder.path().to_string_lossy().into_owned();
    let gpg = |words: &[&str], ctx: &mut Context<'_>| {
        let all = [gpg.as_str(), "--homedir", &home, "--batch", "--no-tty"];
        ctx.ask(all.into_iter().chain(words.iter().copied()))
    };
    let said = gpg(&["--keyserver", KEYSERVER, "--recv-keys", key], ctx)?;
    if !said.well() {
        return Err(said.failure("Unable to get required signing key"));
    }
    let place = KEYS.iter().find(|folder| Path::new(folder).is_dir());
    let place = place.ok_or_else(|| Failure::new("there is no folder for keys of apt"))?;
    let stem = line.rsplit('/').next().unwrap_or("ppa").replace(' ', "-");
    let file = format!("{place}/{stem}-{owner}-{name}.gpg");
    let said = gpg(&["--yes", "--output", &file, "--export", key], ctx)?;
    if said.well() { Ok(()) } else { Err(said.failure("Unable to add required signing key.")) }
}

/// Whether some file of keys has it.
fn is_known(key: &str, gpg: &str, ctx: &mut Context<'_>) -> Result<bool, Failure> {
    let folders = KEYS.iter().filter_map(|folder| Path::new(folder).read_dir().ok()).flatten().flatten();
    let files = folders.map(|entry| entry.path()).chain(["/etc/apt/trusted.gpg".into()]);
    for file in files.filter(|file| file.is_file()) {
        if ctx.ask([gpg, "--list-packets", &file.to_string_lossy()])?.out.contains(key) {
            return Ok(true);
        }
    }
    Ok(false)
}
