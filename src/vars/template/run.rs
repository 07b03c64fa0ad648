//! Runs the statements of a template.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use super::diagnose;
use super::engine::{Parsed, Reading};
use super::marks::Marks;
use super::object::{LoopBody, LoopObject, MacroObject, Object, Val};
use super::session::Session;
use super::syntax::{Expression, Loop, Place, Statement, Target};
use crate::base::Span;
use crate::vars::call::CallError;
use crate::vars::{Problem, TemplateError};

/// A template that runs.
pub(super) struct Unit {
    pub(super) session: Rc<Session>,
    pub(super) parsed: Arc<Parsed>,
    pub(super) origin: Origin,
    /// For the files it includes.
    pub(super) marks: Option<Arc<Marks>>,
    /// Whether it sees the variables; a file that is imported does not.
    pub(super) sees_variables: bool,
    /// Whether literals with marks are rendered.
    pub(super) renders_literals: bool,
    /// The table of its blocks among those of the scopes.
    pub(super) blocks: RefCell<Option<usize>>,
    /// The file it extends, once that is known.
    pub(super) parent: RefCell<Option<Rc<Unit>>>,
}

/// Where the text of a template comes from.
pub(super) enum Origin {
    /// A string of a playbook.
    Text { text: Arc<str>, span: Option<Span> },
    /// A file; the text begins so many bytes after its begin.
    File { text: Arc<str>, place: Span, begin: usize },
}

impl Unit {
    pub(super) fn new(
        session: &Rc<Session>,
        parsed: Arc<Parsed>,
        origin: Origin,
        renders_literals: bool,
    ) -> Rc<Self> {
        Rc::new(Self {
            session: Rc::clone(session),
            parsed,
            origin,
            marks: None,
            sees_variables: true,
            renders_literals,
            blocks: RefCell::default(),
            parent: RefCell::default(),
        })
    }

    /// Reads a template file.
    pub(super) fn of_file(
        session: &Rc<Session>,
        text: Arc<str>,
        marks: &Arc<Marks>,
        (place, begin): (Span, usize),
    ) -> Result<Rc<Self>, TemplateError> {
        let parsed = session.environment().engine.read(&text, &Reading::File(Arc::clone(marks)));
        let parsed = parsed.map_err(|error| {
            let range = error.place.range();
            let span = place.part(range.start + begin..range.end + begin);
            TemplateError::new(Problem::Syntax(error.message), Some(span))
        })?;
        Ok(Rc::new(Self {
            session: Rc::clone(session),
            parsed,
            origin: Origin::File { text, place, begin },
            marks: Some(Arc::clone(marks)),
            sees_variables: true,
            renders_literals: false,
            blocks: RefCell::default(),
            parent: RefCell::default(),
        }))
    }

    /// The text at a place.
    pub(super) fn words(&self, place: Place) -> &str {
        let (Origin::Text { text, .. } | Origin::File { text, .. }) = &self.origin;
        text.get(place.range()).unwrap_or_default()
    }

    fn span(&self, place: Place) -> Option<Span> {
        let range = place.range();
        match &self.origin {
            Origin::Text { text, span } => diagnose::narrow(span.as_ref(), text, Some(&range)),
            Origin::File { place, begin, .. } => Some(place.part(range.start + begin..range.end + begin)),
        }
    }

    pub(super) fn error(&self, problem: Problem, place: Place) -> TemplateError {
        let (span, is_expression) = self.whence();
        TemplateError::new(problem, self.span(place)).arisen(span, is_expression)
    }

    /// The whole of it in the user's file, and whether it is an expression.
    fn whence(&self) -> (Option<&Span>, bool) {
        match &self.origin {
            Origin::Text { span, .. } => (span.as_ref(), matches!(*self.parsed, Parsed::Expression(_))),
            Origin::File { place, .. } => (Some(place), false),
        }
    }

    pub(super) fn failed(&self, message: impl Into<String>, place: Place) -> TemplateError {
        self.error(Problem::Failed(message.into()), place)
    }

    /// What a call or an operator refused, at its place.
    pub(super) fn refused(&self, error: CallError, place: Place) -> TemplateError {
        match error {
            CallError::Refused(message) => self.failed(self.quotable(message), place),
            CallError::Lookup { name, message } => {
                let message = self.quotable(message);
                self.error(Problem::Plugin { what: "lookup", name, message }, place)
            }
            CallError::Template(error) => self.passed(*error, place, ""),
            CallError::Unknown { what, name, suggestion } => {
                self.error(Problem::Unknown { what, name, suggestion }, place)
            }
            CallError::Undefined(message) => {
                self.error(Problem::Undefined { message, suggestion: None }, place)
            }
        }
    }

    /// A reason to refuse, which may quote what was refused.
    pub(super) fn quotable(&self, message: String) -> String {
        if self.session.is_secret() { "a secret value was refused".into() } else { message }
    }

    /// An error of another template, which came through a name here.
    pub(super) fn passed(&self, mut error: TemplateError, place: Place, path: &str) -> TemplateError {
        match (&error.span, self.span(place)) {
            (None, here) => error.span = here,
            (Some(_), Some(here)) if !path.is_empty() => {
                let same =
                    |span: &Span| Arc::ptr_eq(span.source(), here.source()) && span.range() == here.range();
                let known =
                    error.span.as_ref().is_some_and(same) || error.trail.iter().any(|(span, _)| same(span));
                if !known {
                    error.trail.push((here, path.to_owned()));
                }
            }
            _ => {}
        }
        error
    }

    /// Renders the whole: one value keeps its type, several become a text.
    pub(super) fn render(self: &Rc<Self>, scope: ScopeId) -> Result<Val, TemplateError> {
        let mut out = Vec::new();
        self.whole(scope, &mut out)?;
        self.concat(out)
    }

    /// Runs all statements, and the file that this one extends.
    pub(super) fn whole(self: &Rc<Self>, scope: ScopeId, out: &mut Vec<Val>) -> Result<(), TemplateError> {
        match &*self.parsed {
            Parsed::Expression(node) => out.push(self.evaluate(node, scope)?),
            Parsed::Template(statements) => {
                if let [Statement::Print(node)] = statements.as_slice() {
                    out.push(self.evaluate(node, scope)?);
                    return Ok(());
                }
                self.with_blocks(statements, scope, out)?;
            }
        }
        Ok(())
    }

    pub(super) fn statements(
        self: &Rc<Self>,
        statements: &[Statement],
        scope: ScopeId,
        out: &mut Vec<Val>,
    ) -> Result<(), TemplateError> {
        statements.iter().try_for_each(|statement| self.statement(statement, scope, out))
    }

    /// Statements whose output is kept apart, as one value.
    pub(super) fn captured(
        self: &Rc<Self>,
        statements: &[Statement],
        scope: ScopeId,
    ) -> Result<Val, TemplateError> {
        let mut out = Vec::new();
        self.statements(statements, scope, &mut out)?;
        Ok(match self.concat(out)? {
            value if value.is_null() => Val::text(""),
            value => value,
        })
    }

    fn statement(
        self: &Rc<Self>,
        statement: &Statement,
        scope: ScopeId,
        out: &mut Vec<Val>,
    ) -> Result<(), TemplateError> {
        self.session.step()?;
        match statement {
            Statement::Data(text) => out.push(Val::text(Arc::clone(text))),
            Statement::Print(node) => out.push(self.evaluate(node, scope)?),
            Statement::If(branches, otherwise) => {
                for (condition, body) in branches {
                    if self.holds(condition, scope)? {
                        return self.statements(body, scope, out);
                    }
                }
                self.statements(otherwise, scope, out)?;
            }
            Statement::For(each) => self.for_loop(each, scope, out)?,
            Statement::Set(target, node) => {
                let value = self.evaluate(node, scope)?;
                self.assign(target, value, scope)?;
            }
            Statement::Capture(target, filter, body) => {
                let inner = self.session.scopes().enter(Some(scope));
                let mut value = self.captured(body, inner)?;
                self.session.scopes().leave(inner);
                if let Some(filter) = filter {
                    value = self.filter_block(filter, value, scope)?;
                }
                self.assign(target, value, scope)?;
            }
            Statement::With(assignments, body) => {
                let inner = self.session.scopes().enter(Some(scope));
                for (target, node) in assignments {
                    let value = self.evaluate(node, scope)?;
                    self.assign(target, value, inner)?;
                }
                self.statements(body, inner, out)?;
                self.session.scopes().leave(inner);
            }
            Statement::Filter(filter, body) => {
                let inner = self.session.scopes().enter(Some(scope));
                let value = self.captured(body, inner)?;
                self.session.scopes().leave(inner);
                out.push(self.filter_block(filter, value, scope)?);
            }
            Statement::Macro(definition) => {
                self.session.scopes().keep(scope);
                let value = MacroObject::new(self, definition, scope);
                self.session.scopes().set(scope, &definition.name, Val::object(Object::Macro(value)));
            }
            Statement::Call(call, definition) => {
                let caller = Val::object(Object::Macro(MacroObject::new(self, definition, scope)));
                let Expression::Call(function, arguments) = &call.expression else { return Ok(()) };
                let function = self.evaluate(function, scope)?;
                let mut arguments = self.arguments(arguments, scope)?;
                arguments.named.push(("caller".into(), caller));
                out.push(self.call(&function, arguments, call.place)?);
            }
            Statement::Block(block) => self.block(block, scope, out)?,
            Statement::Extends(node) => self.extend(node, scope)?,
            Statement::Include(include) => self.include(include, scope, out)?,
            Statement::Import(import) => self.import(import, scope)?,
        }
        Ok(())
    }

    fn for_loop(
        self: &Rc<Self>,
        each: &Loop,
        scope: ScopeId,
        out: &mut Vec<Val>,
    ) -> Result<(), TemplateError> {
        let over = self.evaluate(&each.over, scope)?;
        let mut items = over.items().map_err(|error| self.refused(error, each.over.place))?;
        if let Some(filter) = &each.filter {
            let inner = self.session.scopes().enter(Some(scope));
            let mut kept = Vec::new();
            for item in items {
                self.assign(&each.target, item.clone(), inner)?;
                if self.holds(filter, inner)? {
                    kept.push(item);
                }
            }
            self.session.scopes().leave(inner);
            items = kept;
        }
        if items.is_empty() {
            return self.statements(&each.otherwise, scope, out);
        }
        let body = LoopBody { target: each.target.clone(), body: Arc::clone(&each.body) };
        self.rounds(&body, items, (scope, 0, each.recursive), out)
    }

    /// The rounds of a loop, one scope for each.
    pub(super) fn rounds(
        self: &Rc<Self>,
        body: &LoopBody,
        items: Vec<Val>,
        (scope, depth, recursive): (ScopeId, usize, bool),
        out: &mut Vec<Val>,
    ) -> Result<(), TemplateError> {
        let items: Rc<[Val]> = items.into();
        let recursive = recursive.then(|| (Rc::clone(self), body.clone(), scope));
        let state = Rc::new(Object::Loop(LoopObject {
            items: Rc::clone(&items),
            at: 0.into(),
            depth,
            changed: RefCell::default(),
            recursive,
        }));
        for (place, item) in items.iter().enumerate() {
            if let Object::Loop(state) = &*state {
                state.at.set(place);
            }
            self.session.step()?;
            let inner = self.session.scopes().enter(Some(scope));
            self.session.scopes().set(inner, &"loop".into(), Val::Object(Rc::clone(&state)));
            self.assign(&body.target, item.clone(), inner)?;
            self.statements(&body.body, inner, out)?;
            self.session.scopes().leave(inner);
        }
        Ok(())
    }

    pub(super) fn assign(&self, target: &Target, value: Val, scope: ScopeId) -> Result<(), TemplateError> {
        match target {
            Target::Name(name) => self.session.scopes().set(scope, name, value),
            Target::Attribute(name, attribute, place) => {
                let namespace = self.session.scopes().get(scope, name);
                match namespace {
                    Some(Val::Object(object)) if matches!(&*object, Object::Namespace(_)) => {
                        if let Object::Namespace(entries) = &*object {
                            entries.borrow_mut().insert(Arc::clone(attribute), value);
                        }
                    }
                    _ => return Err(self.failed(format!("`{name}` is no namespace"), *place)),
                }
            }
            Target::Tuple(targets, place) => {
                let items = value.items().map_err(|error| self.refused(error, *place))?;
                if items.len() != targets.len() {
                    let message = format!("{} names for {} values", targets.len(), items.len());
                    return Err(self.failed(message, *place));
                }
                for (target, item) in targets.iter().zip(items) {
                    self.assign(target, item, scope)?;
                }
            }
        }
        Ok(())
    }
}

/// A scope of a running template: that of a round of a loop, of a macro, of a file.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct ScopeId(usize);

/// All scopes of a rendering.
#[derive(Default)]
pub(super) struct Scopes {
    scopes: RefCell<Vec<Names>>,
    pub(super) blocks: RefCell<Vec<super::files::Blocks>>,
}

#[derive(Default)]
struct Names {
    values: Vec<(Arc<str>, Val)>,
    parent: Option<ScopeId>,
    /// A macro remembers it.
    kept: bool,
}

impl Scopes {
    pub(super) fn enter(&self, parent: Option<ScopeId>) -> ScopeId {
        let mut scopes = self.scopes.borrow_mut();
        scopes.push(Names { parent, ..Names::default() });
        ScopeId(scopes.len() - 1)
    }

    /// Forgets a scope, unless a macro or a later scope still needs it.
    pub(super) fn leave(&self, scope: ScopeId) {
        let mut scopes = self.scopes.borrow_mut();
        if scopes.len() == scope.0 + 1 && !scopes[scope.0].kept {
            scopes.pop();
        }
    }

    /// A macro remembers this scope and those around it.
    pub(super) fn keep(&self, scope: ScopeId) {
        let mut scopes = self.scopes.borrow_mut();
        let mut next = Some(scope);
        while let Some(ScopeId(at)) = next {
            scopes[at].kept = true;
            next = scopes[at].parent;
        }
    }

    pub(super) fn set(&self, scope: ScopeId, name: &Arc<str>, value: Val) {
        let mut scopes = self.scopes.borrow_mut();
        let values = &mut scopes[scope.0].values;
        match values.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => *old = value,
            None => values.push((Arc::clone(name), value)),
        }
    }

    pub(super) fn get(&self, scope: ScopeId, name: &str) -> Option<Val> {
        let scopes = self.scopes.borrow();
        let mut next = Some(scope);
        while let Some(ScopeId(at)) = next {
            if let Some((_, value)) = scopes[at].values.iter().find(|(known, _)| &**known == name) {
                return Some(value.clone());
            }
            next = scopes[at].parent;
        }
        None
    }

    /// What a scope itself defines.
    pub(super) fn own(&self, scope: ScopeId) -> Vec<(Arc<str>, Val)> {
        self.scopes.borrow()[scope.0].values.clone()
    }

    pub(super) fn clear(&self) {
        self.scopes.borrow_mut().clear();
        self.blocks.borrow_mut().clear();
    }
}
