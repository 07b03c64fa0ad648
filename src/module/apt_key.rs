//! `apt_key`: keys that apt trusts, by `apt-key` and `gpg`.

use schemars::JsonSchema;
use serde::Deserialize;

use super::accounts::Presence;
use super::failure::Doing;
use super::process::Command;
use super::programs::Said;
use super::{Answer, Context, Failure, Module, TargetPath, apt, call};
use crate::base::spec::{CheckMode, OnResume, Spec, schema_of};
use crate::wire::Outcome;

/// Adds or removes a key that apt trusts. `apt-key` is not there any more on newer systems: `deb822_repository` is, with `signed_by`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-exclusive" = [["data", "file", "keyserver", "url"]]))]
pub struct Args {
    /// The key, by 8, 16 or more hexadecimal digits.
    pub id: Option<String>,
    /// The key itself.
    pub data: Option<String>,
    /// A file on the target that has it.
    pub file: Option<TargetPath>,
    /// The file of keys; by default apt's own.
    pub keyring: Option<TargetPath>,
    /// Where it is fetched from.
    pub url: Option<String>,
    /// A server of keys.
    pub keyserver: Option<String>,
    /// Whether it should be there.
    #[serde(default)]
    pub state: Presence,
    /// With `url`: whether the other side's certificate counts.
    #[serde(default = "yes")]
    pub validate_certs: bool,
}

fn yes() -> bool {
    true
}

pub(super) const SPEC: Spec = Spec {
    name: "apt_key",
    summary: "Adds or removes a key that apt trusts.",
    free_form: None,
    open: false,
    on_resume: OnResume::Rerun,
    check: CheckMode::Full,
    schema: schema_of::<Args>,
};

/// The row of the table.
pub const MODULE: Module = Module { name: SPEC.name, run: |args, ctx| call(args, ctx, ensure) };

fn ensure(args: &Args, ctx: &mut Context<'_>) -> Answer {
    let program = ctx.program("apt-key").ok_or_else(|| {
        Failure::new(
            "there is no apt-key. Apt-key has been deprecated. See the deb822_repository as an alternative.",
        )
    })?;
    let gpg = ctx.needed("gpg")?;
    let mut apt_key = vec![program];
    if let Some(keyring) = &args.keyring {
        apt_key.extend(["--keyring".to_owned(), keyring.expand(ctx).to_string_lossy().into_owned()]);
    }
    let mut data = args.data.clone().map(String::into_bytes);
    let file = args.file.as_ref().map(|file| file.expand(ctx).to_string_lossy().into_owned());
    let mut id = args.id.clone().filter(|id| !id.is_empty());
    if id.is_none() {
        if args.keyserver.is_some() {
            return Err(Failure::new("Missing key_id, required with keyserver."));
        }
        if let Some(url) = &args.url {
            data = Some(fetch(url, args.validate_certs, ctx)?);
        }
        id = first_key(file.as_deref(), data.as_deref(), &gpg, ctx)?;
    }
    let given = id.clone().unwrap_or_default();
    let key = Key::parse(&given).ok_or_else(|| Failure::new("Invalid key_id").with("id", given.as_str()))?;
    let before = keys(&apt_key, &key, ctx)?;
    let outcome = Outcome::ok(false)
        .with("id", given)
        .with("short_id", key.short())
        .with("fp", key.long())
        .with("key_id", key.0.as_str())
        .with("before", before.clone());
    let there = before.iter().any(|found| found == key.compared());
    if there == (args.state == Presence::Present) {
        return Ok(outcome);
    }
    let mut outcome = Outcome { changed: true, ..outcome };
    if ctx.check() {
        return Ok(outcome);
    }
    let call = |words: &[&str]| {
        apt_key.iter().map(String::as_str).chain(words.iter().copied()).map(str::to_owned).collect::<Vec<_>>()
    };
    if args.state == Presence::Absent {
        let said = ctx.ask(call(&["del", key.short()]))?;
        well(said, &format!("Unable to remove a key with id {}", key.short()))?;
    } else if let Some(file) = &file {
        let said = ctx.ask(call(&["add", file]))?;
        well(said, &format!("Unable to add a key from file {file}"))?;
    } else if let Some(server) = &args.keyserver {
        receive(&call(&["adv", "--no-tty", "--keyserver", server]), &key, server, ctx)?;
    } else {
        let bytes = match (data, &args.url) {
            (Some(bytes), _) => bytes,
            (None, Some(url)) => fetch(url, args.validate_certs, ctx)?,
            (None, None) => return Err(Failure::new("apt_key needs one of data, file, keyserver, url")),
        };
        let command = Command { stdin: Some(bytes), ..Command::new(call(&["add", "-"])) };
        let said = ctx.ask_with(command)?;
        well(said, "Unable to add a key from binary data")?;
    }
    let after = keys(&apt_key, &key, ctx)?;
    let there = after.iter().any(|found| found == key.compared());
    outcome.values.insert("after", after);
    if there == (args.state == Presence::Present) {
        return Ok(outcome);
    }
    let what = if there { "the key was not removed" } else { "failed to add the key" };
    let words = "(check that the id is correct and *not* a subkey)";
    Err(Failure::new(format!("apt-key did not return an error, but {what} {words}")))
}

fn well(said: Said, msg: &str) -> Result<(), Failure> {
    if said.well() { Ok(()) } else { Err(said.failure(msg)) }
}

fn fetch(url: &str, checked: bool, ctx: &mut Context<'_>) -> Result<Vec<u8>, Failure> {
    let folder = tempfile::tempdir().doing("make a folder in", &std::env::temp_dir())?;
    let to = folder.path().join("key");
    apt::download(url, &to.to_string_lossy(), checked, ctx).map_err(|failure| {
        let why = failure.into_outcome().msg.unwrap_or_default();
        Failure::new(format!("Failed to download key at {url}: {why}"))
    })?;
    std::fs::read(&to).doing("read", &to)
}

/// Asks a server of keys, up to five times.
fn receive(words: &[String], key: &Key, server: &str, ctx: &mut Context<'_>) -> Result<(), Failure> {
    let proxies = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"];
    let proxy = proxies.iter().find_map(|name| super::path::variable_value(name, ctx));
    let proxy = proxy.filter(|proxy| !proxy.is_empty()).map(|proxy| format!("http-proxy={proxy}"));
    let option = proxy.iter().flat_map(|proxy| ["--keyserver-options", proxy.as_str()]);
    let words: Vec<&str> =
        words.iter().map(String::as_str).chain(option).chain(["--recv", key.0.as_str()]).collect();
    let mut said = Said::default();
    for _ in 0..5 {
        said = ctx.ask(words.iter().copied())?;
        if said.well() {
            return Ok(());
        }
    }
    let id = &key.0;
    if said.rc == 2 && said.out.contains("not found on keyserver") {
        return Err(Failure::new(format!("Key {id} not found on keyserver {server}")));
    }
    Err(said.failure(format!("Error fetching key {id} from keyserver: {server}")))
}

/// The digits that name a key, in upper case.
#[derive(Debug, PartialEq, Eq)]
struct Key(String);

impl Key {
    fn parse(text: &str) -> Option<Self> {
        let digits = text.trim().to_uppercase();
        let digits = digits.strip_prefix("0X").unwrap_or(&digits);
        let fits = matches!(digits.len(), 8 | 16) || digits.len() > 16;
        (fits && digits.chars().all(|c| c.is_ascii_hexdigit())).then(|| Self(digits.to_owned()))
    }

    fn last(&self, digits: usize) -> &str {
        &self.0[self.0.len().saturating_sub(digits)..]
    }

    fn short(&self) -> &str {
        self.last(8)
    }

    fn long(&self) -> &str {
        self.last(16)
    }

    /// What it is known by among the others: as short as it was given.
    fn compared(&self) -> &str {
        self.long()
    }
}

/// The keys that apt trusts, as short as the one that is looked for.
fn keys(apt_key: &[String], key: &Key, ctx: &mut Context<'_>) -> Result<Vec<String>, Failure> {
    let words = ["adv", "--list-public-keys", "--keyid-format=long"];
    let said = ctx.ask(apt_key.iter().map(String::as_str).chain(words))?;
    if !said.well() {
        return Err(said.failure("Unable to list public keys"));
    }
    let digits = if key.0.len() == 8 { 8 } else { usize::MAX };
    let short = |key: String| key[key.len().saturating_sub(digits)..].to_owned();
    Ok(listed(&said.out).into_iter().map(short).collect())
}

/// The first key of a file or of bytes.
fn first_key(
    file: Option<&str>,
    data: Option<&[u8]>,
    gpg: &str,
    ctx: &mut Context<'_>,
) -> Result<Option<String>, Failure> {
    let command = match (file, data) {
        (Some(file), _) => Command::new([gpg, "--with-colons", file]),
        (None, Some(bytes)) => {
            Command { stdin: Some(bytes.to_vec()), ..Command::new([gpg, "--with-colons", "-"]) }
        }
        (None, None) => return Ok(None),
    };
    let said = ctx.ask_with(command)?;
    if !said.well() {
        return Err(said.failure(format!("Unable to extract key from '{}'", file.unwrap_or("inline data"))));
    }
    Ok(listed(&said.out).into_iter().next())
}

/// Keys that gpg prints, for people (`pub   rsa4096/ABCD…`) or with colons; those that have expired do not count.
fn listed(text: &str) -> Vec<String> {
    let lines = text.lines().filter(|line| line.starts_with("pub") || line.starts_with("sub"));
    let lines = lines.filter(|line| !line.contains("expired"));
    let read = |line: &str| {
        let word = line.split_whitespace().nth(1).and_then(|word| word.split_once('/'));
        word.map(|(_, key)| key)
            .or_else(|| line.split(':').nth(4))
            .filter(|key| key.is_ascii())
            .map(str::to_owned)
    };
    lines.filter_map(read).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn keys_are_named_by_their_last_digits() {
        let key = Key::parse("0x36a1d7869245c8950f966e92d8576a8ba88d21e9").unwrap();
        assert_eq!((key.short(), key.long()), ("A88D21E9", "D8576A8BA88D21E9"));
        assert_eq!(Key::parse("ABC"), None);
        assert_eq!(Key::parse("not hex!"), None);
        let text = "pub   rsa4096/73A4F27B8DD47936 2019-01-01 [SC]\nuid  x\nsub   rsa4096/AAAA111122223333 [S] [expired: 2020]\npub:u:4096:1:B188E2B695BD4743:15\n";
        assert_eq!(listed(text), ["73A4F27B8DD47936", "B188E2B695BD4743"]);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(?s)(pub|sub|:|/| |\n|.){0,30}") {
            listed(&text);
            Key::parse(&text);
        }
    }
}
