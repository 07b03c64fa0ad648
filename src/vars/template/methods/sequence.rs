//! Methods of lists and tuples.

use super::super::calling::Arguments;
use super::super::container::LONGEST;
use super::super::natives::sorting;
use super::super::object::{List, Val};
use super::super::operators::equal;
use crate::vars::call::CallError;

pub(super) const NAMES: &[&str] =
    &["append", "clear", "copy", "count", "extend", "index", "insert", "pop", "remove", "reverse", "sort"];

pub(super) fn call(list: &List, name: &str, arguments: Arguments) -> Result<Val, CallError> {
    let needed = |value: Option<Val>| value.ok_or_else(|| CallError::from("an argument is missing"));
    let find = |wanted: &Val| -> Result<Option<usize>, CallError> {
        for (place, item) in list.to_vec()?.iter().enumerate() {
            if equal(item, wanted)? {
                return Ok(Some(place));
            }
        }
        Ok(None)
    };
    let room = |more: usize| {
        if list.len() + more > LONGEST { Err(CallError::from("the list would be too long")) } else { Ok(()) }
    };
    match name {
        "append" => {
            let [item] = arguments.bind(["object"])?;
            room(1)?;
            let item = needed(item)?;
            list.own()?.push(item);
        }
        "extend" => {
            let [items] = arguments.bind(["iterable"])?;
            let items = needed(items)?.items()?;
            room(items.len())?;
            list.own()?.extend(items);
        }
        "insert" => {
            let [place, item] = arguments.bind(["index", "object"])?;
            room(1)?;
            let place = place.as_ref().and_then(Val::as_index).ok_or("an index is needed")?;
            let item = needed(item)?;
            let mut items = list.own()?;
            let place = position(place, items.len()).min(items.len());
            items.insert(place, item);
        }
        "remove" => {
            let [item] = arguments.bind(["value"])?;
            let place = find(&needed(item)?)?.ok_or("the value is not in the list")?;
            list.own()?.remove(place);
        }
        "pop" => {
            let [place] = arguments.bind(["index"])?;
            let mut items = list.own()?;
            let end = i128::try_from(items.len()).unwrap_or(i128::MAX) - 1;
            let place = place.as_ref().and_then(Val::as_index).unwrap_or(end);
            let place = position(place, items.len());
            if place >= items.len() {
                return Err("there is no such item".into());
            }
            return Ok(items.remove(place));
        }
        "clear" => list.own()?.clear(),
        "reverse" => list.own()?.reverse(),
        "sort" => {
            let [_key, reverse] = arguments.bind(["key", "reverse"])?;
            let reverse = reverse.map_or(Ok(false), |reverse| reverse.truth())?;
            let sorted = sorting::sorted(list.to_vec()?, reverse, |item| Ok(item.clone()))?;
            *list.own()? = sorted;
        }
        "copy" => return Ok(Val::list(list.to_vec()?)),
        "count" => {
            let [item] = arguments.bind(["value"])?;
            let item = needed(item)?;
            let mut count = 0_usize;
            for known in list.to_vec()? {
                count += usize::from(equal(&known, &item)?);
            }
            return Ok(Val::size(count));
        }
        _ => {
            let [item] = arguments.bind(["value"])?;
            let place = find(&needed(item)?)?.ok_or("the value is not in the list")?;
            return Ok(Val::size(place));
        }
    }
    Ok(Val::null())
}

/// A place that may be counted from the end.
fn position(place: i128, length: usize) -> usize {
    let from_start =
        if place < 0 { (place + i128::try_from(length).unwrap_or(i128::MAX)).max(0) } else { place };
    usize::try_from(from_start).unwrap_or(usize::MAX)
}
