//! Modules that an action calls by name: whoever does such a task does it here too.

use std::time::Duration;

use super::arguments::defaults;
use super::foreign;
use super::target::RemoteTarget;
use super::turn::Turn;
use crate::action::{BoxFuture, Invocation, Modules, Target};
use crate::base::Map;
use crate::base::spec::{CheckMode, short_name};
use crate::vars::{Templar, TemplateError};
use crate::wire::Outcome;

/// The modules that one turn of a task can reach.
pub(super) struct Named<'a> {
    /// The turn.
    pub turn: &'a Turn<'a>,
    /// What it sees.
    pub templar: &'a Templar,
    /// Where they are called.
    pub target: &'a RemoteTarget<'a>,
}

impl Named<'_> {
    async fn done(
        &self,
        name: &str,
        args: Map,
        limit: Option<Duration>,
    ) -> Result<Result<Outcome, String>, TemplateError> {
        let Self { turn, templar, target } = self;
        let compiler = &turn.unit.shared.compiler;
        let missing = || Ok(Err(format!("The module {name} was not found in configured module paths")));
        let mut all = defaults(turn.task, short_name(name), templar)?;
        all.extend(&args);
        match compiler.route(name) {
            Err(unknown) if unknown.code == "unknown-module" => missing(),
            Err(why) => Ok(Err(why.message)),
            Ok(Some(module)) => foreign::call_with(turn, templar, target, &module, &all, limit).await.map(Ok),
            Ok(None) => {
                let catalogue = &compiler.catalogue;
                let Some(spec) = catalogue.get(name).filter(|_| !catalogue.is_action(name)) else {
                    return missing();
                };
                if let Err(problem) = catalogue.check_groups(name, &all) {
                    return Ok(Ok(Outcome::failed(problem)));
                }
                if target.manner.check && spec.check == CheckMode::Skipped {
                    return Ok(Ok(Outcome::skipped(format!("check mode: `{name}` is not run"))));
                }
                let invocation = Invocation { module: spec.name, args: all, limit, ..Invocation::default() };
                Ok(Ok(target.call(invocation).await))
            }
        }
    }
}

impl Modules for Named<'_> {
    fn call<'a>(
        &'a self,
        name: &'a str,
        args: Map,
        limit: Option<Duration>,
    ) -> BoxFuture<'a, Result<Outcome, String>> {
        Box::pin(async move {
            let done = self.done(name, args, limit).await;
            done.unwrap_or_else(|error| Ok(Outcome::failed(error.to_string())))
        })
    }
}
