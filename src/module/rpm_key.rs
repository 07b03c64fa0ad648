//! `rpm_key`: keys that rpm trusts, by `rpm` and `gpg`.

use std::collections::BTreeSet;
use std::path::Path;

use schemars::JsonSchema;
use serde::Deserialize;

use super::accounts::Presence;
use super::failure::Doing;
use super::process::Command;
use super::{Answer, Context, Failure, Module, call};
use crate::base::spec::{CheckMode, OnResume, Spec, schema_of};
use crate::wire::Outcome;

/// Adds or removes a key that rpm trusts.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// The key: a file on the target, where it is fetched from (by `curl`), or, to remove it, its digits.
    pub key: String,
    /// Whether it should be there.
    #[serde(default)]
    pub state: Presence,
    /// Fingerprints that the file must have.
    pub fingerprint: Option<Vec<String>>,
    /// Whether the certificate of the other side counts.
    #[serde(default = "yes")]
    pub validate_certs: bool,
}

fn yes() -> bool {
    true
}

pub(super) const SPEC: Spec = Spec {
    name: "rpm_key",
    summary: "Adds or removes a key that rpm trusts.",
    free_form: None,
    open: false,
    on_resume: OnResume::Rerun,
    check: CheckMode::Full,
    schema: schema_of::<Args>,
};

/// The row of the table.
pub const MODULE: Module = Module { name: SPEC.name, run: |args, ctx| call(args, ctx, ensure) };

/// How gpg speaks to programs.
const PLAIN: [&str; 4] = ["--no-tty", "--batch", "--with-colons", "--fixed-list-mode"];

fn ensure(args: &Args, ctx: &mut Context<'_>) -> Answer {
    let rpm = ctx.needed("rpm")?;
    let gpg = match ctx.program("gpg") {
        Some(gpg) => gpg,
        None => ctx.needed("gpg2")?,
    };
    let folder = tempfile::tempdir().doing("make a folder in", &std::env::temp_dir())?;
    let file = if args.key.contains("://") {
        let to = folder.path().join("key").to_string_lossy().into_owned();
        fetch(args, &to, ctx)?;
        Some(to)
    } else if !is_digits(&args.key) && Path::new(&args.key).is_file() {
        Some(args.key.clone())
    } else if is_digits(&args.key) {
        None
    } else {
        return Err(Failure::new(format!("Not a valid key {}", args.key)));
    };
    let id = match &file {
        None => args.key.clone(),
        Some(file) => {
            let out = well(ctx, [gpg.as_str()].into_iter().chain(PLAIN).chain([file.as_str()]))?;
            let id = out.lines().find_map(|line| line.trim().strip_prefix("pub:")?.split(':').nth(3));
            id.ok_or_else(|| Failure::new("Unexpected gpg output"))?.to_owned()
        }
    };
    let id = id.trim().to_uppercase();
    let id = id.strip_prefix("0X").unwrap_or(&id);
    let there = is_there(id, &rpm, &gpg, ctx)?;
    if there == (args.state == Presence::Present) {
        return Ok(Outcome::ok(false));
    }
    if args.state == Presence::Absent {
        let short = id[id.len().saturating_sub(8)..].to_lowercase();
        if !ctx.check() {
            well(ctx, [rpm.as_str(), "--erase", "--allmatches", &format!("gpg-pubkey-{short}")])?;
        }
        return Ok(Outcome::ok(true));
    }
    let Some(file) = file else {
        return Err(Failure::new("When importing a key, a valid file must be given"));
    };
    if let Some(wanted) = &args.fingerprint {
        let wanted: BTreeSet<String> =
            wanted.iter().map(|text| text.replace(' ', "").to_uppercase()).collect();
        let show = ["--import", "--import-options", "show-only", "--dry-run", file.as_str()];
        let out = well(ctx, [gpg.as_str()].into_iter().chain(PLAIN).chain(show))?;
        let prints = out.lines().filter_map(|line| line.trim().strip_prefix("fpr:")?.split(':').nth(8));
        let prints: BTreeSet<String> = prints.map(str::to_owned).collect();
        if !wanted.is_subset(&prints) {
            let list = |set: &BTreeSet<String>| {
                let quoted: Vec<String> = set.iter().map(|text| format!("'{text}'")).collect();
                format!("{{{}}}", quoted.join(", "))
            };
            let words = "does not match any key fingerprints in";
            let (wanted, prints) = (list(&wanted), list(&prints));
            return Err(Failure::new(format!("The specified fingerprint, '{wanted}', {words} '{prints}'")));
        }
    }
    if !ctx.check() {
        well(ctx, [rpm.as_str(), "--import", &file])?;
    }
    Ok(Outcome::ok(true))
}

/// Eight hexadecimal digits at least, as keys are named.
fn is_digits(key: &str) -> bool {
    let key = key.strip_prefix("0x").unwrap_or(key);
    key.len() >= 8 && key.bytes().take(8).all(|c| c.is_ascii_hexdigit())
}

/// What a program says that must end well.
fn well<'a>(ctx: &mut Context<'_>, words: impl IntoIterator<Item = &'a str>) -> Result<String, Failure> {
    let said = ctx.ask(words)?;
    if said.well() { Ok(said.out) } else { Err(Failure::new(said.err)) }
}

fn fetch(args: &Args, to: &str, ctx: &mut Context<'_>) -> Result<(), Failure> {
    let program = ctx.needed("curl")?;
    let open = if args.validate_certs { &[][..] } else { &["--insecure"] };
    let words = ["--silent", "--show-error", "--fail", "--location", "--output", to, &args.key];
    let said = ctx.ask([program.as_str()].iter().chain(open).copied().chain(words))?;
    if !said.well() {
        let why = said.err.trim();
        return Err(Failure::new(format!("failed to fetch key at {} , error was: {why}", args.key)));
    }
    let bytes = std::fs::read(to).doing("read", Path::new(to))?;
    if String::from_utf8_lossy(&bytes).contains("-----BEGIN PGP PUBLIC KEY BLOCK-----") {
        return Ok(());
    }
    Err(Failure::new(format!("Not a public key: {}", args.key)))
}

/// Whether one of the keys that rpm has is called so.
fn is_there(id: &str, rpm: &str, gpg: &str, ctx: &mut Context<'_>) -> Result<bool, Failure> {
    let said = ctx.ask([rpm, "-q", "gpg-pubkey", "--qf", "%{description}"])?;
    if !said.well() {
        return Ok(false);
    }
    let words = [gpg].into_iter().chain(PLAIN).chain(["-"]);
    let command = Command { stdin: Some(said.out.into_bytes()), ..Command::new(words) };
    let said = ctx.ask_with(command)?;
    if !said.well() {
        return Err(Failure::new(said.err));
    }
    Ok(said.out.lines().any(|line| line.split(':').nth(4).is_some_and(|key| key.contains(id))))
}
