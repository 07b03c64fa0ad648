//! Many runs under each other, one line each.

use super::columns::{Align, lines};
use super::summary::Summary;
use super::verdict::Verdict;

/// The lines of `benchbook runs`.
#[derive(Debug, Default)]
pub struct Listing(Vec<Vec<String>>);

impl Listing {
    /// Adds a run under the name that other verbs accept.
    pub fn add(&mut self, name: &str, summary: &Summary, going_on: bool) {
        let count = |verdict: Verdict| match summary.count(verdict) {
            0 => None,
            n => Some(format!("{n} {}", verdict.word())),
        };
        let verdicts = [Verdict::Failed, Verdict::Missed, Verdict::Incomplete];
        let words: Vec<String> = verdicts.into_iter().filter_map(count).collect();
        let verdict = match (summary.exit, words.is_empty()) {
            _ if going_on => "going on".to_owned(),
            (None, _) => "interrupted".to_owned(),
            (Some(0), true) => "ok".to_owned(),
            (Some(4), true) => "stopped".to_owned(),
            (Some(_), true) => "FAILED".to_owned(),
            (Some(_), false) => words.join(", "),
        };
        self.0.push(vec![
            name.to_owned(),
            summary.started.minute(),
            summary.playbook.clone(),
            summary.cases.to_string(),
            summary.hosts.len().to_string(),
            verdict,
            summary.exit.map(|exit| exit.to_string()).unwrap_or_default(),
        ]);
    }

    /// The whole text.
    pub fn print(&self) -> String {
        let head = ["run", "when", "playbook", "cases", "hosts", "verdict", "exit"].map(str::to_owned);
        let rows: Vec<Vec<String>> = std::iter::once(head.into()).chain(self.0.iter().cloned()).collect();
        let (left, right) = (Align::Left, Align::Right);
        lines(&[left, left, left, right, right, left, right], &rows).join("\n") + "\n"
    }
}
