//! Tests of paths on the controller.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use super::{Predicate, predicate};
use crate::base::Value;
use crate::vars::call::{Call, CallError};
use crate::vars::filters::text::only_text;

pub(super) const PREDICATES: &[Predicate] = &[
    predicate("directory", &["is_dir"], |call| on(call, |call, path| files(call).is_folder(path))),
    predicate("file", &["is_file"], |call| on(call, |call, path| files(call).is_file(path))),
    predicate("exists", &[], |call| {
        on(call, |call, path| files(call).is_file(path) || files(call).is_folder(path))
    }),
    predicate("link", &["is_link"], |call| on(call, |_, path| path.is_symlink())),
    predicate("link_exists", &[], |call| on(call, |_, path| path.symlink_metadata().is_ok())),
    predicate("mount", &["is_mount"], |call| on(call, |_, path| is_mount(path))),
    predicate("same_file", &["is_same_file"], |call| {
        let other = call.required_text(1, "path")?;
        let id = |path: &Path| {
            path.metadata().map(|about| (about.dev(), about.ino())).map_err(|error| error.to_string())
        };
        Ok(id(Path::new(&call.subject_text()?))? == id(Path::new(&other))?)
    }),
    predicate("vaulted_file", &[], |call| {
        let path = only_text(call)?;
        let content = std::fs::read(&path).map_err(|error| format!("{path} cannot be read: {error}"))?;
        Ok(content.starts_with(b"$ANSIBLE_VAULT;"))
    }),
    predicate("vault_encrypted", &[], |call| {
        let subject = call.subject()?;
        let was_vault = matches!(subject, Value::String(text) if text.was_vault());
        Ok(was_vault || subject.to_string().starts_with("$ANSIBLE_VAULT;"))
    }),
    predicate("abs", &["is_abs"], |call| on(call, |_, path| path.is_absolute())),
];

/// Whether another file system begins here.
fn is_mount(path: &Path) -> bool {
    let Ok(here) = path.symlink_metadata() else { return false };
    let Ok(above) = path.join("..").symlink_metadata() else { return false };
    here.is_dir() && (here.dev() != above.dev() || here.ino() == above.ino())
}

fn files<'a>(call: &Call<'a>) -> &'a dyn crate::load::Files {
    call.caller().environment().files()
}

fn on(call: &Call<'_>, judge: impl Fn(&Call<'_>, &Path) -> bool) -> Result<bool, CallError> {
    let path = only_text(call)?;
    Ok(judge(call, Path::new(&path)))
}
