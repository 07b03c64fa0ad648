//! `'{0:>5}'.format(x)`: Python's format texts.

use crate::base::value::python_float;
use crate::base::{Map, Value};
use crate::vars::call::CallError;

/// Widths beyond this are slips that would only fill the memory.
const WIDEST: usize = 1_000_000;
/// Digits after the point that a float is printed with at most.
const DIGITS: usize = 1000;

/// The format with its fields filled.
pub fn print(format: &str, positional: &[Value], named: &Map) -> Result<String, CallError> {
    let mut fields = Fields { positional, named, next: 0 };
    fields.print(format, 0)
}

struct Fields<'a> {
    positional: &'a [Value],
    named: &'a Map,
    next: usize,
}

impl Fields<'_> {
    fn print(&mut self, format: &str, depth: usize) -> Result<String, CallError> {
        let mut out = String::with_capacity(format.len() + 16);
        let mut rest = format;
        while let Some(place) = rest.find(['{', '}']) {
            out.push_str(&rest[..place]);
            let mark = &rest[place..=place];
            let after = &rest[place + 1..];
            if let Some(after) = after.strip_prefix(mark) {
                out.push_str(mark);
                rest = after;
                continue;
            }
            if mark == "}" {
                return Err("a `}` in the format opens nothing".into());
            }
            let end = closing(after).ok_or("a `{` in the format has no end")?;
            out.push_str(&self.field(&after[..end], depth)?);
            rest = &after[end + 1..];
        }
        out.push_str(rest);
        Ok(out)
    }

    fn field(&mut self, field: &str, depth: usize) -> Result<String, CallError> {
        let colon = field.find(':').unwrap_or(field.len());
        let (name, spec) = (&field[..colon], field.get(colon + 1..).unwrap_or(""));
        let (name, conversion) = name.split_once('!').map_or((name, None), |(name, c)| (name, Some(c)));
        let value = self.value(name)?;
        let spec =
            if spec.contains('{') && depth < 2 { self.print(spec, depth + 1)? } else { spec.to_owned() };
        match conversion {
            None => formatted(&value, &spec),
            Some("s") => formatted(&Value::from(value.to_string()), &spec),
            Some("r" | "a") => formatted(&Value::from(repr(&value)), &spec),
            Some(other) => Err(format!("`!{other}` is no conversion").into()),
        }
    }

    /// `0`, `name`, nothing for the next, then `.attribute` and `[key]`.
    fn value(&mut self, name: &str) -> Result<Value, CallError> {
        let end = name.find(['.', '[']).unwrap_or(name.len());
        let (root, mut rest) = name.split_at(end);
        let root = if root.is_empty() {
            self.next += 1;
            (self.next - 1).to_string()
        } else {
            root.to_owned()
        };
        let found = match root.parse::<usize>() {
            Ok(place) => self.positional.get(place),
            Err(_) => self.named.get(&root),
        };
        let mut value = found.cloned().ok_or_else(|| format!("the format has no value for `{root}`"))?;
        while !rest.is_empty() {
            let (key, after) = if let Some(inner) = rest.strip_prefix('[') {
                inner.split_once(']').ok_or("a `[` in the format has no end")?
            } else {
                let inner = &rest[1..];
                inner.split_at(inner.find(['.', '[']).unwrap_or(inner.len()))
            };
            let item = match (&value, key.parse::<usize>()) {
                (Value::List(items), Ok(place)) => items.get(place).cloned(),
                (other, _) => other.get(key).cloned(),
            };
            value = item.ok_or_else(|| format!("the format finds no `{key}`"))?;
            rest = after;
        }
        Ok(value)
    }
}

/// The end of a field, whose format may hold fields of its own.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (place, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => return Some(place),
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// Python's `repr()`.
pub fn repr(value: &Value) -> String {
    let inside = Value::list(vec![value.clone()]).to_string();
    inside[1..inside.len() - 1].to_owned()
}

#[derive(Default)]
struct Spec {
    fill: Option<char>,
    align: Option<char>,
    sign: Option<char>,
    alternate: bool,
    zero: bool,
    width: usize,
    group: Option<char>,
    precision: Option<usize>,
    kind: Option<char>,
}

impl Spec {
    fn read(text: &str) -> Result<Self, CallError> {
        let refuse = || CallError::from(format!("`{text}` is no format of a value"));
        let mut spec = Self::default();
        let mut chars: Vec<char> = text.chars().collect();
        let is_align = |c: &char| matches!(c, '<' | '>' | '=' | '^');
        if chars.get(1).is_some_and(is_align) {
            spec.fill = Some(chars[0]);
            spec.align = Some(chars[1]);
            chars.drain(..2);
        } else if chars.first().is_some_and(is_align) {
            spec.align = Some(chars.remove(0));
        }
        let mut rest = chars.into_iter().peekable();
        spec.sign = rest.next_if(|c| matches!(c, '+' | '-' | ' '));
        spec.alternate = rest.next_if_eq(&'#').is_some();
        spec.zero = rest.next_if_eq(&'0').is_some();
        let number = |rest: &mut std::iter::Peekable<std::vec::IntoIter<char>>| {
            let mut digits = String::new();
            while let Some(digit) = rest.next_if(char::is_ascii_digit) {
                digits.push(digit);
            }
            if digits.is_empty() { Ok(None) } else { digits.parse().map(Some).map_err(|_| refuse()) }
        };
        spec.width = number(&mut rest)?.unwrap_or(0);
        spec.group = rest.next_if(|c| matches!(c, ',' | '_'));
        if rest.next_if_eq(&'.').is_some() {
            spec.precision = Some(number(&mut rest)?.ok_or_else(refuse)?);
        }
        spec.kind = rest.next();
        if rest.next().is_some() || spec.width > WIDEST || spec.precision.is_some_and(|p| p > WIDEST) {
            return Err(refuse());
        }
        Ok(spec)
    }
}

/// Python's `format(value, spec)`.
pub fn formatted(value: &Value, spec: &str) -> Result<String, CallError> {
    if spec.is_empty() {
        return Ok(value.to_string());
    }
    if let Value::Date(date) = value {
        return super::dates::method(date, "strftime", Some(spec)).map(|text| text.to_string());
    }
    let read = Spec::read(spec)?;
    match value {
        Value::Int(i) => number(&read, Some(*i), None),
        Value::Bool(b) if read.kind.is_some_and(|kind| kind != 's') => {
            number(&read, Some(i128::from(*b)), None)
        }
        Value::Float(x) => number(&read, None, Some(*x)),
        Value::String(_) | Value::Bool(_) | Value::Bytes(_) => {
            if read.kind.is_some_and(|kind| kind != 's') {
                return Err(format!("`{spec}` does not fit {}", value.kind()).into());
            }
            let text = value.to_string();
            let text = match read.precision {
                Some(most) => text.chars().take(most).collect(),
                None => text,
            };
            Ok(aligned("", &text, &read, '<'))
        }
        other => Err(format!("`{spec}` does not fit {}", other.kind()).into()),
    }
}

fn number(spec: &Spec, int: Option<i128>, float: Option<f64>) -> Result<String, CallError> {
    #[allow(clippy::cast_precision_loss)] // as in Python
    let x = || float.or(int.map(|i| i as f64)).unwrap_or(0.0);
    let precision = spec.precision.unwrap_or(6).min(DIGITS);
    let negative = int.map_or_else(|| x().is_sign_negative(), |i| i < 0);
    let prefixed = |prefix: &str, digits: String| {
        if spec.alternate { format!("{prefix}{digits}") } else { digits }
    };
    let magnitude = int.map(i128::unsigned_abs);
    let body = match (spec.kind, magnitude) {
        (None | Some('d' | 'n'), Some(i)) => grouped(&i.to_string(), spec.group),
        (Some('x'), Some(i)) => prefixed("0x", format!("{i:x}")),
        (Some('X'), Some(i)) => prefixed("0X", format!("{i:X}")),
        (Some('o'), Some(i)) => prefixed("0o", format!("{i:o}")),
        (Some('b'), Some(i)) => prefixed("0b", format!("{i:b}")),
        (Some('c'), Some(i)) => {
            let c = u32::try_from(i).ok().and_then(char::from_u32).ok_or("no character has that number")?;
            return Ok(aligned("", &c.to_string(), spec, '<'));
        }
        (Some('f' | 'F'), _) => grouped(&fixed(x().abs(), precision), spec.group),
        (Some('e'), _) => exponent(x().abs(), precision),
        (Some('E'), _) => exponent(x().abs(), precision).to_uppercase(),
        (Some('g' | 'n'), _) => grouped(&general(x().abs(), precision, spec.alternate), spec.group),
        (Some('G'), _) => general(x().abs(), precision, spec.alternate).to_uppercase(),
        (Some('%'), _) => format!("{}%", fixed(x().abs() * 100.0, precision)),
        (None, None) if spec.precision.is_some() => {
            let text = general(x().abs(), precision, spec.alternate);
            grouped(&if text.contains(['.', 'e', 'n']) { text } else { text + ".0" }, spec.group)
        }
        (None, None) => grouped(&python_float(x().abs()), spec.group),
        (Some(kind), _) => return Err(format!("`{kind}` does not fit a number").into()),
    };
    let sign = match (negative, spec.sign) {
        (true, _) => "-",
        (false, Some('+')) => "+",
        (false, Some(' ')) => " ",
        _ => "",
    };
    Ok(aligned(sign, &body, spec, '>'))
}

fn grouped(digits: &str, group: Option<char>) -> String {
    let Some(mark) = group else { return digits.to_owned() };
    let end = digits.find(['.', 'e']).unwrap_or(digits.len());
    let mut out = String::new();
    for (place, digit) in digits[..end].chars().enumerate() {
        if place > 0 && (end - place).is_multiple_of(3) {
            out.push(mark);
        }
        out.push(digit);
    }
    out + &digits[end..]
}

fn aligned(sign: &str, body: &str, spec: &Spec, default: char) -> String {
    let missing = spec.width.saturating_sub(sign.len() + body.chars().count());
    let zero = spec.zero && spec.align.is_none();
    let fill = spec.fill.unwrap_or(if zero { '0' } else { ' ' });
    let fill = |n: usize| std::iter::repeat_n(fill, n).collect::<String>();
    match spec.align.unwrap_or(if zero && default == '>' { '=' } else { default }) {
        '<' => format!("{sign}{body}{}", fill(missing)),
        '=' => format!("{sign}{}{body}", fill(missing)),
        '^' => format!("{}{sign}{body}{}", fill(missing / 2), fill(missing - missing / 2)),
        _ => format!("{}{sign}{body}", fill(missing)),
    }
}

/// `%f`
pub fn fixed(x: f64, precision: usize) -> String {
    if x.is_finite() { format!("{x:.0$}", precision.min(DIGITS)) } else { python_float(x) }
}

/// `%e`
pub fn exponent(x: f64, precision: usize) -> String {
    if !x.is_finite() {
        return python_float(x);
    }
    let text = format!("{x:.0$e}", precision.min(DIGITS));
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, digits) = exponent.strip_prefix('-').map_or(('+', exponent), |digits| ('-', digits));
    format!("{mantissa}e{sign}{digits:0>2}")
}

/// `%g`
pub fn general(x: f64, precision: usize, keep_zeros: bool) -> String {
    if !x.is_finite() {
        return python_float(x);
    }
    let precision = precision.clamp(1, DIGITS);
    let scientific = exponent(x, precision - 1);
    let power: i32 = scientific.split_once('e').and_then(|(_, power)| power.parse().ok()).unwrap_or(0);
    let most = i32::try_from(precision).unwrap_or(i32::MAX);
    let trimmed = |text: &str| {
        if keep_zeros || !text.contains('.') {
            return text.to_owned();
        }
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    };
    if x != 0.0 && !(-4..most).contains(&power) {
        let (mantissa, power) = scientific.split_once('e').unwrap_or((&scientific, "+00"));
        return format!("{}e{power}", trimmed(mantissa));
    }
    trimmed(&fixed(x, usize::try_from(most - 1 - power).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_filled_as_python_does() {
        let values = [Value::from(1), Value::from(2.5), Value::from("ab"), Value::from(-1_234_567)];
        let named: Map = [("x", Value::from("y"))].into_iter().collect();
        let given = |format: &str| print(format, &values, &named).map_err(|_| ());
        let text = |text: &str| Ok(text.to_owned());
        assert_eq!(given("{0:>5}|{1:.2f}|{x}|{{}}"), text("    1|2.50|y|{}"));
        assert_eq!(given("{}{}{2:^6}{2!r}"), text("12.5  ab  'ab'"));
        assert_eq!(given("{3:,}|{3:+012d}|{0:#x}|{0:%}"), text("-1,234,567|-00001234567|0x1|100.000000%"));
        assert_eq!(given("{9}"), Err(()));
        assert_eq!(given("{"), Err(()));
    }
}
