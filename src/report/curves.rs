//! Samples of monitors for a drawing: as many points as can be seen, and of each how low and how high the samples of its time were.

use indexmap::IndexMap;

use super::slices::Part;
use crate::base::Timestamp;

/// Of the monitor `host` only what says most is drawn; of others, all.
const SHOWN: [(&str, &str); 9] = [
    ("cpu.busy", "processors"),
    ("container.cpu", "processors, container"),
    ("memory.used", "memory"),
    ("container.memory", "memory, container"),
    ("swap.in", "swapped in"),
    ("cpu.steal", "taken by other machines"),
    ("container.throttled", "held back"),
    ("cgroup.throttled", "held back"),
    ("frequency.mean", "frequency"),
];
/// What is drawn only when it was ever more than this.
const RARE: [(&str, f64); 4] =
    [("swap.in", 1e5), ("cpu.steal", 0.1), ("container.throttled", 0.01), ("cgroup.throttled", 0.01)];

/// What the monitors of one host saw of a time.
#[derive(Clone, Debug)]
pub struct Curves {
    from: f64,
    width: f64,
    count: usize,
    /// By monitor and column.
    columns: IndexMap<(String, String), Curve>,
}

/// Curves that belong into one drawing.
#[derive(Clone, Debug, PartialEq)]
pub struct Group<'a> {
    /// What they are, for people.
    pub title: String,
    /// Of all of them.
    pub unit: &'a str,
    /// Names of devices, or one without a name.
    pub lines: Vec<(&'a str, &'a Curve)>,
}

/// One column.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Curve {
    /// As its monitor says it.
    pub unit: String,
    /// One after the other; none where there are no samples.
    pub points: Vec<Option<Point>>,
}

/// The samples of a time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// The smallest.
    pub low: f64,
    /// The largest.
    pub high: f64,
    sum: f64,
    count: f64,
}

impl Point {
    /// The mean.
    pub fn mean(&self) -> f64 {
        self.sum / self.count
    }

    fn add(&mut self, value: f64) {
        self.low = self.low.min(value);
        self.high = self.high.max(value);
        self.sum += value;
        self.count += 1.0;
    }
}

impl Curves {
    /// Of so many seconds from a time of the host's clock on, with so many points.
    pub fn new(from: Timestamp, seconds: f64, count: usize) -> Self {
        #[allow(clippy::cast_precision_loss)] // a few hundred
        let width = (seconds / count as f64).max(1e-9);
        Self { from: from.seconds(), width, count, columns: IndexMap::new() }
    }

    /// Whether nothing was sampled that is drawn.
    pub fn is_empty(&self) -> bool {
        self.columns.values().all(|curve| curve.points.iter().all(Option::is_none))
    }

    /// Adds samples of the host.
    pub fn add(&mut self, part: &Part<'_>) {
        for (at, column) in part.columns.iter().enumerate() {
            // A case's own container is drawn with those of the others: they follow each other.
            let name = column.name.split('{').next().unwrap_or_default();
            if part.monitor == "host" && !SHOWN.iter().any(|(shown, _)| *shown == name)
                || part.monitor != "host" && name.starts_with("monitor.")
            {
                continue;
            }
            let key = (part.monitor.to_owned(), name.to_owned());
            let curve = self
                .columns
                .entry(key)
                .or_insert_with(|| Curve { unit: column.unit.clone(), points: vec![None; self.count] });
            for row in part.rows {
                let Some(Some(value)) = row.values.get(at) else { continue };
                // A sample tells of the time before it.
                let to = (row.time.seconds() - self.from) / self.width;
                let from = to - row.seconds / self.width;
                if to < 0.0 || !value.is_finite() {
                    continue;
                }
                // Not negative any more, and points beyond the last are left out.
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
                let range = from.max(0.0) as usize..=to as usize;
                for point in curve.points.iter_mut().take(range.end() + 1).skip(*range.start()) {
                    match point {
                        Some(point) => point.add(*value),
                        None => *point = Some(Point { low: *value, high: *value, sum: *value, count: 1.0 }),
                    }
                }
            }
        }
    }

    /// What is drawn, in the order in which it is. Devices of a monitor share a drawing.
    pub fn groups(&self) -> Vec<Group<'_>> {
        let mut groups: IndexMap<String, Group<'_>> = IndexMap::new();
        for (column, title) in SHOWN {
            for ((monitor, name), curve) in &self.columns {
                let least = RARE.iter().find(|(rare, _)| *rare == column).map(|(_, least)| *least);
                if monitor == "host" && name == column && least.is_none_or(|least| curve.high() > least) {
                    Group::put(&mut groups, title.to_owned(), "", curve);
                }
            }
        }
        let others = || self.columns.iter().filter(|((monitor, _), _)| monitor != "host");
        for ((monitor, name), curve) in others() {
            // `0.power` and `1.power` are two devices; `frequency.mean` is a name.
            let of_device = name.rsplit_once('.').filter(|(_, column)| {
                let alike = |other: &str| other.rsplit_once('.').is_some_and(|(_, its)| its == *column);
                others().filter(|((its, name), _)| its == monitor && alike(name)).count() > 1
            });
            let (device, column) = of_device.unwrap_or(("", name));
            let title = if monitor == column { column.to_owned() } else { format!("{monitor} {column}") };
            Group::put(&mut groups, title, device, curve);
        }
        groups.into_values().collect()
    }
}

impl<'a> Group<'a> {
    fn put(groups: &mut IndexMap<String, Self>, title: String, name: &'a str, curve: &'a Curve) {
        let group = groups.entry(title.clone());
        let new = || Group { title, unit: &curve.unit, lines: Vec::new() };
        group.or_insert_with(new).lines.push((name, curve));
    }
}

impl Curve {
    /// The largest sample.
    pub fn high(&self) -> f64 {
        self.points.iter().flatten().map(|point| point.high).fold(f64::NEG_INFINITY, f64::max)
    }

    /// The smallest sample.
    pub fn low(&self) -> f64 {
        self.points.iter().flatten().map(|point| point.low).fold(f64::INFINITY, f64::min)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Column, Sample};

    #[test]
    fn a_sample_fills_the_time_that_it_tells_of() {
        let columns = ["0.power", "1.power"].map(|name| Column { name: name.into(), unit: "W".into() });
        let row =
            |time: i64, value| Sample { time: Timestamp(time), seconds: 2.0, values: vec![value, None] };
        let rows =
            [row(3_900_000_000, Some(10.0)), row(5_900_000_000, Some(30.0)), row(20_000_000_000, Some(9.0))];
        let mut curves = Curves::new(Timestamp(0), 10.0, 10);
        curves.add(&Part { monitor: "device", columns: &columns, rows: &rows });
        let groups = curves.groups();
        let [Group { title, unit, lines }] = groups.as_slice() else { panic!("{groups:?}") };
        assert_eq!((title.as_str(), *unit, lines[0].0), ("device power", "W", "0"));
        let means: Vec<Option<f64>> = lines[0].1.points.iter().map(|p| p.map(|p| p.mean())).collect();
        let (a, b) = (Some(10.0), Some(30.0));
        assert_eq!(means, [None, a, a, Some(20.0), b, b, None, None, None, None]);
        assert_eq!(lines[0].1.points[3].map(|p| (p.low, p.high)), Some((10.0, 30.0)));
    }
}
