//! Actions: what a task does on the controller, because it needs variables or the run. One file per action, one row in
//! [`ACTIONS`].
//!
//! An action changes nothing of the run itself: it gives [`Effects`], which the dispatcher applies. It reaches the target
//! only through [`Target`], by calling modules.

pub mod context;
pub mod effects;

mod add_host;
mod assemble;
mod assert;
mod async_status;
mod copy;
mod debug;
mod docker;
mod fail;
mod fetch;
mod gather_facts;
mod group_by;
mod include_vars;
mod manager;
mod package;
mod patch;
mod pause;
mod protomatter;
mod reboot;
mod script;
mod service;
mod set_fact;
mod set_stats;
mod source;
mod synchronize;
mod template;
mod unarchive;
mod uri;
mod validate_argument_spec;
mod wait_for_connection;

use std::future::Future;
use std::pin::Pin;

pub use context::{ActionContext, Invocation, Modules, Target};
pub use effects::{AddedHost, DelegatedFacts, Effects, UsedImage};

use crate::base::Map;
use crate::base::spec::Spec;
use crate::vars::TemplateError;
use crate::wire::Outcome;

/// A future on the heap.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// How an action ended, and what it wants of the run.
#[derive(Clone, Debug, Default)]
pub struct Done {
    /// As a module's.
    pub outcome: Outcome,
    /// For the dispatcher.
    pub effects: Effects,
    /// What the user is shown when there is no `msg`.
    pub shown: Option<String>,
    /// A template that it rendered itself is wrong: the task fails as if its arguments were.
    pub wrong: Option<Box<TemplateError>>,
}

impl From<TemplateError> for Done {
    fn from(error: TemplateError) -> Self {
        Self { wrong: Some(Box::new(error)), ..Self::default() }
    }
}

impl From<TemplateError> for Box<Done> {
    fn from(error: TemplateError) -> Self {
        Box::new(error.into())
    }
}

impl From<Outcome> for Box<Done> {
    fn from(outcome: Outcome) -> Self {
        Box::new(outcome.into())
    }
}

impl From<Outcome> for Done {
    fn from(outcome: Outcome) -> Self {
        Self { outcome, ..Self::default() }
    }
}

/// One row of the table.
#[derive(Clone, Copy)]
pub struct Action {
    /// Name, arguments, check mode.
    pub spec: Spec,
    /// Arguments that it renders itself: they are expressions, or only some of them are wanted.
    pub unrendered: &'static [&'static str],
    /// Does it. Failures of any kind are an outcome.
    pub run: for<'a> fn(&'a Map, &'a ActionContext<'a>) -> BoxFuture<'a, Done>,
}

/// Actions that go to the target and that ansible-core has, too. The others do all their work on the controller, or need
/// an engine there.
const ON_TARGET: [&str; 11] = [
    "async_status",
    "copy",
    "fetch",
    "gather_facts",
    "package",
    "reboot",
    "script",
    "service",
    "template",
    "unarchive",
    "uri",
];

/// Actions of which playbooks know how they refuse their arguments. Asked where arguments are looked at when a host gets there.
type Judge = fn(&Map) -> Result<(), String>;
const JUDGES: [(&str, Judge); 3] =
    [("copy", copy::judge), ("fetch", fetch::judge), ("template", template::judge)];

impl Action {
    /// What is wrong with its arguments, in the reference's words, where it has words of its own for that.
    pub fn judge(&self, args: &Map) -> Result<(), String> {
        JUDGES.iter().find(|(name, _)| *name == self.spec.name).map_or(Ok(()), |(_, judge)| judge(args))
    }

    /// What it says under `--check`, where it does nothing; `written` is its name in the task. The reference's words.
    pub fn unchecked(&self, written: &str) -> String {
        match self.spec.name {
            "fetch" => "check mode not (yet) supported for this module".to_owned(),
            _ => format!("This action ({written}) does not support check mode."),
        }
    }

    /// Whether it goes to the target, and somebody else could do it there who has another way.
    pub fn is_on_target(&self) -> bool {
        ON_TARGET.contains(&self.spec.name)
    }
}

/// All actions. `copy`, `fetch`, `patch`, `service`, `template`, `unarchive` and `uri` stand before modules, which do their part on the
/// target.
pub static ACTIONS: &[Action] = &[
    add_host::ACTION,
    assemble::ACTION,
    assert::ACTION,
    async_status::ACTION,
    copy::ACTION,
    debug::ACTION,
    docker::CONTAINER,
    docker::CONTAINER_EXEC,
    docker::IMAGE,
    docker::NETWORK,
    fail::ACTION,
    fetch::ACTION,
    gather_facts::ACTION,
    group_by::ACTION,
    include_vars::ACTION,
    package::ACTION,
    patch::ACTION,
    pause::ACTION,
    protomatter::ACTION,
    reboot::ACTION,
    script::ACTION,
    service::ACTION,
    set_fact::ACTION,
    set_stats::ACTION,
    synchronize::ACTION,
    template::ACTION,
    unarchive::ACTION,
    uri::ACTION,
    validate_argument_spec::ACTION,
    wait_for_connection::ACTION,
];

/// An action by its short name.
pub fn find(name: &str) -> Option<&'static Action> {
    ACTIONS.iter().find(|a| a.spec.name == name)
}
