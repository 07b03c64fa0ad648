//! One rendering in one scope: which variable is being rendered for which, what was rendered already, whether a secret was
//! touched.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use foldhash::fast::RandomState;

use super::diagnose;
use super::engine::{Parsed, Reading};
use super::marks::{has_marks_inside, is_all_marks, keep_newlines};
use super::missing::Missing;
use super::object::{Builtin, Object, Val};
use super::run::{Origin, Scopes, Unit};
use super::syntax::{DEEPEST, STACK};
use super::undefined::Undefined;
use crate::base::secret::names_a_secret;
use crate::base::{Map, Text, Value};
use crate::load::{Expressions, absolute};
use crate::vars::{Environment, Problem, Scope, TemplateError, functions, lenient};

/// The variable that tells the folders in which relative names are looked for, nearest first.
const SEARCH_PATH: &str = "ansible_search_path";

/// Variables that may need each other in a row.
const DEPTH: usize = 150;

/// One rendering in one scope.
pub struct Session {
    scope: Scope,
    environment: Arc<Environment>,
    pub(super) shared: Rc<Shared>,
    number: usize,
}

/// What sessions of several scopes (`hostvars`) share while they render one value.
pub(super) struct Shared {
    /// Templates that are being rendered, outermost first.
    frames: RefCell<Vec<Frame>>,
    secret: Cell<bool>,
    fuel: Cell<u64>,
    /// Lists and mappings inside each other, where one is gone through now.
    depth: Cell<u16>,
    sessions: Cell<usize>,
    /// Rendered variables by session and name, each with whether a secret was touched for it.
    variables: RefCell<Rendered>,
    pub(super) undefined: RefCell<Undefined>,
    /// The template that is rendered to a value now.
    pub(super) leaf: RefCell<Arc<str>>,
    /// Whether a template changed the value of a variable, which the next one must not see.
    changed: Cell<bool>,
    pub(super) scopes: Scopes,
}

type Rendered = HashMap<(usize, Arc<str>), (Val, bool), RandomState>;

struct Frame {
    text: Arc<str>,
    path: String,
    scope: Scope,
}

impl Session {
    /// The outermost session of a rendering.
    pub(super) fn new(scope: Scope, environment: Arc<Environment>) -> Rc<Self> {
        let shared = Shared {
            frames: RefCell::default(),
            secret: Cell::new(false),
            fuel: Cell::new(environment.steps()),
            depth: Cell::new(0),
            sessions: Cell::new(0),
            variables: RefCell::default(),
            changed: Cell::new(false),
            undefined: RefCell::default(),
            leaf: RefCell::new(Arc::from("")),
            scopes: Scopes::default(),
        };
        Rc::new(Session { scope, environment, shared: Rc::new(shared), number: 0 })
    }

    /// Lets go of all values: they and the sessions know each other.
    pub(super) fn close(&self) {
        self.shared.variables.borrow_mut().clear();
        self.shared.scopes.clear();
    }

    /// The same rendering in another scope.
    pub(super) fn in_scope(&self, scope: Scope) -> Rc<Self> {
        let number = self.shared.sessions.get() + 1;
        self.shared.sessions.set(number);
        let (environment, shared) = (Arc::clone(&self.environment), Rc::clone(&self.shared));
        Rc::new(Self { scope, environment, shared, number })
    }

    pub(super) fn scope(&self) -> &Scope {
        &self.scope
    }

    pub(super) fn environment(&self) -> &Arc<Environment> {
        &self.environment
    }

    pub(super) fn scopes(&self) -> &Scopes {
        &self.shared.scopes
    }

    pub(super) fn mark_secret(&self) {
        self.shared.secret.set(true);
    }

    /// Whether a secret was touched for what is rendered now.
    pub(super) fn is_secret(&self) -> bool {
        self.shared.secret.get()
    }

    /// A value of a variable was changed in a template.
    pub(super) fn variable_changed(&self) {
        self.shared.changed.set(true);
    }

    /// Whether an error may wait until something needs the value. What took too long may not: it would go on.
    pub(super) fn may_wait(&self, error: &TemplateError) -> bool {
        self.shared.fuel.get() > 0
            && !matches!(error.problem, Problem::Cycle(_) | Problem::Unknown { .. } | Problem::Vault(_))
    }

    /// Takes one step.
    pub(super) fn step(&self) -> Result<(), TemplateError> {
        match self.shared.fuel.get() {
            0 => Err(self.failed("this takes too long to compute: a loop without end?")),
            left => {
                self.shared.fuel.set(left - 1);
                Ok(())
            }
        }
    }

    /// Goes into a list or a mapping. One that holds itself, or that a loop built, may have no end.
    pub(super) fn deeper<T>(
        &self,
        run: impl FnOnce() -> Result<T, TemplateError>,
    ) -> Result<T, TemplateError> {
        let depth = self.shared.depth.get();
        if depth >= DEEPEST {
            return Err(self.failed("the value is nested too deeply"));
        }
        self.step()?;
        self.shared.depth.set(depth + 1);
        let result = stacker::maybe_grow(STACK.0, STACK.1, run);
        self.shared.depth.set(depth);
        result
    }

    /// Whether it is the one that is asked, and not another host's.
    pub(super) fn is_outermost(&self) -> bool {
        self.number == 0
    }

    /// An error without a place.
    #[allow(clippy::unused_self)] // reads as what it is: an error of this rendering
    pub(super) fn failed(&self, message: impl Into<String>) -> TemplateError {
        TemplateError::new(Problem::Failed(message.into()), None)
    }

    pub(super) fn guarded(&self, text: Text) -> Text {
        if self.is_secret() { text.into_secret() } else { text }
    }

    /// Renders every template inside a value.
    pub(super) fn render(self: &Rc<Self>, value: &Value) -> Result<Value, TemplateError> {
        match value {
            Value::String(text) if text.is_template() => {
                let before = self.shared.secret.replace(false);
                let rendered = self.leaf(text);
                self.shared.secret.set(before || self.is_secret());
                if self.shared.frames.borrow().is_empty() && self.shared.changed.replace(false) {
                    self.shared.variables.borrow_mut().clear();
                }
                rendered
            }
            Value::List(items) if value.has_template() => {
                let mut rendered = Vec::with_capacity(items.len());
                for item in items.iter() {
                    match self.item(self.render(item))? {
                        Value::Omit => {}
                        item => rendered.push(item),
                    }
                }
                Ok(Value::list(rendered))
            }
            Value::Map(map) if value.has_template() => {
                let mut rendered = Map::new();
                for (key, item) in map.iter() {
                    match self.item(self.render(item))? {
                        Value::Omit => {}
                        item => drop(rendered.insert(key.clone(), item)),
                    }
                }
                Ok(Value::from(rendered))
            }
            other => Ok(other.clone()),
        }
    }

    /// Like [`Self::render`], for what is inside of a value.
    pub(super) fn render_inside(self: &Rc<Self>, value: &Value) -> Result<Value, TemplateError> {
        self.render(value)
    }

    fn leaf(self: &Rc<Self>, text: &Text) -> Result<Value, TemplateError> {
        let outer = self.shared.leaf.replace(text.shared());
        let result = self.text(text, || diagnose::label(text.as_str()));
        let result = result.and_then(|result| self.finish(&result, text));
        let result = result.map_err(|error| error.arisen(text.span(), false));
        self.shared.leaf.replace(outer);
        result
    }

    /// A result as it leaves the template.
    fn finish(self: &Rc<Self>, result: &Val, text: &Text) -> Result<Value, TemplateError> {
        if let Val::Object(object) = result
            && let Some(instead) = match &**object {
                Object::Range { .. } => Some("a range is no value; make it one by `| list`"),
                Object::Duration(_) => Some("a duration is no value; take its `.total_seconds()` or `.days`"),
                _ => None,
            }
        {
            let problem = Problem::Failed(instead.into());
            return Err(TemplateError::new(problem, text.span().cloned()));
        }
        let value = result.to_result(self).map_err(|mut error| {
            error.span = error.span.or_else(|| text.span().cloned());
            error
        })?;
        match value {
            Value::Undefined(_) => {
                let problem = Problem::undefined(&diagnose::label(text.as_str()));
                Err(TemplateError::new(problem, text.span().cloned()))
            }
            Value::List(_) | Value::Map(_) => Ok(value),
            value if self.is_secret() => Ok(value.into_secret()),
            value => Ok(value),
        }
    }

    pub(super) fn expression(
        self: &Rc<Self>,
        text: &Text,
        is_condition: bool,
    ) -> Result<Value, TemplateError> {
        let source = text.as_str().trim();
        if source.is_empty() {
            let problem = Problem::Syntax("an empty expression".into());
            return Err(TemplateError::new(problem, text.span().cloned()));
        }
        if text.is_vault() || is_all_marks(source) {
            return self.leaf(text);
        }
        if text.is_secret() {
            self.mark_secret();
        }
        self.evaluated(text, is_condition).map_err(|error| error.arisen(text.span(), true))
    }

    fn evaluated(self: &Rc<Self>, text: &Text, is_condition: bool) -> Result<Value, TemplateError> {
        let unit = self.unit(text, &Reading::Expression, is_condition)?;
        let Parsed::Expression(node) = &*Arc::clone(&unit.parsed) else {
            return Err(self.failed("no expression"));
        };
        let scope = self.scopes().enter(None);
        let label = || diagnose::label(text.as_str().trim());
        let result = self.framed(text.shared(), label, || unit.evaluate(node, scope))?;
        self.scopes().leave(scope);
        self.finish(&result, text)
    }

    /// A text that was read, in this session.
    fn unit(
        self: &Rc<Self>,
        text: &Text,
        reading: &Reading,
        is_condition: bool,
    ) -> Result<Rc<Unit>, TemplateError> {
        let shared = text.shared();
        let parsed = self.environment.engine.read(&shared, reading).map_err(|error| {
            if *reading == Reading::Expression && has_marks_inside(text.as_str()) {
                return TemplateError::new(Problem::Marks, text.span().cloned());
            }
            let range = error.place.range();
            let span = diagnose::narrow(text.span(), text.as_str(), Some(&range));
            TemplateError::new(Problem::Syntax(error.message), span)
        })?;
        let origin = Origin::Text { text: shared, span: text.span().cloned() };
        Ok(Unit::new(self, parsed, origin, is_condition))
    }

    /// Renders a text to a value of the engine.
    fn text(self: &Rc<Self>, text: &Text, path: impl FnOnce() -> String) -> Result<Val, TemplateError> {
        self.rendered(text, path).map_err(|error| error.arisen(text.span(), false))
    }

    fn rendered(self: &Rc<Self>, text: &Text, path: impl FnOnce() -> String) -> Result<Val, TemplateError> {
        if text.is_secret() {
            self.mark_secret();
        }
        if text.is_vault() {
            let revealed = self.environment.files().vault().reveal(&text.shared());
            return revealed
                .map(|plain| {
                    self.environment.secrets().note(plain.reveal());
                    Val::Plain(Text::opened(plain.reveal(), text.span().cloned()).into())
                })
                .map_err(|error| TemplateError::new(error.into(), text.span().cloned()));
        }
        let unit = self.unit(text, &Reading::Text, false)?;
        let scope = self.scopes().enter(None);
        let result = self.framed(text.shared(), path, || unit.render(scope))?;
        self.scopes().leave(scope);
        if self.environment.expressions() == Expressions::Lenient {
            return self.as_it_looks(text.as_str(), &unit, result);
        }
        Ok(match result.as_str() {
            Some(output) if text.as_str().ends_with('\n') => Val::text(keep_newlines(text.as_str(), output)),
            _ => result,
        })
    }

    /// The result of a text by the older rules.
    fn as_it_looks(self: &Rc<Self>, text: &str, unit: &Unit, result: Val) -> Result<Val, TemplateError> {
        let raw = lenient::only_name(text).and_then(|name| self.scope.lookup(name));
        let is_scalar =
            matches!(raw, Some((Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Null, _)));
        let is_range = matches!(&result, Val::Object(object) if matches!(**object, Object::Range { .. }));
        if is_scalar || matches!(result, Val::Missing(_) | Val::Plain(Value::Omit)) {
            return Ok(result);
        }
        if is_range {
            return Ok(Val::list(result.items().map_err(|_| self.failed("the range is too long"))?));
        }
        let mut printed = String::new();
        if !result.is_null() {
            unit.print(&result, &mut printed)?;
        }
        let printed = keep_newlines(text, &printed);
        Ok(match lenient::looks_like(text, &printed) {
            Some(value) => Val::of(&value, self),
            None => Val::text(printed),
        })
    }

    /// Runs what renders a text, unless that is being rendered already.
    pub(super) fn framed<T>(
        &self,
        text: Arc<str>,
        path: impl FnOnce() -> String,
        run: impl FnOnce() -> Result<T, TemplateError>,
    ) -> Result<T, TemplateError> {
        let frame = Frame { text, path: path(), scope: self.scope.clone() };
        self.check_chain(&frame)?;
        self.shared.frames.borrow_mut().push(frame);
        let result = stacker::maybe_grow(STACK.0, STACK.1, run);
        self.shared.frames.borrow_mut().pop();
        result
    }

    fn check_chain(&self, new: &Frame) -> Result<(), TemplateError> {
        let frames = self.shared.frames.borrow();
        let same = |frame: &Frame| {
            Arc::ptr_eq(&frame.text, &new.text) && frame.path == new.path && frame.scope.is_same(&self.scope)
        };
        let problem = if let Some(begin) = frames.iter().position(same) {
            let names = frames[begin..].iter().map(|frame| frame.path.clone());
            Problem::Cycle(names.chain([new.path.clone()]).collect())
        } else if frames.len() >= DEPTH {
            Problem::Failed(format!("more than {DEPTH} variables need each other in a row"))
        } else {
            return Ok(());
        };
        Err(TemplateError::new(problem, None))
    }

    /// The value of a variable or of a function of that name.
    pub(super) fn root(self: &Rc<Self>, name: &Arc<str>) -> Result<Option<Val>, TemplateError> {
        let found = self.variable(name)?.or_else(|| Self::global(name));
        Ok(found.or_else(|| (&**name == "vars").then(|| Val::object(Object::Variables(Rc::clone(self))))))
    }

    /// Functions and `omit`.
    pub(super) fn global(name: &str) -> Option<Val> {
        if name == "omit" {
            return Some(Val::Plain(Value::Omit));
        }
        let builtin = match name {
            "range" => Builtin::Range,
            "namespace" => Builtin::Namespace,
            "cycler" => Builtin::Cycler,
            "joiner" => Builtin::Joiner,
            "lookup" => Builtin::Lookup,
            "query" | "q" => Builtin::Query,
            _ => {
                let function = functions::all().find(|function| function.name == name)?;
                return Some(Val::object(Object::Function(function)));
            }
        };
        Some(Val::object(Object::Builtin(builtin)))
    }

    /// The rendered value of a variable.
    pub(super) fn variable(self: &Rc<Self>, name: &Arc<str>) -> Result<Option<Val>, TemplateError> {
        let key = (self.number, Arc::clone(name));
        if let Some((value, secret)) = self.shared.variables.borrow().get(&key) {
            if *secret {
                self.mark_secret();
            }
            return Ok(Some(value.clone()));
        }
        let before = self.shared.secret.replace(false);
        let value = match self.scope.lookup_lazy(name) {
            Some(map) => Some(Val::object(Object::Lazy(Arc::clone(map), Rc::clone(self)))),
            None => match self.scope.lookup(name) {
                Some((Value::Map(_), _)) if self.environment.habits().merging => self
                    .scope
                    .joined(name)
                    .map(|value| self.touch(&value, || name.to_string()))
                    .transpose()?,
                Some((value, _)) => Some(self.touch(value, || name.to_string())?),
                None if &**name == SEARCH_PATH => self.search_path(),
                None => None,
            },
        };
        let touched = self.is_secret();
        if touched
            && names_a_secret(name)
            && let Some(Val::Plain(value)) = &value
        {
            self.environment.secrets().note_value(value);
        }
        self.shared.secret.set(before || touched);
        if let Some(value) = &value {
            self.shared.variables.borrow_mut().insert(key, (value.clone(), touched));
        }
        Ok(value)
    }

    /// Where relative names are looked for; nothing outside of a task.
    fn search_path(self: &Rc<Self>) -> Option<Val> {
        let folders = self.environment.search().folders();
        let all = || folders.iter().map(|folder| Value::from(absolute(folder))).collect();
        (!folders.is_empty()).then(|| Val::of(&Value::list(all()), self))
    }

    /// A value that is used now: a template is rendered, containers when they are touched in turn.
    pub(super) fn touch(
        self: &Rc<Self>,
        value: &Value,
        path: impl Fn() -> String,
    ) -> Result<Val, TemplateError> {
        match value {
            Value::String(text) if text.is_template() => match self.text(text, path) {
                Ok(value) => Ok(value),
                Err(error) if text.is_vault() => Ok(Missing::sealed(text.clone(), error)),
                // What is wrong with it matters where it is needed; it has no value as long as what it needs has none.
                Err(error) if self.may_wait(&error) || error.is_unknown() => Ok(Missing::error(error)),
                Err(error) => Err(error),
            },
            value => Ok(Val::of(value, self)),
        }
    }

    /// All variables of the scope, rendered.
    pub(super) fn all_variables(self: &Rc<Self>) -> Result<Value, TemplateError> {
        let mut map = Map::new();
        for name in self.scope.names() {
            if let Some((value, _)) = self.scope.lookup(&name) {
                map.insert(name.as_ref(), self.render_inside(value)?);
            }
        }
        Ok(Value::from(map))
    }
}
