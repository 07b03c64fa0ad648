//! The processors, per mode, in processors that are busy with it: half a core is 0.5. From /proc/stat; see `proc_stat(5)`.

use super::{Readings, Roots};

/// The modes in the order of the first line. What guests take is in `user` and `nice` too.
const MODES: [&str; 8] = ["user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal"];
/// The unit of the file, whatever the kernel's own tick is.
pub const TICKS_PER_SECOND: f64 = 100.0;

pub(super) fn read(roots: &Roots, readings: &mut Readings) {
    let stat = roots.proc("stat");
    let Some(line) = stat.lines().find_map(|line| line.strip_prefix("cpu ")) else { return };
    let ticks: Vec<f64> = line.split_whitespace().map_while(|field| field.parse().ok()).collect();
    let idle = |mode: &str| matches!(mode, "idle" | "iowait");
    let busy = MODES.iter().zip(&ticks).filter(|(mode, _)| !idle(mode)).map(|(_, ticks)| ticks);
    readings.rate("cpu.busy", "cores", busy.sum::<f64>() / TICKS_PER_SECOND);
    for (mode, ticks) in MODES.iter().zip(&ticks) {
        readings.rate(&format!("cpu.{mode}"), "cores", ticks / TICKS_PER_SECOND);
    }
}
