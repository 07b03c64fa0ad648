//! Quoted texts whose lines begin too far left.
//!
//! YAML wants the further lines of a quoted text to be indented more than what they belong to. `PyYAML`, which reads Ansible's
//! playbooks, does not, and playbooks rely on it. What such a line begins with means nothing, so it is moved to the right before
//! it is read once more; places are those of the text as it was.

use std::borrow::Cow;
use std::ops::Range;

/// By how much a line is moved: more than playbooks are indented.
const SPACES: &str =
    "                                                                                                    ";
/// How many lines at most; each costs another look at the whole text.
const LINES: usize = 2000;

/// A text with lines that were moved.
pub(super) struct Padded<'a> {
    /// As it is to be read.
    pub text: Cow<'a, str>,
    /// Where the moved lines begin in it, in order.
    moved: Vec<usize>,
}

impl<'a> Padded<'a> {
    /// A text as it is.
    pub fn of(text: &'a str) -> Self {
        Self { text: Cow::Borrowed(text), moved: Vec::new() }
    }

    /// Moves the line at a place of the moved text. Says whether that can help: a line is moved once.
    pub fn pad(&mut self, at: usize) -> bool {
        let Some(before) = self.text.get(..at) else { return false };
        let line = before.rfind('\n').map_or(0, |end| end + 1);
        let place = match self.moved.binary_search(&line) {
            Err(place) if self.moved.len() < LINES => place,
            _ => return false,
        };
        self.text.to_mut().insert_str(line, SPACES);
        self.moved.iter_mut().skip(place).for_each(|later| *later += SPACES.len());
        self.moved.insert(place, line);
        true
    }

    /// Where a range of the moved text was before.
    pub fn original(&self, range: Range<usize>) -> Range<usize> {
        let back = |at: usize| {
            let before = self.moved.iter().take_while(|line| **line < at);
            at - before.map(|line| SPACES.len().min(at - line)).sum::<usize>()
        };
        back(range.start)..back(range.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_those_of_the_text_as_it_was() {
        let mut padded = Padded::of("a: \"b\nc\nd\"\ne: f\n");
        assert!(padded.pad(6), "the line of c");
        let of_d = 8 + SPACES.len();
        assert!(!padded.pad(of_d - 2), "it was moved already");
        assert!(padded.pad(of_d), "the line of d");
        assert!(padded.text.starts_with("a: \"b\n    "));
        let word = |word: &str| padded.text.find(word).map(|at| padded.original(at..at + 1));
        assert_eq!(["b", "c", "d", "e"].map(word), [4..5, 6..7, 8..9, 11..12].map(Some));
        assert_eq!(padded.original(of_d..of_d + 3), 8..8, "inside of what was added");
    }
}
