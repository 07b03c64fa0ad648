//! Every filter, test and lookup is held against what ansible-core answered: `tests/cases/expressions/answers/*.txt`, which
//! `tests/agreement/answers.py` writes and describes.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use super::*;
use crate::base::{Key, Secret};
use crate::load::vault::Identity;
use crate::load::{DiskFiles, Vault};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases/expressions");

/// One expression and the reference's answer.
struct Asked<'a> {
    expression: &'a str,
    answer: &'a str,
    /// Why ours is another.
    differs: Option<&'a str>,
}

/// What one file asks, by the names it stands under, and the names that answers cannot be kept of.
fn asked(text: &str) -> BTreeMap<&str, Vec<Asked<'_>>> {
    let mut names: BTreeMap<&str, Vec<Asked<'_>>> = BTreeMap::new();
    let mut current = "";
    for line in text.lines() {
        let of_name = names.entry(current).or_default();
        if let Some(name) = line.strip_prefix("## ") {
            current = name;
        } else if let Some(answer) = line.strip_prefix("=> ") {
            of_name.last_mut().expect("an answer follows its expression").answer = answer;
        } else if let Some(reason) = line.strip_prefix("~~ ") {
            of_name.last_mut().expect("a reason follows its expression").differs = Some(reason);
        } else if line.starts_with('{') {
            of_name.push(Asked { expression: line, answer: "", differs: None });
        } else {
            assert!(line.is_empty(), "`{line}` is no part of a file of answers");
        }
    }
    names.remove("");
    names
}

/// The value that `reference.py` wrote with tags for Python's types.
fn untagged(value: &Value) -> Value {
    let Value::Map(map) = value else {
        return match value {
            Value::List(items) => Value::list(items.iter().map(untagged).collect()),
            other => other.clone(),
        };
    };
    let (tag, inner) = map.iter().next().expect("a tag");
    let text = || inner.as_str().expect("a text");
    match tag.as_str() {
        Some("int") => Value::Int(text().parse().expect("an integer")),
        Some("float") => Value::Float(text().parse().expect("a float")),
        Some("date") => Value::Date(text().into()),
        Some("bytes") => {
            let byte = |at: usize| u8::from_str_radix(&text()[at..at + 2], 16).expect("hexadecimal");
            Value::Bytes((0..text().len()).step_by(2).map(byte).collect())
        }
        Some("map") => {
            let pairs = inner.as_list().expect("pairs").iter();
            let pair = |pair: &Value| {
                let [key, item] = pair.as_list().expect("a pair") else { panic!("a pair") };
                (filters::collections::key_of(&untagged(key)).expect("a key"), untagged(item))
            };
            Value::from(pairs.map(pair).collect::<Map>())
        }
        _ => Value::Undefined(text().into()),
    }
}

/// Equal in type, value and order of keys.
fn identical(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::List(a), Value::List(b)) => {
            a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| identical(a, b))
        }
        (Value::Map(a), Value::Map(b)) => {
            let same = |((a, x), (b, y)): ((&Key, &Value), (&Key, &Value))| a == b && identical(x, y);
            a.len() == b.len() && a.iter().zip(b.iter()).all(same)
        }
        (Value::Float(a), Value::Float(b)) => a.to_bits() == b.to_bits(),
        _ => same(a, b),
    }
}

/// The disk's files, with the password of the fixtures.
struct SealedFiles(Vault);

impl Files for SealedFiles {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        DiskFiles.read(path)
    }
    fn stream(&self, path: &Path) -> io::Result<(Box<dyn io::Read + Send>, u64)> {
        DiskFiles.stream(path)
    }
    fn list(&self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        DiskFiles.list(folder)
    }
    fn is_file(&self, path: &Path) -> bool {
        DiskFiles.is_file(path)
    }
    fn is_folder(&self, path: &Path) -> bool {
        DiskFiles.is_folder(path)
    }
    fn is_executable(&self, path: &Path) -> bool {
        DiskFiles.is_executable(path)
    }
    fn vault(&self) -> &Vault {
        &self.0
    }
}

/// What ours gives: as the user would write it, in a playbook beside the fixtures.
struct Ours(Templar);

impl Ours {
    fn new() -> Self {
        let fixtures = format!("{FOLDER}/fixtures");
        let vars = std::fs::read_to_string(format!("{FOLDER}/answers/vars.json")).expect("the variables");
        let mut vars = as_written(&json(&vars)).as_map().expect("a mapping").clone();
        vars.insert("fixtures", fixtures.as_str());
        let layer = VarLayer {
            level: Level::PlayVars,
            origin: "vars.json".into(),
            span: Span::nowhere("vars.json"),
            vars: Arc::new(vars),
        };
        let password = Identity { id: "default".into(), password: Secret::from("secret".to_owned()) };
        let files = SealedFiles(Vault::new(vec![password]));
        let environment = environment(files).with_search(SearchPaths::new(vec![fixtures.into()]));
        Self(Templar::new(Scope::new().with(layer), Arc::new(environment)))
    }

    fn answer(&self, expression: &str) -> Result<Value, String> {
        let text = written(&expression.replace('⏎', "\n"));
        // In a list, so that what would be dropped is seen.
        let given = self.0.render(&Value::list(vec![text])).map_err(|error| error.to_string())?;
        Ok(given.as_list().and_then(<[Value]>::first).cloned().unwrap_or(Value::Omit))
    }
}

/// Holds one file of answers against ours, and says which names of `kind` have none.
fn compare(kind: &str, names: &[String]) {
    let path = format!("{FOLDER}/answers/{kind}.txt");
    // Folders that are others on each machine.
    let home = std::env::var("HOME").unwrap_or_default();
    let text = std::fs::read_to_string(&path).expect("a file of answers");
    let text = text.replace("\"FIXTURES", &format!("\"{FOLDER}/fixtures")).replace("/home/bench", &home);
    let ours = Ours::new();
    let asked = asked(&text);
    let mut report = String::new();
    for (name, expressions) in &asked {
        if expressions.len() < 2 {
            let _ = writeln!(report, "{name} has fewer than two answers");
        }
        for Asked { expression, answer, differs } in expressions {
            let given = ours.answer(expression);
            let agrees = match (&given, *answer) {
                (Err(_), "error") => true,
                (Err(_), _) | (Ok(_), "error") => false,
                (Ok(given), answer) => identical(&given.clone().unsealed(), &untagged(&json(answer))),
            };
            match differs {
                None if !agrees => {
                    let _ = writeln!(report, "{expression}\n  wanted {answer}\n  given  {given:?}");
                }
                Some(reason) if agrees => {
                    let _ = writeln!(report, "{expression}\n  agrees, and should not: {reason}");
                }
                _ => {}
            }
        }
    }
    let without = names.iter().filter(|name| !asked.contains_key(name.as_str()));
    report.extend(without.map(|name| format!("{name} has no answer\n")));
    assert!(report.is_empty(), "{report}");
}

fn names_of(kind: &str) -> Vec<String> {
    let data = json(include_str!("../../../tests/cases/expressions/names.json"));
    let names = data.get(kind).and_then(Value::as_list).expect("names");
    names.iter().map(ToString::to_string).collect()
}

#[test]
fn filters_answer_as_the_reference_does() {
    compare("filters", &names_of("filters"));
}

#[test]
fn tests_answer_as_the_reference_does() {
    compare("tests", &names_of("tests"));
}

#[test]
fn lookups_answer_as_the_reference_does() {
    compare("lookups", &names_of("lookups"));
}

/// Filters of collections are known by their bare names, too.
fn of_collections(kind: &str, collections: &[&str]) {
    let text = std::fs::read_to_string(format!("{FOLDER}/answers/{kind}.txt")).expect("a file of answers");
    for name in asked(&text).keys() {
        for collection in collections {
            assert_eq!(syntax_check(&written(&format!("{{{{ x | {collection}{name} }}}}"))), None);
        }
    }
    compare(kind, &[]);
}

#[test]
fn addresses_are_answered_as_the_reference_does() {
    of_collections("addresses", &["", "ansible.utils.", "ansible.netcommon."]);
}

#[test]
fn json_query_answers_as_the_reference_does() {
    of_collections("json_query", &["", "community.general."]);
}
