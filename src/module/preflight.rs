//! `preflight`: is this machine fit to be measured on? What may spoil figures, or end a run, is found before it does.
//!
//! Reads files below a root, so that machines we have not can be tried; what no file tells is asked of [`Machine`]. Does not
//! know other hosts: whoever asks several compares what is in `here`.

mod clock;
mod devices;
mod disk;
mod engine;
mod finding;
mod limits;
mod load;
mod logout;
mod machine;
mod memory;
mod peers;
mod processor;

use schemars::JsonSchema;
use serde::Deserialize;

use self::finding::{Finding, Severity};
use self::machine::{Machine, Own};
use super::failure::{Answer, Failure};
use super::setup::root::Root;
use super::{Context, Module, call, environment};
use crate::base::spec::{CheckMode, OnResume, Spec, schema_of};
use crate::base::suggest::nearest;
use crate::base::unit::{Quantity, Unit};
use crate::base::{Map, Value};
use crate::wire::Outcome;

/// Looks whether this machine is fit to be measured on, and tells what it finds: each finding has a `check`, a `severity` (`ok`,
/// `note`, `warning`, `error`), what was `seen` and a `fix`. Limits are judged where the task runs: in a container, those of the container.
///
/// The checks: `governor`, `turbo`, `load`, `memory`, `swap`, `transparent_huge_pages`, `numa_balancing`, `huge_pages`, `disk`,
/// `clock`, `memlock`, `open_files`, `processes`, `container_engine`, `accelerators`, `logout`, `peers`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(clippy::struct_excessive_bools)] // each is a parameter
pub struct Args {
    /// Which findings make the task fail.
    #[serde(default)]
    pub fail_on: FailOn,
    /// Whether warnings and errors are also warnings of the task, which everybody sees.
    #[serde(default)]
    pub warn: bool,
    /// Only these checks; `!` before a name leaves it out. All of them when nothing is said.
    #[serde(default)]
    pub checks: Vec<String>,
    /// What should set the processor's frequency.
    #[serde(default = "performance")]
    pub governor: String,
    /// Whether processors should go above their nominal frequency, by as much as temperature and load allow at the moment.
    #[serde(default)]
    pub turbo: bool,
    /// Seconds for which the load by others is watched.
    #[serde(default = "one")]
    pub watch: f64,
    /// How much of the machine's processors others may use, in percent.
    #[serde(default = "five")]
    pub busy: f64,
    /// How much of the memory should be available, in percent.
    #[serde(default = "half")]
    pub memory_available: f64,
    /// Memory that must be available: `64 GiB`.
    pub memory: Option<String>,
    /// The highest `vm.swappiness` where there is swap space.
    #[serde(default = "ten")]
    pub swappiness: u64,
    /// `always`, `madvise` or `never`.
    #[serde(default = "madvise")]
    pub transparent_huge_pages: String,
    /// Whether the kernel should move memory between NUMA nodes by itself.
    #[serde(default)]
    pub numa_balancing: bool,
    /// Reserved huge pages that must be free: `4 GiB`.
    pub huge_pages: Option<String>,
    /// Folders that must have room.
    #[serde(default = "temporary")]
    pub disk: Vec<String>,
    /// How much room: `1 GiB`.
    #[serde(default = "gibibyte")]
    pub disk_free: String,
    /// Memory that a process must be able to lock: `16 MiB`, or `unlimited`. Whoever has the capability `CAP_IPC_LOCK` can.
    pub memlock: Option<String>,
    /// Files that a process must be able to have open.
    #[serde(default = "files")]
    pub open_files: u64,
    /// Processes and threads that the user must be able to have.
    #[serde(default = "processes")]
    pub processes: u64,
    /// Whether there must be a container engine that the user may use.
    #[serde(default)]
    pub container_engine: bool,
    /// The least number of accelerators.
    #[serde(default)]
    pub accelerators: usize,
    /// Hosts that the user must be able to log in to from here by ssh, without a password.
    #[serde(default)]
    pub peers: Vec<String>,
}

/// What makes the task fail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FailOn {
    /// Whoever asks judges.
    #[default]
    Never,
    /// What will not work.
    Error,
    /// Also what may spoil figures.
    Warning,
}

fn performance() -> String {
    "performance".to_owned()
}
fn madvise() -> String {
    "madvise".to_owned()
}
fn one() -> f64 {
    1.0
}
fn five() -> f64 {
    5.0
}
fn half() -> f64 {
    50.0
}
fn ten() -> u64 {
    10
}
fn temporary() -> Vec<String> {
    ["/tmp", "/var/tmp"].map(str::to_owned).to_vec()
}
fn gibibyte() -> String {
    "1 GiB".to_owned()
}
fn files() -> u64 {
    1024
}
fn processes() -> u64 {
    4096
}

pub(super) const SPEC: Spec = Spec {
    name: "preflight",
    summary: "Looks whether the target is fit to be measured on.",
    free_form: None,
    open: false,
    on_resume: OnResume::Rerun,
    check: CheckMode::ReadOnly,
    schema: schema_of::<Args>,
};

/// The row of the table.
pub const MODULE: Module = Module { name: SPEC.name, run: |args, ctx| call(args, ctx, preflight) };

/// What a check may use.
struct Look<'a> {
    root: &'a Root,
    args: &'a Args,
    machine: &'a mut dyn Machine,
}

/// One check, by its name.
type Check = (&'static str, fn(&mut Look<'_>) -> Result<Vec<Finding>, Failure>);

/// In the order in which they are told.
const CHECKS: [Check; 17] = [
    ("governor", |look| Ok(vec![processor::governor(look)])),
    ("turbo", |look| Ok(vec![processor::turbo(look)])),
    ("load", load::load),
    ("memory", |look| Ok(vec![memory::available(look)?])),
    ("swap", |look| Ok(vec![memory::swap(look)])),
    ("transparent_huge_pages", |look| Ok(vec![memory::transparent(look)])),
    ("numa_balancing", |look| Ok(vec![memory::balancing(look)])),
    ("huge_pages", |look| Ok(vec![memory::reserved(look)?])),
    ("disk", disk::disk),
    ("clock", |look| Ok(vec![clock::clock(look)])),
    ("memlock", |look| Ok(vec![limits::memlock(look)?])),
    ("open_files", |look| Ok(vec![limits::open_files(look)])),
    ("processes", |look| Ok(vec![limits::processes(look)])),
    ("container_engine", |look| Ok(vec![engine::engine(look)])),
    ("accelerators", |look| Ok(devices::accelerators(look))),
    ("logout", |look| Ok(vec![logout::logout(look)])),
    ("peers", |look| Ok(peers::peers(look))),
];

fn preflight(args: &Args, ctx: &mut Context<'_>) -> Answer {
    let root = Root::own();
    let mut look = Look { root: &root, args, machine: &mut Own(ctx) };
    let findings = look.findings()?;
    let of = |wanted| findings.iter().filter(move |found| found.severity == wanted);
    let (errors, warnings) = (of(Severity::Error).count(), of(Severity::Warning).count());
    let bad: Vec<String> = of(Severity::Error).chain(of(Severity::Warning)).map(Finding::told).collect();
    let fails = match args.fail_on {
        FailOn::Never => 0,
        FailOn::Error => errors,
        FailOn::Warning => errors + warnings,
    };
    let outcome = if fails > 0 {
        let reasons = bad[..fails].join("; ");
        Outcome::failed(format!("this machine is not fit to be measured on: {reasons}"))
    } else {
        Outcome::ok(false)
    };
    let told = if args.warn { bad.get(fails..).unwrap_or_default().to_vec() } else { Vec::new() };
    let rows = findings.into_iter().map(Value::from).collect();
    Ok(Outcome { warnings: told, ..outcome }
        .with("findings", Value::list(rows))
        .with("errors", errors)
        .with("warnings_found", warnings)
        .with("here", here(&root)))
}

impl Look<'_> {
    fn findings(&mut self) -> Result<Vec<Finding>, Failure> {
        let mut found = Vec::new();
        for (_, check) in chosen(&self.args.checks)? {
            found.extend(check(self)?);
        }
        Ok(found)
    }
}

/// The checks that are wanted.
fn chosen(words: &[String]) -> Result<Vec<Check>, Failure> {
    let words: Vec<&str> = words.iter().map(|word| word.trim()).filter(|word| !word.is_empty()).collect();
    let (without, with): (Vec<&str>, Vec<&str>) = words.into_iter().partition(|word| word.starts_with('!'));
    let without: Vec<&str> = without.into_iter().map(|word| word.trim_start_matches('!')).collect();
    for word in with.iter().chain(&without) {
        if !CHECKS.iter().any(|(name, _)| name == word) {
            let hint = nearest(word, CHECKS.iter().map(|(name, _)| *name));
            let hint = hint.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
            return Err(Failure::new(format!("checks: there is no check `{word}`{hint}")));
        }
    }
    let wanted = |name: &str| (with.is_empty() || with.contains(&name)) && !without.contains(&name);
    Ok(CHECKS.into_iter().filter(|(name, _)| wanted(name)).collect())
}

/// What should be the same on all hosts: `kernel`, `drivers` (modules of the kernel that tell a version) and `accelerators` in
/// words.
fn here(root: &Root) -> Map {
    let drivers: Map = environment::modules(&root.0).into_iter().collect();
    Map::from_iter([
        ("kernel", root.text("proc/sys/kernel/osrelease").map_or(Value::Null, Value::from)),
        ("drivers", drivers.into()),
        ("accelerators", devices::words(root).into()),
    ])
}

/// A size of memory in bytes; nothing when it is `unlimited`.
fn bytes(name: &str, text: &str) -> Result<Option<u64>, Failure> {
    if text.trim() == "unlimited" {
        return Ok(None);
    }
    if let Ok(bytes) = text.trim().parse() {
        return Ok(Some(bytes));
    }
    let value = Quantity::parse(text).and_then(|said| said.value_in(&Unit::parse("B")));
    let value = value.map_err(|error| Failure::new(format!("{name}: {error}")))?;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // no machine has half a byte
    Ok(Some(value as u64))
}

#[allow(clippy::cast_precision_loss)] // to three digits
fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        (value, unit) = (value / 1024.0, unit + 1);
    }
    let digits = usize::from(value < 10.0 && value.fract() > 0.05);
    format!("{value:.digits$} {}", UNITS[unit])
}

#[cfg(test)]
mod tests;
