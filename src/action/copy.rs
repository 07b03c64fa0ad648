//! `copy`: finds the user's files and has the module `copy` put them in place.

use std::path::Path;

use schemars::Schema;

use super::source::{Source, Tree, content, mode_of, upload, walk};
use super::{Action, ActionContext, BoxFuture, Done, Invocation};
use crate::base::spec::{CheckMode, OnResume, Spec};
use crate::base::{Map, Value};
use crate::load::vault::VaultError;
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
    judge(map).map_err(Outcome::failed)?;
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
        let follow = map.get("local_follow").and_then(Value::to_bool).unwrap_or(true);
        let mut tree = Tree::default();
        walk(&found, Path::new(below), follow, &mut Vec::new(), &mut tree, ctx)?;
        return Ok(folder(map, &src, tree, ctx).await);
    }
    one(map, &Source { path: found, below: "".into() }, ctx).await
}

/// What the arguments cannot be, in words that playbooks know.
pub(super) fn judge(map: &Map) -> Result<(), String> {
    let text = |name: &str| map.get(name).filter(|value| !value.is_null()).map(ToString::to_string);
    let (src, content) = (text("src").filter(|src| !src.is_empty()), text("content"));
    let dest = text("dest").unwrap_or_default();
    let wrong = match (&src, &content) {
        (None, None) => "src (or content) is required",
        _ if dest.is_empty() => "dest is required",
        (Some(_), Some(_)) => "src and content are mutually exclusive",
        (_, Some(_)) if dest.ends_with('/') => "can not use content with a dir as dest",
        _ => return Ok(()),
    };
    Err(wrong.to_owned())
}

fn name_of(path: &Path) -> &str {
    path.file_name().and_then(|n| n.to_str()).unwrap_or_default()
}

async fn one(args: &Map, source: &Source, ctx: &ActionContext<'_>) -> Result<Outcome, Outcome> {
    let decrypt = args.get("decrypt").and_then(Value::to_bool).unwrap_or(true);
    let shown = source.path.display();
    let bytes = content(&source.path, decrypt, ctx).map_err(|e| {
        let vault = e.get_ref().and_then(|inner| inner.downcast_ref::<VaultError>());
        Outcome::failed(if matches!(vault, Some(VaultError::NoPassword { .. })) {
            // Words that playbooks know.
            format!("cannot read it: A vault password or secret must be specified to decrypt {shown}")
        } else {
            format!("cannot read {shown}: {e}")
        })
    })?;
    let told = ctx.diff.then_some(source.path.as_path());
    Ok(ctx.target.call(upload(args, name_of(&source.path), mode_of(&source.path), told, bytes)).await)
}

/// Has `file` see to one path of the destination.
async fn other(args: &Map, mut wanted: Map, ctx: &ActionContext<'_>) -> Outcome {
    // `mode` is that of files.
    let common = module::file_args::NAMES.into_iter().filter(|name| *name != "mode");
    let given = common.filter_map(|name| Some((name, args.get(name)?.clone())));
    for (name, value) in given {
        wanted.insert(name, value);
    }
    ctx.target.call(Invocation { module: "file", args: wanted, ..Invocation::default() }).await
}

/// Everything of a folder, one after the other: files, with the folders they are in, then all folders, then links; the first
/// failure ends it.
async fn folder(args: &Map, src: &str, tree: Tree, ctx: &ActionContext<'_>) -> Outcome {
    let dest = args.get("dest").map(ToString::to_string).unwrap_or_default();
    let dest = dest.trim_end_matches('/');
    let place = |below: &Path| Value::from(format!("{dest}/{}", below.display()));
    let mut whole = Outcome::ok(false).with("dest", format!("{dest}/")).with("src", src);
    let is_one = tree.files.len() == 1;
    let mut of_file = args.clone();
    if !tree.folders.is_empty() {
        // As in Ansible: only beside plain files is a link followed.
        of_file.insert("follow", false);
    }
    for source in tree.files {
        let folder = source.below.parent().unwrap_or(Path::new(""));
        let folder = place(folder).to_string();
        of_file.insert("dest", format!("{}/", folder.trim_end_matches('/')));
        match one(&of_file, &source, ctx).await {
            Ok(outcome) | Err(outcome) if outcome.status != Status::Ok => return outcome,
            Ok(outcome) | Err(outcome) if is_one => whole = outcome,
            Ok(outcome) | Err(outcome) => {
                whole.changed |= outcome.changed;
                whole.diff.extend(outcome.diff);
                whole.warnings.extend(outcome.warnings);
            }
        }
    }
    let folders = tree.folders.iter().map(|below| {
        let mut wanted = Map::from_iter([("path", place(below)), ("state", "directory".into())]);
        if let Some(mode) = args.get("directory_mode") {
            wanted.insert("mode", mode.clone());
        }
        wanted
    });
    let links = tree.links.iter().map(|(target, below)| {
        let target = target.display().to_string();
        let mut wanted = Map::from_iter([("path", place(below)), ("src", target.into())]);
        wanted.insert("state", "link");
        wanted.insert("force", true);
        if !tree.folders.is_empty() {
            wanted.insert("follow", false);
        }
        wanted
    });
    for wanted in folders.chain(links) {
        let outcome = other(args, wanted, ctx).await;
        if outcome.status != Status::Ok {
            return outcome;
        }
        if is_one && ctx.as_ansible {
            // There, a folder with one file gives back what was done last, even if that has changed nothing.
            let path = outcome.values.get("path").cloned().unwrap_or_default();
            whole = outcome.with("dest", path);
        } else {
            whole.changed |= outcome.changed;
        }
    }
    whole
}
