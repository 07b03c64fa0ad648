//! From the engine's errors to ours: what was undefined, where exactly, and which name was probably meant.

use std::error::Error as _;
use std::ops::Range;
use std::sync::Arc;

use minijinja::{Error, ErrorKind};

use super::objects::Missing;
use super::references::{Path, paths};
use super::session::Through;
use super::{Session, adapt, escape};
use crate::base::suggest::nearest;
use crate::base::{Source, Span};
use crate::vars::{Problem, TemplateError};

/// An error in a text of a playbook. `source` is what was compiled, before escaping; `span` the place of the text.
pub(super) fn error(
    session: &Arc<Session>,
    error: &Error,
    source: &str,
    span: Option<&Span>,
    begin: usize,
) -> TemplateError {
    let range = error
        .range()
        .map(|range| escape::place_before(source, range.start)..escape::place_before(source, range.end));
    if let Some((inner, path)) = through(error) {
        let here = narrow(span, source, range.as_ref(), begin);
        return led_here(inner, path, here);
    }
    let (problem, range) = problem(session, error, source, range);
    TemplateError::new(problem, narrow(span, source, range.as_ref(), begin))
}

/// An error in a template file, or in one that it includes.
pub(super) fn file_error(session: &Arc<Session>, error: &Error, text: &str, place: &Span) -> TemplateError {
    // An error in an included file is inside the one that says which file that was.
    if let Some(inner) = error.source().and_then(|inner| inner.downcast_ref::<Error>()) {
        return file_error(session, inner, text, place);
    }
    let included = error.name().filter(|name| !name.starts_with('\u{1}'));
    if let Some(name) = included {
        let name = name.to_owned();
        let path = session.environment().find(name.as_ref(), &session.environment().search().templates());
        let read = path.as_ref().and_then(|path| session.environment().files().read_text(path).ok());
        if let (Some(path), Some(content)) = (path, read) {
            let source = Source::new(path.display().to_string(), content.clone());
            let whole = Span::new(&source, 0, content.len());
            return in_file(session, error, &content, &whole);
        }
    }
    in_file(session, error, text, place)
}

fn in_file(session: &Arc<Session>, error: &Error, text: &str, place: &Span) -> TemplateError {
    let here = |range: Option<Range<usize>>| range.map_or_else(|| place.clone(), |range| place.part(range));
    if let Some((inner, path)) = through(error) {
        return led_here(inner, path, Some(here(error.range())));
    }
    let (problem, range) = problem(session, error, text, error.range());
    TemplateError::new(problem, Some(here(range)))
}

/// An error of another template that came out here, with the variable it came through.
fn through(error: &Error) -> Option<(&TemplateError, &str)> {
    let mut source = error.source();
    while let Some(inner) = source {
        if let Some(through) = inner.downcast_ref::<Through>() {
            return Some((&through.error, &through.path));
        }
        source = inner.source();
    }
    None
}

fn led_here(inner: &TemplateError, path: &str, here: Option<Span>) -> TemplateError {
    let mut error = inner.clone();
    match (&error.span, here) {
        (None, here) => error.span = here,
        (Some(_), Some(here)) if !path.is_empty() => {
            let known = |(span, _): &(Span, String)| {
                Arc::ptr_eq(span.source(), here.source()) && span.range() == here.range()
            };
            if !error.trail.iter().any(known) {
                error.trail.push((here, path.to_owned()));
            }
        }
        _ => {}
    }
    error
}

fn problem(
    session: &Arc<Session>,
    error: &Error,
    source: &str,
    range: Option<Range<usize>>,
) -> (Problem, Option<Range<usize>>) {
    let detail = || error.detail().map_or_else(|| error.kind().to_string(), ToOwned::to_owned);
    let name =
        |prefix: &str| detail().trim_start_matches(prefix).trim_end_matches(" is unknown").trim().to_owned();
    let problem = match error.kind() {
        ErrorKind::SyntaxError | ErrorKind::BadEscape => Problem::Syntax(syntax(error)),
        // An operator that was given nothing to work on complains of its kind.
        ErrorKind::InvalidOperation if error.detail().is_some_and(|detail| detail.contains("undefined")) => {
            return undefined(session, source, range);
        }
        ErrorKind::UnknownFilter => unknown("filter", name("filter "), adapt::filter_names()),
        ErrorKind::UnknownTest => unknown("test", name("test "), adapt::test_names()),
        ErrorKind::UnknownFunction => unknown("function", name("function "), adapt::function_names()),
        ErrorKind::UndefinedError => return undefined(session, source, range),
        ErrorKind::OutOfFuel => Problem::Failed("this takes too long to compute: a loop without end?".into()),
        ErrorKind::MissingArgument => Problem::Failed("an argument is missing".into()),
        _ => Problem::Failed(detail()),
    };
    (problem, range)
}

/// What is wrong with the syntax, in words that also fit an expression without marks.
pub(super) fn syntax(error: &Error) -> String {
    let detail = error.detail().map_or_else(|| error.kind().to_string(), ToOwned::to_owned);
    detail.replace("end of variable block", "end of the expression")
}

pub(super) fn unknown(
    what: &'static str,
    name: String,
    known: impl Iterator<Item = &'static str>,
) -> Problem {
    let suggestion = nearest(&name, known).map(ToOwned::to_owned);
    Problem::Unknown { what, name, suggestion }
}

/// Finds the first path in the failing part that leads nowhere.
fn undefined(
    session: &Arc<Session>,
    source: &str,
    range: Option<Range<usize>>,
) -> (Problem, Option<Range<usize>>) {
    let escaped = escape::escape(source);
    let back = |place| escape::place_before(source, place);
    let all = paths(&escaped);
    let within = |path: &&Path| match &range {
        Some(range) => back(path.range.start) >= range.start && back(path.range.end) <= range.end,
        None => true,
    };
    for path in all.iter().filter(within).chain(all.iter()) {
        if path.local || path.guarded {
            continue;
        }
        if let Some((name, suggestion)) = dead_end(session, &path.names) {
            let place = back(path.range.start)..back(path.range.end);
            return (Problem::Undefined { name, suggestion }, Some(place));
        }
    }
    let name = range.clone().and_then(|range| source.get(range)).map_or_else(|| label(source), label);
    (Problem::Undefined { name, suggestion: None }, range)
}

/// How far a path can be followed, when not to its end.
fn dead_end(session: &Arc<Session>, names: &[String]) -> Option<(String, Option<String>)> {
    let (root, attributes) = names.split_first()?;
    let Some(mut value) = session.root(root).filter(|v| v.downcast_object_ref::<Missing>().is_none()) else {
        if session.environment().engine.is_global(root) {
            return None;
        }
        let known = session.scope().names();
        let near = nearest(root, known.iter().map(AsRef::as_ref));
        return Some((root.clone(), near.map(ToOwned::to_owned)));
    };
    let mut followed = root.clone();
    for attribute in attributes {
        let next = value.get_attr(attribute).ok()?;
        followed = format!("{followed}.{attribute}");
        if next.is_undefined() {
            let keys: Vec<String> =
                value.try_iter().ok()?.filter_map(|key| key.as_str().map(ToOwned::to_owned)).collect();
            let near = nearest(attribute, keys.iter().map(String::as_str)).map(ToOwned::to_owned);
            return Some((followed, near));
        }
        value = next;
    }
    None
}

/// The place of a part of a text. The text in the file may be quoted or folded, so the words are searched for.
pub(super) fn narrow(
    span: Option<&Span>,
    source: &str,
    range: Option<&Range<usize>>,
    begin: usize,
) -> Option<Span> {
    let span = span?;
    let Some((range, words)) = range.and_then(|range| Some((range, source.get(range.clone())?))) else {
        return Some(span.clone());
    };
    let words = words.trim();
    let wanted = range.start.saturating_sub(begin);
    let found = span.text().match_indices(words).map(|(place, _)| place);
    let nearest = found.min_by_key(|place| place.abs_diff(wanted)).filter(|_| !words.is_empty());
    Some(nearest.map_or_else(|| span.clone(), |place| span.part(place..place + words.len())))
}

/// A text as messages name it: its first line, shortened, without marks.
pub(super) fn label(text: &str) -> String {
    let line = text.trim().lines().next().unwrap_or("");
    let bare = line.strip_prefix("{{").and_then(|line| line.strip_suffix("}}")).unwrap_or(line).trim();
    match bare.char_indices().nth(40) {
        Some((end, _)) => format!("{}…", &bare[..end]),
        None => bare.to_owned(),
    }
}
