//! `_monitor`: samples this machine until somebody asks it to stop. Runs as a job, so that it outlives the connection.

use std::io;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};
use serde::Deserialize;

use super::Service;
use crate::agent::lock;
use crate::base::{Map, args};
use crate::module::Context;
use crate::module::process::Command;
use crate::monitor::container::{Containers, Which};
use crate::monitor::declared::Declared;
use crate::monitor::{Looks, Roots, Source, TICKS_PER_SECOND, built_in};
use crate::wire::samples::Line;
use crate::wire::{Column, Outcome, Request, Stream};

pub(super) const SERVICE: Service = Service { name: "_monitor", run };

/// Nothing is looked at more often, in milliseconds.
const SHORTEST: u64 = 10;

/// What is sampled.
#[derive(Debug, Deserialize)]
struct Asked {
    /// The name of a built-in monitor, or of one that is declared.
    monitor: String,
    /// From one sample to the next.
    period_ms: u64,
    /// What a declared one runs for each sample.
    #[serde(default)]
    command: Vec<String>,
    /// How its output is read.
    #[serde(default)]
    declared: Option<Declared>,
    /// The containers that cases run in, to be watched from their machine.
    #[serde(default)]
    containers: Vec<Watched>,
}

/// A container, or those of several cases.
#[derive(Debug, Deserialize)]
struct Watched {
    /// Its name, or how their names begin.
    name: String,
    /// Where its engine listens.
    socket: String,
    /// What those of cases carry: `name=value`.
    #[serde(default)]
    label: Option<String>,
}

impl Watched {
    fn containers(self) -> Containers {
        let Self { name, socket, label } = self;
        let which = match label {
            Some(label) => Which::Labelled { label, prefix: name },
            None => Which::Named(name),
        };
        Containers::new(which, socket.into())
    }
}

/// Prints lines as `wire::samples` says. Gives `samples`, `late` (looks that were left out because the one before took too
/// long) and `cpu_seconds`, its own cost.
fn run(map: &Map, ctx: &mut Context<'_>) -> Outcome {
    let asked: Asked = match args::from_map(map) {
        Ok(asked) => asked,
        Err(error) => return Outcome::failed(error.to_string()),
    };
    let eye = match (asked.declared, built_in(&asked.monitor)) {
        (Some(declared), _) => Eye::Command(asked.command, declared),
        (None, Some(sources)) => Eye::Files(sources),
        (None, None) => return Outcome::failed(format!("this agent has no monitor `{}`", asked.monitor)),
    };
    let period = Duration::from_millis(asked.period_ms.max(SHORTEST));
    let containers = asked.containers.into_iter().map(Watched::containers).collect();
    let mut watch = Watch { eye, containers, ..Watch::default() };
    // What goes wrong here is that nobody can write down what is seen.
    let went = watch.go(period, ctx);
    let outcome = went.map_or_else(|error| Outcome::failed(error.to_string()), |()| Outcome::ok(false));
    outcome.with("samples", watch.samples).with("late", watch.late).with("cpu_seconds", watch.cost())
}

/// What looks.
enum Eye {
    /// A built-in monitor.
    Files(&'static [Source]),
    /// A declared one: a command, and how its output is read.
    Command(Vec<String>, Declared),
}

impl Default for Eye {
    fn default() -> Self {
        Self::Files(&[])
    }
}

/// A monitor at work.
#[derive(Default)]
struct Watch {
    eye: Eye,
    containers: Vec<Containers>,
    looks: Looks,
    roots: Roots,
    /// The columns that were printed last.
    printed: Vec<Column>,
    /// What was wrong at the last look.
    trouble: String,
    /// Why nothing is seen of containers.
    blindness: String,
    samples: u64,
    late: u64,
}

impl Watch {
    fn go(&mut self, period: Duration, ctx: &mut Context<'_>) -> io::Result<()> {
        let bell = Arc::new(Bell::default());
        let ring = Arc::clone(&bell);
        ctx.link.on_cancel(Box::new(move || ring.ring()));
        let mut next = ctx.clock.instant();
        self.look(ctx)?;
        while ctx.link.cancelled().is_none() {
            next += period;
            let now = ctx.clock.instant();
            while next <= now {
                (self.late, next) = (self.late + 1, next + period);
            }
            if !bell.wait(next) {
                self.look(ctx)?;
            }
        }
        Ok(())
    }

    fn look(&mut self, ctx: &mut Context<'_>) -> io::Result<()> {
        let cost = self.cost();
        let readings = self.looks.begin(ctx.clock);
        let mut blindness = String::new();
        let seen = match &self.eye {
            Eye::Files(sources) => {
                for source in *sources {
                    source(&self.roots, readings);
                }
                for containers in &mut self.containers {
                    blindness = containers.read(&self.roots, readings).err().unwrap_or(blindness);
                }
                Ok(())
            }
            Eye::Command(command, declared) => {
                printed(command, ctx).and_then(|text| declared.read(&text, readings))
            }
        };
        let trouble = match seen {
            Ok(()) if readings.columns().is_empty() => "it finds nothing to sample".to_owned(),
            Ok(()) => String::new(),
            Err(trouble) => trouble,
        };
        readings.rate("monitor.cpu", "cores", cost);
        let mut text = String::new();
        if trouble != self.trouble && !trouble.is_empty() && ctx.link.cancelled().is_none() {
            text += &Line::Trouble(trouble.clone()).to_string();
        }
        if self.blindness.is_empty() && !blindness.is_empty() {
            text +=
                &Line::Trouble(format!("it cannot see the container of the cases: {blindness}")).to_string();
            self.blindness = blindness;
        }
        if trouble.is_empty() {
            if self.printed != self.looks.columns() {
                self.printed = self.looks.columns().to_vec();
                text += &Line::Columns(self.printed.clone()).to_string();
            }
            if let Some(sample) = self.looks.sample(ctx.clock) {
                text += &Line::Sample(sample).to_string();
                self.samples += 1;
            }
        }
        self.trouble = trouble;
        ctx.link.send(Stream::Stdout, text.as_bytes())
    }

    /// The processor time that sampling took, in seconds: of this thread and, where there are any, of commands.
    fn cost(&self) -> f64 {
        match &self.eye {
            Eye::Files(_) => own_time(),
            Eye::Command(..) => own_time() + time_of_children(&self.roots),
        }
    }
}

/// What a command prints. It has ten seconds, or until somebody asks it to stop.
fn printed(command: &[String], ctx: &mut Context<'_>) -> Result<String, String> {
    let request = Request { timeout_ms: Some(10_000), stream: false, ..ctx.request.clone() };
    let mut context = Context { request: &request, link: ctx.link, clock: ctx.clock };
    let program = command.first().map_or("", String::as_str);
    let ended = context.run(&Command { quiet: true, ..Command::new(command) });
    let ended = ended.map_err(|error| format!("`{program}` cannot be run: {error}"))?;
    if ended.status.success() {
        return Ok(String::from_utf8_lossy(&ended.stdout).into_owned());
    }
    let words = String::from_utf8_lossy(&ended.stderr);
    let last = words.lines().last().unwrap_or_default();
    let how =
        if ended.timed_out { "took more than 10 s".to_owned() } else { format!("ended with {}", ended.rc()) };
    Err(format!("`{program}` {how} {last}").trim_end().to_owned())
}

/// Of those that were waited for, in seconds; see `proc_pid_stat(5)`.
fn time_of_children(roots: &Roots) -> f64 {
    let stat = std::fs::read_to_string(roots.proc.join("self/stat")).unwrap_or_default();
    // Behind the name, which may hold anything: the fields from the third on; `cutime` and `cstime` are the 16th and 17th.
    let rest = stat.rsplit(')').next().unwrap_or_default();
    let ticks = rest.split_whitespace().skip(13).take(2).filter_map(|field| field.parse::<f64>().ok());
    ticks.sum::<f64>() / TICKS_PER_SECOND
}

/// The processor time of this thread, in seconds.
#[allow(clippy::cast_precision_loss)] // a century of processor time still has microseconds
fn own_time() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// Wakes who sleeps.
#[derive(Default)]
struct Bell {
    rung: Mutex<bool>,
    changed: Condvar,
}

impl Bell {
    fn ring(&self) {
        *lock(&self.rung) = true;
        self.changed.notify_all();
    }

    /// Sleeps until then; gives whether it rang.
    fn wait(&self, until: Instant) -> bool {
        let mut rung = lock(&self.rung);
        while !*rung {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let woken = self.changed.wait_timeout(rung, left);
            rung = woken.unwrap_or_else(std::sync::PoisonError::into_inner).0;
        }
        *rung
    }
}
