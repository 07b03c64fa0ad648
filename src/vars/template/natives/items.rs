//! Filters over the items of a list.

use std::rc::Rc;

use super::super::calling::Arguments;
use super::super::missing::Missing;
use super::super::object::{Object, Val, range_length};
use super::super::operators;
use super::super::run::Unit;
use super::super::syntax::{Arithmetic, Place};
use super::{follow, path_of};
use crate::base::Value;
use crate::vars::call::CallError;

type Outcome = Result<Val, CallError>;

fn subject(arguments: &mut Arguments) -> Result<Val, CallError> {
    if arguments.positional.is_empty() {
        return Err("a value is missing".into());
    }
    Ok(arguments.positional.remove(0))
}

/// `map(attribute='a.b', default=…)` or `map('filter', …)`.
pub(super) fn map(unit: &Rc<Unit>, mut arguments: Arguments) -> Outcome {
    let items = subject(&mut arguments)?.items()?;
    let named =
        |name: &str| arguments.named.iter().find(|(known, _)| &**known == name).map(|(_, value)| value);
    if arguments.positional.is_empty()
        && let Some(attribute) = named("attribute")
    {
        let path = path_of(attribute)?;
        let default = named("default");
        if let Some((name, _)) =
            arguments.named.iter().find(|(name, _)| !matches!(&**name, "attribute" | "default"))
        {
            return Err(format!("there is no argument `{name}`").into());
        }
        let mut out = Vec::with_capacity(items.len());
        for item in items {
            out.push(match (follow(unit, &item, &path)?, default) {
                (Val::Missing(_), Some(default)) => default.clone(),
                (value, _) => value,
            });
        }
        return Ok(Val::list(out));
    }
    let name = subject(&mut arguments)?;
    let name = name.as_str().ok_or("the name of a filter is needed")?;
    let mut out = Vec::with_capacity(items.len());
    for item in items {
        let mut each = arguments.clone();
        each.positional.insert(0, item);
        out.push(unit.filter(name, each, Place::default(), Place::default())?);
    }
    Ok(Val::list(out))
}

pub(super) fn select(unit: &Rc<Unit>, arguments: Arguments) -> Outcome {
    choose(unit, arguments, false, true)
}

pub(super) fn reject(unit: &Rc<Unit>, arguments: Arguments) -> Outcome {
    choose(unit, arguments, false, false)
}

pub(super) fn selectattr(unit: &Rc<Unit>, arguments: Arguments) -> Outcome {
    choose(unit, arguments, true, true)
}

pub(super) fn rejectattr(unit: &Rc<Unit>, arguments: Arguments) -> Outcome {
    choose(unit, arguments, true, false)
}

/// The items for which a test, or their own truth, is as wanted.
fn choose(unit: &Rc<Unit>, mut arguments: Arguments, by_attribute: bool, wanted: bool) -> Outcome {
    let items = subject(&mut arguments)?.items()?;
    let path = if by_attribute { Some(path_of(&subject(&mut arguments)?)?) } else { None };
    let test = if arguments.positional.is_empty() { None } else { Some(subject(&mut arguments)?) };
    let mut out = Vec::new();
    for item in items {
        let judged = match &path {
            Some(path) => follow(unit, &item, path)?,
            None => item.clone(),
        };
        let holds = match &test {
            None => judged.truth()?,
            Some(test) => {
                let name = test.as_str().ok_or("the name of a test is needed")?;
                let mut each = arguments.clone();
                each.positional.insert(0, judged);
                unit.test(name, each, Place::default(), Place::default())?.truth()?
            }
        };
        if holds == wanted {
            out.push(item);
        }
    }
    Ok(Val::list(out))
}

pub(super) fn list(_: &Rc<Unit>, arguments: Arguments) -> Outcome {
    let [value] = arguments.bind(["value"])?;
    let items = value.unwrap_or_else(Val::null).items()?;
    // Whoever makes a list of what had no value yet needs it now.
    match items.iter().find(|item| matches!(item, Val::Missing(_))) {
        Some(missing) => Ok(missing.clone()),
        None => Ok(Val::list(items)),
    }
}

pub(super) fn first(_: &Rc<Unit>, arguments: Arguments) -> Outcome {
    let [value] = arguments.bind(["seq"])?;
    let value = value.unwrap_or_else(Val::null);
    let item = match &value {
        Val::List(list) => list.get(0)?,
        other => other.items()?.into_iter().next(),
    };
    Ok(item.unwrap_or_else(|| Missing::said("No first item, sequence was empty.")))
}

pub(super) fn last(_: &Rc<Unit>, arguments: Arguments) -> Outcome {
    let [value] = arguments.bind(["seq"])?;
    let value = value.unwrap_or_else(Val::null);
    let item = match &value {
        Val::List(list) => list.len().checked_sub(1).map_or(Ok(None), |place| list.get(place))?,
        other => other.items()?.pop(),
    };
    Ok(item.unwrap_or_else(|| Missing::said("No last item, sequence was empty.")))
}

pub(super) fn length(_: &Rc<Unit>, arguments: Arguments) -> Outcome {
    let [value] = arguments.bind(["value"])?;
    value.unwrap_or_else(Val::null).length().map(Val::size)
}

pub(super) fn reverse(_: &Rc<Unit>, arguments: Arguments) -> Outcome {
    let [value] = arguments.bind(["value"])?;
    let value = value.unwrap_or_else(Val::null);
    if let Some(text) = value.as_str() {
        return Ok(Val::text(text.chars().rev().collect::<String>()));
    }
    let mut items = value.items()?;
    items.reverse();
    Ok(Val::list(items))
}

pub(super) fn join(unit: &Rc<Unit>, arguments: Arguments) -> Outcome {
    let [value, separator, attribute] = arguments.bind(["value", "d", "attribute"])?;
    let mut between = String::new();
    if let Some(separator) = separator {
        unit.print(&separator, &mut between)?;
    }
    let path = match attribute.filter(|attribute| !attribute.is_null()) {
        Some(attribute) => Some(path_of(&attribute)?),
        None => None,
    };
    let mut out = String::new();
    for (place, item) in value.unwrap_or_else(Val::null).items()?.iter().enumerate() {
        if place > 0 {
            out.push_str(&between);
        }
        let item = match &path {
            Some(path) => follow(unit, item, path)?,
            None => item.clone(),
        };
        unit.print(&item, &mut out)?;
    }
    Ok(Val::text(out))
}

pub(super) fn sum(unit: &Rc<Unit>, arguments: Arguments) -> Outcome {
    let [value, attribute, start] = arguments.bind(["iterable", "attribute", "start"])?;
    let path = match attribute.filter(|attribute| !attribute.is_null()) {
        Some(attribute) => Some(path_of(&attribute)?),
        None => None,
    };
    let mut total = start.unwrap_or_else(|| Val::int(0));
    if total.as_str().is_some() {
        return Err("strings are joined by `join`".into());
    }
    for item in value.unwrap_or_else(Val::null).items()? {
        let item = match &path {
            Some(path) => follow(unit, &item, path)?,
            None => item,
        };
        if let Val::Missing(missing) = &item {
            return Err(missing.to_error().into());
        }
        total = operators::arithmetic(&unit.session, Arithmetic::Add, &total, &item)?;
    }
    Ok(total)
}

/// `key | extract(container, morekeys)`
pub(super) fn extract(unit: &Rc<Unit>, arguments: Arguments) -> Outcome {
    let [key, container, more] = arguments.bind(["item", "container", "morekeys"])?;
    let key = key.unwrap_or_else(Val::null);
    let container = container.ok_or("a container is needed")?;
    let mut keys = vec![key];
    match more.filter(|more| !more.is_null()) {
        Some(Val::List(list)) => keys.extend(list.to_vec()?),
        Some(one) => keys.push(one),
        None => {}
    }
    follow(unit, &container, &keys)
}

/// An attribute that is no item: of a mapping, only its methods.
pub(super) fn attr(unit: &Rc<Unit>, arguments: Arguments) -> Outcome {
    let [value, name] = arguments.bind(["obj", "name"])?;
    let (value, name) = (value.unwrap_or_else(Val::null), name.unwrap_or_else(Val::null));
    let name = name.as_str().ok_or("the name of an attribute is needed")?;
    match &value {
        Val::Map(_) if !super::super::attribute::is_method(&value, name) => {
            Ok(Missing::said(format!("object of type 'dict' has no attribute '{name}'")))
        }
        _ => Ok(super::super::attribute::attribute(unit, &value, &name.into(), Place::default())?),
    }
}

pub(super) fn string(unit: &Rc<Unit>, arguments: Arguments) -> Outcome {
    let [value] = arguments.bind(["value"])?;
    let mut out = String::new();
    unit.print(&value.unwrap_or_else(Val::null), &mut out)?;
    Ok(Val::text(out))
}

/// The pairs of a mapping.
pub(super) fn pairs(_: &Rc<Unit>, arguments: Arguments) -> Outcome {
    let [value] = arguments.bind(["value"])?;
    match value.unwrap_or_else(Val::null) {
        Val::Map(map) => {
            let pairs = map.to_map()?.into_iter();
            Ok(Val::list(
                pairs.map(|(key, item)| Val::tuple(vec![Val::Plain(key.to_value()), item])).collect(),
            ))
        }
        Val::Plain(Value::Undefined(_)) => Ok(Val::list(Vec::new())),
        other => Err(format!("a mapping is needed, not {}", other.kind()).into()),
    }
}

/// An item of a list, or a number of a range; the rest is that of numbers.
#[allow(clippy::needless_pass_by_value)] // the form of all filters
pub(super) fn random(unit: &Rc<Unit>, arguments: Arguments) -> Outcome {
    if let Some(Val::Object(object)) = arguments.positional.first()
        && let Object::Range { start, stop, stride } = &**object
    {
        let [_, _, _, seed] = arguments.clone().bind(["end", "start", "step", "seed"])?;
        let seed = seed.map(|seed| seed.to_value(&unit.session)).transpose()?;
        let length = range_length(*start, *stop, *stride);
        if length == 0 {
            return Err("the range is empty".into());
        }
        let mut chance = crate::vars::filters::random::Chance::new(seed.as_ref())?;
        let chosen = chance.below(length.unsigned_abs())?;
        return Ok(Val::int(start + stride * i128::try_from(chosen).unwrap_or_default()));
    }
    let positional = arguments.positional.iter().map(|value| value.to_value(&unit.session));
    let positional = positional.collect::<Result<Vec<_>, _>>()?;
    let named = arguments.named.iter().map(|(name, value)| Ok((&**name, value.to_value(&unit.session)?)));
    let named = named.collect::<Result<crate::base::Map, CallError>>()?;
    let call = crate::vars::call::Call::new(positional, named, &unit.session);
    let value = crate::vars::filters::random::random(&call)?;
    call.finish()?;
    Ok(Val::of(&value, &unit.session))
}
