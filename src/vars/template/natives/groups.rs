//! Filters that put items into groups.

use std::rc::Rc;

use super::super::calling::Arguments;
use super::super::object::{Sequence, Val};
use super::super::operators::equal;
use super::super::run::Unit;
use super::{follow, path_of, sorting};
use crate::vars::call::CallError;

type Outcome = Result<Val, CallError>;

/// Pairs of a value and the items whose attribute it is, in its order. What has no such attribute is an error, with a
/// `default` too: that is what Ansible makes of it.
pub(super) fn groupby(unit: &Rc<Unit>, arguments: Arguments) -> Outcome {
    let [value, attribute, _, case_sensitive] =
        arguments.bind(["value", "attribute", "default", "case_sensitive"])?;
    let path = path_of(&attribute.ok_or("an attribute is needed")?)?;
    let case_sensitive = case_sensitive.map_or(Ok(false), |flag| flag.truth())?;
    let key = |item: &Val| match follow(unit, item, &path)? {
        Val::Missing(missing) => Err(CallError::from(missing.to_error())),
        value => Ok(value),
    };
    let folded = |value: Val| match value.as_str() {
        Some(text) if !case_sensitive => Val::text(text.to_lowercase()),
        _ => value,
    };
    let items =
        sorting::sorted(value.unwrap_or_else(Val::null).items()?, false, |item| Ok(folded(key(item)?)))?;
    let mut groups: Vec<(Val, Vec<Val>)> = Vec::new();
    for item in items {
        let this = key(&item)?;
        match groups.last_mut() {
            Some((known, group)) if equal(&folded(known.clone()), &folded(this.clone()))? => group.push(item),
            _ => groups.push((this, vec![item])),
        }
    }
    let group = |(key, group)| Val::sequence(Sequence::Group, vec![key, Val::list(group)]);
    Ok(Val::list(groups.into_iter().map(group).collect()))
}

fn count(value: Option<&Val>, name: &str) -> Result<usize, CallError> {
    let count = value.and_then(Val::as_index).and_then(|count| usize::try_from(count).ok());
    count.filter(|count| *count > 0).ok_or_else(|| format!("`{name}` must be a number above 0").into())
}

/// Lists of so many items; the last one is filled up when there is something to fill with.
pub(super) fn batch(_: &Rc<Unit>, arguments: Arguments) -> Outcome {
    let [value, size, fill] = arguments.bind(["value", "linecount", "fill_with"])?;
    let size = count(size.as_ref(), "linecount")?;
    let items = value.unwrap_or_else(Val::null).items()?;
    let mut rows: Vec<Vec<Val>> = items.chunks(size).map(<[Val]>::to_vec).collect();
    if let (Some(fill), Some(last)) = (fill.filter(|fill| !fill.is_null()), rows.last_mut())
        && size <= super::super::container::LONGEST
    {
        last.resize(size, fill);
    }
    Ok(Val::list(rows.into_iter().map(Val::list).collect()))
}

/// So many lists of nearly the same length.
pub(super) fn slice(_: &Rc<Unit>, arguments: Arguments) -> Outcome {
    let [value, slices, fill] = arguments.bind(["value", "slices", "fill_with"])?;
    let slices = count(slices.as_ref(), "slices")?;
    let items = value.unwrap_or_else(Val::null).items()?;
    if slices > super::super::container::LONGEST {
        return Err("these are too many slices".into());
    }
    let (length, longer) = (items.len() / slices, items.len() % slices);
    let mut rest = items.into_iter();
    let mut rows = Vec::with_capacity(slices);
    for place in 0..slices {
        let mut row: Vec<Val> = rest.by_ref().take(length + usize::from(place < longer)).collect();
        if let Some(fill) = fill.as_ref().filter(|fill| !fill.is_null() && place >= longer) {
            row.push(fill.clone());
        }
        rows.push(Val::list(row));
    }
    Ok(Val::list(rows))
}
