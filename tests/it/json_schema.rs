//! Holds a document against a JSON schema: as much of it as ours use.

use serde_json::Value as Json;

/// What is wrong with `value`, with the way to it.
pub fn problems(schema: &Json, root: &Json, value: &Json, at: &str) -> Vec<String> {
    if let Some(name) = schema["$ref"].as_str() {
        let target = root.pointer(name.trim_start_matches('#')).expect("a definition");
        return problems(target, root, value, at);
    }
    let mut found = Vec::new();
    let mut wrong = |what: String| found.push(format!("{at}: {what}"));
    if let Some(constant) = schema.get("const")
        && constant != value
    {
        wrong(format!("{value} is not {constant}"));
    }
    if let Some(choices) = schema["enum"].as_array()
        && !choices.contains(value)
    {
        wrong(format!("{value} is none of {choices:?}"));
    }
    if let Some(types) = schema.get("type") {
        let types: Vec<&str> = types
            .as_array()
            .map_or_else(|| vec![types], |t| t.iter().collect())
            .into_iter()
            .filter_map(Json::as_str)
            .collect();
        if !types.iter().any(|t| is(t, value)) {
            wrong(format!("{value} is no {types:?}"));
        }
    }
    if let Some(branches) = schema["oneOf"].as_array() {
        let fits = branches.iter().filter(|b| problems(b, root, value, at).is_empty()).count();
        if fits != 1 {
            wrong(format!("fits {fits} of {} branches: {value}", branches.len()));
        }
    }
    if let Some(branches) = schema["anyOf"].as_array() {
        let tried: Vec<_> = branches.iter().map(|branch| problems(branch, root, value, at)).collect();
        if !tried.iter().any(Vec::is_empty) {
            found.extend(tried.into_iter().flatten());
        }
    }
    if let Some(condition) = schema.get("if") {
        let branch = if problems(condition, root, value, at).is_empty() { "then" } else { "else" };
        found.extend(problems(&schema[branch], root, value, at));
    }
    if let (Some(pattern), Some(text)) = (schema["pattern"].as_str(), value.as_str())
        && !matches(pattern, text)
    {
        found.push(format!("{at}: {text} does not match {pattern}"));
    }
    if let Some(object) = value.as_object() {
        let known = schema["properties"].as_object();
        let of_pattern = |name: &str| {
            let patterns = schema["patternProperties"].as_object()?;
            patterns.iter().find(|(pattern, _)| matches(pattern, name)).map(|(_, inner)| inner)
        };
        for name in schema["required"].as_array().into_iter().flatten().filter_map(Json::as_str) {
            if !object.contains_key(name) {
                found.push(format!("{at}: `{name}` is missing"));
            }
        }
        for (name, inner) in object {
            let path = format!("{at}.{name}");
            match (
                known.and_then(|k| k.get(name)).or_else(|| of_pattern(name)),
                schema.get("additionalProperties"),
            ) {
                (Some(property), _) => found.extend(problems(property, root, inner, &path)),
                (None, Some(Json::Bool(false))) => found.push(format!("{path}: unknown")),
                (None, Some(other)) => found.extend(problems(other, root, inner, &path)),
                (None, None) => {}
            }
        }
    }
    if let (Some(items), Some(list)) = (schema.get("items"), value.as_array()) {
        for (i, item) in list.iter().enumerate() {
            found.extend(problems(items, root, item, &format!("{at}[{i}]")));
        }
    }
    found
}

fn matches(pattern: &str, text: &str) -> bool {
    fancy_regex::Regex::new(pattern).expect("a pattern").is_match(text).expect("an answer")
}

fn is(name: &str, value: &Json) -> bool {
    match name {
        "null" => value.is_null(),
        "string" => value.is_string(),
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "object" => value.is_object(),
        "array" => value.is_array(),
        other => panic!("the schema has a type {other}"),
    }
}
