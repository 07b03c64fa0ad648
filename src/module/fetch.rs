//! `fetch`, the target's half: sends a file to the controller. Where it is stored is the action's business.

use std::fs::File;
use std::io::{ErrorKind, Read};

use schemars::JsonSchema;
use serde::Deserialize;

use super::checksum::{Algorithm, Sum};
use super::failure::Doing;
use super::{Answer, Context, Failure, Module, TargetPath, call};
use crate::base::spec::{CheckMode, OnResume, Spec, schema_of};
use crate::wire::{Outcome, Stream};

/// How much is read and sent at once, in bytes.
const CHUNK: usize = 256 * 1024;

/// The bytes go out as [`Stream::Download`]; `checksum` (SHA-1) and `size` tell what was sent.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// The file on the target.
    pub src: TargetPath,
    /// Whether a missing file is a failure.
    #[serde(default = "yes")]
    pub fail_on_missing: bool,
}

fn yes() -> bool {
    true
}

pub(super) const SPEC: Spec = Spec {
    name: "fetch",
    summary: "Sends a file of the target to the controller.",
    free_form: None,
    open: false,
    on_resume: OnResume::Rerun,
    check: CheckMode::ReadOnly,
    schema: schema_of::<Args>,
};

/// The row of the table.
pub const MODULE: Module = Module { name: SPEC.name, run: |args, ctx| call(args, ctx, fetch) };

fn fetch(args: &Args, ctx: &mut Context<'_>) -> Answer {
    let path = args.src.expand(ctx);
    let name = path.to_string_lossy().into_owned();
    let mut file = match File::open(&path) {
        Err(e) if e.kind() == ErrorKind::NotFound => {
            return if_ignored(args, "the remote file does not exist", name);
        }
        Err(e) => {
            let words = format!("File is not readable: {}: {}", path.display(), e);
            return if_ignored(args, &words, name);
        }
        Ok(file) => file,
    };
    if file.metadata().doing("look at", &path)?.is_dir() {
        let words = "remote file is a directory, fetch cannot work on directories";
        return if_ignored(args, words, name);
    }
    let mut sum = Sum::new(Algorithm::Sha1);
    let mut size = 0_u64;
    let mut buffer = vec![0; CHUNK];
    loop {
        let length = file.read(&mut buffer).doing("read", &path)?;
        if length == 0 {
            break;
        }
        if ctx.link.cancelled().is_some() {
            let mut outcome = Outcome::failed("cancelled").with("file", name);
            outcome.status = crate::wire::Status::Cancelled;
            return Ok(outcome);
        }
        sum.update(&buffer[..length]);
        size += length as u64;
        ctx.link.send(Stream::Download, &buffer[..length]).doing("send", &path)?;
    }
    Ok(Outcome::ok(false).with("file", name).with("checksum", sum.finish()).with("size", size))
}

/// What is not there or cannot be sent is a failure, unless the user does not mind.
fn if_ignored(args: &Args, words: &str, name: String) -> Answer {
    if args.fail_on_missing {
        return Err(Failure::new(words).with("file", name));
    }
    Ok(Outcome::ok(false).saying(format!("{words}, not transferring, ignored")).with("file", name))
}
