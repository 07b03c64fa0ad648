//! Amounts of memory and times as Docker writes them: `512m`, `1.5GiB`, `1m30s`.

/// Units of memory; all are powers of 1024, as in Docker and Ansible.
const UNITS: [(char, u32); 6] = [('b', 0), ('k', 1), ('m', 2), ('g', 3), ('t', 4), ('p', 5)];

/// An amount of memory in bytes: a number with a unit (`k`, `MB`, `GiB` …) or without one (bytes).
pub(super) fn bytes(argument: &str, text: &str) -> Result<i64, String> {
    let lower = text.trim().to_lowercase();
    let end = lower.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(lower.len());
    let (number, unit) = (&lower[..end], lower[end..].trim());
    let power = match unit.strip_suffix("ib").or_else(|| unit.strip_suffix('b')).unwrap_or(unit) {
        "" => Some(0),
        letter => UNITS.iter().find(|(name, _)| letter == name.to_string()).map(|(_, power)| *power),
    };
    let read = number.parse::<f64>().ok().zip(power).map(|(n, power)| n * 1024_f64.powi(power.cast_signed()));
    #[allow(clippy::cast_possible_truncation)] // it is in range
    read.filter(|bytes| *bytes < 9e18).map(|bytes| bytes.round() as i64).ok_or_else(|| {
        format!("argument `{argument}`: `{text}` is no amount of memory, such as `512m` or `64g`")
    })
}

/// The same, where -1 and `unlimited` mean that there is no limit.
pub(super) fn limit(argument: &str, text: &str) -> Result<i64, String> {
    if ["-1", "unlimited"].contains(&text.trim()) { Ok(-1) } else { bytes(argument, text) }
}

/// A time in nanoseconds: `30s`, `1m30s`, `500ms`; a number alone means seconds.
pub(super) fn nanoseconds(argument: &str, text: &str) -> Result<i64, String> {
    let wrong = || format!("argument `{argument}`: `{text}` is no time, such as `30s` or `1m30s`");
    let mut rest = text.trim();
    let mut total = 0_f64;
    if rest.is_empty() {
        return Err(wrong());
    }
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let number: f64 = rest[..end].parse().map_err(|_| wrong())?;
        let unit_end = rest[end..].find(|c: char| c.is_ascii_digit()).map_or(rest.len(), |at| end + at);
        let factor = match &rest[end..unit_end] {
            "h" => 3600e9,
            "m" => 60e9,
            "s" | "" => 1e9,
            "ms" => 1e6,
            "us" => 1e3,
            "ns" => 1.0,
            _ => return Err(wrong()),
        };
        total += number * factor;
        rest = &rest[unit_end..];
    }
    #[allow(clippy::cast_possible_truncation)] // it is in range
    if total < 9e18 { Ok(total.round() as i64) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn memory() {
        let read = |text| bytes("memory", text);
        for (text, number) in [
            ("0", 0),
            ("512", 512),
            ("512b", 512),
            ("64k", 65536),
            ("1.5m", 1_572_864),
            ("64G", 64 << 30),
            ("2 GiB", 2 << 30),
            ("2gb", 2 << 30),
        ] {
            assert_eq!(read(text), Ok(number), "{text}");
        }
        assert_eq!(limit("memory_swap", "unlimited"), Ok(-1));
        for text in ["", "g", "12x", "1.2.3m", "-5", "12 mm", "99999999p"] {
            let error =
                format!("argument `memory`: `{text}` is no amount of memory, such as `512m` or `64g`");
            assert_eq!(read(text), Err(error));
        }
    }

    #[test]
    fn times() {
        let read = |text| nanoseconds("interval", text);
        assert_eq!(read("30s"), Ok(30_000_000_000));
        assert_eq!(read("1m30s"), Ok(90_000_000_000));
        assert_eq!(read("500ms"), Ok(500_000_000));
        assert_eq!(read("5"), Ok(5_000_000_000));
        for text in ["", "s", "5 parsecs", "m5", "9999999999h"] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,12}") {
            let _ = bytes("a", &text);
            let _ = nanoseconds("a", &text);
        }

        #[test]
        fn what_is_printed_is_read(number in 0_i64..1 << 50) {
            prop_assert_eq!(bytes("a", &number.to_string()), Ok(number));
            prop_assert_eq!(bytes("a", &format!("{number}k")), Ok(number * 1024));
        }
    }
}
