//! Regular expressions as Python writes them, and Python's replacement templates (`\1`, `\g<name>`).

use fancy_regex::{Captures, Regex};

use super::failure::Failure;

/// Compiles an argument; the failure names it.
pub fn compile(argument: &str, pattern: &str) -> Result<Regex, Failure> {
    Regex::new(pattern)
        .map_err(|e| Failure::new(format!("{argument}: `{pattern}` is no regular expression: {e}")))
}

/// The groups of a match. A search that takes too long is an error, not an endless wait.
pub fn search<'t>(regex: &Regex, text: &'t str) -> Result<Option<Captures<'t, str>>, Failure> {
    regex.captures(text).map_err(|e| Failure::new(format!("`{}` cannot be searched: {e}", regex.as_str())))
}

/// Python's `match.expand`: groups by number and name, and the escapes `\n`, `\t`, `\\`.
pub fn expand(captures: &Captures<'_, str>, template: &str) -> Result<String, Failure> {
    let unknown = |name: &str| Failure::new(format!("invalid group reference `{name}` in `{template}`"));
    let by_name = |name: &str| -> Result<String, Failure> {
        let index = name.parse::<usize>().ok();
        let found = match index {
            Some(i) if i >= captures.len() => return Err(unknown(name)),
            Some(i) => captures.get(i),
            None => captures.name(name),
        };
        Ok(found.map_or(String::new(), |m| m.as_str().to_owned()))
    };
    let mut out = String::new();
    let mut rest = template;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(inner) = rest.strip_prefix("g<") {
            let end = inner.find('>').ok_or_else(|| unknown("\\g<"))?;
            out.push_str(&by_name(&inner[..end])?);
            rest = &inner[end + 1..];
            continue;
        }
        let digits = rest.bytes().take(2).take_while(u8::is_ascii_digit).count();
        if digits > 0 {
            out.push_str(&by_name(&rest[..digits])?);
            rest = &rest[digits..];
            continue;
        }
        let mut chars = rest.chars();
        match chars.next() {
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some('\\') | None => out.push('\\'),
            Some(c) => out.extend(['\\', c]),
        }
        rest = chars.as_str();
    }
    out.push_str(rest);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn expanded(template: &str) -> Result<String, String> {
        let regex = compile("regexp", r"(?P<key>\w+)=(\d+)(x)?").unwrap();
        let captures = search(&regex, "cores=8").unwrap().unwrap();
        expand(&captures, template).map_err(|e| e.into_outcome().msg.unwrap_or_default())
    }

    #[test]
    fn templates_are_expanded_as_python_does() {
        assert_eq!(expanded(r"\2:\g<key>:\g<2>0"), Ok("8:cores:80".into()));
        assert_eq!(expanded(r"[\3]\\\n\d"), Ok("[]\\\n\\d".into()));
        assert_eq!(expanded(r"\7"), Err(r"invalid group reference `7` in `\7`".into()));
    }

    proptest! {
        #[test]
        fn no_template_makes_it_panic(template in r"[\\g<>0-9a-zé]{0,12}") {
            let _ = expanded(&template);
        }
    }
}
