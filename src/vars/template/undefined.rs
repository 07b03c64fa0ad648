//! What becomes of what is undefined: an error, unless somebody wants to see it, or only what is there.

use std::sync::Arc;

use super::session::Session;
use crate::base::Value;
use crate::vars::{StoodIn, TemplateError};

/// What becomes of a value that is undefined.
#[derive(Default)]
pub(super) enum Undefined {
    #[default]
    Fails,
    /// A text stands in its place; here is what was undefined.
    Told(StoodIn),
    /// It is left out of the list or mapping that it stands in.
    LeftOut,
}

impl Session {
    /// From now on a text stands where something undefined would be an error. [`Self::replaced`] tells what was.
    pub(super) fn replace_undefined(&self) {
        self.shared.undefined.replace(Undefined::Told(Vec::new()));
    }

    /// From now on what is undefined is left out of lists and mappings.
    pub(super) fn leave_out_undefined(&self) {
        self.shared.undefined.replace(Undefined::LeftOut);
    }

    /// What was undefined, in words, each behind its template.
    pub(super) fn replaced(&self) -> StoodIn {
        match self.shared.undefined.take() {
            Undefined::Told(told) => told,
            Undefined::Fails | Undefined::LeftOut => Vec::new(),
        }
    }

    /// What stands in place of something undefined; else the error stays.
    pub(super) fn stand_in(&self, error: TemplateError) -> Result<Value, TemplateError> {
        match &mut *self.shared.undefined.borrow_mut() {
            Undefined::Told(known) if error.is_undefined() => {
                known.push((Arc::clone(&self.shared.leaf.borrow()), error.problem.to_string()));
                Ok(Value::from(format!("<< error {} - {} >>", known.len(), error.problem)))
            }
            _ => Err(error),
        }
    }

    /// What becomes of an item of a list or a mapping.
    pub(super) fn item(&self, rendered: Result<Value, TemplateError>) -> Result<Value, TemplateError> {
        let left_out = || matches!(*self.shared.undefined.borrow(), Undefined::LeftOut);
        rendered
            .or_else(|error| if error.is_undefined() && left_out() { Ok(Value::Omit) } else { Err(error) })
    }
}
