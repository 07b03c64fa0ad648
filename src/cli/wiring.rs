//! Puts the layers together: the only place that knows who implements what.

use crate::action::ACTIONS;
use crate::base::spec::Catalogue;
use crate::module::MODULES;

/// Everything that a task can be. Of an action and a module with one name, the action is what the task means.
pub(super) fn catalogue() -> Catalogue {
    Catalogue::new(MODULES.iter().map(|m| m.spec).chain(ACTIONS.iter().map(|a| a.spec)))
}
