//! Figures in a column of CSV output. What stands before the header line is skipped; the table ends with the first line
//! that has another number of fields.

use super::{Found, lines};

/// A field: its text and where it stands in its line.
type Field = (String, std::ops::Range<usize>);

pub(super) fn find(
    column: &str,
    labels: &[&str],
    separator: char,
    output: &[u8],
) -> Result<Vec<Found>, String> {
    let mut rows = lines(output).map(|(offset, line)| (offset, split(&line, separator)));
    let place = |header: &[Field], name: &str| header.iter().position(|(text, _)| text == name);
    let Some(header) = rows.by_ref().map(|(_, fields)| fields).find(|f| place(f, column).is_some()) else {
        return Ok(Vec::new());
    };
    let value = place(&header, column).unwrap_or_default();
    let mut places = Vec::new();
    for label in labels {
        let place = place(&header, label).ok_or_else(|| format!("the table has no column `{label}`"))?;
        places.push((*label, place));
    }
    let found = rows.take_while(|(_, fields)| fields.len() == header.len()).map(|(offset, fields)| {
        let (text, range) = fields[value].clone();
        Found {
            labels: places.iter().map(|(l, at)| ((*l).to_owned(), fields[*at].0.clone())).collect(),
            text,
            range: (offset + range.start as u64, offset + range.end as u64),
        }
    });
    Ok(found.collect())
}

/// The fields of a line; a field in double quotes may hold separators and doubled quotes.
fn split(line: &str, separator: char) -> Vec<Field> {
    let mut fields = Vec::new();
    let mut start = 0;
    let mut quoted = false;
    for (at, c) in line.char_indices().chain([(line.len(), separator)]) {
        if c == '"' {
            quoted = !quoted;
        } else if c == separator && (!quoted || at == line.len()) {
            fields.push(field(line, start..at));
            start = at + c.len_utf8();
        }
    }
    fields
}

fn field(line: &str, range: std::ops::Range<usize>) -> Field {
    let raw = &line[range.clone()];
    let start = range.start + (raw.len() - raw.trim_start().len());
    let text = raw.trim();
    match text.strip_prefix('"').and_then(|t| t.strip_suffix('"')) {
        Some(inner) => (inner.replace("\"\"", "\""), start + 1..start + 1 + inner.len()),
        None => (text.to_owned(), start..start + text.len()),
    }
}
