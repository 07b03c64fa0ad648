//! Tests of paths on the controller.

use std::path::Path;

use super::{Predicate, predicate};
use crate::vars::call::{Call, CallError};

pub(super) const PREDICATES: &[Predicate] = &[
    predicate("directory", &["is_dir"], |call| on(call, |call, path| files(call).is_folder(path))),
    predicate("file", &["is_file"], |call| on(call, |call, path| files(call).is_file(path))),
    predicate("exists", &[], |call| {
        on(call, |call, path| files(call).is_file(path) || files(call).is_folder(path))
    }),
    predicate("abs", &["is_abs"], |call| on(call, |_, path| path.is_absolute())),
];

fn files<'a>(call: &Call<'a>) -> &'a dyn crate::load::Files {
    call.caller().environment().files()
}

fn on(call: &Call<'_>, judge: impl Fn(&Call<'_>, &Path) -> bool) -> Result<bool, CallError> {
    let path = call.subject_text()?;
    Ok(judge(call, Path::new(&path)))
}
