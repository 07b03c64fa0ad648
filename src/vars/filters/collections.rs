//! Lists and mappings.

use super::{Filter, filter};
use crate::base::{Key, Map, Value};
use crate::vars::call::{Call, CallError, text_of};
use crate::vars::python::format::repr;
use crate::vars::python::type_name;

pub(super) const FILTERS: &[Filter] = &[
    filter("dict2items", dict2items),
    filter("items2dict", items2dict),
    filter("union", |call| sets(call, |a, b| distinct(a.iter().chain(b)))),
    filter("intersect", |call| sets(call, |a, b| distinct(a.iter().filter(|x| b.contains(x))))),
    filter("difference", |call| sets(call, |a, b| distinct(a.iter().filter(|x| !b.contains(x))))),
    filter("symmetric_difference", |call| {
        sets(call, |a, b| {
            let only_a = a.iter().filter(|x| !b.contains(x));
            distinct(only_a.chain(b.iter().filter(|x| !a.contains(x))))
        })
    }),
    filter("flatten", flatten),
    filter("product", product),
    filter("subelements", subelements),
    filter("zip", |call| zip(call, None)),
    filter("zip_longest", |call| {
        let fill = call.named("fillvalue").cloned().unwrap_or_default();
        zip(call, Some(fill))
    }),
    filter("combinations", combinations),
    filter("permutations", permutations),
    filter("rekey_on_member", rekey),
];

/// Results larger than this are slips that would only fill the memory.
const MOST: usize = 1_000_000;

/// The items of a list; a mapping gives its keys, a text its characters.
pub fn items_of(value: &Value) -> Result<Vec<Value>, CallError> {
    match value {
        Value::List(items) => Ok(items.to_vec()),
        Value::Map(map) => Ok(map.keys().map(Key::to_value).collect()),
        Value::String(text) => Ok(text.as_str().chars().map(|c| Value::from(c.to_string())).collect()),
        other => Err(format!("a list is needed, not {}", other.kind()).into()),
    }
}

/// A value as a key of a mapping.
pub fn key_of(value: &Value) -> Result<Key, CallError> {
    Key::of(value).ok_or_else(|| format!("{} cannot be a key", value.kind()).into())
}

fn distinct<'a>(items: impl Iterator<Item = &'a Value>) -> Vec<Value> {
    let mut kept: Vec<Value> = Vec::new();
    for item in items {
        if !kept.contains(item) {
            kept.push(item.clone());
        }
    }
    kept
}

fn sets(call: &Call<'_>, join: impl Fn(&[Value], &[Value]) -> Vec<Value>) -> Result<Value, CallError> {
    let a = items_of(call.subject()?)?;
    let b = items_of(call.required(1, "b")?)?;
    Ok(Value::list(join(&a, &b)))
}

fn dict2items(call: &Call<'_>) -> Result<Value, CallError> {
    let key_name = call.text(1, "key_name")?.unwrap_or_else(|| "key".into());
    let value_name = call.text(2, "value_name")?.unwrap_or_else(|| "value".into());
    let Value::Map(map) = call.subject()? else {
        let kind = type_name(call.subject()?);
        return Err(format!("dict2items requires a dictionary, got <class '{kind}'> instead.").into());
    };
    let pairs = map.iter().map(|(key, value)| {
        let pair = [(key_name.as_str(), key.to_value()), (value_name.as_str(), value.clone())];
        Value::from(pair.into_iter().collect::<Map>())
    });
    Ok(Value::list(pairs.collect()))
}

fn items2dict(call: &Call<'_>) -> Result<Value, CallError> {
    let key_name = call.text(1, "key_name")?.unwrap_or_else(|| "key".into());
    let value_name = call.text(2, "value_name")?.unwrap_or_else(|| "value".into());
    let subject = call.subject()?;
    let Value::List(items) = subject else {
        let kind = type_name(subject);
        return Err(format!("items2dict requires a list, got <class '{kind}'> instead.").into());
    };
    let mut map = Map::new();
    for item in items.iter() {
        let Value::Map(pair) = item else { return Err(no_dictionaries(subject)) };
        let part = |name: &str| {
            pair.get(name).ok_or_else(|| {
                format!(
                    "items2dict requires each dictionary in the list to contain the keys '{key_name}' and \
                     '{value_name}', got {} instead.",
                    repr(subject)
                )
            })
        };
        let key = Key::of(part(&key_name)?).ok_or_else(|| no_dictionaries(subject))?;
        map.insert(key, part(&value_name)?.clone());
    }
    Ok(Value::from(map))
}

fn no_dictionaries(subject: &Value) -> CallError {
    format!("items2dict requires a list of dictionaries, got {} instead.", repr(subject)).into()
}

fn flatten(call: &Call<'_>) -> Result<Value, CallError> {
    let levels = match call.arg(1, "levels") {
        None | Some(Value::Null) => usize::MAX,
        Some(levels) => {
            levels.as_int().and_then(|n| usize::try_from(n).ok()).ok_or("`levels` must be an integer")?
        }
    };
    let skip_nulls = call.flag(2, "skip_nulls", true)?;
    let mut out = Vec::new();
    flatten_into(&items_of(call.subject()?)?, levels, skip_nulls, &mut out);
    Ok(Value::list(out))
}

fn flatten_into(items: &[Value], levels: usize, skip_nulls: bool, out: &mut Vec<Value>) {
    for item in items {
        match item {
            Value::List(inner) if levels > 0 => flatten_into(inner, levels - 1, skip_nulls, out),
            Value::Null if skip_nulls => {}
            // So YAML reads what is written for Python.
            Value::String(word) if skip_nulls && matches!(word.as_str(), "None" | "null") => {}
            other => out.push(other.clone()),
        }
    }
}

fn product(call: &Call<'_>) -> Result<Value, CallError> {
    let mut lists = vec![items_of(call.subject()?)?];
    for other in call.rest(1) {
        lists.push(items_of(other)?);
    }
    let repeat = call.named("repeat").and_then(Value::as_int).unwrap_or(1);
    let repeat = usize::try_from(repeat).ok().filter(|n| *n <= 20).ok_or("`repeat` must be 0 to 20")?;
    let size = lists.iter().try_fold(1_usize, |size, list| size.checked_mul(list.len()));
    let exponent = u32::try_from(repeat).unwrap_or(u32::MAX);
    if size.and_then(|size| size.checked_pow(exponent)).is_none_or(|size| size > MOST) {
        return Err("the product is too large".into());
    }
    let mut rows: Vec<Vec<Value>> = vec![Vec::new()];
    for list in lists.iter().cycle().take(lists.len() * repeat) {
        let longer = |row: &Vec<Value>, item: &Value| row.iter().chain([item]).cloned().collect();
        rows = rows.iter().flat_map(|row| list.iter().map(move |item| longer(row, item))).collect();
    }
    Ok(Value::list(rows.into_iter().map(Value::list).collect()))
}

fn combinations(call: &Call<'_>) -> Result<Value, CallError> {
    let items = items_of(call.subject()?)?;
    let size = usize::try_from(call.int(1, "n", 0)?).map_err(|_| "the size must not be negative")?;
    let mut rows: Vec<(usize, Vec<Value>)> = vec![(0, Vec::new())];
    for _ in 0..size {
        let mut longer = Vec::new();
        for (next, row) in &rows {
            for (place, item) in items.iter().enumerate().skip(*next) {
                longer.push((place + 1, row.iter().chain([item]).cloned().collect()));
            }
            if longer.len() > MOST {
                return Err("there are too many combinations".into());
            }
        }
        rows = longer;
    }
    Ok(Value::list(rows.into_iter().map(|(_, row)| Value::list(row)).collect()))
}

fn permutations(call: &Call<'_>) -> Result<Value, CallError> {
    let items = items_of(call.subject()?)?;
    let size = call.int(1, "r", i128::try_from(items.len()).unwrap_or(i128::MAX))?;
    let size = usize::try_from(size).map_err(|_| "the size must not be negative")?;
    let mut rows: Vec<Vec<usize>> = vec![Vec::new()];
    for _ in 0..size {
        let mut longer = Vec::new();
        for row in &rows {
            for place in (0..items.len()).filter(|place| !row.contains(place)) {
                longer.push(row.iter().copied().chain([place]).collect());
            }
            if longer.len() > MOST {
                return Err("there are too many permutations".into());
            }
        }
        rows = longer;
    }
    let row = |row: Vec<usize>| Value::list(row.into_iter().map(|place| items[place].clone()).collect());
    Ok(Value::list(rows.into_iter().map(row).collect()))
}

/// The mappings of a list, or of a mapping, under the value of one of their keys.
fn rekey(call: &Call<'_>) -> Result<Value, CallError> {
    let key = call.required_text(1, "key")?;
    let overwrite = match call.text(2, "duplicates")?.as_deref() {
        None | Some("error") => false,
        Some("overwrite") => true,
        Some(other) => {
            let message = format!("duplicates parameter to rekey_on_member has unknown value '{other}'");
            return Err(message.into());
        }
    };
    let items: Vec<Value> = match call.subject()? {
        Value::Map(map) => map.values().cloned().collect(),
        Value::String(_) => return Err("Type is not a valid list, set, or dict".into()),
        other => items_of(other).map_err(|_| "Type is not a valid list, set, or dict")?,
    };
    let mut out = Map::new();
    for item in items {
        let map = item.as_map().ok_or("List item is not a valid dict")?;
        let name = key_of(map.get(&key).ok_or_else(|| format!("Key '{key}' was not found."))?)?;
        if out.get_key(&name).is_some() && !overwrite {
            return Err(format!("Key '{name}' is not unique, cannot convert to dict.").into());
        }
        out.insert(name, item);
    }
    Ok(Value::from(out))
}

/// Pairs each item with each of the items of a list inside it.
fn subelements(call: &Call<'_>) -> Result<Value, CallError> {
    let path = match call.required(1, "subelements")? {
        Value::List(parts) => parts.iter().map(text_of).collect::<Result<Vec<_>, _>>()?,
        Value::String(path) => path.as_str().split('.').map(ToOwned::to_owned).collect(),
        _ => return Err("subelements must be a list or a string".into()),
    };
    let skip_missing = call.flag(2, "skip_missing", false)?;
    let objects = match call.subject()? {
        Value::Map(map) => map.values().cloned().collect(),
        Value::List(items) => items.to_vec(),
        _ => return Err("obj must be a list of dicts or a nested dict".into()),
    };
    let mut out = Vec::new();
    for object in &objects {
        let Some(inner) = inner_list(object, &path, skip_missing)? else { continue };
        out.extend(inner.iter().map(|item| Value::list(vec![object.clone(), item.clone()])));
    }
    Ok(Value::list(out))
}

/// The list at the end of a path; none where it is missing and may be.
fn inner_list<'a>(
    object: &'a Value,
    path: &[String],
    skip_missing: bool,
) -> Result<Option<&'a [Value]>, CallError> {
    let mut value = object;
    for key in path {
        let Value::Map(map) = value else {
            return Err(format!("the key {key} should point to a dictionary, got '{value}'").into());
        };
        match map.get(key) {
            Some(inner) => value = inner,
            None if skip_missing => return Ok(None),
            None => {
                return Err(format!("could not find '{key}' key in iterated item {}", repr(value)).into());
            }
        }
    }
    let last = path.last().map_or("", String::as_str);
    value
        .as_list()
        .map(Some)
        .ok_or_else(|| format!("the key '{last}' should point to a list, got {}", repr(value)).into())
}

fn zip(call: &Call<'_>, fill: Option<Value>) -> Result<Value, CallError> {
    let mut lists = vec![items_of(call.subject()?)?];
    for other in call.rest(1) {
        lists.push(items_of(other)?);
    }
    let lengths = lists.iter().map(Vec::len);
    let length = if fill.is_some() { lengths.max() } else { lengths.min() };
    let fill = fill.unwrap_or_default();
    let row = |place: usize| lists.iter().map(|list| list.get(place).unwrap_or(&fill).clone()).collect();
    Ok(Value::list((0..length.unwrap_or(0)).map(|place| Value::list(row(place))).collect()))
}
