//! Lines of ansible-playbook: banners, colours, the recap.

use unicode_width::UnicodeWidthStr;

use crate::event::Tally;

/// Colours of the reference, by what they are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Paint {
    Ok,
    Changed,
    Failed,
    Unreachable,
    Skipped,
    Retry,
    Warning,
    Verbose,
    Added,
    Removed,
    Lines,
}

impl Paint {
    fn code(self) -> &'static str {
        match self {
            Self::Ok | Self::Added => "0;32",
            Self::Changed => "0;33",
            Self::Failed | Self::Removed => "0;31",
            Self::Unreachable => "1;31",
            Self::Skipped | Self::Lines => "0;36",
            Self::Retry => "1;30",
            Self::Warning => "1;35",
            Self::Verbose => "0;34",
        }
    }

    /// The text in this colour, line by line.
    pub fn on(self, text: &str) -> String {
        let code = self.code();
        text.split('\n').map(|line| format!("\u{1b}[{code}m{line}\u{1b}[0m")).collect::<Vec<_>>().join("\n")
    }
}

/// A heading: an empty line, the words, and stars up to the width.
pub(super) fn banner(words: &str, width: usize) -> String {
    let stars = width.saturating_sub(words.width()).max(3);
    format!("\n{words} {}", "*".repeat(stars))
}

/// A host's line of the recap.
pub(super) fn recap(host: &str, tally: &Tally, colour: bool) -> String {
    let counts = [
        ("ok", tally.ok, Paint::Ok),
        ("changed", tally.changed, Paint::Changed),
        ("unreachable", tally.unreachable, Paint::Unreachable),
        ("failed", tally.failed, Paint::Failed),
        ("skipped", tally.skipped, Paint::Skipped),
        ("rescued", tally.rescued, Paint::Ok),
        ("ignored", tally.ignored, Paint::Warning),
    ];
    let count = |(word, count, paint): (&str, u32, Paint)| {
        let text = format!("{word}={count:<4}");
        if colour && count > 0 { paint.on(&text) } else { text }
    };
    let name = if colour {
        let paint = match tally {
            Tally { failed: 0, unreachable: 0, changed: 0, .. } => Paint::Ok,
            Tally { failed: 0, unreachable: 0, .. } => Paint::Changed,
            _ => Paint::Failed,
        };
        format!("{:<37}", paint.on(host))
    } else {
        format!("{host:<26}")
    };
    format!("{name} : {}", counts.map(count).join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_the_references() {
        assert_eq!(banner("PLAY [all]", 79).len(), 81);
        assert_eq!(banner(&"x".repeat(90), 79).len(), 95);
        let tally = Tally { ok: 17, changed: 5, failed: 1, ..Tally::default() };
        insta::assert_snapshot!(format!("{}|", recap("h1", &tally, false)), @"h1                         : ok=17   changed=5    unreachable=0    failed=1    skipped=0    rescued=0    ignored=0   |");
    }
}
