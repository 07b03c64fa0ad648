//! Steps and the order between them: the nodes and edges of the graph.

use std::sync::Arc;

use petgraph::stable_graph::NodeIndex;

use super::lifecycle::Chapter;
use super::scope::ScopeIx;
use super::surroundings::Surroundings;
use crate::base::{CaseId, HostName, Map, Span, Spanned, StepId, Value};
use crate::load::foreign::Foreign;
use crate::model::{
    Call, Inherited, Loop, LoopControl, Metric, Requirement, RoleEntry, RoleFrom, Stage, Switch, VarLayer,
};

/// The index of a step in its fragment's graph.
pub type StepIx = NodeIndex<u32>;

/// An edge: order, nothing else. Failure never travels along it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Order {
    /// Host h may start when h has finished the step before.
    PerHost,
    /// No host may start before every host has finished the step before.
    Barrier,
}

/// A node: a task, or something the compiler added. Hosts are a set of it, not nodes of their own.
#[derive(Clone, Debug)]
pub struct Step {
    /// Its path in the playbook plus its case.
    pub id: StepId,
    /// For people; may hold templates.
    pub name: String,
    /// What it does.
    pub kind: StepKind,
    /// Its place in the scope tree, which decides its fate.
    pub scope: ScopeIx,
    /// The hosts that do it, in inventory order.
    pub hosts: Vec<HostName>,
    /// Its label, inherited.
    pub stage: Option<Stage>,
    /// Its tags, inherited.
    pub tags: Vec<Arc<str>>,
    /// Where it stands; steps that the compiler added name the keyword they come from.
    pub span: Span,
    /// The case and round it belongs to.
    pub case: Option<CasePlace>,
    /// Variables that the text gives it, weakest first: play, role, block, task, case …
    pub vars: Arc<[VarLayer]>,
    /// For handlers: which of the handlers that were given to `Compiler::flush` it is.
    pub handler: Option<HandlerIx>,
    /// Whether it is a handler, or what one has included.
    pub handling: bool,
    /// For [`StepKind::Meta`] and flushes that are written: the task that asks for it.
    pub meta: Option<Arc<TaskStep>>,
    /// What the fragment of an [`StepKind::Expand`] step inherits; nothing for other steps.
    pub surroundings: Option<Arc<Surroundings>>,
    /// The part of a container's life that it belongs to.
    pub chapter: Option<Arc<Chapter>>,
}

impl Step {
    /// What the reader knows it by: its stage, if it is a part of a container's life, else its name.
    pub fn title(&self) -> &str {
        match (&self.chapter, &self.stage) {
            (Some(_), Some(stage)) => stage.name(),
            _ => &self.name,
        }
    }
}

/// The number of a handler in its play.
pub type HandlerIx = usize;

/// Where in a case a step stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CasePlace {
    /// The case.
    pub id: CaseId,
    /// The part.
    pub part: CasePart,
}

/// The parts of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CasePart {
    /// Checks of `requires`, and the case's folder.
    Open,
    /// `prepare`
    Prepare,
    /// One round of `run`: warm-up rounds count from 1 by themselves, then rounds from 1.
    Round {
        /// From 1.
        number: u32,
        /// Whether it is left out of the statistics.
        warmup: bool,
    },
    /// `finish`, always.
    Finish,
    /// The case's folder is removed, always.
    Close,
}

/// What a step does.
#[derive(Clone, Debug)]
pub enum StepKind {
    /// A module or an action.
    Task(Arc<TaskStep>),
    /// Asks the compiler for a fragment when it is reached.
    Expand(Expand),
    /// The end of an [`StepKind::Expand`]: what comes after waits for it. Does nothing itself.
    Join,
    /// `meta`: changes the run's state.
    Meta(Spanned<Meta>),
    /// Checks what a case requires, then makes `case.dir`.
    CaseOpen {
        /// What is checked on the target.
        requires: Vec<Requirement>,
        /// Whether the case has begun before, in the container of an earlier round.
        again: bool,
    },
    /// Removes `case.dir`.
    CaseClose,
    /// Reads what the environments of hosts in in-container mode consist of, to compare them with each other.
    SameEnvironment,
    /// A round of a gang begins: its members wait for each other, and get their machines together.
    Rendezvous,
    /// Monitors begin to sample, and go on until the step that ends them.
    MonitorStart(Arc<Monitoring>),
    /// They end, always.
    MonitorStop(Arc<Monitoring>),
}

/// Monitors that sample between two steps.
#[derive(Clone, Debug)]
pub struct Monitoring {
    /// The step that starts them.
    pub start: StepId,
    /// Which.
    pub monitors: Vec<MonitorUse>,
    /// For people: `host 1s, device 500ms`.
    pub detail: String,
    /// How the machine is reached.
    pub inherited: Inherited,
    /// What cases run in, where that is a container.
    pub containers: Vec<WatchedContainer>,
}

/// A container that monitors watch from its machine. Hosts in in-container mode have none.
#[derive(Clone, Debug)]
pub struct WatchedContainer {
    /// Its name.
    pub name: Spanned<Value>,
    /// Whether each case has its own: their names are this one, `-` and the case.
    pub of_cases: bool,
}

/// A monitor as `monitors:` names it.
#[derive(Clone, Debug)]
pub struct MonitorUse {
    /// Its name.
    pub name: Spanned<Value>,
    /// From one sample to the next; what its declaration says otherwise.
    pub period: Option<Spanned<Value>>,
}

/// What an [`StepKind::Expand`] step asks for.
#[derive(Clone, Debug)]
pub enum Expand {
    /// A play: hosts are bound when it starts. The number counts from 0.
    Play(usize),
    /// `include_tasks`
    Tasks(Arc<TaskStep>),
    /// `include_role`
    Role(Arc<TaskStep>, Arc<RoleEntry>),
    /// The handlers that were notified.
    Flush,
}

/// `meta` actions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meta {
    /// Nothing.
    Noop,
    /// The host leaves the play.
    EndHost,
    /// The play ends for all.
    EndPlay,
    /// The batch ends for all.
    EndBatch,
    /// The role ends for the host.
    EndRole,
    /// Facts are forgotten.
    ClearFacts,
    /// Failed hosts come back with the next play.
    ClearHostErrors,
    /// The connection is opened anew.
    ResetConnection,
    /// The inventory is read again.
    RefreshInventory,
    /// A flush that stands among handlers: called as Ansible, the run ends when its turn comes.
    FlushHandlers,
}

impl Meta {
    /// Whether it concerns all hosts, whoever asks for it.
    pub fn is_for_all(self) -> bool {
        use Meta::{ClearFacts, ClearHostErrors, EndBatch, EndPlay, RefreshInventory};
        matches!(self, RefreshInventory | ClearFacts | ClearHostErrors | EndPlay | EndBatch)
    }

    /// Whether it asks for no condition, as in Ansible.
    pub fn is_unconditional(self) -> bool {
        matches!(self, Meta::Noop | Meta::RefreshInventory | Meta::ResetConnection)
    }

    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Meta::Noop => "noop",
            Meta::EndHost => "end_host",
            Meta::EndPlay => "end_play",
            Meta::EndBatch => "end_batch",
            Meta::EndRole => "end_role",
            Meta::ClearFacts => "clear_facts",
            Meta::ClearHostErrors => "clear_host_errors",
            Meta::ResetConnection => "reset_connection",
            Meta::RefreshInventory => "refresh_inventory",
            Meta::FlushHandlers => "flush_handlers",
        }
    }

    /// What it may be.
    pub const ALL: [Meta; 10] = [
        Meta::FlushHandlers,
        Meta::Noop,
        Meta::EndHost,
        Meta::EndPlay,
        Meta::EndBatch,
        Meta::EndRole,
        Meta::ClearFacts,
        Meta::ClearHostErrors,
        Meta::ResetConnection,
        Meta::RefreshInventory,
    ];
}

/// The run-time side of a task.
#[derive(Clone, Debug)]
pub struct TaskStep {
    /// Its name as it is written, where it has one.
    pub written: Option<Arc<str>>,
    /// The module or action, and its arguments.
    pub call: Call,
    /// The module that is a file, when none that is built in is meant.
    pub foreign: Option<Arc<Foreign>>,
    /// What it inherits and says itself.
    pub inherited: Inherited,
    /// `loop` or `with_*`
    pub r#loop: Option<Loop>,
    /// `loop_control`
    pub loop_control: LoopControl,
    /// `register`
    pub register: Option<Spanned<Arc<str>>>,
    /// `changed_when`
    pub changed_when: Vec<Spanned<Value>>,
    /// `failed_when`
    pub failed_when: Vec<Spanned<Value>>,
    /// `until`
    pub until: Vec<Spanned<Value>>,
    /// `retries`
    pub retries: Option<Spanned<Value>>,
    /// `delay`, seconds.
    pub delay: Option<Spanned<Value>>,
    /// `async`, seconds.
    pub r#async: Option<Spanned<Value>>,
    /// `poll`, seconds.
    pub poll: Option<Spanned<Value>>,
    /// `durable`
    pub durable: Option<Spanned<Value>>,
    /// `metrics`: figures are read from each round's output.
    pub metrics: Arc<[Metric]>,
    /// `timeout` and `grace` as far as they are known before contact, for people.
    pub limits: [Option<Value>; 2],
    /// Where relative paths are looked for, nearest first: the role's folders, the file's folder, the playbook's.
    pub search: Arc<[std::path::PathBuf]>,
    /// The role it stands in, for `role_name` and `role_path`.
    pub role: Option<(Arc<str>, std::path::PathBuf)>,
    /// What is wrong with the call, when the run is to tell it: the task fails with it.
    pub flaw: Option<Arc<str>>,
}

/// Values for [`StepKind::Expand`] of an include, as the run found them: one item of its loop, or the whole.
#[derive(Clone, Debug, PartialEq)]
pub struct Inclusion {
    /// The file (`include_tasks`) or role (`include_role`) after templating.
    pub target: Arc<str>,
    /// Other files than `main` of the role, where their names are templates.
    pub from: Option<RoleFrom>,
    /// What it says with `true` and `false`, where that was a template.
    pub switches: Vec<(Switch, bool)>,
    /// Loop variables and the like, which its steps see.
    pub vars: Map,
}
