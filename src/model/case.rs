//! Cases: what is measured, how often, and which figures come out.

use std::sync::Arc;

use super::{Item, Keywords, RoleFrom};
pub use crate::base::reduce::Reduce;
pub use crate::base::statistics::Take;
use crate::base::{Map, Span, Spanned, Value};

/// One entry of `cases:`.
#[derive(Clone, Debug)]
pub struct Case {
    /// The whole mapping.
    pub span: Span,
    /// `name`: a plain word, unique in its play.
    pub name: Spanned<Arc<str>>,
    /// What its tasks inherit; `keywords.vars` are the case's variables, `keywords.needs` its explicit edges.
    pub keywords: Keywords,
    /// `role`: a case role, with `tasks/prepare.yml`, `tasks/run.yml` and `tasks/finish.yml`.
    pub role: Option<CaseRole>,
    /// `matrix`: the axes in the order they are written.
    pub matrix: Vec<Axis>,
    /// `repeat`: rounds that count, default 1; of a mapping its `max`.
    pub repeat: Option<Spanned<Value>>,
    /// `repeat` as a mapping: when there are rounds enough.
    pub going_on: Option<GoingOn>,
    /// `warmup`: rounds before, kept and left out of the statistics, default 0.
    pub warmup: Option<Spanned<Value>>,
    /// `requires`
    pub requires: Vec<Requirement>,
    /// `rendezvous`
    pub rendezvous: Option<Rendezvous>,
    /// `prepare`: once per case and host.
    pub prepare: Vec<Item>,
    /// `run`: what is measured, repeated.
    pub run: Vec<Item>,
    /// `finish`: once, always.
    pub finish: Vec<Item>,
    /// `metrics` given at the case: for every task of `run` that has none.
    pub metrics: Vec<Metric>,
}

/// When a case has rounds enough: its rounds go on from `min` to `max` until one of these holds.
#[derive(Clone, Debug)]
pub struct GoingOn {
    /// The whole mapping.
    pub span: Span,
    /// `min`: so many rounds in any case, default 1.
    pub min: Option<Spanned<Value>>,
    /// `max`: and never more than these.
    pub max: Spanned<Value>,
    /// `until`: the interval of every figure's median is at most so wide, as a share of it: `2 %`.
    pub until: Option<Spanned<Value>>,
    /// `budget`: the case's rounds have taken so long: `10m`.
    pub budget: Option<Spanned<Value>>,
}

/// The role of a case.
#[derive(Clone, Debug)]
pub struct CaseRole {
    /// Its name, possibly a template.
    pub name: Spanned<Value>,
    /// Other files.
    pub from: RoleFrom,
}

/// One axis of a matrix: each value multiplies the case.
#[derive(Clone, Debug)]
pub struct Axis {
    /// The variable.
    pub name: Spanned<Arc<str>>,
    /// Its values, or one template that gives a list before contact.
    pub values: Spanned<Value>,
}

/// The order of the rounds of a play's cases.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CaseOrder {
    /// Case by case.
    #[default]
    Sequential,
    /// All prepares, then round 1 of every case, round 2 …, then finishes.
    Interleaved,
    /// As interleaved, but the cases of a round are shuffled; the seed is recorded.
    Random,
}

/// What must be there on the target before a case starts.
#[derive(Clone, Debug)]
pub struct Requirement {
    /// What it is.
    pub kind: RequirementKind,
    /// `package`: what brings the program, said when it is missing.
    pub package: Option<Value>,
    /// Where it stands.
    pub span: Span,
}

/// The kinds of [`Requirement`].
#[derive(Clone, Debug, PartialEq)]
pub enum RequirementKind {
    /// A program on the target's PATH: a plain word, or `{command: cc}`.
    Command(Value),
    /// Free memory: `{memory: 4 GiB}`.
    Memory(Value),
    /// A device file: `{device: /dev/kfd}`.
    Device(Value),
    /// The limit of locked memory: `{memlock: 64 MiB}` or `{memlock: unlimited}`.
    Memlock(Value),
}

/// A gang: the case runs on several hosts at once.
#[derive(Clone, Debug)]
pub struct Rendezvous {
    /// The whole mapping.
    pub span: Span,
    /// `nodes`
    pub nodes: Spanned<Value>,
    /// `ranks_per_node`, default 1.
    pub ranks_per_node: Option<Spanned<Value>>,
    /// `reduce`: how the ranks' figures become one; default: rank 0's.
    pub reduce: Option<Spanned<Reduce>>,
}

/// A figure of merit that a task gives.
#[derive(Clone, Debug)]
pub struct Metric {
    /// The whole mapping.
    pub span: Span,
    /// `name`
    pub name: Spanned<Arc<str>>,
    /// `unit`
    pub unit: Spanned<Arc<str>>,
    /// `better`
    pub better: Better,
    /// Where the number is.
    pub source: MetricSource,
    /// `from`: `stdout` (default), `stderr`, or a path on the target.
    pub from: Option<Spanned<Value>>,
    /// `take`: which one when there are several with equal labels; default: it is an error to have several.
    pub take: Option<Take>,
    /// `expect`
    pub expect: Vec<Expect>,
}

/// Which direction is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// Bandwidth.
    Higher,
    /// Latency.
    Lower,
}

/// Where a metric's number is.
#[derive(Clone, Debug)]
pub enum MetricSource {
    /// A regular expression (lines are tried one by one: `^` and `$` mean the line) with the named group `value`;
    /// other named groups are labels.
    Regex(Spanned<Arc<str>>),
    /// A path into JSON output: `$.jobs[0].read.bw`, `$.results[*].ops`; labels: name → path beside the value.
    Json {
        /// The path.
        path: Spanned<Arc<str>>,
        /// Labels, as keys of the object that holds the value.
        labels: Vec<Spanned<Arc<str>>>,
    },
    /// A column of CSV output with a header line; `labels` are other columns.
    Csv {
        /// The column's name.
        column: Spanned<Arc<str>>,
        /// Columns that become labels.
        labels: Vec<Spanned<Arc<str>>>,
        /// The separator, default `,`.
        separator: char,
    },
}

/// What a figure's median per host must be.
#[derive(Clone, Debug)]
pub struct Expect {
    /// The whole mapping.
    pub span: Span,
    /// `where`: labels and matrix parameters it is about.
    pub r#where: Arc<Map>,
    /// `min`: `8 GB/s`, or a number in the metric's unit.
    pub min: Option<Spanned<Value>>,
    /// `max`
    pub max: Option<Spanned<Value>>,
    /// `reference`: a quantity, or the word `baseline`.
    pub reference: Option<Spanned<Value>>,
    /// `tolerance`: `5 %` or a fraction; only with `reference`.
    pub tolerance: Option<Spanned<Value>>,
}

impl Expect {
    /// Whether its reference is what a baseline has, if there is one.
    pub fn is_of_baseline(&self) -> bool {
        self.reference.as_ref().is_some_and(|reference| reference.value.as_str() == Some("baseline"))
    }
}
