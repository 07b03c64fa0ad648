//! Where in the user's file a part of a template stands, and how messages name a text.

use std::ops::Range;

use crate::base::Span;

/// The place of a part of a text. The text in the file may be quoted or folded, so the words are searched for.
pub(super) fn narrow(span: Option<&Span>, source: &str, range: Option<&Range<usize>>) -> Option<Span> {
    let span = span?;
    let Some((range, words)) = range.and_then(|range| Some((range, source.get(range.clone())?))) else {
        return Some(span.clone());
    };
    let words = words.trim();
    let found = span.text().match_indices(words).map(|(place, _)| place);
    let nearest = found.min_by_key(|place| place.abs_diff(range.start)).filter(|_| !words.is_empty());
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
