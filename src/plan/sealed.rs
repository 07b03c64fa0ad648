//! Encrypted values that a task needs for certain: their password must be there before any host is contacted.
//!
//! A value that nobody reads needs none; one that is read where a condition decides is judged by the run.

use super::Surroundings;
use super::build::Build;
use super::readings::Readings;
use crate::base::{Diagnostic, Value};
use crate::vars::Problem;

/// The variables that hold the password of a login.
const PASSWORDS: [&str; 3] = ["ansible_ssh_password", "ansible_ssh_pass", "ansible_password"];

impl Build<'_> {
    /// Tells of a password for a host, or for another user there, that is encrypted and that no vault password opens. One is
    /// enough: the others are mostly the same.
    pub fn check_passwords(&mut self, inside: &Surroundings) {
        if !inside.inherited.when.is_empty() {
            return;
        }
        let asked = &self.compiler.options.becoming;
        for host in inside.hosts.iter() {
            if self.found.iter().any(|known| known.code == "vault") {
                return;
            }
            let templar = self.known.on(host, &inside.vars);
            let rendered = |name: &str| {
                let (value, _) = templar.scope().lookup(name)?;
                Some((name.to_owned(), templar.render(value)))
            };
            let is_here = rendered("ansible_connection")
                .is_some_and(|(_, said)| said.is_ok_and(|v| v == "local".into()));
            let mut logins = PASSWORDS.into_iter().filter(|_| !is_here).filter_map(rendered);
            let login = logins.find_map(|(name, value)| Some((name, value.err()?)));
            let other = inside.inherited.becoming.other(asked, &templar).err();
            let other = other.map(|error| ("the password of another user".to_owned(), error));
            for (name, error) in login.into_iter().chain(other) {
                if matches!(error.problem, Problem::Vault(_)) {
                    self.found.push(Diagnostic::from(error).label(format!("{name} on {host}")));
                }
            }
        }
    }

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
