//! What has been read once is kept: the cache of parsed texts.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use foldhash::fast::RandomState;

use super::marks::Marks;
use super::parse::{self, SyntaxError};
use super::syntax::{Node, Statement};

/// Texts that are kept; a full cache begins anew.
const CACHED_TEXTS: usize = 4096;

/// A text that was read.
#[derive(Debug)]
pub(super) enum Parsed {
    Template(Vec<Statement>),
    Expression(Node),
}

/// How a text is to be read.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Reading {
    /// With marks, as a playbook's texts have them.
    Text,
    /// An expression without marks.
    Expression,
    /// A template file, with its own marks.
    File(Arc<Marks>),
}

type Texts = HashMap<Arc<str>, Vec<(Reading, Arc<Parsed>)>, RandomState>;

/// The cache of parsed texts. Shared by all threads.
#[derive(Default)]
pub struct Engine {
    texts: RwLock<Texts>,
}

impl Engine {
    /// An engine with an empty cache.
    pub fn new() -> Self {
        Self::default()
    }

    /// What a text says, read now or before.
    pub(super) fn read(&self, text: &Arc<str>, reading: &Reading) -> Result<Arc<Parsed>, SyntaxError> {
        let known = self.texts.read().unwrap_or_else(PoisonError::into_inner);
        let found = known.get(text).and_then(|readings| readings.iter().find(|(known, _)| known == reading));
        if let Some((_, parsed)) = found {
            return Ok(Arc::clone(parsed));
        }
        drop(known);
        let parsed = Arc::new(match reading {
            Reading::Text => Parsed::Template(parse::template(text, &Marks::default())?),
            Reading::Expression => Parsed::Expression(parse::expression(text)?),
            Reading::File(marks) => Parsed::Template(parse::template(text, marks)?),
        });
        let mut texts = self.texts.write().unwrap_or_else(PoisonError::into_inner);
        if texts.len() >= CACHED_TEXTS {
            texts.clear();
        }
        texts.entry(Arc::clone(text)).or_default().push((reading.clone(), Arc::clone(&parsed)));
        Ok(parsed)
    }
}
