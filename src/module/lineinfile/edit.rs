//! What `lineinfile` does to the lines, without a file. The rules are Ansible's, with their order.

use fancy_regex::Regex;

use super::Args;
use crate::module::failure::Failure;
use crate::module::regex::{compile, expand, search};

/// Where a new line goes.
enum Place {
    Beginning,
    End,
    After(Regex),
    Before(Regex),
}

impl Place {
    fn of(args: &Args) -> Result<Self, Failure> {
        match (args.insertafter.as_deref(), args.insertbefore.as_deref()) {
            (Some("BOF"), _) | (None, Some("BOF")) => Ok(Self::Beginning),
            (Some("EOF"), _) | (None, None) => Ok(Self::End),
            (Some(pattern), _) => compile("insertafter", pattern).map(Self::After),
            (None, Some(pattern)) => compile("insertbefore", pattern).map(Self::Before),
        }
    }

    /// Whether a line is the one that it is beside of.
    fn is_at(&self, line: &str) -> Result<bool, Failure> {
        match self {
            Self::After(regex) | Self::Before(regex) => Ok(search(regex, line)?.is_some()),
            Self::Beginning | Self::End => Ok(false),
        }
    }
}

fn without_end(line: &str) -> &str {
    line.trim_end_matches(['\r', '\n'])
}

/// Whether a search finds a line, for each line.
fn matching(regex: &Regex, lines: &[String]) -> Result<Vec<bool>, Failure> {
    lines.iter().map(|line| Ok(search(regex, line)?.is_some())).collect()
}

/// The first or the last line for which it is true.
fn pick(found: &[bool], first: bool) -> Option<usize> {
    if first { found.iter().position(|f| *f) } else { found.iter().rposition(|f| *f) }
}

/// Puts the line there; gives Ansible's message when that changes something.
pub fn present(args: &Args, lines: &mut Vec<String>) -> Result<Option<&'static str>, Failure> {
    let line = args.line.as_deref().ok_or_else(|| Failure::new("line is required with state=present"))?;
    let backrefs = args.backrefs.unwrap_or(false);
    let place = Place::of(args)?;
    let mut expanded = None;
    let mut found = None;
    if let Some(pattern) = &args.regexp {
        let regex = compile("regexp", pattern)?;
        found = pick(&matching(&regex, lines)?, args.firstmatch);
        if let (Some(at), true) = (found, backrefs)
            && let Some(captures) = search(&regex, &lines[at])?
        {
            expanded = Some(expand(&regex, &captures, line)?);
        }
    } else if let Some(text) = &args.search_string {
        let contains: Vec<bool> = lines.iter().map(|l| l.contains(text.as_str())).collect();
        found = pick(&contains, args.firstmatch);
    }
    let mut beside = None;
    if found.is_none() {
        for (number, there) in lines.iter().enumerate() {
            if without_end(there) == line {
                found = Some(number);
            } else if place.is_at(there)? {
                beside = Some(number);
                if args.firstmatch {
                    break;
                }
            }
        }
    }
    if let Some(at) = found {
        let mut new = expanded.unwrap_or_else(|| line.to_owned());
        if !new.ends_with('\n') {
            new.push('\n');
        }
        if lines[at] == new {
            return Ok(None);
        }
        lines[at] = new;
        return Ok(Some("line replaced"));
    }
    if backrefs {
        return Ok(None);
    }
    let at = match (place, beside) {
        (Place::Beginning, _) => Some(0),
        (Place::After(_), Some(number)) => Some(number + 1),
        (Place::Before(_), Some(number)) => Some(number),
        _ => None,
    };
    // Only the first of several places counts, and it may be behind it already.
    if at.and_then(|at| lines.get(at)).is_some_and(|there| without_end(there) == line) {
        return Ok(None);
    }
    // A last line without its end would swallow the new one.
    if at.is_none_or(|at| at == lines.len())
        && let Some(last) = lines.last_mut()
        && !last.ends_with(['\n', '\r'])
    {
        last.push('\n');
    }
    lines.insert(at.unwrap_or(lines.len()), format!("{line}\n"));
    Ok(Some("line added"))
}

/// Takes the matching lines away; how many.
pub fn absent(args: &Args, lines: &mut Vec<String>) -> Result<usize, Failure> {
    let before = lines.len();
    let found = match (&args.regexp, &args.search_string, &args.line) {
        (Some(pattern), _, _) => matching(&compile("regexp", pattern)?, lines)?,
        (None, Some(text), _) => lines.iter().map(|l| l.contains(text.as_str())).collect(),
        (None, None, Some(line)) => lines.iter().map(|l| without_end(l) == line).collect(),
        (None, None, None) => return Err(Failure::new("one of line, search_string or regexp is required")),
    };
    let mut gone = found.into_iter();
    lines.retain(|_| !gone.next().unwrap_or(false));
    Ok(before - lines.len())
}
