//! `ini`: values of INI files and of Java's properties on the controller, as Python's `configparser` reads them. What it
//! refuses is said in the reference's words, which playbooks look for.

use super::csvfile::read;
use super::{Lookup, Request};
use crate::base::{Map, Value};
use crate::vars::call::{CallError, text_of};
use crate::vars::filters::regex::{compile, gave_up};

const OPTIONS: &[&str] = &[
    "file",
    "section",
    "type",
    "default",
    "re",
    "case_sensitive",
    "allow_no_value",
    "allow_none",
    "interpolation",
    "encoding",
];

pub(super) const LOOKUPS: &[Lookup] = &[Lookup { name: "ini", options: OPTIONS, run: ini }];

/// The section that Java's properties are put into.
const PROPERTIES: &str = "java_properties";
/// The section that all others go on from.
const DEFAULT: &str = "DEFAULT";
/// How often a value may point at another.
const DEEPEST: usize = 10;

/// One `name = value`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    pub(super) section: String,
    pub(super) name: String,
    /// Nothing where only a name stands.
    pub(super) value: Option<String>,
}

fn ini(request: &Request<'_>) -> Result<Vec<Value>, CallError> {
    // What a term says counts for those after it, too.
    let mut options = request.options.clone();
    let mut found = Vec::new();
    for term in request.terms {
        let term = text_of(term)?;
        let key =
            if term.contains('=') || term.trim().contains(' ') { inline(&term, &mut options)? } else { term };
        found.extend(look_up(request, &key, &options)?);
    }
    Ok(found)
}

/// The key of a term with options behind it: `key file=x.ini section=s`.
fn inline(term: &str, options: &mut Map) -> Result<String, CallError> {
    let mut parts: Vec<(Option<&str>, String)> = Vec::new();
    for word in term.split_whitespace() {
        match (word.split_once('='), parts.last_mut()) {
            (Some((name, value)), _) => parts.push((Some(name), value.to_owned())),
            (None, Some((_, value))) => {
                value.push(' ');
                value.push_str(word);
            }
            (None, None) => parts.push((None, word.to_owned())),
        }
    }
    let mut key = None;
    for (name, value) in parts {
        match name {
            None => key = Some(value),
            Some(name) if OPTIONS.contains(&name) => drop(options.insert(name, value)),
            Some(name) => return Err(format!("'{name}' is not a valid option.").into()),
        }
    }
    key.ok_or_else(|| {
        format!("No key to look up was provided as first term within string inline options: {term}").into()
    })
}

fn look_up(request: &Request<'_>, key: &str, options: &Map) -> Result<Vec<Value>, CallError> {
    let option =
        |name: &str, default: &str| options.get(name).map_or_else(|| default.to_owned(), ToString::to_string);
    let flag = |name: &str, default: bool| {
        options.get(name).map_or(default, |value| value.to_bool().unwrap_or(default))
    };
    let file = option("file", "ansible.ini");
    let text = read(request, &file, &option("encoding", "utf-8"))?;
    let (text, section) = match option("type", "ini").as_str() {
        "ini" => (text, option("section", "global")),
        "properties" => (format!("[{PROPERTIES}]\n{text}"), PROPERTIES.to_owned()),
        other => return Err(format!("`type` must be ini or properties, not `{other}`").into()),
    };
    let keep_case = flag("case_sensitive", false);
    let bare = flag("allow_no_value", false) || flag("allow_none", false);
    let (sections, entries) = parse(&text, keep_case, bare, &file)?;
    if section != DEFAULT && !sections.contains(&section) {
        return Err(format!("No section '{section}' in '{file}'.").into());
    }
    let value = |entry: &Entry| match &entry.value {
        Some(value) if flag("interpolation", true) => {
            interpolated(value, &section, &entries, 0).map(|text| Some(Value::from(text)))
        }
        value => Ok(value.as_deref().map(Value::from)),
    };
    let of = |wanted: &str| entries.iter().filter(move |entry| entry.section == wanted).collect::<Vec<_>>();
    let all = [of(&section), of(DEFAULT)].concat();
    if flag("re", false) {
        let regex = compile(key, false, false)?;
        let mut found = Vec::new();
        for entry in all {
            let hit = regex.find(&entry.name).map_err(|error| gave_up(&error))?;
            if hit.is_some_and(|hit| hit.start() == 0) {
                found.extend(value(entry)?);
            }
        }
        return Ok(found);
    }
    let key = if keep_case { key.to_owned() } else { key.to_lowercase() };
    match all.into_iter().find(|entry| entry.name == key) {
        Some(entry) => Ok(value(entry)?.into_iter().collect()),
        None => Ok(vec![options.get("default").cloned().unwrap_or_else(|| Value::from(""))]),
    }
}

/// The sections and what stands in them; lines that are indented go on.
pub(super) fn parse(
    text: &str,
    keep_case: bool,
    allow_no_value: bool,
    file: &str,
) -> Result<(Vec<String>, Vec<Entry>), CallError> {
    let mut sections: Vec<String> = Vec::new();
    let mut entries: Vec<Entry> = Vec::new();
    let mut goes_on = false;
    for line in text.lines() {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
            continue;
        }
        if goes_on
            && line.starts_with([' ', '\t'])
            && let Some(value) = entries.last_mut().and_then(|entry| entry.value.as_mut())
        {
            value.push('\n');
            value.push_str(trimmed);
            continue;
        }
        if let Some(name) =
            trimmed.strip_prefix('[').and_then(|rest| rest.split_once(']')).map(|(name, _)| name)
        {
            if name != DEFAULT && sections.iter().any(|known| known == name) {
                return Err(format!("While reading from '{file}': section '{name}' already exists").into());
            }
            sections.push(name.to_owned());
            goes_on = false;
            continue;
        }
        let section =
            sections.last().ok_or_else(|| format!("File contains no section headers. file: '{file}'"))?;
        let (name, value) = match trimmed.split_once(['=', ':']) {
            Some((name, value)) => (name.trim(), Some(value.trim().to_owned())),
            None if allow_no_value => (trimmed, None),
            None => return Err(format!("Source contains parsing errors: '{file}': '{trimmed}'").into()),
        };
        let name = if keep_case { name.to_owned() } else { name.to_lowercase() };
        if entries.iter().any(|entry| entry.section == *section && entry.name == name) {
            return Err(format!("Duplicate option in '{file}'.").into());
        }
        entries.push(Entry { section: section.clone(), name, value });
        goes_on = true;
    }
    Ok((sections, entries))
}

/// A value with `%(name)s` filled in from its section or from `[DEFAULT]`, and `%%` for one `%`.
fn interpolated(value: &str, section: &str, entries: &[Entry], depth: usize) -> Result<String, CallError> {
    if depth > DEEPEST {
        return Err("the values of the section need each other".into());
    }
    let mut out = String::new();
    let mut rest = value;
    while let Some((before, after)) = rest.split_once('%') {
        out.push_str(before);
        if let Some(after) = after.strip_prefix('%') {
            out.push('%');
            rest = after;
            continue;
        }
        let named = after.strip_prefix('(').and_then(|after| after.split_once(")s"));
        let (name, after) =
            named.ok_or_else(|| format!("in `{value}` a `%` needs `(name)s` or another `%` behind it"))?;
        let of = |section: &str| {
            let fits = |entry: &&Entry| entry.section == section && entry.name.eq_ignore_ascii_case(name);
            entries.iter().find(fits).and_then(|entry| entry.value.as_deref())
        };
        let inner = of(section)
            .or_else(|| of(DEFAULT))
            .ok_or_else(|| format!("there is no `{name}` for `{value}`"))?;
        out.push_str(&interpolated(inner, section, entries, depth + 1)?);
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn files_are_read_as_pythons_are() {
        let (sections, entries) = parse("# c\n[a]\nX = 1\n  2\ny: b\n[c]\nz\n", false, true, "f").unwrap();
        assert_eq!(sections, ["a", "c"]);
        let plain: Vec<_> = entries.iter().map(|e| (&*e.section, &*e.name, e.value.as_deref())).collect();
        assert_eq!(plain, [("a", "x", Some("1\n2")), ("a", "y", Some("b")), ("c", "z", None)]);
        for (text, why) in [
            ("[a]\nx=1\nX=2\n", "Duplicate option in 'f'."),
            ("[a]\nx\n", "Source contains parsing errors: 'f': 'x'"),
            ("x=1\n", "File contains no section headers. file: 'f'"),
        ] {
            assert_eq!(parse(text, false, false, "f"), Err(why.into()), "{text}");
        }
        assert!(parse("[a]\nx=1\nX=2\n", true, false, "f").is_ok());
    }

    proptest! {
        #[test]
        fn any_text_can_be_read(text in "[a\\[\\]=:;# \n]{0,40}") {
            let _ = parse(&text, false, true, "f");
        }
    }
}
