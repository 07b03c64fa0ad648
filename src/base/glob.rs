//! Patterns of shells for one name: `*`, `?` and `[…]`, as Python's `fnmatch` reads them. Knows no files.

/// Whether a name matches a pattern of `*`, `?`, `[abc]`, `[a-z]` and `[!abc]`.
pub fn like(pattern: &str, name: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let name: Vec<char> = name.chars().collect();
    let (mut p, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        let step = match pattern.get(p) {
            Some('*') => {
                star = Some((p, n));
                p += 1;
                continue;
            }
            Some(_) => one(&pattern[p..], name[n]),
            None => None,
        };
        match (step, star) {
            (Some(step), _) => {
                p += step;
                n += 1;
            }
            // The last star takes one character more.
            (None, Some((place, taken))) => {
                star = Some((place, taken + 1));
                p = place + 1;
                n = taken + 1;
            }
            (None, None) => return false,
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

/// How long the pattern of one character is, when it fits.
fn one(pattern: &[char], c: char) -> Option<usize> {
    let first = *pattern.first()?;
    // `[]]` and `[!]]` have the bracket in it; without an end it is a bracket.
    let end = (first == '[').then(|| {
        let begin = if pattern.get(1) == Some(&'!') { 3 } else { 2 };
        pattern.iter().skip(begin).position(|c| *c == ']').map(|place| place + begin)
    });
    let Some(Some(end)) = end else { return (first == '?' || first == c).then_some(1) };
    let not = pattern[1] == '!';
    let mut inside = false;
    let mut rest = &pattern[1 + usize::from(not)..end];
    while let Some(low) = rest.first() {
        if let [low, '-', high, ..] = rest {
            inside |= (*low..=*high).contains(&c);
            rest = &rest[3..];
        } else {
            inside |= *low == c;
            rest = &rest[1..];
        }
    }
    (inside != not).then_some(end + 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_match_as_pythons_do() {
        for (pattern, name, wanted) in [
            ("*.conf", "a.conf", true),
            ("[ab]?", "bc", true),
            ("[!ab]*", "a", false),
            ("[a-c]", "b", true),
            ("[]]", "]", true),
            ("[", "[", true),
            ("a*b*c", "axxbyyc", true),
            ("a*b*c", "axxbyy", false),
        ] {
            assert_eq!(like(pattern, name), wanted, "{pattern} {name}");
        }
    }

    proptest! {
        #[test]
        fn any_pattern_can_be_tried(pattern in "[a-c*?!\\[\\]-]{0,12}", name in "[a-c\\[\\]]{0,12}") {
            let _ = like(&pattern, &name);
        }
    }
}
