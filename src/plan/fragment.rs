//! What the compiler gives: a graph of steps with its scope tree. A play is one fragment; so is what an `Expand` step brings.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use petgraph::stable_graph::StableDiGraph;

use super::scope::{Scope, ScopeIx};
use super::static_roles::RoleNames;
use super::step::{Order, Step, StepIx};
use super::surroundings::Surroundings;
use super::vars_files::Candidates;
use crate::base::baseline::Baseline;
use crate::base::{CaseId, HostName, Map, Span, Spanned, Value};
use crate::model::Becoming;
use crate::model::{Metric, Reduce, Requirement, Task, VarLayer};

/// A graph of steps with its scope tree.
#[derive(Clone, Debug, Default)]
pub struct Fragment {
    /// Steps and their order. Roots start at once; what waits for the fragment waits for its leaves.
    pub graph: StableDiGraph<Step, Order, u32>,
    /// The first is the root.
    pub scopes: Vec<Scope>,
    /// Handlers this fragment brings, in definition order; their steps come with a flush. A run keeps one list per play:
    /// the play's own, then those of every fragment that was spliced in.
    pub handlers: Vec<HandlerNames>,
    /// Cases in the order they are written, expanded by their matrix.
    pub cases: Vec<CasePlan>,
    /// What an include has found, in the order of its items.
    pub brought: Vec<Brought>,
    /// Variables of roles that an `include_role` with `public: true` brought: the rest of the play sees them, on all hosts.
    pub exposed: Vec<VarLayer>,
    /// Entries of the play's `vars_files`, which each host finds for itself.
    pub vars_files: Vec<Candidates>,
    /// The names of the play's roles.
    pub roles: RoleNames,
}

/// What an include has found for an item of its loop, or once.
#[derive(Clone, Debug)]
pub struct Brought {
    /// The file of tasks or the name of the role.
    pub target: Target,
    /// The item, as `label` shows it.
    pub item: Option<String>,
}

/// What an include names.
#[derive(Clone, Debug)]
pub enum Target {
    /// A file of tasks, where it was found.
    File(PathBuf),
    /// A role, by its name.
    Role(Arc<str>),
}

/// By which words a handler is notified.
#[derive(Clone, Debug, Default)]
pub struct HandlerNames {
    /// Its name (and `role : name`).
    pub names: Vec<Arc<str>>,
    /// `listen`, and each with its role.
    pub topics: Vec<Arc<str>>,
    /// Why nobody can notify it, if nobody can.
    pub unusable: Option<Arc<str>>,
    /// Whether it is the first of its block: of handlers with one name the first of the last block counts.
    pub begins: bool,
    /// What the compiler makes its steps of.
    pub body: Option<Arc<HandlerBody>>,
}

/// A handler before it is flushed.
#[derive(Debug)]
pub struct HandlerBody {
    /// The task.
    pub(super) task: Arc<Task>,
    /// What it inherits.
    pub(super) around: Surroundings,
}

/// One case with its parameters.
#[derive(Clone, Debug)]
pub struct CasePlan {
    /// `stream[threads=1,mib=64]`
    pub id: CaseId,
    /// `stream`
    pub name: Arc<str>,
    /// The matrix parameters.
    pub params: Map,
    /// Rounds that count, at most.
    pub repeat: u32,
    /// When fewer of them are enough.
    pub going_on: Option<GoingOn>,
    /// Rounds before.
    pub warmup: u32,
    /// The hosts that run it.
    pub hosts: Vec<HostName>,
    /// What it requires of them.
    pub requires: Vec<Requirement>,
    /// The figures it gives, of all its tasks.
    pub metrics: Vec<Metric>,
    /// The reference values that its figures are held against.
    pub baseline: Option<Arc<Baseline>>,
    /// How it runs on several hosts at once.
    pub gang: Option<Gang>,
    /// Who its folder is made as.
    pub becoming: Becoming,
    /// `connection`, nearest says.
    pub connection: Option<Spanned<Value>>,
    /// The container that it is done in, nearest says.
    pub container: Option<Spanned<Value>>,
    /// Whether that is another one in each round, which is not there before the round begins.
    pub each_round: bool,
    /// Its entry under `cases:`.
    pub span: Span,
}

/// When a case has rounds enough, before all of them are done.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GoingOn {
    /// So many in any case.
    pub min: u32,
    /// As soon as the interval of every figure's median is at most so wide, as a share of it: 0.02.
    pub until: Option<f64>,
    /// As soon as its rounds have taken so many seconds.
    pub budget: Option<f64>,
}

/// How a case runs on several hosts at once: the first `nodes` hosts of each batch, in the order of the play.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gang {
    /// How many hosts.
    pub nodes: u32,
    /// How many processes the launcher starts on each.
    pub ranks_per_node: u32,
    /// How the hosts' figures become one; the first host's otherwise.
    pub reduce: Option<Reduce>,
}

impl CasePlan {
    /// How many rounds count in any case.
    pub fn least(&self) -> u32 {
        self.going_on.map_or(self.repeat, |going_on| going_on.min)
    }

    /// The members of the gang among the hosts of a batch, in the order of their ranks.
    pub fn members<'a>(&'a self, batch: &'a [HostName]) -> impl Iterator<Item = &'a HostName> {
        self.hosts.iter().filter(|host| batch.contains(host))
    }
}

impl Fragment {
    /// Steps without predecessors.
    pub fn roots(&self) -> impl Iterator<Item = StepIx> + '_ {
        self.graph.externals(petgraph::Direction::Incoming)
    }

    /// Steps without successors.
    pub fn leaves(&self) -> impl Iterator<Item = StepIx> + '_ {
        self.graph.externals(petgraph::Direction::Outgoing)
    }

    /// The scopes from `scope` up to the root.
    pub fn ancestors(&self, scope: ScopeIx) -> impl Iterator<Item = ScopeIx> + '_ {
        std::iter::successors(Some(scope), |s| self.scopes[s.index()].parent)
    }
}

/// A host that left steps, and how the graph was closed behind it.
#[derive(Clone, Debug, Default)]
pub struct Pruning {
    /// Pruned step → the hosts that left it, with the stage that is the reason.
    pub pruned: Vec<PrunedStep>,
    /// Edges that replace a path through pruned steps.
    pub bridges: Vec<Bridge>,
    /// Host → where its mode comes from: `--in-container`, `EXEC_IN_CONTAINER=1`, `in_container at hosts.yml:4`.
    pub mode: BTreeMap<HostName, String>,
    /// Host → what pruned steps would have registered: `{changed: false, skipped: true, skip_reason: 'in-container mode'}`.
    /// A run sets these before the play's first step.
    pub registers: BTreeMap<HostName, Map>,
}

/// A step that hosts left.
#[derive(Clone, Debug)]
pub struct PrunedStep {
    /// The step as it was, with all its hosts.
    pub step: Step,
    /// The hosts that left it.
    pub hosts: Vec<HostName>,
    /// Where it stood: the step before which the tree shows it (`None`: at the end).
    pub before: Option<StepIx>,
}

/// An edge that replaces a path through pruned steps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bridge {
    /// From this surviving step …
    pub from: StepIx,
    /// … to this one.
    pub to: StepIx,
    /// Barrier if any edge of the path was one.
    pub order: Order,
    /// The names of the pruned steps between.
    pub over: Vec<String>,
}
