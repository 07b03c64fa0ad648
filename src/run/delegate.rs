//! Where a task is done: on its own host, or on another by `delegate_to`.

use std::sync::Arc;
use std::time::Duration;

use super::becoming;
use super::hosts::Host;
use super::magic::{host_scope, layer};
use super::unit::Unit;
use crate::base::connections::{CONNECTIONS, bare};
use crate::base::{HostName, Key, Map, Secret, Spanned, Value};
use crate::connection::{ContainerTarget, Endpoint, Target, TargetError, container};
use crate::model::{Becoming, Inherited};
use crate::model::{Level, VarLayer};
use crate::plan::{REACHING, StepKind, TaskStep, WatchedContainer};
use crate::vars::{Entry, LazyMap, Problem, Scope, Templar, TemplateError};

/// Where a task is done.
#[derive(Clone, Debug)]
pub struct Place {
    /// The host by its name, which need not be in the inventory.
    pub host: HostName,
    /// Whether that is another than the task's.
    pub delegated: bool,
    /// How to reach it, or why it cannot be reached.
    pub endpoint: Result<Endpoint, String>,
    /// Whether `container:` is why the endpoint is a container.
    pub entered: bool,
    /// The connection plugin of the user's ansible-core that reaches it, where no agent can be.
    pub plugin: Option<Arc<str>>,
}

impl Place {
    /// The place of a task.
    pub fn of(
        unit: &Unit,
        task: &TaskStep,
        delegate: Option<&HostName>,
        templar: &Templar,
    ) -> Result<Self, TemplateError> {
        let keyword = Keywords::of(&task.inherited, templar)?;
        let Some(name) = delegate.cloned() else {
            let endpoint = match own_endpoint(unit, &keyword, templar) {
                Some(endpoint) => endpoint,
                None => endpoint(unit.host.name.as_str(), keyword.clone(), templar)?,
            };
            let plugin = if endpoint.is_err() { plugin(&keyword, unit, templar)? } else { None };
            let endpoint = other_user(endpoint, &task.inherited.becoming, unit, templar)?;
            let place = inside(endpoint, task.inherited.container.as_ref(), unit, templar)?;
            return Ok(Self { plugin, ..place });
        };
        let there = unit.templar(scope_there(&name, unit));
        // Another host has its own connection and port.
        let keyword = Keywords { user: keyword.user, ..Keywords::default() };
        let endpoint = endpoint(name.as_str(), keyword.clone(), &there)?;
        let plugin = if endpoint.is_err() { plugin(&keyword, unit, &there)? } else { None };
        let endpoint = other_user(endpoint, &task.inherited.becoming, unit, &there)?;
        Ok(Self { delegated: name != unit.host.name, host: name, endpoint, entered: false, plugin })
    }

    /// The machine of a host itself, whatever container is used there.
    pub fn of_machine(unit: &Unit, said: &Inherited, templar: &Templar) -> Result<Self, TemplateError> {
        let keyword = Keywords::of(said, templar)?;
        let endpoint = endpoint(unit.host.name.as_str(), keyword, templar)?;
        let endpoint = other_user(endpoint, &said.becoming, unit, templar)?;
        Ok(Self { host: unit.host.name.clone(), delegated: false, endpoint, entered: false, plugin: None })
    }

    /// The place where the folder of the unit's case is made: as the user that the case or what is around it names.
    pub fn of_case(unit: &Unit, templar: &Templar) -> Result<Self, TemplateError> {
        let case = unit.case.as_deref();
        let keyword = match case.and_then(|case| case.connection.as_ref()) {
            Some(value) => Some(templar.render_str(&value.value)?),
            None => None,
        };
        let endpoint = endpoint(unit.host.name.as_str(), keyword, templar)?;
        match case {
            Some(case) => {
                let endpoint = other_user(endpoint, &case.becoming, unit, templar)?;
                let is_before = case.each_round && matches!(unit.step.kind, StepKind::Rendezvous);
                let container = case.container.as_ref().filter(|_| !is_before);
                inside(endpoint, container, unit, templar)
            }
            None => inside(endpoint, None, unit, templar),
        }
    }

    /// The same outside of the container that `container:` names.
    pub fn outside(&self) -> Result<&Endpoint, &String> {
        match &self.endpoint {
            Ok(Endpoint::Container(host, _)) if self.entered => Ok(host),
            endpoint => endpoint.as_ref(),
        }
    }

    /// The path of the socket of the container engine there: at this address, else where the variables of the host say.
    pub fn socket(&self, address: Option<&str>, unit: &Unit, templar: &Templar) -> Result<Arc<str>, String> {
        match address {
            Some(address) => container::socket(Some(address)).map_err(|error| error.to_string()),
            None if self.delegated => {
                let host = unit.board.find(self.host.as_str());
                let scope = host.map_or_else(Scope::new, |host| host_scope(host, &unit.board));
                engine_socket(&unit.plain_templar(scope))
            }
            None => engine_socket(templar),
        }
    }
}

/// The host that `delegate_to` names. To be asked once for a turn: it may be another each time (`random`).
pub fn delegate(task: &TaskStep, templar: &Templar) -> Result<Option<HostName>, TemplateError> {
    let Some(said) = task.inherited.delegate_to.as_ref().filter(|said| said.value.as_str() != Some(""))
    else {
        return Ok(None);
    };
    match templar.render(&said.value)? {
        Value::Null | Value::Omit => Ok(None),
        name => match name.to_string() {
            name if name.is_empty() => {
                let problem = Problem::Failed("`delegate_to` names no host".to_owned());
                Err(TemplateError::new(problem, Some(said.span.clone())))
            }
            name => Ok(Some(HostName::from(name))),
        },
    }
}

/// What the task would see on a host, which need not be in the inventory.
fn scope_of(name: &HostName, unit: &Unit) -> Scope {
    if let Some(host) = unit.board.find(name.as_str()) {
        return unit.scope_on(host);
    }
    let text = unit.shared.compiler.layers_of_stranger(name.as_str());
    unit.scope_on(&Host::new(name.clone(), text.into_iter().map(Arc::new).collect()))
}

/// `ansible_delegated_vars`: what a task would see on the host that it is delegated to, by that host's name.
struct Delegated {
    name: Arc<str>,
    scope: Scope,
}

impl LazyMap for Delegated {
    fn get(&self, key: &str) -> Option<Entry> {
        let known = |name: &str| Some((Key::from(name), self.scope.lookup(name)?.0.clone()));
        // Rendered where it is used, in the variables of the task.
        (key == &*self.name).then(|| {
            let all: Map = self.scope.names().iter().filter_map(|name| known(name)).collect();
            Entry::Value(all.into())
        })
    }

    fn keys(&self) -> Vec<Arc<str>> {
        vec![Arc::clone(&self.name)]
    }
}

/// What says how the other host is reached: as in ansible-core, `inventory_hostname` stays there that of the task.
pub(super) fn scope_there(name: &HostName, unit: &Unit) -> Scope {
    let own = Map::from_iter([("inventory_hostname", unit.host.name.as_str())]);
    scope_of(name, unit).with(layer(Level::Magic, own))
}

/// The task's variables, with those of the host that it is delegated to. As in ansible-core, a host without an `ansible_host` of
/// its own sees that of the other.
pub fn with_delegated(name: &HostName, unit: &Unit, mut scope: Scope) -> Scope {
    let there = scope_there(name, unit);
    if let Some((address, _)) = there.lookup("ansible_host") {
        scope.push(layer(Level::RoleDefaults, Map::from_iter([("ansible_host", address.clone())])));
    }
    let delegated = Delegated { name: Arc::from(name.as_str()), scope: there };
    scope.with_lazy("ansible_delegated_vars", Arc::new(delegated))
}

/// The same place as another user, if that is said.
fn other_user(
    endpoint: Result<Endpoint, String>,
    said: &Becoming,
    unit: &Unit,
    templar: &Templar,
) -> Result<Result<Endpoint, String>, TemplateError> {
    match endpoint {
        Ok(login) => becoming::endpoint(login, said, &unit.shared, templar).map(Ok),
        unknown => Ok(unknown),
    }
}

/// The container that monitors watch from its machine; none for hosts in in-container mode.
pub fn watched_container(
    unit: &Unit,
    container: &WatchedContainer,
    templar: &Templar,
) -> Result<Option<ContainerTarget>, TemplateError> {
    Ok(named(Some(&container.name), unit, templar)?.and_then(Result::ok))
}

/// The container that `container:` names; none for hosts in in-container mode.
fn named(
    said: Option<&Spanned<Value>>,
    unit: &Unit,
    templar: &Templar,
) -> Result<Option<Result<ContainerTarget, TargetError>>, TemplateError> {
    let Some(name) = said.filter(|_| !unit.play.in_container.contains(&unit.host.name)) else {
        return Ok(None);
    };
    let name = templar.render_str(&name.value)?;
    let engine = text(variable(said::ENGINE, templar)?);
    Ok(Some(ContainerTarget::of(&name, engine.as_deref())))
}

/// On the unit's own host, in a container if that is said.
fn inside(
    endpoint: Result<Endpoint, String>,
    said: Option<&Spanned<Value>>,
    unit: &Unit,
    templar: &Templar,
) -> Result<Place, TemplateError> {
    let host = unit.host.name.clone();
    let place = Place { host, delegated: false, endpoint, entered: false, plugin: None };
    let Ok(host) = &place.endpoint else { return Ok(place) };
    let Some(target) = named(said, unit, templar)? else { return Ok(place) };
    let inside = target.map(|target| Endpoint::Container(Arc::new(host.clone()), Arc::new(target)));
    let endpoint = inside.map_err(|error| format!("{}: {error}", unit.host.name));
    Ok(Place { endpoint, entered: true, ..place })
}

/// What keywords say about reaching a host.
#[derive(Clone, Debug, Default)]
pub struct Keywords {
    connection: Option<String>,
    user: Option<String>,
    port: Option<String>,
}

impl From<Option<String>> for Keywords {
    /// `connection:` alone.
    fn from(connection: Option<String>) -> Self {
        Self { connection, ..Self::default() }
    }
}

impl Keywords {
    fn are_empty(&self) -> bool {
        self.connection.is_none() && self.user.is_none() && self.port.is_none()
    }

    fn of(said: &Inherited, templar: &Templar) -> Result<Self, TemplateError> {
        let render = |value: &Option<Spanned<Value>>| -> Result<Option<String>, TemplateError> {
            value.as_ref().map(|value| templar.render_str(&value.value)).transpose()
        };
        Ok(Self {
            connection: render(&said.connection)?,
            user: render(&said.remote_user)?,
            port: render(&said.port)?,
        })
    }
}

/// The variables that say how a host is reached; of each, the first name that has a value counts.
mod said {
    pub const CONNECTION: &[&str] = &["ansible_connection"];
    pub const ADDRESS: &[&str] = &["ansible_ssh_host", "ansible_host"];
    pub const PORT: &[&str] = &["ansible_ssh_port", "ansible_port"];
    pub const USER: &[&str] = &["ansible_ssh_user", "ansible_user"];
    pub const KEY_FILE: &[&str] = &["ansible_ssh_private_key_file", "ansible_private_key_file"];
    pub const COMMON_ARGUMENTS: &[&str] = &["ansible_ssh_common_args"];
    pub const EXTRA_ARGUMENTS: &[&str] = &["ansible_ssh_extra_args"];
    pub const PASSWORD: &[&str] = &["ansible_ssh_password", "ansible_ssh_pass", "ansible_password"];
    pub const TIMEOUT: &[&str] = &["ansible_ssh_timeout", "ansible_timeout"];
    pub const RETRIES: &[&str] = &["ansible_ssh_retries"];
    pub const CHECKING: &[&str] = &["ansible_ssh_host_key_checking", "ansible_host_key_checking"];

    pub const ENGINE: &[&str] = &["ansible_docker_docker_host"];

    pub const ALL: [&[&str]; 12] = [
        CONNECTION,
        ADDRESS,
        PORT,
        USER,
        KEY_FILE,
        COMMON_ARGUMENTS,
        EXTRA_ARGUMENTS,
        PASSWORD,
        TIMEOUT,
        RETRIES,
        CHECKING,
        ENGINE,
    ];
}

/// What the host's own variables say: it is the same for all steps, so it is found out once. Nothing when somebody else has
/// a say in it: a keyword, the variables of a play, a role or a task, or a template.
fn own_endpoint(unit: &Unit, keywords: &Keywords, templar: &Templar) -> Option<Result<Endpoint, String>> {
    let host = &unit.host;
    let is_own = |layer: &Arc<VarLayer>| host.layers().any(|own| Arc::ptr_eq(own, layer));
    // What Benchbook itself defines is about other things.
    let concerns =
        |layer: &&Arc<VarLayer>| !layer.vars.is_empty() && layer.level != Level::Magic && !is_own(layer);
    let mut others = templar.scope().layers().iter().filter(concerns);
    let names = || said::ALL.into_iter().flatten().copied();
    if !keywords.are_empty() || others.any(|layer| names().any(|name| layer.vars.contains_key(name))) {
        return None;
    }
    let find_out = || {
        let scope = host_scope(host, &unit.board);
        let is_plain = |name| scope.lookup(name).is_none_or(|(value, _)| !value.has_template());
        if !names().all(is_plain) {
            return None;
        }
        endpoint(host.name.as_str(), Keywords::default(), &unit.plain_templar(scope)).ok()
    };
    host.endpoint.get_or_init(find_out).clone()
}

/// The path of the engine's socket, where the variables of a host say.
pub fn engine_socket(templar: &Templar) -> Result<Arc<str>, String> {
    let said = text(variable(said::ENGINE, templar).map_err(|error| super::unit::said(&error))?);
    container::socket(said.as_deref()).map_err(|error| error.to_string())
}

/// The value of the first of these variables that has one.
fn variable(names: &[&str], templar: &Templar) -> Result<Option<Value>, TemplateError> {
    for name in names {
        if let Some((value, _)) = templar.scope().lookup(name) {
            return templar.render(value).map(Some);
        }
    }
    Ok(None)
}

fn text(value: Option<Value>) -> Option<String> {
    value.filter(|v| !v.is_null()).map(|v| v.to_string())
}

/// A variable beats a keyword, which beats the command line.
fn nearest(
    keyword: Option<String>,
    names: &[&str],
    templar: &Templar,
) -> Result<Option<String>, TemplateError> {
    let origin = names.iter().find_map(|name| templar.scope().lookup(name)).map(|(_, layer)| &*layer.origin);
    let asked = origin == Some(REACHING);
    let value = text(variable(names, templar)?);
    Ok(if asked { keyword.or(value) } else { value.or(keyword) })
}

/// The connection plugin of the user's ansible-core that is meant, where nobody here knows the name.
fn plugin(keywords: &Keywords, unit: &Unit, templar: &Templar) -> Result<Option<Arc<str>>, TemplateError> {
    let name = nearest(keywords.connection.clone(), said::CONNECTION, templar)?;
    let library = unit.shared.compiler.project.loader.library();
    Ok(name.filter(|name| !CONNECTIONS.contains(&bare(name)) && library.has_connection(name)).map(Arc::from))
}

/// What the variables of a host say about reaching it; they beat the keywords.
pub fn endpoint(
    name: &str,
    keywords: impl Into<Keywords>,
    templar: &Templar,
) -> Result<Result<Endpoint, String>, TemplateError> {
    let Keywords { connection, user, port } = keywords.into();
    let variable = |names: &[&str]| variable(names, templar);
    let nearest = |keyword, names| nearest(keyword, names, templar);
    let arguments = [variable(said::COMMON_ARGUMENTS)?, variable(said::EXTRA_ARGUMENTS)?];
    let checking = variable(said::CHECKING)?;
    let timeout = text(variable(said::TIMEOUT)?);
    let target = Target {
        connection: nearest(connection, said::CONNECTION)?,
        address: text(variable(said::ADDRESS)?).unwrap_or_else(|| name.to_owned()),
        port: nearest(port, said::PORT)?.and_then(|p| p.parse().ok()),
        user: nearest(user, said::USER)?,
        key_file: text(variable(said::KEY_FILE)?),
        arguments: arguments.into_iter().filter_map(text).collect(),
        password: text(variable(said::PASSWORD)?).map(Secret::from),
        timeout: timeout.and_then(|t| t.parse().ok()).map(Duration::from_secs),
        retries: text(variable(said::RETRIES)?).and_then(|n| n.parse().ok()).unwrap_or_default(),
        engine: text(variable(said::ENGINE)?),
        host_key_checking: checking.and_then(|v| v.to_bool()),
    };
    Ok(target.endpoint().map_err(|e| format!("{name}: {e}")))
}
