//! `--diff`: a file before and after, as the reference prints it.

use similar::TextDiff;

use super::words::Paint;
use crate::wire::Diff;

/// A unified diff with an empty line at its end; nothing when both are the same. Behind it what is said in words.
pub(super) fn unified(diff: &Diff, colour: bool) -> String {
    let text = TextDiff::from_lines(&diff.before, &diff.after);
    // A file that was not there has no name.
    let named = |header: &str| Some(header.to_owned()).filter(|name| !name.is_empty());
    let header = |text: &str| named(&diff.header).filter(|_| !text.is_empty());
    let before = diff.before_header.as_ref().map_or_else(|| header(&diff.before), |name| named(name));
    let after = if diff.before_header.is_some() { named(&diff.header) } else { header(&diff.after) };
    let words =
        |word: &str, name: Option<String>| name.map_or(word.to_owned(), |name| format!("{word}: {name}"));
    let (before, after) = (words("before", before), words("after", after));
    let unified = text.unified_diff().header(&before, &after).to_string();
    let paint = |line: &str| match line.as_bytes().first() {
        Some(b'+') => Paint::Added.on(line),
        Some(b'-') => Paint::Removed.on(line),
        Some(b'@') => Paint::Lines.on(line),
        _ => line.to_owned(),
    };
    let line = |line: &str| if colour { paint(line) } else { line.to_owned() };
    let end = (!unified.is_empty()).then(|| "\n".to_owned());
    let prepared = diff.prepared.as_deref().unwrap_or_default();
    let stop = if prepared.is_empty() || prepared.ends_with('\n') { "" } else { "\n" };
    let prepared = format!("{prepared}{stop}");
    unified.lines().map(|text| line(text) + "\n").chain(end).chain([prepared]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_in_words_is_printed_as_it_is() {
        let said = |text: &str| unified(&Diff { prepared: Some(text.to_owned()), ..Diff::default() }, true);
        assert_eq!(said("+ b\n- a"), "+ b\n- a\n");
        assert_eq!(said("1 upgraded\n"), "1 upgraded\n");
        assert_eq!(said(""), "");
    }
}
