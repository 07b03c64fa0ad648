//! The Python that a host's variables name, for the modules that look at it or work with it: they read it as a variable.

use super::delegate::Place;
use crate::base::spec::short_name;
use crate::plan::TaskStep;
use crate::vars::{Templar, TemplateError};
use crate::wire::PYTHON;

const MODULES: [&str; 3] = ["gather_facts", "pip", "setup"];
const NAMED_BY: &str = "ansible_python_interpreter";

/// Its name and value. None where the host's variables leave it to whoever asks, and on another host, whose variables these are not.
pub(super) fn variable(
    task: &TaskStep,
    place: &Place,
    templar: &Templar,
) -> Result<Option<(String, String)>, TemplateError> {
    let name = &task.call.name.value;
    let module = short_name(name.strip_prefix("ansible.legacy.").unwrap_or(name));
    if !MODULES.contains(&module) || place.delegated {
        return Ok(None);
    }
    let Some((value, _)) = templar.scope().lookup(NAMED_BY) else { return Ok(None) };
    let value = templar.render(value)?;
    let python = Some(value).filter(crate::base::Value::is_truthy).map(|value| value.to_string());
    Ok(python.filter(|python| !python.starts_with("auto")).map(|python| (PYTHON.to_owned(), python)))
}
