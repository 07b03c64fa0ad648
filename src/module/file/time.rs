//! Access and modification times of a file: `preserve`, `now` or a given time.

use std::path::Path;

use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, UTIME_NOW, UTIME_OMIT};

use super::Args;
use crate::module::attributes::Change;
use crate::module::failure::{Doing, Failure};
use crate::module::stat::seconds as seconds_of;

/// Ansible's default format of a time: `202611212031.00`.
pub fn default_format() -> String {
    "%Y%m%d%H%M.%S".to_owned()
}

/// What to do with one time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Time {
    Preserve,
    Now,
    /// Seconds since the epoch.
    At(i64),
}

/// What to do with both.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    access: Time,
    modification: Time,
}

impl Times {
    /// Reads the arguments; `default` is `preserve` or `now`.
    pub fn read(args: &Args, default: &str) -> Result<Self, Failure> {
        let one = |text: &Option<String>, format: &str| read(text.as_deref().unwrap_or(default), format);
        Ok(Self {
            access: one(&args.access_time, &args.access_time_format)?,
            modification: one(&args.modification_time, &args.modification_time_format)?,
        })
    }

    /// Sets them, unless `check`, and says what differed; `now` always does.
    pub fn apply(self, path: &Path, follow: bool, check: bool) -> Result<Vec<Change>, Failure> {
        use std::os::unix::fs::MetadataExt;
        let found = if follow { path.metadata() } else { path.symlink_metadata() }.doing("look at", path)?;
        let differs = |name, time, seconds: i64, nanoseconds: i64| {
            let there = seconds_of(seconds, nanoseconds);
            match time {
                Time::Preserve => None,
                Time::Now => {
                    let now = jiff::Timestamp::now();
                    Some((name, there, seconds_of(now.as_second(), now.subsec_nanosecond().into())))
                }
                Time::At(wanted) if (wanted, 0) == (seconds, nanoseconds) => None,
                Time::At(wanted) => Some((name, there, seconds_of(wanted, 0))),
            }
        };
        let changes: Vec<Change> = [
            differs("mtime", self.modification, found.mtime(), found.mtime_nsec()),
            differs("atime", self.access, found.atime(), found.atime_nsec()),
        ]
        .into_iter()
        .flatten()
        .collect();
        if !changes.is_empty() && !check {
            let flags = if follow { AtFlags::empty() } else { AtFlags::SYMLINK_NOFOLLOW };
            let times =
                Timestamps { last_access: spec(self.access), last_modification: spec(self.modification) };
            rustix::fs::utimensat(CWD, path, &times, flags).doing("set the times of", path)?;
        }
        Ok(changes)
    }
}

fn spec(time: Time) -> Timespec {
    match time {
        Time::Preserve => Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT },
        Time::Now => Timespec { tv_sec: 0, tv_nsec: UTIME_NOW },
        Time::At(seconds) => Timespec { tv_sec: seconds, tv_nsec: 0 },
    }
}

fn read(text: &str, format: &str) -> Result<Time, Failure> {
    match text {
        "preserve" => Ok(Time::Preserve),
        "now" => Ok(Time::Now),
        time => {
            let local = jiff::civil::DateTime::strptime(format, time)
                .and_then(|t| t.to_zoned(jiff::tz::TimeZone::system()));
            local
                .map(|t| Time::At(t.timestamp().as_second()))
                .map_err(|e| Failure::new(format!("`{time}` is no time of the format {format}: {e}")))
        }
    }
}
