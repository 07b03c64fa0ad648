//! The tree that every text becomes: scalars, sequences and mappings with their places.

use std::sync::Arc;

use crate::base::{Key, Map, Span, Value};

/// One node of a text. Cloning is cheap: the children are shared.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// The place, quotes and brackets included. What came through an alias has the place of its anchor.
    pub span: Span,
    /// The tag as it was written (`!unsafe`, `!!str`), if there was one.
    pub tag: Option<Arc<str>>,
    /// What it is.
    pub kind: NodeKind,
}

/// What a node is.
#[derive(Clone, Debug, PartialEq)]
pub enum NodeKind {
    /// A single value.
    Scalar(Scalar),
    /// `[a, b]`, or lines with dashes.
    Sequence(Arc<[Node]>),
    /// `{a: b}`, or lines with colons. Keys are scalars and unique; merges (`<<`) are done.
    Mapping(Arc<[(Node, Node)]>),
}

/// A single value.
#[derive(Clone, Debug, PartialEq)]
pub struct Scalar {
    /// What it means by the rules of YAML 1.1. Strings know the place of their content, inside the quotes.
    pub value: Value,
    /// Its characters, without quotes and before any type was read into them: `0644`, `1.10`, `yes`.
    pub raw: Arc<str>,
    /// How it was written.
    pub style: Style,
}

/// How a scalar was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// `a`
    Plain,
    /// `'a'`
    SingleQuoted,
    /// `"a"`
    DoubleQuoted,
    /// `|`
    Literal,
    /// `>`
    Folded,
}

impl Node {
    /// The text of a string; `None` for anything else, numbers included.
    pub fn as_str(&self) -> Option<&str> {
        self.as_scalar()?.value.as_str()
    }

    /// The scalar, if it is one.
    pub fn as_scalar(&self) -> Option<&Scalar> {
        match &self.kind {
            NodeKind::Scalar(s) => Some(s),
            _ => None,
        }
    }

    /// The items of a sequence.
    pub fn as_sequence(&self) -> Option<&[Node]> {
        match &self.kind {
            NodeKind::Sequence(items) => Some(items),
            _ => None,
        }
    }

    /// Keys and values of a mapping, in order.
    pub fn as_mapping(&self) -> Option<&[(Node, Node)]> {
        match &self.kind {
            NodeKind::Mapping(pairs) => Some(pairs),
            _ => None,
        }
    }

    /// A mapping without any key.
    pub fn empty_mapping(span: Span) -> Self {
        Self { span, tag: None, kind: NodeKind::Mapping(Arc::from([])) }
    }

    /// A sequence with this one item, in its place.
    pub fn sequence_of(item: &Self) -> Self {
        let kind = NodeKind::Sequence(Arc::from([item.clone()]));
        Self { span: item.span.clone(), tag: None, kind }
    }

    /// Whether it is nothing: `~`, `null` or no text at all.
    pub fn is_null(&self) -> bool {
        self.as_scalar().is_some_and(|s| s.value.is_null())
    }

    /// The value under a string key of a mapping.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.as_mapping()?.iter().find(|(k, _)| k.as_str() == Some(key)).map(|(_, v)| v)
    }

    /// The whole tree as a value.
    pub fn to_value(&self) -> Value {
        match &self.kind {
            NodeKind::Scalar(s) => s.value.clone(),
            NodeKind::Sequence(items) => Value::list(items.iter().map(Node::to_value).collect()),
            NodeKind::Mapping(_) => Value::from(self.to_map().unwrap_or_default()),
        }
    }

    /// A mapping as a map of values; `None` for anything else.
    pub fn to_map(&self) -> Option<Map> {
        let pairs = self.as_mapping()?;
        Some(pairs.iter().filter_map(|(k, v)| Some((k.to_key()?, v.to_value()))).collect())
    }

    /// A scalar as the key of a map. `None` for collections and bytes, which no mapping of a parsed tree has as a key.
    pub fn to_key(&self) -> Option<Key> {
        Key::of(&self.as_scalar()?.value)
    }

    /// What kind of thing this is, in words for messages: `a string`, `a list`, `a mapping`, `nothing` …
    pub fn kind_name(&self) -> &'static str {
        match &self.kind {
            NodeKind::Scalar(s) => s.value.kind(),
            NodeKind::Sequence(_) => "a list",
            NodeKind::Mapping(_) => "a mapping",
        }
    }
}
