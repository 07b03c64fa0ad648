//! `requirements`: is there on the target what a case requires? Says all that is missing at once.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::FileTypeExt;

use rustix::process::{Resource, getrlimit};
use schemars::JsonSchema;
use serde::Deserialize;

use super::programs::is_there;
use super::{Answer, Context, Failure, Module, call};
use crate::base::spec::{CheckMode, OnResume, Spec, schema_of};
use crate::wire::Outcome;

/// Benchbook asks it for `requires:` of a case; nothing is changed.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// Programs: paths, or names to look for in `$PATH`.
    #[serde(default)]
    pub commands: Vec<String>,
    /// Which package brings a program, to be named when it is missing.
    #[serde(default)]
    pub packages: BTreeMap<String, String>,
    /// Device files.
    #[serde(default)]
    pub devices: Vec<String>,
    /// Memory that must be available, in bytes.
    pub memory: Option<u64>,
    /// The least limit of locked memory, in bytes.
    pub memlock: Option<u64>,
    /// Locked memory must have no limit.
    #[serde(default)]
    pub memlock_unlimited: bool,
}

pub(super) const SPEC: Spec = Spec {
    name: "requirements",
    summary: "Checks what a case requires.",
    free_form: None,
    open: false,
    on_resume: OnResume::Rerun,
    check: CheckMode::ReadOnly,
    schema: schema_of::<Args>,
};

/// The row of the table.
pub const MODULE: Module = Module { name: SPEC.name, run: |args, ctx| call(args, ctx, requirements) };

fn requirements(args: &Args, ctx: &mut Context<'_>) -> Answer {
    let mut missing = Vec::new();
    for command in &args.commands {
        if !is_there(command, ctx) {
            let package = args.packages.get(command).map(|package| format!(" (package {package})"));
            missing.push(format!("the program `{command}`{}", package.unwrap_or_default()));
        }
    }
    for device in &args.devices {
        let kind = fs::metadata(device).map(|m| m.file_type());
        if !kind.is_ok_and(|kind| kind.is_char_device() || kind.is_block_device()) {
            missing.push(format!("the device {device}"));
        }
    }
    if let Some(wanted) = args.memory {
        let available = available_memory()
            .ok_or_else(|| Failure::new("cannot tell how much memory is available from /proc/meminfo"))?;
        if available < wanted {
            missing.push(format!("{} of memory ({} are available)", mib(wanted), mib(available)));
        }
    }
    let limit = getrlimit(Resource::Memlock).current;
    let wanted = if args.memlock_unlimited { Some(u64::MAX) } else { args.memlock };
    if let (Some(wanted), Some(limit)) = (wanted, limit)
        && limit < wanted
    {
        let wanted = if args.memlock_unlimited { "no limit".to_owned() } else { mib(wanted) };
        missing.push(format!("{wanted} of locked memory (the limit is {}, see `ulimit -l`)", mib(limit)));
    }
    if missing.is_empty() {
        return Ok(Outcome::ok(false));
    }
    Err(Failure::new(format!("this machine lacks {}", missing.join(", "))).with("missing", missing))
}

/// `MemAvailable` of /proc/meminfo, in bytes.
fn available_memory() -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

fn mib(bytes: u64) -> String {
    format!("{} MiB", bytes >> 20)
}
