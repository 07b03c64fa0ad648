//! One turn of `include_tasks` or `include_role`: what it asks the compiler for.

use super::arguments::{self, FREE};
use super::keyword::boolean;
use super::turn::{Turn, TurnEnd};
use crate::base::{Map, Value};
use crate::plan::{Expand, Inclusion};
use crate::vars::{Templar, TemplateError};

/// What an include asks for.
pub(super) fn include(turn: &Turn<'_>, expand: &Expand, templar: &Templar) -> Result<TurnEnd, TemplateError> {
    let call = &turn.task.call;
    let names: &[&str] =
        if matches!(expand, Expand::Role(..)) { &["name", "role"] } else { &["file", "_raw_params"] };
    let written = || names.iter().find_map(|n| call.argument(n)).map(|a| (&*a.name, &a.value, &a.value_span));
    let free = call.free_form.as_ref().map(|free| (FREE, &free.value, &free.span));
    let Some((argument_name, value, span)) = free.or_else(written) else {
        return Ok(TurnEnd::fail(format!("`{}` does not say what to include", call.name.value)));
    };
    let rendered = arguments::value(argument_name, value, span, templar);
    let target = rendered.map_err(|error| arguments::unfinished(turn.task, error))?;
    let target = if target == Value::Null { String::new() } else { target.to_string() };
    if target.is_empty() {
        return Ok(TurnEnd::fail(format!("`{}` does not say what to include", call.name.value)));
    }
    let mut result = Map::from_iter([("changed", Value::from(false)), ("failed", false.into())]);
    if matches!(expand, Expand::Role(..)) {
        result.insert("include_args", Map::from_iter([("name", target.as_str())]));
    } else {
        result.insert("include", target.as_str());
        result.insert("include_args", Map::new());
    }
    let from = match expand {
        Expand::Role(_, entry) if entry.from.has_template() => {
            Some(entry.from.rendered(&turn.unit.step.span, |name| templar.render_str(name))?)
        }
        _ => None,
    };
    let mut switches = Vec::new();
    if let Expand::Role(_, entry) = expand {
        for (switch, value) in &entry.later {
            if let Some(is_on) = boolean(Some(value), switch.word(), templar)? {
                switches.push((*switch, is_on));
            }
        }
    }
    let inclusion = Inclusion { target: target.into(), from, switches, vars: turn.vars.clone() };
    Ok(TurnEnd { result, inclusion: Some(inclusion), ..TurnEnd::default() })
}
