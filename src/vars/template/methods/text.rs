//! Methods of strings.

use std::rc::Rc;

use super::super::calling::Arguments;
use super::super::object::Val;
use super::super::run::Unit;
use crate::base::Value;
use crate::vars::call::CallError;
use crate::vars::python::{format, words};

pub(super) const NAMES: &[&str] = &[
    "capitalize",
    "casefold",
    "center",
    "count",
    "encode",
    "endswith",
    "expandtabs",
    "find",
    "format",
    "format_map",
    "index",
    "isalnum",
    "isalpha",
    "isascii",
    "isdecimal",
    "isdigit",
    "isidentifier",
    "islower",
    "isnumeric",
    "isspace",
    "istitle",
    "isupper",
    "join",
    "ljust",
    "lower",
    "lstrip",
    "partition",
    "removeprefix",
    "removesuffix",
    "replace",
    "rfind",
    "rindex",
    "rjust",
    "rpartition",
    "rsplit",
    "rstrip",
    "split",
    "splitlines",
    "startswith",
    "strip",
    "swapcase",
    "title",
    "translate",
    "upper",
    "zfill",
];

type Outcome = Result<Val, CallError>;

pub(super) fn call(unit: &Rc<Unit>, text: &str, name: &str, arguments: Arguments) -> Outcome {
    match name {
        "format" => {
            let session = &unit.session;
            let positional = arguments.positional.iter().map(|value| value.to_value(session));
            let named = arguments.named.iter().map(|(name, value)| Ok((&**name, value.to_value(session)?)));
            let positional = positional.collect::<Result<Vec<_>, _>>()?;
            let named = named.collect::<Result<crate::base::Map, CallError>>()?;
            format::print(text, &positional, &named).map(Val::text)
        }
        "format_map" => {
            let [map] = arguments.bind(["mapping"])?;
            let map = map.ok_or("a mapping is needed")?.to_value(&unit.session)?;
            let map = map.as_map().ok_or("a mapping is needed")?;
            format::print(text, &[], map).map(Val::text)
        }
        "split" | "rsplit" => split(text, name == "rsplit", arguments),
        "join" => join(text, arguments),
        "startswith" | "endswith" => affix(text, name == "startswith", arguments),
        "find" | "rfind" | "index" | "rindex" | "count" => find(text, name, arguments),
        "replace" => {
            let [old, new, count] = arguments.bind(["old", "new", "count"])?;
            let (old, new) = (needed(old.as_ref())?.to_owned(), needed(new.as_ref())?.to_owned());
            let count = count.as_ref().and_then(Val::as_index).unwrap_or(-1);
            Ok(Val::text(match usize::try_from(count) {
                Ok(count) => text.replacen(&old, &new, count),
                Err(_) => text.replace(&old, &new),
            }))
        }
        "strip" | "lstrip" | "rstrip" => strip(text, name, arguments),
        "partition" | "rpartition" => partition(text, name == "rpartition", arguments),
        "removeprefix" => {
            let [prefix] = arguments.bind(["prefix"])?;
            Ok(Val::text(text.strip_prefix(needed(prefix.as_ref())?).unwrap_or(text)))
        }
        "removesuffix" => {
            let [suffix] = arguments.bind(["suffix"])?;
            Ok(Val::text(text.strip_suffix(needed(suffix.as_ref())?).unwrap_or(text)))
        }
        "ljust" | "rjust" | "center" | "zfill" => {
            let [width, fill] = arguments.bind(["width", "fillchar"])?;
            justify(text, name, width.as_ref(), fill.as_ref())
        }
        "splitlines" => {
            let [keep] = arguments.bind(["keepends"])?;
            let keep = keep.map_or(Ok(false), |keep| keep.truth())?;
            Ok(Val::list(words::lines(text, keep).into_iter().map(Val::text).collect()))
        }
        "expandtabs" => {
            let [size] = arguments.bind(["tabsize"])?;
            let size = size.as_ref().and_then(Val::as_index).unwrap_or(8);
            let size =
                usize::try_from(size).ok().filter(|size| *size <= 100).ok_or("the tab size is too large")?;
            Ok(Val::text(words::expand_tabs(text, size)))
        }
        "encode" => {
            let [_encoding, _errors] = arguments.bind(["encoding", "errors"])?;
            Ok(Val::Plain(Value::Bytes(text.as_bytes().into())))
        }
        "translate" => Err("it is not supported; use `replace`".into()),
        _ => {
            arguments.bind([])?;
            Ok(without_arguments(text, name))
        }
    }
}

fn without_arguments(text: &str, name: &str) -> Val {
    let every = |wanted: fn(char) -> bool| Val::bool(!text.is_empty() && text.chars().all(wanted));
    let cased = |wanted: fn(char) -> bool, other: fn(char) -> bool| {
        Val::bool(text.chars().any(wanted) && !text.chars().any(other))
    };
    match name {
        "upper" => Val::text(text.to_uppercase()),
        "lower" | "casefold" => Val::text(text.to_lowercase()),
        "capitalize" => Val::text(words::capitalize(text)),
        "title" => Val::text(words::title(text)),
        "swapcase" => Val::text(text.chars().flat_map(words::swap_case).collect::<String>()),
        "isalpha" => every(char::is_alphabetic),
        "isalnum" => every(char::is_alphanumeric),
        "isdigit" | "isdecimal" | "isnumeric" => every(char::is_numeric),
        "isspace" => every(char::is_whitespace),
        "isascii" => Val::bool(text.is_ascii()),
        "isupper" => cased(char::is_uppercase, char::is_lowercase),
        "islower" => cased(char::is_lowercase, char::is_uppercase),
        "istitle" => Val::bool(text.chars().any(char::is_alphabetic) && words::title(text) == text),
        _ => {
            let mut chars = text.chars();
            let first = chars.next().is_some_and(|c| c == '_' || c.is_alphabetic());
            Val::bool(first && chars.all(|c| c == '_' || c.is_alphanumeric()))
        }
    }
}

fn needed(value: Option<&Val>) -> Result<&str, CallError> {
    match value {
        None => Err("an argument is missing".into()),
        Some(value) => {
            value.as_str().ok_or_else(|| format!("a string is needed, not {}", value.kind()).into())
        }
    }
}

fn split(text: &str, from_right: bool, arguments: Arguments) -> Outcome {
    let [separator, most] = arguments.bind(["sep", "maxsplit"])?;
    let most = most.as_ref().and_then(Val::as_index).and_then(|most| usize::try_from(most).ok());
    let separator = match separator.as_ref().filter(|value| !value.is_null()) {
        None => None,
        some => Some(needed(some)?),
    };
    let parts = words::split(text, separator, most, from_right)?;
    Ok(Val::list(parts.into_iter().map(Val::text).collect()))
}

fn join(text: &str, arguments: Arguments) -> Outcome {
    let [items] = arguments.bind(["iterable"])?;
    let items = items.ok_or("an argument is missing")?.items()?;
    let parts = items.iter().map(|item| needed(Some(item))).collect::<Result<Vec<_>, _>>()?;
    Ok(Val::text(parts.join(text)))
}

fn affix(text: &str, at_start: bool, arguments: Arguments) -> Outcome {
    let [affix, start, end] = arguments.bind(["prefix", "start", "end"])?;
    let part = words::part(text, bound(start.as_ref()), bound(end.as_ref()));
    let judge = |affix: &str| if at_start { part.starts_with(affix) } else { part.ends_with(affix) };
    match affix {
        Some(Val::List(affixes)) => {
            for affix in affixes.to_vec()? {
                if judge(needed(Some(&affix))?) {
                    return Ok(Val::bool(true));
                }
            }
            Ok(Val::bool(false))
        }
        affix => Ok(Val::bool(judge(needed(affix.as_ref())?))),
    }
}

fn bound(value: Option<&Val>) -> Option<i128> {
    value.and_then(Val::as_index)
}

fn find(text: &str, name: &str, arguments: Arguments) -> Outcome {
    let [part, start, end] = arguments.bind(["sub", "start", "end"])?;
    let sub = needed(part.as_ref())?;
    let within = words::part(text, bound(start.as_ref()), bound(end.as_ref()));
    if name == "count" {
        let count = if sub.is_empty() { within.chars().count() + 1 } else { within.matches(sub).count() };
        return Ok(Val::size(count));
    }
    let found = if name.starts_with('r') { within.rfind(sub) } else { within.find(sub) };
    let begin = within.as_ptr() as usize - text.as_ptr() as usize;
    match found {
        Some(place) => Ok(Val::size(text[..begin + place].chars().count())),
        None if name.ends_with("find") => Ok(Val::int(-1)),
        None => Err("the substring is not there".into()),
    }
}

fn strip(text: &str, name: &str, arguments: Arguments) -> Outcome {
    let [chars] = arguments.bind(["chars"])?;
    let given = match chars.as_ref().filter(|value| !value.is_null()) {
        None => None,
        some => Some(needed(some)?),
    };
    let strips = |c: char| given.map_or_else(|| c.is_whitespace(), |given| given.contains(c));
    Ok(Val::text(match name {
        "strip" => text.trim_matches(strips),
        "lstrip" => text.trim_start_matches(strips),
        _ => text.trim_end_matches(strips),
    }))
}

fn partition(text: &str, from_right: bool, arguments: Arguments) -> Outcome {
    let [separator] = arguments.bind(["sep"])?;
    let separator = needed(separator.as_ref())?;
    if separator.is_empty() {
        return Err("the separator is empty".into());
    }
    let parts = if from_right { text.rsplit_once(separator) } else { text.split_once(separator) };
    let parts = match (parts, from_right) {
        (Some((before, after)), _) => [before, separator, after],
        (None, true) => ["", "", text],
        (None, false) => [text, "", ""],
    };
    Ok(Val::tuple(parts.into_iter().map(Val::text).collect()))
}

fn justify(text: &str, name: &str, width: Option<&Val>, fill: Option<&Val>) -> Outcome {
    let width = width.and_then(Val::as_index).ok_or("a width is needed")?;
    let width = usize::try_from(width.max(0)).ok().filter(|width| *width <= 1_000_000);
    let width = width.ok_or("the width is too much")?;
    if name == "zfill" {
        return Ok(Val::text(words::zero_fill(text, width)));
    }
    let fill = fill.and_then(Val::as_str).map_or(Some(' '), |fill| {
        let mut chars = fill.chars();
        chars.next().filter(|_| chars.next().is_none())
    });
    let fill = fill.ok_or("one character is needed to fill with")?;
    Ok(Val::text(words::justify(text, name, width, fill)))
}
