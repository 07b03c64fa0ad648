//! `benchbook run`: the plan is carried out, everything is kept, and the result is shown.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args as ClapArgs;

use super::call::Call;
use super::estimate::Estimate;
use super::execution::{Execution, Output};
use super::plan::Showing;
use super::project::elsewhere;
use super::selecting::{Selecting, playbook_name};
use super::terminal::Terminal;
use super::wiring::{Compiled, select};
use super::{Exit, Failure, Outcome, lock, plan, project};
use crate::base::{Clock, RunMark, SystemClock};
use crate::plan::Asking;
use crate::run::Past;
use crate::store::{Provenance, RunFolder, RunStore, Runs};

/// Runs a playbook and keeps every figure
#[derive(Debug, ClapArgs)]
pub(super) struct Args {
    #[command(flatten)]
    selecting: Selecting,
    /// Only show the plan: the same as `benchbook plan`
    #[arg(long, help_heading = "How")]
    dry_run: bool,
    /// When a round needs a machine that another run has: wait for it, or fail the round
    #[arg(long, value_name = "WHAT", value_parser = ["wait", "fail"], default_value = "wait", help_heading = "How")]
    on_busy: String,
    /// No case or round begins that would not end within this time: `20m`, `1h30m`; `benchbook resume` does what was left out
    #[arg(long, value_name = "TIME", value_parser = plan::time, help_heading = "How")]
    budget: Option<Duration>,
    #[command(flatten)]
    output: Output,
    /// Where runs are kept, if not where benchbook.toml says
    #[arg(long, value_name = "DIR", help_heading = "Output")]
    runs: Option<PathBuf>,
}

pub(super) fn run(args: &Args, terminal: &Terminal) -> Outcome {
    let mut selecting = args.selecting.clone();
    selecting.answers.asking = if args.dry_run { Asking::Never } else { Asking::Now };
    let Some((selecting, compiled)) = select(&selecting, args.runs.as_deref(), terminal)? else {
        return Ok(Exit::Good);
    };
    if args.dry_run {
        plan::print(&compiled, &Showing::default(), terminal)?;
        return Ok(Exit::Good);
    }
    selecting.becoming.ask_for_password()?;
    let options = &compiled.compiler.options;
    let call = Call::now(&selecting, options)?;
    let call = Call { refuse_busy: args.on_busy == "fail", ..call };
    let folder = args.new_folder(&compiled)?;
    let earlier = Runs::new(folder.path().parent().unwrap_or(Path::new("")));
    let budget = args.budget.map(|time| Estimate::limit(&compiled, &earlier, time.as_secs_f64()));
    folder.replace(&folder.plan(), &plan::json(&compiled))?;
    let mut provenance = before(&selecting, &compiled);
    RunMark::fresh(&folder.id()).as_str().clone_into(&mut provenance.mark);
    provenance.write(&folder)?;
    let store = RunStore::open(folder, &project::keys())?;
    let (term, past, events) = (1, Past::none(), Vec::new());
    let elsewhere = elsewhere(args.runs.as_deref());
    Execution { call, compiled, store, provenance, term, past, events, budget }.carry_out(
        &args.output,
        elsewhere,
        terminal,
    )
}

fn before(selecting: &Selecting, compiled: &Compiled) -> Provenance {
    let Compiled { compiler: asked, plan, files } = compiled;
    let mut provenance = lock::before(selecting, &asked.project, &asked.options, plan);
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
}
