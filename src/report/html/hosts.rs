//! What the machines are, in what they differ, and how the run was made.

use indexmap::IndexMap;

use super::Material;
use super::opening::NAMED;
use super::writer::Html;
use crate::base::HostName;
use crate::report::table::plural;

pub(super) fn print(material: &Material) -> Html {
    let mut html = Html::default();
    html.raw("<section id=\"hosts\"><h2>Hosts</h2>");
    let facts = || material.facts.iter().map(|(name, values)| (name, by_value(values)));
    let differ = facts().filter(|(_, values)| values.len() > 1).count();
    let known = facts()
        .flat_map(|(_, values)| values.into_values().flatten())
        .collect::<std::collections::HashSet<_>>();
    let sentence = match (known.len(), differ) {
        (0, _) => "Nothing is known of the machines: no play has gathered facts.".to_owned(),
        (1, _) => String::new(),
        (hosts, 0) => format!("The {hosts} hosts are alike in all that is known of them."),
        (_, count) => format!("The hosts differ in {}.", plural(count, "thing")),
    };
    if !sentence.is_empty() {
        html.element("p", &[], sentence);
    }
    if material.facts.iter().any(|(_, values)| !values.is_empty()) {
        html.raw("<table class=\"facts\"><tbody>");
        for (name, values) in facts().filter(|(_, values)| !values.is_empty()) {
            fact(&mut html, name, &values, known.len());
        }
        html.raw("</tbody></table>");
    }
    if !material.origin.is_empty() {
        html.raw("<details><summary>How this run was made</summary><dl>");
        for (name, value) in &material.origin {
            html.element("dt", &[], name).element("dd", &[], value);
        }
        html.raw("</dl></details>");
    }
    html.raw("</section>");
    html
}

/// Each value with its hosts, that of most hosts first.
fn by_value(values: &IndexMap<HostName, String>) -> IndexMap<&str, Vec<&HostName>> {
    let mut groups: IndexMap<&str, Vec<&HostName>> = IndexMap::new();
    for (host, value) in values {
        groups.entry(value).or_default().push(host);
    }
    groups.sort_by(|_, a, _, b| b.len().cmp(&a.len()));
    groups
}

fn fact(html: &mut Html, name: &str, values: &IndexMap<&str, Vec<&HostName>>, known: usize) {
    let differs = values.len() > 1;
    for (number, (value, hosts)) in values.iter().enumerate() {
        html.open("tr", &[("class", &if differs { "differs" } else { "" })]);
        if number == 0 {
            html.element("th", &[("rowspan", &values.len()), ("scope", &"rowgroup")], name);
        }
        html.element("td", &[], value);
        let named: Vec<&str> = hosts.iter().map(|host| host.as_str()).collect();
        let text = match (differs, named.as_slice()) {
            (false, all) if all.len() == known => format!("all {known}"),
            (_, few) if few.len() <= NAMED => few.join(", "),
            (_, many) => plural(many.len(), "host"),
        };
        if known > 1 {
            html.element("td", &[("class", &"quiet"), ("title", &named.join(", "))], text);
        }
        html.raw("</tr>");
    }
}
