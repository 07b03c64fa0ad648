//! What is known before contact: variables of the text and of the inventory, and templates rendered with them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Compiler, PlayPlan, Surroundings};
use crate::base::{Diagnostic, HostName, Span, Spanned, Value};
use crate::model::VarLayer;
use crate::vars::{Environment, Scope, SearchPaths, Templar, TemplateError};

/// What is known before contact of the hosts of one play.
pub(super) struct Known {
    /// Of no host: extra variables, magic ones.
    base: Scope,
    /// Of each host: inventory, vendor defaults, magic ones.
    hosts: BTreeMap<HostName, Scope>,
    environment: Arc<Environment>,
}

impl Known {
    /// These scopes.
    pub fn new(base: Scope, hosts: BTreeMap<HostName, Scope>, environment: Arc<Environment>) -> Self {
        Self { base, hosts, environment }
    }

    fn templar(&self, scope: &Scope, vars: &[VarLayer]) -> Templar {
        let scope = vars.iter().fold(scope.clone(), |scope, layer| scope.with(layer.clone()));
        Templar::new(scope, Arc::clone(&self.environment))
    }

    /// What can be said without naming a host.
    pub fn anywhere(&self, vars: &[VarLayer]) -> Templar {
        self.templar(&self.base, vars)
    }

    /// What one host knows.
    pub fn on(&self, host: &HostName, vars: &[VarLayer]) -> Templar {
        self.templar(self.hosts.get(host).unwrap_or(&self.base), vars)
    }

    /// A value that must be the same for all hosts and known before contact. `what` names it: `the matrix of case x`.
    pub fn same_everywhere(
        &self,
        around: &Surroundings,
        value: &Value,
        place: &Span,
        what: &str,
    ) -> Result<Value, Diagnostic> {
        if !value.has_template() {
            return Ok(value.clone());
        }
        let vars = around.with_role();
        let search = SearchPaths::new(Arc::clone(&around.search));
        let environment = Arc::new(self.environment.with_search(search));
        let render =
            |templar: Templar| Templar::new(templar.scope().clone(), Arc::clone(&environment)).render(value);
        let mut first: Option<(&HostName, Value)> = None;
        for host in around.hosts.iter() {
            let rendered = render(self.on(host, &vars)).map_err(|e| later(e, place, what, Some(host)))?;
            match &first {
                None => first = Some((host, rendered)),
                Some((_, same)) if *same == rendered => {}
                Some((other, _)) => {
                    return Err(Diagnostic::error(
                        "differs-between-hosts",
                        format!(
                            "{what} must be the same on all hosts, it differs between {other} and {host}"
                        ),
                    )
                    .at(place)
                    .help("use a label, such as `all`, and let each host's variables say what it means"));
                }
            }
        }
        match first {
            Some((_, value)) => Ok(value),
            None => render(self.anywhere(&vars)).map_err(|e| later(e, place, what, None)),
        }
    }

    /// A text that must be known before contact.
    pub fn text(
        &self,
        around: &Surroundings,
        value: &Spanned<Value>,
        what: &str,
    ) -> Result<String, Diagnostic> {
        let rendered = self.same_everywhere(around, value, &value.span, what)?.unsealed();
        match rendered {
            Value::String(text) => Ok(text.as_str().to_owned()),
            Value::Int(_) | Value::Float(_) | Value::Bool(_) => Ok(rendered.to_string()),
            other => {
                Err(Diagnostic::error("wrong-type", format!("{what} must be a text, not {}", other.kind()))
                    .at(&value.span))
            }
        }
    }

    /// A name for people: rendered where that can be done before contact, else as it is written.
    pub fn shown(&self, around: &Surroundings, value: &Value) -> String {
        match value {
            Value::String(text) if text.is_template() => match self.anywhere(&around.vars).render(value) {
                Ok(name) if !name.has_secret() => name.to_string(),
                _ => text.as_str().to_owned(),
            },
            other => other.to_string(),
        }
    }
}

impl Compiler {
    /// What is known of the hosts of a compiled play.
    pub(super) fn known_hosts(&self, play: &PlayPlan) -> Known {
        super::play::known_for(self, &play.play, &play.hosts)
    }
}

/// The message for a value that must be known before contact and is not.
fn later(error: TemplateError, place: &Span, what: &str, host: Option<&HostName>) -> Diagnostic {
    if !error.is_undefined() {
        return error.into();
    }
    let on = host.map(|h| format!(" on {h}")).unwrap_or_default();
    let found = Diagnostic::error(
        "known-only-when-running",
        format!("{what} must be known before any host is contacted: {error}{on}"),
    );
    found.at(error.span.as_ref().unwrap_or(place)).help(
        "facts and registered variables are not known yet: use a label, such as `all`, and a variable in `vars:` that turns it into a value on each host",
    )
}
