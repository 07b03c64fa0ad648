//! The scopes that `monitors:` puts around a play, a block or a case.

use super::Surroundings;
use super::build::Build;
use crate::base::{Spanned, Value};
use crate::model::{Keywords, Stage};

impl Build<'_> {
    /// Compiles `body` between the start and the end of the monitors that a mapping names.
    pub fn monitored(
        &mut self,
        own: &Keywords,
        around: &Surroundings,
        body: impl FnOnce(&mut Self, &Surroundings),
    ) {
        if own.monitors.is_empty() {
            return body(self, around);
        }
        let (inside, always) = self.sections(around);
        self.monitors(own, "monitor start", &inside);
        body(self, &inside);
        self.monitors(own, "monitor stop", &always);
    }

    /// Starts or stops the monitors that a mapping names.
    pub fn monitors(&mut self, own: &Keywords, word: &str, around: &Surroundings) {
        let Some(first) = own.monitors.first() else { return };
        let names = |m: &Spanned<Value>| match &m.value {
            Value::Map(map) => map.keys().next().map_or_else(String::new, ToString::to_string),
            other => other.to_string(),
        };
        let detail = own.monitors.iter().map(names).collect::<Vec<_>>().join(", ");
        self.announce(around, &Stage::Monitor, word, detail, &first.span);
    }
}
