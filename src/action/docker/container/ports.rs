//! Ports of a container: `8080:80`, `127.0.0.1:8080:80/udp`, `9000-9003:9000-9003`, `80`.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use serde_json::{Map as Object, Value as Json, json};

/// `HostConfig.PortBindings` of published ports.
pub(super) fn published(given: &[String]) -> Result<Json, String> {
    let mut bindings: Object<String, Json> = Object::new();
    for text in given {
        let wrong =
            || format!("argument `published_ports`: `{text}` is not `[[ADDRESS:]PORT:]PORT[/PROTOCOL]`");
        let (rest, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
        let (front, inside) = match rest.rsplit_once(':') {
            Some((front, inside)) => (Some(front), inside),
            None => (None, rest),
        };
        let inside = range(inside).ok_or_else(wrong)?;
        let (address, host) = match front.map(|front| front.rsplit_once(':').unwrap_or(("", front))) {
            None => ("", None),
            // `127.0.0.1::80`: any port of that address.
            Some((address, "")) => (address, None),
            // An address alone has dots or brackets in it: `127.0.0.1:80` is no such thing.
            Some((address, port)) => (address, Some(range(port).ok_or_else(wrong)?)),
        };
        if host.as_ref().is_some_and(|host| host.clone().count() != inside.clone().count()) {
            return Err(wrong());
        }
        let address = address.trim_start_matches('[').trim_end_matches(']');
        for (place, port) in inside.enumerate() {
            let host = host.clone().and_then(|mut ports| ports.nth(place));
            let host = host.map(|port| port.to_string()).unwrap_or_default();
            let binding = json!({"HostIp": address, "HostPort": host});
            let all = bindings.entry(format!("{port}/{protocol}")).or_insert_with(|| json!([]));
            all.as_array_mut().expect("just made").push(binding);
        }
    }
    Ok(Json::Object(bindings))
}

/// All ports that it listens on, as `PORT/PROTOCOL`: those that are exposed, and those that are published.
pub(super) fn exposed(
    given: Option<&[String]>,
    published: Option<&Json>,
) -> Result<Option<Vec<String>>, String> {
    let mut ports = BTreeSet::new();
    for text in given.unwrap_or_default() {
        let (numbers, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
        let wrong = || format!("argument `exposed_ports`: `{text}` is not `PORT[-PORT][/PROTOCOL]`");
        ports.extend(range(numbers).ok_or_else(wrong)?.map(|port| format!("{port}/{protocol}")));
    }
    ports.extend(published.and_then(Json::as_object).into_iter().flat_map(Object::keys).cloned());
    let is_given = given.is_some() || published.is_some();
    Ok(is_given.then(|| ports.into_iter().collect()))
}

/// `80` or `9000-9003`.
fn range(text: &str) -> Option<RangeInclusive<u16>> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (first.parse().ok()?, last.parse().ok()?);
    (first <= last).then_some(first..=last)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> String {
        published(&[text.to_owned()]).map_or_else(|error| error, |ports| ports.to_string())
    }

    #[test]
    fn the_forms() {
        assert_eq!(read("8080:80"), r#"{"80/tcp":[{"HostIp":"","HostPort":"8080"}]}"#);
        assert_eq!(read("80/udp"), r#"{"80/udp":[{"HostIp":"","HostPort":""}]}"#);
        assert_eq!(read("127.0.0.1:8080:80"), r#"{"80/tcp":[{"HostIp":"127.0.0.1","HostPort":"8080"}]}"#);
        assert_eq!(read("127.0.0.1::80"), r#"{"80/tcp":[{"HostIp":"127.0.0.1","HostPort":""}]}"#);
        assert_eq!(read("[::1]:8080:80"), r#"{"80/tcp":[{"HostIp":"::1","HostPort":"8080"}]}"#);
        assert_eq!(
            read("1000-1001:7-8"),
            r#"{"7/tcp":[{"HostIp":"","HostPort":"1000"}],"8/tcp":[{"HostIp":"","HostPort":"1001"}]}"#
        );
        for wrong in ["", "x", "1:2:x", "5-4:5-4", "1-3:1-2", "70000:80"] {
            assert!(read(wrong).starts_with("argument `published_ports`"), "{wrong}");
        }
        let all = exposed(Some(&["22".to_owned()]), Some(&json!({"80/tcp": []})));
        assert_eq!(all, Ok(Some(vec!["22/tcp".to_owned(), "80/tcp".to_owned()])));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[0-9.:/\\[\\]a-z-]{0,20}") {
            let _ = published(&[text]);
        }
    }
}
