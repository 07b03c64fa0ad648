//! The run on a terminal: lines as the console writes them, and below them what runs where, for how long, and how many
//! rounds are left.

use std::collections::{HashMap, HashSet};
use std::io::{self, Write};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Reporter;
use super::line::{Lines, going_on};
use crate::base::{CaseId, HostName, StepId, Timestamp};
use crate::event::Event;

/// How many running steps are shown; the others are counted.
const SHOWN: usize = 8;

/// Draws on standard error.
pub struct Progress {
    lines: Lines,
    bars: MultiProgress,
    total: ProgressBar,
    running: HashMap<(StepId, HostName), ProgressBar>,
    began: Instant,
    /// Who has asked the user a question, which stays in sight until it is answered.
    asking: HashSet<(StepId, HostName)>,
    /// Lines that wait for the answer.
    held: Vec<String>,
    rounds: usize,
    done: HashSet<(CaseId, HostName, u32, bool)>,
}

impl Progress {
    /// `verbosity` counts `-v`.
    pub fn new(verbosity: u8, colour: bool) -> Self {
        let bars = MultiProgress::with_draw_target(screen());
        let total = bars.add(ProgressBar::new_spinner());
        total.set_style(plain("{msg}"));
        Self {
            lines: Lines::new(verbosity, colour),
            bars,
            total,
            running: HashMap::new(),
            began: Instant::now(),
            asking: HashSet::new(),
            held: Vec::new(),
            rounds: 0,
            done: HashSet::new(),
        }
    }

    /// How many rounds there are, and which are done.
    fn count(&mut self, event: &Event) {
        match event {
            Event::RunStarted { rounds, .. } => self.rounds = *rounds,
            Event::StepEnded { host, case: Some(case), round: Some(round), warmup, .. } => {
                self.done.insert((case.clone(), host.clone(), *round, *warmup));
            }
            _ => {}
        }
    }

    fn start(&mut self, step: &StepId, host: &HostName, what: String) {
        if self.running.len() >= SHOWN {
            return;
        }
        let bar = self.bars.insert_before(&self.total, ProgressBar::new_spinner());
        bar.set_style(plain("{spinner} {msg}  {elapsed}"));
        bar.enable_steady_tick(Duration::from_millis(250));
        bar.set_message(what);
        self.running.insert((step.clone(), host.clone()), bar);
    }

    /// Shows these lines above the bars; while the user is asked, nothing moves.
    fn show(&mut self, lines: Vec<String>) -> io::Result<()> {
        self.held.extend(lines);
        if self.asking.is_empty() {
            self.held.drain(..).try_for_each(|line| self.bars.println(line))?;
        }
        Ok(())
    }

    /// The terminal is the user's, for the answer to this question.
    fn give_way(&mut self, step: &StepId, host: &HostName, question: &[String]) -> io::Result<()> {
        self.bars.clear()?;
        self.bars.set_draw_target(ProgressDrawTarget::hidden());
        self.asking.insert((step.clone(), host.clone()));
        question.iter().try_for_each(|line| writeln!(io::stderr(), "{line}"))
    }

    /// A step ended, and with it what it asked.
    fn end(&mut self, step: &StepId, host: &HostName) -> io::Result<()> {
        let pair = (step.clone(), host.clone());
        if let Some(bar) = self.running.remove(&pair) {
            bar.finish_and_clear();
            self.bars.remove(&bar);
        }
        if self.asking.remove(&pair) && self.asking.is_empty() {
            self.bars.set_draw_target(screen());
            self.show(Vec::new())?;
        }
        Ok(())
    }

    fn say_total(&self) {
        let left = self.rounds.saturating_sub(self.done.len());
        self.total.set_message(match self.rounds {
            0 => going_on(self.began),
            _ => format!(
                "{}/{} case runs, {left} left, {}",
                self.done.len(),
                self.rounds,
                going_on(self.began)
            ),
        });
    }
}

fn screen() -> ProgressDrawTarget {
    ProgressDrawTarget::stderr_with_hz(5)
}

/// A style of ours, which is known to be well formed.
fn plain(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner())
}

impl Reporter for Progress {
    fn name(&self) -> &'static str {
        "progress"
    }

    fn learn(&mut self, _: Timestamp, event: &Event) {
        self.lines.of(event);
        self.count(event);
    }

    fn event(&mut self, _: Timestamp, event: &Event) -> io::Result<()> {
        self.count(event);
        let lines = self.lines.of(event);
        if let Event::Asked { step, host, .. } = event {
            return self.give_way(step, host, &lines);
        }
        self.show(lines)?;
        match event {
            Event::StepStarted { step, name, host, case, round, warmup, .. } => {
                let what = self.lines.subject(name, case.as_ref(), *round, *warmup);
                self.start(step, host, format!("{host}  {what}"));
            }
            Event::StepEnded { step, host, .. } => self.end(step, host)?,
            Event::RunEnded { .. } => {
                self.total.finish_and_clear();
                self.bars.clear()?;
                return Ok(());
            }
            _ => {}
        }
        self.say_total();
        Ok(())
    }
}
