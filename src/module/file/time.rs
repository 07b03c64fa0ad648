//! Access and modification times of a file: `preserve`, `now` or a given time.

use std::path::Path;

use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, UTIME_NOW, UTIME_OMIT};

use super::Args;
use crate::module::failure::{Doing, Failure};

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

    /// Sets them, unless `check`; whether anything differs. `now` always does.
    pub fn apply(self, path: &Path, follow: bool, check: bool) -> Result<bool, Failure> {
        use std::os::unix::fs::MetadataExt;
        let found = if follow { path.metadata() } else { path.symlink_metadata() }.doing("look at", path)?;
        let differs = |time, current| match time {
            Time::Preserve => false,
            Time::Now => true,
            Time::At(seconds) => seconds != current,
        };
        let changed = differs(self.access, found.atime()) || differs(self.modification, found.mtime());
        if changed && !check {
            let flags = if follow { AtFlags::empty() } else { AtFlags::SYMLINK_NOFOLLOW };
            let times =
                Timestamps { last_access: spec(self.access), last_modification: spec(self.modification) };
            rustix::fs::utimensat(CWD, path, &times, flags).doing("set the times of", path)?;
        }
        Ok(changed)
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
