//! What happened as JSON lines that a callback plugin for the reference writes too (tests/conformance), so that runs of both
//! can be held against each other: one line per result of a task on a host, and the recap in the end.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, Write};

use serde::Serialize;

use super::Reporter;
use crate::base::{HostName, StepId, Timestamp, Value};
use crate::event::{Event, Fate, Tally, Title};
use crate::wire::Status;

/// Writes the lines; `run` tells several runs in one file apart.
pub struct Record<W> {
    out: W,
    run: u32,
    play: String,
    titles: HashMap<StepId, Title>,
    aborted: bool,
    ad_hoc: bool,
}

#[derive(Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Line<'a> {
    Start {
        playbook: &'a str,
    },
    Play {
        play: &'a str,
    },
    Task {
        play: &'a str,
        task: String,
        action: &'a str,
        path: &'a str,
        host: &'a HostName,
        status: &'static str,
        ignored: bool,
        result: &'a Value,
    },
    Stats {
        hosts: HashMap<&'a HostName, Recap>,
    },
}

/// The playbook of `ansible`, as the reference calls it.
const AD_HOC: &str = "__adhoc_playbook__";

/// Ansible's words for the same.
#[derive(Serialize)]
struct Recap {
    ok: u32,
    changed: u32,
    unreachable: u32,
    failures: u32,
    skipped: u32,
    rescued: u32,
    ignored: u32,
}

impl From<&Tally> for Recap {
    fn from(tally: &Tally) -> Self {
        let Tally { ok, changed, unreachable, failed, skipped, rescued, ignored } = *tally;
        Self { ok, changed, unreachable, failures: failed, skipped, rescued, ignored }
    }
}

#[derive(Serialize)]
struct Numbered<'a> {
    run: u32,
    #[serde(flatten)]
    line: Line<'a>,
}

impl<W: Write> Record<W> {
    /// Writes there.
    pub fn new(out: W, run: u32) -> Self {
        Self { out, run, play: String::new(), titles: HashMap::new(), aborted: false, ad_hoc: false }
    }
}

/// A line comes in one piece: other processes write to the same file.
fn write(out: &mut impl Write, run: u32, line: Line<'_>) -> io::Result<()> {
    let mut text = serde_json::to_vec(&Numbered { run, line })?;
    text.push(b'\n');
    out.write_all(&text)
}

impl<W: Write + Send> Reporter for Record<W> {
    fn name(&self) -> &'static str {
        "record"
    }

    fn event(&mut self, _: Timestamp, event: &Event) -> io::Result<()> {
        // The reference does not come any further then, not even to its recap.
        if self.aborted {
            return Ok(());
        }
        match event {
            // Who calls a single module is not recorded: the reference has no such callbacks then.
            _ if self.ad_hoc => Ok(()),
            Event::RunStarted { playbook, .. } if playbook.ends_with(AD_HOC) => {
                self.ad_hoc = true;
                Ok(())
            }
            Event::RunStarted { playbook, .. } => write(&mut self.out, self.run, Line::Start { playbook }),
            Event::PlayStarted { name, .. } | Event::BatchStarted { name, .. } => {
                self.play.clone_from(name);
                write(&mut self.out, self.run, Line::Play { play: name })
            }
            Event::StepStarted { step, title: Some(title), .. } => {
                self.titles.insert(step.clone(), (**title).clone());
                Ok(())
            }
            Event::StepEnded { step, host, fate, result, .. } => {
                let Some((title, (status, ignored))) = self.titles.get(step).zip(words(fate)) else {
                    return Ok(());
                };
                let task = match &title.role {
                    Some(role) => format!("{role} : {}", title.name),
                    None => title.name.clone(),
                };
                let (play, action, path) = (&*self.play, &*title.action, &*title.origin);
                let line = Line::Task { play, task, action, path, host, status, ignored, result };
                write(&mut self.out, self.run, line)
            }
            Event::Aborted { .. } => {
                self.aborted = true;
                Ok(())
            }
            Event::PlaybookEnded { next, hosts } => {
                write(&mut self.out, self.run, stats(hosts))?;
                write(&mut self.out, self.run, Line::Start { playbook: next })
            }
            Event::RunEnded { hosts, .. } => write(&mut self.out, self.run, stats(hosts)),
            _ => Ok(()),
        }
    }
}

fn stats(hosts: &BTreeMap<HostName, Tally>) -> Line<'_> {
    let busy = hosts.iter().filter(|(_, tally)| **tally != Tally::default());
    Line::Stats { hosts: busy.map(|(host, tally)| (host, tally.into())).collect() }
}

/// Status and whether it is ignored; nothing for what was never its turn.
fn words(fate: &Fate) -> Option<(&'static str, bool)> {
    Some(match fate {
        Fate::Ran { status: Status::Ok, changed: true, .. } => ("changed", false),
        Fate::Ran { status: Status::Ok, .. } => ("ok", false),
        Fate::Ran { status: Status::Skipped, .. } | Fate::Skipped { .. } => ("skipped", false),
        Fate::Ran { ignored, .. } => ("failed", *ignored),
        Fate::Unreachable { ignored, .. } => ("unreachable", *ignored),
        Fate::Bypassed { .. } => return None,
    })
}
