//! Holds the arguments of a task against its parameters before anything runs.
//!
//! A value that still contains a template has an unknown type and is accepted; the module reads it when it runs.

use std::sync::Arc;

use super::{Kind, Param, Spec};
use crate::base::secret::WHOLE;
use crate::base::suggest::nearest;

use crate::base::{Diagnostic, Diagnostics, Map, Span, Value};

/// One argument of a task as it stands in the user's file.
#[derive(Clone, Debug, PartialEq)]
pub struct Argument {
    /// The name as written, which may be an alias.
    pub name: Arc<str>,
    /// Where the name stands.
    pub name_span: Span,
    /// The value, templates and all.
    pub value: Value,
    /// Where the value stands.
    pub value_span: Span,
}

impl Spec {
    /// All that is wrong with these arguments. `task` is the place of the module's name, where a missing argument is shown.
    pub fn check(&self, args: &[Argument], task: &Span) -> Diagnostics {
        let mut found = Diagnostics::new();
        let groups = self.groups();
        let params = &groups.params;
        let mut given: Vec<(&Param, &Argument)> = Vec::new();
        let mut misspelt: Vec<&str> = Vec::new();
        for arg in args {
            match params.iter().find(|p| p.is(&arg.name)) {
                None if self.open => {}
                None => {
                    let known = params.iter().flat_map(Param::names);
                    misspelt.extend(nearest(&arg.name, known));
                    found.push(self.unknown(arg, params));
                }
                Some(param) => {
                    if let Some((_, first)) = given.iter().find(|(p, _)| p.name == param.name) {
                        found.push(
                            Diagnostic::error(
                                "argument-given-twice",
                                format!("`{}` is given twice to `{}`", param.name, self.name),
                            )
                            .at(&arg.name_span)
                            .related(&first.name_span, "here for the first time"),
                        );
                    }
                    given.push((param, arg));
                    self.check_value(param, arg, &mut found);
                }
            }
        }
        // A null counts as not given; a template may turn out to be `omit`, which is known only when it runs.
        let present = |name: &str| given.iter().any(|(p, a)| p.name == name && !a.value.is_null());
        let missing = |p: &&Param| p.required && !present(&p.name) && !misspelt.iter().any(|name| p.is(name));
        for param in params.iter().filter(missing) {
            found.push(
                Diagnostic::error(
                    "missing-argument",
                    format!("`{}` needs the argument `{}`", self.name, param.name),
                )
                .at(task)
                .help(first_sentence(&param.doc)),
            );
        }
        for problem in groups.broken(present) {
            found.push(Diagnostic::error(problem.code, problem.message).at(task));
        }
        found
    }

    fn unknown(&self, arg: &Argument, params: &[Param]) -> Diagnostic {
        let known = params.iter().flat_map(Param::names);
        if let Some(refused) = self.refused(&arg.name) {
            return refused.at(&arg.name_span);
        }
        let names: Vec<&str> = params.iter().map(|p| p.name.as_str()).collect();
        Diagnostic::error("unknown-argument", format!("`{}` has no argument `{}`", self.name, arg.name))
            .at(&arg.name_span)
            .suggest(&arg.name, known)
            .help(if names.is_empty() {
                format!("`{}` takes no arguments", self.name)
            } else {
                format!("the arguments of `{}` are {}", self.name, names.join(", "))
            })
    }

    /// What is said of a parameter that Ansible has and this does not; `path` is the way to it.
    fn refused(&self, path: &str) -> Option<Diagnostic> {
        let (_, instead) = self.unsupported().into_iter().find(|(name, _)| name == path)?;
        let words = format!("`{}` does not support `{path}` of Ansible's", self.name);
        Some(Diagnostic::error("unsupported-argument", words).help(instead))
    }

    fn check_value(&self, param: &Param, arg: &Argument, found: &mut Diagnostics) {
        if matches!(arg.value, Value::Null | Value::Omit) {
            return;
        }
        self.check_kind(param, &param.name, &arg.value, &arg.value_span, found);
    }

    /// Holds a value against its parameter; `path` is the way to it, as in `build.path`. Values inside of others have no place of
    /// their own, but for strings.
    fn check_kind(&self, param: &Param, path: &str, value: &Value, place: &Span, found: &mut Diagnostics) {
        let Some((kind, wrong)) = misfit(&param.kind, param, value) else {
            let inside = param.inside();
            let maps =
                value.as_list().unwrap_or(std::slice::from_ref(value)).iter().filter_map(Value::as_map);
            for map in maps.filter(|_| !inside.is_empty()) {
                self.check_inside(inside, path, map, place, found);
            }
            return;
        };
        let expected = expectation(kind, param);
        let at = place_of(wrong, place);
        let mut diagnostic = Diagnostic::error(
            "wrong-argument-type",
            format!("`{path}` of `{}` takes {expected}, not {}", self.name, wrong.kind()),
        )
        .at(at);
        if let (Kind::Choice, Some(word)) = (kind, wrong.as_str()) {
            let choices: Vec<&str> = param.choices.iter().map(String::as_str).collect();
            diagnostic = Diagnostic::error(
                "unknown-choice",
                format!("`{word}` is no choice for `{path}` of `{}`", self.name),
            )
            .at(at)
            .suggest(word, choices.iter().copied())
            .help(format!("the choices are {}", choices.join(", ")));
        }
        found.push(diagnostic);
    }

    /// Holds a mapping against the keys that are known.
    fn check_inside(&self, params: &[Param], path: &str, map: &Map, place: &Span, found: &mut Diagnostics) {
        let mut misspelt: Vec<&str> = Vec::new();
        for (key, value) in map.iter() {
            let key = key.to_string();
            let Some(param) = params.iter().find(|param| param.is(&key)) else {
                if let Some(refused) = self.refused(&format!("{path}.{key}")) {
                    found.push(refused.at(place_of(value, place)));
                    continue;
                }
                misspelt.extend(nearest(&key, params.iter().flat_map(Param::names)));
                let names: Vec<&str> = params.iter().map(|p| p.name.as_str()).collect();
                let unknown = format!("`{path}` of `{}` has no `{key}`", self.name);
                found.push(
                    Diagnostic::error("unknown-argument", unknown)
                        .at(place_of(value, place))
                        .suggest(&key, params.iter().flat_map(Param::names))
                        .help(format!("what may stand there is {}", names.join(", "))),
                );
                continue;
            };
            if !matches!(value, Value::Null | Value::Omit) {
                self.check_kind(param, &format!("{path}.{key}"), value, place_of(value, place), found);
            }
        }
        let is_there = |param: &Param| {
            map.iter().any(|(key, value)| !value.is_null() && key.as_str().is_some_and(|key| param.is(key)))
        };
        let is_missing = |param: &&Param| {
            param.required && !is_there(param) && !misspelt.iter().any(|name| param.is(name))
        };
        for param in params.iter().filter(is_missing) {
            found.push(
                Diagnostic::error(
                    "missing-argument",
                    format!("`{path}` of `{}` needs `{}`", self.name, param.name),
                )
                .at(place)
                .help(first_sentence(&param.doc)),
            );
        }
    }
}

/// The place of a string of the user's file, else that of what it stands in.
fn place_of<'a>(value: &'a Value, around: &'a Span) -> &'a Span {
    match value {
        Value::String(text) => text.span().unwrap_or(around),
        _ => around,
    }
}

/// Parameters of a task that exclude each other, or of which one must be there.
#[derive(Clone, Debug)]
pub struct Groups {
    pub(super) task: &'static str,
    pub(super) params: Vec<Param>,
    pub(super) exclusive: Vec<Vec<String>>,
    pub(super) one_of: Vec<Vec<String>>,
    pub(super) free_form: Option<&'static str>,
}

impl Groups {
    /// All parameters.
    pub fn params(&self) -> &[Param] {
        &self.params
    }

    /// Asked again when the arguments are known: a template may have become `omit`.
    pub fn check(&self, args: &Map) -> Result<(), String> {
        if self.exclusive.is_empty() && self.one_of.is_empty() {
            return Ok(());
        }
        let present = |name: &str| {
            let param = self.params.iter().find(|p| p.name == name);
            let set = |(key, value): (&crate::base::Key, &Value)| {
                !matches!(value, Value::Null | Value::Omit)
                    && key.as_str().is_some_and(|k| param.is_some_and(|p| p.is(k)))
            };
            args.iter().any(set)
        };
        self.broken_by(present).map_or(Ok(()), Err)
    }

    /// See [`super::Catalogue::invocation`].
    pub(super) fn invocation(&self, args: &Map) -> Map {
        let value = |param: &Param| {
            let given = args.iter().find(|(key, _)| key.as_str().is_some_and(|key| param.is(key)));
            let written = |text: &String| serde_json::from_str(text).unwrap_or_else(|_| text.as_str().into());
            let value = given.map(|(_, value)| value.clone()).or_else(|| param.default.as_ref().map(written));
            let value = value.filter(|value| !matches!(value, Value::Omit)).unwrap_or_default();
            if param.is_hidden() && !value.is_null() {
                return WHOLE.into();
            }
            value
        };
        let known =
            |key: &crate::base::Key| key.as_str().is_some_and(|key| self.params.iter().any(|p| p.is(key)));
        let open =
            args.iter().filter(|(key, _)| !known(key)).map(|(key, value)| (key.clone(), value.clone()));
        self.params.iter().map(|param| (param.name.as_str().into(), value(param))).chain(open).collect()
    }

    /// What is wrong with the parameters that are there, in the words that playbooks look for.
    pub fn broken_by(&self, present: impl Fn(&str) -> bool) -> Option<String> {
        self.broken(present).into_iter().next().map(|problem| problem.known)
    }

    /// That one of these parameters must be there. What stands behind the module's name counts as a parameter of its own.
    pub fn wanted<S: AsRef<str>>(&self, names: &[S]) -> String {
        format!("one of the following is required: {}", self.with_text(names).join(", "))
    }

    fn with_text<'a, S: AsRef<str>>(&self, names: &'a [S]) -> Vec<&'a str> {
        let names = names.iter().map(AsRef::as_ref);
        let text = names.clone().any(|name| self.free_form == Some(name)).then_some("_raw_params");
        text.into_iter().chain(names).collect()
    }

    fn broken(&self, present: impl Fn(&str) -> bool) -> Vec<Problem> {
        let mut problems = Vec::new();
        for group in &self.exclusive {
            let both: Vec<&String> = group.iter().filter(|name| present(name)).collect();
            if both.len() > 1 {
                problems.push(Problem {
                    code: "exclusive-arguments",
                    message: format!(
                        "`{}` takes only one of {}: they are mutually exclusive",
                        self.task,
                        quoted(&both)
                    ),
                    known: format!("parameters are mutually exclusive: {}", self.with_text(group).join("|")),
                });
            }
        }
        for group in &self.one_of {
            if !group.iter().any(|name| present(name)) {
                problems.push(Problem {
                    code: "missing-argument",
                    message: format!("`{}` needs one of {}", self.task, quoted(group)),
                    known: self.wanted(group),
                });
            }
        }
        problems
    }
}

struct Problem {
    code: &'static str,
    message: String,
    /// The same in the words that playbooks know, for who looks at a failure.
    known: String,
}

fn quoted<S: AsRef<str>>(names: &[S]) -> String {
    names.iter().map(|n| format!("`{}`", n.as_ref())).collect::<Vec<_>>().join(", ")
}

fn first_sentence(doc: &str) -> String {
    let end = doc.find(". ").or_else(|| doc.find(".\n")).unwrap_or(doc.len());
    doc[..end].trim_end_matches('.').replace('\n', " ")
}

/// The value, or the item of it, that cannot be read, and the kind it should have.
fn misfit<'a>(kind: &'a Kind, param: &Param, value: &'a Value) -> Option<(&'a Kind, &'a Value)> {
    match (kind, value) {
        _ if fits(kind, param, value) => None,
        (Kind::List(items), Value::List(list)) => list.iter().find_map(|v| misfit(items, param, v)),
        _ => Some((kind, value)),
    }
}

/// Whether a value can be read as this kind; the same rules as `base::args`.
fn fits(kind: &Kind, param: &Param, value: &Value) -> bool {
    let value = value.revealed();
    if matches!(value, Value::String(t) if t.is_template()) {
        return true;
    }
    let scalar = matches!(
        value,
        Value::String(_)
            | Value::Int(_)
            | Value::Float(_)
            | Value::Bool(_)
            | Value::Date(_)
            | Value::Bytes(_)
    );
    match (kind, value) {
        (Kind::Any, _) | (Kind::Map | Kind::Keys(_), Value::Map(_)) => true,
        (Kind::Bool, Value::Float(f)) => *f == 0.0 || (*f - 1.0).abs() < f64::EPSILON,
        (Kind::Bool, other) => other.to_bool().is_some(),
        (Kind::Int, Value::Float(f)) => f.fract() == 0.0,
        (Kind::Int, Value::String(t)) => t.as_str().trim().parse::<f64>().is_ok_and(|f| f.fract() == 0.0),
        (Kind::Int, other) => other.as_int().is_some(),
        (Kind::Float, Value::String(t)) => t.as_str().trim().parse::<f64>().is_ok(),
        (Kind::Float, other) => other.as_float().is_some(),
        (Kind::String | Kind::Path, _) => scalar,
        (Kind::List(items), Value::List(list)) => list.iter().all(|v| fits(items, param, v)),
        (Kind::List(items), Value::String(t)) => {
            t.as_str().split(',').all(|part| fits(items, param, &Value::from(part)))
        }
        (Kind::List(items), other) => scalar && fits(items, param, other),
        (Kind::Choice, Value::String(t)) => param.choices.iter().any(|c| c == t.as_str()),
        (Kind::Choice, Value::Bool(b)) => {
            param.choices.iter().any(|c| Value::from(c.as_str()).to_bool() == Some(*b))
        }
        // A text for who reads it.
        (Kind::Choice, Value::Int(number)) => param.choices.contains(&number.to_string()),
        (Kind::Choice | Kind::Map | Kind::Keys(_), _) => false,
    }
}

fn expectation(kind: &Kind, param: &Param) -> String {
    match kind {
        Kind::Bool => "a boolean (yes or no)".to_owned(),
        Kind::Int => "an integer".to_owned(),
        Kind::Choice => format!("one of {}", param.choices.join(", ")),
        Kind::Any => "anything".to_owned(),
        other => format!("a {other}"),
    }
}
