//! Where a task is done: on its own host, or on another by `delegate_to`.

use std::time::Duration;

use super::becoming;
use super::magic::host_scope;
use super::unit::Unit;
use crate::base::{HostName, Secret, Spanned, Value};
use crate::connection::{Endpoint, Target};
use crate::plan::{Becoming, TaskStep};
use crate::vars::{Scope, Templar, TemplateError};

/// Where a task is done.
#[derive(Clone, Debug)]
pub struct Place {
    /// The host by its name, which need not be in the inventory.
    pub host: HostName,
    /// Whether that is another than the task's.
    pub delegated: bool,
    /// How to reach it, or why it cannot be reached.
    pub endpoint: Result<Endpoint, String>,
}

impl Place {
    /// The place of a task.
    pub fn of(unit: &Unit, task: &TaskStep, templar: &Templar) -> Result<Self, TemplateError> {
        let delegate = match &task.inherited.delegate_to {
            Some(value) => Some(templar.render(&value.value)?),
            None => None,
        };
        let keyword = Keywords::of(task, templar)?;
        let name = match delegate {
            None | Some(Value::Null | Value::Omit) => {
                let endpoint = endpoint(unit.host.name.as_str(), keyword, templar)?;
                let endpoint = other_user(endpoint, &task.inherited.becoming, unit, templar)?;
                return Ok(Self { host: unit.host.name.clone(), delegated: false, endpoint });
            }
            Some(name) => HostName::from(name.to_string()),
        };
        let scope =
            unit.board.find(name.as_str()).map_or_else(Scope::new, |host| host_scope(host, &unit.board));
        let there = unit.templar(scope, &task.search);
        // Another host has its own connection and port.
        let keyword = Keywords { user: keyword.user, ..Keywords::default() };
        let endpoint = endpoint(name.as_str(), keyword, &there)?;
        let endpoint = other_user(endpoint, &task.inherited.becoming, unit, &there)?;
        Ok(Self { delegated: name != unit.host.name, host: name, endpoint })
    }

    /// The place where the folder of the unit's case is made: as the user that the case or what is around it names.
    pub fn of_case(unit: &Unit, templar: &Templar) -> Result<Self, TemplateError> {
        let case = unit.case.as_deref();
        let keyword = match case.and_then(|case| case.connection.as_ref()) {
            Some(value) => Some(templar.render_str(&value.value)?),
            None => None,
        };
        let endpoint = endpoint(unit.host.name.as_str(), keyword, templar)?;
        let endpoint = match case {
            Some(case) => other_user(endpoint, &case.becoming, unit, templar)?,
            None => endpoint,
        };
        Ok(Self { host: unit.host.name.clone(), delegated: false, endpoint })
    }
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
    fn of(task: &TaskStep, templar: &Templar) -> Result<Self, TemplateError> {
        let said = &task.inherited;
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

/// What the variables of a host say about reaching it; they beat the keywords.
pub fn endpoint(
    name: &str,
    keywords: impl Into<Keywords>,
    templar: &Templar,
) -> Result<Result<Endpoint, String>, TemplateError> {
    let Keywords { connection, user, port } = keywords.into();
    let variable = |names: &[&str]| -> Result<Option<Value>, TemplateError> {
        for name in names {
            if let Some((value, _)) = templar.scope().lookup(name) {
                return templar.render(value).map(Some);
            }
        }
        Ok(None)
    };
    let text = |value: Option<Value>| value.filter(|v| !v.is_null()).map(|v| v.to_string());
    let arguments = [variable(&["ansible_ssh_common_args"])?, variable(&["ansible_ssh_extra_args"])?];
    let checking = variable(&["ansible_ssh_host_key_checking", "ansible_host_key_checking"])?;
    let timeout = text(variable(&["ansible_ssh_timeout", "ansible_timeout"])?);
    let target = Target {
        connection: text(variable(&["ansible_connection"])?).or(connection),
        address: text(variable(&["ansible_ssh_host", "ansible_host"])?).unwrap_or_else(|| name.to_owned()),
        port: text(variable(&["ansible_ssh_port", "ansible_port"])?).or(port).and_then(|p| p.parse().ok()),
        user: text(variable(&["ansible_ssh_user", "ansible_user"])?).or(user),
        key_file: text(variable(&["ansible_ssh_private_key_file", "ansible_private_key_file"])?),
        arguments: arguments.into_iter().filter_map(text).collect(),
        password: text(variable(&["ansible_ssh_password", "ansible_ssh_pass", "ansible_password"])?)
            .map(Secret::from),
        timeout: timeout.and_then(|t| t.parse().ok()).map(Duration::from_secs),
        host_key_checking: checking.and_then(|v| v.to_bool()),
    };
    Ok(target.endpoint().map_err(|e| format!("{name}: {e}")))
}
