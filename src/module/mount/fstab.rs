//! The lines of an `fstab`: six fields, the last two of which may be missing; blanks in them are written `\040`.

use std::path::Path;

use super::Entry;
use crate::module::atomic::Staged;
use crate::module::attributes::Attributes;
use crate::module::failure::{Doing, Failure};
use crate::module::{file, path as paths};

/// Such a file.
pub(super) struct Fstab {
    /// All of it.
    pub text: String,
    is_there: bool,
}

impl Fstab {
    /// Reads it; where there is none, nothing is in it.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let is_there = path.exists();
        let text = if is_there { std::fs::read_to_string(path).doing("read", path)? } else { String::new() };
        Ok(Self { text, is_there })
    }

    /// The text with this line in the place of the one for the same path, or at the end.
    pub fn with(&self, entry: &Entry) -> String {
        let wanted: Vec<String> =
            [&entry.src, &entry.name, &entry.fstype, &entry.opts, &entry.dump, &entry.passno]
                .map(|field| escaped(field))
                .into();
        let (mut found, mut after) = (false, String::new());
        for line in self.text.lines() {
            let there = fields(line).filter(|there| is_of(there, entry));
            found |= there.is_some();
            match there {
                Some(there) if there != wanted => after.push_str(&wanted.join(" ")),
                _ => after.push_str(line),
            }
            after.push('\n');
        }
        if found && after.trim_end() == self.text.trim_end() {
            return self.text.clone();
        }
        if !found {
            after.push_str(&wanted.join(" "));
            after.push('\n');
        }
        after
    }

    /// The text without the line for this path.
    pub fn without(&self, entry: &Entry) -> String {
        let stays = |line: &&str| !fields(line).is_some_and(|there| is_of(&there, entry));
        self.text.split_inclusive('\n').filter(stays).collect()
    }

    /// Puts it back.
    pub fn restore(&self, path: &Path) -> Result<(), Failure> {
        if self.is_there { write(path, &self.text) } else { std::fs::remove_file(path).doing("remove", path) }
    }
}

/// Writes a new one.
pub(super) fn write(path: &Path, text: &str) -> Result<(), Failure> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        file::make_folders(folder, &Attributes::default())?;
    }
    Staged::with(&paths::real(path), text.as_bytes())?.commit()
}

/// The six fields of a line, as they are written; nothing for other lines.
fn fields(line: &str) -> Option<Vec<String>> {
    if line.trim_start().starts_with('#') {
        return None;
    }
    let words = line.split('#').next()?.split_whitespace().map(str::to_owned);
    let mut fields: Vec<String> = words.collect();
    if !(4..=6).contains(&fields.len()) {
        return None;
    }
    fields.resize(6, "0".to_owned());
    Some(fields)
}

/// Whether a line is for the same path; of swap, which has none, for the same device.
fn is_of(fields: &[String], entry: &Entry) -> bool {
    let is_swap = fields[1] == "none" && fields[2] == "swap";
    fields[1] == escaped(&entry.name)
        && !(is_swap && !entry.src.is_empty() && fields[0] != escaped(&entry.src))
}

fn escaped(field: &str) -> String {
    field.replace('\\', "\\134").replace(' ', "\\040").replace('\t', "\\011").replace('&', "\\046")
}
