//! Encrypted values that a task needs for certain: their password must be there before any host is contacted.
//!
//! A value that nobody reads needs none; one that is read where a condition decides is judged by the run.

use super::Surroundings;
use super::build::Build;
use super::readings::Readings;
use crate::base::Value;

impl Build<'_> {
    /// Tells of each encrypted variable that a task reads and that no password opens.
    pub fn check_sealed(&mut self, readings: &Readings, inside: &Surroundings) {
        if !inside.inherited.when.is_empty() {
            return;
        }
        let vault = self.compiler.project.loader.files().vault();
        for host in inside.hosts.iter() {
            let templar = self.known.on(host, &inside.vars);
            for reading in readings.all.iter() {
                let Some((Value::String(text), _)) = templar.scope().lookup(&reading.name) else { continue };
                let Some(place) = text.span().filter(|_| text.is_vault()) else { continue };
                if let Err(error) = vault.reveal(&text.shared()) {
                    let sealed = error.diagnostic().at(place).label(format!("`{}`", reading.name));
                    self.found.push(sealed.related(&reading.span, "needed here"));
                }
            }
        }
    }
}
