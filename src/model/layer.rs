//! Variables that came from one place together, so that `explain` can show every one that was overridden.

use std::sync::Arc;

use super::Level;
use crate::base::{Map, Span};

/// Variables of one origin at one level of precedence.
#[derive(Clone, Debug, PartialEq)]
pub struct VarLayer {
    /// How strong they are.
    pub level: Level,
    /// Where they come from, as messages show it: a path, or a few words.
    pub origin: Arc<str>,
    /// The place where they begin; each string inside knows its own.
    pub span: Span,
    /// The variables; their strings may be templates.
    pub vars: Arc<Map>,
}
