//! What a run came to: the pure data that every [`super::Format`] prints, made from the run's events alone.
//!
//! Hosts and rounds are never pooled: a figure has one median per host, over that host's rounds without warm-up.

use std::collections::{BTreeMap, HashMap};

use indexmap::{IndexMap, IndexSet};
use serde::Serialize;

use super::notes::Note;
use super::outliers::Outlier;
use super::slices::{Slice, Slices};
use super::verdict::{Miss, Verdict, judge};
use crate::base::statistics::{self, Summary as Statistics};
use crate::base::{CaseId, HostName, RunId, StepId, Timestamp, Value};
use crate::event::{Event, Expectation, Fate, Figure, Gang, GoingOn, Tally, Why};

/// How many of the last lines of a failed step's output are kept.
const TAIL: usize = 5;

/// What a run came to.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Summary {
    /// The run.
    pub run: Option<RunId>,
    /// The playbook's name.
    pub playbook: String,
    /// When it began.
    pub started: Timestamp,
    /// How long it took; none while it goes on, or when nobody was there to write the end.
    pub seconds: Option<f64>,
    /// In inventory order.
    pub hosts: IndexSet<HostName>,
    /// Expanded by their matrix, as planned.
    pub cases: usize,
    /// In-container mode, as the plan's header names it.
    pub mode: Option<String>,
    /// Whether the figures were read again after the run.
    pub reparsed: bool,
    /// Cases in the order of the plan; within one, figures in the order in which they first came.
    pub rows: Vec<Row>,
    /// Steps that failed for good.
    pub failures: Vec<Failure>,
    /// Which part of a host's time each round was; what monitors saw of it is added to them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub slices: Vec<Slice>,
    /// What monitors saw that makes figures less worth, and what they did not see.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
    /// How long the steps of each case took on each host, in seconds.
    #[serde(skip)]
    pub spent: HashMap<(CaseId, HostName), f64>,
    /// What the user should know.
    pub warnings: Vec<String>,
    /// How the steps of each host ended.
    pub recap: BTreeMap<HostName, Tally>,
    /// 0 all good, 1 something failed or missed, 3 unreachable, 4 stopped; none while it goes on.
    pub exit: Option<u8>,
}

/// One figure of one case on all hosts.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// The case.
    pub case: CaseId,
    /// The metric's name; empty for a case that has given no figure.
    pub figure: String,
    /// In the order of their names.
    pub labels: Vec<(String, String)>,
    /// As the metric declares it.
    pub unit: String,
    /// Which direction is good.
    pub higher_is_better: bool,
    /// By host.
    pub cells: IndexMap<HostName, Cell>,
    /// (max - min) / median of the hosts' medians, when there are several.
    pub spread: Option<f64>,
    /// Whether something is expected of it.
    pub judged: bool,
    /// The worst of its cells.
    pub verdict: Verdict,
}

/// One figure of one case on one host.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Cell {
    /// The hosts that ran it together, by rank; empty when the host ran it alone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub gang: Vec<HostName>,
    /// Of the rounds that count, in their order, in the row's unit.
    pub values: Vec<f64>,
    /// How many rounds should have counted.
    pub rounds: u32,
    /// Rounds went on until the interval was at most so wide, as a share of the median, or something else ended them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<f64>,
    /// Of `values`.
    pub statistics: Option<Statistics>,
    /// How it turned out here.
    pub verdict: Verdict,
    /// The bound that was not kept.
    pub miss: Option<Miss>,
    /// Rounds that lie apart from the others.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub outliers: Vec<Outlier>,
    /// The baseline's value, in the row's unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub baseline: Option<f64>,
    /// The first bound that is asked for, kept or not.
    #[serde(skip)]
    pub bound: Option<f64>,
}

/// A step that failed for good, or a case that failed without one.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Failure {
    /// Where.
    pub host: HostName,
    /// The case, if it is one's.
    pub case: Option<CaseId>,
    /// The round, if it is one's.
    pub round: Option<u32>,
    /// Whether that was a warm-up round.
    pub warmup: bool,
    /// The step and its name.
    pub step: Option<(StepId, String)>,
    /// One sentence.
    pub reason: String,
    /// How long it had taken.
    pub seconds: Option<f64>,
    /// `roles/gemm/tasks/run.yml:4`
    pub place: String,
    /// The last lines of its output.
    pub tail: Vec<String>,
}

/// What is known of a case on a host.
#[derive(Clone, Debug, Default)]
struct Attempt {
    repeat: u32,
    gang: Option<Gang>,
    going_on: Option<GoingOn>,
    expect: Vec<Expectation>,
    /// Set when it ended: why it failed, or that it did not; and the rounds that were done.
    ended: Option<(Option<String>, u32)>,
    /// Set when it never began.
    left_out: Option<Why>,
}

/// Gathers events into a [`Summary`].
#[derive(Clone, Debug, Default)]
pub struct Gathering {
    summary: Summary,
    /// In the order of the plan.
    planned: IndexSet<CaseId>,
    attempts: IndexMap<CaseId, IndexMap<HostName, Attempt>>,
    figures: Vec<Figure>,
    failures: Vec<Failure>,
    slices: Slices,
    last: Timestamp,
    /// Somebody asked the run to stop.
    stopped: bool,
}

impl Summary {
    /// Of all events so far.
    pub fn of<'a>(events: impl IntoIterator<Item = (Timestamp, &'a Event)>) -> Self {
        let mut gathering = Gathering::default();
        events.into_iter().for_each(|(time, event)| gathering.add(time, event));
        gathering.finish()
    }

    /// How many rows ended this way.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.rows.iter().filter(|r| r.verdict == verdict).count()
    }
}

impl Gathering {
    /// Takes one event into account.
    pub fn add(&mut self, time: Timestamp, event: &Event) {
        self.last = time;
        self.slices.add(time, event);
        match event {
            Event::RunStarted { run, playbook, hosts, cases, mode, .. } => {
                self.summary.run = Some(run.clone());
                short(playbook).clone_into(&mut self.summary.playbook);
                self.summary.hosts = hosts.iter().cloned().collect();
                self.summary.cases = cases.len();
                self.planned = cases.iter().cloned().collect();
                self.summary.mode.clone_from(mode);
                self.summary.started = time;
            }
            Event::PlayStarted { hosts, .. } => self.summary.hosts.extend(hosts.iter().cloned()),
            Event::CaseStarted { case, host, repeat, gang, going_on, expect, .. } => {
                // Begun again after a stop: what it gave before does not count.
                self.figures.retain(|f| f.case != *case || f.host != *host);
                self.failures.retain(|f| f.case.as_ref() != Some(case) || f.host != *host);
                self.summary.spent.remove(&(case.clone(), host.clone()));
                let (gang, expect) = (gang.clone(), expect.clone());
                let going_on = *going_on;
                let attempt = Attempt { repeat: *repeat, gang, going_on, expect, ..Attempt::default() };
                self.attempts.entry(case.clone()).or_default().insert(host.clone(), attempt);
            }
            Event::CaseEnded { case, host, failed, rounds } => {
                let attempt = self.attempts.entry(case.clone()).or_default().entry(host.clone()).or_default();
                attempt.ended = Some((failed.clone(), *rounds));
            }
            Event::CaseLeftOut { case, host, repeat, why } => {
                let attempt = Attempt { repeat: *repeat, left_out: Some(*why), ..Attempt::default() };
                self.attempts.entry(case.clone()).or_default().insert(host.clone(), attempt);
            }
            Event::Figure(figure) => self.figures.push(figure.clone()),
            Event::StepEnded { step, host, case, started, ended, .. } => {
                if let Some(case) = case {
                    let spent = self.summary.spent.entry((case.clone(), host.clone())).or_default();
                    *spent += ended.since(*started).as_secs_f64();
                }
                let same = |f: &Failure| f.host == *host && f.step.as_ref().is_some_and(|(s, _)| s == step);
                self.failures.retain(|f| !same(f));
                self.failures.extend(failure(event));
            }
            // They give their figures again.
            Event::Reopened { host, steps } => {
                self.figures.retain(|f| f.host != *host || !steps.contains(&f.step));
            }
            Event::Stopping { .. } | Event::BudgetSpent { .. } => self.stopped = true,
            Event::Resumed { .. } => {
                self.stopped = false;
                self.summary.exit = None;
                self.summary.seconds = None;
            }
            Event::Warning { text } | Event::Error { text } => self.summary.warnings.push(text.clone()),
            Event::Reparsed { .. } => {
                self.figures.clear();
                self.summary.reparsed = true;
            }
            Event::RunEnded { exit, seconds, hosts, .. } => {
                self.summary.exit = Some(*exit);
                self.summary.seconds = Some(*seconds);
                self.summary.recap.clone_from(hosts);
            }
            _ => {}
        }
    }

    /// The summary of what was added.
    pub fn finish(mut self) -> Summary {
        self.reduce_gangs();
        self.summary.rows = self.rows();
        self.summary.slices = std::mem::take(&mut self.slices).finish(&self.planned);
        self.summary.failures = self.final_failures();
        let bad = |r: &Row| matches!(r.verdict, Verdict::Missed | Verdict::Failed);
        let good = self.summary.failures.is_empty() && !self.summary.rows.iter().any(bad);
        // The run says how it ended; only figures that were read again afterwards are judged here.
        if self.summary.reparsed && matches!(self.summary.exit, Some(0 | 1)) {
            self.summary.exit = Some(u8::from(!good));
        }
        self.summary
    }

    /// What the members of a gang measured becomes one figure where the case says so.
    fn reduce_gangs(&mut self) {
        for (case, attempts) in &self.attempts {
            for (host, attempt) in attempts {
                let Some(gang) = attempt.gang.as_ref().filter(|gang| gang.is_led_by(host)) else { continue };
                let is_own = |f: &Figure| f.case == *case && gang.members.contains(&f.host);
                let (own, others) = std::mem::take(&mut self.figures).into_iter().partition(is_own);
                self.figures = others;
                self.figures.extend(gang.figures(&own));
            }
        }
    }

    /// What is known of each case, in the order of the plan; those that only the run knew come last.
    fn cases(&self) -> impl Iterator<Item = (&CaseId, &IndexMap<HostName, Attempt>)> {
        let planned = self.planned.iter().filter_map(|case| self.attempts.get_key_value(case));
        planned.chain(self.attempts.iter().filter(|(case, _)| !self.planned.contains(*case)))
    }

    fn rows(&self) -> Vec<Row> {
        type Name<'a> = (&'a str, Vec<(String, String)>);
        let mut by_case: IndexMap<&CaseId, IndexMap<Name<'_>, Vec<&Figure>>> =
            self.cases().map(|(case, _)| (case, IndexMap::new())).collect();
        for figure in &self.figures {
            let labels = figure.labels.iter().map(|(k, v)| (k.clone(), v.clone())).collect();
            let name = (figure.name.as_str(), labels);
            by_case.entry(&figure.case).or_default().entry(name).or_default().push(figure);
        }
        // What was expected and never came has its row too.
        for (case, attempts) in self.cases() {
            let figures = by_case.entry(case).or_default();
            for expect in attempts.values().flat_map(|attempt| &attempt.expect) {
                if !figures
                    .keys()
                    .any(|(name, labels)| expect.concerns(name, &labels.iter().cloned().collect()))
                {
                    let labels = expect.labels.iter().map(|(k, v)| (k.clone(), v.clone())).collect();
                    figures.entry((expect.figure.as_str(), labels)).or_default();
                }
            }
        }
        let mut rows = Vec::new();
        for (case, figures) in by_case {
            if figures.is_empty() {
                rows.push(self.row(case, "", Vec::new(), &[]));
            }
            rows.extend(figures.into_iter().map(|((name, labels), f)| self.row(case, name, labels, &f)));
        }
        rows
    }

    fn row(&self, case: &CaseId, figure: &str, labels: Vec<(String, String)>, figures: &[&Figure]) -> Row {
        let none = IndexMap::new();
        let attempts = self.attempts.get(case).unwrap_or(&none);
        let mut judged = false;
        let by_name: BTreeMap<String, String> = labels.iter().cloned().collect();
        let mut cells: IndexMap<HostName, Cell> = IndexMap::new();
        for host in &self.summary.hosts {
            let mut counted: Vec<&Figure> =
                figures.iter().copied().filter(|f| f.host == *host && !f.warmup).collect();
            counted.sort_by_key(|f| f.round);
            let values: Vec<f64> = counted.iter().map(|f| f.value).collect();
            let attempt = attempts.get(host);
            // A gang's figure stands at its first rank.
            let follows = attempt.and_then(|a| a.gang.as_ref()).is_some_and(|gang| !gang.is_led_by(host));
            if values.is_empty() && (attempt.is_none() || follows) {
                continue;
            }
            let mut attempt = attempt.cloned().unwrap_or_default();
            if let (Some(gang), Some((failed @ None, _))) = (&attempt.gang, &mut attempt.ended) {
                // It has failed when it failed on any of its hosts.
                let mut ended = gang.members.iter().filter_map(|member| attempts.get(member)?.ended.as_ref());
                *failed = ended.find_map(|(failed, _)| failed.clone());
            }
            let expect: Vec<&Expectation> =
                attempt.expect.iter().filter(|e| e.concerns(figure, &by_name)).collect();
            judged |= !expect.is_empty();
            let own = |f: &&Figure| f.case == *case && f.host == *host && !f.warmup;
            let answered =
                |e: &Expectation| self.figures.iter().filter(own).any(|f| e.concerns(&f.name, &f.labels));
            let owed = expect.iter().any(|e| !answered(e));
            let mut cell = cell(values, &attempt, &expect, figure.is_empty(), owed);
            cell.outliers = super::outliers::of(&counted);
            if self.stopped && cell.verdict == Verdict::Skipped {
                cell.verdict = Verdict::Incomplete;
            }
            cells.insert(host.clone(), cell);
        }
        let complete = |c: &&Cell| matches!(c.verdict, Verdict::Ok | Verdict::Missed);
        let statistics = cells.values().filter(complete).filter_map(|c| c.statistics.as_ref());
        let medians: Vec<f64> = statistics.map(|s| s.median).collect();
        let worst = || cells.values().map(|c| c.verdict);
        Row {
            case: case.clone(),
            figure: figure.to_owned(),
            labels,
            unit: figures.first().map(|f| f.unit.clone()).unwrap_or_default(),
            higher_is_better: figures.first().is_none_or(|f| f.higher_is_better),
            spread: if medians.len() > 1 { statistics::spread(&medians) } else { None },
            judged,
            // A host that had nothing to give does not matter where others gave it.
            verdict: worst().filter(|v| *v != Verdict::Skipped).max().or(worst().max()).unwrap_or_default(),
            cells,
        }
    }

    /// Failed steps that nothing rescued, and cases that failed without a failed step.
    fn final_failures(&self) -> Vec<Failure> {
        let lost = |host: &HostName| {
            let tally = self.summary.recap.get(host);
            tally.is_none_or(|t| t.failed > 0 || t.unreachable > 0)
        };
        let case_failed = |case: &CaseId, host: &HostName| {
            let ended = self.attempts.get(case).and_then(|a| a.get(host)).and_then(|a| a.ended.as_ref());
            ended.is_none_or(|(failed, _)| failed.is_some())
        };
        let is_final = |f: &&Failure| match &f.case {
            Some(case) => case_failed(case, &f.host),
            None => lost(&f.host),
        };
        let mut failures: Vec<Failure> = self.failures.iter().filter(is_final).cloned().collect();
        for (case, attempts) in self.cases() {
            for (host, attempt) in self.summary.hosts.iter().filter_map(|host| attempts.get_key_value(host)) {
                let Some((Some(reason), _)) = &attempt.ended else { continue };
                if failures.iter().any(|f| f.case.as_ref() == Some(case) && f.host == *host) {
                    continue;
                }
                failures.push(Failure {
                    host: host.clone(),
                    case: Some(case.clone()),
                    round: None,
                    warmup: false,
                    step: None,
                    reason: reason.clone(),
                    seconds: None,
                    place: String::new(),
                    tail: Vec::new(),
                });
            }
        }
        failures
    }
}

/// `owed`: something is expected of the host's figures, and no figure of it is meant.
fn cell(
    values: Vec<f64>,
    attempt: &Attempt,
    expect: &[&Expectation],
    without_figure: bool,
    owed: bool,
) -> Cell {
    let statistics = Statistics::of(&values);
    let done = if without_figure {
        attempt.ended.as_ref().map_or(0, |(_, rounds)| *rounds)
    } else {
        u32::try_from(values.len()).unwrap_or(u32::MAX)
    };
    let miss = statistics.as_ref().and_then(|s| judge(s.median, expect));
    let verdict = match &attempt.ended {
        _ if attempt.left_out.is_some() => match attempt.left_out {
            Some(Why::Failed | Why::OthersFailed | Why::Unreachable) => Verdict::Failed,
            Some(Why::Cancelled | Why::OutOfTime) => Verdict::Incomplete,
            _ => Verdict::Skipped,
        },
        Some((Some(_), _)) => Verdict::Failed,
        Some((None, 0)) if attempt.repeat > 0 => Verdict::Skipped,
        Some((None, _)) if done == 0 && attempt.repeat > 0 => {
            if owed {
                Verdict::Failed
            } else {
                Verdict::Skipped
            }
        }
        _ if done < attempt.repeat => Verdict::Incomplete,
        _ if miss.is_some() => Verdict::Missed,
        _ => Verdict::Ok,
    };
    let gang = attempt.gang.as_ref().map(|gang| gang.members.clone()).unwrap_or_default();
    let (outliers, baseline) = (Vec::new(), expect.iter().find_map(|e| e.baseline));
    // Where rounds go on, so many were due as were done.
    let rounds = if attempt.going_on.is_some() { attempt.repeat.max(done) } else { attempt.repeat };
    let until = attempt.going_on.and_then(|going_on| going_on.until);
    let bound = expect.iter().find_map(|e| e.min.or(e.max));
    Cell { gang, values, rounds, until, statistics, verdict, miss, outliers, baseline, bound }
}

/// What a failed step leaves for the end of the run.
pub(super) fn failure(event: &Event) -> Option<Failure> {
    let Event::StepEnded {
        step,
        name,
        host,
        case,
        round,
        warmup,
        fate,
        msg,
        result,
        started,
        ended,
        place,
        ..
    } = event
    else {
        return None;
    };
    if !fate.is_failure() {
        return None;
    }
    let reason = match fate {
        Fate::Unreachable { reason, .. } => format!("unreachable: {reason}"),
        _ => msg.clone().unwrap_or_else(|| "failed".to_owned()),
    };
    Some(Failure {
        host: host.clone(),
        case: case.clone(),
        round: *round,
        warmup: *warmup,
        step: Some((step.clone(), name.clone())),
        reason,
        seconds: Some(ended.since(*started).as_secs_f64()),
        place: place.clone(),
        tail: tail(result),
    })
}

/// The last lines of what a step said: of its standard error, or else of its standard output.
fn tail(result: &Value) -> Vec<String> {
    let text = |key: &str| result.get(key).and_then(Value::as_str).filter(|t| !t.trim().is_empty());
    let lines: Vec<&str> = text("stderr").or_else(|| text("stdout")).unwrap_or_default().lines().collect();
    lines[lines.len().saturating_sub(TAIL)..].iter().map(|l| (*l).to_owned()).collect()
}

/// `quickstart` for `playbooks/quickstart.yml`.
pub(super) fn short(playbook: &str) -> &str {
    let name = playbook.rsplit('/').next().unwrap_or(playbook);
    name.strip_suffix(".yml").or_else(|| name.strip_suffix(".yaml")).unwrap_or(name)
}
