//! What `ini_file` does to the lines, without a file. The rules are those of `community.general`, with their order.

use super::{Args, Condition};
use crate::module::accounts::Presence;

/// Stands before the first section, so that what is there is a section, too; no file has it.
const TOP: &str = "[\0]";

/// A line of an option.
struct Line<'l> {
    is_comment: bool,
    has_sign: bool,
    value: &'l str,
}

/// Reads a line of this option; `inactive`: it may be commented.
fn line_of<'l>(option: &str, line: &'l str, inactive: bool) -> Option<Line<'l>> {
    const BLANKS: [char; 2] = [' ', '\t'];
    let line = line.strip_suffix('\n').unwrap_or(line);
    let text = line.trim_start_matches(BLANKS);
    let read = |text: &'l str, is_comment: bool| {
        let rest = text.trim_start_matches(BLANKS).strip_prefix(option)?.trim_start_matches(BLANKS);
        match rest.strip_prefix('=') {
            Some(value) => Some(Line { is_comment, has_sign: true, value: value.trim_start_matches(BLANKS) }),
            None => rest.is_empty().then_some(Line { is_comment, has_sign: false, value: "" }),
        }
    };
    let commented = text.strip_prefix(['#', ';']).filter(|_| inactive);
    commented.and_then(|text| read(text, true)).or_else(|| read(text, false))
}

fn has_all(conditions: &[Condition], lines: &[String]) -> bool {
    conditions.iter().all(|condition| {
        let values = condition.values();
        lines.iter().any(|line| {
            line_of(&condition.option, line, true)
                .is_some_and(|line| values.is_empty() || values.contains(&line.value))
        })
    })
}

fn is_blank_or_comment(line: &str) -> bool {
    let text = line.trim_end_matches('\n').trim_start_matches([' ', '\t']);
    text.is_empty() || text.starts_with(['#', ';'])
}

/// A file, taken apart at the section that is meant.
pub struct Ini<'a> {
    args: &'a Args,
    before: Vec<String>,
    /// With its name.
    section: Vec<String>,
    after: Vec<String>,
    /// Whether the section is there.
    is_there: bool,
    /// Values that have no line yet.
    values: Vec<String>,
    changed: bool,
    msg: &'static str,
}

impl<'a> Ini<'a> {
    pub fn new(args: &'a Args, text: &str) -> Self {
        let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
        let mut changed = false;
        match lines.last_mut() {
            None => lines.push("\n".to_owned()),
            Some(last) if !last.ends_with('\n') => {
                last.push('\n');
                changed = true;
            }
            Some(_) => {}
        }
        lines.insert(0, TOP.to_owned());
        let (start, end, is_there) = place(args, &lines);
        let after = lines.split_off(end);
        let section = lines.split_off(start);
        let mut values: Vec<String> = Vec::new();
        for value in args.value.iter().chain(args.values.iter().flatten()) {
            if !values.contains(value) {
                values.push(value.clone());
            }
        }
        Self { args, before: lines, section, after, is_there, values, changed, msg: "OK" }
    }

    fn line<'l>(&self, option: &str, line: &'l str) -> Option<Line<'l>> {
        line_of(option, line, self.args.modify_inactive_option)
    }

    fn written(&self, option: &str, value: &str) -> String {
        let sign = if self.args.no_extra_spaces { "=" } else { " = " };
        format!("{option}{sign}{value}\n")
    }

    /// Makes a line of the section this one.
    fn set(&mut self, option: &str, number: usize, new: String) {
        let old = &self.section[number];
        let same_but_blanks = || {
            let (Some(old), Some(new)) = (line_of(option, old, true), line_of(option, &new, true)) else {
                return false;
            };
            !old.is_comment && old.value == new.value
        };
        if *old != new && !(self.args.ignore_spaces && same_but_blanks()) {
            self.section[number] = new;
            self.changed = true;
            self.msg = "option changed";
        }
    }

    /// Makes the section what is wanted.
    pub fn edit(&mut self) {
        let args = self.args;
        match (args.state, args.option.as_deref()) {
            (Presence::Present, Some(option)) => self.put(option),
            (Presence::Present, None) => {}
            (Presence::Absent, Some(option)) => self.take(option),
            (Presence::Absent, None) if self.section.is_empty() => {}
            (Presence::Absent, None) => {
                self.section.clear();
                self.changed = true;
                self.msg = "section removed";
            }
        }
    }

    fn put(&mut self, option: &str) {
        let args = self.args;
        let mut is_done = vec![false; self.section.len()];
        let mut stands_alone = false;
        // Lines that have a wanted value already.
        for (number, done) in is_done.iter_mut().enumerate() {
            let text = self.section[number].clone();
            let Some(line) = self.line(option, &text) else { continue };
            if let Some(place) = self.values.iter().position(|value| value == line.value) {
                let bare = line.value.is_empty() && args.allow_no_value;
                stands_alone |= bare;
                let new = if bare { format!("{option}\n") } else { self.written(option, line.value) };
                self.set(option, number, new);
                *done = true;
                self.values.remove(place);
            } else if self.values.is_empty() && args.allow_no_value {
                self.set(option, number, format!("{option}\n"));
                *done = true;
                stands_alone = true;
                break;
            }
        }
        if args.exclusive && !args.allow_no_value {
            self.make_exclusive(option, is_done);
        }
        let values = std::mem::take(&mut self.values);
        let new = if values.is_empty() && args.allow_no_value && !stands_alone {
            vec![format!("{option}\n")]
        } else {
            values.iter().map(|value| self.written(option, value)).collect()
        };
        self.values = values;
        let last = (1..=self.section.len()).rev().find(|at| !is_blank_or_comment(&self.section[at - 1]));
        if let Some(at) = last.filter(|_| !new.is_empty()) {
            self.section.splice(at..at, new);
            self.changed = true;
            self.msg = "option added";
        }
    }

    /// Other lines of the option get the values that have none yet; the rest of them go.
    fn make_exclusive(&mut self, option: &str, mut is_done: Vec<bool>) {
        let is_open = |ini: &Self, number: usize| {
            ini.line(option, &ini.section[number]).is_some_and(|line| !line.is_comment || line.has_sign)
        };
        for (number, done) in is_done.iter_mut().enumerate() {
            if !self.values.is_empty() && !*done && is_open(self, number) {
                let new = self.values.remove(0);
                self.set(option, number, self.written(option, &new));
                *done = true;
            }
        }
        for number in (1..self.section.len()).rev() {
            if !is_done[number] && is_open(self, number) {
                self.section.remove(number);
                self.changed = true;
                self.msg = "option changed";
            }
        }
    }

    fn take(&mut self, option: &str) {
        let count = self.section.len();
        let (exclusive, values) = (self.args.exclusive, &self.values);
        self.section.retain(|line| {
            !line_of(option, line, false)
                .is_some_and(|line| exclusive || values.iter().any(|value| value == line.value))
        });
        if self.section.len() != count {
            self.changed = true;
            self.msg = "option changed";
        }
    }

    /// Whether anything changed, what is said, and the whole text.
    pub fn finish(mut self) -> (bool, &'static str, String) {
        let mut text: String = [&self.before[..], &self.section, &self.after].concat().concat();
        // It goes with the section that it begins.
        if let Some(rest) = text.strip_prefix(TOP) {
            text = rest.to_owned();
        }
        if !self.is_there && self.args.state == Presence::Present {
            text.push_str(&self.new_section());
            self.changed = true;
        }
        (self.changed, self.msg, text)
    }

    fn new_section(&mut self) -> String {
        let args = self.args;
        let mut text = format!("[{}]\n", args.section.as_deref().unwrap_or_default());
        for condition in args.section_has_values.iter().flatten() {
            let values = condition.values();
            if args.option.as_ref() != Some(&condition.option) {
                if values.is_empty() && args.allow_no_value {
                    text.extend([condition.option.as_str(), "\n"]);
                }
                text.extend(values.iter().map(|value| self.written(&condition.option, value)));
            } else if !args.exclusive {
                for value in values {
                    if !self.values.iter().any(|known| known == value) {
                        self.values.push(value.to_owned());
                    }
                }
            }
        }
        self.msg = "section and option added";
        match args.option.as_deref() {
            Some(option) if !self.values.is_empty() => {
                text.extend(self.values.iter().map(|value| self.written(option, value)));
            }
            Some(option) if args.allow_no_value => text.extend([option, "\n"]),
            _ => self.msg = "only section added",
        }
        text
    }
}

/// From which line to which the section goes, and whether it is there.
fn place(args: &Args, lines: &[String]) -> (usize, usize, bool) {
    let name = args.section.as_deref().map(str::trim).filter(|name| !name.is_empty());
    let is_head = |line: &str| match name {
        None => line == TOP,
        Some(name) => {
            let rest = line.strip_prefix('[').and_then(|line| line.trim_start().strip_prefix(name));
            rest.is_some_and(|rest| rest.trim_start().starts_with(']'))
        }
    };
    let conditions = args.section_has_values.as_deref().unwrap_or_default();
    let mut start = None;
    for (number, line) in lines.iter().map(String::as_str).chain(["["]).enumerate() {
        if let Some(begin) = start.filter(|_| line.starts_with('[')) {
            if has_all(conditions, &lines[begin..number]) {
                return (begin, number, true);
            }
            start = None;
        }
        if is_head(line) {
            start = Some(number);
        }
    }
    (0, 0, false)
}
