//! `'%s-%03d' % (a, b)`: Python's older way to print into a text.

use super::format::{exponent, fixed, general};
use crate::base::{Map, Value};
use crate::vars::call::CallError;

/// What stands right of `%`.
pub enum Arguments {
    /// One value; a mapping may be asked for its keys.
    One(Value),
    /// A tuple.
    Several(Vec<Value>),
}

/// Widths beyond this are slips that would only fill the memory.
const WIDEST: usize = 1_000_000;

#[derive(Default)]
#[allow(clippy::struct_excessive_bools)] // five flags, as they are written
struct Spec {
    minus: bool,
    plus: bool,
    blank: bool,
    zero: bool,
    alternate: bool,
    width: usize,
    precision: Option<usize>,
}

struct Source<'a> {
    arguments: &'a Arguments,
    next: usize,
    /// Whether a key of a mapping was asked for.
    by_key: bool,
}

impl Source<'_> {
    fn next(&mut self) -> Result<Value, CallError> {
        let value = match self.arguments {
            Arguments::One(value) => Some(value).filter(|_| self.next == 0),
            Arguments::Several(values) => values.get(self.next),
        };
        self.next += 1;
        value.cloned().ok_or_else(|| "there are too few values for the format".into())
    }

    fn key(&mut self, name: &str) -> Result<Value, CallError> {
        self.by_key = true;
        let Arguments::One(Value::Map(map)) = self.arguments else {
            return Err("the format needs a mapping".into());
        };
        let map: &Map = map;
        map.get(name).cloned().ok_or_else(|| format!("there is no key `{name}`").into())
    }
}

/// The format with its places filled.
pub fn print(format: &str, arguments: &Arguments) -> Result<String, CallError> {
    let mut source = Source { arguments, next: 0, by_key: false };
    let mut out = String::with_capacity(format.len() + 16);
    let mut rest = format;
    while let Some(place) = rest.find('%') {
        out.push_str(&rest[..place]);
        rest = &rest[place + 1..];
        rest = one(rest, &mut source, &mut out)?;
    }
    out.push_str(rest);
    let given = match arguments {
        Arguments::One(Value::Map(_)) => 0,
        Arguments::One(_) => 1,
        Arguments::Several(values) => values.len(),
    };
    if !source.by_key && source.next < given {
        return Err("not all values have a place in the format".into());
    }
    Ok(out)
}

/// One place, after its `%`; gives what follows it.
fn one<'a>(rest: &'a str, source: &mut Source<'_>, out: &mut String) -> Result<&'a str, CallError> {
    let mut rest = rest;
    let mut keyed = None;
    if let Some(after) = rest.strip_prefix('(') {
        let (name, after) = after.split_once(')').ok_or("the key of the format has no end")?;
        keyed = Some(source.key(name)?);
        rest = after;
    }
    let mut spec = Spec::default();
    while let Some(flag) = rest.chars().next() {
        match flag {
            '-' => spec.minus = true,
            '+' => spec.plus = true,
            ' ' => spec.blank = true,
            '0' => spec.zero = true,
            '#' => spec.alternate = true,
            _ => break,
        }
        rest = &rest[1..];
    }
    let (width, after) = count(rest, source)?;
    spec.width = width.unwrap_or(0);
    rest = after;
    if let Some(after) = rest.strip_prefix('.') {
        let (precision, after) = count(after, source)?;
        spec.precision = Some(precision.unwrap_or(0));
        rest = after;
    }
    rest = rest.trim_start_matches(['h', 'l', 'L']);
    let kind = rest.chars().next().ok_or("the format ends after `%`")?;
    if kind == '%' {
        out.push('%');
    } else {
        let value = match keyed {
            Some(value) => value,
            None => source.next()?,
        };
        out.push_str(&converted(kind, &spec, &value)?);
    }
    Ok(&rest[kind.len_utf8()..])
}

fn count<'a>(rest: &'a str, source: &mut Source<'_>) -> Result<(Option<usize>, &'a str), CallError> {
    if let Some(after) = rest.strip_prefix('*') {
        let given = source.next()?.as_int().and_then(|i| usize::try_from(i).ok()).filter(|n| *n <= WIDEST);
        return Ok((Some(given.ok_or("`*` needs an integer")?), after));
    }
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    if end == 0 {
        return Ok((None, rest));
    }
    let number = rest[..end].parse().ok().filter(|n| *n <= WIDEST).ok_or("the width is too much")?;
    Ok((Some(number), &rest[end..]))
}

fn converted(kind: char, spec: &Spec, value: &Value) -> Result<String, CallError> {
    let (sign, body) = match kind {
        's' | 'r' | 'a' => {
            let text = if kind == 's' { value.to_string() } else { super::format::repr(value) };
            let text = match spec.precision {
                Some(most) => text.chars().take(most).collect(),
                None => text,
            };
            return Ok(padded("", &text, spec, false));
        }
        'c' => {
            let text = match value {
                Value::Int(i) => u32::try_from(*i).ok().and_then(char::from_u32).map(String::from),
                other => other.as_str().filter(|text| text.chars().count() == 1).map(ToOwned::to_owned),
            };
            return Ok(padded("", &text.ok_or("%c needs one character")?, spec, false));
        }
        'd' | 'i' | 'u' | 'x' | 'X' | 'o' => {
            let i = whole(kind, value)?;
            let digits = match kind {
                'x' => format!("{}{:x}", if spec.alternate { "0x" } else { "" }, i.unsigned_abs()),
                'X' => format!("{}{:X}", if spec.alternate { "0X" } else { "" }, i.unsigned_abs()),
                'o' => format!("{}{:o}", if spec.alternate { "0o" } else { "" }, i.unsigned_abs()),
                _ => i.unsigned_abs().to_string(),
            };
            let zeros = spec.precision.unwrap_or(0).saturating_sub(digits.len());
            (i < 0, format!("{}{digits}", "0".repeat(zeros)))
        }
        'f' | 'F' | 'e' | 'E' | 'g' | 'G' => {
            let x = match value {
                Value::Bool(b) => f64::from(u8::from(*b)),
                other => {
                    other.as_float().ok_or_else(|| format!("%{kind} needs a number, not {}", value.kind()))?
                }
            };
            let precision = spec.precision.unwrap_or(6);
            let text = match kind {
                'f' | 'F' => fixed(x.abs(), precision),
                'e' | 'E' => exponent(x.abs(), precision),
                _ => general(x.abs(), precision, spec.alternate),
            };
            (x.is_sign_negative(), if kind.is_ascii_uppercase() { text.to_uppercase() } else { text })
        }
        other => return Err(format!("`%{other}` is no format").into()),
    };
    let sign = match (sign, spec.plus, spec.blank) {
        (true, ..) => "-",
        (false, true, _) => "+",
        (false, false, true) => " ",
        _ => "",
    };
    Ok(padded(sign, &body, spec, true))
}

fn whole(kind: char, value: &Value) -> Result<i128, CallError> {
    match value {
        Value::Int(i) => Ok(*i),
        Value::Bool(b) => Ok(i128::from(*b)),
        #[allow(clippy::cast_possible_truncation)] // the range is checked
        Value::Float(x) if matches!(kind, 'd' | 'i' | 'u') && x.abs() < 1e38 => Ok(x.trunc() as i128),
        other => Err(format!("%{kind} needs a number, not {}", other.kind()).into()),
    }
}

fn padded(sign: &str, body: &str, spec: &Spec, is_number: bool) -> String {
    let missing = spec.width.saturating_sub(sign.len() + body.chars().count());
    if spec.minus {
        format!("{sign}{body}{}", " ".repeat(missing))
    } else if spec.zero && is_number {
        format!("{sign}{}{body}", "0".repeat(missing))
    } else {
        format!("{}{sign}{body}", " ".repeat(missing))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_filled_as_python_does() {
        let several =
            |format: &str, values: &[Value]| print(format, &Arguments::Several(values.to_vec())).ok();
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(
            several("%s-%03d|%-4s|%5.2f", &["a".into(), 5.into(), "b".into(), 2.345.into()]),
            text("a-005|b   | 2.35")
        );
        assert_eq!(
            several("%x %#o %+d %e %g", &[255.into(), 8.into(), 3.into(), 12345.678.into(), 1e-7.into()]),
            text("ff 0o10 +3 1.234568e+04 1e-07")
        );
        assert_eq!(several("%d%%", &[7.9.into()]), text("7%"));
        assert_eq!(several("%s", &[]), None);
        assert_eq!(several("%s", &[1.into(), 2.into()]), None);
        let map: Map = [("a", 1)].into_iter().collect();
        assert_eq!(print("%(a)s", &Arguments::One(Value::from(map))).ok(), text("1"));
    }
}
