//! What a task gets from where it stands: everything that plays, roles, blocks and imports around it say.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use super::lifecycle::Chapter;
use super::scope::ScopeIx;
use super::step::CasePlace;
use crate::base::{HostName, Map, Span, Value};
use crate::model::{ContainerLifecycle, Inherited, Keywords, Level, Metric, Stage, VarLayer};

/// What a task gets from where it stands. Kept with [`super::StepKind::Expand`] steps, so that a fragment inherits the same.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// The step id so far, without a slash at its end.
    pub(super) path: String,
    /// The scope.
    pub(super) scope: ScopeIx,
    /// The hosts.
    pub(super) hosts: Arc<[HostName]>,
    /// Those of them that are in in-container mode.
    pub(super) in_container: Arc<BTreeSet<HostName>>,
    /// Keywords.
    pub inherited: Inherited,
    /// Variables, weakest first.
    pub(super) vars: Vec<VarLayer>,
    /// Tags.
    pub(super) tags: Vec<Arc<str>>,
    /// The nearest label.
    pub(super) stage: Option<Stage>,
    /// Where relative paths are looked for, nearest first.
    pub(super) search: Arc<[PathBuf]>,
    /// The folder of the playbook.
    pub(super) playbook: PathBuf,
    /// The role, with its folder.
    pub(super) role: Option<(Arc<str>, PathBuf)>,
    /// The roles that have brought it by `include_role` or `import_role`, nearest first.
    pub(super) parents: Arc<[(Arc<str>, PathBuf)]>,
    /// Whether a block, an import or an include is around it.
    pub(super) nested: bool,
    /// Whether handlers stand here.
    pub(super) handling: Handling,
    /// The case and its part.
    pub(super) case: Option<CasePlace>,
    /// The container that will be started for each case or round.
    pub(super) container: Option<(Arc<ContainerLifecycle>, Span)>,
    /// The part of a container's life that it belongs to.
    pub(super) chapter: Option<Arc<Chapter>>,
    /// The names of monitors that sample already.
    pub(super) monitored: Vec<Value>,
    /// Metrics of the case, for tasks of `run` that have none.
    pub(super) metrics: Arc<[Metric]>,
}

/// Whether what stands somewhere are handlers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Handling {
    /// Tasks.
    No,
    /// Handlers, or what one of them includes.
    Yes,
    /// The same in a block, where no other block may stand.
    InBlock,
}

/// The name of a role without its collection: `web` of `site.base.web`.
pub fn short_role(name: &str) -> &str {
    match name.splitn(3, '.').nth(2) {
        Some(rest) => rest.rsplit('.').next().unwrap_or(rest),
        None => name,
    }
}

impl Surroundings {
    /// These surroundings with what one mapping says added; its tags are added as they are rendered.
    pub(super) fn inside(&self, own: &Keywords, tags: Vec<Arc<str>>) -> Self {
        let mut inside = self.clone();
        inside.inherited.add(&own.inherited);
        for tag in tags {
            if !inside.tags.contains(&tag) {
                inside.tags.push(tag);
            }
        }
        if own.inherited.container.is_some() {
            inside.container = None;
        }
        if let Some(stage) = &own.stage {
            inside.stage = Some(stage.value.clone());
        }
        inside
    }

    /// The variables, with what a role says of itself.
    pub(super) fn with_role(&self) -> Cow<'_, [VarLayer]> {
        let Some((name, path)) = &self.role else { return Cow::Borrowed(&self.vars) };
        let absolute = std::path::absolute(path).unwrap_or_else(|_| path.clone());
        let vars = Arc::new(Map::from_iter([
            ("role_name", Value::from(short_role(name))),
            ("ansible_role_name", Value::from(&**name)),
            ("role_path", absolute.display().to_string().into()),
        ]));
        let span = Span::nowhere("Benchbook");
        let own = VarLayer { level: Level::Magic, origin: "Benchbook".into(), span, vars };
        Cow::Owned(self.vars.iter().cloned().chain([own]).collect())
    }

    /// Adds variables of one origin, unless there are none.
    pub(super) fn push_vars(&mut self, level: Level, origin: &str, span: &Span, vars: &Arc<Map>) {
        if !vars.is_empty() {
            self.vars.push(VarLayer {
                level,
                origin: Arc::from(origin),
                span: span.clone(),
                vars: Arc::clone(vars),
            });
        }
    }
}
