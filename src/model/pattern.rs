//! Host patterns: what `hosts:` and `--limit` say.
//!
//! `a:b` or `a,b` is both, `&c` only those also in c, `!d` not those in d; each part is a name of a host or group, a glob
//! (`web*`), a regular expression (`~web\d+`), and may pick by number: `web[0]`, `web[-1]`, `web[0:2]` (the end included).

use std::ops::Range;
use std::sync::Arc;

use fancy_regex::Regex;
use indexmap::IndexSet;

use super::inventory::{Inventory, LOCALHOST};
use crate::base::{Diagnostic, Diagnostics, HostName, Span};

/// A host pattern; without parts it means every host.
#[derive(Clone, Debug, Default)]
pub struct Pattern {
    parts: Vec<Part>,
}

#[derive(Clone, Debug)]
struct Part {
    operator: Operator,
    text: Arc<str>,
    span: Span,
    matcher: Matcher,
    pick: Option<Pick>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Operator {
    Union,
    Intersection,
    Exclusion,
}

#[derive(Clone, Debug)]
enum Matcher {
    Name,
    Glob(Regex),
    Regex(Regex),
}

#[derive(Clone, Copy, Debug)]
enum Pick {
    One(i64),
    Range(usize, Option<usize>),
}

impl Pattern {
    /// Reads a pattern; `span` is where its text stands. `@file` is the business of whoever may read files.
    pub fn parse(text: &str, span: &Span) -> Result<Self, Diagnostic> {
        let parts = split(text)
            .into_iter()
            .map(|range| part(&text[range.clone()], &span.part(range)))
            .collect::<Result<_, _>>()?;
        Ok(Self { parts })
    }

    /// The parts of both, as in a list of patterns.
    #[must_use]
    pub fn and(mut self, other: Pattern) -> Self {
        self.parts.extend(other.parts);
        self
    }
}

impl Inventory {
    /// The hosts that a pattern means, in the order of the inventory's groups. A name that no host and no group has is an error;
    /// a glob that matches nothing is none.
    pub fn select(&self, pattern: &Pattern) -> Result<Vec<HostName>, Diagnostic> {
        let mut unknown = Diagnostics::new();
        let hosts = self.select_known(pattern, &mut unknown);
        match unknown.iter().next() {
            Some(first) => Err(first.clone()),
            None => Ok(hosts),
        }
    }

    /// The same for whoever goes on without the names that nobody has; each becomes one of `unknown`.
    pub fn select_known(&self, pattern: &Pattern, unknown: &mut Diagnostics) -> Vec<HostName> {
        let mut parts: Vec<&Part> = pattern.parts.iter().collect();
        parts.sort_by_key(|p| p.operator);
        let mut hosts: IndexSet<HostName> = IndexSet::new();
        if parts.first().is_none_or(|p| p.operator != Operator::Union) {
            hosts.extend(self.hosts_of("all"));
        }
        for part in parts {
            let found = unknown.keep(self.matching(part)).unwrap_or_default();
            match part.operator {
                Operator::Union => hosts.extend(found),
                Operator::Intersection => hosts.retain(|h| found.contains(h)),
                Operator::Exclusion => hosts.retain(|h| !found.contains(h)),
            }
        }
        hosts.into_iter().collect()
    }

    fn matching(&self, part: &Part) -> Result<IndexSet<HostName>, Diagnostic> {
        let mut hosts: IndexSet<HostName> = IndexSet::new();
        match &part.matcher {
            Matcher::Name if self.groups.contains_key(&part.text) => hosts.extend(self.hosts_of(&part.text)),
            Matcher::Name => match self.host(&part.text) {
                Some(host) => drop(hosts.insert(host.name.clone())),
                None => return Err(self.unknown(part)),
            },
            Matcher::Glob(regex) | Matcher::Regex(regex) => {
                let fits = |name: &str| regex.is_match(name).unwrap_or(false);
                for group in self.groups.keys().filter(|g| fits(g)) {
                    hosts.extend(self.hosts_of(group));
                }
                hosts.extend(self.hosts.keys().filter(|h| fits(h.as_str())).cloned());
            }
        }
        match part.pick {
            None => Ok(hosts),
            Some(pick) => pick.of(&hosts).ok_or_else(|| {
                Diagnostic::error("no-such-host", format!("`{}` has {} hosts only", part.text, hosts.len()))
                    .at(&part.span)
                    .help("numbers begin at 0; negative ones count from the end")
            }),
        }
    }

    fn unknown(&self, part: &Part) -> Diagnostic {
        let names =
            self.groups.keys().map(|g| &**g).chain(self.hosts.keys().map(HostName::as_str)).chain(LOCALHOST);
        Diagnostic::error("no-such-host", format!("no host and no group is called `{}`", part.text))
            .at(&part.span)
            .suggest(&part.text, names)
    }
}

impl Pick {
    fn of(self, hosts: &IndexSet<HostName>) -> Option<IndexSet<HostName>> {
        let range = match self {
            Pick::One(number) => {
                let from_end = usize::try_from(number.unsigned_abs()).ok()?;
                let at = if number < 0 { hosts.len().checked_sub(from_end)? } else { from_end };
                (at < hosts.len()).then_some(at..at + 1)?
            }
            Pick::Range(start, end) => {
                let end = end.map_or(hosts.len(), |end| end.saturating_add(1)).min(hosts.len());
                start.min(end)..end
            }
        };
        Some(hosts.get_range(range)?.iter().cloned().collect())
    }
}

/// The parts of a pattern: separated by commas, colons or blanks, but not inside brackets. An IPv6 address is one part.
pub fn split(text: &str) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let mut start = 0;
    for piece in text.split_inclusive(',') {
        let piece_start = start;
        start += piece.len();
        let words = piece.trim_end_matches(',').trim();
        let at = piece_start + piece.len() - piece.trim_start().len();
        if words.parse::<std::net::Ipv6Addr>().is_ok() {
            parts.push(at..at + words.len());
            continue;
        }
        let mut depth = 0_usize;
        let mut from = at;
        for (offset, c) in words.char_indices() {
            match c {
                '[' | '(' => depth += 1,
                ']' | ')' => depth = depth.saturating_sub(1),
                c if depth == 0 && (c == ':' || c.is_whitespace()) => {
                    parts.push(from..at + offset);
                    from = at + offset + c.len_utf8();
                }
                _ => {}
            }
        }
        parts.push(from..at + words.len());
    }
    parts.retain(|range| !range.is_empty());
    parts
}

fn part(text: &str, span: &Span) -> Result<Part, Diagnostic> {
    let wrong = |message: String| Diagnostic::error("bad-pattern", message).at(span);
    let (operator, name) = match text.as_bytes()[0] {
        b'&' => (Operator::Intersection, &text[1..]),
        b'!' => (Operator::Exclusion, &text[1..]),
        _ => (Operator::Union, text),
    };
    if name.is_empty() {
        return Err(wrong(format!("a name should follow `{text}`")));
    }
    if name.starts_with('@') {
        return Err(wrong(format!("`{name}` names a file of hosts, which only `--limit` may do")));
    }
    let made = |matcher, name: &str, pick| Part {
        operator,
        text: Arc::from(name),
        span: span.clone(),
        matcher,
        pick,
    };
    if let Some(regex) = name.strip_prefix('~') {
        let regex = Regex::new(&format!("^(?:{regex})"))
            .map_err(|e| wrong(format!("this is no regular expression: {e}")))?;
        return Ok(made(Matcher::Regex(regex), name, None));
    }
    let (name, pick) = subscript(name).map_or((name, None), |(name, pick)| (name, Some(pick)));
    if !name.contains(['*', '?', '[']) {
        return Ok(made(Matcher::Name, name, pick));
    }
    let regex = Regex::new(&glob(name)).map_err(|e| wrong(format!("this is no pattern: {e}")))?;
    Ok(made(Matcher::Glob(regex), name, pick))
}

/// `name[1]`, `name[-1]`, `name[1:3]`, `name[1-3]`, `name[1:]`.
fn subscript(text: &str) -> Option<(&str, Pick)> {
    let (name, inside) = text.strip_suffix(']')?.rsplit_once('[')?;
    let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    if name.is_empty() {
        return None;
    }
    if digits(inside.strip_prefix('-').unwrap_or(inside)) {
        return Some((name, Pick::One(inside.parse().ok()?)));
    }
    let (start, end) = inside.split_once([':', '-'])?;
    if !digits(start) || !(end.is_empty() || digits(end)) {
        return None;
    }
    let end = if end.is_empty() { None } else { Some(end.parse().ok()?) };
    Some((name, Pick::Range(start.parse().ok()?, end)))
}

/// A shell's glob as a regular expression for the whole name.
fn glob(text: &str) -> String {
    let mut regex = String::from("^(?s:");
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '*' => regex.push_str(".*"),
            '?' => regex.push('.'),
            '[' => {
                // A `]` directly behind the bracket is one of the characters.
                let skip = if text[at + 1..].starts_with(['!', ']']) { 2 } else { 1 };
                let close = text.get(at + skip..).and_then(|rest| rest.find(']')).map(|end| at + skip + end);
                let Some(close) = close.filter(|close| *close > at + 1) else {
                    regex.push_str("\\[");
                    continue;
                };
                let inside = &text[at + 1..close];
                let (not, set) = inside.strip_prefix('!').map_or(("", inside), |set| ("^", set));
                let set = set
                    .replace('\\', "\\\\")
                    .replace('[', "\\[")
                    .replace(']', "\\]")
                    .replace('^', "\\^")
                    .replace('&', "\\&");
                regex.extend(["[", not, &set, "]"]);
                chars.by_ref().find(|(at, _)| *at == close);
            }
            c => regex.push_str(&fancy_regex::escape(c.encode_utf8(&mut [0; 4]))),
        }
    }
    regex + ")$"
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Pattern;
    use crate::base::{Diagnostics, HostName, Span};
    use crate::model::Inventory;

    fn names() -> impl Strategy<Value = Vec<&'static str>> {
        prop::collection::vec(prop::sample::select(&["a", "b", "c", "d"][..]), 0..3)
    }

    proptest! {
        #[test]
        fn a_pattern_selects_known_hosts_or_says_where_it_is_wrong(text in "[abw1~*?!&,:\\[\\]()@ é-]{0,24}") {
            let mut inventory = Inventory::new();
            for host in ["a", "b1", "w1"] {
                inventory.add_host_to_group("w", host, &Span::nowhere("test"));
            }
            inventory.settle();
            match Pattern::parse(&text, &Span::whole("pattern", &text)) {
                Ok(pattern) => {
                    let hosts = inventory.select_known(&pattern, &mut Diagnostics::new());
                    prop_assert!(hosts.iter().all(|h| inventory.host(h.as_str()).is_some()));
                }
                Err(error) => prop_assert!(error.span.is_some_and(|s| text.contains(s.text()))),
            }
        }

        #[test]
        fn names_add_up_and_take_away(all in names(), with in names(), without in names(), separator in "[,:]|, | ") {
            let mut inventory = Inventory::new();
            for host in ["a", "b", "c", "d"] {
                inventory.add_host_to_group("g", host, &Span::nowhere("test"));
            }
            inventory.settle();
            let marked = |mark: &str, names: &[&str]| names.iter().map(|name| format!("{mark}{name}")).collect::<Vec<_>>();
            let text = [marked("", &all), marked("&", &with), marked("!", &without)].concat().join(&separator);
            let pattern = Pattern::parse(&text, &Span::whole("pattern", &text)).unwrap();
            let expected: Vec<&str> = ["a", "b", "c", "d"]
                .into_iter()
                .filter(|host| all.is_empty() || all.contains(host))
                .filter(|host| with.iter().all(|only| only == host) && !without.contains(host))
                .collect();
            let mut found: Vec<_> = inventory.select(&pattern).unwrap();
            found.sort();
            prop_assert_eq!(found.iter().map(HostName::as_str).collect::<Vec<_>>(), expected, "{}", text);
        }
    }
}
