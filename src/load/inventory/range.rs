//! Ranges in host names: `n[01:10]`, `n[a:f]`, `n[1:9:2]`, also several in one name.

/// No range gives more hosts than this.
const LIMIT: usize = 100_000;

/// A name with a port behind it: `n1:2222`, `[::1]:22`. Colons inside brackets are none.
pub(super) fn split_port(text: &str) -> (&str, Option<&str>) {
    if text.parse::<std::net::Ipv6Addr>().is_ok() {
        return (text, None);
    }
    let (name, port) = match text.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => (name, Some(port)),
        _ => (text, None),
    };
    let address = name.strip_prefix('[').and_then(|n| n.strip_suffix(']'));
    let address = address.filter(|a| a.parse::<std::net::Ipv6Addr>().is_ok());
    (address.unwrap_or(name), port)
}

/// Every name that a name with ranges means; the error is one sentence.
pub(super) fn expand(text: &str) -> Result<Vec<String>, String> {
    let Some((open, close)) = next_range(text) else { return Ok(vec![text.to_owned()]) };
    let (head, tail) = (&text[..open], &text[close + 1..]);
    let tails = expand(tail)?;
    let steps = steps(&text[open + 1..close])?;
    if steps.len().saturating_mul(tails.len()) > LIMIT {
        return Err(format!("this range means more than {LIMIT} hosts"));
    }
    Ok(steps.iter().flat_map(|step| tails.iter().map(move |tail| format!("{head}{step}{tail}"))).collect())
}

/// Where the first brackets with a colon inside are.
fn next_range(text: &str) -> Option<(usize, usize)> {
    let mut from = 0;
    loop {
        let open = from + text[from..].find('[')?;
        let close = open + text[open..].find(']')?;
        if text[open..close].contains(':') {
            return Some((open, close));
        }
        from = close + 1;
    }
}

fn steps(range: &str) -> Result<Vec<String>, String> {
    let bounds: Vec<&str> = range.split(':').collect();
    let (start, end, step) = match bounds[..] {
        [start, end] => (start, end, "1"),
        [start, end, step] => (start, end, step),
        _ => return Err(format!("`[{range}]` is no range: write [first:last] or [first:last:step]")),
    };
    let start = if start.is_empty() { "0" } else { start };
    let step: usize = step.parse().ok().filter(|s| *s > 0).ok_or_else(|| format!("`{step}` is no step"))?;
    if let (Some(from), Some(to)) = (letter(start), letter(end)) {
        if from > to {
            return Err(format!("the range `[{range}]` runs backwards"));
        }
        return Ok(LETTERS[from..=to].iter().step_by(step).map(|b| char::from(*b).to_string()).collect());
    }
    let number = |s: &str| if s.bytes().all(|b| b.is_ascii_digit()) { s.parse::<usize>().ok() } else { None };
    let (Some(from), Some(to)) = (number(start), number(end)) else {
        return Err(format!("`[{range}]` is no range: its ends are two numbers or two letters"));
    };
    let width = if start.len() > 1 && start.starts_with('0') { start.len() } else { 0 };
    if width > 0 && width != end.len() {
        return Err(format!(
            "the ends of `[{range}]` need the same number of digits, since the first has leading zeros"
        ));
    }
    if from > to {
        return Err(format!("the range `[{range}]` runs backwards"));
    }
    if (to - from) / step >= LIMIT {
        return Err(format!("this range means more than {LIMIT} hosts"));
    }
    Ok((from..=to).step_by(step).map(|n| format!("{n:0width$}")).collect())
}

/// In Ansible's order: lower case first.
const LETTERS: &[u8; 52] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

fn letter(text: &str) -> Option<usize> {
    match text.as_bytes() {
        [b] => LETTERS.iter().position(|l| l == b),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{expand, split_port};

    #[test]
    fn ranges_are_written_out() {
        let all = |text: &str| expand(text).map(|names| names.join(" "));
        assert_eq!(all("n1").as_deref(), Ok("n1"));
        assert_eq!(all("n[1:3]").as_deref(), Ok("n1 n2 n3"));
        assert_eq!(all("n[08:11].x").as_deref(), Ok("n08.x n09.x n10.x n11.x"));
        assert_eq!(all("n[1:9:4]").as_deref(), Ok("n1 n5 n9"));
        assert_eq!(all("n[:2]").as_deref(), Ok("n0 n1 n2"));
        assert_eq!(all("n[a:c]").as_deref(), Ok("na nb nc"));
        assert_eq!(all("r[1:2]n[a:b]").as_deref(), Ok("r1na r1nb r2na r2nb"));
        assert_eq!(all("n[x]").as_deref(), Ok("n[x]"));
        let wrong =
            ["n[3:1]", "n[c:a]", "n[1:]", "n[01:100]", "n[1:2:0]", "n[a:3]", "n[1:2:3:4]", "n[0:1000000]"];
        let messages: Vec<_> = wrong.iter().map(|w| expand(w).expect_err("no range")).collect();
        insta::assert_snapshot!(messages.join("\n"), @r"
        the range `[3:1]` runs backwards
        the range `[c:a]` runs backwards
        `[1:]` is no range: its ends are two numbers or two letters
        the ends of `[01:100]` need the same number of digits, since the first has leading zeros
        `0` is no step
        `[a:3]` is no range: its ends are two numbers or two letters
        `[1:2:3:4]` is no range: write [first:last] or [first:last:step]
        this range means more than 100000 hosts
        ");
    }

    #[test]
    fn ports_are_found_behind_names_and_addresses() {
        assert_eq!(split_port("n1"), ("n1", None));
        assert_eq!(split_port("n1:22"), ("n1", Some("22")));
        assert_eq!(split_port("n[1:2]"), ("n[1:2]", None));
        assert_eq!(split_port("n[1:2]:22"), ("n[1:2]", Some("22")));
        assert_eq!(split_port("fe80::1"), ("fe80::1", None));
        assert_eq!(split_port("[fe80::1]:22"), ("fe80::1", Some("22")));
    }

    proptest! {
        #[test]
        fn no_name_makes_it_panic(text in "[na1-3é\\[\\]:.]{0,24}|\\PC{0,12}") {
            match expand(&text) {
                Ok(names) => prop_assert!(!names.is_empty()),
                Err(message) => prop_assert!(!message.is_empty()),
            }
            let (name, port) = split_port(&text);
            prop_assert!(text.contains(name) && port.is_none_or(|port| text.ends_with(port)));
        }

        #[test]
        fn a_range_means_what_counting_gives(from in 0..300_usize, more in 0..300_usize, step in 1..50_usize, padded: bool) {
            let (to, width) = (from + more, if padded { 4 } else { 0 });
            let names = expand(&format!("n[{from:0width$}:{to:0width$}:{step}].x"));
            let counted = (from..=to).step_by(step).map(|n| format!("n{n:0width$}.x")).collect::<Vec<_>>();
            prop_assert_eq!(names, Ok(counted));
        }

        #[test]
        fn a_port_comes_back(name in "[a-z.-]{1,8}(\\[[0-9]:[0-9]\\])?", port in "[0-9]{1,5}") {
            prop_assert_eq!(split_port(&name), (name.as_str(), None));
            let both = format!("{name}:{port}");
            prop_assert_eq!(split_port(&both), (name.as_str(), Some(port.as_str())));
        }
    }
}
