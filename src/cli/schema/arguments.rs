//! The arguments of modules and actions as schemas: what `Spec::check` accepts, templates included.

use serde_json::{Map, Value as Json, json};

use super::of;
use crate::base::spec::{Kind, Param, Spec};

/// What a task writes behind a module's name: a mapping, a plain string, or nothing.
pub(super) fn schema(spec: &Spec) -> Json {
    let groups = spec.groups();
    let mapping = mapping(groups.params(), spec.open);
    json!({"description": spec.summary, "anyOf": [mapping, {"type": ["string", "null"]}]})
}

fn mapping(params: &[Param], open: bool) -> Json {
    let mut properties = Map::new();
    for param in params {
        for name in param.names() {
            properties.insert(name.to_owned(), of_param(param));
        }
    }
    json!({"type": "object", "properties": properties, "additionalProperties": open})
}

fn of_param(param: &Param) -> Json {
    let fits = of_kind(&param.kind, param);
    let mut schema = json!({"description": param.doc, "anyOf": [fits, of("template"), {"type": "null"}]});
    if let Some(default) = &param.default {
        schema["default"] = json!(default);
    }
    schema
}

fn of_kind(kind: &Kind, param: &Param) -> Json {
    match kind {
        Kind::Bool => of("boolean"),
        Kind::Int | Kind::Float => of("number"),
        Kind::String | Kind::Path => of("text"),
        // Words may be booleans in YAML 1.1: `state: on`.
        Kind::Choice => json!({"anyOf": [{"enum": param.choices}, {"type": ["boolean", "number"]}]}),
        Kind::List(items) => {
            let item = of_kind(items, param);
            let items = json!({"anyOf": [item, of("template")]});
            json!({"anyOf": [item, {"type": "array", "items": items}, {"type": "string"}]})
        }
        Kind::Keys(params) => mapping(params, false),
        Kind::Map => json!({"type": "object"}),
        Kind::Any => json!({}),
    }
}
