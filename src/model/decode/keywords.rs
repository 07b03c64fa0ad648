//! The keywords that plays, blocks, tasks, cases and role entries share.

use std::sync::Arc;

use super::Decoder;
use super::call::argument;
use super::fields::{Fields, Unfit, is_template, one_or_many, spanned, text_value, wrong_type};
use crate::base::spec::{Argument, OnResume};
use crate::base::{Diagnostic, Diagnostics, Spanned, Value};
use crate::model::{Becoming, ContainerLifecycle, Inherited, Keywords, Lifetime, Stage};
use crate::syntax::Node;

impl Decoder<'_> {
    /// Takes the shared keywords out of a mapping.
    pub(super) fn keywords(&self, f: &mut Fields<'_, '_>) -> Keywords {
        let (container, lifecycle) = self.container(f);
        no_debugger(f);
        let inherited = inherited(f.set_unfit(self.unfit()), container);
        f.set_unfit(Unfit::Refused);
        Keywords {
            name: f.string("name"),
            vars_span: f.place("vars"),
            vars: f.map("vars"),
            tags: tags(f),
            inherited,
            stage: f.word("stage").map(|w| Spanned::new(Stage::parse(&w.value), w.span)),
            lifecycle,
            monitors: f.values("monitors"),
            needs: f.words("needs"),
            id: f.word("id"),
        }
    }

    /// What becomes of values of the wrong kind in keywords of tasks.
    pub(super) fn unfit(&self) -> Unfit {
        if self.as_ansible { Unfit::Kept } else { Unfit::Refused }
    }

    /// `container:` is the name of one to enter, or a mapping: one to start and stop.
    fn container(
        &self,
        f: &mut Fields<'_, '_>,
    ) -> (Option<Spanned<Value>>, Option<Spanned<Arc<ContainerLifecycle>>>) {
        let Some(node) = f.take("container") else { return (None, None) };
        if node.as_mapping().is_some() {
            return (None, self.lifecycle(node, f));
        }
        let name = text_value(node);
        if name.is_none() {
            let wanted = "the name of a container, or a mapping with `image`";
            f.problems().push(wrong_type("`container`", wanted, node));
        }
        (name, None)
    }

    fn lifecycle(&self, node: &Node, f: &mut Fields<'_, '_>) -> Option<Spanned<Arc<ContainerLifecycle>>> {
        let mut c = Fields::new(node, "a container", f.problems())?;
        let name = c.string("name");
        let written = c.take("image");
        let image = written.and_then(|node| image(node, c.problems()));
        let options = c.take("options").and_then(|node| {
            let is_good = node.as_mapping().is_some() || is_template(&node.to_value());
            if !is_good {
                c.problems().push(wrong_type(
                    "`options`",
                    "a mapping of arguments of `docker_container`",
                    node,
                ));
            }
            is_good.then(|| (spanned(node), keys(node)))
        });
        let lifetime = [("play", Lifetime::Play), ("case", Lifetime::Case), ("round", Lifetime::Round)];
        let lifetime = c.choice("lifetime", &lifetime).map_or(Lifetime::Play, |l| l.value);
        let configure = c.take("configure").map(|n| self.role_entries(n, c.problems())).unwrap_or_default();
        if written.is_none() {
            c.missing("`image`", "say which image: `image: NAME`, or a mapping with `name` and `build`");
        }
        c.finish();
        let (image, image_keys) = image?;
        let (options, option_keys) = options.map_or((None, Vec::new()), |(value, keys)| (Some(value), keys));
        let lifecycle =
            ContainerLifecycle { name, image, image_keys, options, option_keys, lifetime, configure };
        Some(Spanned::new(Arc::new(lifecycle), node.span.clone()))
    }
}

/// `debugger`: only that there is none.
fn no_debugger(f: &mut Fields<'_, '_>) {
    if let Some(node) = f.take("debugger").filter(|node| node.as_str() != Some("never")) {
        let message = "there is no debugger here: only `debugger: never` has a meaning";
        f.problems()
            .push(Diagnostic::error("no-debugger", message).at(&node.span).help("leave the line out"));
    }
}

fn inherited(f: &mut Fields<'_, '_>, container: Option<Spanned<Value>>) -> Inherited {
    Inherited {
        when: f.values_or_null("when"),
        environment: f.values("environment"),
        check_mode: f.boolean("check_mode"),
        diff: f.boolean("diff"),
        ignore_errors: f.boolean("ignore_errors"),
        ignore_unreachable: f.boolean("ignore_unreachable"),
        any_errors_fatal: f.boolean("any_errors_fatal"),
        no_log: f.boolean("no_log"),
        run_once: f.boolean("run_once"),
        delegate_to: f.string("delegate_to"),
        delegate_facts: f.boolean("delegate_facts"),
        throttle: f.number("throttle"),
        timeout: f.number("timeout"),
        grace: f.number("grace"),
        becoming: Becoming {
            r#become: f.boolean("become"),
            user: f.string("become_user"),
            method: f.string("become_method"),
            flags: f.string("become_flags"),
            exe: f.string("become_exe"),
            outer: None,
        },
        connection: f.string("connection"),
        remote_user: f.string("remote_user"),
        port: f.number("port"),
        container,
        on_resume: f.choice("on_resume", &RESUME),
        module_defaults: f.values("module_defaults"),
        notify: Vec::new(),
    }
}

/// `image:` of a container: its name, a template, or a mapping.
fn image(node: &Node, problems: &mut Diagnostics) -> Option<(Spanned<Value>, Vec<Argument>)> {
    if node.as_mapping().is_none() {
        let name = text_value(node);
        if name.is_none() {
            problems.push(wrong_type("`image`", "a name, or a mapping with `name` and `build`", node));
        }
        return name.map(|name| (name, Vec::new()));
    }
    let mut image = Fields::new(node, "an image", problems)?;
    let [name, build, ..] = ContainerLifecycle::IMAGE_KEYS;
    if image.string(name).is_none() {
        image.missing("`name`", "say what it is called, as in `name: site/bench`");
    }
    if let Some(node) = image.take(build)
        && node.as_mapping().is_none()
        && text_value(node).is_none()
    {
        let wanted = "the folder of a Dockerfile, or a mapping as in `docker_image`";
        image.problems().push(wrong_type("`build`", wanted, node));
    }
    image.string("base");
    image.boolean("pull");
    image.finish();
    Some((spanned(node), keys(node)))
}

/// A mapping key by key; nothing of anything else.
fn keys(node: &Node) -> Vec<Argument> {
    node.as_mapping()
        .map(|pairs| pairs.iter().map(|(key, value)| argument(key, value)).collect())
        .unwrap_or_default()
}

const RESUME: [(&str, OnResume); 3] =
    [("rerun", OnResume::Rerun), ("fail", OnResume::Fail), ("skip", OnResume::Skip)];

/// `tags`: a list, or words with commas between.
fn tags(f: &mut Fields<'_, '_>) -> Vec<Spanned<Value>> {
    let Some(node) = f.take("tags") else { return Vec::new() };
    let mut tags = Vec::new();
    for tag in one_or_many(node) {
        match &tag.value {
            Value::String(t) if !is_template(&tag.value) => {
                let words = t.as_str().split(',').map(str::trim).filter(|w| !w.is_empty());
                tags.extend(words.map(|w| Spanned::new(Value::from(w), tag.span.clone())));
            }
            Value::String(_) => tags.push(tag),
            Value::Int(i) => tags.push(Spanned::new(Value::from(i.to_string()), tag.span)),
            other => {
                let message = format!("`tags` wants strings, this is {}", other.kind());
                f.problems().push(Diagnostic::error("wrong-type", message).at(&tag.span));
            }
        }
    }
    tags
}

impl Fields<'_, '_> {
    /// Conditions: one or a list. `when:` with nothing after it holds.
    fn values_or_null(&mut self, key: &'static str) -> Vec<Spanned<Value>> {
        let conditions = self.values(key);
        let refused: &[_] = if self.unfit() == Unfit::Refused { &conditions } else { &[] };
        for c in refused {
            let fits = match &c.value {
                Value::Bool(_) => true,
                Value::String(t) => !t.as_str().trim().is_empty(),
                _ => false,
            };
            if !fits {
                let given = match &c.value {
                    Value::String(_) => "an empty string",
                    other => other.kind(),
                };
                let message = format!("a condition wants an expression or a boolean, this is {given}");
                self.problems().push(Diagnostic::error("wrong-type", message).at(&c.span));
            }
        }
        conditions
    }

    /// Conditions of another keyword (`changed_when`, `until` …).
    pub(super) fn conditions(&mut self, key: &'static str) -> Vec<Spanned<Value>> {
        self.values_or_null(key)
    }
}

/// Words that have a meaning of their own as an entry of a list of tasks.
pub(super) fn flow_names() -> impl Iterator<Item = &'static str> {
    ["include_tasks", "import_tasks", "include_role", "import_role", "meta"].into_iter()
}

/// A name as shared text.
pub(super) fn shared(node: &Node) -> Arc<str> {
    Arc::from(node.as_scalar().map_or("", |s| &*s.raw))
}
