//! What a template file may say of itself: `ansible_managed`, `template_path` and their kin.

use std::path::Path;

use super::Environment;
use super::call::CallError;
use super::filters::time::moment;
use super::python::format;
use crate::base::{Map, Span, Timestamp, Value};

/// What stands for `ansible_managed` where no variable says otherwise.
const MANAGED: &str = "Ansible managed";

/// The variables of one template file, which is `written` so in the playbook; `managed` is whether a variable `ansible_managed` is there already.
pub fn template_variables(
    path: &Path,
    written: &str,
    destination: Option<&str>,
    managed: bool,
    environment: &Environment,
) -> Map {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let mut variables = Map::from_iter([
        ("template_host", Value::from(host)),
        ("template_path", written.into()),
        ("template_fullpath", absolute.display().to_string().into()),
        ("template_run_date", date(environment.clock().now())),
    ]);
    let mut changed = environment.clock().now();
    if let Some((owner, modified)) = environment.files().origin(path) {
        variables.insert("template_uid", owner);
        variables.insert("template_mtime", date(modified));
        changed = modified;
    }
    if let Some(destination) = destination {
        variables.insert("template_destpath", destination);
    }
    if !managed {
        let said = environment.habits().managed.as_deref().and_then(|text| managed_text(text).ok());
        let managed = said.map(|text| dated(&text, changed).unwrap_or(text));
        variables.insert(
            "ansible_managed",
            match managed {
                Some(text) => Value::template(text, Span::nowhere("ansible.cfg")),
                None => Value::from(MANAGED),
            },
        );
    }
    variables
}

/// The setting `ansible_managed` with its fields, as a template that times still have to be put into.
pub fn managed_text(setting: &str) -> Result<String, String> {
    let field = |name: &str| Value::from(format!("{{{{ template_{name} }}}}"));
    let fields = Map::from_iter([("host", field("host")), ("uid", field("uid")), ("file", field("path"))]);
    match format::print(setting, &[], &fields) {
        Ok(text) => Ok(text),
        Err(CallError::Refused(why)) => Err(why),
        Err(_) => Err("its fields are host, uid and file".to_owned()),
    }
}

fn date(time: Timestamp) -> Value {
    dated("%Y-%m-%d %H:%M:%S.%6f", time).map_or(Value::Null, |text| Value::Date(text.into()))
}

fn dated(format: &str, time: Timestamp) -> Option<String> {
    let zoned = moment(time).ok()?.to_zoned(jiff::tz::TimeZone::system());
    jiff::fmt::strtime::format(format, &zoned).ok()
}
