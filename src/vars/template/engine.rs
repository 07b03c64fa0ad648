//! The configured engine and its cache of compiled templates.
//!
//! A text from a playbook is its own template name, so compiling is cached by text. The cache is bounded: when it is
//! full a fresh one takes its place, and whoever still renders from the old one keeps it alive.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, Error, UndefinedBehavior};

use super::{adapt, escape, extract, method, undefined};
use crate::vars::FileOptions;

/// Compiled texts that are kept.
const CACHED_TEXTS: usize = 4096;
/// Engine steps that one rendering may take: enough for a template of megabytes, too few to hang a run.
const FUEL: u64 = 50_000_000;
/// Begins the names of texts that stand for themselves; no file name begins so.
const TEXT: char = '\u{1}';

/// The engine with its filters, tests, functions and cache. Shared by all threads.
pub struct Engine {
    plain: Environment<'static>,
    cache: RwLock<Arc<Cache>>,
}

/// One generation of compiled texts.
pub(super) struct Cache {
    strict: Environment<'static>,
    lenient: Environment<'static>,
    compiled: Arc<AtomicUsize>,
}

impl Engine {
    /// An engine with an empty cache.
    pub fn new() -> Self {
        let mut plain = Environment::new();
        // Names that end in `.yml` or `.html` would otherwise be escaped.
        plain.set_auto_escape_callback(|_| AutoEscape::None);
        plain.set_undefined_behavior(UndefinedBehavior::Strict);
        plain.set_formatter(super::session::write_value);
        plain.set_unknown_method_callback(method::call);
        plain.set_fuel(Some(FUEL));
        plain.set_debug(false);
        adapt::register(&mut plain);
        undefined::register(&mut plain);
        extract::register(&mut plain);
        let cache = RwLock::new(Arc::new(Cache::new(&plain)));
        Self { plain, cache }
    }

    /// The generation to compile with now.
    pub(super) fn cache(&self) -> Arc<Cache> {
        let current = Arc::clone(&self.cache.read().unwrap_or_else(PoisonError::into_inner));
        if current.compiled.load(Ordering::Relaxed) <= CACHED_TEXTS {
            return current;
        }
        let fresh = Arc::new(Cache::new(&self.plain));
        *self.cache.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&fresh);
        fresh
    }

    /// An engine for one template file, whose includes come from `load`.
    pub(super) fn for_file(
        &self,
        options: &FileOptions,
        lenient: bool,
        load: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
    ) -> Result<Environment<'static>, Error> {
        let mut engine = self.plain.clone();
        let mut syntax = SyntaxConfig::builder();
        syntax.trim_blocks(options.trim_blocks).lstrip_blocks(options.lstrip_blocks);
        syntax.keep_trailing_newline(true);
        if let Some((begin, end)) = options.block_marks.clone() {
            syntax.block_delimiters(begin, end);
        }
        if let Some((begin, end)) = options.variable_marks.clone() {
            syntax.variable_delimiters(begin, end);
        }
        if let Some((begin, end)) = options.comment_marks.clone() {
            syntax.comment_delimiters(begin, end);
        }
        engine.set_syntax(syntax.build()?);
        if lenient {
            engine.set_undefined_behavior(UndefinedBehavior::Chainable);
        }
        engine.set_loader(move |name| Ok(load(name)));
        Ok(engine)
    }

    /// Whether the engine itself defines the name: a function or `omit`.
    pub(super) fn is_global(&self, name: &str) -> bool {
        self.plain.globals().any(|(known, _)| known == name)
    }
}

impl Default for Engine {
    fn default() -> Self {
        Self::new()
    }
}

impl Cache {
    fn new(plain: &Environment<'static>) -> Self {
        let compiled = Arc::new(AtomicUsize::new(0));
        let with = |behavior| {
            let mut engine = plain.clone();
            let compiled = Arc::clone(&compiled);
            engine.set_undefined_behavior(behavior);
            engine.set_loader(move |name| {
                compiled.fetch_add(1, Ordering::Relaxed);
                Ok(name.strip_prefix(TEXT).map(|text| escape::escape(text).into_owned()))
            });
            engine
        };
        let (strict, lenient) = (with(UndefinedBehavior::Strict), with(UndefinedBehavior::Chainable));
        Self { strict, lenient, compiled }
    }

    pub(super) fn engine(&self, lenient: bool) -> &Environment<'static> {
        if lenient { &self.lenient } else { &self.strict }
    }
}

/// The name under which a text is compiled.
pub(super) fn text_name(text: &str) -> String {
    format!("{TEXT}{text}")
}
