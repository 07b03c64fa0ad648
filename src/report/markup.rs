//! Text of others inside of XML and HTML: whatever a host said, it stays text.

/// Between tags.
pub(super) fn text(text: &str) -> String {
    escaped(text, false)
}

/// Inside of double quotes: ends of lines survive, too.
pub(super) fn attribute(text: &str) -> String {
    escaped(text, true)
}

fn escaped(text: &str, quoted: bool) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' if quoted => escaped += "&quot;",
            '\n' if quoted => escaped += "&#10;",
            '\r' => escaped += "&#13;",
            '\t' if quoted => escaped += "&#9;",
            '\t' | '\n' => escaped.push(c),
            // XML 1.0 has no way to write these: https://www.w3.org/TR/xml/#charsets
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_the_text_that_it_stands_in() {
        assert_eq!(
            text("</pre><script>a && \"b\"\n\x1b[31m"),
            "&lt;/pre&gt;&lt;script&gt;a &amp;&amp; \"b\"\n\u{fffd}[31m"
        );
        assert_eq!(attribute("a\"b\nc\td\r"), "a&quot;b&#10;c&#9;d&#13;");
    }
}
