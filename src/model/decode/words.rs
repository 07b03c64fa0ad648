//! `k=v` words in a plain string: `copy: src=a dest="b c"`.
//!
//! Words end at white space outside quotes and outside `{{ }}` / `{% %}`, as Ansible splits them.

/// Splits into words; quotes stay on. An open quote reaches to the end.
pub fn split(text: &str) -> Vec<&str> {
    let bytes = text.as_bytes();
    let mut words = Vec::new();
    let (mut start, mut quote, mut braces) = (None, None, 0_u32);
    let mut at = 0;
    while at < bytes.len() {
        let byte = bytes[at];
        let pair = bytes.get(at..at + 2);
        match (quote, pair) {
            (Some(q), _) => quote = quote.filter(|_| byte != q || bytes[at - 1] == b'\\'),
            (None, Some(b"{{" | b"{%" | b"{#")) => braces += 1,
            (None, Some(b"}}" | b"%}" | b"#}")) => braces = braces.saturating_sub(1),
            (None, _) if braces == 0 && (byte == b'"' || byte == b'\'') => quote = Some(byte),
            _ => {}
        }
        let blank = byte.is_ascii_whitespace() && quote.is_none() && braces == 0;
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
    words
}

/// A word as key and value, if it is one; quotes around the value go. The key may be one template: `"{{ item }}=1"`.
pub fn pair(word: &str) -> Option<(&str, String)> {
    let (key, value) = match word.starts_with("{{") {
        true => word.split_at(word.find("}}=")? + 2),
        false => word.split_at(word.find('=')?),
    };
    let plain = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    (plain || key.starts_with("{{")).then(|| (key, unquote(&value[1..])))
}

fn unquote(value: &str) -> String {
    let mut chars = value.chars();
    match (chars.next(), chars.next_back()) {
        (Some(a @ ('"' | '\'')), Some(b)) if a == b => {
            chars.as_str().replace(&format!("\\{a}"), &a.to_string())
        }
        _ => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{pair, split};
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
