//! What a run is given, and what it gives back.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::budget::Budget;
use super::lease::{Caller, OnBusy};
use super::past::Past;
use super::stop::Stop;
use crate::base::{Clock, HostName, RunId, RunMark, Secret};
use crate::connection::Pool;
use crate::event::{Event, Journal, JournalError, Tally};
use crate::plan::{Compiler, Plan};
use crate::vars::Environment;

/// What the command line says about a run.
#[derive(Clone, Debug, Default)]
#[allow(clippy::struct_excessive_bools)] // each is a switch of the command line
pub struct Options {
    /// `--check`
    pub check: bool,
    /// `--diff`
    pub diff: bool,
    /// How many units work at once.
    pub forks: usize,
    /// How often `-v` was given.
    pub verbosity: u8,
    /// `--tags`
    pub tags: Vec<String>,
    /// `--skip-tags`
    pub skip_tags: Vec<String>,
    /// `--limit`
    pub limit: Option<String>,
    /// The folder in which the run keeps what tasks bring back.
    pub artifacts: PathBuf,
    /// Whether there is a terminal to ask the user.
    pub terminal: bool,
    /// What is done about a machine that another run has.
    pub on_busy: OnBusy,
    /// Who runs this.
    pub caller: Caller,
    /// What sudo, su or doas is told when it asks and no variable says.
    pub become_password: Option<Secret>,
    /// `--budget`: what does not end in time does not begin.
    pub budget: Option<Budget>,
    /// What the header says about in-container mode, if any host is in it.
    pub mode: Option<String>,
}

/// Who hears of what happens, as it happens. Called on the run's own threads, so it must not block.
pub type Events = Arc<dyn Fn(&Event) + Send + Sync>;

/// All that a run needs.
pub struct Setup {
    /// Its name.
    pub run: RunId,
    /// What its processes and jobs carry on hosts; the same in every term.
    pub mark: RunMark,
    /// Counts the controllers of this run: 1, and one more with every resume.
    pub term: u64,
    /// The compiler.
    pub compiler: Arc<Compiler>,
    /// The compile-time answer.
    pub plan: Plan,
    /// What templates may reach.
    pub environment: Arc<Environment>,
    /// Connections.
    pub pool: Arc<Pool>,
    /// Where everything is written down first.
    pub journal: Arc<dyn Journal>,
    /// Reporters.
    pub events: Events,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// The command line.
    pub options: Options,
    /// Ctrl-C.
    pub stop: Stop,
    /// What earlier controllers of the run have done.
    pub past: Past,
}

/// How a run ended.
#[derive(Debug)]
#[allow(clippy::struct_excessive_bools)] // each is a way to end, and several may hold
pub struct Ended {
    /// 0 all good, 1 a case or task failed or a figure missed, 3 hosts unreachable, 4 interrupted, 70 our bug.
    pub exit: u8,
    /// A host failed, and was not brought back.
    pub failed: bool,
    /// A host could not be reached, and was not brought back.
    pub lost: bool,
    /// The run could not go on: [`Event::Aborted`] says why.
    pub aborted: bool,
    /// A file of the user's could not be understood when a play needed it.
    pub misread: bool,
    /// The recap.
    pub hosts: BTreeMap<HostName, Tally>,
    /// The journal could not be written any more; the run was stopped.
    pub journal: Option<JournalError>,
}
