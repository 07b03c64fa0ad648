//! Reads the parameters of a task out of the JSON schema of its `Args` struct.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::Value as Json;

use super::{Groups, Spec};
use crate::base::{Map, Value};

/// What kind of value a parameter takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A boolean, as Ansible reads them.
    Bool,
    /// A whole number.
    Int,
    /// A number.
    Float,
    /// A string; numbers and booleans are printed.
    String,
    /// A path on the target, with `~` and `$VAR`.
    Path,
    /// A list of these; a scalar is a list of one, a string is cut at its commas.
    List(Box<Kind>),
    /// A mapping.
    Map,
    /// A mapping with these keys and no others.
    Keys(Vec<Param>),
    /// One of the parameter's choices.
    Choice,
    /// Anything.
    Any,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Bool => "boolean",
            Kind::Int => "integer",
            Kind::Float => "number",
            Kind::String => "string",
            Kind::Path => "path",
            Kind::Map | Kind::Keys(_) => "mapping",
            Kind::Choice => "choice",
            Kind::Any => "any",
            Kind::List(items) if **items == Kind::Any => "list",
            Kind::List(items) => return write!(f, "list of {items}s"),
        })
    }
}

/// One parameter of a module or action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Param {
    /// Its name.
    pub name: String,
    /// Other names that mean the same.
    pub aliases: Vec<String>,
    /// What it takes.
    pub kind: Kind,
    /// Whether it must be given.
    pub required: bool,
    /// What counts when it is not given, as a person would write it.
    pub default: Option<String>,
    /// The words that [`Kind::Choice`] (or a list of them) accepts.
    pub choices: Vec<String>,
    /// Its doc comment, Markdown.
    pub doc: String,
}

impl Param {
    /// Whether it is a password, which nobody is shown.
    pub fn is_hidden(&self) -> bool {
        let name = self.name.as_str();
        ["password", "passphrase", "token"].iter().any(|word| name.ends_with(word))
            && name != "update_password"
    }

    /// Its name and its aliases.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.name).chain(&self.aliases).map(String::as_str)
    }

    /// What may stand inside of it, when it is a mapping or a list of mappings whose keys are known.
    pub fn inside(&self) -> &[Param] {
        let mut kind = &self.kind;
        while let Kind::List(items) = kind {
            kind = items;
        }
        if let Kind::Keys(params) = kind { params } else { &[] }
    }

    /// Whether this is its name or an alias.
    pub fn is(&self, name: &str) -> bool {
        self.names().any(|n| n == name)
    }
}

impl Spec {
    /// All parameters in the order of the struct.
    pub fn params(&self) -> Vec<Param> {
        let schema = (self.schema)();
        params_of(&schema, schema.as_value())
    }

    /// Parameters that Ansible has and this does not, each with what to do instead; the struct declares them under
    /// `x-unsupported`.
    pub fn unsupported(&self) -> Vec<(String, String)> {
        let schema = (self.schema)();
        let declared = schema.get("x-unsupported").and_then(Json::as_object).into_iter().flatten();
        declared.filter_map(|(name, instead)| Some((name.clone(), instead.as_str()?.to_owned()))).collect()
    }

    /// The groups of parameters that the struct declares under `x-exclusive` and `x-one-of`.
    pub fn groups(&self) -> Groups {
        let schema = (self.schema)();
        let declared = |declaration: &str| {
            let groups = schema.get(declaration).and_then(Json::as_array);
            groups.map(|g| g.iter().map(|names| strings(Some(names))).collect()).unwrap_or_default()
        };
        let (exclusive, one_of) = (declared("x-exclusive"), declared("x-one-of"));
        let params = params_of(&schema, schema.as_value());
        Groups { task: self.name, params, exclusive, one_of, free_form: self.free_form }
    }
}

/// All parameters in the order of the struct that `object` describes; `root` is the schema that it stands in.
fn params_of(root: &Schema, object: &Json) -> Vec<Param> {
    let required = strings(object.get("required"));
    let Some(properties) = object.get("properties").and_then(Json::as_object) else { return Vec::new() };
    let read = |(name, property): (&String, &Json)| {
        let mut choices = Vec::new();
        Param {
            kind: kind(root, property, &mut choices),
            aliases: strings(property.get("x-aliases")),
            required: required.contains(name),
            default: property.get("default").and_then(written),
            choices,
            doc: text(property, "description"),
            name: name.clone(),
        }
    };
    properties.iter().map(read).collect()
}

fn text(property: &Json, key: &str) -> String {
    property.get(key).and_then(Json::as_str).unwrap_or_default().to_owned()
}

fn strings(list: Option<&Json>) -> Vec<String> {
    let items = list.and_then(Json::as_array).into_iter().flatten();
    items.filter_map(Json::as_str).map(str::to_owned).collect()
}

/// A default as a person would write it in YAML; nothing for null and for empty containers.
fn written(default: &Json) -> Option<String> {
    match default {
        Json::Null => None,
        Json::String(s) if s.is_empty() => Some("\"\"".to_owned()),
        Json::String(s) => Some(s.clone()),
        Json::Array(items) if items.is_empty() => None,
        Json::Object(entries) if entries.is_empty() => None,
        other => Some(other.to_string()),
    }
}

/// The kind that a property's schema means; fills `choices` on the way.
fn kind(root: &Schema, property: &Json, choices: &mut Vec<String>) -> Kind {
    if let Some(name) = property.get("$ref").and_then(Json::as_str) {
        let definition = name.strip_prefix("#").and_then(|pointer| root.as_value().pointer(pointer));
        return definition.map_or(Kind::Any, |d| kind(root, d, choices));
    }
    // `Option<T>`: the other branch is null.
    if let Some(branches) = property.get("anyOf").and_then(Json::as_array) {
        let mut real = branches.iter().filter(|b| b.get("type").and_then(Json::as_str) != Some("null"));
        return match (real.next(), real.next()) {
            (Some(one), None) => kind(root, one, choices),
            _ => Kind::Any,
        };
    }
    // An enum whose variants have doc comments, and one whose variants have none.
    if let Some(variants) = property.get("oneOf").and_then(Json::as_array) {
        for variant in variants {
            choices.extend(variant.get("const").and_then(Json::as_str).map(str::to_owned));
            choices.extend(strings(variant.get("enum")));
            choices.extend(strings(variant.get("x-aliases")));
        }
        return Kind::Choice;
    }
    if property.get("enum").is_some() {
        choices.extend(strings(property.get("enum")));
        return Kind::Choice;
    }
    let names = match property.get("type") {
        Some(Json::String(one)) => vec![one.clone()],
        list => strings(list),
    };
    let mut names = names.iter().map(String::as_str).filter(|n| *n != "null");
    match (names.next(), names.next()) {
        (Some("boolean"), None) => Kind::Bool,
        (Some("integer"), None) => Kind::Int,
        (Some("number"), None) => Kind::Float,
        (Some("string"), _) if property.get("format").and_then(Json::as_str) == Some("path") => Kind::Path,
        (Some("string"), _) => Kind::String,
        (Some("array"), None) => {
            let items = property.get("items").map_or(Kind::Any, |items| kind(root, items, choices));
            Kind::List(Box::new(items))
        }
        (Some("object"), None) if property.get("properties").is_some() => {
            Kind::Keys(params_of(root, property))
        }
        (Some("object"), None) => Kind::Map,
        _ => Kind::Any,
    }
}

/// Any value.
impl JsonSchema for Value {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Value".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({})
    }
}

/// Any mapping.
impl JsonSchema for Map {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Map".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "object"})
    }
}
