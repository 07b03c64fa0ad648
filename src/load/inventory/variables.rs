//! Variables as they are read: their names, and the types of those that Benchbook itself will use.

use std::sync::Arc;

use super::InventoryReader;
use crate::base::{Diagnostic, Map, Span, Spanned, Value};
use crate::load::loader::as_secret_as;
use crate::model::host_variables::{Kind, integer};
use crate::model::{Level, VarLayer};
use crate::syntax::Node;
use crate::syntax::ini::Assignment;

impl InventoryReader<'_> {
    /// Variables of an INI text.
    pub(super) fn assignments(&mut self, assignments: &[Assignment]) -> Map {
        let mut vars = Map::new();
        for Assignment { key, value } in assignments {
            // Quotes around a value are the line's: a string of digits needs its own inside.
            self.check(&key.value, &key.span, value, |text| format!("'\"{text}\"'"));
            vars.insert(&key.value, value.value.clone());
        }
        vars
    }

    /// Variables of a YAML mapping; nothing at all is none.
    pub(super) fn mapping(&mut self, node: &Node, what: &str) -> Map {
        if node.is_null() {
            return Map::new();
        }
        let Some(pairs) = node.as_mapping() else {
            self.diagnostics.push(
                Diagnostic::error(
                    "not-a-mapping",
                    format!("{what} should be a mapping, and this is {}", node.kind_name()),
                )
                .at(&node.span)
                .help("write `name: value`, one per line"),
            );
            return Map::new();
        };
        let mut vars = Map::new();
        for (key, node) in pairs {
            let Some(name) = key.to_key() else { continue };
            let value = node.to_value();
            self.check(
                &name.to_string(),
                &key.span,
                &Spanned::new(value.clone(), node.span.clone()),
                |text| format!("\"{text}\""),
            );
            vars.insert(name, value);
        }
        vars
    }

    /// Adds variables of a group; its priority is one of them.
    pub(super) fn group_vars(&mut self, group: &str, level: Level, span: &Span, mut vars: Map) {
        let priority =
            if level == Level::InventoryGroupVars { vars.remove("ansible_group_priority") } else { None };
        let group = self.inventory.add_group(group, span);
        if let Some(priority) = priority.as_ref().and_then(integer).and_then(|p| i64::try_from(p).ok()) {
            group.priority = priority;
        }
        if !vars.is_empty() {
            group.vars.push(layer(level, span, vars));
        }
    }

    /// Adds variables of a host that is known.
    pub(super) fn host_vars(&mut self, host: &str, level: Level, span: &Span, vars: Map) {
        if let Some(host) = self.inventory.host_mut(host).filter(|_| !vars.is_empty()) {
            host.vars.push(layer(level, span, vars));
        }
    }

    fn check(&mut self, name: &str, name_span: &Span, value: &Spanned<Value>, quote: fn(&str) -> String) {
        let mut letters = name.chars();
        let begins = letters.next().is_some_and(|c| c.is_alphabetic() || c == '_');
        if !begins || !letters.all(|c| c.is_alphanumeric() || c == '_') {
            self.diagnostics.push(
                Diagnostic::warning("variable-name", format!("`{name}` is no name that a template can use"))
                    .at(name_span)
                    .help("names are made of letters, digits and `_`, and begin with no digit"),
            );
        }
        let Some(kind) = Kind::of(name).filter(|kind| !kind.accepts(value)) else { return };
        let mut error = Diagnostic::error("variable-type", format!("`{name}` should be {}", kind.words()))
            .at(&value.span)
            .label(format!("this is {}", value.kind()));
        if kind == Kind::Text && !matches!(&**value, Value::List(_) | Value::Map(_) | Value::Null) {
            error = error.help(format!("quote it: {}", quote(value.span.text())));
        } else if kind == Kind::Boolean {
            error = error.help("write true or false, or a template that gives one");
        }
        self.diagnostics.push(error);
    }
}

fn layer(level: Level, span: &Span, vars: Map) -> VarLayer {
    let vars = Arc::new(as_secret_as(span.source(), vars));
    VarLayer { level, origin: Arc::from(span.source().name()), span: span.clone(), vars }
}
