//! What `ansible` prints: a host's result as the reference's callbacks `minimal` and `oneline` print it, and `tree`, a file per host.
//!
//! Fed by events alone; no headings and no recap.

use std::collections::{BTreeSet, HashMap};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::words::Paint;
use super::{Look, diff, failure, hidden, is_failure, json};
use crate::base::{Cause, HostName, Map, StepId, Timestamp, Value};
use crate::event::{Event, Fate, Title};
use crate::report::Reporter;

/// Modules whose output is text for people.
const COMMANDS: [&str; 4] = ["command", "shell", "raw", "script"];

/// The lines of `ansible`: results to `out`, warnings to `err`.
pub struct Minimal<O, E> {
    out: O,
    err: E,
    look: Look,
    one_line: bool,
    /// What the place of the task is called, when it is none in a file.
    origin: Option<String>,
    titles: HashMap<StepId, Title>,
    told: BTreeSet<String>,
}

impl<O: Write, E: Write> Minimal<O, E> {
    /// Prints there; a host in a line or in several. `module` is the one of a task that stands in no file.
    pub fn new(out: O, err: E, look: Look, one_line: bool, module: Option<&str>) -> Self {
        let origin = module.map(|module| format!("<adhoc '{module}' task>"));
        Self { out, err, look, one_line, origin, titles: HashMap::new(), told: BTreeSet::new() }
    }

    fn line(&mut self, text: &str, paint: Paint) -> io::Result<()> {
        if self.look.colour { writeln!(self.out, "{}", paint.on(text)) } else { writeln!(self.out, "{text}") }
    }

    /// A result in JSON.
    fn json(&self, action: &str, result: &Map) -> String {
        let shown = json::abridged(result, self.look.verbosity);
        let is_message = action == "debug" && !self.one_line;
        let shown = Value::from(if is_message { json::of_debug(&shown) } else { shown });
        if self.one_line { json::joined(&shown) } else { json::dump(&shown, true) }
    }

    /// `h1 | CHANGED | rc=0 >>` and the output.
    fn output(&self, host: &HostName, result: &Map, word: &str) -> String {
        let text = |key: &str| result.get(key).map(ToString::to_string).unwrap_or_default();
        let rc = result.get("rc").map_or_else(|| "-1".to_owned(), ToString::to_string);
        if !self.one_line {
            let (out, err, msg) = (text("stdout"), text("stderr"), text("msg"));
            return format!("{host} | {word} | rc={rc} >>\n{out}{err}{msg}");
        }
        let escaped = |key: &str| text(key).replace('\n', "\\n").replace('\r', "\\r");
        let err = Some(escaped("stderr")).filter(|err| !err.is_empty());
        let err = err.map(|err| format!(" (stderr) {err}")).unwrap_or_default();
        format!("{host} | {word} | rc={rc} | (stdout) {}{err}", escaped("stdout"))
    }

    fn failed(&mut self, host: &HostName, title: &Title, result: &Map, causes: &[Cause]) -> io::Result<()> {
        let is_output = COMMANDS.contains(&title.action.as_str()) && !result.contains_key("module_stderr");
        if !self.one_line {
            self.error(title, result, causes)?;
            let text = if is_output {
                self.output(host, result, "FAILED")
            } else {
                format!("{host} | FAILED! => {}", self.json(&title.action, result))
            };
            return self.line(&text, Paint::Failed);
        }
        if is_output {
            self.line(&self.output(host, result, "FAILED"), Paint::Failed)?;
        }
        let text = format!("{host} | FAILED! => {}", self.json(&title.action, result));
        self.line(&text, Paint::Failed)
    }

    /// The error in words; each once.
    fn error(&mut self, title: &Title, result: &Map, causes: &[Cause]) -> io::Result<()> {
        let place = self.origin.clone().unwrap_or_else(|| super::origin(&title.origin, false));
        match failure::text(title, result, causes, &place, self.origin.is_none()) {
            Some(text) if self.told.insert(text.clone()) => self.line(&text, Paint::Failed),
            _ => Ok(()),
        }
    }

    fn done(&mut self, host: &HostName, title: &Title, result: &Map, changed: bool) -> io::Result<()> {
        let (word, paint) = if changed { ("CHANGED", Paint::Changed) } else { ("SUCCESS", Paint::Ok) };
        let is_output = COMMANDS.contains(&title.action.as_str()) && !result.contains_key("ansible_job_id");
        let text = if is_output {
            self.output(host, result, word)
        } else {
            format!("{host} | {word} => {}", self.json(&title.action, result))
        };
        self.line(&text, paint)
    }

    fn ended(&mut self, event: &Event) -> io::Result<()> {
        let Event::StepEnded { step, host, fate, result, causes, diff, .. } = event else { return Ok(()) };
        let Some(title) = self.titles.get(step).cloned() else { return Ok(()) };
        let nothing = Map::new();
        match fate {
            Fate::Bypassed { .. } => Ok(()),
            _ if title.action == "meta" => Ok(()),
            Fate::Skipped { .. } => self.line(&format!("{host} | SKIPPED"), Paint::Skipped),
            Fate::Unreachable { reason, .. } => {
                let text = if self.one_line {
                    format!("{host} | UNREACHABLE!: {reason}")
                } else {
                    let shown = unreachable(reason);
                    self.error(&title, &shown, &[])?;
                    format!("{host} | UNREACHABLE! => {}", json::dump(&Value::from(shown), true))
                };
                self.line(&text, Paint::Unreachable)
            }
            Fate::Ran { status, changed, .. } => {
                let concealed = hidden(*status, *changed);
                let result =
                    if *result == Value::Null { &nothing } else { result.as_map().unwrap_or(&concealed) };
                if is_failure(*status) {
                    return self.failed(host, &title, result, causes);
                }
                for diff in diff {
                    self.out.write_all(diff::unified(diff, self.look.colour).as_bytes())?;
                }
                self.done(host, &title, result, *changed)
            }
        }
    }
}

impl<O: Write + Send, E: Write + Send> Reporter for Minimal<O, E> {
    fn name(&self) -> &'static str {
        "minimal"
    }

    fn event(&mut self, _: Timestamp, event: &Event) -> io::Result<()> {
        match event {
            Event::StepStarted { step, title: Some(title), .. } => {
                self.titles.insert(step.clone(), (**title).clone());
            }
            Event::StepEnded { .. } => self.ended(event)?,
            Event::Error { text } => writeln!(self.err, "[ERROR]: {text}")?,
            Event::Warning { text } => writeln!(self.err, "[WARNING]: {text}")?,
            Event::Aborted { reason, place } => {
                let reason = failure::with_place(reason, place.as_deref());
                self.line(&format!("[ERROR]: {reason}"), Paint::Failed)?;
            }
            _ => {}
        }
        self.out.flush()
    }
}

fn unreachable(reason: &str) -> Map {
    Map::from_iter([
        ("changed", Value::from(false)),
        ("msg", Value::from(reason)),
        ("unreachable", Value::from(true)),
    ])
}

/// Puts each host's result into a file of a folder, named after the host.
pub struct Tree {
    folder: PathBuf,
}

impl Tree {
    /// Writes to this folder, which is made.
    pub fn new(folder: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        Ok(Self { folder: folder.to_owned() })
    }
}

impl Reporter for Tree {
    fn name(&self) -> &'static str {
        "tree"
    }

    fn event(&mut self, _: Timestamp, event: &Event) -> io::Result<()> {
        let Event::StepEnded { host, fate, result, .. } = event else { return Ok(()) };
        let result = match fate {
            Fate::Bypassed { .. } | Fate::Skipped { .. } => return Ok(()),
            Fate::Unreachable { reason, .. } => unreachable(reason),
            Fate::Ran { status, changed, .. } => {
                result.as_map().map_or_else(|| hidden(*status, *changed), |result| json::abridged(result, 0))
            }
        };
        std::fs::write(self.folder.join(host.as_str()), json::dump(&Value::from(result), false))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_entries_without_blanks_behind_commas() {
        let result =
            Map::from_iter([("changed", Value::from(false)), ("a", Value::list(vec![1.into(), 2.into()]))]);
        assert_eq!(json::joined(&Value::from(result)), r#"{"a": [1,2],"changed": false}"#);
    }
}
