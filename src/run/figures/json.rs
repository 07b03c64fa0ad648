//! Figures in JSON output, with the place of each number, which serde does not tell.
//!
//! Documents begin at the start of a line with `{` or `[`, so that a program may say other things too, and JSON lines work.

use std::collections::BTreeMap;

use super::Found;
use crate::model::{JsonPath, JsonStep};

/// Nesting that no honest output has.
const DEEPEST: usize = 200;

/// A JSON value with its place.
#[derive(Debug)]
struct Node {
    range: (usize, usize),
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Object(Vec<(String, Node)>),
    Array(Vec<Node>),
    /// A number, a word or a string, as text.
    Scalar(String),
}

pub(super) fn find(path: &str, labels: &[&str], output: &[u8]) -> Result<Vec<Found>, String> {
    let path = JsonPath::parse(path).map_err(|wrong| wrong.to_string())?;
    let mut found = Vec::new();
    for document in documents(output) {
        walk(&document, None, path.steps(), labels, &mut found)?;
    }
    Ok(found)
}

fn walk(
    node: &Node,
    holder: Option<&[(String, Node)]>,
    steps: &[JsonStep],
    labels: &[&str],
    found: &mut Vec<Found>,
) -> Result<(), String> {
    let Some((step, rest)) = steps.split_first() else {
        let Kind::Scalar(text) = &node.kind else {
            return Err("its path leads to an object or a list, not to a number".into());
        };
        let mut beside = BTreeMap::new();
        for label in labels {
            let fields = holder.unwrap_or_default();
            match fields.iter().find(|(key, _)| key == label).map(|(_, node)| &node.kind) {
                Some(Kind::Scalar(text)) => beside.insert((*label).to_owned(), text.clone()),
                _ => return Err(format!("there is no text or number `{label}` beside the value")),
            };
        }
        let range = (node.range.0 as u64, node.range.1 as u64);
        found.push(Found { labels: beside, text: text.clone(), range });
        return Ok(());
    };
    match (&node.kind, step) {
        (Kind::Object(fields), JsonStep::Key(key)) => {
            let field = fields.iter().find(|(k, _)| k == key);
            field.map_or(Ok(()), |(_, node)| walk(node, Some(fields), rest, labels, found))
        }
        (Kind::Object(fields), JsonStep::All) => {
            fields.iter().try_for_each(|(_, node)| walk(node, Some(fields), rest, labels, found))
        }
        (Kind::Array(items), JsonStep::Index(index)) => {
            items.get(*index).map_or(Ok(()), |node| walk(node, holder, rest, labels, found))
        }
        (Kind::Array(items), JsonStep::All) => {
            items.iter().try_for_each(|node| walk(node, holder, rest, labels, found))
        }
        _ => Ok(()),
    }
}

/// The documents of an output; lines that begin none are passed over.
fn documents(output: &[u8]) -> Vec<Node> {
    let mut documents = Vec::new();
    let mut at = 0;
    while at < output.len() {
        let begin = at + output[at..].iter().take_while(|b| matches!(b, b' ' | b'\t' | b'\r')).count();
        let mut reader = Reader { text: output, at: begin };
        if matches!(output.get(begin), Some(b'{' | b'['))
            && let Some(node) = reader.value(0)
        {
            documents.push(node);
            at = reader.at;
        }
        at += output[at..].iter().position(|b| *b == b'\n').map_or(output.len(), |n| n + 1);
    }
    documents
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn blanks(&mut self) {
        self.at += self.text[self.at..].iter().take_while(|b| b.is_ascii_whitespace()).count();
    }

    fn takes(&mut self, byte: u8) -> bool {
        self.blanks();
        let there = self.text.get(self.at) == Some(&byte);
        self.at += usize::from(there);
        there
    }

    fn value(&mut self, depth: usize) -> Option<Node> {
        if depth > DEEPEST {
            return None;
        }
        self.blanks();
        let start = self.at;
        let kind = match self.text.get(start)? {
            b'{' => {
                self.at += 1;
                let mut fields = Vec::new();
                while !self.takes(b'}') {
                    if !fields.is_empty() && !self.takes(b',') {
                        return None;
                    }
                    self.blanks();
                    let key = self.string()?;
                    self.takes(b':').then_some(())?;
                    fields.push((key, self.value(depth + 1)?));
                }
                Kind::Object(fields)
            }
            b'[' => {
                self.at += 1;
                let mut items = Vec::new();
                while !self.takes(b']') {
                    if !items.is_empty() && !self.takes(b',') {
                        return None;
                    }
                    items.push(self.value(depth + 1)?);
                }
                Kind::Array(items)
            }
            b'"' => Kind::Scalar(self.string()?),
            _ => {
                let word = |b: &&u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.');
                self.at += self.text[start..].iter().take_while(word).count();
                let text = std::str::from_utf8(&self.text[start..self.at]).ok()?;
                Kind::Scalar((!text.is_empty()).then(|| text.to_owned())?)
            }
        };
        Some(Node { range: (start, self.at), kind })
    }

    fn string(&mut self) -> Option<String> {
        let start = self.at;
        (self.text.get(start) == Some(&b'"')).then_some(())?;
        let mut at = start + 1;
        while *self.text.get(at)? != b'"' {
            at += if self.text[at] == b'\\' { 2 } else { 1 };
        }
        self.at = at + 1;
        serde_json::from_slice(self.text.get(start..self.at)?).ok()
    }
}
