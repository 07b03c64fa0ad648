//! `benchbook report`: one page about a run, to look at together.

use std::path::PathBuf;

use clap::Args as ClapArgs;
use indexmap::IndexMap;

use super::project::{self, WhichRun};
use super::terminal::Terminal;
use super::{Exit, Failure, Outcome, compare};
use crate::base::statistics::contrast::Rule;
use crate::base::{Diagnostic, HostName, StepId, Timestamp};
use crate::report::course::Course;
use crate::report::curves::Curves;
use crate::report::html::{Log, Material, page};
use crate::report::{Part, Summary};
use crate::store::{Provenance, Run, RunFolder, Runs, Series, StoreError};
use crate::wire::Stream;

/// How many bytes of the end of each log are on the page.
const LOG: u64 = 64 * 1024;
/// Of more failures than this only a short end is.
const FAILURES: usize = 20;
const SHORT_LOG: u64 = 4 * 1024;
/// Points of a curve: more cannot be seen. With many hosts, fewer have to do.
const POINTS: usize = 480;
const FEW_POINTS: usize = 160;
const MANY_HOSTS: usize = 12;
/// Samples are read in so many pieces: a long run has more of them than one wants to have at once.
const PIECES: i64 = 24;

/// Writes one page about a run that works offline: `report.html` in the run's folder
#[derive(Debug, ClapArgs)]
pub(super) struct Args {
    #[command(flatten)]
    run: WhichRun,
    /// Also whether it differs from these runs, each by itself
    #[arg(long, value_name = "RUN", num_args = 1..)]
    compare: Vec<String>,
    /// Write the page there instead; `-` is standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(super) fn run(args: &Args, terminal: &Terminal) -> Outcome {
    let run = args.run.open()?;
    let mut material = material(&run)?;
    let runs = project::runs(args.run.runs.as_deref())?;
    for name in &args.compare {
        material.comparisons.push(against(&runs, &run, name)?);
    }
    let text = page(&material);
    let path = match &args.output {
        Some(path) if path.as_os_str() == "-" => {
            terminal.data(text.as_bytes())?;
            return Ok(Exit::Good);
        }
        Some(path) => {
            std::fs::write(path, text).map_err(|e| {
                let message = format!("the page cannot be written to {}: {e}", path.display());
                Diagnostic::error("report-not-written", message)
            })?;
            path.clone()
        }
        None => {
            let path = run.folder().report();
            run.folder().replace(&path, &text)?;
            path
        }
    };
    terminal.data(format!("{}\n", crate::load::shown(&path)).as_bytes())?;
    Ok(Exit::Good)
}

/// The other run first: what is told is how this one differs from it.
fn against(runs: &Runs, run: &Run, name: &str) -> Result<crate::report::compare::Comparison, Failure> {
    let sides = [Run::open(runs.find(name)?)?, Run::open(run.folder().clone())?];
    compare::between(runs, &sides, Rule::default(), |summary| summary)
}

fn material(run: &Run) -> Result<Material, Failure> {
    let events = run.events()?;
    let mut summary = Summary::of(events.iter().map(|(time, event)| (*time, event)));
    super::usage::add(run, &mut summary)?;
    let course = Course::of(&events);
    drop(events);
    let curves = curves(run, &course)?;
    // A run that broke off at once has none.
    let plan = std::fs::read(run.folder().plan()).ok().and_then(|text| serde_json::from_slice(&text).ok());
    let provenance = run.provenance()?;
    Ok(Material {
        logs: logs(run, &summary)?,
        facts: facts(&provenance),
        origin: origin(&provenance),
        plan: plan.unwrap_or_default(),
        going_on: run.is_going_on(),
        summary,
        course,
        curves,
        comparisons: Vec::new(),
    })
}

fn curves(run: &Run, course: &Course) -> Result<IndexMap<HostName, Curves>, StoreError> {
    let count = if course.lanes.len() > MANY_HOSTS { FEW_POINTS } else { POINTS };
    let mut all = IndexMap::new();
    for (host, lane) in &course.lanes {
        let mut curves = Curves::new(lane.zero, course.seconds, count);
        #[allow(clippy::cast_possible_truncation)] // runs take less than centuries
        let piece = (course.seconds * 1e9) as i64 / PIECES + 1;
        for number in 0..PIECES {
            let from = lane.zero.0 + number * piece;
            let samples = run.samples(host, Timestamp(from), Timestamp(from + piece - 1))?;
            for Series { monitor, columns, rows } in &samples {
                curves.add(&Part { monitor, columns, rows });
            }
        }
        if !curves.is_empty() {
            all.insert(host.clone(), curves);
        }
    }
    Ok(all)
}

/// What the steps said that failed.
fn logs(run: &Run, summary: &Summary) -> Result<Vec<Log>, StoreError> {
    let limit = if summary.failures.len() > FAILURES { SHORT_LOG } else { LOG };
    let mut logs = Vec::new();
    for (number, failure) in summary.failures.iter().enumerate() {
        let Some((step, _)) = &failure.step else { continue };
        let mut take = |step: &StepId, from, stream| -> Result<(), StoreError> {
            let end = run.log_end(&RunFolder::log(step, &failure.host, from), limit)?;
            if let Some((bytes, left_out)) = end.filter(|(bytes, _)| !bytes.is_empty()) {
                let text = String::from_utf8_lossy(&bytes).into_owned();
                logs.push(Log { failure: number, stream, text, left_out });
            }
            Ok(())
        };
        take(step, Stream::Stdout, "stdout")?;
        take(step, Stream::Stderr, "stderr")?;
    }
    Ok(logs)
}

/// What is known of the machines, fact by fact.
fn facts(provenance: &Provenance) -> Vec<(String, IndexMap<HostName, String>)> {
    let machines = &provenance.hosts;
    let fact = |name: &str, of: &dyn Fn(&crate::store::provenance::Machine) -> Option<String>| {
        let values = machines.iter().filter_map(|(host, machine)| Some((host.clone(), of(machine)?)));
        (name.to_owned(), values.collect::<IndexMap<_, _>>())
    };
    // Kernels keep a little more or less for themselves at each start.
    let gib = |mib: u64| format!("{:.1} GiB", f64::from(u32::try_from(mib).unwrap_or(u32::MAX)) / 1024.0);
    let mut facts = vec![
        fact("processor", &|machine| machine.cpu.clone()),
        fact("processors", &|machine| machine.vcpus.map(|count| count.to_string())),
        fact("memory", &|machine| machine.memory_mib.map(gib)),
        fact("kernel", &|machine| machine.kernel.clone()),
        fact("system", &|machine| machine.system.clone()),
        fact("architecture", &|machine| machine.architecture.clone()),
    ];
    let images = provenance.images.iter().map(|(host, images)| {
        let words = images.iter().map(|image| format!("{} {}", image.name, image.id));
        (host.clone(), words.collect::<Vec<_>>().join(", "))
    });
    facts.push(("images".to_owned(), images.collect()));
    let mode = provenance.in_container.iter().map(|(host, why)| (host.clone(), why.clone()));
    facts.push(("in-container mode by".to_owned(), mode.collect()));
    facts
}

fn origin(provenance: &Provenance) -> Vec<(String, String)> {
    let mut origin = vec![
        ("command".to_owned(), provenance.command.join(" ")),
        ("playbook".to_owned(), provenance.playbook.clone()),
        ("inventory".to_owned(), provenance.inventory.join(", ")),
        ("benchbook".to_owned(), provenance.benchbook.clone()),
    ];
    origin.extend(provenance.git.as_ref().map(|git| {
        let dirty = if git.dirty { ", with changes" } else { "" };
        ("git".to_owned(), format!("{}{dirty}", git.commit))
    }));
    origin.extend(provenance.seed.map(|seed| ("seed".to_owned(), seed.to_string())));
    for (name, value) in &provenance.options {
        origin.push((format!("--{}", name.replace('_', "-")), value.clone()));
    }
    for variable in &provenance.variables {
        origin.push((variable.name.clone(), format!("{} ({})", variable.value, variable.origin)));
    }
    origin.retain(|(_, value)| !value.is_empty());
    origin
}
