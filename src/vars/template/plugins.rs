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
    /// A filter or a test that is not built in.
    pub(super) fn plugin(
        self: &Rc<Self>,
        kind: Kind,
        name: &str,
        arguments: &Arguments,
        place: Place,
    ) -> Option<Result<Val, TemplateError>> {
        let plugins = self.session.environment().plugin(kind, name)?;
        Some(self.foreign(plugins, kind, name, arguments, place))
    }

    /// The same of the user's own, which stands before what is built in.
    pub(super) fn own_plugin(
        self: &Rc<Self>,
        kind: Kind,
        name: &str,
        arguments: &Arguments,
        place: Place,
    ) -> Option<Result<Val, TemplateError>> {
        let plugins = self.session.environment().own_plugin(kind, name)?;
        Some(self.foreign(plugins, kind, name, arguments, place))
    }

    fn foreign(
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
