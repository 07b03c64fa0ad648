//! Uses of roles: what makes two of them the same, and whether the later one is passed by where the earlier one ran.

use std::sync::Arc;

use super::build::Build;
use super::scope::{RoleScope, ScopeKind};
use super::{ScopeIx, Surroundings};
use crate::base::{Map, Spanned, Value};
use crate::model::{Keywords, Role, RoleEntry, Strategy};

/// How a role comes into a play.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// By `roles:` or as a dependency: once, unless it or its `meta` says otherwise.
    Entry,
    /// By `import_role` or `include_role`: each time, unless told otherwise.
    Task,
}

impl Build<'_> {
    /// The scope of one use of a role.
    pub(super) fn role_scope(
        &mut self,
        role: &Role,
        entry: &RoleEntry,
        way: Way,
        around: &Surroundings,
    ) -> ScopeIx {
        let key = key(role, entry, way, around);
        let once = is_once(role, entry, way);
        let again = !self.used_roles.insert(Arc::clone(&key)) && once;
        let unless = if again { " (unless it has run)" } else { "" };
        let label = format!("role {}{unless}", role.name).into();
        self.draft.scope(
            Some(around.scope),
            ScopeKind::Role(RoleScope { label, key, once, outermost: !around.nested }),
        )
    }

    /// Whether the whole play sees the variables of a role: what it says, else the setting, else what is `usual` here.
    pub(super) fn is_public(&self, entry: &RoleEntry, usual: bool) -> bool {
        let set = self.compiler.options.private_role_vars.map(|private| !private);
        entry.public.or(set).unwrap_or(usual)
    }

    /// Whether nobody will do this use: where tasks have no order of their own, an earlier one must do.
    pub(super) fn is_done_before(&self, role: &Role, entry: &RoleEntry, around: &Surroundings) -> bool {
        let is_dag = self.compiler.strategy(self.play).is_ok_and(|strategy| strategy == Strategy::Dag);
        is_dag
            && is_once(role, entry, Way::Entry)
            && self.used_roles.contains(&key(role, entry, Way::Entry, around))
    }
}

fn is_once(role: &Role, entry: &RoleEntry, way: Way) -> bool {
    let usual = match way {
        Way::Entry => role.allow_duplicates,
        Way::Task => true,
    };
    !entry.allow_duplicates.unwrap_or(usual)
}

/// A use of a role by a task, with the variables that the task gives it.
pub(super) fn by_task(entry: &RoleEntry, vars: &Map) -> RoleEntry {
    RoleEntry { keywords: Keywords { vars: Arc::new(vars.clone()), ..Keywords::default() }, ..entry.clone() }
}

/// What makes two uses of a role the same: its folder, parameters, variables, conditions, tags, other files; and the part of a
/// container's life, because a new container has seen no role yet.
fn key(role: &Role, entry: &RoleEntry, way: Way, around: &Surroundings) -> Arc<str> {
    let life = around.chapter.as_ref().map_or("", |chapter| &*chapter.life);
    let texts = |list: &[Spanned<Value>]| Value::list(list.iter().map(|v| v.value.clone()).collect());
    let all = Map::from_iter([
        ("path", Value::from(role.path.display().to_string())),
        ("params", Value::Map(Arc::clone(&entry.params))),
        ("vars", Value::Map(Arc::clone(&entry.keywords.vars))),
        ("when", texts(&entry.keywords.inherited.when)),
        ("tags", texts(&entry.keywords.tags)),
        ("from", format!("{:?} {way:?}", entry.from).into()),
    ]);
    format!("{life} {}", Value::from(all)).into()
}
