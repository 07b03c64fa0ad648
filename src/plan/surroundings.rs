//! What a task gets from where it stands: everything that plays, roles, blocks and imports around it say.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use super::lifecycle::Chapter;
use super::scope::ScopeIx;
use super::step::{CasePlace, Inherited};
use crate::base::{HostName, Map, Span, Spanned, Value};
use crate::model::{Container, ContainerLifecycle, Keywords, Level, Metric, Stage, VarLayer};

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

/// The nearest one that says something.
fn nearest<T: Clone>(outer: &mut Option<Spanned<T>>, own: Option<&Spanned<T>>) {
    if let Some(own) = own {
        *outer = Some(own.clone());
    }
}

impl Inherited {
    /// Adds what one mapping says.
    pub(super) fn add(&mut self, own: &Keywords) {
        self.when.extend(own.when.iter().cloned());
        self.environment.extend(own.environment.iter().cloned());
        self.module_defaults.extend(own.module_defaults.iter().cloned());
        nearest(&mut self.check_mode, own.check_mode.as_ref());
        nearest(&mut self.diff, own.diff.as_ref());
        nearest(&mut self.ignore_errors, own.ignore_errors.as_ref());
        nearest(&mut self.ignore_unreachable, own.ignore_unreachable.as_ref());
        nearest(&mut self.any_errors_fatal, own.any_errors_fatal.as_ref());
        nearest(&mut self.no_log, own.no_log.as_ref());
        nearest(&mut self.run_once, own.run_once.as_ref());
        nearest(&mut self.delegate_to, own.delegate_to.as_ref());
        nearest(&mut self.delegate_facts, own.delegate_facts.as_ref());
        nearest(&mut self.throttle, own.throttle.as_ref());
        nearest(&mut self.timeout, own.timeout.as_ref());
        nearest(&mut self.grace, own.grace.as_ref());
        self.becoming.add(own);
        nearest(&mut self.connection, own.connection.as_ref());
        nearest(&mut self.on_resume, own.on_resume.as_ref());
        nearest(&mut self.remote_user, own.remote_user.as_ref());
        nearest(&mut self.port, own.port.as_ref());
        if let Some(Spanned { value: Container::Enter(name), .. }) = &own.container {
            self.container = Some(name.clone());
        }
    }
}

impl Surroundings {
    /// These surroundings with what one mapping says added; its tags are added as they are rendered.
    pub(super) fn inside(&self, own: &Keywords, tags: Vec<Arc<str>>) -> Self {
        let mut inside = self.clone();
        inside.inherited.add(own);
        for tag in tags {
            if !inside.tags.contains(&tag) {
                inside.tags.push(tag);
            }
        }
        if own.container.as_ref().is_some_and(|own| matches!(own.value, Container::Enter(_))) {
            inside.container = None;
        }
        if let Some(stage) = &own.stage {
            inside.stage = Some(stage.value.clone());
        }
        inside
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
