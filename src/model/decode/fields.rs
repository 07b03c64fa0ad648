//! Reading a mapping key by key, so that what nobody asked for is found and named.

use std::sync::Arc;

use crate::base::{Diagnostic, Diagnostics, Map, Span, Spanned, Value};
use crate::syntax::Node;

/// A mapping that is being read. Every key that is asked for counts as known; [`Fields::finish`] reports the others.
pub(super) struct Fields<'n, 'd> {
    pairs: Vec<(&'n Node, &'n Node)>,
    known: Vec<(&'static str, Takes)>,
    what: &'static str,
    span: Span,
    unfit: Unfit,
    problems: &'d mut Diagnostics,
}

/// What becomes of a value of the wrong kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unfit {
    /// It is told.
    Refused,
    /// It stays: a task fails with it when a host gets there, as in Ansible.
    Kept,
}

/// What a keyword takes, but for templates, which stand almost everywhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Takes {
    /// What nobody has said.
    Anything,
    /// `true` or `false`.
    Boolean,
    /// A number that is not negative.
    Number,
    /// A text; numbers and booleans count as they are written.
    Text,
    /// One such text, or a list of them.
    Texts,
    /// A mapping of variables.
    Mapping,
    /// One of these words.
    Choice(Vec<&'static str>),
}

impl<'n, 'd> Fields<'n, 'd> {
    /// Starts to read `node`, which is `what` (`a play`, `a task`). Anything but a mapping is an error.
    pub fn new(node: &'n Node, what: &'static str, problems: &'d mut Diagnostics) -> Option<Self> {
        let Some(pairs) = node.as_mapping() else {
            problems.push(wrong_type(what, "a mapping (`key: value` lines)", node));
            return None;
        };
        let pairs = pairs.iter().map(|(k, v)| (k, v)).collect();
        let unfit = Unfit::Refused;
        Some(Self { pairs, known: Vec::new(), what, span: node.span.clone(), unfit, problems })
    }

    /// What becomes of values of the wrong kind.
    pub fn unfit(&self) -> Unfit {
        self.unfit
    }

    /// What becomes of them from here on.
    pub fn set_unfit(&mut self, unfit: Unfit) -> &mut Self {
        self.unfit = unfit;
        self
    }

    /// The place of the whole mapping.
    pub fn span(&self) -> Span {
        self.span.clone()
    }

    /// Where problems go.
    pub fn problems(&mut self) -> &mut Diagnostics {
        self.problems
    }

    /// Takes a key with its node.
    pub fn take_pair(&mut self, key: &'static str) -> Option<(&'n Node, &'n Node)> {
        self.known.push((key, Takes::Anything));
        let at = self.pairs.iter().position(|(k, _)| k.as_str() == Some(key))?;
        Some(self.pairs.remove(at))
    }

    /// Takes the node of a key. A key without a value counts as not there.
    pub fn take(&mut self, key: &'static str) -> Option<&'n Node> {
        self.take_pair(key).map(|(_, v)| v).filter(|v| !v.is_null())
    }

    /// The same for a key of which is known what it takes.
    fn take_as(&mut self, key: &'static str, takes: Takes) -> Option<&'n Node> {
        let node = self.take(key);
        if let Some(asked) = self.known.last_mut() {
            asked.1 = takes;
        }
        node
    }

    /// All keys that were asked for, with what they take.
    pub fn into_known(self) -> Vec<(&'static str, Takes)> {
        self.known
    }

    /// Takes any value, template or not.
    pub fn value(&mut self, key: &'static str) -> Option<Spanned<Value>> {
        self.take(key).map(spanned)
    }

    /// Takes a value that must be of one kind unless it is a template; `wanted` says which, for the message.
    fn checked(
        &mut self,
        key: &'static str,
        (wanted, takes): (&str, Takes),
        fits: fn(&Value) -> bool,
    ) -> Option<Spanned<Value>> {
        let node = self.take_as(key, takes)?;
        let value = node.to_value();
        if self.unfit == Unfit::Refused && !is_template(&value) && !fits(&value) {
            self.problems.push(wrong_type(&format!("`{key}`"), wanted, node));
            return None;
        }
        Some(Spanned::new(value, node.span.clone()))
    }

    /// Takes a boolean, or a template that gives one.
    pub fn boolean(&mut self, key: &'static str) -> Option<Spanned<Value>> {
        self.checked(key, ("`true` or `false`", Takes::Boolean), |v| v.to_bool().is_some())
    }

    /// Takes a number that is not negative, or a template that gives one.
    pub fn number(&mut self, key: &'static str) -> Option<Spanned<Value>> {
        self.checked(key, ("a number that is not negative", Takes::Number), |v| match v {
            Value::String(t) => t.as_str().trim().parse::<f64>().is_ok_and(|x| x >= 0.0),
            other => other.as_float().is_some_and(|x| x >= 0.0),
        })
    }

    /// Where the value of a key stands, which is left for others to take.
    pub fn place(&self, key: &str) -> Option<Span> {
        self.pairs.iter().find(|(k, _)| k.as_str() == Some(key)).map(|(_, node)| node.span.clone())
    }

    /// Takes a string; numbers are read as they are written.
    pub fn string(&mut self, key: &'static str) -> Option<Spanned<Value>> {
        let node = self.take_as(key, Takes::Text)?;
        let text = text_value(node);
        if text.is_none() {
            self.problems.push(wrong_type(&format!("`{key}`"), "a string", node));
        }
        text
    }

    /// Takes a word, which may be a template.
    pub fn text(&mut self, key: &'static str) -> Option<Arc<str>> {
        let node = self.take_as(key, Takes::Text)?;
        let Some(text) = text_value(node) else {
            self.problems.push(wrong_type(&format!("`{key}`"), "a word", node));
            return None;
        };
        text.as_str().map(Arc::from)
    }

    /// Takes a plain word that is no template.
    pub fn word(&mut self, key: &'static str) -> Option<Spanned<Arc<str>>> {
        let node = self.take_as(key, Takes::Text)?;
        let word = self.word_of(node, key)?;
        Some(word)
    }

    fn word_of(&mut self, node: &Node, key: &str) -> Option<Spanned<Arc<str>>> {
        let Some(text) = text_value(node) else {
            self.problems.push(wrong_type(&format!("`{key}`"), "a plain word", node));
            return None;
        };
        if is_template(&text.value) {
            self.problems.push(
                Diagnostic::error("template-here", format!("`{key}` cannot be a template"))
                    .at(&node.span)
                    .help("it must be known before anything runs: write it out"),
            );
            return None;
        }
        Some(Spanned::new(Arc::from(text.as_str().unwrap_or_default()), text.span))
    }

    /// Takes one word or a list of words.
    pub fn words(&mut self, key: &'static str) -> Option<Vec<Spanned<Arc<str>>>> {
        let node = self.take_as(key, Takes::Texts)?;
        let words = match node.as_sequence() {
            Some(items) => items.iter().filter_map(|n| self.word_of(n, key)).collect(),
            None => self.word_of(node, key).into_iter().collect(),
        };
        Some(words)
    }

    /// Takes one value or a list of values.
    pub fn values(&mut self, key: &'static str) -> Vec<Spanned<Value>> {
        match self.take(key) {
            None => Vec::new(),
            Some(node) => one_or_many(node),
        }
    }

    /// Takes a mapping of variables; templates stay inside.
    pub fn map(&mut self, key: &'static str) -> Arc<Map> {
        let Some(node) = self.take_as(key, Takes::Mapping) else { return Arc::default() };
        let mut map = node.to_map();
        if node.span.source().is_secret() {
            let sealed =
                |map: Map| map.into_iter().map(|(name, value)| (name, value.into_secret())).collect();
            map = map.map(sealed);
        }
        if map.is_none() {
            self.problems.push(wrong_type(&format!("`{key}`"), "a mapping", node));
        }
        map.map(Arc::new).unwrap_or_default()
    }

    /// Takes a word that must be one of `choices`.
    pub fn choice<T: Copy>(
        &mut self,
        key: &'static str,
        choices: &[(&'static str, T)],
    ) -> Option<Spanned<T>> {
        let node = self.take_as(key, Takes::Choice(choices.iter().map(|(word, _)| *word).collect()))?;
        self.choice_of(node, key, choices)
    }

    /// The same; a template goes to `later`.
    pub fn choice_or<T: Copy>(
        &mut self,
        key: &'static str,
        choices: &[(&'static str, T)],
        later: &mut Vec<(&'static str, Spanned<Value>)>,
    ) -> Option<Spanned<T>> {
        let node = self.take_as(key, Takes::Choice(choices.iter().map(|(word, _)| *word).collect()))?;
        if let Some(text) = text_value(node).filter(|text| is_template(&text.value)) {
            later.push((key, text));
            return None;
        }
        self.choice_of(node, key, choices)
    }

    fn choice_of<T: Copy>(
        &mut self,
        node: &Node,
        key: &'static str,
        choices: &[(&'static str, T)],
    ) -> Option<Spanned<T>> {
        let word = self.word_of(node, key)?;
        let found = choices.iter().find(|(name, _)| *name == &*word.value);
        if found.is_none() {
            let names: Vec<_> = choices.iter().map(|(n, _)| *n).collect();
            self.problems.push(
                Diagnostic::error("unknown-choice", format!("`{}` is no `{key}`", word.value))
                    .at(&word.span)
                    .suggest(&word.value, names.iter().copied())
                    .help(format!("one of: {}", names.join(", "))),
            );
        }
        found.map(|(_, value)| Spanned::new(*value, word.span))
    }

    /// Says that something must be there: a keyword in backquotes, or a few words.
    pub fn missing(&mut self, what: &str, remedy: &str) {
        self.problems.push(
            Diagnostic::error("missing-keyword", format!("{} needs {what}", self.what))
                .at(&self.span)
                .help(remedy),
        );
    }

    /// What was not taken yet.
    pub fn rest(&self) -> &[(&'n Node, &'n Node)] {
        &self.pairs
    }

    /// Gives back what [`Fields::take_rest`] took.
    pub fn put_back(&mut self, pairs: Vec<(&'n Node, &'n Node)>) {
        self.pairs = pairs;
    }

    /// Takes everything that is left.
    pub fn take_rest(&mut self) -> Vec<(&'n Node, &'n Node)> {
        std::mem::take(&mut self.pairs)
    }

    /// The error for a key that nobody knows here.
    pub fn unknown(&mut self, key: &Node, also_known: impl Iterator<Item = &'static str>) {
        let name = key.as_scalar().map_or_else(|| "?".into(), |s| s.raw.to_string());
        let what = self.what;
        self.problems.push(
            Diagnostic::error("unknown-keyword", format!("`{name}` is no keyword of {what}"))
                .at(&key.span)
                .suggest(&name, self.known.iter().map(|(key, _)| *key).chain(also_known)),
        );
    }

    /// Reports every key that was not taken.
    pub fn finish(mut self) {
        for (key, _) in self.take_rest() {
            self.unknown(key, std::iter::empty());
        }
    }
}

/// The error for a node of the wrong kind.
pub(super) fn wrong_type(what: &str, wanted: &str, node: &Node) -> Diagnostic {
    Diagnostic::error("wrong-type", format!("{what} wants {wanted}, this is {}", node.kind_name()))
        .at(&node.span)
}

/// A node as a value with its place.
pub(super) fn spanned(node: &Node) -> Spanned<Value> {
    Spanned::new(node.to_value(), node.span.clone())
}

/// A scalar as a string, whatever type YAML read into it.
pub(super) fn text_value(node: &Node) -> Option<Spanned<Value>> {
    let scalar = node.as_scalar().filter(|s| !s.value.is_null())?;
    let value = match &scalar.value {
        text @ Value::String(_) => text.clone(),
        _ => Value::template(Arc::clone(&scalar.raw), node.span.clone()),
    };
    Some(Spanned::new(value, node.span.clone()))
}

/// A sequence's items, or the one thing that stands there instead.
pub(super) fn one_or_many(node: &Node) -> Vec<Spanned<Value>> {
    match node.as_sequence() {
        Some(items) => items.iter().map(spanned).collect(),
        None => vec![spanned(node)],
    }
}

/// Whether a value is a string with template marks.
pub(super) fn is_template(value: &Value) -> bool {
    matches!(value, Value::String(t) if t.is_template())
}
