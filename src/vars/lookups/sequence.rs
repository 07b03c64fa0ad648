//! `sequence`: numbers in a row, as texts.

use super::{Lookup, Request};
use crate::base::{Value, shlex};
use crate::vars::call::{CallError, text_of};

pub(super) const LOOKUPS: &[Lookup] =
    &[Lookup { name: "sequence", options: &["start", "end", "count", "stride", "format"], run: sequence }];

/// Longer rows are slips that would only fill the memory.
const MOST: i128 = 1_000_000;

#[derive(Clone, Default)]
struct Wanted {
    start: Option<i128>,
    end: Option<i128>,
    count: Option<i128>,
    stride: Option<i128>,
    format: Option<String>,
}

/// What is given by name counts for every term that does not say otherwise.
fn sequence(request: &Request<'_>) -> Result<Vec<Value>, CallError> {
    let mut common = Wanted::default();
    for (name, value) in request.options.iter() {
        common.set(&name.to_string(), &value.to_string())?;
    }
    if request.terms.is_empty() && !request.options.is_empty() {
        return common.numbers();
    }
    let mut found = Vec::new();
    for term in request.terms {
        let mut wanted = common.clone();
        wanted.read(&text_of(term)?)?;
        found.extend(wanted.numbers()?);
    }
    Ok(found)
}

impl Wanted {
    fn set(&mut self, name: &str, value: &str) -> Result<(), CallError> {
        let slot = match name {
            "start" => &mut self.start,
            "end" => &mut self.end,
            "count" => &mut self.count,
            "stride" => &mut self.stride,
            "format" => {
                self.format = Some(value.to_owned());
                return Ok(());
            }
            other => return Err(format!("unrecognized arguments to with_sequence: ['{other}']").into()),
        };
        let number =
            number(value).ok_or_else(|| format!("`{name}` has an invalid value: `{value}` is no integer"))?;
        *slot = Some(number);
        Ok(())
    }

    /// `start=1 end=5 stride=2 format=%02d`, or the short form `[start-]end[/stride][:format]`.
    fn read(&mut self, term: &str) -> Result<(), CallError> {
        if term.contains('=') {
            let pairs = shlex::split(term).map_err(|error| error.to_string())?;
            return pairs.iter().try_for_each(|pair| {
                let (name, value) = pair.split_once('=').ok_or_else(|| format!("`{pair}` has no value"))?;
                self.set(name, value)
            });
        }
        let (rest, format) = term.split_once(':').map_or((term, None), |(rest, format)| (rest, Some(format)));
        let (rest, stride) = rest.split_once('/').map_or((rest, None), |(rest, stride)| (rest, Some(stride)));
        let (start, end) = rest.split_once('-').map_or((None, rest), |(start, end)| (Some(start), end));
        let given = [("start", start), ("end", Some(end)), ("stride", stride), ("format", format)];
        given.into_iter().try_for_each(|(name, value)| value.map_or(Ok(()), |value| self.set(name, value)))
    }

    /// In the reference's words, which playbooks look for.
    fn numbers(&self) -> Result<Vec<Value>, CallError> {
        let start = self.start.unwrap_or(1);
        let stride = self.stride.unwrap_or(1);
        let end = match (self.end, self.count) {
            (Some(end), None) => end,
            (None, Some(0)) => return Ok(Vec::new()),
            (None, Some(count)) => start + count * stride - 1,
            (None, None) => return Err("must specify count or end in with_sequence".into()),
            (Some(_), Some(_)) => return Err("can't specify both count and end in with_sequence".into()),
        };
        match stride {
            0 => return Ok(Vec::new()),
            1.. if end < start => return Err("to count backwards make stride negative".into()),
            ..=-1 if end > start => return Err("to count forward don't make stride negative".into()),
            _ => {}
        }
        if (end - start) / stride >= MOST {
            return Err("the sequence is too long".into());
        }
        let count = (end - start) / stride + 1;
        (0..count).map(|step| self.print(start + step * stride).map(Value::from)).collect()
    }

    fn print(&self, number: i128) -> Result<String, CallError> {
        let Some(format) = &self.format else { return Ok(number.to_string()) };
        let refuse = || CallError::from(format!("problem formatting {number} with '{format}'"));
        if format.matches('%').count() != 1 {
            return Err(format!("bad formatting string: {format}").into());
        }
        let (before, rest) = format.split_once('%').ok_or_else(refuse)?;
        let end = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(refuse)?;
        let (width, kind) = rest.split_at(end);
        let zeros = width.starts_with('0');
        let width = width.parse::<usize>().unwrap_or(0).min(100);
        let mut kinds = kind.chars();
        let text = match kinds.next() {
            Some('d' | 'i' | 's' | 'u') => number.to_string(),
            Some('x') => format!("{number:x}"),
            Some('X') => format!("{number:X}"),
            Some('o') => format!("{number:o}"),
            _ => return Err(refuse()),
        };
        let text = if zeros { format!("{text:0>width$}") } else { format!("{text:>width$}") };
        Ok(format!("{before}{text}{}", kinds.as_str()))
    }
}

/// Decimal, `0x` or `0o`; within what a sum of steps cannot overflow.
fn number(text: &str) -> Option<i128> {
    let text = text.trim();
    let parsed = match (text.strip_prefix("0x"), text.strip_prefix("0o")) {
        (Some(digits), _) => i64::from_str_radix(digits, 16),
        (_, Some(digits)) => i64::from_str_radix(digits, 8),
        _ => text.parse(),
    };
    parsed.ok().map(i128::from)
}
