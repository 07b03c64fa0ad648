//! How many step-hosts per second the run can end when hosts take no time: `cargo bench --bench scheduler [-- STEPS…]`.
//!
//! A linear play of `ping` on many hosts over `scripted` connections, which answer at once through real frames, with a
//! journal that writes nowhere; and of `command: /bin/true` over `memory`, the real agent in this process, which starts
//! real processes. Prints the table of `docs/performance.md`.

// A program to be read by people at a terminal.
#![allow(clippy::print_stdout, clippy::unwrap_used)]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use benchbook::action::ACTIONS;
use benchbook::base::spec::Catalogue;
use benchbook::base::{HostName, JobId, RunId, RunMark, StepId, SystemClock};
use benchbook::connection::memory::Memory;
use benchbook::connection::scripted::{Answer, Scripted};
use benchbook::connection::{Endpoint, Pool};
use benchbook::event::journal::{Commit, LogPlace};
use benchbook::event::{Event, Journal, JournalError, LogLengths, Record, Sampled};
use benchbook::load::project::Asked;
use benchbook::load::{Config, DiskFiles, Expressions, Project};
use benchbook::module::SPECS;
use benchbook::plan::{Compiler, Options as PlanOptions};
use benchbook::run::{Options, Past, Setup, Stop, execute};
use benchbook::vars::{Environment, Inventories};
use benchbook::wire::{Outcome, Stream};

/// As the program has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Acknowledges everything and keeps nothing.
struct Nowhere;

impl Journal for Nowhere {
    fn commit(&self, _: Vec<Record>) -> Commit<'_> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn log(&self, _: &StepId, _: &HostName, _: Stream, _: &[u8]) -> Result<LogPlace, JournalError> {
        Ok(LogPlace { path: String::new(), offset: 0 })
    }

    fn logged(&self, _: &StepId, _: &HostName, _: Stream, _: u64) -> Result<Vec<u8>, JournalError> {
        Ok(Vec::new())
    }

    fn log_lengths(&self, _: &StepId, _: &HostName) -> Result<LogLengths, JournalError> {
        Ok(LogLengths::default())
    }

    fn sampled(&self, _: &JobId) -> Result<Sampled, JournalError> {
        Ok(Sampled::default())
    }

    fn forget_logs(&self, _: &StepId, _: &HostName) -> Result<(), JournalError> {
        Ok(())
    }
}

/// A way to reach hosts, and what `ansible_connection` calls it.
#[derive(Clone, Copy)]
enum Way {
    Scripted,
    Memory,
}

impl Way {
    fn word(self) -> &'static str {
        match self {
            Way::Scripted => "scripted",
            Way::Memory => "memory",
        }
    }

    fn register(self, pool: Pool, host: &str) -> Pool {
        match self {
            Way::Scripted => {
                let answer = |_: &_| Answer::from(Outcome::ok(false).with("ping", "pong"));
                pool.with(Endpoint::Scripted(host.into()), Scripted::new(answer))
            }
            Way::Memory => pool.with(Endpoint::Memory(host.into()), Memory::new()),
        }
    }
}

/// Plays `tasks` tasks on `hosts` hosts; gives how long planning and walking took.
fn play(way: Way, hosts: usize, tasks: usize) -> (Duration, Duration) {
    let folder = tempfile::tempdir().unwrap();
    let inventory = format!("n[1:{hosts}] ansible_connection={}\n", way.word());
    let list = match way {
        Way::Scripted => "    - ping:\n",
        Way::Memory => "    - command: /bin/true\n",
    };
    let list = list.repeat(tasks);
    let playbook = format!("- hosts: all\n  gather_facts: false\n  tasks:\n{list}");
    std::fs::write(folder.path().join("hosts"), inventory).unwrap();
    std::fs::write(folder.path().join("playbook.yml"), playbook).unwrap();
    let began = Instant::now();
    let setup = setup(way, folder.path());
    let planned = began.elapsed();
    let ended = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&ended);
    let events = move |event: &Event| {
        if matches!(event, Event::StepEnded { .. }) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    };
    let setup = Setup { events: Arc::new(events), ..setup };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let began = Instant::now();
    let end = runtime.block_on(execute(setup));
    let walked = began.elapsed();
    assert_eq!((end.exit, ended.load(Ordering::Relaxed)), (0, hosts * tasks));
    (planned, walked)
}

fn setup(way: Way, folder: &Path) -> Setup {
    let catalogue = SPECS.iter().copied().chain(ACTIONS.iter().map(|a| a.spec));
    let catalogue = Arc::new(Catalogue::new(catalogue));
    let files = Arc::new(DiskFiles);
    let asked = Asked {
        more: Vec::new(),
        playbook: folder.join("playbook.yml"),
        inventory: vec![folder.join("hosts").display().to_string()],
        extra_vars: Vec::new(),
        ..Asked::default()
    };
    let evaluator = Inventories::new(files.clone(), Expressions::Strict);
    let project = Project::read(files.clone(), Arc::clone(&catalogue), Config::default(), &evaluator, &asked);
    let project = Arc::new(project.unwrap_or_else(|problems| panic!("{problems}")));
    let pool =
        project.inventory.hosts.keys().fold(Pool::new(), |pool, host| way.register(pool, host.as_str()));
    let compiler = Arc::new(Compiler::new(project, catalogue, PlanOptions::default()));
    let plan = compiler.plan().unwrap_or_else(|problems| panic!("{problems}"));
    Setup {
        run: RunId::from("bench"),
        mark: RunMark::fresh(&RunId::from("bench")),
        term: 1,
        compiler,
        plan,
        environment: Arc::new(Environment::new(files, Arc::new(SystemClock))),
        pool: Arc::new(pool),
        journal: Arc::new(Nowhere),
        events: Arc::new(|_| {}),
        clock: Arc::new(SystemClock),
        options: Options { forks: 1000, ..Options::default() },
        stop: Stop::never(),
        past: Past::none(),
    }
}

fn main() {
    // cargo adds `--bench`.
    let only: Vec<usize> = std::env::args().skip(1).filter_map(|word| word.parse().ok()).collect();
    println!("| connection | hosts × tasks | step-hosts | planned in | walked in | step-hosts per second |");
    println!("|---|---:|---:|---:|---:|---:|");
    let cases = [
        (Way::Scripted, 100, 100),
        (Way::Scripted, 1000, 100),
        (Way::Scripted, 1000, 1000),
        (Way::Memory, 100, 20),
    ];
    for (way, hosts, tasks) in cases {
        let total = hosts * tasks;
        if !only.is_empty() && !only.contains(&total) {
            continue;
        }
        let (planned, walked) = play(way, hosts, tasks);
        let rate = f64::from(u32::try_from(total).unwrap()) / walked.as_secs_f64();
        println!(
            "| {} | {hosts} × {tasks} | {total} | {:.2} s | {:.2} s | {rate:.0} |",
            way.word(),
            planned.as_secs_f64(),
            walked.as_secs_f64(),
        );
    }
}
