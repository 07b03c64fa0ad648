//! Cases.

use std::sync::Arc;

use super::Decoder;
use super::fields::{Fields, spanned, wrong_type};
use super::keywords::shared;
use super::metric::metrics;
use crate::base::{Diagnostic, Diagnostics, Spanned};
use crate::model::{
    Axis, Case, CaseRole, GoingOn, Reduce, Rendezvous, Requirement, RequirementKind, RoleFrom,
};
use crate::syntax::Node;

impl Decoder<'_> {
    /// `cases`: a list.
    pub(super) fn cases(&self, node: &Node, problems: &mut Diagnostics) -> Vec<Arc<Case>> {
        let Some(items) = node.as_sequence() else {
            problems.push(wrong_type("`cases`", "a list (`- name: …`)", node));
            return Vec::new();
        };
        items.iter().filter_map(|n| self.case(n, problems)).map(Arc::new).collect()
    }

    fn case(&self, node: &Node, problems: &mut Diagnostics) -> Option<Case> {
        let mut f = Fields::new(node, "a case", problems)?;
        let case = self.case_of(&mut f, node);
        f.finish();
        case
    }

    pub(super) fn case_of(&self, f: &mut Fields<'_, '_>, node: &Node) -> Option<Case> {
        let keywords = self.keywords(f);
        let name = f_name(f, &keywords);
        let role = f.string("role").map(|name| CaseRole { name, from: RoleFrom::default() });
        let matrix = f.take("matrix").map(|n| matrix(n, f.problems())).unwrap_or_default();
        let is_mapping = node.get("repeat").is_some_and(|node| node.as_mapping().is_some());
        let going_on =
            if is_mapping { f.take("repeat").and_then(|n| going_on(n, f.problems())) } else { None };
        let repeat = going_on.as_ref().map(|own| own.max.clone()).or_else(|| f.number("repeat"));
        let warmup = f.number("warmup");
        let requires = f.take("requires").map(|n| requirements(n, f.problems())).unwrap_or_default();
        let rendezvous = f.take("rendezvous").and_then(|n| rendezvous(n, f.problems()));
        let mut part =
            |key| f.take(key).map(|n| self.task_list(Some(key), n, f.problems())).unwrap_or_default();
        let (prepare, run, finish) = (part("prepare"), part("run"), part("finish"));
        let metrics = f.take("metrics").map(|n| metrics(n, f.problems())).unwrap_or_default();
        if role.is_none() && run.is_empty() && node.get("run").is_none() {
            f.missing("`run`", "say what is measured: `run:` with tasks, or `role:` with a case role");
        }
        if let (Some(r), false) = (&role, run.is_empty() && prepare.is_empty() && finish.is_empty()) {
            let span = r.name.span.clone();
            f.problems().push(
                Diagnostic::error(
                    "two-sources",
                    "a case has its tasks from its role or writes them itself, not both",
                )
                .at(&span)
                .help("move `prepare`, `run` and `finish` into the role, or drop `role`"),
            );
        }
        Some(Case {
            span: f.span(),
            name: name?,
            keywords,
            role,
            matrix,
            repeat,
            going_on,
            warmup,
            requires,
            rendezvous,
            prepare,
            run,
            finish,
            metrics,
        })
    }
}

/// The name of a case is part of its id, so it is a plain word.
fn f_name(f: &mut Fields<'_, '_>, keywords: &crate::model::Keywords) -> Option<Spanned<Arc<str>>> {
    let Some(name) = &keywords.name else {
        f.missing("`name`", "name it: the name stands in its id, as in `stream[threads=1]`");
        return None;
    };
    let text = name.as_str().unwrap_or_default();
    let plain = !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || "_-.".contains(c));
    if !plain {
        f.problems().push(
            Diagnostic::error("bad-name", format!("`{text}` cannot be the name of a case"))
                .at(&name.span)
                .help("use letters, digits, `_`, `-` and `.`: it stands in ids, selections and folder names"),
        );
        return None;
    }
    Some(Spanned::new(Arc::from(text), name.span.clone()))
}

/// `repeat: {min: 5, max: 30, until: 2 %, budget: 10m}`
fn going_on(node: &Node, problems: &mut Diagnostics) -> Option<GoingOn> {
    let mut f = Fields::new(node, "`repeat`", problems)?;
    let (min, max) = (f.number("min"), f.number("max"));
    let (until, budget) = (f.string("until"), f.string("budget"));
    if max.is_none() && node.get("max").is_none() {
        f.missing("`max`", "say after how many rounds it is enough in any case: `max: 30`");
    }
    if until.is_none() && budget.is_none() {
        f.missing(
            "`until` or `budget`",
            "say when it is enough: `until: 2 %`, `budget: 10m`, or write `repeat: 10`",
        );
    }
    let span = f.span();
    f.finish();
    Some(GoingOn { span, min, max: max?, until, budget })
}

fn matrix(node: &Node, problems: &mut Diagnostics) -> Vec<Axis> {
    let Some(pairs) = node.as_mapping() else {
        problems.push(wrong_type("`matrix`", "a mapping of names to lists", node));
        return Vec::new();
    };
    let mut axes = Vec::new();
    for (key, value) in pairs {
        let template = value.as_str().is_some_and(crate::base::value::has_marks);
        match value.as_sequence() {
            Some([]) => problems.push(
                Diagnostic::error("empty-axis", format!("the axis `{}` has no value", shared(key)))
                    .at(&value.span)
                    .help("an axis without values would leave no case: give it one, or drop it"),
            ),
            None if !template => {
                problems.push(wrong_type(&format!("the axis `{}`", shared(key)), "a list", value));
            }
            _ => {
                axes.push(Axis { name: Spanned::new(shared(key), key.span.clone()), values: spanned(value) });
            }
        }
    }
    axes
}

fn requirements(node: &Node, problems: &mut Diagnostics) -> Vec<Requirement> {
    let items = node.as_sequence().unwrap_or(std::slice::from_ref(node));
    items.iter().flat_map(|n| requirement(n, problems)).collect()
}

fn requirement(node: &Node, problems: &mut Diagnostics) -> Vec<Requirement> {
    if node.as_mapping().is_none() {
        if node.as_scalar().is_none() {
            problems.push(wrong_type("`requires`", "commands, or mappings such as `{memory: 4 GiB}`", node));
            return Vec::new();
        }
        return vec![Requirement {
            kind: RequirementKind::Command(node.to_value()),
            package: None,
            span: node.span.clone(),
        }];
    }
    let Some(mut f) = Fields::new(node, "`requires`", problems) else { return Vec::new() };
    let mut found = Vec::new();
    let package = f.value("package");
    let command = f.value("command");
    if let (Some(package), None) = (&package, &command) {
        f.problems().push(
            Diagnostic::error("missing-keyword", "`package` needs the `command` that it brings")
                .at(&package.span)
                .help("name both: `{command: redis-benchmark, package: redis-tools}`"),
        );
    }
    found.extend(command.map(|command| Requirement {
        kind: RequirementKind::Command(command.value),
        package: package.map(|package| package.value),
        span: command.span,
    }));
    let mut take = |key, kind: fn(crate::base::Value) -> RequirementKind| {
        found.extend(f.value(key).map(|v| Requirement { kind: kind(v.value), package: None, span: v.span }));
    };
    take("memory", RequirementKind::Memory);
    take("device", RequirementKind::Device);
    take("memlock", RequirementKind::Memlock);
    f.finish();
    found
}

/// `meta/case.yml` of a case role: what every case that uses it requires.
pub fn case_meta(node: &Node, problems: &mut Diagnostics) -> Vec<Requirement> {
    if node.is_null() {
        return Vec::new();
    }
    let Some(mut f) = Fields::new(node, "what a case role says of its cases", problems) else {
        return Vec::new();
    };
    let requires = f.take("requires").map(|n| requirements(n, f.problems())).unwrap_or_default();
    f.finish();
    requires
}

fn rendezvous(node: &Node, problems: &mut Diagnostics) -> Option<Rendezvous> {
    let mut f = Fields::new(node, "`rendezvous`", problems)?;
    let nodes = f.number("nodes");
    let ranks_per_node = f.number("ranks_per_node");
    let reduce = f.choice("reduce", &Reduce::WORDS);
    if nodes.is_none() {
        f.missing("`nodes`", "say on how many hosts it runs: `nodes: 2`");
    }
    let span = f.span();
    f.finish();
    Some(Rendezvous { span, nodes: nodes?, ranks_per_node, reduce })
}
