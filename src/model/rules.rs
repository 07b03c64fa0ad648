//! Rules by which hosts are told from their fleet: conditions with names.

use std::sync::Arc;

use crate::base::{Spanned, Value};

/// One rule.
#[derive(Clone, Debug)]
pub struct Rule {
    /// `name`: a plain word.
    pub name: Spanned<Arc<str>>,
    /// `about`: of what it is asked.
    pub about: Subject,
    /// `when`: a condition.
    pub when: Spanned<Value>,
    /// `say`: what it means, possibly a template.
    pub say: Option<Spanned<Value>>,
    /// `cases`: only of these, as `--case` selects them; all when there are none.
    pub cases: Vec<Spanned<Arc<str>>>,
    /// `figures`: only metrics of these names, which may have `*` and `?`.
    pub figures: Vec<Spanned<Arc<str>>>,
}

/// Of what a rule is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Each figure of each host.
    Figure,
    /// Each host as a whole, after its figures.
    Host,
}
