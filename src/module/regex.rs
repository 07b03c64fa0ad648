//! Regular expressions as Python writes them, and Python's replacement templates (`\1`, `\g<name>`).

use fancy_regex::{Captures, Regex};

use super::failure::Failure;
use crate::base::regex::Template;

/// Compiles an argument; the failure names it.
pub fn compile(argument: &str, pattern: &str) -> Result<Regex, Failure> {
    crate::base::regex::compile(pattern, false, false)
        .map_err(|e| Failure::new(format!("{argument}: `{pattern}` is no regular expression: {e}")))
}

/// The groups of a match. A search that takes too long is an error, not an endless wait.
pub fn search<'t>(regex: &Regex, text: &'t str) -> Result<Option<Captures<'t, str>>, Failure> {
    regex.captures(text).map_err(|e| Failure::new(format!("`{}` cannot be searched: {e}", regex.as_str())))
}

/// Python's `match.expand`: groups by number and name, and the escapes `\n`, `\t`, `\\`.
pub fn expand(regex: &Regex, captures: &Captures<'_, str>, template: &str) -> Result<String, Failure> {
    let mut out = String::new();
    Template::read(regex, template).map_err(Failure::new)?.expand(captures, &mut out);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn expanded(template: &str) -> Result<String, String> {
        let regex = compile("regexp", r"(?P<key>\w+)=(\d+)(x)?").unwrap();
        let captures = search(&regex, "cores=8").unwrap().unwrap();
        expand(&regex, &captures, template).map_err(|e| e.into_outcome().msg.unwrap_or_default())
    }

    #[test]
    fn templates_are_expanded_as_python_does() {
        assert_eq!(expanded(r"\2:\g<key>:\g<2>0"), Ok("8:cores:80".into()));
        assert_eq!(expanded(r"[\3]\\\n\."), Ok("[]\\\n\\.".into()));
        assert_eq!(expanded(r"\7"), Err("invalid group reference 7".into()));
    }

    proptest! {
        #[test]
        fn no_template_makes_it_panic(template in r"[\\g<>0-9a-zé]{0,12}") {
            let _ = expanded(&template);
        }
    }
}
