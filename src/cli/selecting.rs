//! What `run` and `plan` have in common: which playbook, which hosts, which parts of it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args as ClapArgs;
use serde::{Deserialize, Serialize};

use super::becoming::Becoming;
use super::vaulting::Vaulting;
use super::wiring;
use crate::base::Diagnostic;
use crate::load::{Config, Expressions};
use crate::plan::{Again, Answers, Options, Strictness};
use crate::vars::Habits;

/// The environment variable that says for all hosts whether they already are the environment.
const IN_CONTAINER: &str = "EXEC_IN_CONTAINER";

/// Which playbook, which hosts, which parts of it.
#[derive(Clone, Debug, Default, ClapArgs, Serialize, Deserialize)]
#[serde(default)]
#[allow(clippy::struct_excessive_bools)] // each is a switch of the command line
pub(super) struct Selecting {
    /// The playbook; by default what benchbook.toml names
    #[arg(value_name = "PLAYBOOK")]
    pub playbook: Option<PathBuf>,
    /// An inventory file or folder, or hosts with a comma (`n1,n2,`); may be given several times
    #[arg(short, long, value_name = "INVENTORY", help_heading = "Hosts and variables")]
    pub inventory: Vec<String>,
    /// Only hosts of this pattern: `n1`, `rack1:!n7`, `@FILE`
    #[arg(short, long, value_name = "PATTERN", help_heading = "Hosts and variables")]
    pub limit: Option<String>,
    /// A variable above all others: `NAME=VALUE`, a mapping in YAML or JSON, or `@FILE`
    #[arg(short, long, value_name = "VARS", help_heading = "Hosts and variables")]
    pub extra_vars: Vec<String>,
    /// Only these cases: `stream`, `str*`, `stream[threads=1]`; may be given several times
    #[arg(long, value_name = "CASE", help_heading = "Selection")]
    pub case: Vec<String>,
    /// Only tasks with these tags
    #[arg(short, long, value_name = "TAGS", value_delimiter = ',', help_heading = "Selection")]
    pub tags: Vec<String>,
    /// No tasks with these tags
    #[arg(long, value_name = "TAGS", value_delimiter = ',', help_heading = "Selection")]
    pub skip_tags: Vec<String>,
    /// Only steps of these stages, and those without one
    #[arg(long, value_name = "STAGES", value_delimiter = ',', help_heading = "Selection")]
    pub stage: Vec<String>,
    /// No steps of these stages
    #[arg(long, value_name = "STAGES", value_delimiter = ',', help_heading = "Selection")]
    pub skip_stage: Vec<String>,
    /// The targets already are the environment: build, start and stop no container
    #[arg(long, overrides_with = "no_in_container", help_heading = "Containers")]
    pub in_container: bool,
    /// The targets are machines, whatever `EXEC_IN_CONTAINER` and the inventory say
    #[arg(long, overrides_with = "in_container", help_heading = "Containers")]
    pub no_in_container: bool,
    /// Do not stop containers at the end
    #[arg(long, help_heading = "Containers")]
    pub keep_container: bool,
    /// Say what would change, and change nothing
    #[arg(short = 'C', long, help_heading = "How")]
    pub check: bool,
    /// Show files before and after
    #[arg(short = 'D', long, help_heading = "How")]
    pub diff: bool,
    #[command(flatten)]
    pub becoming: Becoming,
    #[command(flatten)]
    pub vaulting: Vaulting,
    /// Rules of expressions: `strict` as in Ansible 2.19, `lenient` as before it; default `strict` or what benchbook.toml says
    #[arg(long, value_name = "RULES", help_heading = "How")]
    pub expressions: Option<Expressions>,
    /// How many steps work at once
    #[arg(short, long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..), help_heading = "How")]
    pub forks: Option<u32>,
    /// The seed of `case_order: random` and `order: shuffle`; drawn and recorded when not given
    #[arg(long, value_name = "NUMBER", help_heading = "How")]
    pub seed: Option<u64>,
    /// Judges every figure by this file of reference values, too: `benchbook baseline make` writes one
    #[arg(long, value_name = "FILE", help_heading = "How")]
    pub baseline: Option<PathBuf>,
    /// Only what did not come to a good end in this run; without a playbook, called as it was called
    #[arg(long, value_name = "RUN", help_heading = "Selection")]
    pub failed_from: Option<String>,
    /// What that is.
    #[arg(skip)]
    pub again: Option<Again>,
    /// What was answered to `vars_prompt`.
    #[arg(skip)]
    pub answers: Answers,
    /// What [`IN_CONTAINER`] said, when that was in an earlier call.
    #[arg(skip)]
    pub environment: Option<Environment>,
}

/// What the environment said when the program was called.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Environment {
    /// The variable [`IN_CONTAINER`].
    in_container: Option<String>,
}

impl Environment {
    /// What it says now.
    pub(super) fn now() -> Self {
        Self { in_container: std::env::var_os(IN_CONTAINER).map(|v| v.to_string_lossy().into_owned()) }
    }
}

/// How many steps work at once when nobody says.
const FORKS: u32 = 50;

impl Selecting {
    /// The playbook's file.
    pub(super) fn playbook(&self, config: &Config) -> Result<PathBuf, Diagnostic> {
        let default = || config.playbook.as_deref().map(|path| config.resolve(path));
        self.playbook.clone().or_else(default).ok_or_else(|| {
            Diagnostic::error("no-playbook", "there is no playbook to run")
                .help("name one, or the default in benchbook.toml: playbook = \"playbooks/quickstart.yml\"")
        })
    }

    /// What an earlier call selected, with what this one says instead.
    pub(super) fn instead_of(self, earlier: Self) -> Self {
        fn either<T>(ours: Vec<T>, theirs: Vec<T>) -> Vec<T> {
            if ours.is_empty() { theirs } else { ours }
        }
        let in_container = self.in_container || self.no_in_container;
        let modes = if in_container { &self } else { &earlier };
        Self {
            in_container: modes.in_container,
            no_in_container: modes.no_in_container,
            playbook: self.playbook.or(earlier.playbook),
            inventory: either(self.inventory, earlier.inventory),
            limit: self.limit.or(earlier.limit),
            // Later ones win.
            extra_vars: [earlier.extra_vars, self.extra_vars].concat(),
            case: either(self.case, earlier.case),
            tags: either(self.tags, earlier.tags),
            skip_tags: either(self.skip_tags, earlier.skip_tags),
            stage: either(self.stage, earlier.stage),
            skip_stage: either(self.skip_stage, earlier.skip_stage),
            keep_container: self.keep_container || earlier.keep_container,
            check: self.check || earlier.check,
            diff: self.diff || earlier.diff,
            becoming: self.becoming.instead_of(earlier.becoming),
            vaulting: self.vaulting.instead_of(earlier.vaulting),
            expressions: self.expressions.or(earlier.expressions),
            forks: self.forks.or(earlier.forks),
            seed: self.seed.or(earlier.seed),
            baseline: self.baseline.or(earlier.baseline),
            failed_from: self.failed_from,
            again: None,
            answers: Answers {
                asking: self.answers.asking,
                given: either(self.answers.given, earlier.answers.given),
            },
            environment: self.environment.or(earlier.environment),
        }
    }

    /// What the compiler has to know of it.
    pub(super) fn options(&self, config: &Config) -> Options {
        let in_container = match (self.in_container, self.no_in_container) {
            (true, _) => Some(true),
            (_, true) => Some(false),
            _ => None,
        };
        Options {
            in_container,
            exec_in_container: self.environment.clone().unwrap_or_else(Environment::now).in_container,
            tags: self.tags.clone(),
            skip_tags: self.skip_tags.clone(),
            cases: self.case.clone(),
            stages: self.stage.clone(),
            skip_stages: self.skip_stage.clone(),
            limit: self.limit.clone(),
            again: self.again.clone(),
            baseline: self.baseline.clone(),
            // Short enough to be typed again.
            seed: self.seed.unwrap_or_else(|| u64::from(fastrand::u32(..))),
            answers: self.answers.clone(),
            check: self.check,
            diff: self.diff,
            keep_container: self.keep_container,
            becoming: self.becoming.asked(),
            force_handlers: false,
            strictness: Strictness::Early,
            reaching: Arc::default(),
            gather_explicitly: false,
            gather_once: false,
            start_at_task: None,
            step: false,
            fact_cache: None,
            any_errors_fatal: false,
            private_role_vars: None,
            missing_handlers_pass: false,
            strategy: None,
            task_timeout: None,
            python_interpreter: None,
            unmatched_is_error: false,
            expressions: self.expressions.unwrap_or(config.expressions),
            habits: Habits::default(),
            forks: usize::try_from(self.forks.or(config.forks).unwrap_or(FORKS)).ok(),
            connections: Some(wiring::limits(config).connections),
        }
    }
}

/// The name of a playbook in runs' folders and tables: its file's, without the ending.
pub(super) fn playbook_name(path: &Path) -> String {
    path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default()
}
