//! What Python's own library does to texts and dates, over plain values. Knows nothing of templates.

pub mod dates;
pub mod format;
pub mod integer;
pub mod json;
pub mod printf;
pub mod size;
pub mod words;

pub use crate::syntax::literal::parse as literal;

use crate::base::Value;

/// The name Python gives to the kind of a value.
pub fn type_name(value: &Value) -> &'static str {
    match value.revealed() {
        Value::Null => "NoneType",
        Value::Bool(_) => "bool",
        Value::Int(_) => "int",
        Value::Float(_) => "float",
        Value::String(_) => "str",
        Value::Bytes(_) => "bytes",
        Value::List(_) => "list",
        Value::Map(_) => "dict",
        Value::Date(date) if date.len() == 10 => "date",
        Value::Date(_) => "datetime",
        Value::Undefined(_) => "UndefinedMarker",
        Value::Omit | Value::Sealed(_) => "Omit",
    }
}
