//! The keywords that plays, blocks, tasks, cases and role entries share.
//!
//! What may be a template stays a [`Value`]: it is rendered when the step runs, or by the compiler where it must be known
//! before contact. Inheritance is the compiler's work; here stands what one mapping says.

use std::sync::Arc;

use crate::base::spec::OnResume;
use crate::base::{Map, Span, Spanned, Value};

/// What one mapping of the playbook says with the shared keywords. `None` and empty mean: not said here.
#[derive(Clone, Debug, Default)]
pub struct Keywords {
    /// `name`, possibly a template.
    pub name: Option<Spanned<Value>>,
    /// `vars`
    pub vars: Arc<Map>,
    /// `environment`: mappings or templates that give one; later ones win.
    pub environment: Vec<Spanned<Value>>,
    /// `tags`, each possibly a template.
    pub tags: Vec<Spanned<Value>>,
    /// `when`: all must hold.
    pub when: Vec<Spanned<Value>>,
    /// `become`
    pub r#become: Option<Spanned<Value>>,
    /// `become_user`
    pub become_user: Option<Spanned<Value>>,
    /// `become_method`
    pub become_method: Option<Spanned<Value>>,
    /// `become_flags`
    pub become_flags: Option<Spanned<Value>>,
    /// `become_exe`
    pub become_exe: Option<Spanned<Value>>,
    /// `connection`
    pub connection: Option<Spanned<Value>>,
    /// `remote_user`
    pub remote_user: Option<Spanned<Value>>,
    /// `port`
    pub port: Option<Spanned<Value>>,
    /// `check_mode`
    pub check_mode: Option<Spanned<Value>>,
    /// `diff`
    pub diff: Option<Spanned<Value>>,
    /// `ignore_errors`
    pub ignore_errors: Option<Spanned<Value>>,
    /// `ignore_unreachable`
    pub ignore_unreachable: Option<Spanned<Value>>,
    /// `any_errors_fatal`
    pub any_errors_fatal: Option<Spanned<Value>>,
    /// `no_log`
    pub no_log: Option<Spanned<Value>>,
    /// `run_once`
    pub run_once: Option<Spanned<Value>>,
    /// `delegate_to`
    pub delegate_to: Option<Spanned<Value>>,
    /// `delegate_facts`
    pub delegate_facts: Option<Spanned<Value>>,
    /// `throttle`: at most so many hosts at a time.
    pub throttle: Option<Spanned<Value>>,
    /// `timeout`, seconds.
    pub timeout: Option<Spanned<Value>>,
    /// `grace`, seconds between TERM and KILL.
    pub grace: Option<Spanned<Value>>,
    /// `on_resume`: what a resumed run does with a step of which nobody knows whether it finished.
    pub on_resume: Option<Spanned<OnResume>>,
    /// `module_defaults`: module or group name → arguments.
    pub module_defaults: Vec<Spanned<Value>>,
    /// `stage`: a label, see [`Stage`].
    pub stage: Option<Spanned<Stage>>,
    /// `container`
    pub container: Option<Spanned<Container>>,
    /// `monitors`: names of monitors that sample while this runs.
    pub monitors: Vec<Spanned<Value>>,
    /// `needs`: names or ids of what must have ended before.
    pub needs: Option<Vec<Spanned<Arc<str>>>>,
    /// `id`: what `needs` elsewhere may say.
    pub id: Option<Spanned<Arc<str>>>,
}

/// A label of the benchmark's life cycle. It groups steps for selection, pruning and reading; it never reorders.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Get or build the image. Pruned in in-container mode.
    PrepareImage,
    /// Start the container. Pruned in in-container mode.
    StartContainer,
    /// Set up what the case needs inside. Pruned in in-container mode.
    ConfigureEnv,
    /// What is measured, with its preparation.
    RunCase,
    /// Sampling around the cases.
    Monitor,
    /// Stop the container. Pruned in in-container mode.
    StopContainer,
    /// The user's own label.
    Other(Arc<str>),
}

impl Stage {
    /// The six that Benchbook knows, in the order of the life cycle.
    pub const KNOWN: [&'static str; 6] =
        ["prepare_image", "start_container", "configure_env", "run_case", "monitor", "stop_container"];

    /// Reads a label.
    pub fn parse(name: &str) -> Self {
        match name {
            "prepare_image" => Self::PrepareImage,
            "start_container" => Self::StartContainer,
            "configure_env" => Self::ConfigureEnv,
            "run_case" => Self::RunCase,
            "monitor" => Self::Monitor,
            "stop_container" => Self::StopContainer,
            other => Self::Other(Arc::from(other)),
        }
    }

    /// The label as it is written.
    pub fn name(&self) -> &str {
        match self {
            Self::PrepareImage => "prepare_image",
            Self::StartContainer => "start_container",
            Self::ConfigureEnv => "configure_env",
            Self::RunCase => "run_case",
            Self::Monitor => "monitor",
            Self::StopContainer => "stop_container",
            Self::Other(name) => name,
        }
    }

    /// Whether in-container mode takes steps of this stage out of the graph.
    pub fn is_pruned_in_container(&self) -> bool {
        matches!(self, Self::PrepareImage | Self::StartContainer | Self::ConfigureEnv | Self::StopContainer)
    }
}

/// What `container:` says.
#[derive(Clone, Debug)]
pub enum Container {
    /// A string: enter that container of the host.
    Enter(Spanned<Value>),
    /// A mapping: become the life-cycle steps around this scope.
    Lifecycle(Box<ContainerLifecycle>),
}

/// A container that Benchbook prepares, starts and stops.
#[derive(Clone, Debug)]
pub struct ContainerLifecycle {
    /// `name`
    pub name: Option<Spanned<Value>>,
    /// `image`: a name, or a mapping with `name`, `build`, `base`, …
    pub image: Spanned<Value>,
    /// `options`: what the container is started with.
    pub options: Option<Spanned<Value>>,
    /// `lifetime`
    pub lifetime: Lifetime,
    /// `configure`: role entries that run inside before the cases.
    pub configure: Vec<super::RoleEntry>,
}

/// How long a container lives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lifetime {
    /// Once for the whole scope.
    #[default]
    Play,
    /// Anew for each case.
    Case,
    /// Anew for each round.
    Round,
}

impl Keywords {
    /// The name as it is written, without templating.
    pub fn label(&self) -> Option<&str> {
        self.name.as_ref().and_then(|n| n.as_str())
    }

    /// Where the name, or anything else of it, stands.
    pub fn name_span(&self) -> Option<&Span> {
        self.name.as_ref().map(|n| &n.span)
    }
}
