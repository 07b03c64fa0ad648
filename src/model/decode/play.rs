//! Plays and playbooks.

use std::path::Path;
use std::sync::Arc;

use super::Decoder;
use super::fields::{Fields, spanned, text_value, wrong_type};
use crate::base::{Diagnostic, Diagnostics, Span, Spanned, Value};
use crate::model::{CaseOrder, Keywords, Play, Strategy};
use crate::syntax::Node;

/// An entry of a playbook file.
#[derive(Clone, Debug)]
pub enum PlayEntry {
    /// A play.
    Play(Box<Play>),
    /// `import_playbook`: the path, with the keywords that the imported plays inherit.
    Import(Spanned<Value>, Box<Keywords>),
}

const STRATEGIES: [(&str, Strategy); 7] = [
    ("linear", Strategy::Linear),
    ("free", Strategy::Free),
    ("host_pinned", Strategy::HostPinned),
    ("dag", Strategy::Dag),
    ("ansible.builtin.linear", Strategy::Linear),
    ("ansible.builtin.free", Strategy::Free),
    ("ansible.builtin.host_pinned", Strategy::HostPinned),
];

/// The values of `order`.
pub(crate) const ORDERS: [&str; 5] =
    ["inventory", "sorted", "reverse_inventory", "reverse_sorted", "shuffle"];

impl Strategy {
    /// By its name in a playbook.
    pub fn named(word: &str) -> Option<Self> {
        STRATEGIES.iter().find(|(name, _)| *name == word).map(|(_, strategy)| *strategy)
    }
}

const CASE_ORDERS: [(&str, CaseOrder); 3] = [
    ("sequential", CaseOrder::Sequential),
    ("interleaved", CaseOrder::Interleaved),
    ("random", CaseOrder::Random),
];

impl Decoder<'_> {
    /// A playbook file: a list of plays and imports. `folder` is the folder of the file.
    pub fn playbook(&self, node: &Node, folder: &Path, problems: &mut Diagnostics) -> Vec<PlayEntry> {
        let Some(entries) = node.as_sequence() else {
            problems.push(wrong_type("a playbook", "a list of plays (`- hosts: …`)", node));
            return Vec::new();
        };
        if entries.is_empty() {
            problems.push(no_play(&node.span));
        }
        entries.iter().filter_map(|n| self.entry(n, folder, problems)).collect()
    }

    fn entry(&self, node: &Node, folder: &Path, problems: &mut Diagnostics) -> Option<PlayEntry> {
        let import = IMPORTS.iter().find(|k| node.get(k).is_some());
        let Some(import) = import else {
            return self.play(node, folder, problems).map(|p| PlayEntry::Play(Box::new(p)));
        };
        let mut f = Fields::new(node, "an import", problems)?;
        let keywords = self.keywords(&mut f);
        import_only(node, f.problems());
        let path = f.string(import);
        f.finish();
        Some(PlayEntry::Import(path?, Box::new(keywords)))
    }

    fn play(&self, node: &Node, folder: &Path, problems: &mut Diagnostics) -> Option<Play> {
        let mut f = Fields::new(node, "a play", problems)?;
        let play = self.play_of(&mut f, node, folder);
        f.finish();
        play
    }

    pub(super) fn play_of(&self, f: &mut Fields<'_, '_>, node: &Node, folder: &Path) -> Option<Play> {
        let mut keywords = self.keywords(f);
        older_user(f, &mut keywords);
        let hosts = hosts(f);
        let gather_facts = f.boolean("gather_facts");
        let gather_subset = f.value("gather_subset");
        let vars_files = f.values("vars_files");
        let vars_prompt = f.values("vars_prompt");
        let mut later = Vec::new();
        let strategy = f.choice_or("strategy", &STRATEGIES, &mut later);
        let serial = f.values("serial");
        let order = f.choice_or("order", &ORDERS.map(|o| (o, o)), &mut later);
        let order = order.map(|o| Spanned::new(Arc::from(o.value), o.span));
        let max_fail_percentage = f.number("max_fail_percentage");
        let force_handlers = f.boolean("force_handlers");
        let baseline = f.string("baseline");
        let case_order = f.choice("case_order", &CASE_ORDERS);
        let roles = f.take("roles").map(|n| self.role_entries(n, f.problems())).unwrap_or_default();
        let mut tasks =
            |key| f.take(key).map(|n| self.task_list(Some(key), n, f.problems())).unwrap_or_default();
        let (pre_tasks, own, post_tasks, handlers) =
            (tasks("pre_tasks"), tasks("tasks"), tasks("post_tasks"), tasks("handlers"));
        let cases = f.take("cases").map(|n| self.cases(n, f.problems())).unwrap_or_default();
        // Says where Ansible looks for modules; names mean the same here with and without it.
        let _ = f.take("collections");
        if hosts.is_none() && node.get("hosts").is_none_or(Node::is_null) {
            f.missing("`hosts`", "say where it runs: `hosts: all`, or a group of the inventory");
        }
        Some(Play {
            span: f.span(),
            folder: folder.to_path_buf(),
            keywords,
            hosts: hosts?,
            gather_facts,
            gather_subset,
            vars_files,
            vars_prompt,
            strategy,
            later,
            serial,
            order,
            max_fail_percentage,
            force_handlers,
            roles,
            pre_tasks,
            tasks: own,
            cases,
            baseline,
            case_order,
            post_tasks,
            handlers,
        })
    }
}

/// What an import gives to its plays, and no other keyword.
const IMPORTED: [&str; 4] = ["name", "tags", "vars", "when"];

/// The names of the import of a playbook.
const IMPORTS: [&str; 3] =
    ["import_playbook", "ansible.builtin.import_playbook", "ansible.legacy.import_playbook"];

/// As in Ansible, other keywords of an import do nothing; here that is said.
fn import_only(node: &Node, problems: &mut Diagnostics) {
    for (key, _) in node.as_mapping().into_iter().flatten() {
        let word = key.as_str().unwrap_or_default();
        if !IMPORTED.contains(&word) && !IMPORTS.contains(&word) {
            problems.push(
                Diagnostic::warning("no-effect", format!("`{word}` has no effect on `import_playbook`"))
                    .at(&key.span)
                    .help("write it on the plays that it brings"),
            );
        }
    }
}

/// A playbook without plays, which Ansible refuses too.
pub fn no_play(place: &Span) -> Diagnostic {
    Diagnostic::error("empty-playbook", "this playbook has no play")
        .at(place)
        .help("write one: `- hosts: all`, with `tasks:` below it")
}

/// `user`, the older word for `remote_user`, which only plays know.
fn older_user(f: &mut Fields<'_, '_>, keywords: &mut Keywords) {
    let Some(user) = f.string("user") else { return };
    let remote_user = &mut keywords.inherited.remote_user;
    if remote_user.is_some() {
        f.problems().push(
            Diagnostic::error("two-users", "`user` and `remote_user` are both set")
                .at(&user.span)
                .help("leave `user` out: it is the older word for the same"),
        );
    }
    remote_user.get_or_insert(user);
}

fn hosts(f: &mut Fields<'_, '_>) -> Option<Spanned<Value>> {
    let node = f.take("hosts")?;
    let items = node.as_sequence();
    let is_empty = |n: &Node| n.is_null() || n.as_str().is_some_and(|text| text.trim().is_empty());
    if items.map_or_else(|| is_empty(node), |items| items.iter().all(is_empty)) {
        f.problems().push(
            Diagnostic::error("empty-hosts", "`hosts` names nobody")
                .at(&node.span)
                .help("say where it runs: `hosts: all`, a group or hosts of the inventory"),
        );
        return None;
    }
    if items.is_some() {
        return Some(spanned(node));
    }
    let text = text_value(node);
    if text.is_none() {
        f.problems().push(wrong_type("`hosts`", "a pattern, or a list of patterns", node));
    }
    text
}
