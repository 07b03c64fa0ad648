//! Playbooks and files of tasks. The keywords are those that the decoder asks for.

use serde_json::{Map, Value as Json, json};

use super::{DRAFT, arguments, of};
use crate::base::spec::{Catalogue, full_names};
use crate::model::decode::{Decoder, Part, Takes};

/// Keywords below which tasks stand.
const SECTIONS: [&str; 10] =
    ["tasks", "pre_tasks", "post_tasks", "handlers", "block", "rescue", "always", "prepare", "run", "finish"];

/// What the compiler itself resolves.
const FLOW: [&str; 5] = ["include_tasks", "import_tasks", "include_role", "import_role", "meta"];

/// Of a `playbook`, or of a file of `tasks`.
pub(super) fn schema(catalogue: &Catalogue, root: &str) -> Json {
    let decoder = Decoder::new(catalogue);
    let keywords = |part| properties(&decoder, part);
    let mapping =
        |part| json!({"type": "object", "properties": keywords(part), "additionalProperties": false});
    let mut definitions = json!({
        "template": {"type": "string", "pattern": "\\{[{%]"},
        "boolean": {"anyOf": [{"type": ["boolean", "null"]}, {"enum": words_of_booleans()}, of("template")]},
        "number": {"anyOf": [{"type": ["number", "null"]}, {"type": "string", "pattern": "^\\s*-?[0-9.]+\\s*$"}, of("template")]},
        "text": {"type": ["string", "number", "boolean", "null"]},
        "texts": {"anyOf": [of("text"), {"type": "array", "items": of("text")}]},
        "mapping": {"anyOf": [{"type": ["object", "null"]}, of("template")]},
        "playbook": {"type": "array", "items": {
            "if": {"required": ["import_playbook"]}, "then": of("import"), "else": of("play"),
        }},
        "tasks": {"type": ["array", "null"], "items": {
            "if": {"required": ["block"]}, "then": of("block"), "else": of("task"),
        }},
        "going_on": {"type": "object", "additionalProperties": false, "required": ["max"], "properties": {
            "min": of("number"), "max": of("number"), "until": of("text"), "budget": of("text"),
        }},
        "import": {"type": "object", "additionalProperties": false, "properties": {
            "import_playbook": of("text"), "name": of("text"), "tags": {}, "when": {}, "vars": of("mapping"),
        }},
        "play": mapping(Part::Play),
        "block": mapping(Part::Block),
        "case": mapping(Part::Case),
        // Any other key is a parameter of the role.
        "role": {"anyOf": [of("text"), {"type": "object", "properties": keywords(Part::RoleEntry)}]},
    });
    definitions["task"] = task(catalogue, keywords(Part::Task), &mut definitions);
    json!({
        "$schema": DRAFT,
        "title": format!("A {} of Benchbook", if root == "tasks" { "file of tasks" } else { root }),
        "$ref": format!("#/definitions/{root}"),
        "definitions": definitions,
    })
}

/// Keywords and modules. Names with dots may be of any collection; others that are not built in are taken for misspelt.
fn task(catalogue: &Catalogue, mut properties: Map<String, Json>, definitions: &mut Json) -> Json {
    for word in FLOW {
        properties.extend(full_names(word).map(|name| (name, json!({}))));
    }
    for spec in catalogue.iter() {
        let definition = format!("module_{}", spec.name);
        definitions[&definition] = arguments::schema(spec);
        for name in full_names(spec.name) {
            // `environment` is a keyword before it is a module.
            properties.entry(name).or_insert_with(|| of(&definition));
        }
    }
    let others = json!({"^with_": {}, "^[a-z0-9_]+(\\.[a-z0-9_]+)+$": {}, "\\{\\{": {}});
    json!({
        "type": "object",
        "properties": properties,
        "patternProperties": others,
        "additionalProperties": false,
    })
}

fn properties(decoder: &Decoder<'_>, part: Part) -> Map<String, Json> {
    let of_keyword = |(keyword, takes): (&'static str, Takes)| {
        let schema = match (keyword, takes) {
            (section, _) if SECTIONS.contains(&section) => of("tasks"),
            ("roles", _) => json!({"type": ["array", "null"], "items": of("role")}),
            ("repeat", _) => json!({"anyOf": [of("number"), of("going_on")]}),
            ("cases", _) => json!({"type": ["array", "null"], "items": of("case")}),
            (_, Takes::Boolean) => of("boolean"),
            (_, Takes::Number) => of("number"),
            (_, Takes::Text) => of("text"),
            (_, Takes::Texts) => of("texts"),
            (_, Takes::Mapping) => of("mapping"),
            (_, Takes::Choice(words)) => {
                json!({"anyOf": [{"enum": words}, of("template"), {"type": "null"}]})
            }
            (_, Takes::Anything) => json!({}),
        };
        (keyword.to_owned(), schema)
    };
    decoder.vocabulary(part).into_iter().map(of_keyword).collect()
}

/// Texts that are booleans in a playbook.
fn words_of_booleans() -> Vec<Json> {
    let words = ["yes", "no", "on", "off", "true", "false", "y", "n", "t", "f", "1", "0"];
    let cases = words.iter().flat_map(|word| {
        let mut title = word.to_string();
        title[..1].make_ascii_uppercase();
        [(*word).to_owned(), title, word.to_uppercase()]
    });
    let mut words: Vec<String> = cases.collect();
    words.sort_unstable();
    words.dedup();
    words.into_iter().map(Json::from).chain([json!(0), json!(1)]).collect()
}
