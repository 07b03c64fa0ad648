//! Calls: filters, tests, functions, macros, lookups.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::{Arc, OnceLock};

use indexmap::IndexMap;

use super::evaluate::first_missing;
use super::missing::Missing;
use super::natives::{self, Native, NativeTest};
use super::object::{Builtin, MacroObject, Object, Takes, Val, range_length};
use super::run::{ScopeId, Unit};
use super::session::Session;
use super::syntax::{self, Place};
use super::{files, methods, references};
use crate::base::suggest::nearest;
use crate::base::{Map, Span, Value};
use crate::model::{Level, VarLayer};
use crate::vars::call::{Call, CallError, Caller};
use crate::vars::filters::{self, Filter};
use crate::vars::plugins::{self, Kind};
use crate::vars::predicates::{self, Predicate};
use crate::vars::{Environment, FileOptions, Problem, Scope, TemplateError, lookups};

/// Names that begin so mean the same as without.
const BUILTIN: &str = "ansible.builtin.";

/// The values of arguments.
#[derive(Clone, Default)]
pub(super) struct Arguments {
    /// Of a filter or a test the first is what stands left of `|` or `is`.
    pub(super) positional: Vec<Val>,
    pub(super) named: Vec<(Arc<str>, Val)>,
}

impl Arguments {
    /// The arguments by the names of the parameters. What fits none is an error.
    pub(super) fn bind<const N: usize>(self, names: [&str; N]) -> Result<[Option<Val>; N], CallError> {
        if self.positional.len() > N {
            return Err(format!("{} arguments are too many", self.positional.len()).into());
        }
        let mut bound = [const { None }; N];
        for (slot, value) in bound.iter_mut().zip(self.positional) {
            *slot = Some(value);
        }
        for (name, value) in self.named {
            match names.iter().position(|known| *known == &*name) {
                Some(place) if bound[place].is_none() => bound[place] = Some(value),
                Some(_) => return Err(format!("the argument `{name}` is given twice").into()),
                None => return Err(format!("there is no argument `{name}`").into()),
            }
        }
        Ok(bound)
    }
}

/// What a name after `|` means.
#[derive(Clone, Copy)]
enum FilterKind {
    Native(Native),
    Ours(&'static Filter),
}

fn filter_table() -> &'static HashMap<&'static str, FilterKind> {
    static TABLE: OnceLock<HashMap<&'static str, FilterKind>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let ours = filters::all()
            .flat_map(|filter| filter.names().map(move |name| (name, FilterKind::Ours(filter))));
        let native = natives::FILTERS.iter().map(|(name, run)| (*name, FilterKind::Native(*run)));
        ours.chain(native).collect()
    })
}

/// What a name after `is` means.
#[derive(Clone, Copy)]
enum TestKind {
    Native(NativeTest),
    Ours(&'static Predicate),
}

fn test_table() -> &'static HashMap<&'static str, TestKind> {
    static TABLE: OnceLock<HashMap<&'static str, TestKind>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let ours = predicates::all()
            .flat_map(|predicate| predicate.names().map(move |name| (name, TestKind::Ours(predicate))));
        let native = natives::TESTS.iter().map(|(name, run)| (*name, TestKind::Native(*run)));
        ours.chain(native).collect()
    })
}

/// A name without the collection it may be written with.
pub(super) fn bare(name: &str) -> &str {
    let collections =
        [BUILTIN, "ansible.utils.", "ansible.netcommon.", "community.general.", "ansible.legacy."];
    collections.iter().find_map(|collection| name.strip_prefix(collection)).unwrap_or(name)
}

pub(super) fn is_filter(name: &str) -> bool {
    filter_table().contains_key(bare(name))
}

pub(super) fn is_test(name: &str) -> bool {
    test_table().contains_key(bare(name))
}

impl Unit {
    /// Applies a filter; the first argument is its subject.
    pub(super) fn filter(
        self: &Rc<Self>,
        name: &str,
        arguments: Arguments,
        place: Place,
        name_place: Place,
    ) -> Result<Val, TemplateError> {
        let bare = bare(name);
        let arguments = natives::vaults::sealed(bare, arguments);
        if let Some(plugins) = self.session.environment().own_plugin(Kind::Filter, name) {
            return self.plugin(plugins, Kind::Filter, name, &arguments, place);
        }
        let Some(kind) = filter_table().get(bare) else {
            if let Some(plugins) = self.session.environment().plugin(Kind::Filter, name) {
                return self.plugin(plugins, Kind::Filter, name, &arguments, place);
            }
            let known = references::filter_names();
            return Err(self.error(references::unknown("filter", name.to_owned(), known), name_place));
        };
        if !natives::TAKE_MISSING.contains(&bare)
            && let Some(missing) = first_missing(&arguments)
        {
            return Ok(missing);
        }
        let result = match kind {
            FilterKind::Native(run) => run(self, arguments),
            FilterKind::Ours(filter) => {
                self.plain_call(&arguments, filter.run).and_then(|value| natives::with_tuples(bare, value))
            }
        };
        result.or_else(|error| self.caught(error, "filter", bare, place))
    }

    /// Applies a test; the first argument is its subject.
    pub(super) fn test(
        self: &Rc<Self>,
        name: &str,
        arguments: Arguments,
        place: Place,
        name_place: Place,
    ) -> Result<Val, TemplateError> {
        let bare = bare(name);
        if let Some(plugins) = self.session.environment().own_plugin(Kind::Test, name) {
            return self.plugin(plugins, Kind::Test, name, &arguments, place);
        }
        let Some(kind) = test_table().get(bare) else {
            if let Some(plugins) = self.session.environment().plugin(Kind::Test, name) {
                return self.plugin(plugins, Kind::Test, name, &arguments, place);
            }
            let known = references::test_names();
            return Err(self.error(references::unknown("test", name.to_owned(), known), name_place));
        };
        if !matches!(bare, "defined" | "undefined")
            && let Some(missing) = first_missing(&arguments)
        {
            return Ok(missing);
        }
        let result = match kind {
            TestKind::Native(run) => run(self, arguments).map(Val::bool),
            TestKind::Ours(predicate) => {
                self.plain_call(&arguments, |call| (predicate.run)(call).map(Value::Bool))
            }
        };
        result.or_else(|error| self.caught(error, "test", bare, place))
    }

    /// What failed is an error only where its value is needed.
    pub(super) fn deferred(&self, error: TemplateError) -> Result<Val, TemplateError> {
        if self.session.may_wait(&error) { Ok(Missing::error(error)) } else { Err(error) }
    }

    /// What a plugin refused, with its name.
    fn caught(
        &self,
        error: CallError,
        what: &'static str,
        name: &str,
        place: Place,
    ) -> Result<Val, TemplateError> {
        let error = match error {
            CallError::Refused(message) => {
                let (name, message) = (name.to_owned(), self.quotable(message));
                self.error(Problem::Plugin { what, name, message }, place)
            }
            other => self.refused(other, place),
        };
        self.deferred(error)
    }

    /// Calls what knows only plain values.
    pub(super) fn plain_call(
        self: &Rc<Self>,
        arguments: &Arguments,
        run: impl FnOnce(&Call<'_>) -> Result<Value, CallError>,
    ) -> Result<Val, CallError> {
        let session = &self.session;
        let positional = arguments.positional.iter().map(|value| value.to_value(session));
        let positional = positional.collect::<Result<Vec<_>, _>>()?;
        let mut named = Map::new();
        for (name, value) in &arguments.named {
            named.insert(&**name, value.to_value(session)?);
        }
        let call = Call::new(positional, named, session);
        let result = run(&call)?;
        call.finish()?;
        Ok(Val::of(&result, session))
    }

    /// Calls a function, a macro, or what else can be called.
    pub(super) fn call(
        self: &Rc<Self>,
        callee: &Val,
        arguments: Arguments,
        place: Place,
    ) -> Result<Val, TemplateError> {
        let object = match callee {
            Val::Missing(_) => return Ok(callee.clone()),
            Val::Object(object) => object,
            other => return Err(self.failed(format!("{} cannot be called", other.kind()), place)),
        };
        match &**object {
            Object::Macro(object) => {
                return object
                    .unit
                    .run_macro(object, arguments)
                    .map_err(|error| self.passed(error, place, ""));
            }
            Object::Loop(state) => {
                let Some((unit, body, scope)) = &state.recursive else {
                    return Err(self.failed("the loop is not `recursive`", place));
                };
                let [items] = arguments.bind(["items"]).map_err(|error| self.refused(error, place))?;
                let items = items.unwrap_or_else(Val::null).items();
                let items = items.map_err(|error| self.refused(error, place))?;
                let mut out = Vec::new();
                let label = || "a recursive loop".to_owned();
                self.session.framed("".into(), label, || {
                    unit.rounds(body, items, (*scope, state.depth + 1, true), &mut out)
                })?;
                return self.concat(out);
            }
            Object::Super(block, level) => {
                let mut out = Vec::new();
                self.definition(&block.name, *level, None, &mut out)?;
                return self.concat(out);
            }
            Object::Method(of, name) => return self.method(of, name, arguments, place),
            _ => {}
        }
        if !matches!(
            &**object,
            Object::Builtin(Builtin::Namespace | Builtin::Cycler | Builtin::Lookup | Builtin::Query)
        ) && let Some(missing) = first_missing(&arguments)
        {
            return Ok(missing);
        }
        let result = match &**object {
            Object::Function(function) => self.plain_call(&arguments, function.run),
            Object::Builtin(builtin) => return self.builtin(*builtin, arguments, place),
            Object::Joiner(separator, used) => {
                Ok(if used.replace(true) { separator.clone() } else { Val::text("") })
            }
            _ => Err(format!("{} cannot be called", callee.kind()).into()),
        };
        result.or_else(|error| self.deferred(self.refused(error, place)))
    }

    fn builtin(
        self: &Rc<Self>,
        builtin: Builtin,
        mut arguments: Arguments,
        place: Place,
    ) -> Result<Val, TemplateError> {
        let result = match builtin {
            Builtin::Range => range(arguments),
            Builtin::Namespace => namespace(arguments),
            Builtin::Cycler => Ok(Val::object(Object::Cycler(arguments.positional, 0.into()))),
            Builtin::Joiner => arguments.bind(["sep"]).map(|[separator]| {
                Val::object(Object::Joiner(separator.unwrap_or_else(|| Val::text(", ")), false.into()))
            }),
            Builtin::Lookup | Builtin::Query => {
                for value in &mut arguments.positional {
                    *value = self.literals(value)?;
                }
                let lookup = arguments.positional.first().and_then(Val::as_str).unwrap_or_default();
                let takes_missing = lookups::take_missing(lookup);
                for (name, value) in &mut arguments.named {
                    let hint = match value {
                        Val::Missing(missing)
                            if missing.is_undefined() && takes_missing.contains(&&**name) =>
                        {
                            missing.to_error().problem.to_string()
                        }
                        _ => continue,
                    };
                    *value = Val::Plain(Value::Undefined(hint.into()));
                }
                if let Some(missing) = first_missing(&arguments) {
                    return Ok(missing);
                }
                self.plain_call(&arguments, |call| lookups::call(call, builtin == Builtin::Query))
            }
        };
        result.or_else(|error| self.deferred(self.refused(error, place)))
    }

    /// Calls a method of a value.
    pub(super) fn method(
        self: &Rc<Self>,
        of: &Val,
        name: &str,
        arguments: Arguments,
        place: Place,
    ) -> Result<Val, TemplateError> {
        if let Some(missing) = first_missing(&arguments) {
            return Ok(missing);
        }
        let result = methods::call(self, of, name, arguments);
        result.or_else(|error| self.caught(error, "method", name, place))
    }

    fn run_macro(self: &Rc<Self>, object: &MacroObject, arguments: Arguments) -> Result<Val, TemplateError> {
        let scope = self.session.scopes().enter(Some(object.scope));
        self.bind_parameters(object, arguments, scope)?;
        let name = || format!("macro {}", object.definition.name);
        let text: Arc<str> = "".into();
        let value = self.session.framed(text, name, || self.captured(&object.definition.body, scope))?;
        self.session.scopes().leave(scope);
        Ok(value)
    }

    fn bind_parameters(
        self: &Rc<Self>,
        object: &MacroObject,
        arguments: Arguments,
        scope: ScopeId,
    ) -> Result<(), TemplateError> {
        let scopes = self.session.scopes();
        let definition = &object.definition;
        let mut named: IndexMap<Arc<str>, Val> = arguments.named.into_iter().collect();
        let mut positional = arguments.positional.into_iter();
        for (name, default) in &definition.parameters {
            let given = positional.next().or_else(|| named.shift_remove(name));
            let value = match (given, default) {
                (Some(value), _) => value,
                (None, Some(default)) => self.evaluate(default, scope)?,
                (None, None) => Missing::said(format!("parameter '{name}' was not provided")),
            };
            scopes.set(scope, name, value);
        }
        let caller = named.shift_remove("caller");
        let is_parameter = definition.parameters.iter().any(|(name, _)| &**name == "caller");
        if !is_parameter {
            scopes.set(
                scope,
                &"caller".into(),
                caller.unwrap_or_else(|| Missing::said("'caller' is undefined")),
            );
        }
        let rest: Vec<Val> = positional.collect();
        let refuse = |what: &str| {
            let message = format!("the macro `{}` takes {what}", definition.name);
            Err(self.session.failed(message))
        };
        if !rest.is_empty() && !object.takes.varargs {
            return refuse(&format!("not more than {} arguments", definition.parameters.len()));
        }
        if let Some(name) = named.keys().next().filter(|_| !object.takes.kwargs) {
            return refuse(&format!("no argument `{name}`"));
        }
        if object.takes.varargs {
            scopes.set(scope, &"varargs".into(), Val::tuple(rest));
        }
        if object.takes.kwargs {
            let named = named.into_iter().map(|(name, value)| (name.into(), value)).collect();
            scopes.set(scope, &"kwargs".into(), Val::map(named));
        }
        Ok(())
    }
}

impl MacroObject {
    pub(super) fn new(unit: &Rc<Unit>, definition: &Arc<syntax::Macro>, scope: ScopeId) -> Self {
        let takes = Takes {
            varargs: files::names_in(&definition.body, "varargs"),
            kwargs: files::names_in(&definition.body, "kwargs"),
            caller: files::names_in(&definition.body, "caller"),
        };
        Self { unit: Rc::clone(unit), definition: Arc::clone(definition), scope, takes }
    }
}

fn range(arguments: Arguments) -> Result<Val, CallError> {
    let count = arguments.positional.len();
    let [a, b, c] = arguments.bind(["", "", ""])?;
    let int = |value: Option<Val>, default: i128| match value {
        None => Ok(default),
        Some(value) => value
            .as_index()
            .ok_or_else(|| CallError::from(format!("a range needs integers, not {}", value.kind()))),
    };
    let (start, stop, stride) = match count {
        0 => return Err("a range needs its end".into()),
        1 => (0, int(a, 0)?, 1),
        _ => (int(a, 0)?, int(b, 0)?, int(c, 1)?),
    };
    if stride == 0 {
        return Err("the step of a range must not be 0".into());
    }
    if range_length(start, stop, stride) > i128::from(i64::MAX) {
        return Err("the range is too long".into());
    }
    Ok(Val::object(Object::Range { start, stop, stride }))
}

fn namespace(arguments: Arguments) -> Result<Val, CallError> {
    let mut entries = IndexMap::new();
    for given in arguments.positional {
        match given {
            Val::Map(map) => {
                entries.extend(map.to_map()?.into_iter().map(|(key, value)| (key.to_string().into(), value)));
            }
            other => return Err(format!("a mapping is needed, not {}", other.kind()).into()),
        }
    }
    entries.extend(arguments.named);
    Ok(Val::object(Object::Namespace(entries.into())))
}

impl Caller for Rc<Session> {
    fn environment(&self) -> &Environment {
        Session::environment(self)
    }

    fn variable(&self, name: &str) -> Result<Option<Value>, CallError> {
        match Session::variable(self, &name.into())? {
            None => Ok(None),
            Some(value) => Ok(Some(value.to_value(self)?)),
        }
    }

    fn template(
        &self,
        name: &str,
        text: &str,
        vars: &Map,
        options: &FileOptions,
    ) -> Result<Value, CallError> {
        let span = Span::nowhere("lookup");
        let layer =
            VarLayer { level: Level::Magic, origin: "lookup".into(), span, vars: Arc::new(vars.clone()) };
        let session = self.in_scope(Session::scope(self).with(layer));
        let place = Span::whole(name, text);
        Ok(session.file_value(text, &place, options)?)
    }

    fn names(&self) -> Vec<String> {
        self.scope().names().iter().map(ToString::to_string).collect()
    }

    fn scope(&self) -> &Scope {
        Session::scope(self)
    }

    fn unrendered(&self, scope: &Scope) -> Map {
        plugins::unrendered(scope, |value| self.render(value).ok())
    }

    fn mark_secret(&self) {
        Session::mark_secret(self);
    }
}

/// The nearest of these names.
pub(super) fn nearest_of(name: &str, known: impl Iterator<Item = &'static str>) -> Option<String> {
    nearest(name, known).map(ToOwned::to_owned)
}
