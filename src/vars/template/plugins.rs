//! Filters and tests of somebody else's, as templates call them.

use std::rc::Rc;
use std::sync::Arc;

use super::calling::Arguments;
use super::evaluate::first_missing;
use super::object::Val;
use super::run::Unit;
use super::syntax::Place;
use crate::vars::TemplateError;
use crate::vars::call::Call;
use crate::vars::plugins::{self, Kind, Plugins};

impl Unit {
    /// A filter or a test of whoever has it.
    pub(super) fn plugin(
        self: &Rc<Self>,
        plugins: &Arc<dyn Plugins>,
        kind: Kind,
        name: &str,
        arguments: &Arguments,
        place: Place,
    ) -> Result<Val, TemplateError> {
        if let Some(missing) = first_missing(arguments) {
            return Ok(missing);
        }
        let run = |call: &Call<'_>| plugins::run(plugins, kind, name, call, 0, call.all_named());
        let given = self.plain_call(arguments, run);
        given.or_else(|error| self.deferred(self.refused(error, place)))
    }
}
