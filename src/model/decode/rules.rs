//! Files of rules by which hosts are told from their fleet.

use super::fields::{Fields, wrong_type};
use crate::base::{Diagnostic, Diagnostics};
use crate::model::rules::{Rule, Subject};
use crate::syntax::Node;

/// A whole file: `rules:` and a list. What is wrong with a rule goes to `problems`.
pub fn rules(node: &Node, problems: &mut Diagnostics) -> Vec<Rule> {
    let Some(mut f) = Fields::new(node, "a file of rules", problems) else { return Vec::new() };
    let mut found: Vec<Rule> = Vec::new();
    match f.take("rules").map(|node| (node, node.as_sequence())) {
        Some((_, Some(items))) => found.extend(items.iter().filter_map(|item| rule(item, f.problems()))),
        Some((node, None)) => f.problems().push(wrong_type("`rules`", "a list", node)),
        None => f.missing(
            "`rules`",
            "write `rules:` and below it `- {name: slow, when: z < -3.5 and ratio < 0.95}`",
        ),
    }
    f.finish();
    for (at, rule) in found.iter().enumerate() {
        if let Some(first) = found[..at].iter().find(|other| other.name.value == rule.name.value) {
            problems.push(
                Diagnostic::error("duplicate-rule", format!("there are two rules `{}`", rule.name.value))
                    .at(&rule.name.span)
                    .related(&first.name.span, "the first"),
            );
        }
    }
    found
}

fn rule(node: &Node, problems: &mut Diagnostics) -> Option<Rule> {
    let mut f = Fields::new(node, "a rule", problems)?;
    let name = f.word("name");
    let about = f.choice("about", &[("figure", Subject::Figure), ("host", Subject::Host)]);
    let when = f.value("when");
    let say = f.string("say");
    let (cases, figures) = (f.words("cases").unwrap_or_default(), f.words("figures").unwrap_or_default());
    if name.is_none() {
        f.missing("`name`", "name it: the name stands beside the hosts that break it");
    }
    if when.is_none() {
        f.missing("`when`", "say when a host breaks it: `when: z < -3.5 and ratio < 0.95`");
    }
    let about = about.map_or(Subject::Figure, |about| about.value);
    if let (Subject::Host, Some(place)) = (about, cases.first().or(figures.first())) {
        let message = "a rule about hosts as a whole has neither `cases` nor `figures`";
        f.problems().push(Diagnostic::error("two-subjects", message).at(&place.span));
    }
    f.finish();
    Some(Rule { name: name?, about, when: when?, say, cases, figures })
}
