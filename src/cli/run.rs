//! `benchbook run`: the plan is carried out, everything is kept, and the result is shown.

use std::fs::File;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use clap::Args as ClapArgs;
use tokio::signal::unix::{SignalKind, signal};

use super::gathering::Gathered;
use super::plan::Showing;
use super::project::elsewhere;
use super::selecting::{Selecting, playbook_name};
use super::terminal::Terminal;
use super::wiring::{Compiled, compile};
use super::{Exit, Failure, Outcome, lock, plan, relay, wiring};
use crate::base::{Clock, Diagnostic, RunMark, SystemClock};
use crate::report::{Console, FORMATS, JsonLines, Progress, Reporter, Selection};
use crate::run::{Ended, Setup, Stop, Stopper, execute, stop};
use crate::store::{Provenance, RunFolder, RunStore};

/// How many units work at once when nobody says.
const FORKS: u32 = 50;

/// Runs a playbook and keeps every figure
#[derive(Debug, ClapArgs)]
pub(super) struct Args {
    #[command(flatten)]
    selecting: Selecting,
    /// Only show the plan: the same as `benchbook plan`
    #[arg(long, help_heading = "How")]
    dry_run: bool,
    /// How many steps work at once
    #[arg(short, long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..), help_heading = "How")]
    forks: Option<u32>,
    /// Say more: output as it comes and what was skipped; twice: results too
    #[arg(short, long, action = clap::ArgAction::Count, help_heading = "Output")]
    verbose: u8,
    /// Writes every event as a line of JSON to a file, or to standard output (`-`, instead of the table)
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    events: Option<PathBuf>,
    /// Where runs are kept, if not where benchbook.toml says
    #[arg(long, value_name = "DIR", help_heading = "Output")]
    runs: Option<PathBuf>,
}

pub(super) fn run(args: &Args, terminal: &Terminal) -> Outcome {
    let compiled = compile(&args.selecting, terminal)?;
    if args.dry_run {
        plan::print(&compiled, &Showing::default(), terminal)?;
        return Ok(Exit::Good);
    }
    let refusals = compiled.plan.refusals();
    if refusals.has_errors() {
        return Err(refusals.into());
    }
    for passed_by in refusals.iter() {
        terminal.diagnostic(passed_by);
    }
    let folder = args.new_folder(&compiled)?;
    folder.replace(&folder.plan(), &plan::json(&compiled))?;
    let mut provenance = before(args, &compiled);
    let mark = RunMark::fresh(&folder.id());
    mark.as_str().clone_into(&mut provenance.mark);
    provenance.write(&folder)?;
    let store = Arc::new(RunStore::open(folder.clone())?);
    let gathered = Arc::new(Mutex::new(Gathered::default()));
    let relay = relay::Relay::start(args.reporters(terminal, &gathered)?);
    let ended = carry_out(args, &compiled, &store, mark, relay.events())?;
    for failure in relay.finish() {
        terminal.diagnostic(&Diagnostic::warning("reporter", failure));
    }
    // From here on the result must be seen, whatever else goes wrong.
    let closed = store.close();
    let gathered = std::mem::take(&mut *gathered.lock().unwrap_or_else(PoisonError::into_inner));
    // What was read on the way (includes, templates, files) and what the machines said of themselves.
    compiled.files.note(&mut provenance);
    provenance.hosts = gathered.machines;
    let closed = closed.err().map(|e| e.to_string());
    let written = provenance.write(&folder).err().map(|e| e.to_string());
    for problem in closed.into_iter().chain(written) {
        terminal.diagnostic(&Diagnostic::warning("run-folder", problem));
    }
    if let Some(broken) = ended.journal {
        return Err(broken.into());
    }
    let summary = gathered.summary.finish();
    if args.events.as_deref() != Some(Path::new("-")) {
        let selection = Selection {
            run: "last".to_owned(),
            elsewhere: elsewhere(args.runs.as_deref()),
            folder: folder.path().display().to_string(),
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

fn before(args: &Args, compiled: &Compiled) -> Provenance {
    let Compiled { compiler: asked, plan, files } = compiled;
    let mut provenance = lock::before(&args.selecting, &asked.project, &asked.options, plan);
    files.note(&mut provenance);
    provenance
}

impl Args {
    fn new_folder(&self, compiled: &Compiled) -> Result<RunFolder, Failure> {
        let config = &compiled.compiler.project.config;
        let default = || config.resolve(config.runs.as_deref().unwrap_or(Path::new("runs")));
        let runs = self.runs.clone().unwrap_or_else(default);
        Ok(RunFolder::create(&runs, SystemClock.now(), &playbook_name(&compiled.plan.playbook))?)
    }

    fn reporters(
        &self,
        terminal: &Terminal,
        gathered: &Arc<Mutex<Gathered>>,
    ) -> Result<Vec<Box<dyn Reporter>>, Failure> {
        let mut reporters: Vec<Box<dyn Reporter>> = vec![Box::new(Arc::clone(gathered))];
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

    fn options(&self, compiled: &Compiled, folder: &RunFolder) -> crate::run::Options {
        let options = &compiled.compiler.options;
        let forks = self.forks.or(compiled.compiler.project.config.forks).unwrap_or(FORKS);
        crate::run::Options {
            check: options.check,
            diff: options.diff,
            forks: usize::try_from(forks).unwrap_or(usize::MAX),
            verbosity: self.verbose,
            tags: options.tags.clone(),
            skip_tags: options.skip_tags.clone(),
            limit: options.limit.clone(),
            artifacts: std::path::absolute(folder.path())
                .unwrap_or_else(|_| folder.path().to_owned())
                .join("artifacts"),
            terminal: io::stdin().is_terminal(),
            mode: plan::mode(&compiled.plan),
        }
    }
}

/// Runs it on a runtime of its own, with Ctrl-C at hand.
fn carry_out(
    args: &Args,
    compiled: &Compiled,
    store: &Arc<RunStore>,
    mark: RunMark,
    events: crate::run::Events,
) -> Result<Ended, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let (stopper, stop) = stop();
    let setup = setup(args, compiled, store, mark, events, stop);
    let ended = runtime.block_on(async {
        let signals = tokio::spawn(pass_on_signals(stopper));
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

fn setup(
    args: &Args,
    compiled: &Compiled,
    store: &Arc<RunStore>,
    mark: RunMark,
    events: crate::run::Events,
    stop: Stop,
) -> Setup {
    let folder = store.folder();
    Setup {
        run: folder.id(),
        mark,
        term: 1,
        compiler: Arc::clone(&compiled.compiler),
        plan: compiled.plan.clone(),
        environment: wiring::environment(compiled),
        pool: Arc::new(crate::connection::Pool::new()),
        journal: Arc::clone(store) as _,
        events,
        clock: Arc::new(SystemClock),
        options: args.options(compiled, folder),
        stop,
    }
}

/// INT and TERM ask the run to stop; a second one, to give up at once.
async fn pass_on_signals(stopper: Stopper) {
    let (Ok(mut interrupt), Ok(mut terminate)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        tracing::warn!("signals cannot be caught");
        return std::future::pending().await;
    };
    loop {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        stopper.ask();
    }
}
