//! Archives of `zip`: listed by `zipinfo`, compared here, unpacked by `unzip`.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::{Compared, Handler, Job, Ran};
use crate::module::failure::{Doing, Failure};
use crate::module::mode::umask;
use crate::module::programs::Said;
use crate::module::{Context, glob};

pub(super) struct Zip {
    unzip: String,
    /// The program that lists, and its first option.
    list: Vec<String>,
    is_unzip_alone: bool,
    entries: Vec<Entry>,
    /// Names that are newer here and are left alone.
    newer: Vec<String>,
}

/// What the archive says of a file.
struct Entry {
    name: String,
    crc: u32,
}

/// What `zipinfo -T -s` says of a file.
struct Line<'a> {
    kind: char,
    permissions: &'a str,
    size: u64,
    time: Option<i64>,
    path: &'a str,
}

impl Zip {
    /// Lists the archive, if the programs are there and it is one; or why it cannot. `zipinfo` may be a part of `unzip`.
    pub(super) fn open(
        job: &Job<'_>,
        with_zipinfo: bool,
        ctx: &mut Context<'_>,
    ) -> Result<Result<Self, String>, Failure> {
        let unzip = ctx.program("unzip");
        let zipinfo = if with_zipinfo { ctx.program("zipinfo") } else { unzip.clone() };
        let (Some(unzip), Some(zipinfo)) = (&unzip, &zipinfo) else {
            let second = if with_zipinfo { "zipinfo" } else { "unzip" };
            let missing = [("unzip", unzip.is_none()), (second, zipinfo.is_none())];
            let missing: Vec<_> = missing.into_iter().filter_map(|(name, is)| is.then_some(name)).collect();
            let missing = missing.join("' or '");
            return Ok(Err(format!("Unable to find required '{missing}' binary in the path.")));
        };
        let listed = ctx.ask([unzip.as_ref(), "-v".as_ref(), job.src.as_os_str()])?;
        if !listed.well() {
            return Ok(Err(format!("Command \"{unzip}\" could not handle archive: {}", listed.err)));
        }
        let mut list = vec![zipinfo.clone()];
        if !with_zipinfo {
            list.push("-Zl".to_owned());
            let Said { out, err, .. } = ctx.ask(&list)?;
            if !out.to_lowercase().contains("zipinfo") {
                return Ok(Err(format!("Command \"unzip -Z\" could not handle archive: {err}")));
            }
        }
        let entries = listed.out.lines().filter_map(entry).collect();
        Ok(Ok(Self { unzip: unzip.clone(), list, is_unzip_alone: !with_zipinfo, entries, newer: Vec::new() }))
    }

    /// What differs about one file: a line for `--diff`, if something does. The second value says that it is newer here.
    fn differs(&self, line: &Line<'_>, job: &Job<'_>) -> Result<(Option<String>, bool), Failure> {
        let Line { kind, path, .. } = *line;
        let letter = match kind {
            _ if path.ends_with('/') => 'd',
            'l' => 'L',
            _ => 'f',
        };
        let file = job.dest.join(path.trim_end_matches('/'));
        let Ok(there) = file.symlink_metadata() else {
            return Ok((Some(format!(">{letter}++++++.?? {path}\n")), false));
        };
        let is_kind = match letter {
            'd' => there.is_dir(),
            'L' => there.is_symlink(),
            _ => there.is_file(),
        };
        if !is_kind {
            return Ok((Some(format!("c{letter}++++++.?? {path}\n")), false));
        }
        let mut itemized: Vec<char> = format!(".{letter}.......??").chars().collect();
        let untouched = itemized.clone();
        if there.is_file() {
            let now = (there.mtime(), there.mtime_nsec());
            let time = (line.time.unwrap_or_default(), 0);
            if job.args.keep_newer && time < now {
                return Ok((None, true));
            }
            if time != now {
                itemized[4] = 't';
            }
            if line.size != there.size() {
                itemized[3] = 's';
            }
            let crc = crc_of(&file, job.args.io_buffer_size).doing("read", &file)?;
            if self.entries.iter().find(|entry| entry.name == path).is_some_and(|entry| entry.crc != crc) {
                itemized[2] = 'c';
            }
        }
        let bits = there.mode() & 0o7777;
        let wanted = job.attributes.mode_for(bits, there.is_dir()).unwrap_or_else(|| line.mode());
        if letter != 'L' && wanted != bits {
            itemized[5] = 'p';
        }
        let (uid, gid) = job.attributes.owner();
        let uid = uid.unwrap_or_else(|| rustix::process::getuid().as_raw());
        let gid = gid.unwrap_or_else(|| rustix::process::getgid().as_raw());
        if uid != there.uid() {
            itemized[6] = 'o';
        }
        if gid != there.gid() {
            itemized[6] = 'g';
        }
        let text = || format!("{} {path}\n", itemized.iter().collect::<String>());
        Ok(((itemized != untouched).then(text), false))
    }
}

impl Handler for Zip {
    fn name(&self) -> &'static str {
        if self.is_unzip_alone { "ZipZArchive" } else { "ZipArchive" }
    }

    fn compare(&mut self, job: &Job<'_>, ctx: &mut Context<'_>) -> Result<Compared, Failure> {
        let mut words: Vec<OsString> = self.list.iter().map(OsString::from).collect();
        words.extend(["-T", "-s"].map(OsString::from));
        words.push(job.src.clone().into());
        if !job.args.exclude.is_empty() {
            words.push("-x".into());
            words.extend(job.args.exclude.iter().map(OsString::from));
        }
        words.extend(job.args.include.iter().map(OsString::from));
        let listed = ctx.ask(words)?;
        let mut shown = String::new();
        for line in listed.out.lines().filter_map(Line::read) {
            if job.args.exclude.iter().any(|name| name == line.path) {
                continue;
            }
            let (differs, is_newer) = self.differs(&line, job)?;
            shown.extend(differs);
            if is_newer {
                self.newer.push(line.path.to_owned());
            }
        }
        Ok(Compared { is_same: listed.well() && shown.is_empty(), shown: Some(shown) })
    }

    fn extract(&self, job: &Job<'_>, ctx: &mut Context<'_>) -> Result<Ran, Failure> {
        let args = job.args;
        let mut words: Vec<OsString> = vec![self.unzip.as_str().into(), "-o".into()];
        words.extend(args.extra_opts.iter().map(OsString::from));
        words.push(job.src.clone().into());
        if !args.exclude.is_empty() || !self.newer.is_empty() {
            words.push("-x".into());
            words.extend(args.exclude.iter().chain(&self.newer).map(OsString::from));
        }
        words.extend(args.include.iter().map(OsString::from));
        words.push("-d".into());
        words.push(job.dest.clone().into());
        Ok(Ran { said: ctx.ask(words.iter().cloned())?, words })
    }

    fn files(&self, job: &Job<'_>) -> Vec<OsString> {
        let fits = |patterns: &[String], name: &str| patterns.iter().any(|p| glob::matches(p, name));
        let wanted = |name: &str| {
            let named = job.args.include.is_empty() || fits(&job.args.include, name);
            named && !fits(&job.args.exclude, name) && !self.newer.iter().any(|newer| newer == name)
        };
        let names = self.entries.iter().map(|entry| &entry.name);
        names.filter(|name| wanted(name)).map(OsString::from).collect()
    }
}

/// A line of `unzip -v`: length, method, size, ratio, date, time, checksum, and two blanks before the name.
fn entry(line: &str) -> Option<Entry> {
    let (fields, name) = fields::<7>(line)?;
    let crc = (fields[6].len() == 8).then(|| u32::from_str_radix(fields[6], 16).ok()).flatten()?;
    fields[0].parse::<u64>().ok()?;
    Some(Entry { name: name.strip_prefix("  ")?.to_owned(), crc })
}

/// The first words of a line, and what follows the last of them.
fn fields<const N: usize>(line: &str) -> Option<([&str; N], &str)> {
    let mut found = [""; N];
    let mut rest = line;
    for field in &mut found {
        rest = rest.trim_start();
        let end = rest.find(char::is_whitespace)?;
        (*field, rest) = rest.split_at(end);
    }
    Some((found, rest))
}

impl<'a> Line<'a> {
    /// `-rw-rws---  1.9 unx    2802 t- defX 19910811.134800 perms.2660`; nothing for what stands around them.
    fn read(line: &'a str) -> Option<Self> {
        let ([attributes, _, _, size, _, _, time], path) = fields::<7>(line)?;
        let kind = attributes.chars().next().filter(|kind| "dl-?".contains(*kind))?;
        let permissions = attributes.get(1..)?;
        // Six or seven letters are those of FAT.
        if !matches!(permissions.len(), 6 | 7 | 9) || !permissions.chars().all(|c| "rwxstah-ST".contains(c)) {
            return None;
        }
        let path = path.strip_prefix(' ').filter(|_| time.len() == 15)?;
        Some(Self { kind, permissions, size: size.parse().ok()?, time: seconds(time), path })
    }

    /// The mode that `unzip` gives it. It sets no special bits.
    fn mode(&self) -> u32 {
        if self.permissions.len() == 9 {
            let bits = self.permissions.chars().map(|c| u32::from("rwxst".contains(c)));
            return bits.fold(0, |mode, bit| mode << 1 | bit);
        }
        let runs = self.path.ends_with('/') || matches!(self.permissions, "rwx---" | "rwxa---");
        (if runs { 0o777 } else { 0o666 }) & !umask()
    }
}

/// `20170511.153000` of the local time, since 1970.
fn seconds(time: &str) -> Option<i64> {
    let earliest = "19800101.000000";
    let read = |text: &str| {
        let time = jiff::civil::DateTime::strptime("%Y%m%d.%H%M%S", text).ok()?;
        Some(time.to_zoned(jiff::tz::TimeZone::system()).ok()?.timestamp().as_second())
    };
    read(time).filter(|_| time >= earliest).or_else(|| read(earliest))
}

/// The checksum that archives of `zip` have of their files.
fn crc_of(path: &Path, buffer: usize) -> io::Result<u32> {
    let mut file = File::open(path)?;
    let mut bytes = vec![0; buffer.max(1)];
    let mut crc = flate2::Crc::new();
    loop {
        match file.read(&mut bytes)? {
            0 => return Ok(crc.sum()),
            n => crc.update(&bytes[..n]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_with_their_blanks() {
        let line = Line::read("-rwsr-xr-x  3.0 unx       15 tx stor 20170511.153000  a b").unwrap();
        assert_eq!((line.path, line.size, line.mode()), (" a b", 15, 0o755));
        assert!(Line::read("Zip file size: 620 bytes, number of entries: 3").is_none());
        assert!(Line::read("1 file, 15 bytes uncompressed, 15 bytes compressed:  0.0%").is_none());
        let found = entry("      15  Stored       15   0% 2017-05-11 15:30 a1b2c3d4  a b").unwrap();
        assert_eq!((found.name.as_str(), found.crc), ("a b", 0xa1b2_c3d4));
        assert!(entry("--------          -------  ---                            -------").is_none());
    }
}
