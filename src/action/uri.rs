//! `uri`: sends the user's files to the target, where the module `uri` asks with them.

use std::path::Path;

use super::{Action, ActionContext, BoxFuture, Done, Invocation};
use crate::base::spec::{CheckMode, OnResume, Spec};
use crate::base::{Map, Value};
use crate::connection::Upload;
use crate::module;
use crate::wire::Outcome;

pub(super) const ACTION: Action = Action {
    spec: Spec {
        name: "uri",
        summary: "Asks a web service.",
        free_form: None,
        open: false,
        on_resume: OnResume::Rerun,
        check: CheckMode::Skipped,
        schema: module::uri::schema,
    },
    unrendered: &[],
    run,
};

fn run<'a>(map: &'a Map, ctx: &'a ActionContext<'a>) -> BoxFuture<'a, Done> {
    Box::pin(async move { uri(map, ctx).await.unwrap_or_else(|failed| failed).into() })
}

async fn uri(map: &Map, ctx: &ActionContext<'_>) -> Result<Outcome, Outcome> {
    let mut args = map.clone();
    let mut uploads = Vec::new();
    let on_target = map.get("remote_src").and_then(Value::to_bool).unwrap_or(false);
    let is_form = map.get("body_format").is_some_and(|format| format.to_string() == "form-multipart");
    if let Some(src) = map.get("src").filter(|src| !src.is_null() && !on_target) {
        uploads.push(read(&ctx.find("files", &src.to_string())?, ctx)?);
        args.insert("_upload", true);
    } else if let Some(body) = map.get("body").and_then(Value::as_map).filter(|_| is_form && !on_target) {
        let mut parts: Vec<(String, Value)> =
            body.iter().map(|(name, part)| (name.to_string(), part.clone())).collect();
        // The module reads them in this order.
        parts.sort_by(|a, b| a.0.cmp(&b.0));
        for (_, part) in &mut parts {
            let Some(fields) = part.as_map() else { continue };
            let get = |key: &str| fields.get(key).filter(|value| value.is_truthy()).map(ToString::to_string);
            let (Some(name), None) = (get("filename"), get("content")) else { continue };
            uploads.push(read(&ctx.find("files", &name)?, ctx)?);
            let mut fields = fields.clone();
            fields.insert("_upload", true);
            *part = fields.into();
        }
        args.insert("body", parts.into_iter().collect::<Map>());
    }
    Ok(ctx.target.call(Invocation { module: "uri", args, uploads, ..Invocation::default() }).await)
}

fn read(path: &Path, ctx: &ActionContext<'_>) -> Result<Upload, Outcome> {
    let read = ctx.files().open(path).map(|content| content.bytes);
    read.map(Upload::Bytes).map_err(|e| Outcome::failed(format!("cannot read {}: {e}", path.display())))
}
