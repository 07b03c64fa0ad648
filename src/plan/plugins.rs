//! Plugins of the project, as templates reach them: those beside its playbooks, in its roles and in collections.

use std::sync::Arc;

use serde_json::json;

use super::build::Build;
use crate::base::{Diagnostic, Value};
use crate::load::Project;
use crate::load::foreign::{Question, Want, written};
use crate::vars::plugins::{Kind, PluginCall, Plugins, Surroundings};

/// Those of a project.
pub(super) struct OfProject(pub Arc<Project>);

impl Plugins for OfProject {
    fn has(&self, kind: Kind, name: &str) -> bool {
        self.0.loader.library().has_plugin(kind.word(), name)
    }

    fn has_own(&self, kind: Kind, name: &str) -> bool {
        self.0.loader.library().has_own_plugin(kind.word(), name)
    }

    fn call(&self, call: &PluginCall, around: &dyn Surroundings) -> Result<Value, String> {
        let library = self.0.loader.library();
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

impl Build<'_> {
    /// What is wrong with a template, unless somebody has the plugin that is not built in.
    pub(super) fn wrong(&self, found: Option<Diagnostic>) -> Option<Diagnostic> {
        found.filter(|problem| {
            let kind = match problem.code {
                "unknown-filter" => Kind::Filter,
                "unknown-test" => Kind::Test,
                "unknown-lookup" => Kind::Lookup,
                _ => return true,
            };
            let name = problem.message.split('`').nth(1).unwrap_or_default();
            self.compiler.environment().plugin(kind, name).is_none()
        })
    }
}
