//! Plugins of the user's own, as templates reach them: those beside playbooks, in roles and in collections.

use std::sync::Arc;

use serde_json::json;

use super::plugins::{Kind, PluginCall, Plugins, Surroundings};
use crate::base::Value;
use crate::load::foreign::{Library, Question, Want, written};

/// Those that a library finds.
pub struct OfLibrary(pub Arc<Library>);

impl Plugins for OfLibrary {
    fn has(&self, kind: Kind, name: &str) -> bool {
        self.0.has_plugin(kind.word(), name)
    }

    fn has_own(&self, kind: Kind, name: &str) -> bool {
        self.0.has_own_plugin(kind.word(), name)
    }

    fn call(&self, call: &PluginCall, around: &dyn Surroundings) -> Result<Value, String> {
        let library = &self.0;
        let question = Question {
            kind: call.kind.word(),
            name: call.name.clone(),
            positional: call.positional.clone(),
            named: call.named.clone(),
            search: call.search.clone(),
            folders: library.beside(),
        };
        library.core().ask_plugin(&question, &mut |want| {
            Some(match want {
                Want::Variables { host } => {
                    let variables = around.variables(host.as_deref());
                    json!({"ok": variables.map(|variables| written(&variables.into()))})
                }
                Want::Hosts => json!({"ok": around.hosts()}),
                Want::Say { .. } => return None,
                _ => json!({"error": "a filter, a test or a lookup has no target"}),
            })
        })
    }
}
