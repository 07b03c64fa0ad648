//! Role entries, and `meta/main.yml`.

use std::sync::Arc;

use super::Decoder;
use super::fields::{Fields, is_template, text_value, wrong_type};
use super::keywords::shared;
use crate::base::spec::Argument;
use crate::base::{Diagnostic, Diagnostics, Map, Spanned, Value};
use crate::model::{Call, Keywords, RoleEntry, RoleFrom, Switch};
use crate::syntax::Node;

/// What `meta/main.yml` of a role says that matters here.
#[derive(Clone, Debug, Default)]
pub struct RoleMeta {
    /// `dependencies`
    pub dependencies: Vec<RoleEntry>,
    /// `allow_duplicates`
    pub allow_duplicates: bool,
    /// `argument_specs`
    pub argument_specs: Option<Spanned<Arc<Map>>>,
}

impl Decoder<'_> {
    /// `roles:`, `dependencies:` or `configure:`.
    pub(super) fn role_entries(&self, node: &Node, problems: &mut Diagnostics) -> Vec<RoleEntry> {
        let Some(items) = node.as_sequence() else {
            problems.push(wrong_type("a list of roles", "a list (`- NAME`, or `- {role: NAME}`)", node));
            return Vec::new();
        };
        items.iter().filter_map(|n| self.role_entry(n, problems)).collect()
    }

    fn role_entry(&self, node: &Node, problems: &mut Diagnostics) -> Option<RoleEntry> {
        if node.as_mapping().is_none() {
            let Some(role) = text_value(node) else {
                problems.push(wrong_type("a role", "a name, or a mapping with `role`", node));
                return None;
            };
            if role.value.as_str().is_some_and(|name| name.contains(',') && !is_template(&role.value)) {
                let message = format!("`{}` is no name of a role: it has a comma", role.value);
                let problem = Diagnostic::error("old-style-role", message).at(&role.span);
                problems.push(problem.help("one role an entry: `- NAME`, or `- {role: NAME}`"));
                return None;
            }
            return Some(plain(role));
        }
        let mut f = Fields::new(node, "a role entry", problems)?;
        let entry = self.role_entry_of(&mut f);
        f.finish();
        entry
    }

    pub(super) fn role_entry_of(&self, f: &mut Fields<'_, '_>) -> Option<RoleEntry> {
        let keywords = self.keywords(f);
        let role = f.string("role").or_else(|| keywords.name.clone());
        let from = from(f);
        let allow_duplicates = f.boolean("allow_duplicates").and_then(|b| b.to_bool());
        let public = f.boolean("public").and_then(|b| b.to_bool());
        if role.is_none() {
            f.missing("`role`", "name it: `- role: NAME`");
        }
        // In `roles:` every other key is a parameter of the role, as in Ansible.
        let params = rest_as_params(f);
        Some(RoleEntry {
            role: role?,
            span: f.span(),
            keywords,
            params: Arc::new(params),
            from,
            allow_duplicates,
            public,
            validate: true,
            later: Vec::new(),
        })
    }

    /// `meta/main.yml`. Keys for Ansible Galaxy are passed by.
    pub fn role_meta(&self, node: &Node, problems: &mut Diagnostics) -> RoleMeta {
        if node.is_null() {
            return RoleMeta::default();
        }
        let Some(mut f) = Fields::new(node, "a role's meta", problems) else { return RoleMeta::default() };
        let dependencies = f.take("dependencies");
        let allow_duplicates = f.boolean("allow_duplicates").and_then(|b| b.to_bool()).unwrap_or(false);
        let argument_specs = f.take("argument_specs").and_then(specs);
        for key in ["galaxy_info", "collections", "version", "author"] {
            let _ = f.take(key);
        }
        f.finish();
        let entries = dependencies.map(|n| self.role_entries(n, problems)).unwrap_or_default();
        RoleMeta { dependencies: entries, allow_duplicates, argument_specs }
    }
}

/// `meta/argument_specs.yml`. What is none says nothing.
pub fn argument_specs(node: &Node) -> Option<Spanned<Arc<Map>>> {
    let (_, specs) = node.as_mapping()?.iter().find(|(key, _)| key.as_str() == Some("argument_specs"))?;
    self::specs(specs)
}

fn specs(node: &Node) -> Option<Spanned<Arc<Map>>> {
    Some(Spanned::new(Arc::new(node.to_map()?), node.span.clone()))
}

/// A role by its name alone.
fn plain(role: Spanned<Value>) -> RoleEntry {
    RoleEntry {
        span: role.span.clone(),
        role,
        keywords: Keywords::default(),
        params: Arc::default(),
        from: RoleFrom::default(),
        allow_duplicates: None,
        public: None,
        validate: true,
        later: Vec::new(),
    }
}

fn from(f: &mut Fields<'_, '_>) -> RoleFrom {
    RoleFrom {
        tasks: f.word("tasks_from").map(|w| w.value),
        vars: f.word("vars_from").map(|w| w.value),
        defaults: f.word("defaults_from").map(|w| w.value),
        handlers: f.word("handlers_from").map(|w| w.value),
    }
}

fn rest_as_params(f: &mut Fields<'_, '_>) -> Map {
    f.take_rest().into_iter().map(|(k, v)| (shared(k), v.to_value())).collect()
}

/// Arguments that name other files of a role.
const FROM: [&str; 4] = ["tasks_from", "vars_from", "defaults_from", "handlers_from"];

/// The arguments of `include_role` or `import_role`. `apply` stays with the task.
pub(super) fn entry_of_call(call: &Call, problems: &mut Diagnostics) -> Option<RoleEntry> {
    let mut entry = None;
    let mut from = RoleFrom::default();
    let (mut known, mut later) = (Vec::new(), Vec::new());
    let mut switch = |switch: Switch, a: &Argument, problems: &mut Diagnostics| match a.value.to_bool() {
        Some(value) => known.push((switch, value)),
        None if is_template(&a.value) => {
            later.push((switch, Spanned::new(a.value.clone(), a.value_span.clone())));
        }
        None => {
            let message = format!("`{}` wants `true` or `false`", a.name);
            problems.push(Diagnostic::error("wrong-type", message).at(&a.value_span));
        }
    };
    for a in &call.arguments {
        if FROM.contains(&&*a.name) && !matches!(a.value, Value::String(_)) {
            let class = match a.value.kind() {
                "a list" => "list",
                "a mapping" => "dict",
                "a boolean" => "bool",
                "an integer" => "int",
                _ => "NoneType",
            };
            let message = format!("Expected a string for {} but got <class '{class}'> instead", a.name);
            problems.push(Diagnostic::error("wrong-type", message).at(&a.value_span));
        }
        let text = || a.value.as_str().map(Arc::from);
        match &*a.name {
            "name" | "role" => entry = Some(Spanned::new(a.value.clone(), a.value_span.clone())),
            "tasks_from" => from.tasks = text(),
            "vars_from" => from.vars = text(),
            "defaults_from" => from.defaults = text(),
            "handlers_from" => from.handlers = text(),
            "allow_duplicates" => switch(Switch::AllowDuplicates, a, problems),
            "public" => switch(Switch::Public, a, problems),
            "rolespec_validate" => switch(Switch::RolespecValidate, a, problems),
            "apply" if call.short_name() == "include_role" => {}
            "apply" => {
                let message = format!("Invalid options for {}: apply", call.name.value);
                problems.push(Diagnostic::error("unknown-argument", message).at(&a.name_span));
            }
            other => problems.push(
                Diagnostic::error(
                    "unknown-argument",
                    format!("`{}` has no argument `{other}`", call.short_name()),
                )
                .at(&a.name_span)
                .suggest(
                    other,
                    [
                        "name",
                        "tasks_from",
                        "vars_from",
                        "defaults_from",
                        "handlers_from",
                        "public",
                        "allow_duplicates",
                        "rolespec_validate",
                        "apply",
                    ],
                ),
            ),
        }
    }
    let Some(role) = entry else {
        problems.push(
            Diagnostic::error("missing-argument", format!("`{}` needs `name`", call.short_name()))
                .at(&call.name.span)
                .help("name the role: `name: ROLE`"),
        );
        return None;
    };
    Some(RoleEntry { from, later, ..plain(role) }.switched(&known))
}
