//! Steps that only ask whether they are to happen: `meta`, and what the compiler has added. What a `meta` then does is the
//! dispatcher's business; its words are Ansible's, because scripts look for them.

use super::conditions::{holds, skipped};
use super::unit::{Finished, Unit, said};
use crate::base::{HostName, Map, Timestamp, Value};
use crate::plan::{Meta, StepKind};

impl Unit {
    /// A step without arguments: only its conditions count.
    pub(super) fn conditions_only(&self, started: Timestamp) -> Finished {
        let meta = match &self.step.kind {
            StepKind::Meta(meta) => Some(meta.value),
            _ => None,
        };
        let done = || Finished {
            result: meta.map(|m| done(m, &self.host.name)).unwrap_or_default().into(),
            ..Finished::ok(started)
        };
        let said_so = super::growth::inherited(&self.step);
        let Some(conditions) = said_so.map(|i| &i.when) else { return done() };
        match holds(conditions, &self.plain_templar(self.scope())) {
            Ok(None) => done(),
            Ok(Some(condition)) => {
                let result = match meta {
                    Some(meta) => skipped_meta(meta, &self.host.name),
                    None => skipped(&condition),
                };
                Finished::skipped(result, started)
            }
            Err(error) => Finished::failed(said(&error), started),
        }
    }
}

/// What a `meta` says that is done.
fn done(meta: Meta, host: &HostName) -> Map {
    let words = match meta {
        Meta::Noop => "noop".to_owned(),
        Meta::EndHost => format!("ending play for {host}"),
        Meta::EndPlay => "ending play".to_owned(),
        Meta::EndBatch => "ending batch".to_owned(),
        Meta::EndRole => format!("ending role for {host}"),
        Meta::ClearFacts => "facts cleared".to_owned(),
        Meta::ClearHostErrors => "cleared host errors".to_owned(),
        Meta::ResetConnection => "reset connection".to_owned(),
        Meta::RefreshInventory => "inventory successfully refreshed".to_owned(),
    };
    Map::from_iter([("msg", Value::from(words)), ("changed", false.into())])
}

/// What is said of one whose condition does not hold.
fn skipped_meta(meta: Meta, host: &HostName) -> Map {
    let (word, instead) = match meta {
        Meta::EndHost => ("end_host", format!(", continuing execution for {host}")),
        Meta::EndPlay => ("end_play", ", continuing play".to_owned()),
        Meta::EndBatch => ("end_batch", ", continuing current batch".to_owned()),
        Meta::EndRole => ("end_role", format!(", continuing role for {host}")),
        Meta::ClearFacts => ("clear_facts", format!(", not clearing facts and fact cache for {host}")),
        Meta::ClearHostErrors => ("clear_host_errors", format!(", not clearing host error state for {host}")),
        Meta::Noop => ("noop", String::new()),
        Meta::ResetConnection => ("reset_connection", String::new()),
        Meta::RefreshInventory => ("refresh_inventory", String::new()),
    };
    let reason = format!("{word} conditional evaluated to False{instead}");
    let msg = match meta {
        Meta::EndHost => format!("end_host conditional evaluated to false{instead}"),
        _ => word.to_owned(),
    };
    Map::from_iter([("msg", Value::from(msg)), ("skipped", true.into()), ("skip_reason", reason.into())])
}
