//! `benchbook stop`: asks the controller of a run that goes on to end it, as Ctrl-C in its terminal does.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args as ClapArgs;
use rustix::process::{Pid, Signal, kill_process};

use super::terminal::Terminal;
use super::{Exit, Failure, Outcome, project};
use crate::base::Diagnostic;
use crate::module::process::token::StartToken;
use crate::store::controller::Controller;
use crate::store::{RunFolder, StoreError};

/// How often is looked whether the run is over.
const LOOK: Duration = Duration::from_millis(100);
/// Between two signals, which would be one if they came together.
const BETWEEN: Duration = Duration::from_millis(500);

/// Stops a run that goes on, as Ctrl-C in its terminal does
#[derive(Debug, ClapArgs)]
pub(super) struct Args {
    /// A run: `last`, its name, the beginning of its name, or its folder
    #[arg(default_value = "last", value_name = "RUN")]
    run: String,
    /// At once: KILL, and nothing more is started; the same as a second Ctrl-C
    #[arg(long)]
    now: bool,
    /// Do not wait until the run is over
    #[arg(long)]
    no_wait: bool,
    /// Where runs are kept, if not where benchbook.toml says
    #[arg(long, value_name = "DIR")]
    runs: Option<PathBuf>,
}

pub(super) fn run(args: &Args, terminal: &Terminal) -> Outcome {
    let folder = project::runs(args.runs.as_deref())?.find(&args.run)?;
    let name = folder.id();
    if !folder.is_in_use() {
        return Err(over(&folder).into());
    }
    ask(&folder)?;
    if args.now {
        std::thread::sleep(BETWEEN);
        if folder.is_in_use() {
            ask(&folder)?;
        }
        terminal.say(&format!("{name} ends at once"));
    } else {
        terminal.say(&format!("{name} is asked to stop: TERM, then KILL; `always` and `finish` still run"));
    }
    if args.no_wait {
        return Ok(Exit::Good);
    }
    while folder.is_in_use() {
        std::thread::sleep(LOOK);
    }
    terminal.say(&format!("{name} has stopped"));
    Ok(Exit::Good)
}

fn over(folder: &RunFolder) -> Diagnostic {
    Diagnostic::error("run-is-over", format!("{} does not go on any more", folder.id()))
        .help("`benchbook runs` lists those that do")
        .help("what a controller that died has left on hosts, `benchbook clean` finds")
}

/// Sends the signal to the process that the run's folder names, if it is that process.
fn ask(folder: &RunFolder) -> Result<(), Failure> {
    let Some(controller) = Controller::read(folder)? else { return Err(over(folder).into()) };
    let Controller { machine, boot, pid, start } = controller;
    let token = StartToken { boot, pid, start };
    if !token.is_of_this_boot() {
        let message = format!("{} is carried out on {machine}", folder.id());
        return Err(Diagnostic::error("run-elsewhere", message)
            .help(format!("call `benchbook stop` there, or `kill -INT {pid}`"))
            .into());
    }
    match (token.is_alive(), Pid::from_raw(pid)) {
        (true, Some(pid)) => kill_process(pid, Signal::INT)
            .map_err(|e| StoreError::Io { path: folder.path().to_owned(), source: e.into() }.into()),
        _ => Err(over(folder).into()),
    }
}

/// This process, as a run's folder names it.
pub(super) fn this_process() -> Controller {
    let StartToken { boot, pid, start } = StartToken::own();
    let machine = rustix::system::uname().nodename().to_string_lossy().into_owned();
    Controller { machine, boot, pid, start }
}
