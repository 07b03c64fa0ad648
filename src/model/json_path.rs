//! The path of a figure in a JSON document: a small subset of `JSONPath`. Knows no documents.

/// `$`, then `.name`, `['name']`, `[0]`, `[*]`, `.*` in any order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonPath(Vec<JsonStep>);

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JsonStep {
    /// A key of an object.
    Key(String),
    /// An item of a list, from 0.
    Index(usize),
    /// Every item of a list, or every value of an object.
    All,
}

/// A text that is no path.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this path cannot be read at `{rest}`")]
pub struct BadJsonPath {
    /// From where on it cannot be read, up to its end.
    pub rest: String,
}

impl BadJsonPath {
    /// What a path takes.
    pub const HELP: &str = "a path is `$`, then any of `.name`, `['name']`, `[0]`, `[*]`, `.*`";
}

impl JsonPath {
    /// Reads a path; blanks around it do not matter.
    pub fn parse(text: &str) -> Result<Self, BadJsonPath> {
        let wrong = |rest: &str| BadJsonPath { rest: rest.to_owned() };
        let mut steps = Vec::new();
        let trimmed = text.trim();
        let mut rest = trimmed.strip_prefix('$').ok_or_else(|| wrong(trimmed))?;
        while !rest.is_empty() {
            let (step, after) = step(rest).ok_or_else(|| wrong(rest))?;
            steps.push(step);
            rest = after;
        }
        Ok(Self(steps))
    }

    /// From the document inwards.
    pub fn steps(&self) -> &[JsonStep] {
        &self.0
    }
}

/// The first step of a text, and what follows it.
fn step(text: &str) -> Option<(JsonStep, &str)> {
    if let Some(after) = text.strip_prefix('.') {
        let end = after.find(['.', '[']).unwrap_or(after.len());
        let (name, after) = after.split_at(end);
        return match name {
            "" => None,
            "*" => Some((JsonStep::All, after)),
            name => Some((JsonStep::Key(name.to_owned()), after)),
        };
    }
    let inner = text.strip_prefix('[')?;
    if let Some(quote) = inner.chars().next().filter(|c| matches!(c, '\'' | '"')) {
        let (name, after) = inner[1..].split_once(quote)?;
        return Some((JsonStep::Key(name.to_owned()), after.strip_prefix(']')?));
    }
    let (inside, after) = inner.split_once(']')?;
    let step = if inside == "*" { JsonStep::All } else { JsonStep::Index(inside.parse().ok()?) };
    Some((step, after))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_kind_of_step_is_read_and_what_cannot_be_is_shown() {
        let key = |name: &str| JsonStep::Key(name.to_owned());
        let read = |text| JsonPath::parse(text).map(|path| path.0);
        assert_eq!(
            read(" $.a['b ].c'][\"d\"][0][*].* "),
            Ok(vec![key("a"), key("b ].c"), key("d"), JsonStep::Index(0), JsonStep::All, JsonStep::All])
        );
        assert_eq!(read("$"), Ok(vec![]));
        for (text, rest) in [
            ("a.b", "a.b"),
            ("", ""),
            ("$..a", "..a"),
            ("$.a[-1]", "[-1]"),
            ("$.a[0", "[0"),
            ("$.a['b]", "['b]"),
            (" $.a b[x] ", "[x]"),
        ] {
            assert_eq!(read(text).unwrap_err().rest, rest, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_path_or_an_error_that_shows_its_end(text in r"[$.a-cé*\[\]'\x22 0-9]{0,12}") {
            if let Err(error) = JsonPath::parse(&text) {
                prop_assert!(text.trim().ends_with(&error.rest));
            }
        }
    }
}
