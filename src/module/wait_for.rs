//! `wait_for`: until a port, a file or a text is there (or gone).

mod sockets;

use std::io::Read;
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::failure::{Answer, Failure};
use super::process::Command;
use super::{Context, Module, TargetPath, attributes, call, regex};
use crate::base::spec::{CheckMode, OnResume, Spec, schema_of};
use crate::base::{Map, Value};
use crate::wire::Outcome;

/// With neither `port` nor `path` it only waits for `timeout` seconds.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-exclusive" = [["port", "path"]]))]
pub struct Args {
    /// The host whose port it is, as the target sees it: a name or an address.
    #[serde(default = "localhost")]
    pub host: String,
    /// The TCP port.
    pub port: Option<u16>,
    /// The file; with `state: listening` the Unix socket.
    pub path: Option<TargetPath>,
    /// What to wait for.
    #[serde(default)]
    pub state: State,
    /// A regular expression that must be found in the file, or in what the port sends.
    pub search_regex: Option<String>,
    /// Seconds after which it fails.
    #[serde(default = "five_minutes")]
    pub timeout: u64,
    /// Seconds before the first look.
    #[serde(default)]
    pub delay: f64,
    /// Seconds between looks.
    #[serde(default = "one")]
    pub sleep: f64,
    /// Seconds to wait for one connection.
    #[serde(default = "five")]
    pub connect_timeout: u64,
    /// What is said when the time is over.
    pub msg: Option<String>,
    /// Hosts whose connections do not count, with `state: drained`.
    #[serde(default)]
    pub exclude_hosts: Vec<String>,
    /// TCP states that count as a connection, with `state: drained`.
    #[serde(default = "sockets::active_states")]
    pub active_connection_states: Vec<String>,
}

/// What to wait for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// The port accepts a connection, or the file is there.
    #[default]
    Started,
    /// The same; the usual word for a file.
    Present,
    /// The port is closed, or the file is gone.
    Stopped,
    /// The same; the usual word for a file.
    Absent,
    /// The port has no open connections.
    Drained,
    /// Somebody listens on the port or the Unix socket. Nothing is connected to: the kernel's tables are read.
    Listening,
}

fn localhost() -> String {
    "127.0.0.1".to_owned()
}

fn five_minutes() -> u64 {
    300
}

fn one() -> f64 {
    1.0
}

fn five() -> u64 {
    5
}

pub(super) const SPEC: Spec = Spec {
    name: "wait_for",
    summary: "Waits for a port, a file or a text.",
    free_form: None,
    open: false,
    on_resume: OnResume::Rerun,
    check: CheckMode::Skipped,
    schema: schema_of::<Args>,
};

/// The row of the table.
pub const MODULE: Module = Module { name: SPEC.name, run: |args, ctx| call(args, ctx, wait_for) };

/// What is waited for, ready to be looked at again and again.
struct Wait<'a> {
    args: &'a Args,
    subject: Subject,
    regex: Option<fancy_regex::Regex>,
    ignored: Vec<IpAddr>,
}

enum Subject {
    Port(Vec<IpAddr>, u16),
    Path(std::path::PathBuf),
    Nothing,
}

fn wait_for(args: &Args, ctx: &mut Context<'_>) -> Answer {
    let started = Instant::now();
    let wait = Wait::new(args, ctx)?;
    let limit = later(started, Duration::from_secs(args.timeout));
    let delay = seconds("delay", args.delay)?;
    ctx.pause(later(started, delay), started)?;
    // Where there is nothing to look for, the time begins behind the delay.
    let limit = if matches!(wait.subject, Subject::Nothing) { later(limit, delay) } else { limit };
    let between = seconds("sleep", args.sleep)?;
    loop {
        let found = wait.look(limit)?;
        let now = Instant::now();
        if let Some(found) = found {
            return Ok(wait.outcome(started.elapsed().as_secs(), &found, ctx));
        }
        if now >= limit {
            if matches!(wait.subject, Subject::Nothing) {
                return Ok(wait.outcome(started.elapsed().as_secs(), &Map::new(), ctx));
            }
            let msg = args.msg.clone().unwrap_or_else(|| wait.timeout_message());
            return Err(Failure::new(msg).with("elapsed", started.elapsed().as_secs()));
        }
        ctx.pause(later(now, between).min(limit), started)?;
    }
}

/// The time that much later, which for the longest durations no clock could show.
fn later(from: Instant, by: Duration) -> Instant {
    const CENTURY: Duration = Duration::from_hours(100 * 365 * 24);
    from + by.min(CENTURY)
}

fn seconds(argument: &str, seconds: f64) -> Result<Duration, Failure> {
    Duration::try_from_secs_f64(seconds).map_err(|e| Failure::new(format!("{argument}: {seconds}: {e}")))
}

/// The addresses of a name: itself, /etc/hosts, then `getent`; never libc's resolver.
fn resolve(name: &str, ctx: &mut Context<'_>) -> Vec<IpAddr> {
    if let Ok(address) = name.parse() {
        return vec![address];
    }
    let find = |text: &str| -> Vec<IpAddr> {
        let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default());
        let entry = |line: &str| {
            let mut words = line.split_whitespace();
            let address = words.next()?.parse().ok()?;
            words.any(|w| w.eq_ignore_ascii_case(name)).then_some(address)
        };
        lines.filter_map(entry).collect()
    };
    let local = find(&std::fs::read_to_string("/etc/hosts").unwrap_or_default());
    if !local.is_empty() {
        return local;
    }
    let command = Command { quiet: true, ..Command::new(["getent", "ahosts", name]) };
    let Ok(done) = ctx.run(&command) else { return Vec::new() };
    let text = String::from_utf8_lossy(&done.stdout);
    let mut found: Vec<IpAddr> =
        text.lines().filter_map(|line| line.split_whitespace().next()?.parse().ok()).collect();
    found.dedup();
    found
}

impl<'a> Wait<'a> {
    fn new(args: &'a Args, ctx: &mut Context<'_>) -> Result<Self, Failure> {
        let subject = match (&args.path, args.port) {
            (Some(path), _) => Subject::Path(path.expand(ctx)),
            (None, Some(port)) => {
                let addresses = resolve(&args.host, ctx);
                // A name that is not known yet may mean that its host is gone, which may be what is waited for.
                if addresses.is_empty() && !matches!(args.state, State::Stopped | State::Absent) {
                    return Err(Failure::new(format!("cannot resolve the host name `{}`", args.host)));
                }
                Subject::Port(addresses, port)
            }
            (None, None) if args.search_regex.is_some() => {
                return Err(Failure::new("search_regex needs port or path"));
            }
            (None, None) => Subject::Nothing,
        };
        match (&subject, args.state) {
            (Subject::Path(_), State::Drained) => {
                return Err(Failure::new("state=drained should only be used for checking a port"));
            }
            (Subject::Nothing, State::Drained | State::Listening) => {
                return Err(Failure::new("drained and listening need port or path"));
            }
            _ => {}
        }
        if !args.exclude_hosts.is_empty() && args.state != State::Drained {
            return Err(Failure::new("exclude_hosts should only be with state=drained"));
        }
        sockets::check_states(&args.active_connection_states)?;
        // Python searches with MULTILINE.
        let regex = args.search_regex.as_ref().map(|r| regex::compile("search_regex", &format!("(?m){r}")));
        let ignored = args.exclude_hosts.iter().flat_map(|host| resolve(host, ctx)).collect();
        Ok(Self { args, subject, regex: regex.transpose()?, ignored })
    }

    /// What was found, when it is as wanted.
    fn look(&self, limit: Instant) -> Result<Option<Map>, Failure> {
        let yes = |ok: bool| Ok(ok.then(Map::new));
        match (&self.subject, self.args.state) {
            (Subject::Nothing, _) => Ok(None),
            (Subject::Path(path), State::Listening) => yes(sockets::unix_listens(path)),
            (Subject::Path(path), State::Absent | State::Stopped) => yes(!path.exists()),
            (Subject::Path(path), _) => match &self.regex {
                None => yes(path.exists()),
                Some(regex) => match std::fs::read(path) {
                    Ok(bytes) => matched(regex, &String::from_utf8_lossy(&bytes)),
                    Err(_) => Ok(None),
                },
            },
            (Subject::Port(addresses, port), State::Listening) => yes(sockets::tcp_listens(addresses, *port)),
            (Subject::Port(addresses, port), State::Drained) => {
                let states = &self.args.active_connection_states;
                yes(sockets::connections(addresses, *port, states, &self.ignored) == 0)
            }
            (Subject::Port(..), State::Absent | State::Stopped) => yes(self.connect(limit).is_none()),
            (Subject::Port(..), _) => match (self.connect(limit), &self.regex) {
                (None, _) => Ok(None),
                (Some(_), None) => Ok(Some(Map::new())),
                (Some(stream), Some(regex)) => listen(stream, regex, limit),
            },
        }
    }

    fn connect(&self, limit: Instant) -> Option<TcpStream> {
        let Subject::Port(addresses, port) = &self.subject else { return None };
        let left = limit.saturating_duration_since(Instant::now());
        let patience =
            Duration::from_secs(self.args.connect_timeout).min(left).max(Duration::from_millis(10));
        let try_one =
            |address: &IpAddr| TcpStream::connect_timeout(&SocketAddr::new(*address, *port), patience);
        addresses.iter().find_map(|address| try_one(address).ok())
    }

    fn outcome(&self, elapsed: u64, found: &Map, ctx: &mut Context<'_>) -> Outcome {
        let state = match self.args.state {
            State::Started => "started",
            State::Present => "present",
            State::Stopped => "stopped",
            State::Absent => "absent",
            State::Drained => "drained",
            State::Listening => "listening",
        };
        let path = self.args.path.as_ref().map(|p| p.as_str().to_owned());
        let mut outcome = Outcome::ok(false)
            .with("state", state)
            .with("port", self.args.port)
            .with("path", path)
            .with("search_regex", self.args.search_regex.clone())
            .with("elapsed", elapsed)
            .with("match_groups", Value::list(Vec::new()))
            .with("match_groupdict", Map::new());
        outcome.values.extend(found);
        match &self.subject {
            Subject::Path(path) => attributes::describe_named(outcome, path, ctx),
            _ => outcome,
        }
    }

    fn timeout_message(&self) -> String {
        let args = self.args;
        let subject = match &self.subject {
            Subject::Port(_, port) => format!("{}:{port}", args.host),
            Subject::Path(path) => path.display().to_string(),
            Subject::Nothing => String::new(),
        };
        match (args.state, &self.subject, &args.search_regex) {
            (State::Drained, ..) => format!("Timeout when waiting for {subject} to drain"),
            (State::Listening, ..) => format!("Timeout when waiting for somebody to listen on {subject}"),
            (State::Absent | State::Stopped, Subject::Port(..), _) => {
                format!("Timeout when waiting for {subject} to stop.")
            }
            (State::Absent | State::Stopped, ..) => {
                format!("Timeout when waiting for {subject} to be absent.")
            }
            (_, _, Some(text)) => format!("Timeout when waiting for search string {text} in {subject}"),
            (_, Subject::Port(..), None) => format!("Timeout when waiting for {subject}"),
            (..) => format!("Timeout when waiting for file {subject}"),
        }
    }
}

/// The groups of a match, as `match_groups` and `match_groupdict`.
fn matched(regex: &fancy_regex::Regex, text: &str) -> Result<Option<Map>, Failure> {
    let Some(captures) = regex::search(regex, text)? else { return Ok(None) };
    let group = |i: usize| Value::from(captures.get(i).map(|m| m.as_str().to_owned()));
    let groups: Vec<Value> = (1..captures.len()).map(group).collect();
    let named: Map = regex
        .capture_names()
        .enumerate()
        .filter_map(|(i, name)| name.map(|name| (name.to_owned(), group(i))))
        .collect();
    let pairs = [("match_groups", Value::list(groups)), ("match_groupdict", named.into())];
    Ok(Some(Map::from_iter(pairs)))
}

/// Reads what the port sends until the text is found, the other side ends or the time is over.
fn listen(mut stream: TcpStream, regex: &fancy_regex::Regex, limit: Instant) -> Result<Option<Map>, Failure> {
    let mut heard = Vec::new();
    let mut buffer = [0; 1024];
    loop {
        let left = limit.saturating_duration_since(Instant::now());
        if left.is_zero() || stream.set_read_timeout(Some(left.min(Duration::from_secs(1)))).is_err() {
            return Ok(None);
        }
        match stream.read(&mut buffer) {
            // The end, or silence: the next look connects again, as Ansible does.
            Ok(0) | Err(_) => return Ok(None),
            Ok(n) => heard.extend_from_slice(&buffer[..n]),
        }
        if let Some(found) = matched(regex, &String::from_utf8_lossy(&heard))? {
            return Ok(Some(found));
        }
    }
}
