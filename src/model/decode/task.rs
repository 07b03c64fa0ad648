//! Tasks and blocks.

use std::sync::Arc;

use super::Decoder;
use super::fields::{Fields, wrong_type};
use super::keywords::shared;
use super::metric::metrics;
use crate::base::{Diagnostic, Diagnostics, Spanned, Value};
use crate::model::{Block, Item, Loop, LoopControl, Task};
use crate::syntax::Node;

/// What stands where tasks do.
const TASKS: &str = "a list (`- ` before each task)";

impl Decoder<'_> {
    /// The list of tasks under a key, or of a file.
    pub(super) fn task_list(&self, key: Option<&str>, node: &Node, problems: &mut Diagnostics) -> Vec<Item> {
        if node.is_null() {
            return Vec::new();
        }
        let Some(items) = node.as_sequence() else {
            let what = key.map_or_else(|| "a file of tasks".to_owned(), |key| format!("`{key}`"));
            problems.push(wrong_type(&what, TASKS, node));
            return Vec::new();
        };
        items.iter().filter_map(|n| self.item(n, problems)).collect()
    }

    fn item(&self, node: &Node, problems: &mut Diagnostics) -> Option<Item> {
        let f = Fields::new(node, "a task", problems)?;
        if node.get("block").is_some() {
            return Some(Item::Block(Arc::new(self.block(node, problems)?)));
        }
        self.task(f).map(|task| Item::Task(Arc::new(task)))
    }

    fn block(&self, node: &Node, problems: &mut Diagnostics) -> Option<Block> {
        let mut f = Fields::new(node, "a block", problems)?;
        let block = self.block_of(&mut f);
        f.finish();
        Some(block)
    }

    pub(super) fn block_of(&self, f: &mut Fields<'_, '_>) -> Block {
        let mut keywords = self.keywords(f);
        keywords.inherited.notify = f.values("notify");
        let mut section =
            |key| f.take(key).map(|n| self.task_list(Some(key), n, f.problems())).unwrap_or_default();
        let (body, rescue, always) = (section("block"), section("rescue"), section("always"));
        Block { span: f.span(), keywords, body, rescue, always }
    }

    fn task(&self, mut f: Fields<'_, '_>) -> Option<Task> {
        let task = self.task_of(&mut f)?;
        f.finish();
        Some(task)
    }

    pub(super) fn task_of(&self, f: &mut Fields<'_, '_>) -> Option<Task> {
        let mut keywords = self.keywords(f);
        f.set_unfit(self.unfit());
        let r#loop = looping(f);
        let loop_control = loop_control(f);
        let register = f.word("register");
        if let Some(name) = &register
            && !is_identifier(&name.value)
        {
            f.problems().push(
                Diagnostic::error("bad-name", format!("`{}` cannot be the name of a variable", name.value))
                    .at(&name.span)
                    .help("use letters, digits and underscores, and no digit first"),
            );
        }
        let changed_when = f.conditions("changed_when");
        let failed_when = f.conditions("failed_when");
        let until = f.conditions("until");
        let retries = f.number("retries");
        let delay = f.number("delay");
        keywords.inherited.notify = f.values("notify");
        let listen = f.values("listen");
        let r#async = f.number("async");
        let poll = f.number("poll");
        let durable = f.boolean("durable");
        let metrics = f.take("metrics").map(|n| metrics(n, f.problems())).unwrap_or_default();
        // Says where Ansible looks for modules; names mean the same here with and without it.
        let _ = f.take("collections");
        let (call, local) = self.call(f)?;
        if local {
            let here = Value::template("localhost", call.name.span.clone());
            keywords.inherited.delegate_to = Some(Spanned::new(here, call.name.span.clone()));
        }
        Some(Task {
            span: f.span(),
            keywords,
            call,
            r#loop,
            loop_control,
            register,
            changed_when,
            failed_when,
            until,
            retries,
            delay,
            listen,
            r#async,
            poll,
            durable,
            metrics,
        })
    }
}

/// `loop` or one `with_*`.
fn looping(f: &mut Fields<'_, '_>) -> Option<Loop> {
    if let Some(value) = f.value("loop") {
        return Some(Loop { lookup: None, value: value.value, span: value.span });
    }
    let (key, _) = *f.rest().iter().find(|(k, _)| k.as_str().is_some_and(|k| k.starts_with("with_")))?;
    let name = shared(key);
    let value = f.take_named(&name)?;
    let lookup = name.strip_prefix("with_").map(Arc::from);
    Some(Loop { lookup, value: value.to_value(), span: value.span.clone() })
}

fn loop_control(f: &mut Fields<'_, '_>) -> LoopControl {
    let Some(node) = f.take("loop_control") else { return LoopControl::default() };
    let unfit = f.unfit();
    let Some(mut c) = Fields::new(node, "`loop_control`", f.problems()) else {
        return LoopControl::default();
    };
    c.set_unfit(unfit);
    let control = LoopControl {
        loop_var: c.text("loop_var"),
        index_var: c.text("index_var"),
        label: c.value("label"),
        pause: c.number("pause"),
        extended: c.boolean("extended"),
        extended_allitems: c.boolean("extended_allitems"),
        break_when: c.conditions("break_when"),
    };
    c.finish();
    control
}

/// Whether a word can be the name of a variable.
fn is_identifier(word: &str) -> bool {
    let mut chars = word.chars();
    chars.next().is_some_and(|c| c.is_alphabetic() || c == '_')
        && chars.all(|c| c.is_alphanumeric() || c == '_')
}

impl<'n> Fields<'n, '_> {
    /// Takes a key whose name is only known now.
    fn take_named(&mut self, name: &str) -> Option<&'n Node> {
        let mut rest = self.take_rest();
        let at = rest.iter().position(|(k, _)| k.as_str() == Some(name));
        let found = at.map(|at| rest.remove(at).1);
        self.put_back(rest);
        found
    }
}
