//! What `systemctl` prints about a unit, and the words it has for being enabled.

use crate::base::Map;

/// What `systemctl is-enabled` says of units that are there, see systemctl(1).
pub(super) const ENABLED: [&str; 11] = [
    "enabled",
    "enabled-runtime",
    "linked",
    "linked-runtime",
    "masked",
    "masked-runtime",
    "static",
    "indirect",
    "disabled",
    "generated",
    "transient",
];

/// The properties. Only values of `Exec…` go over several lines, in braces.
pub(super) fn parse(text: &str) -> Map {
    let mut found = Map::new();
    let mut open: Option<(&str, Vec<&str>)> = None;
    for line in text.lines() {
        if let Some((key, mut lines)) = open.take() {
            lines.push(line);
            if line.trim_end().ends_with('}') {
                found.insert(key, lines.join("\n").trim());
            } else {
                open = Some((key, lines));
            }
        } else if let Some((key, value)) = line.split_once('=') {
            let begins = key.starts_with("Exec") && value.trim_start().starts_with('{');
            if begins && !value.trim_end().ends_with('}') {
                open = Some((key, vec![value]));
            } else {
                found.insert(key, value.trim());
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn values_in_braces_go_on_to_the_brace_that_closes_them() {
        let found = parse(
            "Id=a.service\nExecStart={ path=/bin/sh ; argv[]=/bin/sh -c x\n=y }\nDescription={ open\nA=b\n",
        );
        let pairs: Vec<_> = found.iter().map(|(k, v)| format!("{k}|{v}")).collect();
        let exec = "ExecStart|{ path=/bin/sh ; argv[]=/bin/sh -c x\n=y }";
        assert_eq!(pairs, ["Id|a.service", exec, "Description|{ open", "A|b"]);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(?s)(Exec|[{}=]|\n|.){0,40}") {
            parse(&text);
        }
    }
}
