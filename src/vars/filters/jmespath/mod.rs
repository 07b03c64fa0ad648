//! `json_query`: `JMESPath` (<https://jmespath.org/specification.html>) with the answers of Python's package `jmespath`, which
//! the filter of `community.general` calls: mappings keep their order, texts can be compared, integers stay integers.

use super::{Filter, filter};
use crate::base::Value;
use crate::vars::call::{Call, CallError};

mod evaluate;
mod functions;
mod lexer;
mod parser;

pub(super) const FILTERS: &[Filter] = &[filter("json_query", query)];

fn query(call: &Call<'_>) -> Result<Value, CallError> {
    let expression = call.required_text(1, "expr")?;
    search(&expression, call.subject()?).map_err(|error| format!("`{expression}`: {error}").into())
}

/// What an expression finds in a value.
fn search(expression: &str, value: &Value) -> Result<Value, String> {
    parser::parse(expression)?.search(value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_text_is_an_expression_or_none(
            text in "[a-c0-9@*.|&!<>=?:,'\"`\\\\(){}\\[\\] -]{0,24}",
        ) {
            let value: Value = serde_json::from_str(r#"{"a": [{"b": 1}, {"b": "x", "c": null}], "c": 2.5}"#).unwrap();
            // It must end, whatever it gives.
            let _ = search(&text, &value);
        }

        #[test]
        fn a_slice_is_what_stepping_gives(
            start in prop::option::of(-7_i32..7), stop in prop::option::of(-7_i32..7), step in prop::sample::select(vec![-3_i32, -2, -1, 1, 2, 3]),
        ) {
            let items: Vec<i32> = (0..5).collect();
            let text = |bound: Option<i32>| bound.map(|bound| bound.to_string()).unwrap_or_default();
            let expression = format!("[{}:{}:{step}]", text(start), text(stop));
            let value = Value::list(items.iter().map(|item| Value::from(i64::from(*item))).collect());
            let found = search(&expression, &value).unwrap();
            let bound = |bound: i32| if bound < 0 { bound + 5 } else { bound };
            let inside = |item: &i32| {
                let (item, start, stop) = (*item, start.map(bound), stop.map(bound));
                if step > 0 {
                    start.is_none_or(|start| item >= start) && stop.is_none_or(|stop| item < stop)
                } else {
                    start.is_none_or(|start| item <= start) && stop.is_none_or(|stop| item > stop)
                }
            };
            let mut wanted: Vec<i32> = items.into_iter().filter(inside).collect();
            if step < 0 {
                wanted.reverse();
            }
            let wanted: Vec<i32> = wanted.into_iter().step_by(usize::try_from(step.unsigned_abs()).unwrap()).collect();
            prop_assert_eq!(found.to_string(), format!("{wanted:?}"));
        }
    }

    #[test]
    fn brackets_without_end_are_refused() {
        assert!(search(&"[".repeat(100_000), &Value::Null).is_err());
        assert!(search(&"!".repeat(100_000), &Value::Null).is_err());
        assert!(search(&format!("a{}", ".a".repeat(100_000)), &Value::Null).is_err());
        let long = search(&format!("a{}", ".a".repeat(4_000)), &Value::Null);
        assert!(long.is_ok_and(|found| found.is_null()));
    }
}
