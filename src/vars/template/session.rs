//! One rendering in one scope: which variable is being rendered for which, what was emitted, whether a secret was touched.
//!
//! Every template is rendered strictly first. When a name had no value and the text is prepared for that (`default`,
//! `defined`), it is rendered again with [`Missing`] in the place of what is not there; whatever was missing and met
//! no `default` or `is defined` is then still the error of the first attempt. So a typo elsewhere never passes.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use minijinja::{Environment as MiniJinja, Error, ErrorKind, Output, State};

use super::convert::{self, from_engine, to_engine};
use super::diagnose;
use super::engine::text_name;
use super::objects::{LazyObject, Missing, Root, Variables};
use crate::base::secret::names_a_secret;
use crate::base::{Map, Span, Text, Value};
use crate::load::Expressions;
use crate::vars::{Environment, FileOptions, Problem, Scope, TemplateError, lenient};

type Engine = minijinja::Value;

/// Variables that may need each other in a row.
const DEPTH: usize = 150;
/// Stack that one level needs at most, and how much is added when it is short.
const STACK: (usize, usize) = (192 * 1024, 2 * 1024 * 1024);

/// One rendering in one scope.
pub struct Session {
    scope: Scope,
    environment: Arc<Environment>,
    shared: Arc<Shared>,
    /// Rendered variables, each with whether a secret was touched for it.
    cache: Mutex<HashMap<Arc<str>, (Engine, bool)>>,
}

/// What sessions of several scopes (`hostvars`) share while they render one value.
#[derive(Default)]
struct Shared {
    frames: Mutex<Vec<Frame>>,
    secret: AtomicBool,
}

/// One template that is being rendered.
#[derive(Default)]
struct Frame {
    text: Option<Arc<str>>,
    path: String,
    scope: Scope,
    lenient: bool,
    missing: Vec<Missing>,
    emitted: usize,
    only: Option<(Engine, usize)>,
}

/// How an error knows which variable it came through.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
pub(super) struct Through {
    pub(super) error: TemplateError,
    /// The variable; empty when the error is of the text itself.
    pub(super) path: String,
}

impl Session {
    /// What stands before an expression when it is compiled.
    const BEGIN: &str = "{{ ";
    /// The name under which templates reach their session; no variable can have it.
    pub(super) const NAME: &'static str = "\u{1}session";

    /// For one value.
    pub fn new(scope: Scope, environment: Arc<Environment>) -> Arc<Self> {
        Arc::new(Self { scope, environment, shared: Arc::default(), cache: Mutex::default() })
    }

    /// The same rendering in another scope.
    pub(super) fn in_scope(&self, scope: Scope) -> Arc<Self> {
        Arc::new(Self {
            scope,
            environment: Arc::clone(&self.environment),
            shared: Arc::clone(&self.shared),
            cache: Mutex::default(),
        })
    }

    /// The session a filter was called in.
    pub(super) fn of(state: &State) -> Result<Arc<Self>, Error> {
        let root = state.lookup(Self::NAME).and_then(|value| value.downcast_object::<Root>());
        root.map(|root| Arc::clone(&root.0)).ok_or_else(|| {
            Error::new(
                ErrorKind::InvalidOperation,
                "an imported macro cannot use this; import it `with context`",
            )
        })
    }

    pub(super) fn scope(&self) -> &Scope {
        &self.scope
    }

    pub(super) fn environment(&self) -> &Arc<Environment> {
        &self.environment
    }

    pub(super) fn mark_secret(&self) {
        self.shared.secret.store(true, Ordering::Relaxed);
    }

    /// Whether a secret was touched for what is rendered now.
    pub(super) fn is_secret(&self) -> bool {
        self.shared.secret.load(Ordering::Relaxed)
    }

    pub(super) fn text_from(&self, content: &str) -> Text {
        convert::text(content, self.is_secret())
    }

    /// Renders every template inside a value.
    pub fn render(self: &Arc<Self>, value: &Value) -> Result<Value, TemplateError> {
        match value {
            Value::String(text) if text.is_template() => {
                let before = self.shared.secret.swap(false, Ordering::Relaxed);
                let rendered = self.leaf(text);
                self.shared.secret.fetch_or(before, Ordering::Relaxed);
                rendered
            }
            Value::List(items) if value.has_template() => {
                let mut rendered = Vec::with_capacity(items.len());
                for item in items.iter() {
                    match self.render(item)? {
                        Value::Omit => {}
                        item => rendered.push(item),
                    }
                }
                Ok(Value::list(rendered))
            }
            Value::Map(map) if value.has_template() => {
                let mut rendered = Map::new();
                for (key, item) in map.iter() {
                    match self.render(item)? {
                        Value::Omit => {}
                        item => drop(rendered.insert(key.clone(), item)),
                    }
                }
                Ok(Value::from(rendered))
            }
            other => Ok(other.clone()),
        }
    }

    fn leaf(self: &Arc<Self>, text: &Text) -> Result<Value, TemplateError> {
        let result = self.text(text, || diagnose::label(text.as_str()))?;
        let value = from_engine(self, &result)
            .map_err(|error| diagnose::error(self, &error, text.as_str(), text.span(), 0))?;
        match value {
            Value::Undefined(_) => {
                let name = diagnose::label(text.as_str());
                let problem = Problem::Undefined { name, suggestion: None };
                Err(TemplateError::new(problem, text.span().cloned()))
            }
            value => Ok(value),
        }
    }

    /// Evaluates an expression; `{{ }}` around the whole of it is allowed.
    pub fn expression(self: &Arc<Self>, text: &Text) -> Result<Value, TemplateError> {
        let source = text.as_str().trim();
        if source.is_empty() {
            let problem = Problem::Syntax("an empty expression".into());
            return Err(TemplateError::new(problem, text.span().cloned()));
        }
        if text.is_vault() || source.starts_with("{{") && source.ends_with("}}") {
            return self.leaf(text);
        }
        if has_marks_inside(source) {
            return Err(TemplateError::new(Problem::Marks, text.span().cloned()));
        }
        let wrapped: Arc<str> = format!("{}{} }}}}", Self::BEGIN, text.as_str()).into();
        if text.is_secret() {
            self.mark_secret();
        }
        let explain = |error: &Error| diagnose::error(self, error, &wrapped, text.span(), Self::BEGIN.len());
        let result = self
            .compiled(&wrapped, || diagnose::label(source), Expressions::Strict)
            .map_err(|error| explain(&error))?;
        from_engine(self, &result).map_err(|error| explain(&error))
    }

    /// Renders a text as the engine's value; errors are placed in it.
    fn text(self: &Arc<Self>, text: &Text, path: impl FnOnce() -> String) -> Result<Engine, TemplateError> {
        if text.is_secret() {
            self.mark_secret();
        }
        if text.is_vault() {
            let revealed = self.environment.files().vault().reveal(&text.shared());
            return revealed
                .map(|plain| {
                    self.environment.secrets().note(plain.reveal());
                    Engine::from(plain.reveal())
                })
                .map_err(|error| TemplateError::new(error.into(), text.span().cloned()));
        }
        self.compiled(&text.shared(), path, self.environment.expressions())
            .map_err(|error| diagnose::error(self, &error, text.as_str(), text.span(), 0))
    }

    /// `rules` are for the result of this text; variables in it follow those of the environment.
    fn compiled(
        self: &Arc<Self>,
        text: &Arc<str>,
        path: impl FnOnce() -> String,
        rules: Expressions,
    ) -> Result<Engine, Error> {
        let cache = self.environment.engine.cache();
        let name = text_name(text);
        self.attempts(Some(text), path, text, |root, lenient| {
            cache.engine(lenient).get_template(&name)?.render(root)
        })
        .map(|(output, only)| match (only, rules) {
            // Nothing else was printed: the value keeps its type.
            (Some((value, printed)), Expressions::Strict)
                if printed == output.len() && value.as_str().is_none() =>
            {
                value
            }
            (_, Expressions::Strict) => Engine::from(keep_newlines(text, output)),
            (only, Expressions::Lenient) => self.as_it_looks(text, only, keep_newlines(text, output)),
        })
    }

    /// The result of a text by the older rules.
    fn as_it_looks(self: &Arc<Self>, text: &str, only: Option<(Engine, usize)>, printed: String) -> Engine {
        let raw = lenient::only_name(text).and_then(|name| self.scope.lookup(name));
        if let (Some((value, _)), Some((Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Null, _))) =
            (only, raw)
        {
            return value;
        }
        match lenient::looks_like(text, &printed) {
            Some(value) => to_engine(self, &value, String::new),
            None => Engine::from(printed),
        }
    }

    /// Strictly first, then with `Missing` when the text is prepared for it.
    fn attempts(
        self: &Arc<Self>,
        text: Option<&Arc<str>>,
        path: impl FnOnce() -> String,
        source: &str,
        render: impl Fn(Engine, bool) -> Result<String, Error>,
    ) -> Result<(String, Option<(Engine, usize)>), Error> {
        let path = path();
        self.check_chain(text, &path)?;
        let attempt = |lenient| {
            let frame = Frame {
                text: text.cloned(),
                path: path.clone(),
                scope: self.scope.clone(),
                lenient,
                ..Frame::default()
            };
            self.frames().push(frame);
            let root = Engine::from_object(Root(Arc::clone(self)));
            let result = stacker::maybe_grow(STACK.0, STACK.1, || render(root, lenient));
            let frame = self.frames().pop().unwrap_or_default();
            (result, frame)
        };
        let (first, frame) = attempt(false);
        let error = match first {
            Ok(output) => return Ok((output, frame.only.filter(|_| frame.emitted == 1))),
            Err(error) => error,
        };
        if error.kind() != ErrorKind::UndefinedError
            || !(source.contains("default") || source.contains("defined") || has_d(source))
        {
            return Err(error);
        }
        let (second, frame) = attempt(true);
        let caught = frame.missing.iter().all(|missing| missing.guarded.load(Ordering::Relaxed));
        match second {
            Ok(output) if caught => Ok((output, frame.only.filter(|_| frame.emitted == 1))),
            _ => Err(error),
        }
    }

    fn check_chain(&self, text: Option<&Arc<str>>, path: &str) -> Result<(), Error> {
        let frames = self.frames();
        let same = |frame: &Frame| match (&frame.text, text) {
            (Some(a), Some(b)) => Arc::ptr_eq(a, b) && frame.path == path && frame.scope.is_same(&self.scope),
            _ => false,
        };
        let begin = frames.iter().position(same);
        let problem = if let Some(begin) = begin {
            let names = frames[begin..].iter().map(|frame| frame.path.clone());
            Problem::Cycle(names.chain([path.to_owned()]).collect())
        } else if frames.len() >= DEPTH {
            Problem::Failed(format!("more than {DEPTH} variables need each other in a row"))
        } else {
            return Ok(());
        };
        let error = TemplateError::new(problem, None);
        Err(Error::from(ErrorKind::InvalidOperation).with_source(Through { error, path: String::new() }))
    }

    /// The value of a name in a template: what the engine's context gives.
    pub(super) fn root(self: &Arc<Self>, name: &str) -> Option<Engine> {
        self.variable(name).or_else(|| {
            if name == "vars" {
                return Some(Engine::from_object(Variables(Arc::clone(self))));
            }
            if self.environment.engine.is_global(name) { None } else { self.missing() }
        })
    }

    /// The rendered value of a variable.
    pub(super) fn variable(self: &Arc<Self>, name: &str) -> Option<Engine> {
        if let Some((value, secret)) = self.cached().get(name) {
            if *secret {
                self.mark_secret();
            }
            return Some(value.clone());
        }
        let before = self.shared.secret.swap(false, Ordering::Relaxed);
        let value = match self.scope.lookup_lazy(name) {
            Some(map) => Some(Engine::from_object(LazyObject {
                map: Arc::clone(map),
                session: Arc::clone(self),
                path: name.into(),
            })),
            None => self.scope.lookup(name).map(|(value, _)| self.wrap(value, || name.to_owned())),
        };
        if names_a_secret(name)
            && self.is_secret()
            && let Some(text) = value.as_ref().and_then(Engine::as_str)
        {
            self.environment.secrets().note(text);
        }
        let touched = self.shared.secret.fetch_or(before, Ordering::Relaxed);
        if let Some(value) = &value
            && value.kind() != minijinja::value::ValueKind::Invalid
            && value.downcast_object_ref::<Missing>().is_none()
        {
            self.cached().insert(name.into(), (value.clone(), touched));
        }
        value
    }

    /// A value for the engine; a template is rendered now, containers when they are touched.
    pub(super) fn wrap(self: &Arc<Self>, value: &Value, path: impl Fn() -> String) -> Engine {
        let Value::String(text) = value else { return to_engine(self, value, path) };
        if !text.is_template() {
            return to_engine(self, value, path);
        }
        match self.text(text, &path) {
            Ok(value) => value,
            Err(error) if error.is_undefined() => {
                self.missing().unwrap_or_else(|| Engine::from(through(error, path())))
            }
            Err(error) => Engine::from(through(error, path())),
        }
    }

    /// Stands for what is not there, while a text that is prepared for it is rendered; `None` in a strict attempt.
    pub(super) fn missing(&self) -> Option<Engine> {
        let mut frames = self.frames();
        let frame = frames.last_mut().filter(|frame| frame.lenient)?;
        let missing = Missing { guarded: Arc::default() };
        frame.missing.push(missing.clone());
        Some(Engine::from_object(missing))
    }

    /// A whole container, rendered.
    pub(super) fn resolve(self: &Arc<Self>, value: &Value, path: &str) -> Result<Value, Error> {
        self.render_inside(value).map_err(|error| through(error, path.to_owned()))
    }

    /// Like [`Self::render`], and remembers that a secret was touched.
    pub(super) fn render_inside(self: &Arc<Self>, value: &Value) -> Result<Value, TemplateError> {
        self.render(value)
    }

    /// Renders the text of a template file.
    pub fn file(
        self: &Arc<Self>,
        text: &str,
        place: &Span,
        options: &FileOptions,
    ) -> Result<Text, TemplateError> {
        let output = self
            .file_output(text, place.source().name(), options)
            .map_err(|error| diagnose::file_error(self, &error, text, place))?;
        let output = match options.newline_sequence.as_str() {
            "\n" => output,
            sequence => output.replace('\n', sequence),
        };
        Ok(self.text_from(&output))
    }

    pub(super) fn file_output(
        self: &Arc<Self>,
        text: &str,
        name: &str,
        options: &FileOptions,
    ) -> Result<String, Error> {
        const MAIN: &str = "\u{1}file";
        let engine = |lenient| -> Result<MiniJinja<'static>, Error> {
            let environment = Arc::clone(&self.environment);
            let main = text.to_owned();
            self.environment.engine.for_file(options, lenient, move |wanted| {
                if wanted == MAIN {
                    return Some(main.clone());
                }
                let path = environment.find(wanted.as_ref(), &environment.search().templates())?;
                environment.files().read_text(&path).ok()
            })
        };
        self.attempts(
            None,
            || name.to_owned(),
            text,
            |root, lenient| engine(lenient)?.get_template(MAIN)?.render(root),
        )
        .map(|(output, _)| output)
    }

    fn emit(&self, value: &Engine, printed: usize) {
        if let Some(frame) = self.frames().last_mut() {
            frame.emitted += 1;
            frame.only = (frame.emitted == 1).then(|| (value.clone(), printed));
        }
    }

    fn frames(&self) -> MutexGuard<'_, Vec<Frame>> {
        self.shared.frames.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn cached(&self) -> MutexGuard<'_, HashMap<Arc<str>, (Engine, bool)>> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Prints a value as Python does; nothing and `omit` print as the empty text. The engine calls it for each `{{ }}`.
pub(super) fn write_value(out: &mut Output, state: &mut State, value: &Engine) -> Result<(), Error> {
    let session = Session::of(state)?;
    // `x if …` without `else` is silently undefined inside a text.
    let printed = match from_engine(&session, value)? {
        Value::Null | Value::Undefined(_) | Value::Omit => String::new(),
        other => other.to_string(),
    };
    session.emit(value, printed.len());
    Ok(out.write_str(&printed)?)
}

pub(super) fn through(error: TemplateError, path: String) -> Error {
    let kind = if error.is_undefined() { ErrorKind::UndefinedError } else { ErrorKind::InvalidOperation };
    Error::from(kind).with_source(Through { error, path })
}

/// Whether there are marks inside an expression.
pub(super) fn has_marks_inside(expression: &str) -> bool {
    expression.contains("{{") && expression.contains("}}")
}

/// Whether the short form of `default` is used.
fn has_d(source: &str) -> bool {
    source.split('|').skip(1).any(|rest| {
        let rest = rest.trim_start();
        rest.strip_prefix('d')
            .is_some_and(|after| !after.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
    })
}

/// The engine drops one newline at the end of a text; Ansible puts all of them back.
fn keep_newlines(text: &str, mut output: String) -> String {
    let count = |t: &str| t.len() - t.trim_end_matches('\n').len();
    let lost = count(text).saturating_sub(count(&output));
    output.extend(std::iter::repeat_n('\n', lost));
    output
}
