//! Who does a task: what is built in, a module that is a file, or nobody, which is told before the first host is touched.

use std::sync::Arc;

use super::check::FLOW;
use super::{Compiler, Strictness};
use crate::base::Diagnostic;
use crate::base::spec::short_name;
use crate::base::value::has_marks;
use crate::load::foreign::{Foreign, Found, Kind};
use crate::load::shown;

/// What can be done where no ansible-core is found.
const HELP: &str = "install it for that Python, or say which has it: `ansible_python = \"/path/to/python3\"` in benchbook.toml";

impl Compiler {
    /// The module or action that a file is, where a name means one; nothing for what is built in; or why nobody can do it,
    /// without its place. A file in `action_plugins` stands before whatever is built in, one in `library` before a module that
    /// is, and never before an action.
    pub fn route(&self, name: &str) -> Result<Option<Arc<Foreign>>, Diagnostic> {
        if FLOW.contains(&short_name(name)) {
            return Ok(None);
        }
        let library = self.project.loader.library();
        let is_built_in = self.catalogue.get(name).is_some();
        let is_action = self.catalogue.is_action(name);
        let own = library.own_action(name).or_else(|| if is_action { None } else { library.own(name) });
        let module = match own {
            Some(module) => module,
            None if is_built_in => return Ok(None),
            None => match library.find(name) {
                Found::File(module) => module,
                Found::Nothing(missing) => return Err(self.unknown(name, missing)),
            },
        };
        match module.kind {
            Kind::PowerShell => {
                let message = format!("`{name}` is a module for Windows ({})", shown(&module.path));
                Err(Diagnostic::error("unsupported-module", message))
            }
            Kind::Python | Kind::Action => match library.core().installation() {
                Ok(_) => Ok(Some(module)),
                Err(why) => {
                    let path = shown(&module.path);
                    let kind = if module.kind == Kind::Action { "an action" } else { "a module" };
                    let message = format!(
                        "`{name}` ({path}) is {kind} in Python that needs ansible-core, and there is none: {why}"
                    );
                    Err(Diagnostic::error("no-ansible-core", message).help(HELP))
                }
            },
            _ => Ok(Some(module)),
        }
    }

    /// The same where it is known that somebody can do it, or where only the run knows the name.
    pub(super) fn foreign(&self, name: &str) -> Option<Arc<Foreign>> {
        if has_marks(name) { None } else { self.route(name).ok().flatten() }
    }

    fn unknown(&self, name: &str, missing: Option<String>) -> Diagnostic {
        if self.options.strictness == Strictness::Late {
            // The reference's words.
            let words = "This often indicates a misspelling, missing collection, or incorrect module path.";
            let message = format!("couldn't resolve module/action '{name}'. {words}");
            return Diagnostic::error("unknown-module", message);
        }
        let known = self.catalogue.names().chain(FLOW);
        let unknown = Diagnostic::error("unknown-module", format!("there is no module or action `{name}`"));
        let unknown = unknown.suggest(short_name(name), known);
        match missing {
            _ if !unknown.help.is_empty() => unknown,
            Some(why) => unknown
                .help("`benchbook doc` lists what is built in")
                .help(format!("modules of ansible-core and of collections were not looked for: {why}")),
            None => unknown.help("`benchbook doc` lists what is built in"),
        }
    }
}
