//! The keywords that plays, blocks, tasks, cases and role entries share.
//!
//! What may be a template stays a [`Value`]: it is rendered when the step runs, or by the compiler where it must be known
//! before contact. Here stands what one mapping says; [`Inherited`] is the part that reaches the tasks inside.

use std::sync::Arc;

use super::Inherited;
use crate::base::spec::Argument;
use crate::base::{Map, Span, Spanned, Value};

/// What one mapping of the playbook says with the shared keywords. `None` and empty mean: not said here.
#[derive(Clone, Debug, Default)]
pub struct Keywords {
    /// `name`, possibly a template.
    pub name: Option<Spanned<Value>>,
    /// `vars`
    pub vars: Arc<Map>,
    /// Where they stand.
    pub vars_span: Option<Span>,
    /// `tags`, each possibly a template.
    pub tags: Vec<Spanned<Value>>,
    /// What its tasks inherit.
    pub inherited: Inherited,
    /// `stage`: a label, see [`Stage`].
    pub stage: Option<Spanned<Stage>>,
    /// `container`, a mapping: a container to prepare, start and stop around this.
    pub lifecycle: Option<Spanned<Arc<ContainerLifecycle>>>,
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

/// A container that Benchbook prepares, starts and stops.
#[derive(Clone, Debug)]
pub struct ContainerLifecycle {
    /// `name`
    pub name: Option<Spanned<Value>>,
    /// `image`: a name, or a mapping with `name`, `build`, `base`, `pull`.
    pub image: Spanned<Value>,
    /// The same, key by key, where it is written as a mapping.
    pub image_keys: Vec<Argument>,
    /// `options`: what the container is started with.
    pub options: Option<Spanned<Value>>,
    /// The same, key by key, where it is written as a mapping.
    pub option_keys: Vec<Argument>,
    /// `lifetime`
    pub lifetime: Lifetime,
    /// `configure`: role entries that run inside before the cases.
    pub configure: Vec<super::RoleEntry>,
}

impl ContainerLifecycle {
    /// What may stand in the mapping of an image.
    pub const IMAGE_KEYS: [&str; 4] = ["name", "build", "base", "pull"];
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
