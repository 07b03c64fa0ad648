//! A run is carried out, from its beginning or from where it was broken off: everything is kept, and the result is shown.

use std::fs::File;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use clap::Args as ClapArgs;
use tokio::signal::unix::{SignalKind, signal};

use super::call::Call;
use super::gathering::Gathered;
use super::noting::Noting;
use super::terminal::Terminal;
use super::wiring::{self, Compiled};
use super::{Exit, Failure, Outcome, plan, relay};
use crate::base::{Diagnostic, RunMark, SystemClock, Timestamp};
use crate::event::Event;
use crate::load::foreign::{AnsibleCore, Force};
use crate::report::{Console, FORMATS, JsonLines, Progress, Reporter, Selection, Summary};
use crate::run::{Budget, Caller, Ended, OnBusy, Past, Setup, Stopper, execute, stop};
use crate::store::controller::Controller;
use crate::store::{Provenance, Run, RunFolder, RunStore};

/// What is shown while a run goes on.
#[derive(Debug, ClapArgs)]
pub(super) struct Output {
    /// Say more: output as it comes and what was skipped; twice: results too; three times: how hosts are reached
    #[arg(short, long, action = clap::ArgAction::Count, help_heading = "Output")]
    verbose: u8,
    /// Writes every event as a line of JSON to a file, or to standard output (`-`, instead of the table)
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    events: Option<PathBuf>,
}

/// A run that is about to be carried out.
pub(super) struct Execution {
    /// How it was called.
    pub call: Call,
    /// What is carried out.
    pub compiled: Compiled,
    /// Where it is kept.
    pub store: RunStore,
    /// What could make its figures differ.
    pub provenance: Provenance,
    /// Which controller of the run this is.
    pub term: u64,
    /// What earlier ones have done.
    pub past: Past,
    /// What they have told.
    pub events: Vec<(Timestamp, Event)>,
    /// How long it may take.
    pub budget: Option<Budget>,
}

/// A run that was carried out.
pub(super) struct Done {
    /// How it ended.
    pub ended: Ended,
    /// What came out.
    pub summary: Summary,
    /// Where it is kept.
    pub folder: RunFolder,
}

impl Execution {
    /// Carries it out and shows the result. `elsewhere` is how a command that is proposed says where the runs are.
    pub(super) fn carry_out(self, output: &Output, elsewhere: String, terminal: &Terminal) -> Outcome {
        let reporters = output.reporters(terminal)?;
        let Done { ended, summary, folder } = self.perform(reporters, output.verbose, terminal)?;
        if output.events.as_deref() != Some(Path::new("-")) {
            let selection = Selection {
                run: "last".to_owned(),
                elsewhere,
                folder: crate::load::shown(folder.path()),
                ..Selection::default()
            };
            match terminal.data((FORMATS[0].print)(&summary, &selection).as_bytes()) {
                // Whoever read the table has enough; the run ended as it ended.
                Err(e) if e.kind() == io::ErrorKind::BrokenPipe => {}
                printed => printed?,
            }
        }
        Ok(Exit::from_code(ended.exit))
    }

    /// Carries it out; the reporters tell what happens.
    pub(super) fn perform(
        mut self,
        mut reporters: Vec<Box<dyn Reporter>>,
        verbosity: u8,
        terminal: &Terminal,
    ) -> Result<Done, Failure> {
        // One that goes on asks again: nobody keeps it.
        self.call.selecting.becoming.ask_for_password()?;
        let store = Arc::new(self.store);
        let folder = store.folder().clone();
        store.commit_blocking(vec![self.call.term(self.term)])?;
        let (machines, images) = (self.provenance.hosts.clone(), self.provenance.images.clone());
        let gathered = Arc::new(Mutex::new(Gathered { machines, images, ..Gathered::default() }));
        reporters.insert(0, Box::new(Arc::clone(&gathered)));
        let noted = Noting::new(folder.clone(), self.provenance.clone(), Arc::clone(&self.compiled.files));
        reporters.push(Box::new(noted));
        for (time, event) in &self.events {
            for reporter in &mut reporters {
                reporter.learn(*time, event);
            }
        }
        let relay = relay::Relay::start(reporters);
        let mark = RunMark::from(self.provenance.mark.as_str());
        let setup = Setup {
            run: folder.id(),
            pool: Arc::new(wiring::pool(&self.compiled, &mark)),
            mark,
            term: self.term,
            compiler: Arc::clone(&self.compiled.compiler),
            plan: self.compiled.plan.clone(),
            environment: Arc::clone(self.compiled.compiler.environment()),
            journal: Arc::clone(&store) as _,
            events: relay.events(),
            clock: Arc::new(SystemClock),
            options: crate::run::Options {
                budget: self.budget,
                ..options(&self.call, &self.compiled, verbosity, folder.path())
            },
            stop: crate::run::Stop::never(),
            past: self.past,
        };
        // From here on `benchbook stop` can ask.
        super::stop::this_process().write(&folder)?;
        let ended = walk(setup);
        Controller::remove(&folder)?;
        let ended = ended?;
        for failure in relay.finish() {
            terminal.diagnostic(&Diagnostic::warning("reporter", failure));
        }
        // From here on the result must be seen, whatever else goes wrong.
        let closed = store.close();
        let gathered = std::mem::take(&mut *gathered.lock().unwrap_or_else(PoisonError::into_inner));
        // What was read on the way (includes, templates, files) and what the machines said of themselves.
        self.compiled.files.note(&mut self.provenance);
        self.provenance.hosts = gathered.machines;
        self.provenance.images = gathered.images;
        let closed = closed.err().map(|e| e.to_string());
        let written = self.provenance.write(&folder).err().map(|e| e.to_string());
        for problem in closed.into_iter().chain(written) {
            terminal.diagnostic(&Diagnostic::warning("run-folder", problem));
        }
        if let Some(broken) = ended.journal {
            return Err(broken.into());
        }
        let mut summary = gathered.summary.finish();
        let sampled = Run::open(folder.clone()).and_then(|run| super::usage::add(&run, &mut summary));
        if let Err(problem) = sampled {
            terminal.diagnostic(&Diagnostic::warning("run-folder", problem.to_string()));
        }
        if ended.exit == 0 {
            // Neither `resume` nor `--failed-from` has anything to do any more.
            store.forget_key();
        }
        Ok(Done { ended, summary, folder })
    }
}

impl Output {
    fn reporters(&self, terminal: &Terminal) -> Result<Vec<Box<dyn Reporter>>, Failure> {
        let mut reporters: Vec<Box<dyn Reporter>> = Vec::new();
        if terminal.watched {
            reporters.push(Box::new(Progress::new(self.verbose, terminal.colour)));
        } else {
            reporters.push(Box::new(Console::new(io::stderr(), self.verbose, terminal.colour)));
        }
        match self.events.as_deref() {
            None => {}
            Some(path) if path == Path::new("-") => reporters.push(Box::new(JsonLines(io::stdout()))),
            Some(path) => {
                let file = File::create(path).map_err(|e| {
                    let message = format!("{} cannot be written: {e}", path.display());
                    Diagnostic::error("events-file", message)
                })?;
                reporters.push(Box::new(JsonLines(file)));
            }
        }
        Ok(reporters)
    }
}

fn options(call: &Call, compiled: &Compiled, verbosity: u8, folder: &Path) -> crate::run::Options {
    let options = &compiled.compiler.options;
    crate::run::Options {
        check: options.check,
        diff: options.diff,
        forks: call.forks,
        verbosity,
        tags: options.tags.clone(),
        skip_tags: options.skip_tags.clone(),
        limit: options.limit.clone(),
        artifacts: std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned()).join("artifacts"),
        terminal: io::stdin().is_terminal(),
        on_busy: if call.refuse_busy { OnBusy::Fail } else { OnBusy::Wait },
        caller: caller(),
        budget: None,
        become_password: call.selecting.becoming.password(),
        mode: plan::mode(&compiled.plan),
    }
}

/// Who runs this, as others on the same machines are told.
fn caller() -> Caller {
    let user = ["USER", "LOGNAME"].into_iter().find_map(|name| std::env::var(name).ok());
    let uid = || format!("user {}", rustix::process::getuid().as_raw());
    let machine = rustix::system::uname().nodename().to_string_lossy().into_owned();
    Caller { user: user.unwrap_or_else(uid), machine }
}

/// Walks it on a runtime of its own, with Ctrl-C at hand.
fn walk(setup: Setup) -> Result<Ended, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let (stopper, stop) = stop();
    let setup = Setup { stop, ..setup };
    let ended = runtime.block_on(async {
        let core = setup.compiler.project.loader.library().core();
        let signals = tokio::spawn(pass_on_signals(stopper, Arc::clone(core)));
        let pool = Arc::clone(&setup.pool);
        let ended = execute(setup).await;
        signals.abort();
        // Agents end their children before they end themselves.
        for (endpoint, words) in pool.close().await {
            tracing::warn!(%endpoint, words, "an agent did not end as it should");
        }
        ended
    });
    Ok(ended)
}

/// INT and TERM ask the run to stop; a second one, to give up at once. Nobody waits for ansible-core then.
async fn pass_on_signals(stopper: Stopper, core: Arc<dyn AnsibleCore>) {
    let (Ok(mut interrupt), Ok(mut terminate)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        tracing::warn!("signals cannot be caught");
        return std::future::pending().await;
    };
    let mut force = Force::Term;
    loop {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        stopper.ask();
        core.interrupt(force);
        force = Force::Kill;
    }
}
