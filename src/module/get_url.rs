//! `get_url`: a file from a server, put in its place on the target.

mod checksums;

use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Instant;

use schemars::JsonSchema;
use serde::Deserialize;

use self::checksums::Wanted;
use super::atomic::{self, Staged};
use super::attributes::{self, Attributes};
use super::checksum::{self, Algorithm};
use super::failure::{Answer, Doing, Failure};
use super::file_args::FileArgs;
use super::net::address::{self, Address};
use super::net::{Ask, Follow};
use super::url_args::{self, UrlArgs};
use super::{Context, Module, TargetPath, path};
use crate::base::Value;
use crate::base::address::masked;
use crate::base::spec::{CheckMode, OnResume, Spec};
use crate::wire::{Outcome, Status};

/// By HTTP and HTTPS. A file that is there already is asked for again only with `force` or when its `checksum` is another one;
/// else the server is asked whether it has a newer one. In check mode only the head of the answer is asked for.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// Where it is: `http://` or `https://`.
    url: String,
    /// Where it should be: a file, or a folder, in which it gets the name that the server says or that ends the address.
    dest: TargetPath,
    /// What its content must add up to: `sha256:d2a…`, or `sha256:https://…` for a list of sums.
    #[serde(default)]
    checksum: String,
    /// A folder for the file while it comes.
    tmp_dest: Option<TargetPath>,
    /// Keep a copy of a file that is replaced.
    #[serde(default)]
    backup: bool,
    /// How many seconds the server may be silent.
    #[serde(default = "timeout")]
    timeout: u64,
    /// The name to log in with.
    #[serde(alias = "username")]
    #[schemars(extend("x-aliases" = ["username"]))]
    url_username: Option<String>,
    /// Its password.
    #[serde(alias = "password")]
    #[schemars(extend("x-aliases" = ["password"]))]
    url_password: Option<String>,
}

fn timeout() -> u64 {
    10
}

pub(super) const SPEC: Spec = Spec {
    name: "get_url",
    summary: "Downloads a file.",
    free_form: None,
    open: false,
    on_resume: OnResume::Rerun,
    check: CheckMode::Full,
    schema: url_args::schema::<Args>,
};

/// The row of the table.
pub const MODULE: Module = Module { name: SPEC.name, run: |args, ctx| url_args::call(args, ctx, get_url) };

/// What came, and what its server says of it.
struct Got {
    file: tempfile::NamedTempFile,
    words: String,
    /// Nothing where there is no server.
    status: Option<u16>,
    /// The name that it should have.
    name: String,
}

fn get_url(args: &Args, url: &UrlArgs, common: &FileArgs, ctx: &mut Context<'_>) -> Answer {
    let mut dest = args.dest.expand(ctx);
    let shown = masked(&args.url);
    let into_folder = dest.is_dir();
    let login = (args.url_username.as_ref(), args.url_password.as_ref());
    let mut ask = Ask { follow: Follow::Urllib2, ..url.ask(&args.url, login, args.timeout, ctx) };
    let wanted = match args.checksum.as_str() {
        "" => None,
        text => Some(sum(text, args, &ask, &dest, ctx)?),
    };
    if !into_folder && let Ok(there) = dest.metadata() {
        let same = match &wanted {
            Some(Wanted { algorithm, sum }) if !url.force => {
                Some(checksum::of_file(*algorithm, &dest).doing("read", &dest)? == *sum)
            }
            _ => None,
        };
        if same == Some(true) {
            let attributes = Attributes::find(common, &dest, ctx)?;
            let changed = !attributes.apply(&dest, true, ctx.check())?.is_empty();
            let words = if changed {
                "file already exists but file attributes changed"
            } else {
                "file already exists"
            };
            let outcome = Outcome::ok(changed)
                .saying(words)
                .with("url", shown)
                .with("elapsed", 0)
                .with("checksum_src", Value::Null)
                .with("checksum_dest", Value::Null);
            let outcome = outcome.with("dest", dest.to_string_lossy().into_owned());
            return Ok(attributes::describe(outcome, &dest, ctx));
        }
        ask.since = Some(there.mtime());
        ask.fresh |= same == Some(false);
    }
    if ctx.check() {
        "HEAD".clone_into(&mut ask.method);
    }
    let started = Instant::now();
    let got = download(args, &ask, &dest, ctx)?;
    if into_folder {
        dest.push(&got.name);
    }
    let result = |outcome: Outcome| {
        outcome
            .with("url", shown.as_str())
            .with("dest", dest.to_string_lossy().into_owned())
            .with("elapsed", started.elapsed().as_secs())
            .with("src", got.file.path().to_string_lossy().into_owned())
    };
    let sum_of = |algorithm: Algorithm, path: &Path| checksum::of_file(algorithm, path).doing("read", path);
    let came = sum_of(Algorithm::Sha1, got.file.path())?;
    let before = if dest.exists() { Value::from(sum_of(Algorithm::Sha1, &dest)?) } else { Value::Null };
    if let Some(folder) = dest.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.is_dir()) {
        let msg = format!("Destination {} does not exist", folder.display());
        return Err(result(Outcome::failed(msg)).into());
    }
    let differs = before.as_str() != Some(came.as_str());
    let mut outcome = result(Outcome::ok(differs))
        .saying(got.words)
        .with("checksum_src", came)
        .with("checksum_dest", before.clone());
    if ctx.check() {
        return Ok(attributes::describe(outcome, &dest, ctx));
    }
    outcome.values.insert("status_code", got.status.map_or(Value::Null, |status| i64::from(status).into()));
    if let Some(Wanted { algorithm, sum }) = &wanted {
        let is = sum_of(*algorithm, got.file.path())?;
        if is != *sum {
            let from = got.file.path().display();
            let msg = format!("The checksum for {from} did not match {sum}; it was {is}.");
            outcome.changed = false;
            return Err(Outcome { status: Status::Failed, msg: Some(msg), ..outcome }.into());
        }
    }
    if differs {
        if args.backup && !before.is_null() {
            let kept = atomic::backup(&dest, ctx)?;
            outcome.values.insert("backup_file", kept.to_string_lossy().into_owned());
        }
        let mut staged = Staged::open(&dest, common.is_unsafe())?;
        let mut from = File::open(got.file.path()).doing("read", got.file.path())?;
        io::copy(&mut from, &mut staged).doing("write", &dest)?;
        staged.commit()?;
    }
    let attributes = Attributes::find(common, &dest, ctx)?;
    outcome.changed |= !attributes.apply(&dest, true, false)?.is_empty();
    outcome.values.insert("md5sum", sum_of(Algorithm::Md5, &dest)?);
    Ok(attributes::describe(outcome, &dest, ctx))
}

/// The checksum that is wanted; a list of them is fetched.
fn sum(text: &str, args: &Args, ask: &Ask, dest: &Path, ctx: &mut Context<'_>) -> Result<Wanted, Failure> {
    let (algorithm, rest) = text
        .split_once(':')
        .ok_or_else(|| Failure::new("The checksum parameter has to be in format <algorithm>:<checksum>"))?;
    if !["http://", "https://", "file://"].iter().any(|scheme| rest.starts_with(scheme)) {
        return Wanted::read(algorithm, rest);
    }
    let list = download(args, &Ask { url: rest.to_owned(), ..ask.clone() }, dest, ctx)?;
    let bytes = std::fs::read(list.file.path()).doing("read", list.file.path())?;
    let local =
        address::local(&args.url).and_then(|path| Some(path.file_name()?.to_string_lossy().into_owned()));
    let of_server = || Address::parse(&args.url).map(|address| file_name(&address)).unwrap_or_default();
    let name = local.unwrap_or_else(of_server);
    let found = checksums::find(&String::from_utf8_lossy(&bytes), &name);
    let found = found.ok_or_else(|| {
        Failure::new(format!("Unable to find a checksum for file '{name}' in '{}'", masked(rest)))
    })?;
    Wanted::read(algorithm, &found)
}

fn file_name(address: &Address) -> String {
    match address.file_name() {
        name if name.is_empty() => "index.html".to_owned(),
        name => name,
    }
}

fn download(args: &Args, ask: &Ask, dest: &Path, ctx: &mut Context<'_>) -> Result<Got, Failure> {
    let folder: PathBuf = match &args.tmp_dest {
        None => path::temporary(ctx),
        Some(folder) => {
            let folder = folder.expand(ctx);
            if folder.is_dir() {
                folder
            } else if folder.exists() {
                let msg = format!("{} is a file but should be a directory.", folder.display());
                return Err(Failure::new(msg));
            } else {
                return Err(Failure::new(format!("{} directory does not exist.", folder.display())));
            }
        }
    };
    let started = Instant::now();
    let told = |outcome: Outcome| {
        let outcome = outcome.with("url", masked(&ask.url)).with("elapsed", started.elapsed().as_secs());
        outcome.with("dest", dest.to_string_lossy().into_owned())
    };
    if let Some(path) = address::local(&ask.url) {
        return copy(&path, &folder).map_err(|msg| told(Outcome::failed(msg)).into());
    }
    let mut answer = ask.send(ctx).map_err(|msg| Failure::from(told(Outcome::failed(msg))))?;
    let words = answer.words();
    if answer.status == 304 {
        let outcome = told(Outcome::ok(false).saying(words)).with("status_code", 304);
        return Err(attributes::describe(outcome, dest, ctx).into());
    }
    if answer.status != 200 {
        let outcome = told(Outcome::failed("Request failed"));
        return Err(outcome.with("status_code", i64::from(answer.status)).with("response", words).into());
    }
    let mut file = tempfile::Builder::new()
        .prefix("benchbook-get.")
        .tempfile_in(&folder)
        .doing("make a file in", &folder)?;
    io::copy(&mut answer.body, &mut file).map_err(|e| {
        let what = match e.kind() {
            io::ErrorKind::UnexpectedEof => "Incomplete read",
            _ => "failed to create temporary content file",
        };
        Failure::from(told(Outcome::failed(format!("{what}: {e}"))))
    })?;
    let of_address = || Address::parse(&answer.url).map(|address| file_name(&address)).unwrap_or_default();
    let name = answer.file_name().unwrap_or_else(of_address);
    Ok(Got { file, words, status: Some(answer.status), name })
}

/// What is in a file of the target, where its address is one of `file:`.
fn copy(path: &Path, folder: &Path) -> Result<Got, String> {
    let refused = |error: io::Error| {
        let (number, text) = (error.raw_os_error().unwrap_or_default(), error.to_string());
        let text = text.split(" (os error").next().unwrap_or_default();
        format!("Request failed: <urlopen error [Errno {number}] {text}: '{}'>", path.display())
    };
    let mut from = File::open(path).map_err(refused)?;
    let made = tempfile::Builder::new().prefix("benchbook-get.").tempfile_in(folder);
    let mut file = made.map_err(|error| format!("cannot make a file in {}: {error}", folder.display()))?;
    let bytes = io::copy(&mut from, &mut file).map_err(refused)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok(Got { file, words: format!("OK ({bytes} bytes)"), status: None, name })
}
