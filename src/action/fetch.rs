//! `fetch`: a file of the target, brought to the controller.

use std::path::{Path, PathBuf};

use md5::{Digest, Md5};
use schemars::JsonSchema;
use serde::Deserialize;

use super::source::sha1_hex;
use super::{Action, ActionContext, BoxFuture, Done, Invocation};
use crate::base::path::normal;
use crate::base::spec::{CheckMode, OnResume, Spec, schema_of};
use crate::base::{Map, Value, args, hexadecimal};
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
    let (dest, folder) = destination(&args, &args.src, ctx)?;
    // Only the target knows what `~` is.
    let beside = if args.src.starts_with(['~', '$']) { folder.join("fetched") } else { dest };
    let wanted = Map::from_iter([
        ("src", Value::from(args.src.as_str())),
        ("fail_on_missing", args.fail_on_missing.into()),
    ]);
    let partial = beside.with_file_name(format!(
        ".{}.{:08x}.part",
        beside.file_name().unwrap_or_default().to_string_lossy(),
        fastrand::u32(..)
    ));
    let invocation = Invocation {
        module: "fetch",
        args: wanted,
        download: Some(partial.clone()),
        ..Invocation::default()
    };
    let outcome = ctx.target.call(invocation).await;
    let src = outcome.values.get("file").map_or_else(|| args.src.clone(), ToString::to_string);
    let stored = destination(&args, &src, ctx).and_then(|(dest, _)| store(&args, outcome, &partial, &dest));
    // Gone already when it was put in place.
    let _ = std::fs::remove_file(&partial);
    stored
}

/// What the arguments cannot be, in words that playbooks know.
pub(super) fn judge(map: &Map) -> Result<(), String> {
    let text = |name: &str| match map.get(name).filter(|value| !value.is_null()) {
        Some(Value::List(_) | Value::Map(_)) => {
            let option = if name == "src" { "source" } else { name };
            Err(format!("Invalid type supplied for {option} option, it must be a string"))
        }
        given => Ok(given.is_some()),
    };
    if text("src")? && text("dest")? { Ok(()) } else { Err("src and dest are required".to_owned()) }
}

/// Where the file goes, and the folder that the user has named for it.
fn destination(args: &Args, src: &str, ctx: &ActionContext<'_>) -> Result<(PathBuf, PathBuf), Outcome> {
    let dest = ctx.folder.join(&args.dest);
    let dest = std::path::absolute(&dest).unwrap_or(dest);
    if !args.flat {
        return Ok((normal(&dest.join(ctx.host.as_str()).join(src.trim_start_matches('/'))), dest));
    }
    if !args.dest.ends_with('/') {
        if dest.is_dir() {
            let instead = "use a trailing slash if you want to fetch src into that directory";
            return Err(Outcome::failed(format!("dest is an existing directory, {instead}")));
        }
        let folder = dest.parent().map(Path::to_owned).unwrap_or_default();
        return Ok((dest, folder));
    }
    let file = dest.join(src.rsplit('/').next().unwrap_or(src));
    if file.is_dir() {
        let instead = "use another path that does not point to an existing directory";
        let words = format!("calculated dest '{}' is an existing directory, {instead}", file.display());
        return Err(Outcome::failed(words));
    }
    Ok((file, dest))
}

fn store(args: &Args, mut outcome: Outcome, partial: &Path, dest: &Path) -> Result<Outcome, Outcome> {
    let before = std::fs::read(dest).ok().map(|bytes| sha1_hex(&bytes));
    let sent = outcome.values.get("checksum").map(ToString::to_string);
    let (Status::Ok, Some(sent)) = (outcome.status, sent) else { return Ok(outcome) };
    let failed = |e: std::io::Error| Outcome::failed(format!("cannot write {}: {e}", dest.display()));
    let bytes = std::fs::read(partial).or_else(|e| {
        // An empty file sends no bytes.
        if e.kind() == std::io::ErrorKind::NotFound { Ok(Vec::new()) } else { Err(failed(e)) }
    })?;
    let came = sha1_hex(&bytes);
    let md5 = hexadecimal(&Md5::digest(&bytes));
    if args.validate_checksum && came != sent {
        return Err(Outcome::failed("checksum mismatch")
            .with("file", outcome.values.get("file").cloned().unwrap_or_default())
            .with("dest", dest.display().to_string())
            .with("checksum", came)
            .with("remote_checksum", sent));
    }
    outcome.changed = before.as_deref() != Some(came.as_str());
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
    if outcome.changed {
        // Nobody asks the target for it; the key is there in the reference, too.
        outcome.values.insert("remote_md5sum", Value::Null);
    }
    outcome.values.insert("md5sum", md5);
    outcome.values.insert("dest", dest.display().to_string());
    outcome.values.insert("remote_checksum", sent);
    Ok(outcome)
}
