//! What must hold for values, files, secrets, lazy mappings and any text.

use proptest::prelude::*;

use super::*;
use crate::base::{Key, Text};

#[test]
fn what_a_host_said_is_never_a_template() {
    let templar = templar("{}");
    let evil = Value::from("{{ lookup('pipe', 'echo bad') }}");
    assert_eq!(templar.render(&evil), Ok(evil.clone()));
    let vars = Map::from_iter([("said", evil.clone())]);
    let layer = VarLayer {
        level: Level::Facts,
        origin: "facts".into(),
        span: Span::nowhere("facts"),
        vars: Arc::new(vars),
    };
    let templar = Templar::new(Scope::new().with(layer), environment(MemoryFiles::default()));
    assert_eq!(templar.render_str(&written("{{ said }}")), Ok(evil.to_string()));
    assert_eq!(templar.render_str(&written("{{ [said] | first }}!")), Ok(format!("{evil}!")));
}

#[test]
fn omit_removes_keys_and_items() {
    let templar = templar(r#"{"there": 1}"#);
    let value = as_written(&json(
        r#"{"a": "{{ nope | default(omit) }}", "b": ["{{ omit }}", "{{ there }}"], "c": {"d": "{{ omit }}"}, "e": "x{{ omit }}"}"#,
    ));
    let wanted = json(r#"{"b": [1], "c": {}, "e": "x"}"#);
    assert_eq!(templar.render(&value), Ok(wanted));
}

#[test]
fn a_block_text_keeps_its_newline_and_a_single_expression_its_type() {
    let templar = templar(r#"{"i": 5, "s": "x"}"#);
    let render = |text: &str| templar.render(&written(text));
    assert_eq!(render("{{ i }}\n"), Ok(Value::from(5)));
    assert_eq!(render("{{ s }}\n"), Ok(Value::from("x\n")));
    assert_eq!(render("a {{ i }}\n\n"), Ok(Value::from("a 5\n\n")));
    assert_eq!(render(" {{ i }}"), Ok(Value::from(" 5")));
    assert_eq!(render("{{ i }}{{ '' }}"), Ok(Value::from("5")));
    assert_eq!(render("{% if true %}5{% endif %}"), Ok(Value::from("5")));
}

#[test]
fn a_secret_stays_one_wherever_it_goes() {
    let secret = Value::String(Text::template("s3cret", Span::nowhere("vault")).into_secret());
    let vars: Map = [
        ("password", secret),
        ("url", written("http://u:{{ password }}@h")),
        ("plain", written("{{ 'p' }}")),
    ]
    .into_iter()
    .collect();
    let layer = VarLayer {
        level: Level::PlayVars,
        origin: "play".into(),
        span: Span::nowhere("play"),
        vars: Arc::new(vars),
    };
    let templar = Templar::new(Scope::new().with(layer), environment(MemoryFiles::default()));
    let is_secret = |text: &str| match templar.render(&written(text)) {
        Ok(Value::String(text)) => text.is_secret(),
        other => panic!("{other:?}"),
    };
    assert!(is_secret("{{ url }}"));
    assert!(is_secret("{{ url | b64encode }}"));
    assert!(is_secret("{{ {'a': password}.a ~ 'x' }}"));
    assert!(!is_secret("{{ plain }}"));
    let said =
        templar.render(&written("{{ password | human_to_bytes }}")).expect_err("a refusal").to_string();
    assert_eq!(said, "human_to_bytes: a secret value was refused");
    let both = templar.render(&Value::list(vec![
        written("{{ url }}"),
        written("{{ plain }}"),
        written("{{ url }}"),
    ]));
    let marks: Vec<bool> = match both.expect("a list") {
        Value::List(items) => items.iter().map(|v| matches!(v, Value::String(t) if t.is_secret())).collect(),
        other => panic!("{other:?}"),
    };
    assert_eq!(marks, [true, false, true]);
}

struct Hosts;

impl LazyMap for Hosts {
    fn get(&self, key: &str) -> Option<Entry> {
        let vars = json(r#"{"address": "10.0.0.{{ number }}", "number": 7}"#);
        match key {
            "n1" => Some(Entry::Scope(scope(Level::PlayVars, &vars))),
            // Nobody may ask for a host that is not used.
            other => panic!("{other} was asked for"),
        }
    }
    fn keys(&self) -> Vec<Arc<str>> {
        vec!["n1".into(), "n2".into()]
    }
}

#[test]
fn hostvars_render_in_the_other_hosts_scope_and_only_when_asked() {
    let here =
        scope(Level::PlayVars, &json(r#"{"number": 1, "h": "n1"}"#)).with_lazy("hostvars", Arc::new(Hosts));
    let templar = Templar::new(here, environment(MemoryFiles::default()));
    let render = |text: &str| templar.render_str(&written(text));
    assert_eq!(render("{{ hostvars[h].address }} {{ number }}"), Ok("10.0.0.7 1".into()));
    assert_eq!(render("{{ h | extract(hostvars, 'address') }}"), Ok("10.0.0.7".into()));
    assert_eq!(render("{{ hostvars | length }}"), Ok("2".into()));
    assert_eq!(render("{{ hostvars[h].nope | default('-') }}"), Ok("-".into()));
}

#[test]
fn values_pass_the_engine_without_loss() {
    let odd = Value::from(Map::from_iter([
        (Key::Int(1), Value::from(i128::MAX)),
        (Key::Bool(false), Value::Bytes(vec![0, 255].into())),
        (Key::Null, Value::Date("2026-11-21".into())),
        (Key::from("f"), Value::from(0.1)),
        (Key::from("n"), Value::Null),
    ]));
    let vars = Map::from_iter([("odd", odd.clone())]);
    let layer = VarLayer {
        level: Level::Facts,
        origin: "facts".into(),
        span: Span::nowhere("facts"),
        vars: Arc::new(vars),
    };
    let templar = Templar::new(Scope::new().with(layer), environment(MemoryFiles::default()));
    assert!(same(&templar.render(&written("{{ odd }}")).expect("a value"), &odd));
    let rebuilt = templar.render(&written("{{ dict(odd.items()) }}")).expect("a value");
    assert!(same(&rebuilt, &odd), "{rebuilt:?}");
    assert_eq!(
        templar.render_str(&written("{{ odd[1] }} {{ odd[none].year }}")),
        Ok(format!("{} 2026", i128::MAX))
    );
}

#[test]
fn a_template_file_finds_its_includes_and_keeps_its_shape() {
    let files = MemoryFiles::new([
        ("/t/part.j2", "[{{ port }}]"),
        ("/t/macros.j2", "{% macro twice(x) %}{{ x }}{{ x }}{% endmacro %}"),
    ]);
    let search = SearchPaths::new(["/t".into()]);
    let environment = Arc::new(environment(files).with_search(search));
    let templar = Templar::new(scope(Level::PlayVars, &json(r#"{"port": 80, "l": [1, 2]}"#)), environment);
    let render = |text: &str, options: &FileOptions| {
        let text = templar.template_file(text, &Span::whole("main.j2", text), options);
        text.map(|text| text.as_str().to_owned()).map_err(|error| error.to_string())
    };
    let plain = FileOptions::default();
    assert_eq!(render("a\n{% include 'part.j2' %}\nb\n", &plain), Ok("a\n[80]b\n".into()));
    assert_eq!(render("{% for i in l %}\n{{ i }}\n{% endfor %}\nend\n", &plain), Ok("1\n2\nend\n".into()));
    assert_eq!(render("{% from 'macros.j2' import twice %}{{ twice('x') }}", &plain), Ok("xx".into()));
    assert_eq!(render("{{ 'a\\tb' }}{{ nope.x | default('-') }}", &plain), Ok("a\tb-".into()));
    let dos = FileOptions { newline_sequence: "\r\n".into(), ..plain };
    assert_eq!(render("a\n{{ port }}\n", &dos), Ok("a\r\n80\r\n".into()));
    // A file without marks is no template.
    assert_eq!(render("a\nb\n", &dos), Ok("a\nb\n".into()));
}

#[test]
fn references_are_listed() {
    let listed = |text: &str| {
        let found = references(&written(text));
        let join = |names: &BTreeSet<String>| names.iter().cloned().collect::<Vec<_>>().join(" ");
        format!("{} | {} | {}", join(&found.names), join(&found.guarded), found.open)
    };
    assert_eq!(listed("{{ a.b['c'] + d[e] }} {{ 'f' }}"), "a d e |  | false");
    assert_eq!(listed("{{ a | default(b) }}{% if c is defined %}{{ c }}{% endif %}"), "a b c | a c | false");
    assert_eq!(
        listed("{% for x in xs %}{{ x.y }}{{ loop.index }}{% endfor %}{% set z = 1 %}{{ z }}"),
        "xs |  | false"
    );
    assert_eq!(listed("{{ lookup('vars', n) }}"), "n |  | true");
    assert_eq!(listed("{{ lookup('env', 'HOME') }} {{ range(3) }} {{ omit }}"), " |  | false");
    assert_eq!(listed("{{ hostvars[h].x }}"), "h hostvars |  | true");
    assert_eq!(listed("{{ broken"), " |  | true");
    let condition = condition_references(&Value::list(vec![written("out.rc == 0"), written("x is defined")]));
    assert_eq!(condition.names.into_iter().collect::<Vec<_>>(), ["out", "x"]);
}

#[test]
fn deep_and_wide_variables_end_in_bounded_time() {
    let mut vars = Map::new();
    for n in 0..140 {
        vars.insert(format!("v{n}"), written(&format!("{{{{ v{} }}}}{{{{ v{} }}}}", n + 1, n + 1)));
    }
    vars.insert("v20", written(""));
    let deep: Map = (0..140).map(|n| (format!("d{n}"), written(&format!("{{{{ d{} }}}}", n + 1)))).collect();
    vars.extend(&deep);
    vars.insert("d140", Value::from(1));
    let layer = VarLayer {
        level: Level::PlayVars,
        origin: "p".into(),
        span: Span::nowhere("p"),
        vars: Arc::new(vars),
    };
    let templar = Templar::new(Scope::new().with(layer), environment(MemoryFiles::default()));
    assert_eq!(templar.render(&written("{{ v0 }}")), Ok(Value::from("")));
    assert_eq!(templar.render(&written("{{ d0 }}")), Ok(Value::from(1)));
    // The bound is what ends it, and a smaller one ends it sooner.
    let bounded = Environment::clone(templar.environment()).with_steps(500_000);
    let endless = Templar::new(templar.scope().clone(), Arc::new(bounded))
        .render(&written("{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"));
    assert!(endless.is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_text_makes_it_panic(text in r"(\{\{|\}\}|\{%|%\}|[a-z0-9 .|()'\\\[\],+*-]|default|is|for|in|set|\n|é){0,24}") {
        let templar = templar(r#"{"a": [1, {"b": "x"}], "b": "{{ a }}"}"#);
        let value = written(&text);
        let _ = templar.render(&value);
        let _ = templar.condition(&value);
        let _ = references(&value);
        let _ = syntax_check(&value).map(|d| d.to_string());
        let _ = templar.template_file(&text, &Span::whole("f", &text), &FileOptions::default());
    }
}

#[test]
fn a_thousand_renderings_take_no_second() {
    let templar = templar(r#"{"port": 8080, "base": "/opt", "dir": "{{ base }}/data", "l": [1, 2, 3]}"#);
    let value = as_written(&json(
        r#"{"a": "{{ dir }}/x", "b": "{{ l | map('string') | join(',') }}", "c": "{{ port + 1 }}"}"#,
    ));
    let begin = std::time::Instant::now();
    for _ in 0..1000 {
        assert!(templar.render(&value).is_ok());
    }
    assert!(begin.elapsed().as_secs() < 1, "{:?}", begin.elapsed());
}
