//! Filters that need an order: sort, min, max, unique, dictsort.

use std::cmp::Ordering;
use std::rc::Rc;

use super::super::calling::Arguments;
use super::super::missing::Missing;
use super::super::object::Val;
use super::super::operators::{equal, order};
use super::super::run::Unit;
use super::{follow, path_of};
use crate::vars::call::CallError;

type Outcome = Result<Val, CallError>;

/// Items in the order of their keys; those with equal keys stay as they are.
pub(in super::super) fn sorted(
    items: Vec<Val>,
    reverse: bool,
    key: impl Fn(&Val) -> Outcome,
) -> Result<Vec<Val>, CallError> {
    let mut failed = None;
    let mut keyed =
        items.into_iter().map(|item| Ok((key(&item)?, item))).collect::<Result<Vec<_>, CallError>>()?;
    keyed.sort_by(|(a, _), (b, _)| match order(a, b) {
        Ok(order) => {
            let order = order.unwrap_or(Ordering::Equal);
            if reverse { order.reverse() } else { order }
        }
        Err(error) => {
            failed.get_or_insert(error);
            Ordering::Equal
        }
    });
    match failed {
        Some(error) => Err(error),
        None => Ok(keyed.into_iter().map(|(_, item)| item).collect()),
    }
}

/// A key that does not see the case of letters.
fn folded(value: Val, case_sensitive: bool) -> Val {
    match value.as_str() {
        Some(text) if !case_sensitive => Val::text(text.to_lowercase()),
        _ => value,
    }
}

fn flag(value: Option<Val>) -> Result<bool, CallError> {
    value.map_or(Ok(false), |value| value.truth())
}

/// The values by which items are compared: of one attribute, of several with commas, or the items.
fn key_by(
    unit: &Rc<Unit>,
    attribute: Option<Val>,
    case_sensitive: bool,
) -> Result<impl Fn(&Val) -> Outcome, CallError> {
    let paths = match attribute.filter(|attribute| !attribute.is_null()) {
        None => Vec::new(),
        Some(attribute) => match attribute.as_str() {
            Some(names) => {
                names.split(',').map(|name| path_of(&Val::text(name))).collect::<Result<_, _>>()?
            }
            None => vec![path_of(&attribute)?],
        },
    };
    let unit = Rc::clone(unit);
    Ok(move |item: &Val| {
        let mut keys = Vec::with_capacity(paths.len());
        for path in &paths {
            match follow(&unit, item, path)? {
                Val::Missing(missing) => return Err(missing.to_error().into()),
                key => keys.push(folded(key, case_sensitive)),
            }
        }
        Ok(match keys.len() {
            0 => folded(item.clone(), case_sensitive),
            1 => keys.remove(0),
            _ => Val::list(keys),
        })
    })
}

pub(super) fn sort(unit: &Rc<Unit>, arguments: Arguments) -> Outcome {
    let [value, reverse, case_sensitive, attribute] =
        arguments.bind(["value", "reverse", "case_sensitive", "attribute"])?;
    let key = key_by(unit, attribute, flag(case_sensitive)?)?;
    sorted(value.unwrap_or_else(Val::null).items()?, flag(reverse)?, key).map(Val::list)
}

pub(super) fn dictsort(unit: &Rc<Unit>, arguments: Arguments) -> Outcome {
    let [value, case_sensitive, by, reverse] =
        arguments.bind(["value", "case_sensitive", "by", "reverse"])?;
    let case_sensitive = flag(case_sensitive)?;
    let place = match by.as_ref().and_then(Val::as_str) {
        None | Some("key") => 0_usize,
        Some("value") => 1,
        Some(other) => return Err(format!("`{other}` is no part of a pair: `key` or `value`").into()),
    };
    let pairs =
        super::items::pairs(unit, Arguments { positional: value.into_iter().collect(), named: Vec::new() })?;
    let key = |pair: &Val| Ok(folded(pair.items()?.swap_remove(place), case_sensitive));
    sorted(pairs.items()?, flag(reverse)?, key).map(Val::list)
}

pub(super) fn min(unit: &Rc<Unit>, arguments: Arguments) -> Outcome {
    extreme(unit, arguments, Ordering::Less)
}

pub(super) fn max(unit: &Rc<Unit>, arguments: Arguments) -> Outcome {
    extreme(unit, arguments, Ordering::Greater)
}

fn extreme(unit: &Rc<Unit>, arguments: Arguments, wanted: Ordering) -> Outcome {
    let [value, case_sensitive, attribute] = arguments.bind(["value", "case_sensitive", "attribute"])?;
    let key = key_by(unit, attribute, flag(case_sensitive)?)?;
    let mut best: Option<(Val, Val)> = None;
    for item in value.unwrap_or_else(Val::null).items()? {
        let new = key(&item)?;
        let better = match &best {
            None => true,
            Some((old, _)) => order(&new, old)? == Some(wanted),
        };
        if better {
            best = Some((new, item));
        }
    }
    Ok(best.map_or_else(|| Missing::said("No aggregated item, sequence was empty."), |(_, item)| item))
}

pub(super) fn unique(unit: &Rc<Unit>, arguments: Arguments) -> Outcome {
    let [value, case_sensitive, attribute] = arguments.bind(["value", "case_sensitive", "attribute"])?;
    let compares = case_sensitive.is_some() || attribute.is_some();
    let case_sensitive = flag(case_sensitive)?;
    let key = key_by(unit, attribute, case_sensitive)?;
    let mut texts = std::collections::HashSet::new();
    let mut seen: Vec<Val> = Vec::new();
    let mut out = Vec::new();
    for item in value.unwrap_or_else(Val::null).items()? {
        let new = key(&item)?;
        if let Some(text) = new.as_str() {
            if texts.insert(text.to_owned()) {
                out.push(item);
            }
            continue;
        }
        // As with Jinja's own filter, which alone knows these arguments, and wants items that can be hashed.
        if compares && matches!(new, Val::Map(_) | Val::List(_)) {
            let message = "Jinja2's unique filter failed and we cannot fall back to Ansible's version as it does not support \
                           the parameters supplied: mappings and lists have no hash";
            return Err(message.into());
        }
        let mut known = false;
        for old in &seen {
            known = known || equal(old, &new)?;
        }
        if !known {
            seen.push(new);
            out.push(item);
        }
    }
    Ok(Val::list(out))
}
