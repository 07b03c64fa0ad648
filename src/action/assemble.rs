//! `assemble`: parts that lie on the controller are put together here, and `copy` puts the file in its place. For those on the
//! target its module does everything.

use std::path::Path;

use super::source::{content, upload};
use super::{Action, ActionContext, BoxFuture, Done, Invocation, copy};
use crate::base::spec::{CheckMode, OnResume, Spec};
use crate::base::{Map, Value, fragments, regex};
use crate::module;
use crate::wire::Outcome;

pub(super) const ACTION: Action = Action {
    spec: Spec {
        name: "assemble",
        summary: "Puts a file together of the files of a folder.",
        free_form: None,
        open: false,
        on_resume: OnResume::Rerun,
        check: CheckMode::Full,
        schema: copy::assemble_schema,
    },
    unrendered: &[],
    run,
};

/// What `copy` has no use for.
const OWN: [&str; 5] = ["remote_src", "regexp", "delimiter", "ignore_hidden", "decrypt"];

fn run<'a>(map: &'a Map, ctx: &'a ActionContext<'a>) -> BoxFuture<'a, Done> {
    Box::pin(async move { assemble(map, ctx).await.unwrap_or_else(|failed| failed).into() })
}

async fn assemble(map: &Map, ctx: &ActionContext<'_>) -> Result<Outcome, Outcome> {
    let flag = |name: &str, default| map.get(name).and_then(Value::to_bool).unwrap_or(default);
    if flag("remote_src", true) {
        let invocation = Invocation { module: "assemble", args: map.clone(), ..Invocation::default() };
        return Ok(ctx.target.call(invocation).await);
    }
    let text = |name: &str| map.get(name).filter(|value| !value.is_null()).map(ToString::to_string);
    let src = text("src").unwrap_or_default();
    let found = ctx.find("files", &src)?;
    if !ctx.files().is_folder(&found) {
        return Err(Outcome::failed(format!("Source ({}) is not a directory", found.display())));
    }
    let wanted = match text("regexp") {
        None => None,
        Some(pattern) => {
            let wrong = |why| Outcome::failed(format!("Invalid Regexp ({why}) in \"{pattern}\""));
            Some(regex::compile(&pattern, false, false).map_err(wrong)?)
        }
    };
    let failed =
        |path: &Path, e: std::io::Error| Outcome::failed(format!("cannot read {}: {e}", path.display()));
    let mut paths = ctx.files().list(&found).map_err(|e| failed(&found, e))?;
    paths.sort();
    let mut parts = Vec::new();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let matches = match &wanted {
            Some(wanted) => wanted.is_match(&*name).map_err(|why| Outcome::failed(why.to_string()))?,
            None => true,
        };
        if !matches || ctx.files().is_folder(&path) || flag("ignore_hidden", false) && name.starts_with('.') {
            continue;
        }
        parts.push(content(&path, flag("decrypt", true), ctx).map_err(|e| failed(&path, e))?);
    }
    let content = fragments::join(parts, text("delimiter").as_deref()).map_err(Outcome::failed)?;
    let args: Map = map
        .iter()
        .filter(|(key, _)| !key.as_str().is_some_and(|key| OWN.contains(&key)))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    let name = found.file_name().unwrap_or_default().to_string_lossy();
    let mut outcome = ctx.target.call(upload(&args, &name, None, None, content)).await;
    // `copy` tells of a list of files, and this is one.
    module::difference::as_one(&mut outcome);
    Ok(outcome)
}
