//! The proxy that the environment names for an address, and the hosts that need none.

use super::address::Address;
use crate::base::address::masked;
use crate::module::Context;
use crate::module::path::variable_value;

/// The proxy for an address.
pub(super) fn of(address: &Address, ctx: &Context<'_>) -> Result<Option<Address>, String> {
    let either = |name: &str| {
        let big = name.to_uppercase();
        let given = variable_value(name, ctx).or_else(|| variable_value(&big, ctx));
        given.filter(|value| !value.is_empty())
    };
    let scheme = if address.is_secure { "https_proxy" } else { "http_proxy" };
    let Some(proxy) = either(scheme).or_else(|| either("all_proxy")) else { return Ok(None) };
    if either("no_proxy").is_some_and(|list| is_without(&list, address)) {
        return Ok(None);
    }
    let whole = if proxy.contains("://") { proxy } else { format!("http://{proxy}") };
    let found = Address::parse(&whole)
        .map_err(|_| format!("the proxy {} is no address of http or https", masked(&whole)))?;
    Ok(Some(found))
}

/// Whether `no_proxy` names the host, or a domain that it is in.
fn is_without(list: &str, address: &Address) -> bool {
    let host = address.host.to_lowercase();
    let with_port = format!("{host}:{}", address.port);
    list.split(',').map(|name| name.trim().trim_start_matches('.').to_lowercase()).any(|name| {
        let fits =
            |host: &str| host == name || host.strip_suffix(&name).is_some_and(|rest| rest.ends_with('.'));
        name == "*" || !name.is_empty() && (fits(&host) || fits(&with_port))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_that_need_none() {
        let address = Address::parse("http://a.example.com:81/").unwrap();
        for (list, without) in [
            ("*", true),
            ("b, .example.com", true),
            ("example.com:81", true),
            ("example.com:80", false),
            ("ample.com", false),
            ("", false),
        ] {
            assert_eq!(is_without(list, &address), without, "{list}");
        }
    }
}
