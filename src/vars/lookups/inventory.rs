//! `inventory_hostnames`: the hosts that a pattern means, out of the variable `groups`.

use super::{Lookup, Request};
use crate::base::{Diagnostics, Span, Value};
use crate::model::Inventory;
use crate::model::pattern::Pattern;
use crate::vars::call::{CallError, text_of};

pub(super) const LOOKUPS: &[Lookup] =
    &[Lookup { name: "inventory_hostnames", options: &[], run: inventory_hostnames }];

/// What no host and no group is called, and what is no pattern, means no host.
fn inventory_hostnames(request: &Request<'_>) -> Result<Vec<Value>, CallError> {
    let groups = request.caller.variable("groups")?.ok_or_else(|| CallError::Undefined("groups".into()))?;
    let groups =
        groups.as_map().ok_or_else(|| format!("`groups` must be a mapping, not {}", groups.kind()))?;
    let nowhere = Span::nowhere("groups");
    let mut inventory = Inventory::new();
    for (group, hosts) in groups.iter() {
        let group = group.to_string();
        inventory.add_group(&group, &nowhere);
        for host in hosts.as_list().unwrap_or_default() {
            inventory.add_host(&host.to_string(), &nowhere);
            inventory.add_host_to_group(&group, &host.to_string(), &nowhere);
        }
    }
    let mut pattern = Pattern::default();
    for term in request.terms {
        let parts = term.as_list().map_or_else(|| vec![term.clone()], <[Value]>::to_vec);
        for part in &parts {
            match Pattern::parse(&text_of(part)?, &nowhere) {
                Ok(more) => pattern = pattern.and(more),
                Err(_) => return Ok(Vec::new()),
            }
        }
    }
    let hosts = inventory.select_known(&pattern, &mut Diagnostics::new());
    Ok(hosts.iter().map(|host| Value::from(host.as_str())).collect())
}
