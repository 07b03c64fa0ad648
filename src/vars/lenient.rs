//! The rules that expressions had until ansible-core 2.18, for projects that say `expressions: lenient`.
//!
//! The result of a template is a text, unless it looks like a list, a mapping or a boolean. A condition may be of any type, and
//! marks in it are filled in before it is evaluated. There the older rules evaluated whatever came out, also what a host had
//! sent; here the text of a variable is evaluated only when the user's files have it.

use std::fmt::Write as _;

use super::{Problem, TemplateError};
use crate::base::{Text, Value};
use crate::syntax::literal;

/// Filters whose result stays a text, whatever it looks like.
const TEXT_FILTERS: [&str; 7] =
    ["string", "to_json", "to_nice_json", "to_yaml", "to_nice_yaml", "ppretty", "json"];
/// Variables in conditions that may need each other in a row.
const DEPTH: usize = 20;

/// What a printed result stands for; `None` when it stays a text. `template` is what it was rendered from.
pub(super) fn looks_like(template: &str, printed: &str) -> Option<Value> {
    let looks =
        printed.starts_with(['[', '{']) && !printed.starts_with("{{") || matches!(printed, "True" | "False");
    if !looks || ends_in_text_filter(template) {
        return None;
    }
    literal::parse_with_json_words(printed.trim_end())
}

fn ends_in_text_filter(template: &str) -> bool {
    let Some(inside) = template.trim_end().strip_suffix("}}") else { return false };
    let Some((_, filter)) = inside.rsplit_once('|') else { return false };
    let name = filter.trim().split('(').next().unwrap_or_default().trim_end();
    TEXT_FILTERS.contains(&name)
}

/// The name, if a template is that of one variable and nothing else.
pub(super) fn only_name(template: &str) -> Option<&str> {
    let name = template.trim().strip_prefix("{{")?.strip_suffix("}}")?.trim();
    name.chars().all(|c| c.is_alphanumeric() || c == '_').then_some(name)
}

/// Fills the marks of a condition in, so that an expression without any is left.
///
/// `evaluate` gives the value of an expression, `raw` that of a variable as it is written.
pub(super) fn without_marks(
    condition: &str,
    evaluate: &dyn Fn(&str) -> Result<Value, TemplateError>,
    raw: &dyn Fn(&str) -> Option<Text>,
) -> Result<String, TemplateError> {
    Filling { evaluate, raw, depth: 0 }.fill(condition)
}

struct Filling<'a> {
    evaluate: &'a dyn Fn(&str) -> Result<Value, TemplateError>,
    raw: &'a dyn Fn(&str) -> Option<Text>,
    depth: usize,
}

/// A problem whose place is the whole condition.
fn refused(why: impl Into<String>) -> TemplateError {
    TemplateError::new(Problem::Failed(why.into()), None)
}

impl Filling<'_> {
    fn fill(&self, condition: &str) -> Result<String, TemplateError> {
        let mut filled = String::with_capacity(condition.len());
        // The quote that is open, where it stands, and whether marks were in it.
        let mut open: Option<(char, usize, bool)> = None;
        let mut rest = condition;
        while let Some(c) = rest.chars().next() {
            if let Some(inside) = rest.strip_prefix("{{") {
                let Some(end) = end_of_marks(inside) else {
                    return Err(refused("`{{` without `}}`"));
                };
                let expression = inside[..end].trim();
                match &mut open {
                    // A part of a text: joined to it, so that nothing in it can end the text.
                    Some((quote, _, marks)) => {
                        *marks = true;
                        let _ = write!(filled, "{quote} ~ ({expression}) ~ {quote}");
                    }
                    None => filled.push_str(&self.code(expression)?),
                }
                rest = &inside[end + 2..];
                continue;
            }
            if rest.starts_with("{%") {
                return Err(refused("a condition takes no `{% %}`: write it as an expression"));
            }
            let mut length = c.len_utf8();
            match open {
                None if matches!(c, '\'' | '"') => open = Some((c, filled.len(), false)),
                Some(_) if c == '\\' => length += rest[1..].chars().next().map_or(0, char::len_utf8),
                Some((quote, begin, marks)) if c == quote => {
                    open = None;
                    if marks {
                        filled.insert(begin, '(');
                        filled.push(c);
                        filled.push(')');
                        rest = &rest[length..];
                        continue;
                    }
                }
                _ => {}
            }
            filled.push_str(&rest[..length]);
            rest = &rest[length..];
        }
        Ok(filled)
    }

    /// What stands in the place of marks outside of a text.
    fn code(&self, expression: &str) -> Result<String, TemplateError> {
        let is_name = expression.chars().all(|c| c.is_alphanumeric() || c == '_');
        if is_name && let Some(written) = (self.raw)(expression) {
            if self.depth >= DEPTH {
                return Err(refused(format!("more than {DEPTH} variables need each other in a row")));
            }
            let inner = Filling { depth: self.depth + 1, ..*self }.fill(written.as_str())?;
            return Ok(if inner.trim().is_empty() { inner } else { format!("({inner})") });
        }
        let value = (self.evaluate)(expression)?;
        let Value::String(text) = &value else { return Ok(format!("({expression})")) };
        let word = text.as_str().trim();
        let is_constant = matches!(word, "" | "True" | "False" | "true" | "false" | "None" | "none")
            || word.parse::<f64>().is_ok_and(f64::is_finite);
        if is_constant {
            return Ok(word.to_owned());
        }
        Err(refused(format!(
            "`{{{{ {expression} }}}}` gives a text, which is not evaluated a second time: write `{expression}` alone"
        )))
    }
}

/// Where the marks end, quotes respected.
fn end_of_marks(inside: &str) -> Option<usize> {
    let mut quote = None;
    let mut chars = inside.char_indices();
    while let Some((at, c)) = chars.next() {
        match quote {
            None if inside[at..].starts_with("}}") => return Some(at),
            None if matches!(c, '\'' | '"') => quote = Some(c),
            Some(_) if c == '\\' => drop(chars.next()),
            Some(open) if c == open => quote = None,
            _ => {}
        }
    }
    None
}
