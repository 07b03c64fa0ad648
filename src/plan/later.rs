//! Keywords of a play that the plan needs and that may be templates: of extra variables and of the play's own.

use std::sync::Arc;

use super::Compiler;
use crate::base::{Diagnostic, Span};
use crate::model::decode::play::ORDERS;
use crate::model::{Level, Play, Strategy, VarLayer};
use crate::vars::{Scope, Templar};

impl Compiler {
    /// The strategy of a play.
    pub(super) fn strategy(&self, play: &Play) -> Result<Strategy, Diagnostic> {
        let Some((word, span)) = self.later(play, "strategy")? else {
            let own = play.strategy.as_ref().map(|s| s.value);
            return Ok(own.or(self.options.strategy).unwrap_or_default());
        };
        Strategy::named(&word).ok_or_else(|| unknown("strategy", &word, &span))
    }

    /// The order of a play's hosts, if it says one.
    pub(super) fn order(&self, play: &Play) -> Result<Option<(Arc<str>, Span)>, Diagnostic> {
        let Some((word, span)) = self.later(play, "order")? else {
            return Ok(play.order.as_ref().map(|o| (Arc::clone(&o.value), o.span.clone())));
        };
        let known = ORDERS.contains(&word.as_str());
        if known { Ok(Some((word.into(), span))) } else { Err(unknown("order", &word, &span)) }
    }

    fn later(&self, play: &Play, key: &str) -> Result<Option<(String, Span)>, Diagnostic> {
        let Some((_, written)) = play.later.iter().find(|(name, _)| *name == key) else { return Ok(None) };
        let own = VarLayer {
            level: Level::PlayVars,
            origin: "play vars".into(),
            span: play.span.clone(),
            vars: Arc::clone(&play.keywords.vars),
        };
        let scope: Scope = [own, self.project.extra.clone()].into_iter().map(Arc::new).collect();
        let templar = Templar::new(scope, Arc::clone(self.environment()));
        let word = templar.render_str(&written.value)?;
        Ok(Some((word, written.span.clone())))
    }
}

fn unknown(key: &str, word: &str, span: &Span) -> Diagnostic {
    Diagnostic::error("unknown-choice", format!("`{word}` is no `{key}`")).at(span)
}
