//! Our filters, tests, lookups and functions, as the engine calls them.

use std::sync::Arc;

use minijinja::value::{Kwargs, Rest, Value as Engine, ValueOrKwargs};
use minijinja::{Environment as MiniJinja, Error, ErrorKind, State};

use super::Session;
use super::convert::from_engine;
use super::session::through;
use crate::base::{Map, Span, Value};
use crate::model::{Level, VarLayer};
use crate::vars::call::{Call, CallError, Caller};
use crate::vars::{
    Environment, FileOptions, Problem, TemplateError, filters, functions, lookups, predicates,
};

/// Names that begin so mean the same as without.
const BUILTIN: &str = "ansible.builtin.";

pub(super) fn register(engine: &mut MiniJinja<'static>) {
    for filter in filters::all() {
        let run = filter.run;
        let adapted = move |state: &mut State, args: Rest<ValueOrKwargs>| {
            call(state, &args, run).map_err(|error| named(error, filter.name))
        };
        for name in filter.names() {
            engine.add_filter(format!("{BUILTIN}{name}"), adapted);
            engine.add_filter(name, adapted);
        }
    }
    for predicate in predicates::all() {
        let run = predicate.run;
        let adapted = move |state: &mut State, args: Rest<ValueOrKwargs>| -> Result<bool, Error> {
            let holds = call(state, &args, |call| run(call).map(Value::Bool));
            Ok(holds.map_err(|error| named(error, predicate.name))?.is_true())
        };
        for name in predicate.names() {
            engine.add_test(format!("{BUILTIN}{name}"), adapted);
            engine.add_test(name, adapted);
        }
    }
    for function in functions::all() {
        let run = function.run;
        engine.add_function(function.name, move |state: &mut State, args: Rest<ValueOrKwargs>| {
            call(state, &args, run).map_err(|error| named(error, function.name))
        });
    }
    for (name, list) in [("lookup", false), ("query", true), ("q", true)] {
        engine.add_function(name, move |state: &mut State, args: Rest<ValueOrKwargs>| {
            call(state, &args, |call| lookups::call(call, list))
        });
    }
}

/// Puts the name of a filter before what it says.
fn named(error: Error, name: &str) -> Error {
    match error.detail() {
        Some(detail)
            if std::error::Error::source(&error).is_none() && error.kind() == ErrorKind::InvalidOperation =>
        {
            let detail = format!("{name}: {detail}");
            Error::new(ErrorKind::InvalidOperation, detail)
        }
        _ => error,
    }
}

fn call(
    state: &State,
    args: &[ValueOrKwargs],
    run: impl FnOnce(&Call<'_>) -> Result<Value, CallError>,
) -> Result<Engine, Error> {
    let session = Session::of(state)?;
    let mut positional = Vec::with_capacity(args.len());
    let mut named = Map::new();
    for arg in args {
        let arg = arg.clone().into_value();
        if arg.is_kwargs() {
            let kwargs: Kwargs = arg.try_into()?;
            for name in kwargs.args() {
                named.insert(name, value_of(&session, &kwargs.peek::<Engine>(name)?)?);
            }
        } else {
            positional.push(value_of(&session, &arg)?);
        }
    }
    let call = Call::new(positional, named, &session);
    let result = run(&call)
        .and_then(|value| call.finish().map(|()| value))
        .map_err(|error| refused(error, session.is_secret()))?;
    Ok(session.wrap(&result, String::new))
}

fn value_of(session: &Arc<Session>, arg: &Engine) -> Result<Value, Error> {
    match from_engine(session, arg)? {
        Value::Undefined(_) => Err(ErrorKind::UndefinedError.into()),
        value => Ok(value),
    }
}

fn refused(error: CallError, secret: bool) -> Error {
    let problem = match error {
        // The reason may quote what was refused.
        CallError::Refused(_) if secret => {
            return Error::new(ErrorKind::InvalidOperation, "a secret value was refused");
        }
        CallError::Refused(message) => return Error::new(ErrorKind::InvalidOperation, message),
        CallError::Template(error) => return through(*error, String::new()),
        CallError::Unknown { what, name, suggestion } => Problem::Unknown { what, name, suggestion },
        CallError::Undefined(name) => Problem::Undefined { name, suggestion: None },
    };
    through(TemplateError::new(problem, None), String::new())
}

impl Caller for Arc<Session> {
    fn environment(&self) -> &Environment {
        Session::environment(self)
    }

    fn variable(&self, name: &str) -> Result<Option<Value>, CallError> {
        let Some(value) = Session::variable(self, name) else { return Ok(None) };
        from_engine(self, &value).map(Some).map_err(|error| {
            let inner = super::diagnose::error(self, &error, name, None, 0);
            CallError::Template(Box::new(inner))
        })
    }

    fn template(&self, name: &str, text: &str, vars: &Map) -> Result<String, CallError> {
        let span = Span::nowhere("lookup");
        let layer =
            VarLayer { level: Level::Magic, origin: "lookup".into(), span, vars: Arc::new(vars.clone()) };
        let session = self.in_scope(Session::scope(self).with(layer));
        session.file_output(text, name, &FileOptions::default()).map_err(|error| {
            let place = Span::whole(name, text);
            super::diagnose::file_error(&session, &error, text, &place).into()
        })
    }

    fn mark_secret(&self) {
        Session::mark_secret(self);
    }
}

/// Filters of the engine that are not replaced.
const ENGINE_FILTERS: &[&str] = &[
    "default",
    "d",
    "mandatory",
    "map",
    "select",
    "selectattr",
    "reject",
    "rejectattr",
    "groupby",
    "batch",
    "slice",
    "sum",
    "min",
    "max",
    "sort",
    "dictsort",
    "unique",
    "list",
    "first",
    "last",
    "length",
    "count",
    "reverse",
    "join",
    "upper",
    "lower",
    "title",
    "capitalize",
    "trim",
    "replace",
    "indent",
    "abs",
    "round",
    "items",
    "lines",
    "attr",
    "escape",
    "e",
    "safe",
    "format",
    "urlencode",
    "extract",
    "pprint",
    "chain",
];
/// Tests of the engine that are not replaced.
const ENGINE_TESTS: &[&str] = &[
    "defined",
    "undefined",
    "none",
    "boolean",
    "odd",
    "even",
    "divisibleby",
    "number",
    "integer",
    "float",
    "string",
    "sequence",
    "iterable",
    "mapping",
    "startingwith",
    "endingwith",
    "lower",
    "upper",
    "sameas",
    "eq",
    "equalto",
    "==",
    "ne",
    "!=",
    "lt",
    "lessthan",
    "<",
    "le",
    "<=",
    "gt",
    "greaterthan",
    ">",
    "ge",
    ">=",
    "in",
    "true",
    "false",
    "filter",
    "test",
    "safe",
    "escaped",
    "int",
];
/// Functions of the engine.
const ENGINE_FUNCTIONS: &[&str] = &["range", "namespace", "debug", "lookup", "query", "q"];

/// The names of all filters.
pub(super) fn filter_names() -> impl Iterator<Item = &'static str> {
    filters::all().flat_map(filters::Filter::names).chain(ENGINE_FILTERS.iter().copied())
}

/// The names of all tests.
pub(super) fn test_names() -> impl Iterator<Item = &'static str> {
    predicates::all().flat_map(predicates::Predicate::names).chain(ENGINE_TESTS.iter().copied())
}

/// The names of all functions.
pub(super) fn function_names() -> impl Iterator<Item = &'static str> {
    functions::all().map(|function| function.name).chain(ENGINE_FUNCTIONS.iter().copied())
}
