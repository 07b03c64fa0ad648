//! How long everything took: the lines of Ansible's callbacks `timer`, `profile_tasks` and `profile_roles`, between and below
//! those of `ansible-playbook`.
//!
//! A task lasts until the next one begins, as there, and not until its last host is done.

use std::cmp::{Ordering, Reverse};
use std::io::{self, Write};
use std::time::Duration;

use super::words::banner;
use crate::base::{StepId, Timestamp};
use crate::event::{Event, Title};
use crate::report::Reporter;

/// How wide their lines are that do not follow the terminal, in columns.
const WIDTH: usize = 79;
/// How many tasks are listed where nobody says.
const LISTED: usize = 20;

/// Which of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Timed {
    /// `timer`: the whole, in one line.
    Whole,
    /// `profile_tasks`: each task.
    Tasks {
        /// How many are listed; all of them if nothing is said.
        limit: Option<usize>,
        /// The slowest first (`Less`), the fastest first, or as they were done (`Equal`).
        order: Ordering,
        /// No lines between those of the playbook.
        summary_only: bool,
    },
    /// `profile_roles`: each role, and what stands in none by its action.
    Roles {
        /// No lines between those of the playbook.
        summary_only: bool,
    },
}

impl Timed {
    /// The callback of this name, with or without its collection, as it is when nobody says more.
    pub fn named(name: &str) -> Option<Self> {
        match name.strip_prefix("ansible.posix.").unwrap_or(name) {
            "timer" => Some(Self::Whole),
            "profile_tasks" => {
                Some(Self::Tasks { limit: Some(LISTED), order: Ordering::Less, summary_only: false })
            }
            "profile_roles" => Some(Self::Roles { summary_only: false }),
            _ => None,
        }
    }
}

/// What took how long.
struct Part {
    /// The step, where steps are told apart.
    step: Option<StepId>,
    name: String,
    /// Where it is written, if that is shown.
    place: Option<String>,
    took: Duration,
}

/// Prints one of them to `out`.
pub struct Timing<O> {
    out: O,
    timed: Timed,
    /// How wide headings are, in columns.
    width: usize,
    verbosity: u8,
    began: Option<Timestamp>,
    /// When a line was printed last.
    told: Timestamp,
    parts: Vec<Part>,
    /// What is done now, by its place among them, and since when.
    current: Option<(usize, Timestamp)>,
    step: Option<StepId>,
}

impl<O: Write> Timing<O> {
    /// Prints there.
    pub fn new(out: O, timed: Timed, width: usize, verbosity: u8) -> Self {
        let told = Timestamp::default();
        let (began, parts, current, step) = (None, Vec::new(), None, None);
        Self { out, timed, width, verbosity, began, told, parts, current, step }
    }

    fn started(&mut self, now: Timestamp, step: &StepId, title: &Title) -> io::Result<()> {
        let part = match &self.timed {
            Timed::Whole => return Ok(()),
            Timed::Tasks { .. } => Part {
                step: Some(step.clone()),
                name: match &title.role {
                    Some(role) => format!("{role} : {}", title.name.trim()),
                    None => title.name.trim().to_owned(),
                },
                place: (self.verbosity >= 2).then(|| super::origin(&title.origin, true)),
                took: Duration::ZERO,
            },
            Timed::Roles { .. } => Part {
                step: None,
                name: title.role.clone().unwrap_or_else(|| title.action.clone()),
                place: None,
                took: Duration::ZERO,
            },
        };
        if !self.summary_only() {
            self.line(now)?;
        }
        self.ended(now);
        let is_same =
            |known: &Part| known.step == part.step && (part.step.is_some() || known.name == part.name);
        let place = self.parts.iter().position(is_same).unwrap_or_else(|| {
            self.parts.push(part);
            self.parts.len() - 1
        });
        self.current = Some((place, now));
        Ok(())
    }

    fn summary_only(&self) -> bool {
        matches!(self.timed, Timed::Tasks { summary_only: true, .. } | Timed::Roles { summary_only: true })
    }

    /// What was done until now is done.
    fn ended(&mut self, now: Timestamp) {
        if let Some((place, since)) = self.current.take() {
            self.parts[place].took += now.since(since);
        }
    }

    /// The time of day, since the last such line, and since the beginning.
    fn line(&mut self, now: Timestamp) -> io::Result<()> {
        let since = clocked(now.since(self.told));
        let whole = clocked(now.since(self.began.unwrap_or(now)));
        self.told = now;
        let words = format!("{} ({since})       {whole} ", now.spelled());
        writeln!(self.out, "{words}{} ", "*".repeat(WIDTH.saturating_sub(words.len()).max(3)))
    }

    fn heading(&mut self, words: &str, now: Timestamp) -> io::Result<()> {
        writeln!(self.out, "{}", banner(words, self.width))?;
        self.line(now)?;
        writeln!(self.out, "{} ", "=".repeat(WIDTH))
    }

    fn recap(&mut self, now: Timestamp) -> io::Result<()> {
        match self.timed {
            Timed::Whole => {
                let whole = now.since(self.began.unwrap_or(now)).as_secs();
                let (days, hours) = (whole / 86_400, whole / 3_600 % 24);
                let (minutes, seconds) = (whole / 60 % 60, whole % 60);
                writeln!(self.out, "{}", banner("PLAYBOOK RECAP", self.width))?;
                let words = format!("{days} days, {hours} hours, {minutes} minutes, {seconds} seconds");
                writeln!(self.out, "Playbook run took {words}\n\r")
            }
            Timed::Tasks { limit, order, .. } => {
                self.heading("TASKS RECAP", now)?;
                self.ended(now);
                let mut parts: Vec<&Part> = self.parts.iter().collect();
                match order {
                    Ordering::Less => parts.sort_by_key(|part| Reverse(part.took)),
                    Ordering::Greater => parts.sort_by_key(|part| part.took),
                    Ordering::Equal => {}
                }
                for part in parts.into_iter().take(limit.unwrap_or(usize::MAX)) {
                    writeln!(self.out, "{}", row(&part.name, part.took, self.width))?;
                    if let Some(place) = &part.place {
                        writeln!(self.out, "{:-<1$}", format!("{place} "), self.width)?;
                    }
                }
                Ok(())
            }
            Timed::Roles { .. } => {
                self.heading("ROLES RECAP", now)?;
                self.ended(now);
                let mut parts: Vec<&Part> = self.parts.iter().collect();
                parts.sort_by_key(|part| Reverse(part.took));
                for part in parts {
                    writeln!(self.out, "{}", row(&part.name, part.took, WIDTH))?;
                }
                writeln!(self.out, "{} ", "~".repeat(WIDTH))?;
                let whole = self.parts.iter().map(|part| part.took).sum();
                writeln!(self.out, "{}", row("total", whole, WIDTH))
            }
        }
    }
}

impl<O: Write + Send> Reporter for Timing<O> {
    fn name(&self) -> &'static str {
        "timing"
    }

    fn event(&mut self, now: Timestamp, event: &Event) -> io::Result<()> {
        if self.began.is_none() {
            (self.began, self.told) = (Some(now), now);
        }
        match event {
            Event::PlayStarted { .. } | Event::BatchStarted { .. } => self.step = None,
            // A task begins once, for all its hosts; `meta` once for each.
            Event::StepStarted { step, title: Some(title), .. }
                if title.action == "meta" || self.step.as_ref() != Some(step) =>
            {
                self.step = Some(step.clone());
                self.started(now, step, title)?;
            }
            Event::PlaybookEnded { .. } | Event::RunEnded { .. } => self.recap(now)?,
            _ => {}
        }
        self.out.flush()
    }
}

/// `H:MM:SS.mmm`
fn clocked(time: Duration) -> String {
    let seconds = time.as_secs();
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{hours}:{minutes:02}:{seconds:02}.{:03}", time.subsec_millis())
}

/// A name and how long that took, with a line between them.
fn row(name: &str, took: Duration, width: usize) -> String {
    let took = format!(" {:.2}s", took.as_secs_f64());
    format!("{:-<1$}{took:->9}", format!("{name} "), width.saturating_sub(9))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn printed(timed: Timed, events: &[(u64, Event)]) -> String {
        let mut out = Vec::new();
        let mut timing = Timing::new(&mut out, timed, WIDTH, 0);
        for (millis, event) in events {
            let now = Timestamp(i64::try_from(millis * 1_000_000).unwrap());
            timing.event(now, event).unwrap();
        }
        let text = String::from_utf8(out).unwrap();
        let lines = text.lines().map(str::trim_end);
        // The day and the hour are those of this machine.
        let day = Timestamp::default().spelled().len();
        let timeless =
            lines.map(|line| if line.contains("1970") { line.get(day..).unwrap_or_default() } else { line });
        timeless.collect::<Vec<_>>().join("\n")
    }

    fn step(number: u32, role: Option<&str>) -> Event {
        let name = format!("task {number}");
        Event::StepStarted {
            step: StepId::new(name.clone()),
            name: name.clone(),
            host: "h1".into(),
            stage: None,
            case: None,
            round: None,
            warmup: false,
            title: Some(Box::new(Title {
                name,
                role: role.map(ToOwned::to_owned),
                action: "command".to_owned(),
                ..Title::default()
            })),
        }
    }

    fn ended() -> Event {
        Event::PlaybookEnded { next: String::new(), hosts: BTreeMap::new() }
    }

    #[test]
    fn a_task_lasts_until_the_next_one_begins() {
        let events = [
            (0, Event::NoHostsLeft),
            (10, step(1, None)),
            (20, step(1, None)),
            (1_510, step(2, Some("r"))),
            (3_661_510, step(3, Some("r"))),
            (3_661_760, ended()),
        ];
        insta::assert_snapshot!(printed(Timed::named("profile_tasks").unwrap(), &events), @r"
         (0:00:00.010)       0:00:00.010 ******
         (0:00:01.500)       0:00:01.510 ******
         (1:01:00.000)       1:01:01.510 ******

        TASKS RECAP ********************************************************************
         (0:00:00.250)       1:01:01.760 ******
        ===============================================================================
        r : task 2 ----------------------------------------------------------- 3660.00s
        task 1 ------------------------------------------------------------------ 1.50s
        r : task 3 -------------------------------------------------------------- 0.25s
        ");
        let few = Timed::Tasks { limit: Some(1), order: Ordering::Greater, summary_only: true };
        insta::assert_snapshot!(printed(few, &events), @r"

        TASKS RECAP ********************************************************************
         (1:01:01.760)       1:01:01.760 ******
        ===============================================================================
        r : task 3 -------------------------------------------------------------- 0.25s
        ");
        let roles = Timed::named("ansible.posix.profile_roles").unwrap();
        insta::assert_snapshot!(printed(roles, &events), @r"
         (0:00:00.010)       0:00:00.010 ******
         (0:00:01.500)       0:00:01.510 ******
         (1:01:00.000)       1:01:01.510 ******

        ROLES RECAP ********************************************************************
         (0:00:00.250)       1:01:01.760 ******
        ===============================================================================
        r -------------------------------------------------------------------- 3660.25s
        command ----------------------------------------------------------------- 1.50s
        ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
        total ---------------------------------------------------------------- 3661.75s
        ");
        insta::assert_snapshot!(printed(Timed::Whole, &events), @r"

        PLAYBOOK RECAP *****************************************************************
        Playbook run took 0 days, 1 hours, 1 minutes, 1 seconds
        ");
    }
}
