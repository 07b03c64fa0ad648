//! Figures out of kept output: a pure function, because `reparse` takes them out of the logs again.
//!
//! Every figure comes with the byte range it was read from. Nothing is guessed: no figure, several without `take`, or a
//! number with a thousands separator are errors that say so.

mod csv;
mod json;

use std::collections::BTreeMap;
use std::fmt;

use crate::model::{Metric, MetricSource, Take};

/// One figure of an output.
#[derive(Clone, Debug, PartialEq)]
pub struct Extracted {
    /// The metric's labels.
    pub labels: BTreeMap<String, String>,
    /// In the metric's unit.
    pub value: f64,
    /// From and to, in bytes of the output; for a mean or a sum all that it was made of.
    pub range: (u64, u64),
}

/// Why an output gives no figures.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExtractError {
    /// Nothing in the output fits.
    #[error("no figure `{metric}` in the output: nothing fits {what}")]
    Missing {
        /// The metric's name.
        metric: String,
        /// Its source, in words.
        what: String,
    },
    /// What fits is no number.
    #[error("figure `{metric}`: `{text}` is not a number{hint}")]
    NotANumber {
        /// The metric's name.
        metric: String,
        /// What was found.
        text: String,
        /// About separators.
        hint: &'static str,
    },
    /// More than one, and nobody said which.
    #[error(
        "figure `{metric}`{labels} occurs {count} times; say which with `take`: first, last, min, max, mean, median or sum"
    )]
    Several {
        /// The metric's name.
        metric: String,
        /// The labels they share, with a blank before; empty without.
        labels: String,
        /// How many.
        count: usize,
    },
    /// The metric itself is wrong.
    #[error("figure `{metric}`: {problem}")]
    Metric {
        /// The metric's name.
        metric: String,
        /// One sentence.
        problem: String,
    },
}

/// A place in an output where a figure may stand.
struct Found {
    labels: BTreeMap<String, String>,
    text: String,
    range: (u64, u64),
}

/// All figures of a metric in an output, at least one, in the order of their first occurrence.
pub fn extract(metric: &Metric, output: &[u8]) -> Result<Vec<Extracted>, ExtractError> {
    let name = || metric.name.to_string();
    let found = match &metric.source {
        MetricSource::Regex(pattern) => by_regex(pattern, output),
        MetricSource::Json { path, labels } => json::find(path, &words(labels), output),
        MetricSource::Csv { column, labels, separator } => {
            csv::find(column, &words(labels), *separator, output)
        }
    };
    let found = found.map_err(|problem| ExtractError::Metric { metric: name(), problem })?;
    let mut groups: Vec<(BTreeMap<String, String>, Vec<Extracted>)> = Vec::new();
    for Found { labels, text, range } in found {
        let value = number(&text).map_err(|hint| ExtractError::NotANumber { metric: name(), text, hint })?;
        let figure = Extracted { labels, value, range };
        match groups.iter_mut().find(|(labels, _)| *labels == figure.labels) {
            Some((_, figures)) => figures.push(figure),
            None => groups.push((figure.labels.clone(), vec![figure])),
        }
    }
    if groups.is_empty() {
        return Err(ExtractError::Missing { metric: name(), what: described(&metric.source) });
    }
    groups.into_iter().map(|(_, figures)| take(metric, figures)).collect()
}

fn words(labels: &[crate::base::Spanned<std::sync::Arc<str>>]) -> Vec<&str> {
    labels.iter().map(|l| &*l.value).collect()
}

fn described(source: &MetricSource) -> String {
    match source {
        MetricSource::Regex(pattern) => format!("the regex `{}`", pattern.value),
        MetricSource::Json { path, .. } => format!("the path `{}`", path.value),
        MetricSource::Csv { column, .. } => format!("the column `{}`", column.value),
    }
}

/// One figure of those with equal labels.
fn take(metric: &Metric, mut figures: Vec<Extracted>) -> Result<Extracted, ExtractError> {
    let Some(take) = metric.take.filter(|_| figures.len() > 1) else {
        if let [only] = figures.as_slice() {
            return Ok(only.clone());
        }
        let metric = metric.name.to_string();
        let labels = Labels(&figures[0].labels).to_string();
        return Err(ExtractError::Several { metric, labels, count: figures.len() });
    };
    let by_value = |a: &Extracted, b: &Extracted| a.value.total_cmp(&b.value);
    let one = match take {
        Take::First => Some(figures.remove(0)),
        Take::Last => figures.pop(),
        Take::Min => figures.into_iter().min_by(by_value),
        Take::Max => figures.into_iter().max_by(by_value),
        Take::Mean | Take::Median | Take::Sum => {
            let values: Vec<f64> = figures.iter().map(|f| f.value).collect();
            let from = figures.iter().map(|f| f.range.0).min();
            let to = figures.iter().map(|f| f.range.1).max();
            take.apply(&values).zip(from.zip(to)).map(|(value, range)| Extracted {
                labels: figures[0].labels.clone(),
                value,
                range,
            })
        }
    };
    Ok(one.expect("a group holds at least one figure"))
}

/// Labels as they follow a name: ` op=Triad size=64`.
struct Labels<'a>(&'a BTreeMap<String, String>);

impl fmt::Display for Labels<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|(name, value)| write!(f, " {name}={value}"))
    }
}

/// A decimal number, or what to say about it.
fn number(text: &str) -> Result<f64, &'static str> {
    let text = text.trim();
    let digits = |c: char| c.is_ascii_digit();
    if text.starts_with(digits) && text.contains([',', '_', '\'', ' ']) {
        return Err(": it has a thousands separator or a decimal comma, which could mean two numbers");
    }
    text.parse().ok().filter(|value: &f64| value.is_finite()).ok_or("")
}

/// Lines of an output, each with its offset; a byte that is no UTF-8 becomes one `?`, so that offsets stay true.
fn lines(output: &[u8]) -> impl Iterator<Item = (u64, String)> + '_ {
    let mut offset = 0;
    output.split(|b| *b == b'\n').map(move |line| {
        let start = offset;
        offset += line.len() as u64 + 1;
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let mut text = String::with_capacity(line.len());
        for chunk in line.utf8_chunks() {
            text.push_str(chunk.valid());
            text.extend(chunk.invalid().iter().map(|_| '?'));
        }
        (start, text)
    })
}

fn by_regex(pattern: &str, output: &[u8]) -> Result<Vec<Found>, String> {
    let regex = fancy_regex::Regex::new(pattern).map_err(|e| e.to_string())?;
    let names: Vec<String> = regex.capture_names().flatten().map(str::to_owned).collect();
    if !names.iter().any(|n| n == "value") {
        return Err("its regex has no group named `value`: `(?P<value>…)`".into());
    }
    let mut found = Vec::new();
    for (offset, line) in lines(output) {
        for captures in regex.captures_iter(&line) {
            let captures = captures.map_err(|e| e.to_string())?;
            let Some(value) = captures.name("value") else { continue };
            let label = |name: &String| {
                let text = captures.name(name).filter(|_| name != "value")?;
                Some((name.clone(), text.as_str().to_owned()))
            };
            found.push(Found {
                labels: names.iter().filter_map(label).collect(),
                text: value.as_str().to_owned(),
                range: (offset + value.start() as u64, offset + value.end() as u64),
            });
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests;
