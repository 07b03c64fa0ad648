//! The groups of an inventory as a tree for people.

use super::listing::{Listing, group_vars};
use crate::base::{Diagnostic, Map, Value};
use crate::model::Group;

/// The tree from one group down, with variables or without.
pub(super) fn tree(listing: &Listing<'_>, from: &str, vars: bool) -> Result<String, Diagnostic> {
    let groups = &listing.inventory.groups;
    let Some(group) = groups.get(from) else {
        return Err(Diagnostic::error("no-such-group", format!("there is no group `{from}`"))
            .suggest(from, groups.keys().map(|name| &**name)));
    };
    let mut lines = Vec::new();
    branch(listing, group, vars, 0, &mut lines);
    Ok(lines.join("\n") + "\n")
}

fn branch(listing: &Listing<'_>, group: &Group, vars: bool, depth: usize, lines: &mut Vec<String>) {
    lines.push(line(&format!("@{}:", group.name), depth));
    for child in listing.children(group) {
        branch(listing, child, vars, depth + 1, lines);
    }
    for host in group.hosts.keys().filter(|_| &*group.name != "all") {
        lines.push(line(host.as_str(), depth + 1));
        if let (true, Value::Map(pairs)) = (vars, listing.host(host)) {
            variables(&pairs, depth + 2, lines);
        }
    }
    if vars {
        variables(&group_vars(group), depth + 1, lines);
    }
}

fn variables(vars: &Map, depth: usize, lines: &mut Vec<String>) {
    let mut shown: Vec<_> = vars.iter().map(|(name, value)| format!("{{{name} = {value}}}")).collect();
    shown.sort();
    lines.extend(shown.iter().map(|text| line(text, depth)));
}

fn line(text: &str, depth: usize) -> String {
    if depth == 0 { text.to_owned() } else { format!("{}--{text}", "  |".repeat(depth)) }
}
