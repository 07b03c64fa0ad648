//! `copy`: finds the user's files and has the module `copy` put them in place.

use std::path::{Path, PathBuf};

use schemars::Schema;

use super::source::{Source, mode_of, upload, walk};
use super::{Action, ActionContext, BoxFuture, Done, Invocation};
use crate::base::spec::{CheckMode, OnResume, Spec};
use crate::base::{Map, Value};
use crate::module;
use crate::wire::{Outcome, Status};

pub(super) const ACTION: Action = Action {
    spec: Spec {
        name: "copy",
        summary: "Puts files in their place.",
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
    module::file_args::schema::<module::copy::Args>()
}

/// Those of the module `assemble`, for its action.
pub(super) fn assemble_schema() -> Schema {
    module::file_args::schema::<module::assemble::Args>()
}

fn run<'a>(map: &'a Map, ctx: &'a ActionContext<'a>) -> BoxFuture<'a, Done> {
    Box::pin(async move { copy(map, ctx).await.unwrap_or_else(|failed| failed).into() })
}

async fn copy(map: &Map, ctx: &ActionContext<'_>) -> Result<Outcome, Outcome> {
    let on_target = map.get("remote_src").and_then(Value::to_bool).unwrap_or(false);
    let src = map.get("src").filter(|v| !v.is_null()).map(ToString::to_string);
    let Some(src) = src.filter(|_| !on_target && map.get("content").is_none_or(Value::is_null)) else {
        return Ok(ctx
            .target
            .call(Invocation { module: "copy", args: map.clone(), ..Invocation::default() })
            .await);
    };
    let found = ctx.find("files", &src)?;
    if ctx.files().is_folder(&found) {
        // As rsync: `a/` means what is in it.
        let below = if src.ends_with('/') { "" } else { name_of(&found) };
        let sources = walk(&found, Path::new(below), ctx)?;
        return Ok(folder(map, &src, sources, ctx).await);
    }
    one(map, &Source { path: found, below: "".into() }, ctx).await
}

fn name_of(path: &Path) -> &str {
    path.file_name().and_then(|n| n.to_str()).unwrap_or_default()
}

async fn one(args: &Map, source: &Source, ctx: &ActionContext<'_>) -> Result<Outcome, Outcome> {
    let decrypt = args.get("decrypt").and_then(Value::to_bool).unwrap_or(true);
    let files = ctx.files();
    let read = if decrypt {
        files.open(&source.path).map(|content| content.bytes)
    } else {
        files.read(&source.path)
    };
    let bytes = read.map_err(|e| Outcome::failed(format!("cannot read {}: {e}", source.path.display())))?;
    Ok(ctx.target.call(upload(args, name_of(&source.path), mode_of(&source.path), bytes)).await)
}

/// Makes a folder of the destination.
async fn folder_of(args: &Map, dest: &str, below: &Path, ctx: &ActionContext<'_>) -> Outcome {
    let path = format!("{}/{}", dest.trim_end_matches('/'), below.display());
    let mut wanted = Map::from_iter([("path", Value::from(path)), ("state", "directory".into())]);
    for (from, to) in [("directory_mode", "mode"), ("owner", "owner"), ("group", "group")] {
        if let Some(value) = args.get(from) {
            wanted.insert(to, value.clone());
        }
    }
    ctx.target.call(Invocation { module: "file", args: wanted, ..Invocation::default() }).await
}

/// Every file of a folder, one after the other; the first failure ends it.
async fn folder(args: &Map, src: &str, sources: Vec<Source>, ctx: &ActionContext<'_>) -> Outcome {
    let dest = args.get("dest").map(ToString::to_string).unwrap_or_default();
    let mut whole = Outcome::ok(false).with("dest", dest.as_str()).with("src", src);
    let mut made: Option<PathBuf> = None;
    for source in sources {
        // Files come folder by folder, so each folder is made once.
        let parent = source.below.parent().map(Path::to_path_buf);
        if made != parent {
            let outcome = folder_of(args, &dest, parent.as_deref().unwrap_or(Path::new("")), ctx).await;
            if outcome.status != Status::Ok {
                return outcome;
            }
            whole.changed |= outcome.changed;
            made = parent;
        }
        let mut args = args.clone();
        args.insert("dest", format!("{}/{}", dest.trim_end_matches('/'), source.below.display()));
        match one(&args, &source, ctx).await {
            Ok(outcome) | Err(outcome) if outcome.status != Status::Ok => return outcome,
            Ok(outcome) | Err(outcome) => {
                whole.changed |= outcome.changed;
                whole.diff.extend(outcome.diff);
                whole.warnings.extend(outcome.warnings);
            }
        }
    }
    whole
}
