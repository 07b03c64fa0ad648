//! The run on a terminal: lines as the console writes them, and below them what runs where, for how long, and how many
//! rounds are left.

use std::collections::{HashMap, HashSet};
use std::io;
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
    rounds: usize,
    done: HashSet<(CaseId, HostName, u32, bool)>,
}

impl Progress {
    /// `verbosity` counts `-v`.
    pub fn new(verbosity: u8, colour: bool) -> Self {
        let bars = MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(5));
        let total = bars.add(ProgressBar::new_spinner());
        total.set_style(plain("{msg}"));
        Self {
            lines: Lines::new(verbosity, colour),
            bars,
            total,
            running: HashMap::new(),
            began: Instant::now(),
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
        for line in self.lines.of(event) {
            self.bars.println(line)?;
        }
        match event {
            Event::StepStarted { step, name, host, case, round, warmup, .. } => {
                let what = self.lines.subject(name, case.as_ref(), *round, *warmup);
                self.start(step, host, format!("{host}  {what}"));
            }
            Event::StepEnded { step, host, .. } => {
                if let Some(bar) = self.running.remove(&(step.clone(), host.clone())) {
                    bar.finish_and_clear();
                    self.bars.remove(&bar);
                }
            }
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
