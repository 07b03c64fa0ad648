//! Files of one-line sources, see sources.list(5).

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::module::atomic::Staged;
use crate::module::failure::Doing;
use crate::module::{Context, Failure, file};

/// What sources begin with.
const TYPES: [&str; 2] = ["deb", "deb-src"];

/// One line of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Line {
    /// It is a source.
    valid: bool,
    /// It is no comment.
    enabled: bool,
    source: String,
    comment: String,
}

impl Line {
    fn parse(text: &str) -> Self {
        let text = text.trim();
        let (enabled, text) = text.strip_prefix('#').map_or((true, text), |rest| (false, rest));
        let (source, comment) = match text.find('#').filter(|at| *at > 0) {
            Some(at) => (&text[..at], text[at + 1..].trim()),
            None => (text, ""),
        };
        let words: Vec<&str> = source.split_whitespace().collect();
        let valid = words.first().is_some_and(|word| TYPES.contains(word));
        let source = if valid { words.join(" ") } else { source.trim().to_owned() };
        Self { valid, enabled, source, comment: comment.to_owned() }
    }
}

/// A line that a user gives as a source; the error is the line that is none.
pub(super) fn valid(text: &str) -> Result<String, String> {
    let line = Line::parse(text);
    if line.valid && line.enabled { Ok(line.source) } else { Err(text.to_owned()) }
}

/// The name of the file in which a new source goes.
pub(super) fn file_name(line: &str, wanted: Option<&str>) -> String {
    if let Some(name) = wanted {
        return format!("{name}.list");
    }
    let mut rest = line;
    let mut plain = String::new();
    // Options in brackets do not count.
    while let Some((before, behind)) = rest.split_once('[') {
        let Some((inside, after)) = behind.split_once(']').filter(|(inside, _)| !inside.is_empty()) else {
            break;
        };
        let _ = inside;
        plain.push_str(before);
        rest = after;
    }
    plain.push_str(rest);
    let without_protocol = |word: &str| {
        let word = word.split_once("://").map_or(word, |(_, rest)| rest);
        word.split_once('@').map_or(word, |(_, rest)| rest).to_owned()
    };
    let mut words = plain.split_whitespace().filter(|word| !TYPES.contains(word)).map(without_protocol);
    let word = words.next().unwrap_or_default();
    let parts: Vec<&str> =
        word.split(|c: char| !c.is_ascii_alphanumeric()).filter(|part| !part.is_empty()).collect();
    format!("{}.list", parts.join("_"))
}

/// All files.
#[derive(Clone, Debug)]
pub(super) struct Sources {
    folder: PathBuf,
    files: BTreeMap<String, Vec<Line>>,
}

impl Sources {
    /// Reads the files that apt reads.
    pub(super) fn read(ctx: &mut Context<'_>) -> Result<Self, Failure> {
        let config = ctx.needed("apt-config")?;
        let asked = ["shell", "FILE", "Dir::Etc::sourcelist/f", "FOLDER", "Dir::Etc::sourceparts/d"];
        let said = ctx.ask([config.as_str()].into_iter().chain(asked))?;
        let value = |name: &str, usual: &str| {
            let line = said.out.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
            line.map_or(usual, |value| value.trim_matches('\'')).to_owned()
        };
        let main = PathBuf::from(value("FILE", "/etc/apt/sources.list"));
        let folder = PathBuf::from(value("FOLDER", "/etc/apt/sources.list.d").trim_end_matches('/'));
        let parts = folder.read_dir().into_iter().flatten().flatten().map(|entry| entry.path());
        let parts = parts.filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            path.extension().is_some_and(|ending| ending == "list") && !name.starts_with('.')
        });
        let mut files = BTreeMap::new();
        for path in parts.chain(main.is_file().then_some(main)) {
            let text = std::fs::read(&path).doing("read", &path)?;
            let lines = String::from_utf8_lossy(&text).lines().map(Line::parse).collect();
            files.insert(path.to_string_lossy().into_owned(), lines);
        }
        Ok(Self { folder, files })
    }

    /// Whether a source is there and in use.
    pub(super) fn has(&self, source: &str) -> bool {
        self.files.values().flatten().any(|line| line.valid && line.enabled && line.source == source)
    }

    /// Puts a source in use where it stands, or in the file of this name.
    pub(super) fn add(&mut self, source: &str, name: &str) {
        let mut found = false;
        for line in self.files.values_mut().flatten().filter(|line| line.valid && line.source == source) {
            line.enabled = true;
            found = true;
        }
        if !found {
            let path = if name.contains('/') { PathBuf::from(name) } else { self.folder.join(name) };
            let line = Line { valid: true, enabled: true, source: source.to_owned(), comment: String::new() };
            self.files.entry(path.to_string_lossy().into_owned()).or_default().push(line);
        }
    }

    /// Takes a source out of all files.
    pub(super) fn remove(&mut self, source: &str) {
        for lines in self.files.values_mut() {
            lines.retain(|line| !(line.valid && line.enabled && line.source == source));
        }
    }

    /// The files as they are written; those without lines are none.
    pub(super) fn texts(&self) -> BTreeMap<String, String> {
        let text = |lines: &Vec<Line>| {
            lines.iter().fold(String::new(), |mut text, line| {
                let mark = if line.enabled { "" } else { "# " };
                let _ = write!(text, "{mark}{}", line.source);
                if !line.comment.is_empty() {
                    let _ = write!(text, " # {}", line.comment);
                }
                text.push('\n');
                text
            })
        };
        let files = self.files.iter().filter(|(_, lines)| !lines.is_empty());
        files.map(|(path, lines)| (path.clone(), text(lines))).collect()
    }
}

/// Writes what differs; a link stays one.
pub(super) fn write(old: &BTreeMap<String, String>, new: &BTreeMap<String, String>) -> Result<(), Failure> {
    for (path, text) in new.iter().filter(|(path, text)| old.get(*path) != Some(text)) {
        let path = Path::new(path);
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        if let Some(folder) = path.parent() {
            file::make_folders(folder, &crate::module::attributes::Attributes::default())?;
        }
        Staged::with(&path, text.as_bytes())?.commit()?;
    }
    for path in old.keys().filter(|path| !new.contains_key(*path)).map(Path::new).filter(|path| path.exists())
    {
        std::fs::remove_file(path).doing("remove", path)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn files_are_named_after_where_packages_come_from() {
        let name = |line| file_name(line, None);
        assert_eq!(
            name("deb http://archive.canonical.com/ubuntu hardy partner"),
            "archive_canonical_com_ubuntu.list"
        );
        assert_eq!(
            name("deb [arch=amd64 trusted=yes] https://me:word@d.example.org/x stable main"),
            "d_example_org_x.list"
        );
        assert_eq!(name("deb file:/tmp/repo/ ./"), "file_tmp_repo.list");
        assert_eq!(name("ppa:nginx/stable_bookworm"), "ppa_nginx_stable_bookworm.list");
        assert_eq!(file_name("deb x y", Some("mine")), "mine.list");
    }

    #[test]
    fn lines_say_whether_they_are_in_use() {
        assert_eq!(valid(" deb  http://d   stable main # why").as_deref(), Ok("deb http://d stable main"));
        assert_eq!(valid("# deb http://d stable"), Err("# deb http://d stable".to_owned()));
        assert_eq!(valid("http://d"), Err("http://d".to_owned()));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_as_the_same(text in "(# ?)?(deb |deb-src )?[a-z:/]{1,9}( # ?[a-z]{1,5})?") {
            let line = Line::parse(&text);
            let sources = Sources { folder: PathBuf::new(), files: BTreeMap::from([("f".to_owned(), vec![line.clone()])]) };
            prop_assert_eq!(Line::parse(sources.texts()["f"].trim_end_matches('\n')), line);
        }

        #[test]
        fn no_line_makes_it_panic(text in ".{0,40}") {
            Line::parse(&text);
            file_name(&text, None);
        }
    }
}
