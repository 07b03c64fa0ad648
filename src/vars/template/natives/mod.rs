//! Filters and tests that work on values of a running template: they call other filters, must not render all of what they
//! are given, or are prepared for what is missing.

mod choice;
mod groups;
mod inspect;
mod items;
pub(super) mod sorting;
mod tests;
pub(super) mod vaults;

use std::rc::Rc;

use super::calling::Arguments;
use super::object::Val;
use super::run::Unit;
use crate::vars::call::CallError;

pub(super) use tests::{NativeTest, TESTS};

/// What a filter does; the first argument is its subject.
pub(super) type Native = fn(&Rc<Unit>, Arguments) -> Result<Val, CallError>;

/// By name, aliases included.
pub(super) const FILTERS: &[(&str, Native)] = &[
    ("default", choice::default),
    ("d", choice::default),
    ("mandatory", choice::mandatory),
    ("ternary", choice::ternary),
    ("type_debug", choice::type_debug),
    ("map", items::map),
    ("select", items::select),
    ("reject", items::reject),
    ("selectattr", items::selectattr),
    ("rejectattr", items::rejectattr),
    ("list", items::list),
    ("first", items::first),
    ("last", items::last),
    ("length", items::length),
    ("count", items::length),
    ("reverse", items::reverse),
    ("join", items::join),
    ("sum", items::sum),
    ("extract", items::extract),
    ("attr", items::attr),
    ("string", items::string),
    ("items", items::pairs),
    ("random", items::random),
    ("sort", sorting::sort),
    ("dictsort", sorting::dictsort),
    ("min", sorting::min),
    ("max", sorting::max),
    ("unique", sorting::unique),
    ("groupby", groups::groupby),
    ("batch", groups::batch),
    ("slice", groups::slice),
    (inspect::DUMP_OBJECT, inspect::dump_object),
    (inspect::FINALIZE, inspect::finalize),
    (inspect::ORIGIN, inspect::origin),
    (inspect::TAG_NAMES, inspect::tag_names),
    (inspect::TRUE_TYPE, choice::type_debug),
];

/// Those that may be given what has no value.
pub(super) const TAKE_MISSING: &[&str] =
    &["default", "d", "mandatory", "ternary", "type_debug", inspect::DUMP_OBJECT];

/// Takes an attribute path apart: `a.b.0`.
fn path_of(attribute: &Val) -> Result<Vec<Val>, CallError> {
    match attribute {
        Val::Plain(crate::base::Value::String(text)) => Ok(text
            .as_str()
            .split('.')
            .map(|part| part.parse::<i64>().map_or_else(|_| Val::text(part), Val::int))
            .collect()),
        Val::Plain(crate::base::Value::Int(_)) => Ok(vec![attribute.clone()]),
        other => Err(format!("an attribute is named by a string, not by {}", other.kind()).into()),
    }
}

/// The attribute at the end of a path; what is missing on the way stays missing.
fn follow(unit: &Rc<Unit>, item: &Val, path: &[Val]) -> Result<Val, CallError> {
    let mut value = item.clone();
    for key in path {
        value = super::attribute::item(unit, &value, key, super::syntax::Place::default())?;
    }
    Ok(value)
}

/// What plain filters give as tuples: the result itself (0), or the items of the list that they give (1).
pub(super) const GIVE_TUPLES: &[(&str, usize)] = &[
    ("splitext", 0),
    ("win_splitdrive", 0),
    ("zip", 1),
    ("zip_longest", 1),
    ("product", 1),
    ("combinations", 1),
    ("permutations", 1),
    ("subelements", 1),
];

/// The lists of a result that are tuples in Python.
pub(super) fn with_tuples(name: &str, value: Val) -> Result<Val, CallError> {
    match GIVE_TUPLES.iter().find(|(known, _)| *known == name) {
        Some((_, 0)) => Ok(Val::tuple(value.items()?)),
        Some(_) => {
            let items = value.items()?.into_iter().map(|item| Ok(Val::tuple(item.items()?)));
            Ok(Val::list(items.collect::<Result<_, CallError>>()?))
        }
        None => Ok(value),
    }
}
