//! Which names a template reads, and whether it is a template at all, without rendering it.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::calling::{bare, is_filter, is_test, nearest_of};
use super::marks::Marks;
use super::marks::{has_marks_inside, is_all_marks};
use super::parse::{self, SyntaxError};
use super::syntax::{Arguments, Expression, Imported, Macro, Node, Place, Statement, constant_key};
use super::{diagnose, natives};
use crate::base::value::has_marks;
use crate::base::{Diagnostic, Key, Span, Value};
use crate::load::Expressions;
use crate::vars::{Problem, TemplateError, filters, functions, lookups, predicates};

/// What a value reads when it is rendered.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct References {
    /// Names whose value is read.
    pub names: BTreeSet<String>,
    /// Those of them that may be missing, because somewhere in the value they stand below `default` or `is defined`
    /// (`x is defined and x.y > 1` reads `x` twice and guards it once).
    pub guarded: BTreeSet<String>,
    /// Whether functions are called (`now()`, `lookup(…)`), whose result is not the same each time.
    pub calls: bool,
    /// Whether more names may be read than could be listed: `lookup('vars', …)`, `vars[…]`, `hostvars`, a text that
    /// is no template.
    pub open: bool,
}

/// Functions that need the engine.
const ENGINE_FUNCTIONS: &[&str] = &["range", "namespace", "cycler", "joiner", "lookup", "query", "q"];

/// The names of all filters.
pub(super) fn filter_names() -> impl Iterator<Item = &'static str> {
    filters::all().flat_map(filters::Filter::names).chain(natives::FILTERS.iter().map(|(name, _)| *name))
}

/// The names of all tests.
pub(super) fn test_names() -> impl Iterator<Item = &'static str> {
    predicates::all()
        .flat_map(predicates::Predicate::names)
        .chain(natives::TESTS.iter().map(|(name, _)| *name))
}

/// The names of all functions.
pub(super) fn function_names() -> impl Iterator<Item = &'static str> {
    functions::all().map(|function| function.name).chain(ENGINE_FUNCTIONS.iter().copied())
}

pub(super) fn unknown(
    what: &'static str,
    name: String,
    known: impl Iterator<Item = &'static str>,
) -> Problem {
    let suggestion = nearest_of(&name, known);
    Problem::Unknown { what, name, suggestion }
}

/// The names that rendering a value reads. A string is looked at as a template; see [`condition_references`] for
/// expressions without marks.
pub fn references(value: &Value) -> References {
    let mut found = References::default();
    collect(value, &mut found, false);
    found
}

/// The names that a condition reads: its strings are expressions without marks.
pub fn condition_references(value: &Value) -> References {
    let mut found = References::default();
    collect(value, &mut found, true);
    // By the older rules the text of a variable may be a part of the condition.
    found.open |= value.as_str().is_some_and(|text| !is_all_marks(text) && has_marks_inside(text));
    found
}

fn collect(value: &Value, found: &mut References, is_condition: bool) {
    match value {
        Value::String(text) if text.span().is_some() => {
            let Ok(seen) = analyse(text.as_str(), is_condition) else {
                found.open = true;
                return;
            };
            found.open |= seen.open;
            found.calls |= seen.functions;
            found.names.extend(seen.names);
            found.guarded.extend(seen.guarded);
        }
        Value::List(items) => items.iter().for_each(|item| collect(item, found, is_condition)),
        Value::Map(map) => map.values().for_each(|item| collect(item, found, is_condition)),
        _ => {}
    }
}

/// What is wrong with the templates in a value: their syntax, unknown filters, tests, functions and lookups.
pub fn syntax_check(value: &Value) -> Option<Diagnostic> {
    check(value, false)
}

/// The same for a condition, whose strings are expressions; marks outside of literals are for the older rules only.
pub fn condition_check(value: &Value, rules: Expressions) -> Option<Diagnostic> {
    match value {
        Value::List(items) => items.iter().find_map(|item| condition_check(item, rules)),
        Value::String(text) if has_marks_inside(text.as_str()) && !is_all_marks(text.as_str()) => match rules
        {
            Expressions::Lenient => syntax_check(value),
            Expressions::Strict if parse::expression(text.as_str()).is_err() => {
                Some(TemplateError::new(Problem::Marks, text.span().cloned()).into())
            }
            Expressions::Strict => check(value, true),
        },
        _ => check(value, true),
    }
}

fn check(value: &Value, is_condition: bool) -> Option<Diagnostic> {
    match value {
        Value::String(text) => {
            let span = text.span()?;
            if !is_condition && !has_marks(text.as_str()) {
                return None;
            }
            check_text(text.as_str(), span, is_condition).err().map(Into::into)
        }
        Value::List(items) => items.iter().find_map(|item| check(item, is_condition)),
        Value::Map(map) if !is_condition => map.values().find_map(|item| check(item, is_condition)),
        _ => None,
    }
}

fn check_text(source: &str, span: &Span, is_condition: bool) -> Result<(), TemplateError> {
    let place = |place: Place| diagnose::narrow(Some(span), source, Some(&place.range()));
    let seen = analyse(source, is_condition)
        .map_err(|error| TemplateError::new(Problem::Syntax(error.message), place(error.place)))?;
    for (what, name, at) in seen.calls {
        let problem = match what {
            "filter" if !is_filter(&name) => unknown(what, name, filter_names()),
            "test" if !is_test(&name) => unknown(what, name, test_names()),
            "lookup" if !lookups::names().any(|known| known == bare(&name)) => {
                unknown(what, name, lookups::names())
            }
            _ => continue,
        };
        return Err(TemplateError::new(problem, place(at)));
    }
    Ok(())
}

/// What was seen in a template.
#[derive(Default)]
struct Seen {
    names: BTreeSet<String>,
    guarded: BTreeSet<String>,
    /// Every name, bound or not.
    all: BTreeSet<Arc<str>>,
    /// Filters, tests and lookups by name.
    calls: Vec<(&'static str, String, Place)>,
    /// Whether a function is called.
    functions: bool,
    open: bool,
    /// Names bound in the template, innermost scope last.
    bound: Vec<BTreeSet<Arc<str>>>,
    guard: usize,
}

fn analyse(source: &str, is_condition: bool) -> Result<Seen, SyntaxError> {
    let mut seen = Seen { bound: vec![BTreeSet::new()], ..Seen::default() };
    if is_condition && !is_all_marks(source) {
        seen.expression(&parse::expression(source)?);
    } else {
        seen.statements(&parse::template(source, &Marks::default())?);
    }
    Ok(seen)
}

/// Every name that statements use.
pub(super) fn names_in(body: &[Statement]) -> BTreeSet<Arc<str>> {
    let mut seen = Seen { bound: vec![BTreeSet::new()], ..Seen::default() };
    seen.statements(body);
    seen.all
}

impl Seen {
    fn statements(&mut self, body: &[Statement]) {
        for statement in body {
            self.statement(statement);
        }
    }

    fn inner(&mut self, body: &[Statement], names: impl IntoIterator<Item = Arc<str>>) {
        self.bound.push(names.into_iter().collect());
        self.statements(body);
        self.bound.pop();
    }

    fn bind(&mut self, names: impl IntoIterator<Item = Arc<str>>) {
        if let Some(innermost) = self.bound.last_mut() {
            innermost.extend(names);
        }
    }

    fn statement(&mut self, statement: &Statement) {
        match statement {
            Statement::Data(_) => {}
            Statement::Print(node) => self.expression(node),
            Statement::If(branches, otherwise) => {
                for (condition, body) in branches {
                    self.expression(condition);
                    self.statements(body);
                }
                self.statements(otherwise);
            }
            Statement::For(each) => {
                self.expression(&each.over);
                let names = each.target.names().into_iter().chain(["loop".into()]);
                self.bound.push(names.collect());
                if let Some(filter) = &each.filter {
                    self.expression(filter);
                }
                self.statements(&each.body);
                self.bound.pop();
                self.inner(&each.otherwise, []);
            }
            Statement::Set(target, node) => {
                self.expression(node);
                self.bind(target.names());
            }
            Statement::Capture(target, filter, body) => {
                if let Some(filter) = filter {
                    self.expression(filter);
                }
                self.inner(body, []);
                self.bind(target.names());
            }
            Statement::With(assignments, body) => {
                for (_, node) in assignments {
                    self.expression(node);
                }
                self.inner(body, assignments.iter().flat_map(|(target, _)| target.names()));
            }
            Statement::Filter(filter, body) => {
                self.expression(filter);
                self.inner(body, []);
            }
            Statement::Macro(definition) => {
                self.bind([Arc::clone(&definition.name)]);
                self.definition(definition);
            }
            Statement::Call(call, definition) => {
                self.expression(call);
                self.definition(definition);
            }
            Statement::Block(block) => self.inner(&block.body, ["super", "self"].map(Arc::from)),
            // What another file reads is not known here.
            Statement::Extends(node) => {
                self.open = true;
                self.expression(node);
            }
            Statement::Include(include) => {
                self.open = true;
                self.expression(&include.name);
            }
            Statement::Import(import) => {
                self.open = true;
                self.expression(&import.file);
                match &import.names {
                    Imported::Module(name) => self.bind([Arc::clone(name)]),
                    Imported::Names(names) => self.bind(names.iter().map(|(_, alias)| Arc::clone(alias))),
                }
            }
        }
    }

    fn definition(&mut self, definition: &Macro) {
        definition
            .parameters
            .iter()
            .filter_map(|(_, default)| default.as_ref())
            .for_each(|default| self.expression(default));
        let own = ["caller", "varargs", "kwargs"].map(Arc::from);
        self.inner(
            &definition.body,
            definition.parameters.iter().map(|(name, _)| Arc::clone(name)).chain(own),
        );
    }

    fn expression(&mut self, node: &Node) {
        match &node.expression {
            // It may be rendered, in a lookup or a condition.
            Expression::Template(text) => match analyse(text.as_str(), false) {
                Ok(inner) => {
                    let free = inner.names.into_iter().filter(|name| !self.is_bound(name));
                    self.names.extend(free.collect::<Vec<_>>());
                    self.open |= inner.open;
                }
                Err(_) => self.open = true,
            },
            Expression::Name(name) => self.name(name),
            Expression::Call(callee, arguments) => self.call(callee, arguments),
            Expression::Filter(applied) => {
                self.calls.push(("filter", applied.name.to_string(), applied.place));
                let guards = matches!(bare(&applied.name), "default" | "d");
                self.guarded_by(guards, applied.subject.as_ref());
                self.arguments(&applied.arguments);
            }
            Expression::Test(applied) => {
                self.calls.push(("test", applied.name.to_string(), applied.place));
                let guards = matches!(bare(&applied.name), "defined" | "undefined");
                self.guarded_by(guards, applied.subject.as_ref());
                self.arguments(&applied.arguments);
            }
            other => other.inner(&mut |node| self.expression(node)),
        }
    }

    fn guarded_by(&mut self, guards: bool, subject: Option<&Node>) {
        self.guard += usize::from(guards);
        if let Some(subject) = subject {
            self.expression(subject);
        }
        self.guard -= usize::from(guards);
    }

    fn call(&mut self, function: &Node, arguments: &Arguments) {
        let mut called = false;
        if let Expression::Name(name) = &function.expression {
            called = function_names().any(|known| known == &**name) && !self.is_bound(name);
            if matches!(&**name, "lookup" | "query" | "q") {
                match arguments.positional.first().map(|first| (constant_key(first), first.place)) {
                    Some((Some(Key::Str(lookup)), place)) => {
                        self.open |= matches!(bare(&lookup), "vars" | "varnames" | "template");
                        self.calls.push(("lookup", lookup.to_string(), place));
                    }
                    _ => self.open = true,
                }
            }
            self.all.insert(Arc::clone(name));
        }
        self.functions |= called;
        if !called {
            self.expression(function);
        }
        self.arguments(arguments);
    }

    fn arguments(&mut self, arguments: &Arguments) {
        for node in &arguments.positional {
            self.expression(node);
        }
        for (_, node) in &arguments.named {
            self.expression(node);
        }
        [&arguments.spread, &arguments.named_spread]
            .into_iter()
            .flatten()
            .for_each(|node| self.expression(node));
    }

    fn is_bound(&self, name: &str) -> bool {
        self.bound.iter().any(|names| names.contains(name))
    }

    fn name(&mut self, name: &Arc<str>) {
        self.all.insert(Arc::clone(name));
        // The name of a function that is not called here is that of a variable: variables hide functions.
        if self.is_bound(name) || &**name == "omit" {
            return;
        }
        self.open |= matches!(&**name, "vars" | "hostvars");
        if self.guard > 0 {
            self.guarded.insert(name.to_string());
        }
        self.names.insert(name.to_string());
    }
}
