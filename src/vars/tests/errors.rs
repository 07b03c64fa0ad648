//! The whole text of what the user is told.

use super::*;
use crate::base::{Diagnostic, Source};

/// A playbook with one template per line, `name: "template"`; each is rendered or judged, and what it says is kept.
#[test]
fn errors_show_the_place_and_what_to_do() {
    const PLAYBOOK: &str = "\
port: 8080
image: {name: bench, tag: latest}
word: {{ prot + 1 }}
attribute: pull {{ image.tga }}:{{ port }}
inner: {{ port + }}
filter: {{ port | defualt(1) }}
test: {{ port is defned }}
env: {{ lookup('evn', 'HOME') }}
refused: {{ 'x' | from_json }}
argument: {{ port | to_json(indnt=2) }}
operator: {{ port + image }}
through: {{ middle }}
middle: a {{ bottom }}
bottom: {{ botom }}
cycle: {{ cycle_b }}
cycle_b: x {{ cycle }}
mandatory: {{ nowhere | mandatory('say which') }}
when: port
when: port > 10 and typo
when: image.tga == 1
when: ''
when: port == '{{ word }}'
";
    let source = Source::new("play.yml", PLAYBOOK);
    let mut vars = Map::new();
    let mut begin = 0;
    let mut texts = Vec::new();
    for line in PLAYBOOK.split_inclusive('\n') {
        let (name, text) = line.trim_end().split_once(": ").expect("a name");
        let start = begin + name.len() + 2;
        begin += line.len();
        let value = match name {
            "port" => Value::from(8080),
            "image" => json(r#"{"name": "bench", "tag": "latest"}"#),
            _ => {
                let text = text.trim_matches('\'');
                Value::template(text, Span::new(&source, start, start + text.len()))
            }
        };
        texts.push((name, value.clone()));
        vars.insert(name, value);
    }
    let layer = VarLayer {
        level: Level::PlayVars,
        origin: "play.yml".into(),
        span: Span::nowhere("play.yml"),
        vars: Arc::new(vars),
    };
    let templar = Templar::new(Scope::new().with(layer), environment(MemoryFiles::default()));
    let mut said = String::new();
    for (name, value) in texts {
        let error = match name {
            "port" | "image" => continue,
            "when" => templar.condition(&value).err(),
            _ => templar.render(&value).err(),
        };
        let error = error.unwrap_or_else(|| panic!("{name} has no error"));
        let _ = writeln!(said, "{}\n", Diagnostic::from(error));
    }
    insta::assert_snapshot!(said);
}

#[test]
fn syntax_is_checked_without_rendering() {
    let check = |text: &str| syntax_check(&written(text)).map(|d| d.to_string());
    assert_eq!(check("{{ nope.x | default(lookup('env', 'HOME')) }} {{ a is version('1', '>') }}"), None);
    assert_eq!(check("plain text with 'quotes"), None);
    let said = [
        check("{{ x | form_json }}"),
        check("{{ x is chagned }}"),
        check("{{ lookup('fiel', 'x') }}"),
        check("{% for x in y %}{{ x }}"),
        check("{{ x "),
        condition_check(&written("x | bol and y"), Expressions::Strict).map(|d| d.to_string()),
        condition_check(&written("x =="), Expressions::Strict).map(|d| d.to_string()),
    ];
    insta::assert_snapshot!(said.map(|d| d.expect("an error")).join("\n\n"));
}

#[test]
fn an_error_in_a_template_file_points_into_it() {
    let files = MemoryFiles::new([("/t/part.j2", "one\n{{ missing_one }}\n")]);
    let search = SearchPaths::new(["/t".into()]);
    let environment = Arc::new(environment(files).with_search(search));
    let templar = Templar::new(scope(Level::PlayVars, &json(r#"{"port": 1}"#)), environment);
    let render = |text: &str| {
        let error = templar.template_file(text, &Span::whole("t/main.j2", text), &FileOptions::default());
        Diagnostic::from(error.expect_err("an error")).to_string()
    };
    let said = [
        render("a\nb {{ prot }}\n"),
        render("a\n{% include 'part.j2' %}\n"),
        render("{% include 'no.j2' %}"),
    ];
    insta::assert_snapshot!(said.join("\n\n"));
}
