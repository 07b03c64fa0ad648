//! Events as lines of text for a person who watches. Pure: who prints them, and where, is not known here.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::time::Duration;

use similar::TextDiff;

use super::summary::{failure, short};
use super::table::plural;
use crate::base::clock::human_duration;
use crate::base::{CaseId, HostName, Value};
use crate::event::{Event, Fate};
use crate::wire::{Diff, Status};

/// Turns events into lines. Remembers only what it needs to say `round 3/5`.
#[derive(Clone, Debug, Default)]
pub(super) struct Lines {
    /// 0: what was done and what failed. 1: also what was skipped, and output as it comes. 2: also results. 3: also how hosts are reached.
    pub(super) verbosity: u8,
    pub(super) colour: bool,
    /// The longest host's name.
    width: usize,
    /// Rounds that count and warm-up rounds.
    rounds: HashMap<CaseId, (u32, u32)>,
}

#[derive(Clone, Copy)]
enum Colour {
    Red = 31,
    Green = 32,
    Yellow = 33,
    Dim = 2,
}

impl Lines {
    pub(super) fn new(verbosity: u8, colour: bool) -> Self {
        Self { verbosity, colour, ..Self::default() }
    }

    fn paint(&self, colour: Colour, text: &str) -> String {
        if self.colour { format!("\x1b[{}m{text}\x1b[0m", colour as u8) } else { text.to_owned() }
    }

    /// The lines that an event is worth.
    pub(super) fn of(&mut self, event: &Event) -> Vec<String> {
        match event {
            Event::RunStarted { playbook, hosts, cases, rounds, mode, .. } => {
                self.fit(hosts);
                let mut line = format!("{} · {}", short(playbook), named_hosts(hosts));
                if !cases.is_empty() {
                    let _ =
                        write!(line, " · {} · {}", plural(cases.len(), "case"), plural(*rounds, "case run"));
                }
                line.extend(mode.iter().map(|mode| format!(" · {mode}")));
                vec![line]
            }
            Event::Resumed { ended, under_way, .. } => {
                let mut line = format!("resumed · {} known", plural(*ended, "end"));
                if *under_way > 0 {
                    let _ =
                        write!(line, " · {} under way when it was broken off", plural(*under_way, "step"));
                }
                vec![line]
            }
            Event::Reopened { host, steps } => {
                let steps = plural(steps.len(), "step");
                vec![format!("{}  {steps} again: what they did was cleared away or is gone", self.host(host))]
            }
            Event::PlayStarted { name, hosts, .. } => {
                self.fit(hosts);
                vec![format!("play {name} · {}", plural(hosts.len(), "host"))]
            }
            Event::CaseStarted { case, repeat, warmup, going_on, .. } => {
                let most = going_on.map_or(*repeat, |own| own.most);
                self.rounds.insert(case.clone(), (most, *warmup));
                Vec::new()
            }
            Event::Opened { host, commands, .. } if self.verbosity > 2 => {
                commands.iter().map(|command| format!("{}  $ {command}", self.host(host))).collect()
            }
            Event::Output { host, text, .. } if self.verbosity > 0 => {
                text.lines().map(|line| format!("{}  | {line}", self.host(host))).collect()
            }
            Event::Asked { question, .. } => vec![format!("{question}:")],
            Event::ItemEnded { host, item, status, changed, skipped, msg, .. } => {
                let failed = !matches!(status, Status::Ok | Status::Skipped);
                if !failed && self.verbosity == 0 {
                    return Vec::new();
                }
                let word = if *skipped { "skipped" } else { word(*status, *changed) };
                let mut line = format!("{}    ({item})  {word}", self.host(host));
                line.extend(msg.iter().filter(|_| failed).map(|msg| format!("  {msg}")));
                vec![line]
            }
            Event::Retrying { host, step, attempt, left } if self.verbosity > 0 => {
                vec![format!("{}  {step}  try {attempt} was not enough, {left} left", self.host(host))]
            }
            Event::StepEnded { .. } => self.step(event),
            Event::CaseEnded { case, host, failed: Some(reason), .. } => {
                let verdict = self.paint(Colour::Red, "FAILED");
                vec![format!("{}  {case}  {verdict}  {reason}", self.host(host))]
            }
            Event::Expanded { step, steps, .. } if self.verbosity > 1 => {
                vec![format!("{step}  brings {}", plural(*steps, "step"))]
            }
            Event::Error { text } => vec![format!("{}: {text}", self.paint(Colour::Red, "error"))],
            Event::Warning { text } => vec![format!("{}: {text}", self.paint(Colour::Yellow, "warning"))],
            Event::Stopping { at_once: false } => {
                vec!["stopping: what runs is asked to end, what must be undone is undone; Ctrl-C again to give up at once".to_owned()]
            }
            Event::BudgetSpent { seconds } => {
                let budget = human_duration(Duration::from_secs_f64(*seconds));
                vec![format!("what would not end within {budget} does not begin")]
            }
            Event::Stopping { at_once: true } => vec!["giving up at once".to_owned()],
            _ => Vec::new(),
        }
    }

    fn fit(&mut self, hosts: &[HostName]) {
        self.width = hosts.iter().map(|h| h.as_str().chars().count()).max().unwrap_or(0).max(self.width);
    }

    fn host(&self, host: &HostName) -> String {
        format!("{host:<width$}", width = self.width)
    }

    /// `stream[mib=64]  round 3/5`, `stream[mib=64]  prepare`, or a plain step's name.
    pub(super) fn subject(
        &self,
        name: &str,
        case: Option<&CaseId>,
        round: Option<u32>,
        warmup: bool,
    ) -> String {
        let Some(case) = case else { return name.to_owned() };
        let name = without_case(name, case);
        let (repeat, warmups) = self.rounds.get(case).copied().unwrap_or_default();
        match round {
            Some(round) if warmup && warmups == 0 => format!("{case}  warm-up {round}  {name}"),
            Some(round) if warmup => format!("{case}  warm-up {round}/{warmups}  {name}"),
            // Its container is started before the case begins.
            Some(round) if repeat == 0 => format!("{case}  round {round}  {name}"),
            Some(round) => format!("{case}  round {round}/{repeat}  {name}"),
            None => format!("{case}  {name}"),
        }
    }

    fn step(&self, event: &Event) -> Vec<String> {
        let Event::StepEnded {
            name,
            host,
            case,
            round,
            warmup,
            fate,
            msg,
            result,
            started,
            ended,
            place,
            diff,
            ..
        } = event
        else {
            return Vec::new();
        };
        let subject = self.subject(name, case.as_ref(), *round, *warmup);
        let took = human_duration(ended.since(*started));
        let line = |word: String| format!("{}  {subject}  {word}", self.host(host));
        let mut lines = match fate {
            Fate::Skipped { reason } if self.verbosity > 0 => {
                vec![line(self.paint(Colour::Dim, &format!("skipped: {reason}")))]
            }
            Fate::Bypassed { why } if self.verbosity > 1 => {
                vec![line(self.paint(Colour::Dim, &format!("not run: {}", why.words())))]
            }
            Fate::Skipped { .. } | Fate::Bypassed { .. } => return Vec::new(),
            Fate::Unreachable { ignored: true, reason } => {
                vec![line(format!("unreachable, ignored: {}", below(reason)))]
            }
            Fate::Ran { status, changed, ignored } => {
                let failed = !matches!(status, Status::Ok | Status::Skipped);
                // That a round changed its machine is no news.
                let word = word(*status, *changed && round.is_none());
                if failed && *ignored {
                    let reason = msg.as_deref().unwrap_or(word);
                    let reason = below(reason);
                    vec![line(format!("{}  {took}  ignored: {reason}", self.paint(Colour::Yellow, word)))]
                } else if failed {
                    vec![line(format!("{}  {took}  {place}", self.paint(Colour::Red, word)))]
                } else {
                    let colour = if word == "changed" { Colour::Yellow } else { Colour::Green };
                    let mut lines = vec![line(format!("{}  {took}", self.paint(colour, word)))];
                    lines.extend(msg.iter().flat_map(|m| m.lines()).map(|m| format!("  | {m}")));
                    lines
                }
            }
            Fate::Unreachable { .. } => {
                vec![line(format!("{}  {place}", self.paint(Colour::Red, "UNREACHABLE")))]
            }
        };
        if let Some(failure) = failure(event) {
            lines.extend(failure.reason.lines().map(|l| format!("  {l}")));
            lines.extend(failure.tail.iter().map(|l| format!("  | {l}")));
        }
        lines.extend(diff.iter().flat_map(diff_lines));
        if self.verbosity > 1 && !result.is_null() {
            lines.push(format!("  {}", result_line(result)));
        }
        lines
    }
}

/// A text of several lines, all but the first moved in, so that they are seen to belong to it.
fn below(text: &str) -> String {
    text.replace('\n', "\n  ")
}

/// A step's name without the case at its end, which is said beside it: `open stream[mib=64]` → `open`.
pub(super) fn without_case<'a>(name: &'a str, case: &CaseId) -> &'a str {
    name.strip_suffix(case.as_str()).and_then(|rest| rest.strip_suffix(' ')).unwrap_or(name)
}

/// One word for how a step ended.
fn word(status: Status, changed: bool) -> &'static str {
    match status {
        Status::Ok if changed => "changed",
        Status::Ok => "ok",
        Status::Skipped => "skipped",
        Status::Failed => "FAILED",
        Status::TimedOut => "TIMED OUT",
        Status::Cancelled => "CANCELLED",
    }
}

/// `3 hosts (n1 n2 n3)`, and no names when they are many.
fn named_hosts(hosts: &[HostName]) -> String {
    let count = plural(hosts.len(), "host");
    if hosts.is_empty() || hosts.len() > 8 {
        return count;
    }
    let names: Vec<&str> = hosts.iter().map(HostName::as_str).collect();
    format!("{count} ({})", names.join(" "))
}

fn diff_lines(diff: &Diff) -> Vec<String> {
    if let Some(prepared) = &diff.prepared {
        return prepared.lines().map(|line| format!("  {line}")).collect();
    }
    let text = TextDiff::from_lines(&diff.before, &diff.after);
    let before = format!("{} (before)", diff.header);
    let after = format!("{} (after)", diff.header);
    text.unified_diff().header(&before, &after).to_string().lines().map(|l| format!("  {l}")).collect()
}

fn result_line(result: &Value) -> String {
    serde_json::to_string(result).unwrap_or_else(|e| format!("(cannot be shown: {e})"))
}

/// How long something has been going on, for progress.
pub(super) fn going_on(since: std::time::Instant) -> String {
    human_duration(Duration::from_secs(since.elapsed().as_secs()))
}
