//! Playbooks and plays.

use std::path::PathBuf;
use std::sync::Arc;

use super::{Case, CaseOrder, Item, Keywords, RoleEntry};
use crate::base::{Span, Spanned, Value};

/// A playbook file with everything it imports (`import_playbook` is resolved when it is loaded).
#[derive(Clone, Debug)]
pub struct Playbook {
    /// The file that was asked for.
    pub path: PathBuf,
    /// Its plays in order.
    pub plays: Vec<Arc<Play>>,
    /// Further files whose plays follow, with the number of the first play of each.
    pub more: Vec<(usize, PathBuf)>,
}

/// One play.
#[derive(Clone, Debug)]
pub struct Play {
    /// The whole mapping.
    pub span: Span,
    /// The folder of the file it stands in: where its roles, files and vars are looked for.
    pub folder: PathBuf,
    /// What everything in it inherits.
    pub keywords: Keywords,
    /// `hosts`: a pattern, or a list of patterns; possibly a template.
    pub hosts: Spanned<Value>,
    /// `gather_facts`
    pub gather_facts: Option<Spanned<Value>>,
    /// `gather_subset`
    pub gather_subset: Option<Spanned<Value>>,
    /// `vars_files`: each a path, or a list of which the first that exists counts.
    pub vars_files: Vec<Spanned<Value>>,
    /// `vars_prompt`
    pub vars_prompt: Vec<Spanned<Value>>,
    /// `strategy`
    pub strategy: Option<Spanned<Strategy>>,
    /// `strategy` and `order` as templates of what is known before the run.
    pub later: Vec<(&'static str, Spanned<Value>)>,
    /// `serial`: numbers or per cent.
    pub serial: Vec<Spanned<Value>>,
    /// `order`
    pub order: Option<Spanned<Arc<str>>>,
    /// `max_fail_percentage`
    pub max_fail_percentage: Option<Spanned<Value>>,
    /// `force_handlers`
    pub force_handlers: Option<Spanned<Value>>,
    /// `roles`
    pub roles: Vec<RoleEntry>,
    /// `pre_tasks`
    pub pre_tasks: Vec<Item>,
    /// `tasks`
    pub tasks: Vec<Item>,
    /// `cases`
    pub cases: Vec<Arc<Case>>,
    /// `baseline`: a file of reference values, beside the playbook.
    pub baseline: Option<Spanned<Value>>,
    /// `case_order`
    pub case_order: Option<Spanned<CaseOrder>>,
    /// `post_tasks`
    pub post_tasks: Vec<Item>,
    /// `handlers`
    pub handlers: Vec<Item>,
}

/// How the hosts of a play go through its steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strategy {
    /// Every host finishes a task before any starts the next.
    #[default]
    Linear,
    /// Each host goes on by itself.
    Free,
    /// As free, but as few hosts as possible are under way.
    HostPinned,
    /// Tasks depend on what they name and read.
    Dag,
}

impl Strategy {
    /// Whether each host goes its own way: nobody is first, and what happens to one concerns no other.
    pub fn is_apart(self) -> bool {
        matches!(self, Self::Free | Self::HostPinned)
    }

    /// The word in the playbook.
    pub fn name(self) -> &'static str {
        match self {
            Self::Linear => "linear",
            Self::Free => "free",
            Self::HostPinned => "host_pinned",
            Self::Dag => "dag",
        }
    }
}
