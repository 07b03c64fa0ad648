//! `uri`: a question to a web service, and what it answers.
//!
//! The controller's action sends the user's files as uploads, in the order in which they are needed here.

mod form;

use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Instant;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::atomic::Staged;
use super::attributes::{self, Attributes};
use super::checksum::{self, Algorithm};
use super::failure::{Answer, Doing, Failure};
use super::file_args::FileArgs;
use super::net::address::{Address, decoded, join, parameter};
use super::net::{self, Ask, Follow};
use super::url_args::{self, UrlArgs};
use super::{Context, Module, TargetPath};
use crate::base::address::masked;
use crate::base::spec::{CheckMode, OnResume, Spec};
use crate::base::{Map, Value};
use crate::wire::{Outcome, Status};

/// The answer's headers are results, with `_` for `-`. What is JSON is also the result `json`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-exclusive" = [["body", "src"]]))]
pub struct Args {
    /// What is asked: `http://` or `https://`.
    url: String,
    /// `GET`, `POST`, `PUT` and so on.
    #[serde(default = "get")]
    method: String,
    /// What is sent.
    body: Option<Value>,
    /// How `body` is written.
    #[serde(default)]
    body_format: Format,
    /// A file that is sent; on the controller, with `remote_src` on the target.
    src: Option<TargetPath>,
    /// `src` and the files in `body` are on the target.
    #[serde(default)]
    #[allow(dead_code)] // the action reads it
    remote_src: bool,
    /// A file of the target that gets the answer; in a folder it gets the name that the server says or that ends the address.
    dest: Option<TargetPath>,
    /// Give what is answered as `content`.
    #[serde(default)]
    return_content: bool,
    /// What the server must answer with.
    #[serde(default = "well")]
    status_code: Vec<u16>,
    /// Which pointers to elsewhere are followed.
    #[serde(default)]
    follow_redirects: Redirects,
    /// Nothing is asked when this is there.
    creates: Option<TargetPath>,
    /// Nothing is asked when this is not there.
    removes: Option<TargetPath>,
    /// How many seconds the server may be silent.
    #[serde(default = "timeout")]
    timeout: u64,
    /// A file of the target with certificates that are trusted too.
    ca_path: Option<TargetPath>,
    /// A socket of the target that leads to the server.
    unix_socket: Option<TargetPath>,
    /// The name to log in with.
    #[serde(alias = "user")]
    #[schemars(extend("x-aliases" = ["user"]))]
    url_username: Option<String>,
    /// Its password.
    #[serde(alias = "password")]
    #[schemars(extend("x-aliases" = ["password"]))]
    url_password: Option<String>,
    /// `src` comes as upload 0. Never written by users.
    #[serde(default, rename = "_upload")]
    #[schemars(skip)]
    upload: bool,
}

/// How a body is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// A mapping or list as the fields of a form.
    FormUrlencoded,
    /// As JSON; text is JSON already.
    Json,
    /// As it is.
    #[default]
    Raw,
    /// A mapping as the parts of a form; a part is text, or a mapping with `filename`, `content`, `mime_type` and
    /// `multipart_encoding`.
    FormMultipart,
}

/// Which pointers to elsewhere are followed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Redirects {
    /// All.
    #[serde(alias = "yes", alias = "true")]
    #[schemars(extend("x-aliases" = ["yes", "true"]))]
    All,
    /// Those after GET and HEAD.
    #[default]
    Safe,
    /// None.
    #[serde(alias = "no", alias = "false")]
    #[schemars(extend("x-aliases" = ["no", "false"]))]
    None,
    /// Those after GET and HEAD, and those that turn POST into GET; GET is what is asked then, after HEAD, too.
    Urllib2,
}

fn get() -> String {
    "GET".to_owned()
}

fn well() -> Vec<u16> {
    vec![200]
}

fn timeout() -> u64 {
    30
}

pub(super) const SPEC: Spec = Spec {
    name: "uri",
    summary: "Asks a web service.",
    free_form: None,
    open: false,
    on_resume: OnResume::Rerun,
    check: CheckMode::Skipped,
    schema: url_args::schema::<Args>,
};

/// The row of the table.
pub const MODULE: Module = Module { name: SPEC.name, run: |args, ctx| url_args::call(args, ctx, uri) };

/// The arguments of the module, for the controller's action.
pub fn schema() -> schemars::Schema {
    url_args::schema::<Args>()
}

fn uri(args: &Args, url: &UrlArgs, common: &FileArgs, ctx: &mut Context<'_>) -> Answer {
    if let Some(path) = args.creates.as_ref().map(|path| path.expand(ctx)).filter(|path| path.exists()) {
        let said = format!("skipped, since '{}' exists", path.display());
        return Ok(Outcome::ok(false).with("stdout", said));
    }
    if let Some(path) = args.removes.as_ref().map(|path| path.expand(ctx)).filter(|path| !path.exists()) {
        let said = format!("skipped, since '{}' does not exist", path.display());
        return Ok(Outcome::ok(false).with("stdout", said));
    }
    let dest = args.dest.as_ref().map(|dest| dest.expand(ctx));
    let ask = question(args, url, dest.as_deref(), ctx)?;
    let started = Instant::now();
    let answered = ask.send(ctx);
    let elapsed = started.elapsed().as_secs();
    let mut answer = match answered {
        Ok(answer) => answer,
        Err(why) => {
            let wanted = list(&args.status_code);
            let failed = Failure::new(format!("Status code was -1 and not {wanted}: {why}"))
                .with("status", -1)
                .with("url", masked(&args.url))
                .with("redirected", false)
                .with("elapsed", elapsed);
            return Err(if args.return_content { failed.with("content", "") } else { failed });
        }
    };
    let mut content = Vec::new();
    answer
        .body
        .read_to_end(&mut content)
        .map_err(|e| Failure::new(format!("HTTP Error while fetching {}: {e}", masked(&args.url))))?;
    let is_wanted = args.status_code.contains(&answer.status);
    let mut outcome = told(args, &answer).with("elapsed", elapsed);
    let kind = answer.header("content-type").unwrap_or("application/octet-stream");
    let text = String::from_utf8_lossy(&content).into_owned();
    if is_json(kind)
        && let Ok(json) = serde_json::from_str::<Value>(&text)
    {
        outcome.values.insert("json", json);
    }
    if !answer.is_well() && !args.return_content && is_wanted && !is_json(kind) {
        outcome.values.insert("body", text.as_str());
    }
    if args.return_content {
        outcome.values.insert("content", text);
    }
    if let Some(dest) = dest {
        let dest = if dest.is_dir() { dest.join(name(&answer)) } else { dest };
        if is_wanted && answer.status != 304 {
            write(&dest, &content, common)?;
            Attributes::find(common, &dest, ctx)?.apply(&dest, true, false)?;
            outcome.changed = true;
        }
        outcome.values.insert("path", dest.to_string_lossy().into_owned());
        outcome = attributes::describe(outcome, &dest, ctx);
    }
    let words = answer.words();
    if is_wanted {
        return Ok(outcome.saying(words));
    }
    outcome.status = Status::Failed;
    let wanted = list(&args.status_code);
    Ok(outcome.saying(format!("Status code was {} and not {wanted}: {words}", answer.status)))
}

/// As Python shows a list.
fn list(numbers: &[u16]) -> String {
    let all: Vec<String> = numbers.iter().map(u16::to_string).collect();
    format!("[{}]", all.join(", "))
}

fn question(args: &Args, url: &UrlArgs, dest: Option<&Path>, ctx: &mut Context<'_>) -> Result<Ask, Failure> {
    let method = args.method.to_uppercase();
    if method.is_empty() || !method.bytes().all(|byte| byte.is_ascii_uppercase()) {
        let msg = "Parameter 'method' needs to be a single word in uppercase, like GET or POST.";
        return Err(Failure::new(msg));
    }
    let login = (args.url_username.as_ref(), args.url_password.as_ref());
    let mut ask = url.ask(&args.url, login, args.timeout, ctx);
    ask.method = method;
    ask.follow = match args.follow_redirects {
        Redirects::All => Follow::All,
        Redirects::Safe => Follow::Safe,
        Redirects::None => Follow::None,
        Redirects::Urllib2 => Follow::Urllib2,
    };
    ask.ca = args.ca_path.as_ref().map(|path| path.expand(ctx));
    ask.socket = args.unix_socket.as_ref().map(|path| path.expand(ctx));
    ask.since = dest.filter(|dest| dest.is_file()).and_then(|dest| {
        use std::os::unix::fs::MetadataExt;
        dest.metadata().ok().map(|there| there.mtime())
    });
    let kind_of_file = || (args.body_format == Format::Json).then(|| "application/json".to_owned());
    let (body, kind) = match &args.src {
        Some(src) if args.upload => {
            let mut bytes = Vec::new();
            let read = ctx.link.upload(0).and_then(|mut from| from.read_to_end(&mut bytes));
            read.doing("receive", Path::new(src.as_str()))?;
            (Some(bytes), kind_of_file())
        }
        Some(src) => {
            let src: PathBuf = src.expand(ctx);
            let bytes = std::fs::read(&src).map_err(|_| {
                Failure::new(format!("Unable to open source file {}", src.display())).with("elapsed", 0)
            })?;
            (Some(bytes), kind_of_file())
        }
        None => form::body(args.body.as_ref(), args.body_format, ctx)?,
    };
    ask.body = body;
    if let Some(kind) = kind {
        let is_set = |(name, _): &(String, String)| name.eq_ignore_ascii_case("content-type");
        if args.body_format == Format::FormMultipart {
            ask.headers.retain(|header| !is_set(header));
        }
        if !ask.headers.iter().any(is_set) {
            ask.headers.push(("Content-Type".to_owned(), kind));
        }
    }
    Ok(ask)
}

/// The result without the content.
fn told(args: &Args, answer: &net::Answer<'_>) -> Outcome {
    let mut outcome = Outcome::ok(false);
    for (name, value) in &answer.headers {
        outcome.values.insert(name.replace('-', "_").as_str(), value.as_str());
    }
    let asked = masked(&args.url);
    // As the reference, which knows where it was led only when it was answered well.
    let url = if answer.is_well() { answer.url.clone() } else { asked.clone() };
    if let Some(location) = answer.header("location") {
        outcome.values.insert("location", join(&asked, location));
    }
    if answer.is_well() {
        let pairs = answer.cookies.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        outcome.values.insert("cookies", pairs.collect::<Map>());
        let all: Vec<_> = answer.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        outcome.values.insert("cookies_string", all.join("; "));
    }
    let same =
        Address::parse(&args.url).is_ok_and(|asked| Address { login: None, ..asked }.to_string() == url);
    let is_moved = url != asked && !same;
    outcome
        .with("status", i64::from(answer.status))
        .with("redirected", is_moved)
        .with("url", if is_moved { url } else { asked })
}

fn is_json(kind: &str) -> bool {
    let kind = kind.split(';').next().unwrap_or_default().trim().to_lowercase();
    let Some((_, sub)) = kind.split_once('/') else { return false };
    matches!(sub.rsplit('+').next(), Some("json" | "javascript"))
}

/// What the file is called in a folder.
fn name(answer: &net::Answer<'_>) -> String {
    let said = answer.header("content-disposition").and_then(|said| parameter(said, "filename"));
    let last = |text: &str| text.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_owned();
    let path = Address::parse(&answer.url).map(|address| address.path).unwrap_or_default();
    let of_path = || decoded(&last(path.split('?').next().unwrap_or_default()));
    match said.map_or_else(of_path, |said| last(&said)) {
        name if name.is_empty() => "index.html".to_owned(),
        name => name,
    }
}

fn write(dest: &Path, content: &[u8], common: &FileArgs) -> Result<(), Failure> {
    if let Some(folder) = dest.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.is_dir()) {
        let (dest, folder) = (dest.display(), folder.display());
        return Err(Failure::new(format!("Could not replace '{dest}': the folder {folder} is not there")));
    }
    let same = dest.is_file()
        && checksum::of_file(Algorithm::Sha1, dest).doing("read", dest)?
            == checksum::of_bytes(Algorithm::Sha1, content);
    if same {
        return Ok(());
    }
    Staged::holding(dest, content, common.is_unsafe())?.commit()
}
