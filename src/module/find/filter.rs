//! What a file must be like to be found.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use fancy_regex::Regex;

use super::{Args, FileType, Stamp};
use crate::base::encoding::Encoding;
use crate::base::{Timestamp, Value};
use crate::module::failure::Failure;
use crate::module::mode::umask;
use crate::module::process::Command;
use crate::module::{Context, Mode, glob, regex};

/// Names, as one of the two kinds of patterns.
enum Names<'a> {
    Shell(&'a [String]),
    Expressions(Vec<Regex>),
}

/// The arguments, read.
pub struct Filter<'a> {
    args: &'a Args,
    patterns: Names<'a>,
    excludes: Names<'a>,
    contains: Option<Regex>,
    /// In seconds.
    age: Option<f64>,
    /// In bytes.
    size: Option<i128>,
    mode: Option<u32>,
    /// Seconds since 1970.
    now: f64,
}

impl<'a> Filter<'a> {
    #[allow(clippy::cast_precision_loss)] // as in Python
    pub fn read(args: &'a Args, now: Timestamp) -> Result<Self, Failure> {
        let names = |patterns: &'a [String]| {
            if !args.use_regex {
                return Ok(Names::Shell(patterns));
            }
            let read = patterns.iter().map(|pattern| regex::compile("patterns", pattern));
            read.collect::<Result<Vec<_>, _>>().map(Names::Expressions)
        };
        let units = [("s", 1), ("m", 60), ("h", 3600), ("d", 86400), ("w", 604_800)];
        let age = amount("age", args.age.as_deref(), &units)?;
        let units = [("b", 1), ("k", 1 << 10), ("m", 1 << 20), ("g", 1 << 30), ("t", 1 << 40)];
        let size = amount("size", args.size.as_deref(), &units)?;
        let mode = match &args.mode {
            None => None,
            Some(Value::String(text)) if text.as_str().is_empty() => None,
            Some(Value::String(text)) => {
                let mode = Mode::parse(text.as_str()).map_err(Failure::new)?;
                Some(mode.resolve(0, false, umask(), None))
            }
            Some(other) => {
                let kind = if matches!(other, Value::Int(_)) { "int" } else { other.kind() };
                let words = "argument 'mode' is not a string and conversion is not allowed, value is of type";
                return Err(Failure::new(format!("{words} {kind}")));
            }
        };
        Ok(Self {
            args,
            patterns: names(&args.patterns)?,
            excludes: names(&args.excludes)?,
            contains: args.contains.as_deref().map(|p| regex::compile("contains", p)).transpose()?,
            age: age.map(|age| age as f64),
            size,
            mode,
            now: now.0 as f64 * 1e-9,
        })
    }

    /// Whether it is one; the sentence says why its folder cannot be searched any further.
    pub fn wants(
        &self,
        name: &str,
        path: &Path,
        metadata: &Metadata,
        ctx: &mut Context<'_>,
    ) -> Result<bool, String> {
        let kind = metadata.file_type();
        let (is_wanted, by_size) = match self.args.file_type {
            FileType::Any => (true, kind.is_file()),
            FileType::Directory => (kind.is_dir(), false),
            FileType::File => (kind.is_file(), true),
            FileType::Link => (kind.is_symlink(), false),
        };
        Ok(is_wanted
            && self.is_named(name)?
            && self.is_of_age(metadata)
            && (!by_size || self.is_of_size(metadata.size()))
            && self.has_mode(metadata.mode() & 0o7777)
            && (self.args.file_type != FileType::File || self.holds(path, ctx)?))
    }

    fn is_named(&self, name: &str) -> Result<bool, String> {
        let among = |names: &Names<'_>| match names {
            Names::Shell(patterns) => Ok(patterns.iter().any(|pattern| glob::matches(pattern, name))),
            Names::Expressions(list) => {
                list.iter().try_fold(false, |found, one| Ok::<_, String>(found || from_beginning(one, name)?))
            }
        };
        Ok((self.args.patterns.is_empty() || among(&self.patterns)?) && !among(&self.excludes)?)
    }

    #[allow(clippy::cast_precision_loss)] // as in Python
    fn is_of_age(&self, m: &Metadata) -> bool {
        let (seconds, nanoseconds) = match self.args.age_stamp {
            Stamp::Atime => (m.atime(), m.atime_nsec()),
            Stamp::Ctime => (m.ctime(), m.ctime_nsec()),
            Stamp::Mtime => (m.mtime(), m.mtime_nsec()),
        };
        let passed = self.now - (seconds as f64 + nanoseconds as f64 * 1e-9);
        self.age.is_none_or(|age| if age >= 0.0 { passed >= age } else { passed <= -age })
    }

    fn is_of_size(&self, size: u64) -> bool {
        let size = i128::from(size);
        self.size.is_none_or(|wanted| if wanted >= 0 { size >= wanted } else { size <= -wanted })
    }

    fn has_mode(&self, mode: u32) -> bool {
        self.mode.is_none_or(|wanted| if self.args.exact_mode { mode == wanted } else { mode & wanted != 0 })
    }

    /// Whether the content matches. What cannot be read does not.
    fn holds(&self, path: &Path, ctx: &mut Context<'_>) -> Result<bool, String> {
        let Some(expression) = &self.contains else { return Ok(true) };
        let name = self.args.encoding.as_deref();
        let Ok(bytes) = std::fs::read(path) else { return Ok(false) };
        let text = if let Ok(encoding) = Encoding::named(name.unwrap_or("utf-8")) {
            encoding.decode(bytes).ok()
        } else {
            let name = name.unwrap_or_default();
            let text = converted(name, bytes, ctx);
            Some(text.ok_or_else(|| format!("unknown encoding: {name}"))?)
        };
        let Some(Value::String(text)) = text else {
            let default = "None (default determined by the Python built-in function \"open\")";
            let shown = name.unwrap_or(default);
            let words = "due to an encoding error. current encoding:";
            return Err(format!("Failed to read the file {} {words} {shown}", path.display()));
        };
        let text = text.as_str().replace("\r\n", "\n").replace('\r', "\n");
        if self.args.read_whole_file {
            return expression.is_match(&text).map_err(|e| e.to_string());
        }
        for line in text.split_inclusive('\n') {
            if from_beginning(expression, line)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Text of an encoding whose letters are not known here: the program `iconv` knows them. Nothing where it does not, either; a null
/// where the bytes are none of it.
fn converted(encoding: &str, bytes: Vec<u8>, ctx: &mut Context<'_>) -> Option<Value> {
    let argv = ["iconv", "-f", encoding, "-t", "UTF-8"];
    let done = ctx.run(&Command { quiet: true, stdin: Some(bytes), ..Command::new(argv) }).ok()?;
    match String::from_utf8(done.stdout) {
        Ok(text) if done.status.success() => Some(Value::from(text)),
        // It says where in its input it stopped, if it began.
        _ if !String::from_utf8_lossy(&done.stderr).contains("position") => None,
        _ => Some(Value::Null),
    }
}

/// Python's `match`: what is found first begins at the beginning, if anything does.
fn from_beginning(expression: &Regex, text: &str) -> Result<bool, String> {
    let found = expression.find(text).map_err(|e| e.to_string())?;
    Ok(found.is_some_and(|found| found.start() == 0))
}

/// A number with a unit.
fn amount(argument: &str, text: Option<&str>, units: &[(&str, i128)]) -> Result<Option<i128>, Failure> {
    let Some(text) = text else { return Ok(None) };
    let lower = text.to_lowercase();
    let digits = lower.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = units.iter().find(|(unit, _)| *unit == &lower[digits.len()..]).map(|(_, factor)| *factor);
    let factor = if digits.len() == lower.len() { Some(1) } else { unit };
    let plain = digits.strip_prefix('-').unwrap_or(digits).bytes().all(|b| b.is_ascii_digit());
    match (digits.parse::<i64>(), factor) {
        (Ok(number), Some(factor)) if plain => Ok(Some(i128::from(number) * factor)),
        _ => Err(Failure::new(format!("failed to process {argument}")).with(argument, text)),
    }
}
