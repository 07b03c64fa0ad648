//! The monitor `cpu`: how many processors are there, how fast they run and how warm they are; a machine that slows down shows
//! it here. From /proc/stat, /sys/devices/system/cpu, or else /proc/cpuinfo, and /sys/class/thermal and powercap.
//!
//! Virtual machines have neither frequencies nor sensors, but the number of processors is there on all.

use super::{Readings, Roots, names, number};

pub(super) fn read(roots: &Roots, readings: &mut Readings) {
    let stat = roots.proc("stat");
    let is_processor = |line: &str| {
        line.strip_prefix("cpu").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    };
    let online = stat.lines().filter(|line| is_processor(line)).map(|_| 1.0).sum::<f64>();
    if online > 0.0 {
        readings.gauge("processors", "", online);
    }
    let frequencies = frequencies(roots);
    let count = frequencies.iter().map(|_| 1.0).sum::<f64>();
    if count > 0.0 {
        let slowest = frequencies.iter().copied().fold(f64::INFINITY, f64::min);
        readings.gauge("frequency.mean", "MHz", frequencies.iter().sum::<f64>() / count);
        readings.gauge("frequency.slowest", "MHz", slowest);
    }
    let thermal = roots.sys.join("class/thermal");
    let zones = names(&thermal).into_iter().filter(|name| name.starts_with("thermal_zone"));
    let temperatures = zones.filter_map(|zone| number(&thermal.join(zone).join("temp")));
    if let Some(hottest) = temperatures.reduce(f64::max) {
        readings.gauge("temperature.hottest", "°C", hottest / 1000.0);
    }
    let powercap = roots.sys.join("class/powercap");
    // Packages only: what they consist of is in them. Only root may read it on most machines.
    for zone in names(&powercap).into_iter().filter(|name| name.matches(':').count() == 1) {
        if let Some(microjoules) = number(&powercap.join(&zone).join("energy_uj")) {
            let package = zone.rsplit(':').next().unwrap_or_default();
            readings.rate(&format!("power.{package}"), "W", microjoules / 1e6);
        }
    }
}

/// Of all processors, in MHz.
fn frequencies(roots: &Roots) -> Vec<f64> {
    let all = roots.sys.join("devices/system/cpu");
    let processors = names(&all).into_iter().filter(|name| {
        name.strip_prefix("cpu").is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()))
    });
    let kilohertz: Vec<f64> =
        processors.filter_map(|name| number(&all.join(name).join("cpufreq/scaling_cur_freq"))).collect();
    if !kilohertz.is_empty() {
        return kilohertz.into_iter().map(|value| value / 1000.0).collect();
    }
    let text = roots.proc("cpuinfo");
    let megahertz = |line: &str| line.strip_prefix("cpu MHz")?.split_once(':')?.1.trim().parse().ok();
    text.lines().filter_map(megahertz).collect()
}
