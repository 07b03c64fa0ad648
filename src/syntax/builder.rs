//! Events of a YAML text to nodes: anchors, merges, unique keys, tags, and limits against hostile texts.
//!
//! It knows the events in its own words only, not the crate they come from.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use base64::Engine;
use indexmap::IndexMap;

use super::problem;
use super::scalar::{self, Meaning};
use super::yaml::span;
use super::{Node, NodeKind, Scalar, Style};
use crate::base::{Diagnostic, Diagnostics, Key, Source, Text, Value};

/// How many nodes a text may have with every alias written out.
const NODES: usize = 1_000_000;
/// How deep a tree may be with every alias written out.
const DEPTH: usize = 400;

/// A tag: its full name and where it stands.
type Tag = Option<(String, Range<usize>)>;

/// A finished node, with what it weighs when every alias in it is written out.
#[derive(Clone)]
struct Built {
    node: Node,
    nodes: usize,
    depth: usize,
}

/// A collection that is not closed yet.
struct Open {
    mapping: bool,
    anchor: usize,
    tag: Tag,
    start: usize,
    /// Where its opening token ends, in case nothing follows.
    end: usize,
    /// Items, or keys and values in turn.
    items: Vec<Node>,
    nodes: usize,
    depth: usize,
    /// Whether strings inside are data and never templates.
    data: bool,
}

/// Takes events, gives documents.
pub(super) struct Builder<'a> {
    source: &'a Arc<Source>,
    warnings: &'a mut Diagnostics,
    open: Vec<Open>,
    anchors: HashMap<usize, Built>,
    documents: Vec<Node>,
    total: usize,
}

impl<'a> Builder<'a> {
    pub(super) fn new(source: &'a Arc<Source>, warnings: &'a mut Diagnostics) -> Self {
        Self { source, warnings, open: Vec::new(), anchors: HashMap::new(), documents: Vec::new(), total: 0 }
    }

    /// Every document that was closed.
    pub(super) fn documents(self) -> Vec<Node> {
        self.documents
    }

    /// A scalar stands at `range`.
    pub(super) fn scalar(
        &mut self,
        text: &str,
        style: Style,
        anchor: usize,
        tag: &Tag,
        range: Range<usize>,
    ) -> Result<(), Diagnostic> {
        // The parser says `~` where nothing stands.
        let nothing = style == Style::Plain && range.is_empty();
        let text = if nothing { "" } else { self.without_added_newline(text, style, &range) };
        let raw: Arc<str> = Arc::from(text);
        let tag = tag.as_ref();
        let data = self.in_data() || is_unsafe(tag);
        let value = self.value(&raw, style, tag, &range, data)?;
        let node = self.node(NodeKind::Scalar(Scalar { value, raw, style }), tag, range);
        self.add(anchor, Built { node, nodes: 1, depth: 1 })
    }

    /// A sequence or a mapping begins.
    pub(super) fn open(
        &mut self,
        mapping: bool,
        anchor: usize,
        tag: Tag,
        range: Range<usize>,
    ) -> Result<(), Diagnostic> {
        let known: &[&str] = if mapping { &["map", "set"] } else { &["seq", "omap", "pairs"] };
        if let Some((name, place)) = &tag
            && !is_unsafe(tag.as_ref())
            && !core(name).is_some_and(|n| known.contains(&n))
        {
            return Err(unknown_tag(name, self.source, place.clone()));
        }
        let data = self.in_data() || is_unsafe(tag.as_ref());
        let (start, end) = (self.dash(mapping, range.start), range.end);
        self.open.push(Open {
            mapping,
            anchor,
            tag,
            start,
            end,
            items: Vec::new(),
            nodes: 1,
            depth: 1,
            data,
        });
        Ok(())
    }

    /// Where a collection begins. A list that is not indented below its key is said to begin at its first item, so that
    /// the dash has to be looked for.
    fn dash(&self, mapping: bool, start: usize) -> usize {
        let before = self.source.text().get(..start).unwrap_or("").trim_end();
        let line = before.rsplit('\n').next().unwrap_or("").trim_start();
        let below_key = !mapping && self.open.last().is_some_and(|o| o.mapping);
        if below_key && line == "-" { before.len() - 1 } else { start }
    }

    /// The innermost collection ends.
    pub(super) fn close(&mut self, range: Range<usize>) -> Result<(), Diagnostic> {
        let Some(open) = self.open.pop() else { return Ok(()) };
        // The end of a block collection is found only at the next token: its last child says better where it ends.
        let last = open.items.last().map_or(open.end, |n| n.span.range().end);
        let end = if range.is_empty() { last } else { range.end };
        let range = open.start..end.max(open.end);
        let kind = if open.mapping {
            NodeKind::Mapping(self.pairs(open.items, &range)?.into())
        } else {
            NodeKind::Sequence(open.items.into())
        };
        let node = self.node(kind, open.tag.as_ref(), range);
        self.add(open.anchor, Built { node, nodes: open.nodes, depth: open.depth })
    }

    /// `*name` stands at `range`.
    pub(super) fn alias(&mut self, anchor: usize, range: Range<usize>) -> Result<(), Diagnostic> {
        let Some(built) = self.anchors.get(&anchor).cloned() else {
            return Err(Diagnostic::error("alias-of-itself", "this alias stands inside its own anchor")
                .at(&span(self.source, range))
                .label("would never end"));
        };
        self.total += built.nodes;
        let place = span(self.source, range);
        if self.total > NODES {
            return Err(Diagnostic::error("too-many-aliases", "the aliases of this text make it too big")
                .at(&place)
                .label(format!("the limit of {NODES} nodes is passed here"))
                .help("write less through aliases (`*name`); each one counts as much as its anchor"));
        }
        if built.depth + self.open.len() > DEPTH {
            return Err(Diagnostic::error(
                "too-deep",
                format!("more than {DEPTH} collections stand in each other"),
            )
            .at(&place)
            .label("what this alias stands for is too deep"));
        }
        self.add(0, built)
    }

    /// A block at the end of a text whose last line has no newline has none either; the parser adds one.
    fn without_added_newline<'t>(&self, text: &'t str, style: Style, range: &Range<usize>) -> &'t str {
        let source = self.source.text();
        let last = source.rsplit('\n').next().unwrap_or("");
        let ends_there = matches!(style, Style::Literal | Style::Folded) && range.end >= source.len();
        if ends_there && !last.trim().is_empty() { text.strip_suffix('\n').unwrap_or(text) } else { text }
    }

    fn in_data(&self) -> bool {
        self.open.last().is_some_and(|o| o.data)
    }

    fn node(&self, kind: NodeKind, tag: Option<&(String, Range<usize>)>, range: Range<usize>) -> Node {
        let tag = tag.map(|(name, place)| {
            let written = span(self.source, place.clone());
            Arc::from(if written.text().starts_with('!') { written.text().trim() } else { name.as_str() })
        });
        Node { span: span(self.source, range), tag, kind }
    }

    fn add(&mut self, anchor: usize, built: Built) -> Result<(), Diagnostic> {
        if anchor > 0 {
            self.anchors.insert(anchor, built.clone());
        }
        let Some(parent) = self.open.last_mut() else {
            self.documents.push(built.node);
            return Ok(());
        };
        if parent.mapping && parent.items.len().is_multiple_of(2) {
            // An unquoted template is told when its outer brace closes, with its whole text.
            let braces = self.source.text().get(parent.start..).is_some_and(|t| t.starts_with("{{"));
            check_key(&built.node, braces)?;
        }
        parent.nodes += built.nodes;
        parent.depth = parent.depth.max(built.depth + 1);
        parent.items.push(built.node);
        Ok(())
    }

    /// Keys and values of a mapping: merged ones first, then its own; of several equal keys the last one counts.
    fn pairs(&mut self, items: Vec<Node>, range: &Range<usize>) -> Result<Vec<(Node, Node)>, Diagnostic> {
        let mut merged = Vec::new();
        let mut own: IndexMap<Key, (Node, Node)> = IndexMap::new();
        let mut items = items.into_iter();
        while let (Some(key), Some(value)) = (items.next(), items.next()) {
            if is_merge(&key) {
                merge(&value, &mut merged)?;
                continue;
            }
            let Some(name) = key.to_key() else {
                return Err(problem::unquoted_template(self.source, range.clone()));
            };
            if let Some((first, _)) = own.get(&name) {
                self.warnings.push(
                    Diagnostic::warning("duplicate-key", format!("the key `{name}` stands here twice"))
                        .at(&key.span)
                        .label("this one counts")
                        .related(&first.span, "this one is ignored"),
                );
            }
            own.insert(name, (key, value));
        }
        if merged.is_empty() {
            return Ok(own.into_values().collect());
        }
        let mut all: IndexMap<Key, (Node, Node)> = IndexMap::new();
        for (key, value) in merged.into_iter().chain(own.into_values()) {
            if let Some(name) = key.to_key() {
                all.insert(name, (key, value));
            }
        }
        Ok(all.into_values().collect())
    }

    fn value(
        &self,
        raw: &Arc<str>,
        style: Style,
        tag: Option<&(String, Range<usize>)>,
        range: &Range<usize>,
        data: bool,
    ) -> Result<Value, Diagnostic> {
        let text = || {
            let place = span(self.source, self.content(style, range));
            let text = Arc::clone(raw);
            let text = if data { Text::data(text) } else { Text::template(text, place) };
            Value::String(if self.source.is_secret() { text.into_secret() } else { text })
        };
        if is_vault(tag) {
            let place = span(self.source, range.clone());
            return Ok(Value::String(Text::vault(Arc::clone(raw), place)));
        }
        let wrong = |what: &str| {
            Diagnostic::error("bad-scalar", format!("`{raw}` is not {what}"))
                .at(&span(self.source, range.clone()))
        };
        let meaning = match tag.map(|(name, place)| (core(name), name, place)) {
            None if style == Style::Plain => scalar::resolve(raw),
            None | Some((Some("str"), ..)) => Meaning::Text,
            _ if is_unsafe(tag) => Meaning::Text,
            Some((Some("null"), ..)) => Meaning::Null,
            Some((Some("bool"), ..)) => {
                scalar::boolean_of(raw).map(Meaning::Bool).ok_or_else(|| wrong("a boolean"))?
            }
            Some((Some("int"), ..)) => {
                scalar::int(raw).map(Meaning::Int).ok_or_else(|| wrong("an integer"))?
            }
            Some((Some("float"), ..)) => {
                scalar::float_of(raw).map(Meaning::Float).ok_or_else(|| wrong("a float"))?
            }
            Some((Some("timestamp"), ..)) => scalar::timestamp(raw).ok_or_else(|| wrong("a date"))?,
            Some((Some("binary"), ..)) => {
                let packed: String = raw.split_whitespace().collect();
                let bytes = base64::engine::general_purpose::STANDARD.decode(packed);
                return bytes.map(|b| Value::Bytes(b.into())).map_err(|_| wrong("base64"));
            }
            // `!` alone: not to be resolved.
            Some((_, name, _)) if name == "!" => Meaning::Text,
            Some((_, name, place)) => return Err(unknown_tag(name, self.source, place.clone())),
        };
        Ok(match meaning {
            Meaning::Null => Value::Null,
            Meaning::Bool(b) => Value::Bool(b),
            Meaning::Int(i) => Value::Int(i),
            Meaning::Float(f) => Value::Float(f),
            Meaning::Date(d) => Value::Date(d.into()),
            Meaning::Text => text(),
            Meaning::NoSuchDate => {
                return Err(
                    wrong("a date of any calendar").help(format!("quote it to make it a string: \"{raw}\""))
                );
            }
        })
    }

    /// The part of a scalar's place that is its text: inside the quotes, without the last newline of a block.
    fn content(&self, style: Style, range: &Range<usize>) -> Range<usize> {
        let text = self.source.text().get(range.clone()).unwrap_or("");
        let (skip, cut) = match style {
            Style::Plain => (0, 0),
            Style::SingleQuoted | Style::DoubleQuoted => (1, 1),
            Style::Literal | Style::Folded => (0, text.len() - text.trim_end().len()),
        };
        if skip + cut > text.len() { range.clone() } else { range.start + skip..range.end - cut }
    }
}

/// The name of a tag of YAML itself, such as `str` for `!!str`.
fn core(tag: &str) -> Option<&str> {
    tag.strip_prefix("tag:yaml.org,2002:")
}

/// Ansible's mark for strings that are never templates.
fn is_unsafe(tag: Option<&(String, Range<usize>)>) -> bool {
    tag.is_some_and(|(name, _)| name == "!unsafe")
}

/// The mark of a value that is encrypted.
fn is_vault(tag: Option<&(String, Range<usize>)>) -> bool {
    tag.is_some_and(|(name, _)| is_vault_name(name))
}

fn is_vault_name(name: &str) -> bool {
    matches!(name, "!vault" | "!vault-encrypted")
}

fn unknown_tag(name: &str, source: &Arc<Source>, place: Range<usize>) -> Diagnostic {
    let place = span(source, place);
    if is_vault_name(name) {
        return Diagnostic::error("vault", "only a text can be encrypted")
            .at(&place)
            .help("`benchbook vault encrypt-string` writes the value that belongs here");
    }
    Diagnostic::error("unknown-tag", "this tag has no meaning here")
        .at(&place)
        .help("a value that begins with `!` has to be quoted; tags that are known: !unsafe, !vault, !!str, !!int, !!float, !!bool, !!binary")
}

/// A key is a scalar, and says something.
fn check_key(key: &Node, may_be_template: bool) -> Result<(), Diagnostic> {
    if key.as_scalar().is_some_and(|s| s.raw.is_empty() && s.style == Style::Plain) {
        return Err(Diagnostic::error("broken-yaml", "a key should stand before this colon")
            .at(&key.span)
            .help("write `key: value`; quote the whole value if it is meant as text"));
    }
    if key.to_key().is_some() || may_be_template {
        return Ok(());
    }
    Err(Diagnostic::error("key-not-scalar", format!("{} cannot be a key", key.kind_name()))
        .at(&key.span)
        .label("a key has to be a string, a number or a boolean"))
}

fn is_merge(key: &Node) -> bool {
    key.tag.is_none() && key.as_scalar().is_some_and(|s| s.style == Style::Plain && &*s.raw == "<<")
}

fn merge(value: &Node, into: &mut Vec<(Node, Node)>) -> Result<(), Diagnostic> {
    let wrong = |node: &Node| {
        Diagnostic::error("bad-merge", format!("`<<` merges mappings, and this is {}", node.kind_name()))
            .at(&node.span)
            .label("should be a mapping or a list of mappings")
    };
    match &value.kind {
        NodeKind::Mapping(pairs) => into.extend(pairs.iter().cloned()),
        NodeKind::Sequence(items) => {
            // Of several mappings the first one wins, so it comes last.
            for item in items.iter().rev() {
                into.extend(item.as_mapping().ok_or_else(|| wrong(item))?.iter().cloned());
            }
        }
        NodeKind::Scalar(_) => return Err(wrong(value)),
    }
    Ok(())
}
