//! `_end`: nothing of a run may be left on this machine. TERM, the grace, KILL, and a look whether it worked.
//!
//! What belongs to a run carries its mark in `BENCHBOOK_RUN`, or is below the supervisor of one of its jobs. Supervisors are
//! not hit, nor is what is below them: they are asked, and end what is theirs first, which is then no good end of the job.
//! Jobs that are to outlive their run (Ansible's `poll: 0`) are let be, with all that is theirs.

use std::collections::{BTreeMap, HashMap};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Signal, kill_process};

use super::Service;
use crate::agent::jobs::Places;
use crate::agent::owner::{self, RUN};
use crate::base::{Map, RunMark, Value};
use crate::module::Context;
use crate::module::process::processes::{Process, with_environment};
use crate::wire::Outcome;

pub(super) const SERVICE: Service = Service { name: "_end", run };

/// The variable of processes that end by themselves when what they work for has ended.
pub(super) const ENDS: &str = "BENCHBOOK_ENDS";
/// How often is looked.
const LOOK: Duration = Duration::from_millis(50);
/// How long a supervisor may take beyond the grace: it kills and verifies too.
const SUPERVISORS: Duration = Duration::from_secs(5);
/// How long KILL is given.
const AFTER_KILL: Duration = Duration::from_secs(10);

/// Uses the request's run and grace; with `forget: true` the run's job folders are removed, with `finished: true` everything of
/// it has ended, and what ends by itself is let do so. Gives `ended` and `left`: a list
/// of `{pid, command}` each. Failed when anything is left.
fn run(args: &Map, ctx: &mut Context<'_>) -> Outcome {
    let run = &ctx.request.run;
    let grace = Duration::from_millis(ctx.request.grace_ms);
    let places = Places::default();
    let jobs = places.jobs(Some(run)).into_iter().map(|(_, folder)| folder);
    // What nobody waits for goes on.
    let (staying, jobs): (Vec<_>, Vec<_>) =
        jobs.partition(|job| job.stays() && matches!(job.ended(), Ok(None)));
    let says = |name: &str| args.get(name).and_then(Value::to_bool) == Some(true);
    let mut hunt = Hunt { run, finished: says("finished"), found: BTreeMap::new() };
    let own = rustix::process::getpid();
    // Also of one that has an outcome: it ends by itself in a moment, but for an agent inside another program.
    let supervisors = || {
        let there = jobs.iter().filter_map(|job| Some((job, job.state().ok()??.token.process()?)));
        let there = there.filter(|(job, process)| process.pid != own || matches!(job.ended(), Ok(None)));
        there.map(|(_, process)| process).collect::<Vec<_>>()
    };
    for job in &jobs {
        job.cancel(grace);
    }
    let began = Instant::now();
    loop {
        let looking = supervisors();
        let spared = staying.iter().filter_map(|job| job.state().ok()??.token.process());
        let spared: Vec<_> = spared.filter(|process| process.pid != own).collect();
        let (mut left, below) = hunt.others(&looking, &spared);
        for process in &below {
            hunt.known(process);
        }
        let passed = began.elapsed();
        if passed >= grace {
            hunt.hit(&left, Signal::KILL);
        } else {
            hunt.hit(&left, Signal::TERM);
        }
        if passed >= grace + SUPERVISORS {
            hunt.hit(&looking, Signal::KILL);
        }
        left.extend(below);
        left.extend(looking);
        if left.is_empty() || passed >= grace + SUPERVISORS + AFTER_KILL {
            return hunt.told(&left, || {
                if says("forget") {
                    // One that cannot be removed is found by `_left`.
                    for job in jobs {
                        drop(job.remove());
                    }
                    places.tidy(run);
                }
            });
        }
        thread::sleep(LOOK);
    }
}

/// The search for what carries the mark.
struct Hunt<'a> {
    run: &'a RunMark,
    /// Who ends by himself is not looked for.
    finished: bool,
    /// Who was found and got which signal last (CONT: none), with its command line: by number and start.
    found: BTreeMap<(i32, u64), (Signal, String)>,
}

impl Hunt<'_> {
    /// Who carries the mark, but for this process, agents that work beside it, and those that look after jobs. What is below
    /// one of these stands apart.
    fn others(&self, supervisors: &[Process], spared: &[Process]) -> (Vec<Process>, Vec<Process>) {
        let own = rustix::process::getpid();
        let is_of = |all: &[Process], pid: i32| all.iter().any(|process| process.pid.as_raw_pid() == pid);
        let looks_after = |pid: i32| is_of(supervisors, pid) || is_of(spared, pid);
        let found = with_environment(|pid, environment| {
            environment.has(RUN, self.run.as_str())
                && pid != own
                && !looks_after(pid.as_raw_pid())
                && !(self.finished && environment.get(ENDS).is_some())
                && !owner::works_beside(pid, environment)
        });
        let parents: HashMap<i32, i32> = found.iter().map(|p| (p.pid.as_raw_pid(), p.parent)).collect();
        let is_below = |process: &Process, who: &[Process]| {
            let up = std::iter::successors(Some(process.parent), |pid| parents.get(pid).copied());
            // They were not all seen at the same time, so there might be a circle.
            up.take(parents.len() + 1).any(|pid| is_of(who, pid))
        };
        let found = found.into_iter().filter(|process| !is_below(process, spared));
        let (below, others) = found.partition(|process| is_below(process, supervisors));
        (others, below)
    }

    /// What is known of a process, which was found now at the latest.
    fn known(&mut self, process: &Process) -> &mut (Signal, String) {
        let known = self.found.entry((process.pid.as_raw_pid(), process.start));
        known.or_insert_with(|| (Signal::CONT, process.command()))
    }

    /// Sends a signal to whoever did not get it yet.
    fn hit(&mut self, whom: &[Process], signal: Signal) {
        // An agent inside another program looks after its jobs itself.
        let own = rustix::process::getpid();
        for process in whom.iter().filter(|p| p.pid != own) {
            let last = self.known(process);
            if last.0 != signal {
                last.0 = signal;
                // One that ended meanwhile is no error; one that may not be hit is found again.
                let _ = kill_process(process.pid, signal);
                let _ = kill_process(process.pid, Signal::CONT);
            }
        }
    }

    fn told(&self, left: &[Process], tidy: impl FnOnce()) -> Outcome {
        let row = |pid: i32, command: &str| {
            Value::from(Map::from_iter([("pid", Value::from(i64::from(pid))), ("command", command.into())]))
        };
        let is_left = |pid: i32| left.iter().any(|p| p.pid.as_raw_pid() == pid);
        let ended = self.found.iter().filter(|((pid, _), _)| !is_left(*pid));
        let ended: Vec<_> = ended.map(|((pid, _), (_, command))| row(*pid, command)).collect();
        let left: Vec<_> = left.iter().map(|p| row(p.pid.as_raw_pid(), &p.command())).collect();
        let outcome = if left.is_empty() {
            tidy();
            Outcome::ok(!ended.is_empty())
        } else {
            Outcome::failed(format!("{} processes of the run cannot be ended", left.len()))
        };
        outcome.with("ended", Value::list(ended)).with("left", Value::list(left))
    }
}
