//! `when` and its kind.

use crate::base::{Map, Spanned, Value};
use crate::vars::{Problem, Templar, TemplateError};

/// The first condition that does not hold, as it is written; none when all hold.
pub fn holds(conditions: &[Spanned<Value>], templar: &Templar) -> Result<Option<Value>, TemplateError> {
    for condition in conditions {
        let holds = templar.condition(&condition.value).map_err(|mut error| {
            // What has no text has no place of its own.
            if matches!(error.problem, Problem::NoCondition { .. }) {
                error.span = Some(condition.span.clone());
            }
            error
        })?;
        if !holds {
            return Ok(Some(condition.value.clone()));
        }
    }
    Ok(None)
}

/// What `register` sees of a task whose condition did not hold.
pub fn skipped(condition: &Value) -> Map {
    Map::from_iter([
        ("changed", Value::from(false)),
        ("skipped", true.into()),
        ("failed", false.into()),
        ("skip_reason", "Conditional result was False".into()),
        ("false_condition", condition.as_data()),
    ])
}
