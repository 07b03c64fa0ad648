//! Addresses of networks and of hardware: the filters of the collection `ansible.utils`, which were in `ansible.netcommon` before.

use super::{Filter, filter};
use crate::base::Value;
use crate::vars::call::{Call, CallError};

mod hardware;
mod network;
mod query;
mod reach;
mod subject;
mod subnets;

use network::{Address, Network, Version};
use subject::Subject;

pub(super) const FILTERS: &[Filter] = &[
    filter("ipaddr", |call| {
        let version = call.arg(2, "version").cloned();
        // It only names the filter in messages.
        let _ = call.arg(3, "alias");
        asked(call, version.as_ref().map(whole).transpose()?)
    }),
    filter("ipv4", |call| asked(call, Some(4))),
    filter("ipv6", |call| asked(call, Some(6))),
    filter("ipwrap", wrap),
    filter("hwaddr", |call| {
        let _ = call.arg(2, "alias");
        hardware_address(call)
    }),
    filter("macaddr", hardware_address),
    filter("ipsubnet", |call| {
        let index = call.arg(2, "index").filter(|index| !index.is_null()).map(whole).transpose()?;
        subnets::subnet(&subject(call)?, &query(call), index)
    }),
    filter("ipmath", math),
    filter("nthhost", |call| {
        let index = call.arg(1, "query").map(ToString::to_string);
        subnets::nth_host(&subject(call)?, index.as_deref())
    }),
    filter("next_nth_usable", |call| {
        Ok(subnets::nth_usable(&subject(call)?, whole(call.required(1, "offset")?)?))
    }),
    filter("previous_nth_usable", |call| {
        Ok(subnets::nth_usable(&subject(call)?, -whole(call.required(1, "offset")?)?))
    }),
    filter("network_in_network", |call| is_inside(call, false)),
    filter("network_in_usable", |call| is_inside(call, true)),
    filter("reduce_on_network", reduce),
    filter("cidr_merge", |call| match &*call.text(1, "action")?.unwrap_or_else(|| "merge".into()) {
        "merge" => subnets::merge(&texts(call.subject()?)?),
        "span" => subnets::span(&texts(call.subject()?)?),
        other => Err(format!("`{other}` is no action; there are merge and span").into()),
    }),
    filter("usable_range", |call| subnets::usable_range(&subject(call)?)),
    filter("slaac", slaac),
    filter("ip4_hex", hexadecimal),
];

/// The subject as the text that Python would print.
fn subject(call: &Call<'_>) -> Result<String, CallError> {
    Ok(call.subject()?.to_string())
}

fn query(call: &Call<'_>) -> String {
    call.arg(1, "query").map(ToString::to_string).unwrap_or_default()
}

/// A whole number, which may be written as text.
fn whole(value: &Value) -> Result<i128, CallError> {
    let number = value.as_int().or_else(|| value.as_str().and_then(network::python_int));
    number.ok_or_else(|| format!("an integer is needed, not {}", value.kind()).into())
}

/// A list of texts, which may be one text with commas.
fn texts(value: &Value) -> Result<Vec<String>, CallError> {
    match value {
        Value::List(items) => Ok(items.iter().map(ToString::to_string).collect()),
        Value::String(text) => Ok(text.as_str().split(',').map(ToOwned::to_owned).collect()),
        Value::Int(number) => Ok(vec![number.to_string()]),
        other => Err(format!("a list is needed, not {}", other.kind()).into()),
    }
}

fn asked(call: &Call<'_>, version: Option<i128>) -> Result<Value, CallError> {
    match call.subject()? {
        value @ (Value::String(_) | Value::List(_) | Value::Int(_) | Value::Bool(_)) => {
            query::ask(value, &query(call), version)
        }
        other => Err(format!("an address is needed, not {}", other.kind()).into()),
    }
}

/// Addresses of version 6 in brackets, as URLs need them; everything else as it is.
fn wrap(call: &Call<'_>) -> Result<Value, CallError> {
    let query = query(call);
    let one = |value: &Value| match query::ask(value, &query, None) {
        Ok(found) if found.is_truthy() => Some(found),
        _ => None,
    };
    Ok(match call.subject()? {
        Value::List(items) => {
            let wrapped = |item: &Value| match one(item) {
                Some(_) => query::ask(item, "wrap", None),
                None => Ok(item.clone()),
            };
            Value::list(items.iter().map(wrapped).collect::<Result<_, _>>()?)
        }
        value @ (Value::String(_) | Value::Bool(_)) => match one(value) {
            Some(found) => query::ask(&found, "wrap", None)?,
            None => value.clone(),
        },
        other => return Err(format!("an address is needed, not {}", other.kind()).into()),
    })
}

fn hardware_address(call: &Call<'_>) -> Result<Value, CallError> {
    hardware::ask(&subject(call)?, &query(call))
}

/// An address so many steps away.
fn math(call: &Call<'_>) -> Result<Value, CallError> {
    let text = subject(call)?;
    let amount = whole(call.required(1, "amount")?)?;
    let address = if text.contains('/') {
        Network::parse(&text).map(|network| network.address)
    } else {
        Address::parse(&text)
    };
    let address = address.ok_or_else(|| format!("`{text}` is no address"))?;
    let found = address.step(amount).ok_or("there is no such address")?;
    Ok(Value::from(found.to_string()))
}

fn is_inside(call: &Call<'_>, usable: bool) -> Result<Value, CallError> {
    Ok(Value::Bool(subnets::is_inside(&subject(call)?, &call.required_text(1, "test")?, usable)))
}

/// Those of a list that are in a network.
fn reduce(call: &Call<'_>) -> Result<Value, CallError> {
    let network = call.required_text(1, "network")?;
    let mut found = Vec::new();
    for text in texts(call.subject()?)? {
        if subnets::is_inside(&network, &text, false) {
            found.push(Value::from(text));
        }
    }
    Ok(Value::list(found))
}

/// The address that a host gives itself in a network of version 6 (RFC 4862).
fn slaac(call: &Call<'_>) -> Result<Value, CallError> {
    let subject = Subject::read(&Value::from(subject(call)?), None).map(|subject| subject.network);
    let network = subject.filter(|network| network.version() == Version::V6);
    let hardware = call.arg(1, "query").and_then(|query| hardware::Hardware::parse(&query.to_string()));
    let Some((network, hardware)) = network.zip(hardware) else { return Ok(Value::Bool(false)) };
    let number = network.first().number.checked_add(u128::from(hardware.interface()));
    let address =
        number.and_then(|number| Address::new(Version::V6, number)).ok_or("there is no such address")?;
    Ok(Value::from(address.to_string()))
}

fn hexadecimal(call: &Call<'_>) -> Result<Value, CallError> {
    let text = subject(call)?;
    let delimiter = call.arg(1, "delimiter").map(ToString::to_string).unwrap_or_default();
    let address = Address::parse(&text).filter(|address| address.version == Version::V4);
    let address = address.ok_or_else(|| format!("`{text}` is no address of version 4"))?;
    let bytes = (0..4).rev().map(|place| format!("{:02x}", (address.number >> (8 * place)) & 255));
    Ok(Value::from(bytes.collect::<Vec<_>>().join(&delimiter)))
}
