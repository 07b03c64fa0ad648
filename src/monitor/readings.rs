//! The figures of one look, with what rates are made of: the counters of the look before.

use std::collections::HashMap;

use crate::wire::Column;

/// The figures of one look.
#[derive(Debug, Default)]
pub struct Readings {
    columns: Vec<Column>,
    values: Vec<Option<f64>>,
    counters: HashMap<String, f64>,
    before: HashMap<String, f64>,
    /// Seconds since the look before; zero at the first.
    seconds: f64,
}

impl Readings {
    /// A new look begins, so many seconds after the last one.
    pub fn begin(&mut self, seconds: f64) {
        self.columns.clear();
        self.values.clear();
        self.before = std::mem::take(&mut self.counters);
        self.seconds = seconds;
    }

    /// Something that may have a value now.
    pub fn value(&mut self, name: &str, unit: &str, value: Option<f64>) {
        self.add(name, unit, value);
    }

    /// Something that has a value now.
    pub fn gauge(&mut self, name: &str, unit: &str, value: f64) {
        self.add(name, unit, Some(value));
    }

    /// Something that is counted: how much it grows in a second. A counter that was set back has no rate.
    pub fn rate(&mut self, name: &str, unit: &str, counter: f64) {
        self.rate_of("", name, unit, counter);
    }

    /// The same of something that may be another at the next look, under the same name: its counter begins anew.
    pub fn rate_of(&mut self, id: &str, name: &str, unit: &str, counter: f64) {
        let key = format!("{name} {id}");
        let before = self.before.get(&key).filter(|before| **before <= counter && self.seconds > 0.0);
        let rate = before.map(|before| (counter - before) / self.seconds);
        self.counters.insert(key, counter);
        self.add(name, unit, rate);
    }

    fn add(&mut self, name: &str, unit: &str, value: Option<f64>) {
        self.columns.push(Column { name: name.to_owned(), unit: unit.to_owned() });
        // More digits than any of these figures has.
        self.values.push(value.map(|value| (value * 1e4).round() / 1e4));
    }

    /// What was seen.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// How much of it.
    pub fn values(&self) -> &[Option<f64>] {
        &self.values
    }
}
