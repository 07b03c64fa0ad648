//! Which names a template reads, and whether it is a template at all, without rendering it.

use std::collections::BTreeSet;
use std::ops::Range;

use minijinja::machinery::ast::{CallArg, Expr, Spanned, Stmt};
use minijinja::machinery::{Span as Place, parse};
use minijinja::syntax::SyntaxConfig;

use super::session::has_marks_inside;
use super::{adapt, diagnose, escape};
use crate::base::{Diagnostic, Span, Value};
use crate::load::Expressions;
use crate::vars::{Problem, TemplateError, lookups};

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

/// A name and the attributes taken from it.
#[derive(Clone, Debug)]
pub(super) struct Path {
    pub(super) names: Vec<String>,
    pub(super) range: Range<usize>,
    /// Set in the template itself: a loop variable, `set`, an argument of a macro.
    pub(super) local: bool,
    /// Below `default` or `is defined`.
    pub(super) guarded: bool,
}

/// The names that rendering a value reads. A string is looked at as a template; see [`condition_references`] for
/// expressions without marks.
pub fn references(value: &Value) -> References {
    let mut found = References::default();
    collect(value, &mut found, &|text| text.to_owned());
    found
}

/// The names that a condition reads: its strings are expressions without marks.
pub fn condition_references(value: &Value) -> References {
    let mut found = References::default();
    collect(value, &mut found, &wrap_expression);
    // By the older rules the text of a variable may be a part of the condition.
    found.open |= value.as_str().is_some_and(|text| !is_wrapped(text) && has_marks_inside(text));
    found
}

fn collect(value: &Value, found: &mut References, source: &dyn Fn(&str) -> String) {
    match value {
        Value::String(text) if text.span().is_some() => {
            let source = source(text.as_str());
            let Ok(seen) = analyse(&escape::escape(&source)) else {
                found.open = true;
                return;
            };
            found.open |= seen.open;
            found.calls |= seen.functions;
            for path in seen.paths.into_iter().filter(|path| !path.local) {
                let Some(root) = path.names.into_iter().next() else { continue };
                if path.guarded {
                    found.guarded.insert(root.clone());
                }
                found.names.insert(root);
            }
        }
        Value::List(items) => items.iter().for_each(|item| collect(item, found, source)),
        Value::Map(map) => map.values().for_each(|item| collect(item, found, source)),
        _ => {}
    }
}

fn wrap_expression(text: &str) -> String {
    if is_wrapped(text) { text.to_owned() } else { format!("{{{{ {text} }}}}") }
}

/// Whether an expression stands in marks as a whole.
fn is_wrapped(text: &str) -> bool {
    let text = text.trim();
    text.starts_with("{{") && text.ends_with("}}")
}

/// What is wrong with the templates in a value: their syntax, unknown filters, tests, functions and lookups.
pub fn syntax_check(value: &Value) -> Option<Diagnostic> {
    check(value, &|text| (text.to_owned(), 0))
}

/// The same for a condition, whose strings are expressions; marks in them are for the older rules only.
pub fn condition_check(value: &Value, rules: Expressions) -> Option<Diagnostic> {
    if let Value::String(text) = value
        && !is_wrapped(text.as_str())
        && has_marks_inside(text.as_str())
    {
        return match rules {
            Expressions::Strict => Some(TemplateError::new(Problem::Marks, text.span().cloned()).into()),
            Expressions::Lenient => syntax_check(value),
        };
    }
    if let Value::List(items) = value {
        return items.iter().find_map(|item| condition_check(item, rules));
    }
    check(value, &|text| {
        let wrapped = wrap_expression(text);
        let begin = if wrapped.len() == text.len() { 0 } else { 3 };
        (wrapped, begin)
    })
}

fn check(value: &Value, source: &dyn Fn(&str) -> (String, usize)) -> Option<Diagnostic> {
    match value {
        Value::String(text) => {
            let span = text.span()?;
            let (source, begin) = source(text.as_str());
            if !crate::base::value::has_marks(&source) {
                return None;
            }
            check_text(&source, span, begin).err().map(Into::into)
        }
        Value::List(items) => items.iter().find_map(|item| check(item, source)),
        Value::Map(map) => map.values().find_map(|item| check(item, source)),
        _ => None,
    }
}

fn check_text(source: &str, span: &Span, begin: usize) -> Result<(), TemplateError> {
    let escaped = escape::escape(source);
    let place = |range: Option<Range<usize>>| {
        let range = range.map(|r| escape::place_before(source, r.start)..escape::place_before(source, r.end));
        diagnose::narrow(Some(span), source, range.as_ref(), begin)
    };
    let seen = analyse(&escaped).map_err(|error| {
        TemplateError::new(Problem::Syntax(diagnose::syntax(&error)), place(error.range()))
    })?;
    for (what, name, range) in seen.calls {
        let known = match what {
            "filter" => adapt::filter_names().collect::<Vec<_>>(),
            "test" => adapt::test_names().collect(),
            _ => lookups::names().collect(),
        };
        let bare = name.strip_prefix("ansible.builtin.").unwrap_or(&name);
        if !known.contains(&bare) {
            let problem = diagnose::unknown(what, name, known.into_iter());
            return Err(TemplateError::new(problem, place(Some(range))));
        }
    }
    Ok(())
}

/// All paths of a text; none when it is no template.
pub(super) fn paths(source: &str) -> Vec<Path> {
    analyse(source).map(|seen| seen.paths).unwrap_or_default()
}

/// What was seen in a template.
#[derive(Default)]
struct Seen {
    paths: Vec<Path>,
    /// Filters, tests and lookups by name.
    calls: Vec<(&'static str, String, Range<usize>)>,
    /// Whether a function is called.
    functions: bool,
    open: bool,
    /// Names bound in the template, innermost scope last.
    bound: Vec<BTreeSet<String>>,
    guard: usize,
}

fn analyse(source: &str) -> Result<Seen, minijinja::Error> {
    let parsed = parse(source, "<text>", SyntaxConfig::default())?;
    let mut seen = Seen { bound: vec![BTreeSet::new()], ..Seen::default() };
    seen.statement(&parsed);
    Ok(seen)
}

fn range<T>(node: &Spanned<T>) -> Range<usize> {
    let place: Place = node.span();
    place.start_offset as usize..place.end_offset as usize
}

impl Seen {
    fn statements(&mut self, body: &[Stmt<'_>]) {
        for statement in body {
            self.statement(statement);
        }
    }

    fn inner(&mut self, body: &[Stmt<'_>], names: impl IntoIterator<Item = String>) {
        self.bound.push(names.into_iter().collect());
        self.statements(body);
        self.bound.pop();
    }

    fn bind(&mut self, names: Vec<String>) {
        if let Some(innermost) = self.bound.last_mut() {
            innermost.extend(names);
        }
    }

    fn statement(&mut self, statement: &Stmt<'_>) {
        match statement {
            Stmt::Template(template) => self.statements(&template.children),
            Stmt::EmitExpr(emit) => self.expression(&emit.expr),
            Stmt::EmitRaw(_) | Stmt::Continue(_) | Stmt::Break(_) => {}
            Stmt::ForLoop(node) => {
                self.expression(&node.iter);
                let mut names = targets(&node.target);
                names.push("loop".into());
                self.bound.push(names.into_iter().collect());
                node.filter_expr.iter().for_each(|filter| self.expression(filter));
                self.statements(&node.body);
                self.bound.pop();
                self.inner(&node.else_body, []);
            }
            Stmt::IfCond(node) => {
                self.expression(&node.expr);
                self.statements(&node.true_body);
                self.statements(&node.false_body);
            }
            Stmt::WithBlock(node) => {
                let mut names = Vec::new();
                for (target, value) in &node.assignments {
                    self.expression(value);
                    names.extend(targets(target));
                }
                self.inner(&node.body, names);
            }
            Stmt::Set(node) => {
                self.expression(&node.expr);
                if !matches!(node.target, Expr::GetAttr(_)) {
                    self.bind(targets(&node.target));
                }
            }
            Stmt::SetBlock(node) => {
                node.filter.iter().for_each(|filter| self.expression(filter));
                self.inner(&node.body, []);
                self.bind(targets(&node.target));
            }
            Stmt::AutoEscape(node) => {
                self.expression(&node.enabled);
                self.statements(&node.body);
            }
            Stmt::FilterBlock(node) => {
                self.expression(&node.filter);
                self.statements(&node.body);
            }
            Stmt::Block(node) => self.inner(&node.body, []),
            // What another file reads is not known here.
            Stmt::Import(node) => {
                self.open = true;
                self.expression(&node.expr);
                self.bind(targets(&node.name));
            }
            Stmt::FromImport(node) => {
                self.open = true;
                self.expression(&node.expr);
                for (name, alias) in &node.names {
                    self.bind(targets(alias.as_ref().unwrap_or(name)));
                }
            }
            Stmt::Extends(node) => {
                self.open = true;
                self.expression(&node.name);
            }
            Stmt::Include(node) => {
                self.open = true;
                self.expression(&node.name);
            }
            Stmt::Macro(node) => {
                self.bind(vec![node.name.to_owned()]);
                self.declaration(&node.args, &node.defaults, &node.body);
            }
            Stmt::CallBlock(node) => {
                self.call(&node.call.expr, &node.call.args);
                let declared = &node.macro_decl;
                self.declaration(&declared.args, &declared.defaults, &declared.body);
            }
            Stmt::Do(node) => self.call(&node.call.expr, &node.call.args),
        }
    }

    fn declaration(&mut self, args: &[Expr<'_>], defaults: &[Expr<'_>], body: &[Stmt<'_>]) {
        for default in defaults {
            self.expression(default);
        }
        let own = ["caller", "varargs", "kwargs"].map(ToOwned::to_owned);
        self.inner(body, args.iter().flat_map(targets).chain(own));
    }

    fn expression(&mut self, expression: &Expr<'_>) {
        if let Some((names, range)) = path(expression) {
            self.path(names, range);
            if let Expr::GetItem(node) = expression {
                self.expression(&node.subscript_expr);
            }
            return;
        }
        match expression {
            Expr::Var(_) | Expr::Const(_) => {}
            Expr::Slice(node) => {
                self.expression(&node.expr);
                [&node.start, &node.stop, &node.step].into_iter().flatten().for_each(|e| self.expression(e));
            }
            Expr::UnaryOp(node) => self.expression(&node.expr),
            Expr::BinOp(node) => {
                self.expression(&node.left);
                self.expression(&node.right);
            }
            Expr::Compare(node) => {
                self.expression(&node.expr);
                node.ops.iter().for_each(|op| self.expression(&op.expr));
            }
            Expr::IfExpr(node) => {
                self.expression(&node.test_expr);
                self.expression(&node.true_expr);
                node.false_expr.iter().for_each(|e| self.expression(e));
            }
            Expr::Filter(node) => {
                self.calls.push(("filter", squeezed(node.name), range(node)));
                let guards = matches!(bare(node.name), "default" | "d");
                self.guard += usize::from(guards);
                node.expr.iter().for_each(|e| self.expression(e));
                self.guard -= usize::from(guards);
                self.arguments(&node.args);
            }
            Expr::Test(node) => {
                self.calls.push(("test", squeezed(node.name), range(node)));
                let guards = matches!(bare(node.name), "defined" | "undefined");
                self.guard += usize::from(guards);
                self.expression(&node.expr);
                self.guard -= usize::from(guards);
                self.arguments(&node.args);
            }
            Expr::GetAttr(node) => self.expression(&node.expr),
            Expr::GetItem(node) => {
                self.expression(&node.expr);
                self.expression(&node.subscript_expr);
            }
            Expr::Call(node) => self.call(&node.expr, &node.args),
            Expr::List(node) => node.items.iter().for_each(|e| self.expression(e)),
            Expr::Tuple(node) => node.items.iter().for_each(|e| self.expression(e)),
            Expr::Map(node) => node.keys.iter().chain(&node.values).for_each(|e| self.expression(e)),
        }
    }

    fn call(&mut self, function: &Expr<'_>, args: &[CallArg<'_>]) {
        if let Expr::Var(name) = function
            && matches!(name.id, "lookup" | "query" | "q")
        {
            match args.first() {
                Some(CallArg::Pos(Expr::Const(lookup))) => {
                    let name = lookup.value.as_str().unwrap_or_default().to_owned();
                    self.open |= matches!(bare(&name), "vars" | "varnames" | "template");
                    self.calls.push(("lookup", name, range(lookup)));
                }
                _ => self.open = true,
            }
        }
        let called = match function {
            Expr::Var(name) => adapt::function_names().any(|known| known == name.id),
            _ => false,
        };
        self.functions |= called;
        if !called {
            self.expression(function);
        }
        self.arguments(args);
    }

    fn arguments(&mut self, args: &[CallArg<'_>]) {
        for arg in args {
            match arg {
                CallArg::Pos(e) | CallArg::Kwarg(_, e) | CallArg::PosSplat(e) | CallArg::KwargSplat(e) => {
                    self.expression(e);
                }
            }
        }
    }

    fn path(&mut self, names: Vec<String>, range: Range<usize>) {
        let root = names.first().map_or("", String::as_str);
        let local = self.bound.iter().any(|names| names.contains(root));
        if !local {
            // The name of a function that is not called here is that of a variable: variables hide functions.
            if root == "omit" {
                return;
            }
            self.open |= matches!(root, "vars" | "hostvars");
        }
        self.paths.push(Path { names, range, local, guarded: self.guard > 0 });
    }
}

/// A name with attributes by name (`a.b['c']`), if the expression is one.
fn path(expression: &Expr<'_>) -> Option<(Vec<String>, Range<usize>)> {
    match expression {
        Expr::Var(node) => Some((vec![node.id.to_owned()], range(node))),
        Expr::GetAttr(node) => {
            let (mut names, begin) = path(&node.expr)?;
            names.push(node.name.to_owned());
            Some((names, begin.start..range(node).end))
        }
        Expr::GetItem(node) => {
            let Expr::Const(key) = &node.subscript_expr else { return None };
            let (mut names, begin) = path(&node.expr)?;
            names.push(key.value.as_str()?.to_owned());
            Some((names, begin.start..range(node).end))
        }
        _ => None,
    }
}

fn targets(target: &Expr<'_>) -> Vec<String> {
    match target {
        Expr::Var(node) => vec![node.id.to_owned()],
        Expr::List(node) => node.items.iter().flat_map(targets).collect(),
        Expr::Tuple(node) => node.items.iter().flat_map(targets).collect(),
        _ => Vec::new(),
    }
}

fn bare(name: &str) -> &str {
    name.strip_prefix("ansible.builtin.").unwrap_or(name)
}

fn squeezed(name: &str) -> String {
    name.chars().filter(|c| !c.is_whitespace()).collect()
}
