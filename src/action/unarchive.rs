//! `unarchive`: finds the user's archive and has the module `unarchive` unpack it.

use std::io::Read;
use std::path::Path;

use schemars::Schema;

use super::{Action, ActionContext, BoxFuture, Done, Invocation};
use crate::base::address::masked;
use crate::base::spec::{CheckMode, OnResume, Spec};
use crate::base::{Map, Value};
use crate::connection::Upload;
use crate::module;
use crate::wire::{Outcome, Status};

/// How a vault begins.
const VAULT: &[u8] = b"$ANSIBLE_VAULT";

pub(super) const ACTION: Action = Action {
    spec: Spec {
        name: "unarchive",
        summary: "Unpacks an archive into a folder.",
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
    module::file_args::schema::<module::unarchive::Args>()
}

fn run<'a>(map: &'a Map, ctx: &'a ActionContext<'a>) -> BoxFuture<'a, Done> {
    Box::pin(async move { unarchive(map, ctx).await.unwrap_or_else(|failed| failed).into() })
}

fn flag(map: &Map, name: &str) -> Option<bool> {
    map.get(name).filter(|value| !value.is_null()).and_then(Value::to_bool)
}

fn text(map: &Map, name: &str) -> Option<String> {
    map.get(name).filter(|value| !value.is_null()).map(ToString::to_string)
}

async fn unarchive(map: &Map, ctx: &ActionContext<'_>) -> Result<Outcome, Outcome> {
    let (Some(src), Some(dest)) = (text(map, "src"), text(map, "dest")) else {
        return Err(Outcome::failed("src (or content) and dest are required"));
    };
    let on_target = flag(map, "remote_src").or(flag(map, "copy").map(|copy| !copy)).unwrap_or(false);
    if let Some(creates) = text(map, "creates")
        && stat(&creates, "exists", ctx).await?
    {
        return Err(Outcome::skipped(format!("skipped, since {creates} exists")));
    }
    if !on_target && src.contains("://") {
        return Err(Outcome::failed(format!(
            "Unsupported option, an URI src ({}) is only supported when remote_src is True",
            masked(&src)
        )));
    }
    let archive = if on_target { None } else { Some(ctx.find("files", &src)?) };
    if !stat(&dest, "isdir", ctx).await? {
        return Err(Outcome::failed(format!("dest '{dest}' must be an existing dir")));
    }
    let mut args = map.clone();
    args.remove("copy");
    args.insert("remote_src", on_target);
    let mut uploads = Vec::new();
    if let Some(path) = archive {
        uploads.push(read(&path, flag(map, "decrypt").unwrap_or(true), ctx)?);
        args.insert("_upload", true);
    }
    Ok(ctx.target.call(Invocation { module: "unarchive", args, uploads, ..Invocation::default() }).await)
}

/// Whether the target says so of a path.
pub(super) async fn stat(path: &str, key: &str, ctx: &ActionContext<'_>) -> Result<bool, Outcome> {
    let mut args = Map::from_iter([("path", path)]);
    for (name, value) in
        [("follow", true), ("get_checksum", false), ("get_mime", false), ("get_attributes", false)]
    {
        args.insert(name, value);
    }
    let outcome = ctx.target.call(Invocation { module: "stat", args, ..Invocation::default() }).await;
    if outcome.status != Status::Ok {
        return Err(outcome);
    }
    let stat = outcome.values.get("stat").and_then(Value::as_map);
    Ok(stat.and_then(|stat| stat.get(key)).is_some_and(Value::is_truthy))
}

/// The archive on its way. A vault is decrypted; what is none is read from the disk while it is sent.
fn read(path: &Path, decrypt: bool, ctx: &ActionContext<'_>) -> Result<Upload, Outcome> {
    let files = ctx.files();
    let failed = |e: std::io::Error| Outcome::failed(format!("cannot read {}: {e}", path.display()));
    let mut start = Vec::new();
    let (file, _) = files.stream(path).map_err(failed)?;
    file.take(VAULT.len() as u64).read_to_end(&mut start).map_err(failed)?;
    if decrypt && start == VAULT {
        return files.open(path).map(|content| Upload::Bytes(content.bytes)).map_err(failed);
    }
    if path.is_file() {
        return Ok(Upload::File(path.to_owned()));
    }
    // Tests keep their files in memory.
    files.read(path).map(Upload::Bytes).map_err(failed)
}
