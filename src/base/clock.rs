//! Time, behind a trait so that tests can hold it still.

use std::fmt;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// A point in time: nanoseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The time from `earlier` to here; zero when it is later.
    pub fn since(self, earlier: Timestamp) -> Duration {
        Duration::from_nanos(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// Seconds since the epoch.
    #[allow(clippy::cast_precision_loss)] // microseconds survive until the year 2255
    pub fn seconds(self) -> f64 {
        self.0 as f64 / 1e9
    }

    fn civil(self) -> jiff::Timestamp {
        jiff::Timestamp::from_nanosecond(i128::from(self.0)).unwrap_or_default()
    }

    /// `20261121T203100Z`, for names of folders.
    pub fn compact(self) -> String {
        self.civil().strftime("%Y%m%dT%H%M%SZ").to_string()
    }

    /// `2026-11-21 21:31:00,123` on this machine's clock, as logs of Python have it.
    pub fn logged(self) -> String {
        self.civil().to_zoned(jiff::tz::TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S,%3f").to_string()
    }

    /// `2026-11-21 21:31:00.123456` on this machine's clock, as Python prints a time.
    pub fn local(self) -> String {
        self.civil().to_zoned(jiff::tz::TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S.%6f").to_string()
    }

    /// `Saturday 21 November 2026  21:31:00 +0100` on this machine's clock.
    pub fn spelled(self) -> String {
        self.civil().to_zoned(jiff::tz::TimeZone::system()).strftime("%A %d %B %Y  %H:%M:%S %z").to_string()
    }

    /// `2026-11-21 20:31 UTC`, for people.
    pub fn minute(self) -> String {
        self.civil().strftime("%Y-%m-%d %H:%M UTC").to_string()
    }
}

/// RFC 3339 with microseconds.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.civil().strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string())
    }
}

/// Where time comes from.
pub trait Clock: Send + Sync {
    /// The time of day.
    fn now(&self) -> Timestamp;
    /// For measuring how long something takes; never goes back.
    fn instant(&self) -> Instant {
        Instant::now()
    }
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
    }
}

/// A duration for people: `3.1 s`, `4m12s`, `2h03m`.
pub fn human_duration(d: Duration) -> String {
    let s = d.as_secs();
    match s {
        0..60 => format!("{:.1} s", d.as_secs_f64()),
        60..3600 => format!("{}m{:02}s", s / 60, s % 60),
        _ => format!("{}h{:02}m", s / 3600, s % 3600 / 60),
    }
}

/// Reads a duration as people write it: `10m`, `90 s`, `1h30m`, or a number of seconds.
pub fn duration(text: &str) -> Option<Duration> {
    if let Ok(seconds) = text.trim().parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let read: jiff::SignedDuration = text.trim().parse().ok()?;
    Duration::try_from(read).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_a_broken_clock_can_be_compared() {
        let (first, last) = (Timestamp(i64::MIN), Timestamp(i64::MAX));
        assert_eq!(last.since(first), Duration::from_nanos(i64::MAX.unsigned_abs()));
        assert_eq!(first.since(last), Duration::ZERO);
        assert!(!first.to_string().is_empty() && !last.to_string().is_empty());
    }

    #[test]
    fn durations_are_read_as_people_write_them() {
        let read = |text| duration(text).map(|time| time.as_millis());
        let all = ["10m", "90 s", "1h30m", "2h03m", "600", "1.5", "500ms", "10 min"].map(read);
        assert_eq!(all, [600_000, 90_000, 5_400_000, 7_380_000, 600_000, 1500, 500, 600_000].map(Some));
        assert_eq!(["", "-3", "10x", "m", "-10m"].map(read), [None; 5]);
    }
}
