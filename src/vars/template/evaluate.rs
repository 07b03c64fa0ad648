//! Computes expressions.

use std::rc::Rc;
use std::sync::Arc;

use indexmap::IndexMap;

use super::attribute;
use super::calling::Arguments;
use super::missing::Missing;
use super::object::{Object, Val};
use super::operators;
use super::run::{ScopeId, Unit};
use super::syntax::{self, Applied, Comparison, Expression, Node, Place, STACK, Slice};
use crate::base::Value;
use crate::vars::TemplateError;

impl Unit {
    pub(super) fn evaluate(self: &Rc<Self>, node: &Node, scope: ScopeId) -> Result<Val, TemplateError> {
        match &node.expression {
            Expression::Constant(value) => Ok(Val::Plain(value.clone())),
            Expression::Name(name) => self.name(name, scope, node.place),
            _ => {
                self.session.step()?;
                stacker::maybe_grow(STACK.0, STACK.1, || self.compute(node, scope))
            }
        }
    }

    fn name(self: &Rc<Self>, name: &Arc<str>, scope: ScopeId, place: Place) -> Result<Val, TemplateError> {
        if let Some(value) = self.session.scopes().get(scope, name) {
            return Ok(value);
        }
        let found = if self.sees_variables {
            self.session.root(name).map_err(|error| self.passed(error, place, name))?
        } else {
            super::session::Session::global(name)
        };
        match found {
            Some(Val::Missing(missing)) => Ok(missing.passed(self.passed(missing.to_error(), place, name))),
            Some(value) => Ok(value),
            None => Ok(Missing::name(Arc::clone(name), self, place)),
        }
    }

    /// Whether a condition holds.
    pub(super) fn holds(self: &Rc<Self>, node: &Node, scope: ScopeId) -> Result<bool, TemplateError> {
        let value = self.evaluate(node, scope)?;
        value.truth().map_err(|error| self.refused(error, node.place))
    }

    fn compute(self: &Rc<Self>, node: &Node, scope: ScopeId) -> Result<Val, TemplateError> {
        Ok(match &node.expression {
            Expression::Constant(value) => Val::Plain(value.clone()),
            Expression::Template(text) if self.renders_literals => {
                let value = Value::String(text.clone());
                self.session.touch(&value, || self.words(node.place).to_owned())?
            }
            Expression::Template(text) => Val::Plain(Value::String(text.clone())),
            Expression::Name(name) => self.name(name, scope, node.place)?,
            Expression::List(items) => Val::list(self.all(items, scope)?),
            Expression::Tuple(items) => Val::tuple(self.all(items, scope)?),
            Expression::Map(pairs) => {
                let mut map = IndexMap::with_capacity(pairs.len());
                for (key, value) in pairs {
                    let found = self.evaluate(key, scope)?;
                    let found = found.key().map_err(|error| self.refused(error, key.place))?;
                    map.insert(found, self.evaluate(value, scope)?);
                }
                Val::map(map)
            }
            Expression::Not(inner) => Val::bool(!self.holds(inner, scope)?),
            Expression::And(left, right) => {
                let value = self.evaluate(left, scope)?;
                if value.truth().map_err(|error| self.refused(error, left.place))? {
                    self.evaluate(right, scope)?
                } else {
                    value
                }
            }
            Expression::Or(left, right) => {
                let value = self.evaluate(left, scope)?;
                if value.truth().map_err(|error| self.refused(error, left.place))? {
                    value
                } else {
                    self.evaluate(right, scope)?
                }
            }
            Expression::Negative(inner) => {
                let value = self.used(inner, scope)?;
                operators::negative(&value).map_err(|error| self.refused(error, node.place))?
            }
            Expression::Positive(inner) => {
                let value = self.used(inner, scope)?;
                operators::positive(&value).map_err(|error| self.refused(error, node.place))?
            }
            Expression::Arithmetic(operator, left, right) => {
                let (left, right) = (self.used(left, scope)?, self.used(right, scope)?);
                operators::arithmetic(&self.session, *operator, &left, &right)
                    .map_err(|error| self.refused(error, node.place))?
            }
            Expression::Concat(parts) => {
                let mut text = String::new();
                for part in parts {
                    let value = self.used(part, scope)?;
                    self.print(&value, &mut text)?;
                }
                Val::text(text)
            }
            Expression::Compare(first, rest) => self.comparison(first, rest, scope)?,
            Expression::If(choice) => match (self.holds(&choice.condition, scope)?, &choice.otherwise) {
                (true, _) => self.evaluate(&choice.then, scope)?,
                (false, Some(otherwise)) => self.evaluate(otherwise, scope)?,
                // Empty inside of a text, and no value of its own.
                (false, None) => Val::Plain(Value::Undefined("".into())),
            },
            Expression::Attribute(of, name) => {
                let of = self.evaluate(of, scope)?;
                attribute::attribute(self, &of, name, node.place)?
            }
            Expression::Item(of, key) => {
                let of = self.evaluate(of, scope)?;
                let key = self.evaluate(key, scope)?;
                attribute::item(self, &of, &key, node.place)?
            }
            Expression::Slice(slice) => self.slice(slice, node.place, scope)?,
            Expression::Call(callee, arguments) => self.called(callee, arguments, node.place, scope)?,
            Expression::Filter(applied) => {
                let subject = match &applied.subject {
                    Some(subject) => self.evaluate(subject, scope)?,
                    None => Val::text(""),
                };
                self.filtered(applied, subject, node.place, scope)?
            }
            Expression::Test(applied) => self.tested(applied, node.place, scope)?,
        })
    }

    fn all(self: &Rc<Self>, nodes: &[Node], scope: ScopeId) -> Result<Vec<Val>, TemplateError> {
        nodes.iter().map(|node| self.evaluate(node, scope)).collect()
    }

    /// A value that an operator needs.
    fn used(self: &Rc<Self>, node: &Node, scope: ScopeId) -> Result<Val, TemplateError> {
        match self.evaluate(node, scope)? {
            Val::Missing(missing) => Err(missing.to_error()),
            value => Ok(value),
        }
    }

    fn comparison(
        self: &Rc<Self>,
        first: &Node,
        rest: &[(Comparison, Node)],
        scope: ScopeId,
    ) -> Result<Val, TemplateError> {
        let mut left = self.used(first, scope)?;
        for (comparison, node) in rest {
            let right = self.used(node, scope)?;
            let place = first.place.to(node.place);
            if !operators::compare(*comparison, &left, &right).map_err(|error| self.refused(error, place))? {
                return Ok(Val::bool(false));
            }
            left = right;
        }
        Ok(Val::bool(true))
    }

    fn slice(self: &Rc<Self>, slice: &Slice, place: Place, scope: ScopeId) -> Result<Val, TemplateError> {
        let subject = self.evaluate(&slice.subject, scope)?;
        if let Val::Missing(_) = subject {
            return Ok(subject);
        }
        let bound = |node: &Option<Node>| match node {
            None => Ok(None),
            Some(node) => match self.used(node, scope)? {
                Val::Plain(Value::Null) => Ok(None),
                value => {
                    if let Some(i) = value.as_index() {
                        Ok(Some(i))
                    } else {
                        let message = format!("a slice needs integers, not {}", value.kind());
                        Err(self.failed(message, node.place))
                    }
                }
            },
        };
        let bounds = (bound(&slice.start)?, bound(&slice.stop)?, bound(&slice.stride)?);
        attribute::slice(self, &subject, bounds, place)
    }

    fn called(
        self: &Rc<Self>,
        callee: &Node,
        arguments: &syntax::Arguments,
        place: Place,
        scope: ScopeId,
    ) -> Result<Val, TemplateError> {
        if let Expression::Attribute(of, name) = &callee.expression {
            let of = self.evaluate(of, scope)?;
            if attribute::is_method(&of, name) {
                let arguments = self.arguments(arguments, scope)?;
                return self.method(&of, name, arguments, place);
            }
            let callee = attribute::attribute(self, &of, name, callee.place)?;
            let arguments = self.arguments(arguments, scope)?;
            return self.call(&callee, arguments, place);
        }
        let function = self.evaluate(callee, scope)?;
        if let (Val::Missing(_), Expression::Name(name)) = (&function, &callee.expression)
            && !self.session.scope().defines(name)
        {
            let known = super::references::function_names();
            if let Some(near) = crate::base::suggest::nearest(name, known) {
                let problem = crate::vars::Problem::Unknown {
                    what: "function",
                    name: name.to_string(),
                    suggestion: Some(near.to_owned()),
                };
                return Ok(Missing::error(self.error(problem, callee.place)));
            }
        }
        let arguments = self.arguments(arguments, scope)?;
        self.call(&function, arguments, place)
    }

    /// The filter of a block, applied to what the block gave.
    pub(super) fn filter_block(
        self: &Rc<Self>,
        filter: &Node,
        value: Val,
        scope: ScopeId,
    ) -> Result<Val, TemplateError> {
        let Expression::Filter(applied) = &filter.expression else { return Ok(value) };
        let subject = match &applied.subject {
            Some(inner) => self.filter_block(inner, value, scope)?,
            None => value,
        };
        self.filtered(applied, subject, filter.place, scope)
    }

    fn filtered(
        self: &Rc<Self>,
        applied: &Applied,
        subject: Val,
        place: Place,
        scope: ScopeId,
    ) -> Result<Val, TemplateError> {
        let mut arguments = self.arguments(&applied.arguments, scope)?;
        arguments.positional.insert(0, subject);
        self.filter(&applied.name, arguments, applied.place.to(place), applied.place)
    }

    fn tested(
        self: &Rc<Self>,
        applied: &Applied,
        place: Place,
        scope: ScopeId,
    ) -> Result<Val, TemplateError> {
        let mut arguments = self.arguments(&applied.arguments, scope)?;
        if let Some(subject) = &applied.subject {
            arguments.positional.insert(0, self.evaluate(subject, scope)?);
        }
        self.test(&applied.name, arguments, applied.place.to(place), applied.place)
    }

    /// The values of arguments.
    pub(super) fn arguments(
        self: &Rc<Self>,
        written: &syntax::Arguments,
        scope: ScopeId,
    ) -> Result<Arguments, TemplateError> {
        let mut positional = self.all(&written.positional, scope)?;
        if let Some(node) = &written.spread {
            let value = self.evaluate(node, scope)?;
            positional.extend(value.items().map_err(|error| self.refused(error, node.place))?);
        }
        let mut named = Vec::with_capacity(written.named.len());
        for (name, node) in &written.named {
            named.push((Arc::clone(name), self.evaluate(node, scope)?));
        }
        if let Some(node) = &written.named_spread {
            let entries = match self.used(node, scope)? {
                Val::Map(map) => map.to_map()?,
                other => {
                    let message = format!("a mapping is needed after `**`, not {}", other.kind());
                    return Err(self.failed(message, node.place));
                }
            };
            named.extend(entries.into_iter().map(|(key, value)| (key.to_string().into(), value)));
        }
        Ok(Arguments { positional, named })
    }

    /// Renders literals with marks in the terms of a lookup.
    pub(super) fn literals(self: &Rc<Self>, value: &Val) -> Result<Val, TemplateError> {
        match value {
            Val::Plain(plain @ Value::String(text)) if text.is_template() => {
                self.session.touch(plain, || text.as_str().to_owned())
            }
            Val::List(list) if matches!(&*list.items.borrow(), super::object::Items::Own(_)) => {
                let items = list.to_vec()?.into_iter().map(|item| self.literals(&item));
                Ok(Val::sequence(list.sequence, items.collect::<Result<_, _>>()?))
            }
            Val::Map(map) if matches!(&*map.entries.borrow(), super::object::Entries::Own(_)) => {
                let entries = map.to_map()?.into_iter();
                let entries = entries.map(|(key, item)| Ok((key, self.literals(&item)?)));
                Ok(Val::map(entries.collect::<Result<_, TemplateError>>()?))
            }
            value => Ok(value.clone()),
        }
    }
}

/// Whether a value is one that a plugin cannot be given.
pub(super) fn first_missing(arguments: &Arguments) -> Option<Val> {
    let named = arguments.named.iter().map(|(_, value)| value);
    arguments.positional.iter().chain(named).find(|value| matches!(value, Val::Missing(_))).cloned()
}

/// Whether it can be called.
pub(super) fn is_callable(value: &Val) -> bool {
    match value {
        Val::Object(object) => matches!(
            &**object,
            Object::Macro(_)
                | Object::Function(_)
                | Object::Builtin(_)
                | Object::Method(..)
                | Object::Joiner(..)
        ),
        _ => false,
    }
}
