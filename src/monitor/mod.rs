//! What is sampled on a machine while cases run: where figures of the kernel are read, and how text becomes figures.
//!
//! One file per source, one row in [`BUILT_IN`]. This layer reads files below two roots and nothing else; it starts nothing,
//! sends nothing and knows neither periods nor runs.

mod cgroup;
pub mod container;
mod cpu;
pub mod declared;
mod disk;
mod frequency;
mod load;
mod memory;
mod network;
mod pressure;
mod readings;

pub use self::cpu::TICKS_PER_SECOND;
use std::path::{Path, PathBuf};
use std::time::Instant;

pub use self::readings::Readings;
use crate::base::Clock;
use crate::wire::{Column, Sample};

/// Where the kernel's files are: parameters, so that tests can give their own.
#[derive(Clone, Debug)]
pub struct Roots {
    /// `/proc`
    pub proc: PathBuf,
    /// `/sys`
    pub sys: PathBuf,
    /// How many bytes a page of the kernel has.
    pub page_size: f64,
}

impl Default for Roots {
    fn default() -> Self {
        #[allow(clippy::cast_precision_loss)] // pages are small
        let page_size = rustix::param::page_size() as f64;
        Self { proc: "/proc".into(), sys: "/sys".into(), page_size }
    }
}

impl Roots {
    /// A file below /proc; empty when it is not there or may not be read: then there is nothing to tell of.
    fn proc(&self, path: &str) -> String {
        text(&self.proc.join(path))
    }
}

/// The entries of a folder, by name; none when it is not there.
fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    names
}

/// The number that a file holds.
fn number(path: &Path) -> Option<f64> {
    text(path).trim().parse().ok()
}

/// Files of the kernel are not always UTF-8: names of devices may be anything.
fn text(path: &Path) -> String {
    std::fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}

/// Reads what it finds.
pub type Source = fn(&Roots, &mut Readings);

/// The monitors that need no declaration.
pub const BUILT_IN: [(&str, &[Source]); 2] = [
    ("host", &[cpu::read, memory::read, load::read, pressure::read, disk::read, network::read, cgroup::read]),
    ("cpu", &[frequency::read]),
];

/// The sources of the built-in monitor of this name, if there is one.
pub fn built_in(name: &str) -> Option<&'static [Source]> {
    BUILT_IN.iter().find(|(known, _)| *known == name).map(|(_, sources)| *sources)
}

/// Looks one after the other, each of which tells of the time since the one before.
#[derive(Debug, Default)]
pub struct Looks {
    readings: Readings,
    last: Option<Instant>,
    seconds: f64,
}

impl Looks {
    /// Looks. The first look has no rates: it is what the second is compared with.
    pub fn begin(&mut self, clock: &dyn Clock) -> &mut Readings {
        let now = clock.instant();
        self.seconds = self.last.replace(now).map_or(0.0, |last| now.duration_since(last).as_secs_f64());
        self.readings.begin(self.seconds);
        &mut self.readings
    }

    /// What was seen; nothing at the first look.
    pub fn sample(&self, clock: &dyn Clock) -> Option<Sample> {
        let values = self.readings.values().to_vec();
        (self.seconds > 0.0).then(|| Sample { time: clock.now(), seconds: self.seconds, values })
    }

    /// What the values of the sample are.
    pub fn columns(&self) -> &[Column] {
        self.readings.columns()
    }
}

#[cfg(test)]
mod tests;
