//! `benchbook plan --estimate` and `--budget`: how long a plan would take by what its steps took in earlier runs.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;
use serde_json::json;

use super::against;
use super::coverage::number;
use super::wiring::Compiled;
use crate::base::clock::human_duration;
use crate::base::{HostName, Timestamp};
use crate::plan::{CasePart, Expand, Step, StepKind};
use crate::report::columns::{Align, lines};
use crate::report::durations::{Basis, Durations, Took};
use crate::run::Budget;
use crate::run::forecast::{Course, Forecast, LeftOut, Leg, forecast};
use crate::run::reach::visits;
use crate::store::{Run, Runs};

/// From how many of the newest runs durations are learnt.
const REMEMBERED: usize = 50;
/// How many lines the critical path has; the shortest ones are added up.
const LINES: usize = 16;
/// How many runs like this one, and cases nobody knows, are named.
const NAMED: usize = 5;

/// What is known before a run of how long it takes.
pub(super) struct Estimate {
    forecast: Forecast,
    /// How the durations of so many steps on hosts are known; nothing: they are not, and count as no time at all.
    bases: BTreeMap<Option<Basis>, usize>,
    /// What is not known: cases and steps, and on which hosts.
    unknown: BTreeSet<String>,
    /// What runs with the same settings took, the newest first.
    alike: Vec<f64>,
    runs: usize,
    /// What was asked for.
    budget: Option<f64>,
}

/// What earlier runs say.
struct History {
    durations: Durations,
    alike: Vec<f64>,
    runs: usize,
}

impl History {
    fn read(runs: &Runs, compiled: &Compiled) -> Self {
        let now = against::known(compiled);
        let mut history = Self { durations: Durations::default(), alike: Vec::new(), runs: 0 };
        let newest = runs.list().unwrap_or_default().into_iter().rev().take(REMEMBERED);
        // One that cannot be read teaches nothing.
        for run in newest.filter_map(|folder| Run::open(folder).ok()).filter(|run| !run.is_going_on()) {
            let (Ok(mut lock), Ok(outcomes)) = (run.provenance(), run.outcomes()) else { continue };
            // A run reads more on its way than a plan.
            lock.files.retain(|path, _| now.files.contains_key(path));
            let is_alike = lock.differences(&now).is_empty();
            let well = outcomes.iter().filter(|outcome| outcome.went_well);
            let took = well.map(|outcome| Took {
                step: outcome.step.as_str(),
                host: &outcome.host,
                task: (&outcome.name, &outcome.place),
                started: outcome.started,
                ended: outcome.ended,
            });
            history.durations.add(is_alike, took);
            history.runs += 1;
            if is_alike && outcomes.iter().all(|outcome| outcome.went_well) {
                let started = outcomes.iter().map(|outcome| outcome.started).min();
                let ended = outcomes.iter().map(|outcome| outcome.ended).max();
                let took = |(from, to): (Timestamp, Timestamp)| to.since(from).as_secs_f64();
                history.alike.extend(started.zip(ended).map(took));
            }
        }
        history
    }

    /// What a step takes on a host.
    fn of(&self, step: &Step, host: &HostName) -> Option<(f64, Basis)> {
        let place = step.span.file_line();
        let own = self.durations.of(step.id.as_str(), host, (&step.name, &place));
        let StepKind::Expand(_) = step.kind else { return own };
        let brought = self.durations.brought_by(step.id.as_str(), host);
        match (own, brought) {
            (Some((own, basis)), Some((brought, other))) => Some((own + brought, basis.max(other))),
            (own, brought) => own.or(brought),
        }
    }
}

/// Whether a step takes time that must be known: others only keep the books.
fn counts(step: &Step) -> bool {
    matches!(step.kind, StepKind::Task(_) | StepKind::Expand(Expand::Tasks(_) | Expand::Role(..)))
}

impl Estimate {
    /// Makes one; with a budget in seconds it also says what does not fit.
    pub(super) fn of(compiled: &Compiled, runs: &Runs, budget: Option<f64>) -> Self {
        let history = History::read(runs, compiled);
        let machines = machines(compiled);
        let known = RefCell::new((BTreeMap::new(), BTreeSet::new()));
        let took = |step: &Step, host: &HostName| {
            let found = history.of(step, host);
            if counts(step) {
                let mut known = known.borrow_mut();
                *known.0.entry(found.map(|(_, basis)| basis)).or_default() += 1;
                if found.is_none() {
                    let what = step.case.as_ref().map_or(step.title(), |place| place.id.as_str());
                    known.1.insert(format!("{what} on {host}"));
                }
            }
            found.map_or(0.0, |(seconds, _)| seconds)
        };
        let course = Course {
            forks: compiled.compiler.options.forks.unwrap_or(usize::MAX),
            machines: &machines,
            took: &took,
            rounds: &|step, host| history.durations.rounds(step.id.as_str(), host),
            pause: history.durations.pause(),
            budget: None,
        };
        let mut whole = forecast(&compiled.plan, &course);
        if let Some(seconds) = budget {
            let limit = whole.budget(seconds);
            known.take();
            whole = forecast(&compiled.plan, &Course { budget: Some(&limit), ..course });
        }
        let (bases, unknown) = known.into_inner();
        Self { forecast: whole, bases, unknown, alike: history.alike, runs: history.runs, budget }
    }

    /// What a run is limited by.
    pub(super) fn limit(compiled: &Compiled, runs: &Runs, seconds: f64) -> Budget {
        Self::of(compiled, runs, None).forecast.budget(seconds)
    }

    fn count(&self, basis: Option<Basis>) -> usize {
        self.bases.get(&basis).copied().unwrap_or_default()
    }

    /// For people.
    pub(super) fn text(&self) -> String {
        let all: usize = self.bases.values().sum();
        if self.count(None) == all && all > 0 {
            return format!(
                "no estimate: none of {} has been done in {}\nrun it once, and this becomes an answer\n",
                number(all, "task"),
                if self.runs == 0 {
                    "any run: there is none yet".to_owned()
                } else {
                    format!("the newest {}", number(self.runs, "run"))
                }
            );
        }
        let more = if self.count(None) > 0 { " and what is not known" } else { "" };
        let mut text = format!("estimate: {}{more}\n", shown(self.forecast.seconds));
        if !self.alike.is_empty() {
            let named: Vec<String> = self.alike.iter().take(NAMED).map(|seconds| shown(*seconds)).collect();
            let _ = writeln!(text, "runs with the same settings took {}", named.join(", "));
        }
        let words = [
            (Some(Basis::Alike), "as in runs with the same settings"),
            (Some(Basis::Host), "as in other runs"),
            (Some(Basis::Step), "as on another host"),
            (Some(Basis::Task), "as the same task in another case or playbook"),
            (None, "NOT KNOWN and left out"),
        ];
        let told = words.iter().filter(|(basis, _)| self.count(*basis) > 0);
        let told: Vec<String> =
            told.map(|(basis, words)| format!("{} {words}", self.count(*basis))).collect();
        let _ = writeln!(text, "of {}: {}", number(all, "task"), told.join(", "));
        let mut named: Vec<&str> = self.unknown.iter().take(NAMED).map(String::as_str).collect();
        let rest = self.unknown.len().saturating_sub(NAMED);
        let rest = format!("{rest} more");
        if self.unknown.len() > NAMED {
            named.push(&rest);
        }
        if !named.is_empty() {
            let _ = writeln!(text, "not known: {}", named.join(", "));
        }
        text += &self.path();
        text += &self.fitting();
        text
    }

    /// What decides how long it takes.
    fn path(&self) -> String {
        let legs = path(&self.forecast.path);
        let mut longest: Vec<f64> = legs.values().map(|(seconds, _)| *seconds).collect();
        longest.sort_by(|a, b| b.total_cmp(a));
        let least = longest.get(LINES - 1).copied().unwrap_or_default();
        let mut rows = Vec::new();
        let (mut others, mut rest) = (0, 0.0);
        for ((host, what, part), (seconds, times)) in &legs {
            if *seconds < least || *seconds < self.forecast.seconds / 1000.0 {
                (others, rest) = (others + 1, rest + seconds);
                continue;
            }
            let times = if *times > 1 { format!("{times}×") } else { String::new() };
            let share = format!("{:.0} %", 100.0 * seconds / self.forecast.seconds);
            rows.push(
                [host.as_str(), what, part, &times, &shown(*seconds), &share].map(str::to_owned).to_vec(),
            );
        }
        if others > 0 {
            let share = format!("{:.0} %", 100.0 * rest / self.forecast.seconds);
            rows.push(
                ["", &format!("{others} shorter"), "", "", &shown(rest), &share].map(str::to_owned).to_vec(),
            );
        }
        let (left, right) = (Align::Left, Align::Right);
        let lines = lines(&[left, left, left, right, right, right], &rows).join("\n  ");
        format!("critical path, each begins when the one before has ended:\n  {lines}\n")
    }

    /// What the budget leaves out.
    fn fitting(&self) -> String {
        let Some(budget) = self.budget else { return String::new() };
        if self.forecast.left_out.is_empty() {
            return format!("budget {}: all of it fits\n", shown(budget));
        }
        let mut text = format!("budget {}: what does not fit is left out\n", shown(budget));
        for LeftOut { case, host, rounds } in &self.forecast.left_out {
            let what = rounds.map_or_else(|| "all of it".to_owned(), |rounds| number(rounds, "round"));
            let _ = writeln!(text, "  {case}  {host}  {what}");
        }
        text
    }

    /// For programs.
    pub(super) fn json(&self) -> String {
        let legs = path(&self.forecast.path);
        let path = legs.into_iter().map(|((host, what, part), (seconds, times))| {
            json!({"host": host, "what": what, "part": part, "times": times, "seconds": seconds})
        });
        let left_out = self.forecast.left_out.iter();
        let left_out = left_out.map(|out| json!({"case": out.case, "host": out.host, "rounds": out.rounds}));
        let told = json!({
            "seconds": self.forecast.seconds,
            "like": self.alike,
            "tasks": {
                "alike": self.count(Some(Basis::Alike)),
                "host": self.count(Some(Basis::Host)),
                "step": self.count(Some(Basis::Step)),
                "task": self.count(Some(Basis::Task)),
                "unknown": self.count(None),
            },
            "unknown": self.unknown,
            "path": path.collect::<Vec<_>>(),
            "budget": self.budget,
            "left_out": left_out.collect::<Vec<_>>(),
        });
        format!("{told:#}\n")
    }
}

/// The parts of a path: host, what and which part of it; how long and how often.
fn path(legs: &[Leg]) -> IndexMap<(HostName, String, &'static str), (f64, usize)> {
    /// How long it is, and which rounds.
    type Part = (f64, BTreeSet<Option<(bool, u32)>>);
    let mut found: IndexMap<_, Part> = IndexMap::new();
    for leg in legs {
        let (what, part, round) = match &leg.case {
            None => (leg.title.clone(), "", None),
            Some((case, CasePart::Round { number, warmup })) => {
                (case.to_string(), "run", Some((*warmup, *number)))
            }
            Some((case, CasePart::Finish | CasePart::Close)) => (case.to_string(), "finish", None),
            Some((case, CasePart::Open | CasePart::Prepare)) => (case.to_string(), "prepare", None),
        };
        let entry = found.entry((leg.host.clone(), what, part)).or_default();
        entry.0 += leg.to - leg.from;
        entry.1.insert(round);
    }
    found.into_iter().map(|(key, (seconds, rounds))| (key, (seconds, rounds.len()))).collect()
}

fn shown(seconds: f64) -> String {
    human_duration(Duration::from_secs_f64(seconds.max(0.0)))
}

/// The machine of each host, as a run finds it: two names of one machine never measure at the same time.
fn machines(compiled: &Compiled) -> HashMap<HostName, Arc<str>> {
    let hosts: BTreeSet<HostName> = compiled.plan.plays.iter().flat_map(|play| play.hosts.clone()).collect();
    let with = &compiled.compiler;
    let asked = ["machine".to_owned()];
    let visits = visits(with, with.environment(), hosts.into_iter().collect(), None, &asked);
    let named = visits.into_iter().filter_map(|(host, visit)| {
        let visit = visit.ok()?;
        let said = visit.variables.get("machine").map(ToString::to_string).filter(|name| !name.is_empty());
        Some((host, said.unwrap_or_else(|| visit.endpoint.machine()).into()))
    });
    named.collect()
}
