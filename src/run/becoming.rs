//! The endpoint of a task that is done as another user.

use std::sync::Arc;

use super::unit::Shared;
use crate::base::Secret;
use crate::connection::Endpoint;
use crate::model::Becoming;
use crate::plan::becoming::{AskedBecoming, Other};
use crate::vars::{Templar, TemplateError};
use crate::wire::{Escalation, Method};

/// The endpoint of the user that keywords, variables and the command line mean; `login` is that of the user who logs in.
pub fn endpoint(
    login: Endpoint,
    said: &Becoming,
    shared: &Shared,
    templar: &Templar,
) -> Result<Endpoint, TemplateError> {
    let password = shared.options.become_password.as_ref();
    as_other(login, said, &shared.compiler.options.becoming, password, templar)
}

/// The same; `password` counts where variables give none.
pub fn as_other(
    login: Endpoint,
    said: &Becoming,
    asked: &AskedBecoming,
    password: Option<&Secret>,
    templar: &Templar,
) -> Result<Endpoint, TemplateError> {
    let other = said.other(asked, templar)?;
    Ok(match other.and_then(|other| escalation(other, password)) {
        Some(escalation) => Endpoint::Become(Arc::new(login), Arc::new(escalation)),
        None => login,
    })
}

/// None only for a method that `plan` knows and the wire does not; a test says that there is none.
fn escalation(other: Other, usual: Option<&Secret>) -> Option<Escalation> {
    let Other { user, method, exe, flags, password } = other;
    let password = password.or_else(|| usual.cloned());
    Some(Escalation { method: Method::parse(&method)?, user, exe, flags, password })
}

#[cfg(test)]
mod tests {
    use crate::plan::becoming::METHODS;
    use crate::wire::Method;

    #[test]
    fn every_method_can_be_asked_for() {
        assert_eq!(Method::ALL.map(Method::name), METHODS);
    }
}
