//! Holds arguments against what a specification says of them, level by level, in the reference's order and words.

use super::convert::{class_name, convert, shown};
use super::groups::{EARLY, LATE, Rule};
use crate::base::{Key, Map, Value};
use crate::vars::python::type_name;

/// What is wrong with arguments.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Sentences.
    pub errors: Vec<String>,
    /// What is only said.
    pub warnings: Vec<String>,
    unknown: Vec<Unknown>,
}

/// An argument that the specification does not know.
#[derive(Debug)]
struct Unknown {
    path: String,
    known: Vec<String>,
    aliases: Vec<String>,
}

/// Holds arguments against a specification. An error is one of the specification itself.
pub(super) fn check(spec: &Map, mut arguments: Map) -> Result<Found, String> {
    let mut found = Found::default();
    Level { found: &mut found, path: Vec::new(), prefix: String::new() }.check(spec, None, &mut arguments)?;
    found.unknown.sort_by(|one, other| one.path.cmp(&other.path));
    if let Some(last) = found.unknown.last() {
        let paths: Vec<&str> = found.unknown.iter().map(|unknown| unknown.path.as_str()).collect();
        let aliases = match last.aliases.as_slice() {
            [] => String::new(),
            some => format!(" ({})", some.join(", ")),
        };
        let (paths, known) = (paths.join(", "), last.known.join(", "));
        found.errors.push(format!("{paths}. Supported parameters include: {known}{aliases}."));
    }
    Ok(found)
}

/// Names with what is said of each.
fn parameters(spec: &Map) -> Result<Vec<(&Key, &Map)>, String> {
    let mut known = Vec::new();
    for (name, value) in spec.iter() {
        let Value::Map(said) = value else {
            return Err(format!("'{}' object has no attribute 'get'", class_name(value)));
        };
        known.push((name, &**said));
    }
    Ok(known)
}

fn says(said: &Map, key: &str) -> bool {
    said.get(key).is_some_and(Value::is_truthy)
}

/// The value, unless it is none.
fn given<'a>(said: &'a Map, key: &str) -> Option<&'a Value> {
    said.get(key).filter(|value| !value.is_null())
}

/// The type of an argument.
fn kind(said: &Map) -> String {
    given(said, "type").map_or_else(|| "str".to_owned(), Value::to_string)
}

/// Whether an argument has arguments of its own: `dict`, or a list of those.
fn is_nested(said: &Map) -> bool {
    let is = |key: &str, word: &str| said.get(key).and_then(Value::as_str) == Some(word);
    is("type", "dict") || (is("type", "list") && is("elements", "dict"))
}

/// One level of arguments: all, or those of an argument.
struct Level<'a> {
    found: &'a mut Found,
    /// The arguments around.
    path: Vec<String>,
    /// The way here with numbers: `disks[1].`
    prefix: String,
}

impl Level<'_> {
    fn check(&mut self, spec: &Map, rules: Option<&Map>, arguments: &mut Map) -> Result<(), String> {
        let known = parameters(spec)?;
        let aliases = self.aliases(&known, arguments);
        if let Err(problem) = no_strangers(spec, arguments)? {
            self.found.errors.push(problem);
        }
        self.unknown(&known, &aliases, arguments);
        let broken = |(name, rule): &(&str, Rule), arguments: &Map| {
            rule(rules.and_then(|rules| given(rules, name))?, arguments)
        };
        for rule in &EARLY {
            let problem = broken(rule, arguments);
            self.complain(problem);
        }
        for (name, said) in &known {
            if let (None, Some(default)) = (arguments.get_key(name), given(said, "default")) {
                arguments.insert((*name).clone(), default.clone());
            }
        }
        self.required(&known, arguments);
        self.types(&known, arguments);
        self.choices(&known, arguments);
        for rule in &LATE {
            let problem = broken(rule, arguments);
            self.complain(problem);
        }
        for (name, said) in known {
            self.inside(name, said, arguments)?;
        }
        Ok(())
    }

    /// Notes what is wrong here, with the way here.
    fn complain(&mut self, problem: Option<String>) {
        let Some(problem) = problem else { return };
        let place = if self.path.is_empty() {
            String::new()
        } else {
            format!(" found in {}", self.path.join(" -> "))
        };
        self.found.errors.push(problem + &place);
    }

    /// Arguments that are given by another name get their own. Gives the other names.
    fn aliases(&mut self, known: &[(&Key, &Map)], arguments: &mut Map) -> Vec<String> {
        let mut all = Vec::new();
        for (name, said) in known {
            if given(said, "default").is_some() && says(said, "required") {
                let problem =
                    format!("internal error: required and default are mutually exclusive for {name}");
                self.found.errors.push(problem);
                return Vec::new();
            }
            let Some(aliases) = given(said, "aliases") else { continue };
            let Some(aliases) = aliases.as_list() else {
                self.found.errors.push("internal error: aliases must be a list or tuple".to_owned());
                return Vec::new();
            };
            for alias in aliases.iter().map(Value::to_string) {
                if let Some(value) = arguments.get(&alias).cloned() {
                    if arguments.get_key(name).is_some() && !self.path.is_empty() {
                        let prefix = &self.prefix;
                        let warning =
                            format!("Both option {prefix}{name} and its alias {prefix}{alias} are set.");
                        self.found.warnings.push(warning);
                    }
                    arguments.insert((*name).clone(), value);
                }
                all.push(alias);
            }
        }
        all
    }

    fn unknown(&mut self, known: &[(&Key, &Map)], aliases: &[String], arguments: &Map) {
        let is_known =
            |key: &Key| known.iter().any(|(name, _)| *name == key) || aliases.contains(&key.to_string());
        let sorted = |mut names: Vec<String>| {
            names.sort();
            names
        };
        for key in arguments.keys().filter(|key| !is_known(key)) {
            let path = self.path.iter().cloned().chain([key.to_string()]).collect::<Vec<_>>().join(".");
            let known = sorted(known.iter().map(|(name, _)| name.to_string()).collect());
            self.found.unknown.push(Unknown { path, known, aliases: sorted(aliases.to_vec()) });
        }
    }

    fn required(&mut self, known: &[(&Key, &Map)], arguments: &Map) {
        let missing =
            |(name, said): &&(&Key, &Map)| says(said, "required") && arguments.get_key(name).is_none();
        let mut missing: Vec<String> =
            known.iter().filter(missing).map(|(name, _)| name.to_string()).collect();
        missing.sort();
        self.complain(
            (!missing.is_empty()).then(|| format!("missing required arguments: {}", missing.join(", "))),
        );
    }

    fn types(&mut self, known: &[(&Key, &Map)], arguments: &mut Map) {
        let place = self.path.join(" -> ");
        for (name, said) in known {
            let Some(value) = arguments.get_key(name).cloned() else { continue };
            if value.is_null() && !says(said, "required") && given(said, "default").is_none() {
                continue;
            }
            let kind = kind(said);
            match convert(&kind, &value) {
                Ok(value) => {
                    let value = self.elements(name, &kind, said, value);
                    arguments.insert((*name).clone(), value);
                }
                Err(why) => {
                    let place =
                        if place.is_empty() { String::new() } else { format!(" found in '{place}'.") };
                    let given = type_name(&value);
                    self.found.errors.push(format!(
                        "argument '{name}' is of type {given}{place} and we were unable to convert to {kind}: {why}"
                    ));
                }
            }
        }
    }

    /// The items of a list, each of its type; without those that cannot be.
    fn elements(&mut self, name: &Key, kind: &str, said: &Map, value: Value) -> Value {
        let Some(wanted) = given(said, "elements").map(Value::to_string) else { return value };
        let place = self.path.join(" -> ");
        let Some(items) = value.as_list() else {
            let place = if place.is_empty() { String::new() } else { format!(" found in '{place}'.") };
            let shown = shown(&value);
            self.found.errors.push(format!(
                "Invalid type {kind} for option '{shown}'{place}, elements value check is supported only with 'list' type"
            ));
            return value;
        };
        let mut converted = Vec::new();
        for item in items {
            match convert(&wanted, item) {
                Ok(item) => converted.push(item),
                Err(why) => {
                    let place = if place.is_empty() { String::new() } else { format!(" found in '{place}'") };
                    let given = type_name(item);
                    self.found.errors.push(format!(
                        "Elements value for option '{name}'{place} is of type {given} and we were unable to convert to {wanted}: {why}"
                    ));
                }
            }
        }
        Value::list(converted)
    }

    fn choices(&mut self, known: &[(&Key, &Map)], arguments: &mut Map) {
        for (name, said) in known {
            let Some(choices) = given(said, "choices") else { continue };
            let Some(choices) = choices.as_list() else {
                let shown = shown(choices);
                self.complain(Some(format!(
                    "internal error: choices for argument {name} are not iterable: {shown}"
                )));
                continue;
            };
            let listed = |values: &[Value]| values.iter().map(shown).collect::<Vec<_>>().join(", ");
            let problem = match arguments.get_key(name) {
                None => None,
                Some(Value::List(items)) => {
                    let strange: Vec<Value> =
                        items.iter().filter(|item| !choices.contains(item)).cloned().collect();
                    (!strange.is_empty()).then(|| {
                        let (known, strange) = (listed(choices), listed(&strange));
                        format!(
                            "value of {name} must be one or more of: {known}. Got no match for: {strange}"
                        )
                    })
                }
                Some(value) if choices.contains(value) => None,
                Some(value) => {
                    let choice = as_written(value, choices);
                    let wrong = choice.is_none().then(|| {
                        let (known, got) = (listed(choices), shown(value));
                        format!("value of {name} must be one of: {known}, got: {got}")
                    });
                    arguments.insert((*name).clone(), choice.unwrap_or_else(|| value.clone()));
                    wrong
                }
            };
            self.complain(problem);
        }
    }

    /// The arguments of an argument.
    fn inside(&mut self, name: &Key, said: &Map, arguments: &mut Map) -> Result<(), String> {
        let Some(Value::Map(options)) = said.get("options").filter(|_| is_nested(said)) else {
            return Ok(());
        };
        if says(said, "apply_defaults") && arguments.get_key(name).is_none_or(Value::is_null) {
            arguments.insert(name.clone(), Map::new());
        }
        let Some(value) = arguments.get_key(name).filter(|value| !value.is_null()) else { return Ok(()) };
        let items = value.as_list().map_or_else(|| vec![value.clone()], <[Value]>::to_vec);
        for (number, item) in items.iter().enumerate() {
            let Value::Map(own) = item else {
                self.found.errors.push(format!("value of '{name}' must be of type dict or list of dicts"));
                continue;
            };
            let number = if kind(said) == "list" { format!("[{number}]") } else { String::new() };
            let path = self.path.iter().cloned().chain([name.to_string()]).collect();
            let prefix = format!("{}{name}{number}.", self.prefix);
            let mut own = Map::clone(own);
            Level { found: self.found, path, prefix }.check(options, Some(said), &mut own)?;
        }
        Ok(())
    }
}

/// YAML reads the choice `no` as a boolean, which then is a string: the one choice that it can have been.
fn as_written(value: &Value, choices: &[Value]) -> Option<Value> {
    let wanted = match value.as_str()? {
        "False" => false,
        "True" => true,
        _ => return None,
    };
    let mut meant: Vec<&Value> = Vec::new();
    for choice in choices.iter().filter(|choice| choice.to_bool() == Some(wanted)) {
        if !meant.contains(&choice) {
            meant.push(choice);
        }
    }
    match meant.as_slice() {
        [one] => Some((*one).clone()),
        _ => None,
    }
}

/// What should have arguments of its own must be a mapping, or a text that is one. The outer error is the specification's.
fn no_strangers(spec: &Map, arguments: &Map) -> Result<Result<(), String>, String> {
    for (name, said) in parameters(spec)? {
        let Some(Value::Map(options)) = said.get("options").filter(|_| is_nested(said)) else { continue };
        let Some(value) = arguments.get_key(name).filter(|value| !value.is_null()) else { continue };
        for item in value.as_list().unwrap_or(std::slice::from_ref(value)) {
            let read = match item {
                Value::String(_) => convert("dict", item),
                other => Ok(other.clone()),
            };
            let own = match read {
                Ok(Value::Map(own)) => own,
                Ok(other) => {
                    let (shown, class, kind) = (shown(&other), class_name(&other), kind(said));
                    return Ok(Err(format!(
                        "Value '{shown}' in the sub parameter field '{name}' must be a {kind}, not '{class}'"
                    )));
                }
                Err(why) => return Ok(Err(why)),
            };
            if let Err(problem) = no_strangers(options, &own)? {
                return Ok(Err(problem));
            }
        }
    }
    Ok(Ok(()))
}
