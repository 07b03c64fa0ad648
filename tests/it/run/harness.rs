//! A stage for a playbook: agents in this process, a journal in memory, and events as lines.

use std::collections::HashMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use benchbook::action::ACTIONS;
use benchbook::base::spec::Catalogue;
use benchbook::base::{HostName, JobId, RunId, RunMark, StepId, SystemClock};
use benchbook::connection::memory::Memory;
use benchbook::connection::{Endpoint, Pool};
use benchbook::event::journal::{Commit, LogPlace};
use benchbook::event::{Event, Fate, Journal, JournalError, LogLengths, Record, Sampled};
use benchbook::load::project::Asked;
use benchbook::load::{Config, DiskFiles, Expressions, Project, Reading};
use benchbook::module::SPECS;
use benchbook::plan::{Compiler, Options as PlanOptions};
use benchbook::run::{Options, Past, Setup, Stop, execute};
use benchbook::vars::{Environment, Inventories};
use benchbook::wire::{Status, Stream};

/// Writes nowhere, and remembers.
pub struct MemoryJournal {
    /// How many records there is room for; a commit that does not fit fails, as on a full disk.
    pub room: AtomicUsize,
    /// Everything that was committed, in order.
    pub records: Mutex<Vec<Record>>,
    logs: Mutex<HashMap<String, Vec<u8>>>,
}

impl Default for MemoryJournal {
    fn default() -> Self {
        Self { room: AtomicUsize::new(usize::MAX), records: Mutex::default(), logs: Mutex::default() }
    }
}

impl MemoryJournal {
    /// What steps that have this in their id said on standard output.
    pub fn said(&self, step: &str) -> String {
        let logs = self.logs.lock().unwrap();
        let named = logs.iter().filter(|(path, _)| path.contains(step) && path.ends_with(".Stdout"));
        named.map(|(_, bytes)| String::from_utf8_lossy(bytes)).collect()
    }
}

impl Journal for MemoryJournal {
    fn commit(&self, records: Vec<Record>) -> Commit<'_> {
        let mut kept = self.records.lock().unwrap();
        if kept.len() + records.len() > self.room.load(Ordering::SeqCst) {
            let full = JournalError("the journal is full".into());
            return Box::pin(std::future::ready(Err(full)));
        }
        kept.extend(records);
        Box::pin(std::future::ready(Ok(())))
    }

    fn log(
        &self,
        step: &StepId,
        host: &HostName,
        stream: Stream,
        bytes: &[u8],
    ) -> Result<LogPlace, JournalError> {
        let path = format!("{host}/{step}.{stream:?}");
        let mut logs = self.logs.lock().unwrap();
        let log = logs.entry(path.clone()).or_default();
        let offset = log.len() as u64;
        log.extend_from_slice(bytes);
        Ok(LogPlace { path, offset })
    }

    fn logged(
        &self,
        step: &StepId,
        host: &HostName,
        stream: Stream,
        from: u64,
    ) -> Result<Vec<u8>, JournalError> {
        let logs = self.logs.lock().unwrap();
        let log = logs.get(&format!("{host}/{step}.{stream:?}")).map(Vec::as_slice).unwrap_or_default();
        Ok(log[usize::try_from(from).unwrap().min(log.len())..].to_vec())
    }

    fn log_lengths(&self, step: &StepId, host: &HostName) -> Result<LogLengths, JournalError> {
        let length = |stream| Ok(self.logged(step, host, stream, 0)?.len() as u64);
        Ok(LogLengths { stdout: length(Stream::Stdout)?, stderr: length(Stream::Stderr)? })
    }

    fn sampled(&self, _: &JobId) -> Result<Sampled, JournalError> {
        Ok(Sampled::default())
    }

    fn forget_logs(&self, step: &StepId, host: &HostName) -> Result<(), JournalError> {
        self.logs.lock().unwrap().retain(|path, _| !path.starts_with(&format!("{host}/{step}.")));
        Ok(())
    }
}

/// A playbook about to be played.
pub struct Stage {
    folder: PathBuf,
    /// How many units work at once; one at a time gives the same order of lines every time.
    pub forks: usize,
    /// Ctrl-C.
    pub stop: Stop,
    /// Called with every event.
    pub hear: Arc<dyn Fn(&Event) + Send + Sync>,
    /// What was written down.
    pub journal: Arc<MemoryJournal>,
    /// How its hosts are reached.
    pub connect: fn(Pool, Endpoint) -> Pool,
    check: bool,
}

impl Stage {
    /// The playbook of a folder of `tests/cases/run/`.
    pub fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            forks: 1,
            stop: Stop::never(),
            hear: Arc::new(|_| {}),
            journal: Arc::default(),
            connect: |pool, endpoint| pool.with(endpoint, Memory::new()),
            check: folder.join("check").exists(),
        }
    }

    /// Plays it, and tells what happened.
    pub fn run(self) -> String {
        let catalogue = SPECS.iter().copied().chain(ACTIONS.iter().map(|a| a.spec));
        let catalogue = Arc::new(Catalogue::new(catalogue));
        let files = Arc::new(DiskFiles);
        let asked = Asked {
            more: Vec::new(),
            reading: Reading::default(),
            playbook: self.folder.join("playbook.yml"),
            inventory: vec![self.folder.join("hosts").display().to_string()],
            extra_vars: Vec::new(),
            ..Asked::default()
        };
        let evaluator = Inventories::new(files.clone(), Expressions::Strict);
        let project =
            match Project::read(files.clone(), Arc::clone(&catalogue), Config::default(), &evaluator, &asked)
            {
                Ok(project) => Arc::new(project),
                Err(problems) => return problems.to_string(),
            };
        let pool = project
            .inventory
            .hosts
            .keys()
            .fold(Pool::new(), |pool, host| (self.connect)(pool, Endpoint::Memory(host.as_str().into())));
        let options = PlanOptions { check: self.check, ..PlanOptions::default() };
        let compiler = Arc::new(Compiler::new(project, catalogue, options));
        let plan = match compiler.plan() {
            Ok(plan) => plan,
            Err(problems) => return problems.to_string(),
        };
        let lines: Arc<Mutex<String>> = Arc::default();
        let (written, hear) = (Arc::clone(&lines), Arc::clone(&self.hear));
        let folder = self.folder.display().to_string();
        let events = move |event: &Event| {
            hear(event);
            if let Some(line) = line(event) {
                writeln!(
                    written.lock().unwrap(),
                    "{}",
                    line.replace(&format!("{folder}/"), "").replace(&folder, "its folder")
                )
                .unwrap();
            }
        };
        let setup = Setup {
            mark: RunMark::fresh(&RunId::from("test-run")),
            run: RunId::from("test-run"),
            term: 1,
            compiler,
            plan,
            environment: Arc::new(Environment::new(files, Arc::new(SystemClock))),
            pool: Arc::new(pool),
            journal: self.journal,
            events: Arc::new(events),
            clock: Arc::new(SystemClock),
            options: Options { forks: self.forks, check: self.check, ..Options::default() },
            stop: self.stop,
            past: Past::none(),
        };
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(execute(setup));
        lines.lock().unwrap().clone()
    }
}

/// An event in words; what differs from run to run is left out.
fn line(event: &Event) -> Option<String> {
    Some(match event {
        Event::PlayStarted { name, hosts, .. } => format!("PLAY {name} {hosts:?}"),
        Event::StepEnded { name, host, fate, msg, case, round, handler, .. } => {
            let round = round.map(|n| format!(" round {n}")).unwrap_or_default();
            let case = case.as_ref().map(|c| format!(" ({c}{round})")).unwrap_or_default();
            let handler = if *handler { " handler" } else { "" };
            let msg = msg
                .as_ref()
                .filter(|_| matches!(fate, Fate::Ran { .. }))
                .map(|m| format!(": {m}"))
                .unwrap_or_default();
            format!("  {host}{handler} {name}{case} -> {}{msg}", fate_in_words(fate))
        }
        Event::ItemEnded { host, item, status, changed, skipped, .. } => {
            let end = if *skipped { "skipped".to_owned() } else { status_in_words(*status, *changed, false) };
            format!("    {host} item {item} -> {end}")
        }
        Event::Retrying { host, attempt, left, .. } => {
            format!("    {host} retry after {attempt}, {left} left")
        }
        Event::Expanded { hosts, steps, .. } => format!("  + {steps} steps for {hosts:?}"),
        Event::Figure(f) => format!(
            "  {} {} {:?} = {} {} from {}..{}",
            f.host, f.name, f.labels, f.value, f.unit, f.bytes.0, f.bytes.1
        ),
        Event::CaseStarted { case, host, repeat, warmup, .. } => {
            format!("  CASE {case} on {host}: {warmup}+{repeat} rounds")
        }
        Event::CaseEnded { case, host, failed, rounds } => {
            let failed = failed.as_ref().map(|f| format!(", failed: {f}")).unwrap_or_default();
            format!("  END {case} on {host}: {rounds} rounds{failed}")
        }
        Event::CaseLeftOut { case, host, why, .. } => {
            format!("  LEFT OUT {case} on {host}: {}", why.words())
        }
        Event::Warning { text } => format!("  ! {text}"),
        Event::Stopping { at_once } => format!("  STOPPING{}", if *at_once { " at once" } else { "" }),
        Event::RunEnded { exit, hosts, .. } => {
            hosts.iter().fold(format!("EXIT {exit}"), |mut text, (host, t)| {
                let counts = [
                    ("ok", t.ok),
                    ("changed", t.changed),
                    ("unreachable", t.unreachable),
                    ("failed", t.failed),
                    ("skipped", t.skipped),
                    ("rescued", t.rescued),
                    ("ignored", t.ignored),
                ];
                write!(text, "\n  {host}:").unwrap();
                counts
                    .iter()
                    .filter(|(_, n)| *n > 0)
                    .for_each(|(word, n)| write!(text, " {word}={n}").unwrap());
                text
            })
        }
        _ => return None,
    })
}

fn fate_in_words(fate: &Fate) -> String {
    match fate {
        Fate::Ran { status, changed, ignored } => status_in_words(*status, *changed, *ignored),
        Fate::Skipped { reason } => format!("skipped ({reason})"),
        Fate::Bypassed { why } => format!("bypassed ({why:?})"),
        Fate::Unreachable { reason, .. } => format!("unreachable ({reason})"),
    }
}

fn status_in_words(status: Status, changed: bool, ignored: bool) -> String {
    let word = match status {
        Status::Ok if changed => "changed".to_owned(),
        other => format!("{other:?}").to_lowercase(),
    };
    if ignored { word + ", ignored" } else { word }
}
