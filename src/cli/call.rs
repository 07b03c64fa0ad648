//! How a run was called, as its journal keeps it, so that another controller can go on with it.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::Failure;
use super::selecting::{Environment, Selecting};
use crate::base::{Clock, Diagnostic, SystemClock};
use crate::event::{Kept, Record, Term};
use crate::plan::{Answers, Asking, Options};

/// How a run was called.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Call {
    /// The folder that it was called in; the playbook, inventories and files of variables are relative to it.
    pub folder: PathBuf,
    /// What was selected; the seed is the one that was drawn.
    pub selecting: Selecting,
    /// How many units work at once.
    pub forks: usize,
    /// Whether a round fails when another run has its machine.
    pub refuse_busy: bool,
}

impl Call {
    /// The call of this program.
    pub(super) fn now(selecting: &Selecting, options: &Options) -> Result<Self, Failure> {
        let environment = Some(Environment::now());
        let answers = Answers { asking: Asking::Before, ..options.answers.clone() };
        let selecting = Selecting { seed: Some(options.seed), environment, answers, ..selecting.clone() };
        let forks = options.forks.unwrap_or(usize::MAX);
        Ok(Self { folder: std::env::current_dir()?, selecting, forks, refuse_busy: false })
    }

    /// The record of a controller that begins.
    pub(super) fn term(&self, term: u64) -> Record {
        let json = serde_json::to_value(self).expect("words and numbers become JSON");
        // What `-e` gives and what was typed may be secret in many ways.
        let Selecting { extra_vars, answers, .. } = &self.selecting;
        let secret = !extra_vars.is_empty() || !answers.given.is_empty();
        let call = if secret { Kept::Secret(json) } else { Kept::Clear(json) };
        let variable = |name| std::env::var(name).unwrap_or_default();
        Record::Term(Box::new(Term {
            time: SystemClock.now(),
            term,
            user: variable("USER"),
            machine: rustix::system::uname().nodename().to_string_lossy().into_owned(),
            process: std::process::id(),
            call,
        }))
    }

    /// The call of the run's first controller.
    pub(super) fn first(records: &[Record]) -> Result<Self, Failure> {
        let first = records.iter().find_map(|record| match record {
            Record::Term(term) => Some(&term.call),
            _ => None,
        });
        let problem = match first {
            Some(Kept::Clear(json) | Kept::Secret(json)) => match serde_json::from_value(json.clone()) {
                Ok(call) => return Ok(call),
                Err(error) => error.to_string(),
            },
            Some(Kept::Sealed(_)) => {
                let message = "what `-e` and answers gave this run is encrypted, and the key is gone";
                return Err(Diagnostic::error("run-key", message)
                    .help("begin a new run: benchbook run, with the same -e and answers")
                    .into());
            }
            None => "its journal does not say how it was called".to_owned(),
        };
        Err(Diagnostic::error("run-broken", format!("this run cannot be resumed: {problem}")).into())
    }
}
