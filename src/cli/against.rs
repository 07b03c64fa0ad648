//! `benchbook plan --against`: in what a plan differs from an earlier one, or from what a run has carried out.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value as Json, json};

use super::coverage::number;
use super::wiring::Compiled;
use super::{Failure, lock, plan, project};
use crate::base::Diagnostic;
use crate::plan::difference::{Change, Difference, difference};
use crate::plan::render::SCHEMA_VERSION;
use crate::store::Provenance;

/// How many lines there are about one thing, unless all are wanted: what has changed shall fit a screen.
const LINES: usize = 8;

/// What an earlier plan is.
pub(super) struct Earlier {
    /// As the user calls it.
    name: String,
    plan: Json,
    given: Provenance,
}

/// What is different.
pub(super) struct Found {
    name: String,
    difference: Difference,
    /// Of what was given: files, variables, options.
    given: Vec<String>,
    /// Steps, cases and hosts of the plan itself.
    counts: [usize; 3],
}

impl Earlier {
    /// A file as `plan --format json` writes it, or a run.
    pub(super) fn read(name: &str, runs: Option<&Path>) -> Result<Self, Failure> {
        if Path::new(name).is_file() {
            let plan = parsed(name, Path::new(name))?;
            let given = given_in(&plan).unwrap_or_default();
            return Ok(Self { name: name.to_owned(), plan, given });
        }
        let folder = project::runs(runs)?.find(name)?;
        let id = folder.id().to_string();
        let plan = parsed(&id, &folder.plan())?;
        let given = match given_in(&plan) {
            Some(given) => given,
            None => Provenance::read(&folder)?,
        };
        Ok(Self { name: id, plan, given })
    }

    /// Compares a plan with it.
    pub(super) fn compare(&self, compiled: &Compiled) -> Found {
        let now = plan::document(compiled);
        let given = given_in(&now).unwrap_or_default();
        let mut earlier = self.given.clone();
        // A run reads more on its way than a plan, and says so when it is over.
        if given_in(&self.plan).is_none() {
            earlier.files.retain(|path, _| given.files.contains_key(path));
        }
        let count = |of: &dyn Fn(&crate::plan::PlayPlan) -> usize| compiled.plan.plays.iter().map(of).sum();
        let mut hosts: Vec<_> = compiled.plan.plays.iter().flat_map(|play| &play.hosts).collect();
        hosts.sort();
        hosts.dedup();
        Found {
            name: self.name.clone(),
            difference: difference(&self.plan, &now),
            given: earlier.differences(&given),
            counts: [
                count(&|play| play.fragment.graph.node_count()),
                count(&|play| play.fragment.cases.len()),
                hosts.len(),
            ],
        }
    }
}

impl Found {
    /// Whether anything is different.
    pub(super) fn differs(&self) -> bool {
        !self.difference.changes.is_empty() || !self.given.is_empty()
    }

    /// For people.
    pub(super) fn text(&self, all: bool) -> String {
        let mut text = format!("against {}\n", self.name);
        let changes = self.difference.changes.iter();
        let mut lines: Vec<(&str, String)> =
            changes.map(|Change { about, mark, text }| (*about, format!("{mark} {text}"))).collect();
        lines.extend(self.given.iter().map(|text| ("given", format!("~ {text}"))));
        let mut told: Option<(&str, usize)> = None;
        for (number, (about, line)) in lines.iter().enumerate() {
            let place = told.filter(|(last, _)| last == about).map_or(0, |(_, place)| place + 1);
            told = Some((about, place));
            let head = if place == 0 { about } else { "" };
            if all || place < LINES {
                let _ = writeln!(text, "{head:<12}  {line}");
            } else if lines.get(number + 1).is_none_or(|(next, _)| next != about) {
                let _ = writeln!(text, "{:<12}  … {} more (--all)", "", place + 1 - LINES);
            }
        }
        let [steps, cases, hosts] = self.counts;
        let Difference { steps: same_steps, cases: same_cases, .. } = self.difference;
        let (steps, cases) = (number(steps, "step"), number(cases, "case"));
        let _ = if self.differs() {
            writeln!(text, "the same: {same_steps} of {steps}, {same_cases} of {cases}")
        } else {
            writeln!(text, "nothing differs: {steps}, {cases}, {}", number(hosts, "host"))
        };
        text
    }

    /// For programs.
    pub(super) fn json(&self) -> String {
        let told = json!({
            "against": self.name,
            "differs": self.differs(),
            "changes": self.difference.changes,
            "given": self.given,
            "same": {"steps": self.difference.steps, "cases": self.difference.cases},
        });
        format!("{told:#}\n")
    }
}

fn parsed(name: &str, path: &Path) -> Result<Json, Diagnostic> {
    let problem = |what: String| {
        Diagnostic::error("no-plan", format!("{name}: {} is no plan: {what}", path.display()))
            .help("a plan is what `benchbook plan --format json` prints, or what a run keeps")
    };
    let text = std::fs::read_to_string(path).map_err(|e| problem(e.to_string()))?;
    let plan: Json = serde_json::from_str(&text).map_err(|e| problem(e.to_string()))?;
    match plan["schema"].as_u64() {
        Some(version) if version == u64::from(SCHEMA_VERSION) => Ok(plan),
        Some(version) => {
            Err(problem(format!("its schema is {version}, and this program knows {SCHEMA_VERSION}")))
        }
        None => Err(problem("it has no `schema`".to_owned())),
    }
}

/// What was given beside the playbook, as far as it was known before the run; plans of earlier versions do not say it.
fn given_in(plan: &Json) -> Option<Provenance> {
    plan.get("given").and_then(|given| serde_json::from_value(given.clone()).ok())
}

/// The same of a plan that was compiled now. Values of secret variables are masked, as in `lock.json`.
pub(super) fn known(compiled: &Compiled) -> Provenance {
    let Compiled { compiler, plan, files } = compiled;
    let mut known = lock::given(&compiler.project, &compiler.options);
    known.playbook = crate::load::shown(&plan.playbook);
    files.note(&mut known);
    known
}

/// As it stands in a plan.
pub(super) fn given(compiled: &Compiled) -> Json {
    let known = known(compiled);
    json!({
        "benchbook": known.benchbook,
        "playbook": known.playbook,
        "files": known.files,
        "variables": known.variables,
        "options": known.options,
    })
}
