//! Addresses of a host by its name: `/etc/hosts`, then the name servers of `/etc/resolv.conf`, then what `getent` knows.
//! The resolver of libc is never called (it may not be, in a static program).

use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use super::dns::{self, Kind, Reply};
use crate::module::process::Command;
use crate::module::{Context, programs};

/// Whom to ask, as resolv.conf(5) says.
#[derive(Debug, PartialEq, Eq)]
struct Servers {
    addresses: Vec<IpAddr>,
    domains: Vec<String>,
    /// A name with so many dots is tried as it is first.
    dots: usize,
    patience: Duration,
    attempts: u32,
}

/// All addresses of a name or number, those of version 4 first.
pub(super) fn find(host: &str, ctx: &Context<'_>) -> Vec<IpAddr> {
    if let Ok(address) = host.parse() {
        return vec![address];
    }
    let read = |path: &str| std::fs::read_to_string(Path::new(path)).unwrap_or_default();
    let listed = in_hosts(&read("/etc/hosts"), host);
    if !listed.is_empty() {
        return listed;
    }
    if host == "localhost" || host.ends_with(".localhost") {
        return vec![IpAddr::from([127, 0, 0, 1]), "::1".parse().unwrap_or_else(|_| [127, 0, 0, 1].into())];
    }
    let found = Servers::read(&read("/etc/resolv.conf")).ask(host, 53, ctx);
    if found.is_empty() { by_getent(host, ctx) } else { found }
}

fn in_hosts(text: &str, host: &str) -> Vec<IpAddr> {
    let address = |line: &str| {
        let mut words = line.split('#').next()?.split_whitespace();
        let address = words.next()?.parse().ok()?;
        words.any(|name| name.eq_ignore_ascii_case(host)).then_some(address)
    };
    sorted(text.lines().filter_map(address).collect())
}

fn sorted(mut found: Vec<IpAddr>) -> Vec<IpAddr> {
    found.sort_by_key(IpAddr::is_ipv6);
    found
}

impl Servers {
    fn read(text: &str) -> Self {
        let mut servers = Self {
            addresses: Vec::new(),
            domains: Vec::new(),
            dots: 1,
            patience: Duration::from_secs(5),
            attempts: 2,
        };
        for line in text.lines().filter(|line| !line.trim_start().starts_with(['#', ';'])) {
            let mut words = line.split_whitespace();
            match words.next() {
                // A scope (`fe80::1%eth0`) has no place in an address.
                Some("nameserver") => {
                    servers.addresses.extend(words.next().and_then(|word| word.parse::<IpAddr>().ok()));
                }
                Some("search" | "domain") => servers.domains = words.map(str::to_owned).collect(),
                Some("options") => words.for_each(|word| servers.option(word)),
                _ => {}
            }
        }
        servers.addresses.truncate(3);
        if servers.addresses.is_empty() {
            servers.addresses.push([127, 0, 0, 1].into());
        }
        servers
    }

    fn option(&mut self, word: &str) {
        let number = |name: &str| word.strip_prefix(name)?.parse::<u32>().ok();
        if let Some(dots) = number("ndots:") {
            self.dots = usize::try_from(dots.min(15)).unwrap_or(1);
        } else if let Some(seconds) = number("timeout:") {
            self.patience = Duration::from_secs(seconds.clamp(1, 30).into());
        } else if let Some(attempts) = number("attempts:") {
            self.attempts = attempts.clamp(1, 5);
        }
    }

    /// The names that a name may stand for, in their order.
    fn candidates(&self, host: &str) -> Vec<String> {
        if let Some(whole) = host.strip_suffix('.') {
            return vec![whole.to_owned()];
        }
        let within = self.domains.iter().map(|domain| format!("{host}.{}", domain.trim_end_matches('.')));
        let mut all: Vec<_> = within.filter(|name| !name.ends_with('.')).collect();
        let place = if host.matches('.').count() >= self.dots { 0 } else { all.len() };
        all.insert(place, host.to_owned());
        all
    }

    fn ask(&self, host: &str, port: u16, ctx: &Context<'_>) -> Vec<IpAddr> {
        for name in self.candidates(host) {
            let mut found = Vec::new();
            for kind in [Kind::V4, Kind::V6] {
                match self.one(&name, kind, port, ctx) {
                    Some(Reply::Found(addresses)) => found.extend(addresses),
                    // There are none of the other kind either.
                    Some(Reply::Unknown | Reply::TooLong) | None => break,
                }
            }
            if !found.is_empty() {
                return found;
            }
        }
        Vec::new()
    }

    fn one(&self, name: &str, kind: Kind, port: u16, ctx: &Context<'_>) -> Option<Reply> {
        for _ in 0..self.attempts {
            for server in &self.addresses {
                if ctx.link.cancelled().is_some() {
                    return None;
                }
                if let Ok(reply) = dns::ask(SocketAddr::new(*server, port), name, kind, self.patience) {
                    return Some(reply);
                }
            }
        }
        None
    }
}

/// Names that another service of the system knows (LDAP, mDNS). Who has no `getent` knows none.
fn by_getent(host: &str, ctx: &Context<'_>) -> Vec<IpAddr> {
    if !programs::is_there("getent", ctx) {
        return Vec::new();
    }
    let mut asking = Context { request: ctx.request, link: ctx.link, clock: ctx.clock };
    let command = Command { quiet: true, ..Command::new(["getent", "ahosts", host]) };
    let said = asking.run(&command).map(|done| done.stdout).unwrap_or_default();
    let mut found: Vec<IpAddr> = Vec::new();
    for line in String::from_utf8_lossy(&said).lines() {
        let address = line.split_whitespace().next().and_then(|word| word.parse().ok());
        found.extend(address.filter(|address| !found.contains(address)));
    }
    sorted(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_the_list_of_hosts() {
        let text = "# all\n::1 localhost\n127.0.0.1 localhost me # x other\n10.0.0.2\tOther\n";
        assert_eq!(in_hosts(text, "localhost"), ["127.0.0.1", "::1"].map(|a| a.parse::<IpAddr>().unwrap()));
        assert_eq!(in_hosts(text, "other"), ["10.0.0.2".parse::<IpAddr>().unwrap()]);
        assert!(in_hosts(text, "x").is_empty());
    }

    #[test]
    fn who_is_asked_for_what() {
        let servers = Servers::read(
            "; x\nnameserver 10.0.0.1\nnameserver ::1\nsearch a.b c.\noptions ndots:2 timeout:1 attempts:9\n",
        );
        assert_eq!(servers.addresses, ["10.0.0.1", "::1"].map(|a| a.parse::<IpAddr>().unwrap()));
        assert_eq!((servers.patience, servers.attempts), (Duration::from_secs(1), 5));
        assert_eq!(servers.candidates("h.x"), ["h.x.a.b", "h.x.c", "h.x"]);
        assert_eq!(servers.candidates("h.x.y"), ["h.x.y", "h.x.y.a.b", "h.x.y.c"]);
        assert_eq!(servers.candidates("h."), ["h"]);
        assert_eq!(Servers::read("").addresses, [IpAddr::from([127, 0, 0, 1])]);
    }
}
