//! What failed, and what it said: the end of each log, long enough to see why.

use super::opening::{alike, what_failed};
use super::writer::Html;
use super::{Log, Material};

pub(super) fn print(material: &Material) -> Html {
    let mut html = Html::default();
    if material.summary.failures.is_empty() {
        return html;
    }
    html.raw("<section id=\"logs\"><h2>Logs of what failed</h2>");
    for alike in alike(&material.summary) {
        let failure = &material.summary.failures[alike[0]];
        html.open("article", &[("id", &format!("log-{}", alike[0]))]);
        html.element("h3", &[], what_failed(&material.summary, &alike));
        html.raw("<p>").text(&failure.reason);
        if !failure.place.is_empty() {
            html.raw(" ").element("span", &[("class", &"quiet")], &failure.place);
        }
        html.raw("</p>");
        let mut said = false;
        for number in &alike {
            let host = material.summary.failures[*number].host.as_str();
            let host = if alike.len() > 1 { format!("{host} ") } else { String::new() };
            for log in material.logs.iter().filter(|log| log.failure == *number) {
                said = true;
                print_log(&mut html, &host, log);
            }
        }
        if !said {
            html.raw("<p class=\"quiet\">It said nothing.</p>");
        }
        html.raw("</article>");
    }
    html.raw("</section>");
    html
}

fn print_log(html: &mut Html, host: &str, log: &Log) {
    let left_out = match log.left_out {
        0 => String::new(),
        bytes => format!(", the end of it: {bytes} bytes before are left out"),
    };
    html.element("p", &[("class", &"quiet")], format!("{host}{}{left_out}", log.stream));
    html.open("pre", &[("tabindex", &"0")]).text(plain(&log.text)).close("pre");
}

/// Without what colours a terminal: ECMA-48's control sequences (`ESC [ … letter`).
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '\x1b' && chars.peek() == Some(&'[') {
            chars.next();
            for c in chars.by_ref() {
                if ('@'..='~').contains(&c) {
                    break;
                }
            }
        } else if c == '\r' {
            // A line that is written anew each time; its last text stays.
            if chars.peek() != Some(&'\n') {
                let line = plain.rfind('\n').map_or(0, |at| at + 1);
                plain.truncate(line);
            }
        } else {
            plain.push(c);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn what_is_for_terminals_is_left_out() {
        assert_eq!(plain("a\n\x1b[31mred\x1b[0m 10 %\r20 %\r\nb"), "a\n20 %\nb");
    }
}
