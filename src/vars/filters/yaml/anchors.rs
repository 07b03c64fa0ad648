//! Anchors: a collection that stands in several places is written once, and named in the others. Which names there are, and in
//! which order, is as `PyYAML` has it: whatever is met a second time gets the next number.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::base::Value;

/// Names of shared collections, by where they are in memory.
#[derive(Debug, Default)]
pub(super) struct Anchors {
    names: HashMap<usize, String>,
    written: HashSet<usize>,
}

/// How a collection is written.
pub(super) enum Place<'a> {
    /// As it is; with an anchor, if it stands elsewhere, too.
    Here(Option<&'a str>),
    /// By its name alone.
    Again(&'a str),
}

impl Anchors {
    /// Those of a value whose parts are visited by `inner` in the order in which they are written.
    pub(super) fn of(value: &Value, inner: &dyn Fn(&Value) -> Vec<Value>) -> Self {
        let mut anchors = Self::default();
        anchors.count(value, inner, &mut HashSet::new());
        anchors
    }

    fn count(&mut self, value: &Value, inner: &dyn Fn(&Value) -> Vec<Value>, met: &mut HashSet<usize>) {
        let Some(address) = address(value) else { return };
        if met.insert(address) {
            for part in inner(value) {
                self.count(&part, inner, met);
            }
        } else if !self.names.contains_key(&address) {
            let name = format!("id{:03}", self.names.len() + 1);
            self.names.insert(address, name);
        }
    }

    /// How this collection is written now.
    pub(super) fn place(&mut self, value: &Value) -> Place<'_> {
        let Some(address) = address(value) else { return Place::Here(None) };
        match self.names.get(&address) {
            Some(name) if !self.written.insert(address) => Place::Again(name),
            name => Place::Here(name.map(String::as_str)),
        }
    }
}

/// Where a collection is: two that are one in memory are one.
fn address(value: &Value) -> Option<usize> {
    match value {
        Value::List(items) => Some(Arc::as_ptr(items) as usize),
        Value::Map(map) => Some(Arc::as_ptr(map) as usize),
        _ => None,
    }
}
