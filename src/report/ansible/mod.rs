//! What `ansible-playbook` prints: the lines of the reference's callback `default`, for people and scripts that know them.
//!
//! Fed by events alone; of our own words it prints none.

mod diff;
mod excerpt;
mod failure;
mod json;
mod log;
mod minimal;
mod stats;
mod timing;
mod words;

use std::collections::{BTreeSet, HashMap};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::Reporter;
use crate::base::{Cause, HostName, Map, StepId, Timestamp, Value};
use crate::event::{Event, Fate, JobState, Tally, Title, Why};
use crate::wire::Status;
use stats::Stats;
use words::{Paint, banner, recap};

pub use excerpt::of as excerpt;
pub use log::LogFile;
pub use minimal::{Minimal, Tree};
pub use timing::{Timed, Timing};

/// What is shown where a result is hidden.
const HIDDEN_ITEM: &str = "(censored due to no_log)";

/// How it is printed.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::struct_excessive_bools)] // each is a setting of the reference
pub struct Look {
    /// How often `-v` was given.
    pub verbosity: u8,
    /// Whether lines have colours.
    pub colour: bool,
    /// How wide headings are, in columns.
    pub width: usize,
    /// Whether hosts that skip a task are shown.
    pub skipped: bool,
    /// Whether hosts on which a task changed nothing are shown.
    pub ok: bool,
    /// Whether failures are printed where warnings are.
    pub failed_to_stderr: bool,
    /// Whether flushes of handlers are told, too.
    pub debug: bool,
    /// Whether figures of the user's own stand below the recap.
    pub stats: bool,
}

/// The lines of `ansible-playbook`: what happened to `out`, warnings and what ends the run to `err`.
pub struct Ansible<O, E> {
    out: O,
    err: E,
    look: Look,
    titles: HashMap<StepId, Title>,
    /// The step whose heading was printed last.
    shown: Option<StepId>,
    /// Hosts go through the play together: a heading comes before its task is done.
    lockstep: bool,
    /// Errors and warnings that were told: each once.
    told: BTreeSet<String>,
    aborted: bool,
    /// Figures of the user's own, where they are shown.
    stats: Option<Stats>,
    /// The playbook and how many plays it has, for those who want to know more.
    playbook: Option<(PathBuf, usize)>,
}

impl<O: Write, E: Write> Ansible<O, E> {
    /// Prints there, like this.
    pub fn new(out: O, err: E, look: Look) -> Self {
        Self {
            out,
            err,
            look,
            titles: HashMap::new(),
            shown: None,
            lockstep: true,
            told: BTreeSet::new(),
            aborted: false,
            stats: look.stats.then(Stats::default),
            playbook: None,
        }
    }

    /// Also says which playbook it is about, and how many plays that has.
    #[must_use]
    pub fn of(mut self, playbook: &Path, plays: usize) -> Self {
        self.playbook = Some((playbook.to_owned(), plays));
        self
    }

    fn opening(&mut self) -> io::Result<()> {
        match self.playbook.take().filter(|_| self.look.verbosity >= 2) {
            Some((path, plays)) => {
                let name = path.file_name().unwrap_or_default().display();
                self.banner(&format!("PLAYBOOK: {name}"))?;
                self.line(&format!("{plays} plays in {}", path.display()), Paint::Retry)
            }
            None => Ok(()),
        }
    }

    fn line(&mut self, text: &str, paint: Paint) -> io::Result<()> {
        let painted = if self.look.colour { paint.on(text) } else { text.to_owned() };
        if self.look.failed_to_stderr && matches!(paint, Paint::Failed | Paint::Unreachable) {
            return writeln!(self.err, "{painted}");
        }
        writeln!(self.out, "{painted}")
    }

    fn banner(&mut self, words: &str) -> io::Result<()> {
        writeln!(self.out, "{}", banner(words, self.look.width))
    }

    /// The heading of a task, unless it is there.
    fn head(&mut self, step: &StepId) -> io::Result<()> {
        if self.shown.as_ref() == Some(step) {
            return Ok(());
        }
        self.shown = Some(step.clone());
        let Some(title) = self.titles.get(step).cloned() else { return Ok(()) };
        let kind = if title.handler { "RUNNING HANDLER" } else { "TASK" };
        let role = title.role.map(|role| format!("{role} : ")).unwrap_or_default();
        self.banner(&format!("{kind} [{role}{}]", title.name.trim()))?;
        if self.look.verbosity >= 2 {
            self.line(&format!("task path: {}", origin(&title.origin, true)), Paint::Retry)?;
        }
        Ok(())
    }

    fn started(&mut self, step: &StepId, title: &Title) -> io::Result<()> {
        self.titles.insert(step.clone(), title.clone());
        // `meta` has a heading for each host.
        if title.action == "meta" {
            self.shown = None;
        }
        if self.lockstep && self.look.skipped && self.look.ok { self.head(step) } else { Ok(()) }
    }

    /// A result as text: in several lines where the action or `-vvv` asks for it.
    fn result(&self, action: &str, result: &Map, failed: bool) -> String {
        let shown = json::abridged(result, self.look.verbosity);
        let shown = if action == "debug" { json::of_debug(&shown) } else { shown };
        // What failed before it had anything to show is not for the eyes of people.
        let was_asked = result.contains_key("failed_when_result");
        let for_eyes = match action {
            "assert" => !failed || result.contains_key("assertion"),
            "debug" => !failed || was_asked,
            _ => false,
        };
        let spread = for_eyes || self.look.verbosity > 2;
        json::dump(&Value::from(shown), spread)
    }

    /// ` => {…}`, where an end is told with its result.
    fn verbose(&self, action: &str, result: &Map) -> String {
        let quiet = matches!(action, "setup" | "gather_facts");
        let spread = matches!(action, "assert" | "debug") && !result.contains_key("censored");
        if quiet || (self.look.verbosity == 0 && !spread) {
            return String::new();
        }
        format!(" => {}", self.result(action, result, false))
    }

    /// The error in words, before the line that says whose it is; each once.
    fn error(&mut self, title: &Title, result: &Map, causes: &[Cause]) -> io::Result<()> {
        match failure::text(title, result, causes, &origin(&title.origin, false), true) {
            Some(text) if self.told.insert(text.clone()) => self.line(&text, Paint::Failed),
            _ => Ok(()),
        }
    }

    fn item_ended(&mut self, event: &Event) -> io::Result<()> {
        let Event::ItemEnded { step, host, item, status, changed, skipped, result, causes, .. } = event
        else {
            return Ok(());
        };
        let Some(title) = self.titles.get(step).cloned() else { return Ok(()) };
        let hidden = hidden(*status, *changed);
        let (item, result) = match result.as_map() {
            Some(result) => (item.as_str(), result),
            None => (HIDDEN_ITEM, &hidden),
        };
        let label = label(host, result);
        if *skipped {
            if self.look.skipped {
                self.head(step)?;
                let verbose = self.verbose("", result);
                self.line(&format!("skipping: [{host}] => (item={item}) {verbose}"), Paint::Skipped)?;
            }
        } else if is_failure(*status) {
            self.head(step)?;
            self.error(&title, result, causes)?;
            let result = self.result(title.telling(), result, true);
            self.line(&format!("failed: [{label}] (item={item}) => {result}"), Paint::Failed)?;
        } else if !is_include(&title) && (*changed || self.look.ok) {
            self.head(step)?;
            let (word, paint) = word(*changed);
            let verbose = self.verbose(title.telling(), result);
            self.line(&format!("{word}: [{label}] => (item={item}){verbose}"), paint)?;
        }
        Ok(())
    }

    fn step_ended(&mut self, event: &Event) -> io::Result<()> {
        let Event::StepEnded { step, host, fate, result, causes, diff, .. } = event else { return Ok(()) };
        let Some(title) = self.titles.get(step).cloned() else { return Ok(()) };
        let nothing = Map::new();
        let result = result.as_map().unwrap_or(&nothing);
        let label = label(host, result);
        let looped = title.looped && result.contains_key("results");
        match fate {
            Fate::Bypassed { .. } => {}
            Fate::Skipped { .. } => {
                self.meta(&title, result.get("skip_reason"))?;
                if self.look.skipped {
                    self.head(step)?;
                    let verbose = if looped { String::new() } else { self.verbose("", result) };
                    self.line(&format!("skipping: [{host}]{verbose}"), Paint::Skipped)?;
                }
            }
            Fate::Unreachable { reason, ignored } => {
                self.head(step)?;
                let mut shown =
                    Map::from_iter([("changed", Value::from(false)), ("msg", reason.as_str().into())]);
                shown.insert("unreachable", true);
                self.error(&title, &shown, &[])?;
                let shown = json::dump(&Value::from(shown), self.look.verbosity > 2);
                self.line(&format!("fatal: [{label}]: UNREACHABLE! => {shown}"), Paint::Unreachable)?;
                self.ignoring(*ignored)?;
            }
            Fate::Ran { status, ignored, .. } if is_failure(*status) => {
                self.head(step)?;
                if !looped {
                    if let Some(reason) = result.get("reason").filter(|_| is_include(&title)) {
                        self.say("ERROR", &reason.to_string(), Paint::Failed)?;
                    }
                    self.error(&title, result, causes)?;
                }
                // What `debug` has of its items nobody sees, so it is told like one.
                if !looped || title.action == "debug" {
                    let result = self.result(title.telling(), result, true);
                    self.line(&format!("fatal: [{label}]: FAILED! => {result}"), Paint::Failed)?;
                }
                self.ignoring(*ignored)?;
            }
            Fate::Ran { .. } if is_include(&title) => self.head(step)?,
            Fate::Ran { .. } if title.action == "meta" => self.meta(&title, result.get("msg"))?,
            Fate::Ran { changed: false, .. } if !self.look.ok => {}
            Fate::Ran { changed, .. } => {
                self.head(step)?;
                for diff in diff.iter().filter(|_| *changed) {
                    let colour = self.look.colour;
                    self.out.write_all(diff::unified(diff, colour).as_bytes())?;
                }
                if !looped {
                    let (word, paint) = word(*changed);
                    let verbose = self.verbose(title.telling(), result);
                    self.line(&format!("{word}: [{label}]{verbose}"), paint)?;
                }
            }
        }
        Ok(())
    }

    /// What became of a `meta`, for those who want to know more.
    fn meta(&mut self, title: &Title, words: Option<&Value>) -> io::Result<()> {
        match words {
            Some(words) if title.action == "meta" && self.look.verbosity >= 2 => {
                self.line(&format!("META: {words}"), Paint::Retry)
            }
            _ => Ok(()),
        }
    }

    fn ignoring(&mut self, ignored: bool) -> io::Result<()> {
        if ignored { self.line("...ignoring", Paint::Skipped) } else { Ok(()) }
    }

    fn say(&mut self, kind: &str, text: &str, paint: Paint) -> io::Result<()> {
        let text = format!("[{kind}]: {text}");
        if !self.told.insert(text.clone()) {
            return Ok(());
        }
        self.out.flush()?;
        if self.look.colour {
            writeln!(self.err, "{}", paint.on(&text))
        } else {
            writeln!(self.err, "{text}")
        }
    }
}

impl<O: Write + Send, E: Write + Send> Reporter for Ansible<O, E> {
    fn name(&self) -> &'static str {
        "ansible"
    }

    fn event(&mut self, _: Timestamp, event: &Event) -> io::Result<()> {
        if self.aborted {
            return Ok(());
        }
        match event {
            Event::RunStarted { .. } => self.opening()?,
            Event::PlayStarted { name, hosts, lockstep, all_gone, .. } => {
                self.lockstep = *lockstep;
                self.shown = None;
                self.banner(&format!("PLAY [{}]", name.trim()))?;
                if hosts.is_empty() && !all_gone {
                    self.line("skipping: no hosts matched", Paint::Skipped)?;
                }
            }
            Event::StepStarted { step, title: Some(title), .. } => self.started(step, title)?,
            Event::StepAsked { question, answered: false } => {
                write!(self.out, "{question}")?;
                self.out.flush()?;
            }
            Event::StepAsked { question, answered: true } => self.banner(question.trim_end())?,
            Event::BatchStarted { name, .. } => {
                self.shown = None;
                self.banner(&format!("PLAY [{}]", name.trim()))?;
            }
            Event::Opened { step, host, commands } if self.look.verbosity > 2 => {
                self.head(step)?;
                for command in commands {
                    self.line(&format!("<{host}> EXEC {command}"), Paint::Verbose)?;
                }
            }
            Event::ItemEnded { .. } => self.item_ended(event)?,
            Event::StepEnded { step, host, fate, result, .. } => {
                if let Some(stats) = &mut self.stats {
                    match fate {
                        Fate::Ran { status: Status::Ok, .. } => stats.see(step, host, result),
                        Fate::Bypassed { why: Why::RunOnce } => stats.share(step, host),
                        _ => {}
                    }
                }
                self.step_ended(event)?;
            }
            Event::Retrying { step, host, left, .. } => {
                let title = self.titles.get(step).cloned().unwrap_or_default();
                let role = title.role.map(|role| format!("{role} : ")).unwrap_or_default();
                let name = format!("{role}{}", title.name);
                self.line(
                    &format!("FAILED - RETRYING: [{host}]: {name} ({left} retries left)."),
                    Paint::Retry,
                )?;
            }
            Event::Expanded { step, hosts, brought, .. } => {
                // A flush brings nothing that has a name.
                let is_told = self.look.debug && brought.is_empty();
                for host in hosts.iter().filter(|_| is_told) {
                    self.line(&format!("META: triggered running handlers for {host}"), Paint::Lines)?;
                }
                let hosts = hosts.iter().map(HostName::as_str).collect::<Vec<_>>().join(", ");
                for brought in brought {
                    self.head(step)?;
                    let item = brought.item.as_ref().map(|i| format!(" => (item={i})")).unwrap_or_default();
                    self.line(&format!("included: {} for {hosts}{item}", brought.name), Paint::Skipped)?;
                }
            }
            Event::NoHostsLeft => self.banner("NO MORE HOSTS LEFT")?,
            Event::JobLooked { step, host, job, state } => {
                self.head(step)?;
                let line = match state {
                    JobState::Running => {
                        format!("ASYNC POLL on {host}: jid={job} started=True finished=False")
                    }
                    JobState::Ended => format!("ASYNC OK on {host}: jid={job}"),
                    JobState::Failed => format!("ASYNC FAILED on {host}: jid={job}"),
                };
                self.line(&line, Paint::Retry)?;
            }
            Event::Error { text } => self.say("ERROR", text, Paint::Failed)?,
            Event::Warning { text } => self.say("WARNING", text, Paint::Warning)?,
            Event::Aborted { reason, place } => {
                self.aborted = true;
                self.say("ERROR", &failure::with_place(reason, place.as_deref()), Paint::Failed)?;
            }
            Event::PlaybookEnded { hosts, .. } | Event::RunEnded { hosts, .. } => {
                self.banner("PLAY RECAP")?;
                // A host on which nothing came to an end is not named.
                for (host, tally) in hosts.iter().filter(|(_, tally)| **tally != Tally::default()) {
                    writeln!(self.out, "{}", recap(host.as_str(), tally, self.look.colour))?;
                }
                writeln!(self.out)?;
                if let Some(lines) = self.stats.as_ref().and_then(Stats::lines) {
                    self.banner("CUSTOM STATS:")?;
                    write!(self.out, "{lines}")?;
                }
            }
            _ => {}
        }
        self.out.flush()
    }
}

/// The host, and where it delegated the task to.
fn label(host: &HostName, result: &Map) -> String {
    let delegated = result.get("_ansible_delegated_vars").and_then(|vars| vars.get("ansible_host"));
    match delegated.map(ToString::to_string) {
        Some(other) if other != host.as_str() => format!("{host} -> {other}"),
        _ => host.to_string(),
    }
}

/// What is left of a result that is hidden.
fn hidden(status: Status, changed: bool) -> Map {
    let words =
        "the output has been hidden due to the fact that 'no_log: true' was specified for this result";
    let mut map = Map::from_iter([("censored", Value::from(words)), ("changed", changed.into())]);
    if is_failure(status) {
        map.insert("failed", true);
    }
    map
}

fn word(changed: bool) -> (&'static str, Paint) {
    if changed { ("changed", Paint::Changed) } else { ("ok", Paint::Ok) }
}

fn is_include(title: &Title) -> bool {
    matches!(title.action.as_str(), "include_tasks" | "include_role")
}

fn is_failure(status: Status) -> bool {
    !matches!(status, Status::Ok | Status::Skipped)
}

/// `FILE:LINE:COLUMN` from the root; of a path of a task without the column.
fn origin(place: &str, short: bool) -> String {
    let place = match place.rsplit_once(':') {
        Some((line, _)) if short => line,
        _ => place,
    };
    std::path::absolute(place).map_or_else(|_| place.to_owned(), |path| path.display().to_string())
}
