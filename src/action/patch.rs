//! `patch`: finds the user's patch and has the module `patch` apply it.

use schemars::Schema;

use super::{Action, ActionContext, BoxFuture, Done, Invocation};
use crate::base::spec::{CheckMode, OnResume, Spec, schema_of};
use crate::base::{Map, Value};
use crate::connection::Upload;
use crate::module;
use crate::wire::Outcome;

pub(super) const ACTION: Action = Action {
    spec: Spec {
        name: "patch",
        summary: "Applies a patch to files.",
        free_form: None,
        open: false,
        on_resume: OnResume::Rerun,
        check: CheckMode::Full,
        schema,
    },
    unrendered: &[],
    run,
};

/// The arguments are the module's.
fn schema() -> Schema {
    schema_of::<module::patch::Args>()
}

fn run<'a>(map: &'a Map, ctx: &'a ActionContext<'a>) -> BoxFuture<'a, Done> {
    Box::pin(async move { patch(map, ctx).await.unwrap_or_else(|failed| failed).into() })
}

async fn patch(map: &Map, ctx: &ActionContext<'_>) -> Result<Outcome, Outcome> {
    let on_target = map.get("remote_src").and_then(Value::to_bool).unwrap_or(false);
    let mut uploads = Vec::new();
    if !on_target {
        let src =
            map.get("src").or_else(|| map.get("patchfile")).map(ToString::to_string).unwrap_or_default();
        let found = ctx.find("files", &src)?;
        let failed = |e| Outcome::failed(format!("cannot read {}: {e}", found.display()));
        uploads.push(Upload::Bytes(ctx.files().open(&found).map_err(failed)?.bytes));
    }
    let invocation = Invocation { module: "patch", args: map.clone(), uploads, ..Invocation::default() };
    Ok(ctx.target.call(invocation).await)
}
