//! Methods of mappings.

use super::super::calling::Arguments;
use super::super::object::{Dict, Val};
use crate::base::Key;
use crate::vars::call::CallError;

pub(in super::super) const NAMES: &[&str] = &[
    "clear",
    "copy",
    "fromkeys",
    "get",
    "items",
    "keys",
    "pop",
    "popitem",
    "setdefault",
    "update",
    "values",
];

pub(super) fn call(map: &Dict, name: &str, arguments: Arguments) -> Result<Val, CallError> {
    let key = |value: Option<Val>| value.ok_or_else(|| CallError::from("a key is missing"))?.key();
    match name {
        "get" => {
            let [wanted, default] = arguments.bind(["key", "default"])?;
            Ok(map.get(&key(wanted)?)?.or(default).unwrap_or_else(Val::null))
        }
        "keys" => {
            arguments.bind([])?;
            Ok(Val::list(map.keys().iter().map(|key| Val::Plain(key.to_value())).collect()))
        }
        "values" => {
            arguments.bind([])?;
            Ok(Val::list(map.to_map()?.into_values().collect()))
        }
        "items" => {
            arguments.bind([])?;
            Ok(Val::list(map.to_map()?.into_iter().map(pair).collect()))
        }
        "copy" => {
            arguments.bind([])?;
            Ok(Val::map(map.to_map()?))
        }
        "fromkeys" => {
            let [keys, value] = arguments.bind(["iterable", "value"])?;
            let value = value.unwrap_or_else(Val::null);
            let keys = keys.ok_or("the keys are missing")?.items()?;
            let pairs = keys.iter().map(|key| Ok((key.key()?, value.clone())));
            Ok(Val::map(pairs.collect::<Result<_, CallError>>()?))
        }
        "update" => {
            let mut entries: Vec<(Key, Val)> = Vec::new();
            for given in arguments.positional {
                match given {
                    Val::Map(other) => entries.extend(other.to_map()?),
                    pairs => {
                        for item in pairs.items()? {
                            let [key, value] = <[Val; 2]>::try_from(item.items()?)
                                .map_err(|_| "each item must be a pair")?;
                            entries.push((key.key()?, value));
                        }
                    }
                }
            }
            entries.extend(arguments.named.into_iter().map(|(name, value)| (Key::Str(name), value)));
            map.own()?.extend(entries);
            Ok(Val::null())
        }
        "setdefault" => {
            let [wanted, default] = arguments.bind(["key", "default"])?;
            let wanted = key(wanted)?;
            if let Some(value) = map.get(&wanted)? {
                return Ok(value);
            }
            let value = default.unwrap_or_else(Val::null);
            map.own()?.insert(wanted, value.clone());
            Ok(value)
        }
        "pop" => {
            let [wanted, default] = arguments.bind(["key", "default"])?;
            let wanted = key(wanted)?;
            let value = map.own()?.shift_remove(&wanted);
            value.or(default).ok_or_else(|| format!("there is no key `{wanted}`").into())
        }
        "popitem" => {
            arguments.bind([])?;
            let last = map.own()?.pop();
            last.map(pair).ok_or_else(|| "the mapping is empty".into())
        }
        _ => {
            arguments.bind([])?;
            map.own()?.clear();
            Ok(Val::null())
        }
    }
}

fn pair((key, value): (Key, Val)) -> Val {
    Val::tuple(vec![Val::Plain(key.to_value()), value])
}
