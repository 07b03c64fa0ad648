//! `--extra-vars`: `k=v` words (always strings), a mapping in JSON or YAML, or `@file`.

use std::path::Path;
use std::sync::Arc;

use super::Loader;
use super::loader::Loaded;
use crate::base::{Diagnostic, Map, Source, Span, Value};
use crate::model::decode::words;
use crate::model::{Level, VarLayer};
use crate::syntax::yaml;

/// Reads one `-e` argument.
pub fn extra_vars(loader: &Loader, argument: &str) -> Loaded<VarLayer> {
    if let Some(path) = argument.strip_prefix('@') {
        let (vars, span) = loader.vars(Path::new(path), None)?;
        return Ok(VarLayer { level: Level::Extra, origin: Arc::from(path), span, vars });
    }
    let source = Source::new("--extra-vars", argument);
    let span = Span::new(&source, 0, argument.len());
    let trimmed = argument.trim_start();
    let vars =
        if trimmed.starts_with(['{', '[']) { mapping(&source, &span)? } else { key_values(argument, &span)? };
    Ok(VarLayer { level: Level::Extra, origin: Arc::from("--extra-vars"), span, vars: Arc::new(vars) })
}

fn mapping(source: &Arc<Source>, span: &Span) -> Loaded<Map> {
    let mut warnings = crate::base::Diagnostics::new();
    let node = yaml::parse_one(source, &mut warnings)?;
    node.and_then(|n| n.to_map())
        .ok_or_else(|| Diagnostic::error("bad-extra-vars", "extra variables want a mapping").at(span).into())
}

fn key_values(argument: &str, span: &Span) -> Loaded<Map> {
    if !words::is_complete(argument) {
        return Err(Diagnostic::error("bad-extra-vars", "a quote or a `{{` is never closed")
            .at(span)
            .help("a blank ends a value that is not quoted, the shell's own quotes do not count: -e \"name='two words'\"")
            .into());
    }
    let mut vars = Map::new();
    for word in words::split(argument) {
        let Some((key, value)) = words::pair(word) else {
            let start = word.as_ptr() as usize - argument.as_ptr() as usize;
            let help = if word.starts_with(['/', '.']) {
                format!("a file of variables is named with an `@`: -e @{word}")
            } else {
                "write `NAME=VALUE`, a mapping such as `{\"a\": 1}`, or `@FILE`".to_owned()
            };
            return Err(Diagnostic::error("bad-extra-vars", format!("`{word}` sets no variable"))
                .at(&span.part(start..start + word.len()))
                .help(help)
                .into());
        };
        vars.insert(key, Value::template(value, span.clone()));
    }
    Ok(vars)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::extra_vars;
    use crate::base::spec::Catalogue;
    use crate::load::{Loader, MemoryFiles};

    fn read(argument: &str) -> String {
        let files = MemoryFiles::new([("v.yml", "a: 1\n"), ("v.json", r#"{"x": 1e3, "y": "\u00e9"}"#)]);
        let loader = Loader::new(Arc::new(files), Arc::new(Catalogue::default()), Vec::new());
        match extra_vars(&loader, argument) {
            Ok(layer) => crate::base::Value::from(&*layer.vars).to_string(),
            Err(errors) => errors.to_string(),
        }
    }

    #[test]
    fn words_are_strings_and_mappings_are_typed() {
        assert_eq!(read("a=1 b='x y'"), "{'a': '1', 'b': 'x y'}");
        assert_eq!(read("{\"a\": 1}"), "{'a': 1}");
        assert_eq!(read("@v.yml"), "{'a': 1}");
        assert_eq!(read(r#"a=x\ty b="two words" c="#), "{'a': 'x\\ty', 'b': 'two words', 'c': ''}");
        assert_eq!(read("@v.json"), "{'x': 1000.0, 'y': 'é'}");
        assert_eq!(
            read(r#"{"x": 1e3, "y": [1, 2.0, true, null, "a/b"]}"#),
            "{'x': 1000.0, 'y': [1, 2.0, True, None, 'a/b']}"
        );
        assert_eq!(read("{x: 1e3, y: yes}"), "{'x': '1e3', 'y': True}");
        insta::assert_snapshot!(read("a=1 nonsense"), @r#"
        error[bad-extra-vars]: `nonsense` sets no variable
         --> --extra-vars:1:5
          |
        1 | a=1 nonsense
          |     ^^^^^^^^
          |
          = help: write `NAME=VALUE`, a mapping such as `{"a": 1}`, or `@FILE`
        "#);
    }
}
