//! `sequence`: numbers in a row, as texts.

use super::{Lookup, Request};
use crate::base::Value;
use crate::vars::call::{CallError, text_of};

pub(super) const LOOKUPS: &[Lookup] =
    &[Lookup { name: "sequence", options: &["start", "end", "count", "stride", "format"], run: sequence }];

/// Longer rows are slips that would only fill the memory.
const MOST: i128 = 1_000_000;

#[derive(Default)]
struct Wanted {
    start: Option<i128>,
    end: Option<i128>,
    count: Option<i128>,
    stride: Option<i128>,
    format: Option<String>,
}

fn sequence(request: &Request<'_>) -> Result<Vec<Value>, CallError> {
    let mut options = Wanted::default();
    for (name, value) in request.options.iter() {
        options.set(&name.to_string(), &value.to_string())?;
    }
    if request.terms.is_empty() {
        return options.numbers();
    }
    let mut found = Vec::new();
    for term in request.terms {
        let mut wanted = Wanted { format: options.format.clone(), ..Wanted::default() };
        wanted.read(&text_of(term)?)?;
        found.extend(wanted.numbers()?);
    }
    Ok(found)
}

impl Wanted {
    fn set(&mut self, name: &str, value: &str) -> Result<(), CallError> {
        if name == "format" {
            self.format = Some(value.to_owned());
            return Ok(());
        }
        let number = number(value)?;
        match name {
            "start" => self.start = Some(number),
            "end" => self.end = Some(number),
            "count" => self.count = Some(number),
            "stride" => self.stride = Some(number),
            other => return Err(format!("there is no option `{other}`").into()),
        }
        Ok(())
    }

    /// `start=1 end=5 stride=2 format=%02d`, or the short form `[start-]end[/stride][:format]`.
    fn read(&mut self, term: &str) -> Result<(), CallError> {
        if term.contains('=') {
            return term.split_whitespace().try_for_each(|pair| {
                let (name, value) = pair.split_once('=').ok_or_else(|| format!("`{pair}` has no value"))?;
                self.set(name, value)
            });
        }
        let (rest, format) = term.split_once(':').map_or((term, None), |(rest, format)| (rest, Some(format)));
        let (rest, stride) = rest.split_once('/').map_or((rest, None), |(rest, stride)| (rest, Some(stride)));
        let (start, end) = rest.split_once('-').map_or(("1", rest), |(start, end)| (start, end));
        self.start = Some(number(start)?);
        self.end = Some(number(end)?);
        self.stride = stride.map(number).transpose()?;
        self.format = format.map(ToOwned::to_owned).or(self.format.take());
        Ok(())
    }

    fn numbers(&self) -> Result<Vec<Value>, CallError> {
        let start = self.start.unwrap_or(1);
        let stride = self.stride.unwrap_or(1);
        let end = match (self.end, self.count) {
            (Some(end), None) => end,
            (None, Some(0)) => return Ok(Vec::new()),
            (None, Some(count)) => start + (count - 1) * stride,
            _ => return Err("give either `end` or `count`".into()),
        };
        if stride == 0 || (stride > 0) != (end >= start) && end != start {
            return Err(format!("no steps of {stride} lead from {start} to {end}").into());
        }
        if (end - start) / stride >= MOST {
            return Err("the sequence is too long".into());
        }
        let count = (end - start) / stride + 1;
        (0..count).map(|step| self.print(start + step * stride).map(Value::from)).collect()
    }

    fn print(&self, number: i128) -> Result<String, CallError> {
        let Some(format) = &self.format else { return Ok(number.to_string()) };
        let refuse = || CallError::from(format!("the format `{format}` needs one `%d`, `%02d` or `%x`"));
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
fn number(text: &str) -> Result<i128, CallError> {
    let text = text.trim();
    let parsed = match (text.strip_prefix("0x"), text.strip_prefix("0o")) {
        (Some(digits), _) => i64::from_str_radix(digits, 16),
        (_, Some(digits)) => i64::from_str_radix(digits, 8),
        _ => text.parse(),
    };
    parsed.map(i128::from).map_err(|_| format!("`{text}` is no number").into())
}
