//! Python's methods on values, which playbooks call: `'a,b'.split(',')`, `groups.gpu.index(h)`.

use minijinja::value::{Value, ValueKind, from_args};
use minijinja::{Error, ErrorKind, State};
use minijinja_contrib::pycompat::unknown_method_callback;

/// A method the engine does not know.
pub(super) fn call(state: &mut State, value: &Value, method: &str, args: &[Value]) -> Result<Value, Error> {
    if let Some(text) = value.as_str() {
        match method {
            "zfill" => return zfill(text, args),
            "removeprefix" => {
                let (prefix,): (&str,) = from_args(args)?;
                return Ok(Value::from(text.strip_prefix(prefix).unwrap_or(text)));
            }
            "removesuffix" => {
                let (suffix,): (&str,) = from_args(args)?;
                return Ok(Value::from(text.strip_suffix(suffix).unwrap_or(text)));
            }
            "rsplit" => return rsplit(text, args),
            "partition" | "rpartition" => return partition(text, method == "rpartition", args),
            "index" => {
                let (part,): (&str,) = from_args(args)?;
                let place = text.find(part).ok_or_else(|| refuse("substring not found".into()))?;
                return Ok(Value::from(text[..place].chars().count()));
            }
            "ljust" | "rjust" | "center" => return justify(text, method, args),
            "swapcase" => return Ok(Value::from(text.chars().flat_map(swap_case).collect::<String>())),
            // Bytes print as their text in Ansible, so the text itself will do.
            "encode" => return Ok(value.clone()),
            _ => {}
        }
    }
    match (value.kind(), method) {
        (ValueKind::Seq, "index") => {
            let (wanted,): (&Value,) = from_args(args)?;
            for (place, item) in value.try_iter()?.checked().enumerate() {
                if item? == *wanted {
                    return Ok(Value::from(place));
                }
            }
            Err(refuse(format!("{wanted} is not in the list")))
        }
        (ValueKind::Seq | ValueKind::Map, "copy") => {
            let () = from_args(args)?;
            Ok(value.clone())
        }
        (
            ValueKind::Seq,
            "append" | "extend" | "insert" | "remove" | "sort" | "reverse" | "pop" | "clear",
        )
        | (ValueKind::Map, "update" | "pop" | "setdefault" | "clear" | "popitem") => Err(refuse(format!(
            "`.{method}()` would change a value; use `+` for lists and `combine` for mappings"
        ))),
        (ValueKind::Bytes, "decode") => {
            let text = std::str::from_utf8(value.as_bytes().unwrap_or_default());
            text.map(Value::from).map_err(|_| refuse("these bytes are no UTF-8".into()))
        }
        _ => unknown_method_callback(state, value, method, args),
    }
}

fn zfill(text: &str, args: &[Value]) -> Result<Value, Error> {
    let (width,): (usize,) = from_args(args)?;
    let (sign, digits) = match text.strip_prefix(['-', '+']) {
        Some(digits) => (&text[..1], digits),
        None => ("", text),
    };
    let zeros = bounded(width)?.saturating_sub(text.chars().count());
    Ok(Value::from(format!("{sign}{}{digits}", "0".repeat(zeros))))
}

fn rsplit(text: &str, args: &[Value]) -> Result<Value, Error> {
    let (separator, most): (Option<&str>, Option<i64>) = from_args(args)?;
    let most = most.and_then(|n| usize::try_from(n).ok()).unwrap_or(usize::MAX - 1);
    let mut parts: Vec<&str> = match separator {
        Some("") => return Err(refuse("empty separator".into())),
        Some(separator) => text.rsplitn(most + 1, separator).collect(),
        None if most >= usize::MAX - 1 => text.split_whitespace().rev().collect(),
        None => text.trim().rsplitn(most + 1, char::is_whitespace).map(str::trim).collect(),
    };
    parts.reverse();
    Ok(texts(&parts))
}

fn partition(text: &str, from_right: bool, args: &[Value]) -> Result<Value, Error> {
    let (separator,): (&str,) = from_args(args)?;
    let parts = if from_right { text.rsplit_once(separator) } else { text.split_once(separator) };
    Ok(match (parts, from_right) {
        (Some((before, after)), _) => texts(&[before, separator, after]),
        (None, true) => texts(&["", "", text]),
        (None, false) => texts(&[text, "", ""]),
    })
}

fn justify(text: &str, method: &str, args: &[Value]) -> Result<Value, Error> {
    let (width, fill): (usize, Option<char>) = from_args(args)?;
    let fill = fill.unwrap_or(' ');
    let missing = bounded(width)?.saturating_sub(text.chars().count());
    let left = match method {
        "ljust" => 0,
        "rjust" => missing,
        _ => missing / 2,
    };
    let blanks = |n: usize| std::iter::repeat_n(fill, n).collect::<String>();
    Ok(Value::from(format!("{}{text}{}", blanks(left), blanks(missing - left))))
}

fn swap_case(c: char) -> Vec<char> {
    if c.is_lowercase() { c.to_uppercase().collect() } else { c.to_lowercase().collect() }
}

/// Widths beyond this are slips that would only fill the memory.
fn bounded(width: usize) -> Result<usize, Error> {
    if width <= 1_000_000 { Ok(width) } else { Err(refuse(format!("a width of {width} is too much"))) }
}

fn texts(parts: &[&str]) -> Value {
    parts.iter().map(|part| Value::from(*part)).collect()
}

fn refuse(message: String) -> Error {
    Error::new(ErrorKind::InvalidOperation, message)
}
