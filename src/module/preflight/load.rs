//! The load by others: how much of the processors is used while nobody measures, who uses it, and what the hypervisor takes.

use std::collections::HashMap;
use std::time::Duration;

use super::super::failure::Failure;
use super::super::setup::root::Root;
use super::{Finding, Look};

const CHECK: &str = "load";
/// How many processes are named.
const NAMED: usize = 3;
/// What may be stolen, in percent.
const STOLEN: f64 = 1.0;

/// Ticks since the machine began, of all processors together.
#[derive(Clone, Copy, Default)]
struct Ticks {
    busy: u64,
    stolen: u64,
    all: u64,
}

/// One look: the machine's ticks, and the name and ticks of each process.
struct Moment {
    ticks: Ticks,
    processes: HashMap<String, (String, u64)>,
}

pub fn load(look: &mut Look<'_>) -> Result<Vec<Finding>, Failure> {
    let Some(before) = moment(look.root) else {
        return Ok(vec![Finding::note(CHECK, "this kernel does not tell")]);
    };
    let watch = Duration::try_from_secs_f64(look.args.watch);
    look.machine.wait(watch.map_err(|error| Failure::new(format!("watch: {error}")))?)?;
    let Some(after) = moment(look.root) else { return Ok(Vec::new()) };
    let all = after.ticks.all.saturating_sub(before.ticks.all).max(1);
    let busy = percent(after.ticks.busy.saturating_sub(before.ticks.busy), all);
    let stolen = percent(after.ticks.stolen.saturating_sub(before.ticks.stolen), all);
    let mut found = Vec::new();
    if busy > look.args.busy {
        let seen = format!("others use {busy:.0} % of the processors{}", users(&before, &after, all));
        found.push(Finding::warning(CHECK, seen, "end them, or wait until they are through"));
    }
    if stolen > STOLEN {
        let seen = format!("the hypervisor gives {stolen:.0} % of the processors to other machines");
        found.push(Finding::warning(
            CHECK,
            seen,
            "measure on a machine of its own, or with dedicated processors",
        ));
    }
    if found.is_empty() {
        found.push(Finding::ok(CHECK, format!("{busy:.0} % of the processors are used")));
    }
    Ok(found)
}

/// `: cc1plus 48 %, rustc 30 %`: who used most; nobody below a percent.
fn users(before: &Moment, after: &Moment, all: u64) -> String {
    let mut used: Vec<(&str, f64)> = Vec::new();
    for (pid, (name, ticks)) in &after.processes {
        let earlier = before.processes.get(pid).map_or(0, |(_, ticks)| *ticks);
        let share = percent(ticks.saturating_sub(earlier), all);
        match used.iter_mut().find(|(known, _)| known == name) {
            Some((_, sum)) => *sum += share,
            None => used.push((name, share)),
        }
    }
    used.retain(|(_, share)| *share >= 1.0);
    used.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(b.0)));
    let said: Vec<String> =
        used.iter().take(NAMED).map(|(name, share)| format!("{name} {share:.0} %")).collect();
    if said.is_empty() { String::new() } else { format!(": {}", said.join(", ")) }
}

#[allow(clippy::cast_precision_loss)] // ticks of a second or an hour
fn percent(part: u64, all: u64) -> f64 {
    part as f64 * 100.0 / all as f64
}

/// proc(5): `cpu  user nice system idle iowait irq softirq steal guest guest_nice`; guests are counted in `user` too.
fn moment(root: &Root) -> Option<Moment> {
    let text = root.text("proc/stat")?;
    let line = text.lines().find_map(|line| line.strip_prefix("cpu "))?;
    let fields: Vec<u64> = line.split_whitespace().map_while(|field| field.parse().ok()).take(8).collect();
    let [user, nice, system, idle, iowait, irq, softirq, stolen] = fields[..] else { return None };
    let busy = user + nice + system + irq + softirq;
    let ticks = Ticks { busy, stolen, all: busy + idle + iowait + stolen };
    let pids = root.names("proc").into_iter().filter(|name| name.bytes().all(|byte| byte.is_ascii_digit()));
    Some(Moment {
        ticks,
        processes: pids.filter_map(|pid| Some((pid.clone(), process(root, &pid)?))).collect(),
    })
}

/// `proc_pid_stat(5)`: the name in brackets, which may hold anything; `utime` and `stime` are the 14th and 15th field.
fn process(root: &Root, pid: &str) -> Option<(String, u64)> {
    let text = root.text(&format!("proc/{pid}/stat"))?;
    let (front, rest) = text.rsplit_once(')')?;
    let name = front.split_once('(')?.1.to_owned();
    let ticks = rest.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok());
    Some((name, ticks.sum()))
}
