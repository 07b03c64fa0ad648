//! `k=v` words in a plain string: `copy: src=a dest="b c"`.
//!
//! Words end at a blank or a newline outside quotes and outside `{{ }}` / `{% %}`, as Ansible splits them.

const JOINT: &str = "\\";

/// Splits into words; quotes stay on. An open quote reaches to the end.
pub fn split(text: &str) -> Vec<&str> {
    let mut words = scan(text).0;
    // A backslash alone joins lines.
    words.retain(|word| *word != JOINT);
    words
}

/// A command line whose lines are joined where one ends with a backslash alone; absent when none does. In quotes it is what it is.
pub fn joined(text: &str) -> Option<String> {
    let joints = || scan(text).0.into_iter().filter(|word| *word == JOINT);
    let mut whole = String::with_capacity(text.len());
    let mut done = 0;
    for joint in joints() {
        let at = joint.as_ptr().addr() - text.as_ptr().addr();
        let Some(next) = text[at + 1..].strip_prefix('\n') else { continue };
        whole.push_str(text[done..at].strip_suffix(' ').unwrap_or(&text[done..at]));
        if !next.starts_with(' ') {
            whole.push(' ');
        }
        done = at + 2;
    }
    (done > 0).then(|| whole + &text[done..])
}

/// Whether every quote and every `{{` is closed.
pub fn is_complete(text: &str) -> bool {
    scan(text).1
}

fn scan(text: &str) -> (Vec<&str>, bool) {
    let bytes = text.as_bytes();
    let mut words = Vec::new();
    let (mut start, mut quote, mut braces) = (None, None, 0_u32);
    let mut at = 0;
    while at < bytes.len() {
        let byte = bytes[at];
        let pair = bytes.get(at..at + 2);
        let escaped = at > 0 && bytes[at - 1] == b'\\';
        match (quote, pair) {
            (Some(q), _) => quote = quote.filter(|_| byte != q || escaped),
            (None, Some(b"{{" | b"{%" | b"{#")) => braces += 1,
            (None, Some(b"}}" | b"%}" | b"#}")) => braces = braces.saturating_sub(1),
            (None, _) if braces == 0 && !escaped && (byte == b'"' || byte == b'\'') => quote = Some(byte),
            _ => {}
        }
        let blank = (byte == b' ' || byte == b'\n') && quote.is_none() && braces == 0;
        match (blank, start) {
            (false, None) => start = Some(at),
            (true, Some(from)) => {
                words.push(&text[from..at]);
                start = None;
            }
            _ => {}
        }
        at += 1;
    }
    words.extend(start.map(|from| &text[from..]));
    (words, quote.is_none() && braces == 0)
}

/// A word as key and value, if it is one; escapes are read as Python's, then quotes around the value go. The key may have
/// templates in it: `"user_{{ item }}=1"`.
pub fn pair(word: &str) -> Option<(&str, String)> {
    let (mut rest, mut equals) = (word, 0);
    loop {
        let plain = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-'))?;
        equals += plain;
        rest = &rest[plain..];
        if rest.starts_with('=') {
            break;
        }
        let template = rest.strip_prefix("{{")?.find("}}")? + 4;
        equals += template;
        rest = &rest[template..];
    }
    let (key, value) = word.split_at(equals);
    (!key.is_empty()).then(|| (key, unquote(unescape(&value[1..]).trim())))
}

fn unquote(value: &str) -> String {
    let mut chars = value.chars();
    match (chars.next(), chars.next_back()) {
        (Some(a @ ('"' | '\'')), Some(b)) if a == b && !chars.as_str().ends_with('\\') => {
            chars.as_str().into()
        }
        _ => value.to_owned(),
    }
}

/// `\n`, `\x41`, `\u00e9` and the like; a backslash before anything else stays.
fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        plain.push_str(&rest[..at]);
        rest = &rest[at..];
        let (meaning, length) = escape(&rest[1..]).map_or(('\\', 1), |(c, length)| (c, length + 1));
        plain.push(meaning);
        rest = &rest[length..];
    }
    plain + rest
}

/// What an escape means, and how many bytes it has behind its backslash.
fn escape(rest: &str) -> Option<(char, usize)> {
    let digits = |count: usize| {
        let code = rest.get(1..=count).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))?;
        Some((char::from_u32(u32::from_str_radix(code, 16).ok()?)?, count + 1))
    };
    Some(match rest.bytes().next()? {
        c @ (b'\\' | b'\'' | b'"') => (char::from(c), 1),
        b'a' => ('\x07', 1),
        b'b' => ('\x08', 1),
        b'f' => ('\x0c', 1),
        b'n' => ('\n', 1),
        b'r' => ('\r', 1),
        b't' => ('\t', 1),
        b'v' => ('\x0b', 1),
        b'x' => digits(2)?,
        b'u' => digits(4)?,
        b'U' => digits(8)?,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::{is_complete, joined, pair, split};
    use proptest::prelude::*;

    #[test]
    fn words_end_at_white_space_outside_quotes_and_braces() {
        assert_eq!(
            split(r#"src=a  dest="b c" x={{ a | default('q') }}"#),
            ["src=a", r#"dest="b c""#, "x={{ a | default('q') }}"]
        );
        assert_eq!(pair(r#"dest="b c""#), Some(("dest", "b c".into())));
        assert_eq!(pair("https://x/?a=b"), None);
        assert_eq!(split("{{ 'x' + item }}={{ item }}"), ["{{ 'x' + item }}={{ item }}"]);
        assert_eq!(pair("{{ a == 'b' }}={{ c }}"), Some(("{{ a == 'b' }}", "{{ c }}".into())));
        assert_eq!(pair("{{ a == 'b' }}"), None);
        assert_eq!(pair("user_{{ a }}=1"), Some(("user_{{ a }}", "1".into())));
        assert_eq!(pair("=1"), None);
    }

    #[test]
    fn backslashes_mean_what_they_mean_in_python() {
        let value = |word| pair(word).map(|(_, value)| value);
        assert_eq!(value(r"a=x\ny\t\x41\u00e9\\.\d"), Some("x\ny\tAé\\.\\d".into()));
        assert_eq!(value(r#"a="say \"yes\" and 'no'""#), Some(r#"say "yes" and 'no'"#.into()));
        assert_eq!(value(r"a='it\'s'"), Some("it's".into()));
        assert_eq!(split("a=1 \\\n  b=\\\"x c=2"), ["a=1", "b=\\\"x", "c=2"]);
        assert_eq!(joined("a \\\n\"b\nc\" \\\n  d\ne\n").as_deref(), Some("a \"b\nc\"  d\ne\n"));
        assert_eq!(joined("a 'b \\\n c' \\d"), None);
        assert!(is_complete("a='b c' d={{ e }}") && !is_complete("a='b") && !is_complete("a={{ b"));
    }

    proptest! {
        #[test]
        fn any_text_splits_into_its_own_parts(text in ".{0,200}") {
            for word in split(&text) {
                prop_assert!(text.contains(word));
                let _ = pair(word);
            }
        }

        #[test]
        fn quoted_pairs_come_back(pairs in prop::collection::vec(("[a-z_]{1,8}", "[^\\\\]{0,16}"), 0..5)) {
            let quoted = |(key, value): &(String, String)| format!("{key}=\"{}\"", value.replace('"', "\\\""));
            let text = pairs.iter().map(quoted).collect::<Vec<_>>().join(" ");
            let back: Option<Vec<_>> = split(&text).into_iter().map(pair).collect();
            let pairs: Vec<_> = pairs.iter().map(|(key, value)| (key.as_str(), value.clone())).collect();
            prop_assert_eq!(back, Some(pairs));
        }
    }
}
