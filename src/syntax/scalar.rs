//! What a scalar means: `PyYAML`'s YAML 1.1 resolution, which is Ansible's.
//!
//! The rules are those of the implicit resolvers and of the safe constructor of `PyYAML` 6; `tests/cases/yaml/scalars.json`
//! has its answers. Where Python's integers have no end, ours stop at 128 bits: longer digits stay text.

use jiff::civil;

/// The meaning of a plain scalar.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Meaning {
    Null,
    Bool(bool),
    Int(i128),
    Float(f64),
    /// ISO 8601.
    Date(String),
    Text,
    /// Looks like a date, but no calendar has it.
    NoSuchDate,
}

/// What a plain, untagged scalar means.
pub(super) fn resolve(text: &str) -> Meaning {
    let Some(first) = text.bytes().next() else { return Meaning::Null };
    match first {
        b'~' | b'n' | b'N' if is_null(text) => Meaning::Null,
        b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' => {
            boolean(text).map_or(Meaning::Text, Meaning::Bool)
        }
        b'-' | b'+' | b'.' | b'0'..=b'9' => float(text)
            .map(Meaning::Float)
            .or_else(|| int(text).map(Meaning::Int))
            .or_else(|| timestamp(text))
            .unwrap_or(Meaning::Text),
        _ => Meaning::Text,
    }
}

/// Whether a plain scalar of these characters is a text: whoever writes YAML quotes the others.
pub fn reads_as_text(text: &str) -> bool {
    resolve(text) == Meaning::Text
}

/// `~`, `null` or nothing.
pub(super) fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

/// `yes`, `on`, `true` and their opposites: lower case, capitalised or upper case.
pub(super) fn boolean(text: &str) -> Option<bool> {
    match text {
        "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => Some(true),
        "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => Some(false),
        _ => None,
    }
}

/// A whole number: decimal, `0b…`, `0…` octal, `0x…` or base 60; `_` may stand between digits.
pub(super) fn int(text: &str) -> Option<i128> {
    let (negative, digits) = sign(text);
    let magnitude = if let Some(binary) = digits.strip_prefix("0b") {
        radix(binary, 2)?
    } else if let Some(hexadecimal) = digits.strip_prefix("0x") {
        radix(hexadecimal, 16)?
    } else if digits == "0" {
        0
    } else if let Some(octal) = digits.strip_prefix('0') {
        // `0_` and the like are zero.
        if octal.bytes().all(|b| b == b'_') { 0 } else { radix(octal, 8)? }
    } else if !digits.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    } else if digits.contains(':') {
        let mut parts = digits.split(':');
        let mut total = radix(parts.next()?, 10)?;
        for part in parts {
            total = total.checked_mul(60)?.checked_add(i128::from(sixtieth(part)?))?;
        }
        total
    } else {
        radix(digits, 10)?
    };
    Some(if negative { -magnitude } else { magnitude })
}

fn sign(text: &str) -> (bool, &str) {
    match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    }
}

fn radix(digits: &str, base: u32) -> Option<i128> {
    let mut total: Option<i128> = None;
    for c in digits.chars().filter(|c| *c != '_') {
        let digit = i128::from(c.to_digit(base)?);
        total = Some(total.unwrap_or(0).checked_mul(i128::from(base))?.checked_add(digit)?);
    }
    total
}

/// `[0-5]?[0-9]`, a part of a number to the base 60.
fn sixtieth(part: &str) -> Option<u8> {
    match part.as_bytes() {
        [b'0'..=b'9'] | [b'0'..=b'5', b'0'..=b'9'] => part.parse().ok(),
        _ => None,
    }
}

/// A floating-point number. It needs a point; an exponent needs its sign; a number below one without a leading zero may have no sign.
pub(super) fn float(text: &str) -> Option<f64> {
    let (negative, body) = sign(text);
    let magnitude = match body {
        ".inf" | ".Inf" | ".INF" => f64::INFINITY,
        ".nan" | ".NaN" | ".NAN" if body == text => f64::NAN,
        _ => {
            let (whole, rest) = body.split_once('.')?;
            if whole.is_empty() && (body != text || !rest.starts_with(|c: char| c.is_ascii_digit())) {
                return None;
            }
            if !whole.is_empty() && !whole.starts_with(|c: char| c.is_ascii_digit()) {
                return None;
            }
            if whole.contains(':') { sexagesimal(whole, rest)? } else { decimal(whole, rest)? }
        }
    };
    Some(if negative { -magnitude } else { magnitude })
}

fn decimal(whole: &str, rest: &str) -> Option<f64> {
    let is_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit() || b == b'_');
    let (fraction, exponent) = match rest.find(['e', 'E']) {
        Some(at) => (&rest[..at], Some(&rest[at + 1..])),
        None => (rest, None),
    };
    let signed = |e: &str| {
        let digits = e.strip_prefix(['+', '-']).unwrap_or("");
        !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
    };
    if !is_digits(whole) || !is_digits(fraction) || exponent.is_some_and(|e| !signed(e)) {
        return None;
    }
    let mut text = format!("{whole}.{fraction}").replace('_', "");
    if let Some(exponent) = exponent {
        text = text + "e" + exponent;
    }
    text.parse().ok()
}

fn sexagesimal(whole: &str, fraction: &str) -> Option<f64> {
    let (first, parts) = whole.split_once(':')?;
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit() || b == b'_');
    let parts: Vec<u8> = parts.split(':').map(sixtieth).collect::<Option<_>>()?;
    let (last, middle) = parts.split_last()?;
    if !digits(first) || !digits(fraction) {
        return None;
    }
    // In Python's order, from the right, so that the sum is rounded as there.
    let mut total: f64 = format!("{last}.{fraction}").replace('_', "").parse().ok()?;
    let mut base = 60.0;
    for part in middle.iter().rev() {
        total += f64::from(*part) * base;
        base *= 60.0;
    }
    Some(total + first.replace('_', "").parse::<f64>().ok()? * base)
}

/// A date (`2026-11-21`) or a time stamp (`2026-11-21 20:31:00.5 +1`), in ISO 8601 as Python's `isoformat` writes it.
pub(super) fn timestamp(text: &str) -> Option<Meaning> {
    let (date, rest) = match text.find(['T', 't', ' ', '\t']) {
        Some(at) => (&text[..at], Some(&text[at..])),
        None => (text, None),
    };
    let mut parts = date.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let short = |s: &str| (1..=2).contains(&s.len()) && s.bytes().all(|b| b.is_ascii_digit());
    let well_formed =
        year.len() == 4 && year.bytes().all(|b| b.is_ascii_digit()) && short(month) && short(day);
    // A date alone needs both digits.
    if !well_formed || parts.next().is_some() || (rest.is_none() && month.len() + day.len() != 4) {
        return None;
    }
    let time = match rest {
        None => None,
        Some(rest) => Some(clock_time(rest)?),
    };
    let date = civil::Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?);
    let date = date.ok().filter(|d| d.year() > 0);
    Some(match (date, time) {
        (Some(date), None) => Meaning::Date(date.to_string()),
        (Some(date), Some(Ok(time))) => Meaning::Date(format!("{date}T{time}")),
        _ => Meaning::NoSuchDate,
    })
}

/// It has the form of a time, but no clock shows it.
struct NoSuchTime;

/// The part behind the date; `None` when it has not the form of a time.
fn clock_time(rest: &str) -> Option<Result<String, NoSuchTime>> {
    let time = match rest.strip_prefix(['T', 't']) {
        Some(time) => time,
        None => rest.trim_start_matches([' ', '\t']),
    };
    let split = time.find(|c: char| !(c.is_ascii_digit() || c == ':' || c == '.')).unwrap_or(time.len());
    let (clock, zone) = time.split_at(split);
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    if !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let mut parts = clock.split(':');
    let (hour, minute, second) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || hour.len() > 2 || minute.len() != 2 || second.len() != 2 {
        return None;
    }
    let (hour, minute, second): (u8, u8, u8) =
        (hour.parse().ok()?, minute.parse().ok()?, second.parse().ok()?);
    let zone = zone_offset(zone.trim_start_matches([' ', '\t']))?;
    if hour > 23 || minute > 59 || second > 59 {
        return Some(Err(NoSuchTime));
    }
    let mut text = format!("{hour:02}:{minute:02}:{second:02}");
    let micros = format!("{:0<6}", &fraction[..fraction.len().min(6)]);
    if micros.bytes().any(|b| b != b'0') {
        text = text + "." + &micros;
    }
    Some(zone.map(|zone| text + &zone))
}

/// `Z`, `+1`, `-05:30` or nothing; `None` for any other form.
fn zone_offset(zone: &str) -> Option<Result<String, NoSuchTime>> {
    if zone.is_empty() {
        return Some(Ok(String::new()));
    }
    if zone == "Z" {
        return Some(Ok("+00:00".into()));
    }
    let sign = zone.chars().next().filter(|c| matches!(c, '+' | '-'))?;
    let (hours, minutes) = zone[1..].split_once(':').map_or((&zone[1..], "00"), |(h, m)| (h, m));
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if !(1..=2).contains(&hours.len()) || minutes.len() != 2 || !digits(hours) || !digits(minutes) {
        return None;
    }
    let total = hours.parse::<u32>().ok()? * 60 + minutes.parse::<u32>().ok()?;
    let sign = if total == 0 { '+' } else { sign };
    let offset = format!("{sign}{:02}:{:02}", total / 60, total % 60);
    Some(if total < 24 * 60 { Ok(offset) } else { Err(NoSuchTime) })
}

/// What `!!bool` makes of a text: any case.
pub(super) fn boolean_of(text: &str) -> Option<bool> {
    boolean(&text.to_ascii_lowercase())
}

/// What `!!float` makes of a text: whole numbers too.
pub(super) fn float_of(text: &str) -> Option<f64> {
    float(text).or_else(|| text.replace('_', "").parse().ok())
}
