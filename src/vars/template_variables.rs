//! What a template file may say of itself: `ansible_managed`, `template_path` and their kin.

use std::path::Path;

use super::Environment;
use super::filters::time::moment;
use crate::base::{Map, Timestamp, Value};

/// What stands for `ansible_managed` where no variable says otherwise.
const MANAGED: &str = "Ansible managed";

/// The variables of one template file; `managed` is whether a variable `ansible_managed` is there already.
pub fn template_variables(
    path: &Path,
    destination: Option<&str>,
    managed: bool,
    environment: &Environment,
) -> Map {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let mut variables = Map::from_iter([
        ("template_host", Value::from(host)),
        ("template_path", absolute.display().to_string().into()),
        ("template_fullpath", absolute.display().to_string().into()),
        ("template_run_date", date(environment.clock().now())),
    ]);
    if let Some((owner, modified)) = environment.files().origin(path) {
        variables.insert("template_uid", owner);
        variables.insert("template_mtime", date(modified));
    }
    if let Some(destination) = destination {
        variables.insert("template_destpath", destination);
    }
    if !managed {
        variables.insert("ansible_managed", MANAGED);
    }
    variables
}

fn date(time: Timestamp) -> Value {
    let written = moment(time).ok().and_then(|time| {
        let zoned = time.to_zoned(jiff::tz::TimeZone::system());
        jiff::fmt::strtime::format("%Y-%m-%d %H:%M:%S.%6f", &zoned).ok()
    });
    written.map_or(Value::Null, |text| Value::Date(text.into()))
}
