//! `fetch`: a file of the target, brought to the controller.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

use super::source::sha1_hex;
use super::{Action, ActionContext, BoxFuture, Done, Invocation};
use crate::base::spec::{CheckMode, OnResume, Spec, schema_of};
use crate::base::{Map, Value, args};
use crate::wire::{Outcome, Status};

/// Brings a file of the target to the controller.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Args {
    /// The file on the target.
    src: String,
    /// A folder on the controller, in which the file gets the path `HOST/SRC`; a relative one is in the playbook's folder.
    dest: String,
    /// `dest` is the file itself, or, when it ends in `/`, the folder for the file's plain name.
    #[serde(default)]
    flat: bool,
    /// Whether a missing file is a failure.
    #[serde(default = "yes")]
    fail_on_missing: bool,
    /// Compares the SHA-1 of what came with that of the file.
    #[serde(default = "yes")]
    validate_checksum: bool,
}

fn yes() -> bool {
    true
}

pub(super) const ACTION: Action = Action {
    spec: Spec {
        name: "fetch",
        summary: "Brings a file of the target to the controller.",
        free_form: None,
        open: false,
        on_resume: OnResume::Rerun,
        check: CheckMode::Skipped,
        schema: schema_of::<Args>,
    },
    unrendered: &[],
    run,
};

fn run<'a>(map: &'a Map, ctx: &'a ActionContext<'a>) -> BoxFuture<'a, Done> {
    Box::pin(async move { fetch(map, ctx).await.unwrap_or_else(|failed| failed).into() })
}

async fn fetch(map: &Map, ctx: &ActionContext<'_>) -> Result<Outcome, Outcome> {
    let args: Args = args::from_map(map).map_err(|e| Outcome::failed(e.to_string()))?;
    if ctx.check {
        return Err(Outcome::skipped("check mode not (yet) supported for this module"));
    }
    let dest = destination(&args, ctx);
    let before = std::fs::read(&dest).ok().map(|bytes| sha1_hex(&bytes));
    let wanted = Map::from_iter([
        ("src", Value::from(args.src.as_str())),
        ("fail_on_missing", args.fail_on_missing.into()),
    ]);
    let partial = dest.with_file_name(format!(
        ".{}.{:08x}.part",
        dest.file_name().unwrap_or_default().to_string_lossy(),
        fastrand::u32(..)
    ));
    let invocation = Invocation {
        module: "fetch",
        args: wanted,
        download: Some(partial.clone()),
        ..Invocation::default()
    };
    let outcome = ctx.target.call(invocation).await;
    let stored = store(&args, outcome, &partial, &dest, before.as_deref());
    // Gone already when it was put in place.
    let _ = std::fs::remove_file(&partial);
    stored
}

fn destination(args: &Args, ctx: &ActionContext<'_>) -> PathBuf {
    let dest = ctx.folder.join(&args.dest);
    if !args.flat {
        return dest.join(ctx.host.as_str()).join(args.src.trim_start_matches('/'));
    }
    if args.dest.ends_with('/') {
        let name = args.src.rsplit('/').next().unwrap_or(&args.src);
        return dest.join(name);
    }
    dest
}

fn store(
    args: &Args,
    mut outcome: Outcome,
    partial: &std::path::Path,
    dest: &std::path::Path,
    before: Option<&str>,
) -> Result<Outcome, Outcome> {
    let sent = outcome.values.get("checksum").map(ToString::to_string);
    let (Status::Ok, Some(sent)) = (outcome.status, sent) else { return Ok(outcome) };
    let failed = |e: std::io::Error| Outcome::failed(format!("cannot write {}: {e}", dest.display()));
    let bytes = std::fs::read(partial).or_else(|e| {
        // An empty file sends no bytes.
        if e.kind() == std::io::ErrorKind::NotFound { Ok(Vec::new()) } else { Err(failed(e)) }
    })?;
    let came = sha1_hex(&bytes);
    if args.validate_checksum && came != sent {
        return Err(Outcome::failed("what came differs from the file on the target")
            .with("checksum", came)
            .with("remote_checksum", sent));
    }
    outcome.changed = before != Some(came.as_str());
    if outcome.changed {
        if let Some(folder) = dest.parent() {
            std::fs::create_dir_all(folder).map_err(failed)?;
        }
        if partial.exists() {
            std::fs::rename(partial, dest).map_err(failed)?;
        } else {
            std::fs::write(dest, bytes).map_err(failed)?;
        }
    }
    outcome.values.insert("dest", dest.display().to_string());
    outcome.values.insert("remote_checksum", sent);
    Ok(outcome)
}
