//! The older rules, by what ansible-core 2.18.19 answered.

use super::*;

fn older(vars: &Value) -> Templar {
    let environment = Environment::new(Arc::new(crate::load::DiskFiles), Arc::new(StoppedClock));
    let environment = environment.with_expressions(Expressions::Lenient);
    Templar::new(scope(Level::PlayVars, vars), Arc::new(environment))
}

/// What differs is said in the file, with the reason.
#[test]
fn results_are_those_of_2_18() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases/expressions/lenient.json");
    let data = json(&std::fs::read_to_string(path).expect("a data file"));
    let templar = older(data.get("vars").expect("vars"));
    let mut report = String::new();
    let mut judge = |what: &Value, case: &Value, given: Result<Value, TemplateError>| {
        let wanted = case.get("ok");
        let agrees = match (&given, wanted) {
            (Ok(given), Some(wanted)) => same(given, wanted),
            (Err(_), None) => true,
            _ => false,
        };
        if agrees == case.get("differs").is_some() {
            let given = given.map_err(|error| error.to_string());
            let _ = writeln!(report, "{what:?}\n  given  {given:?}\n  wanted {wanted:?}");
        }
    };
    for case in data.get("expressions").and_then(Value::as_list).expect("cases") {
        let expression = case.get("expression").expect("an expression");
        judge(expression, case, templar.render(&as_written(expression)));
    }
    for case in data.get("conditions").and_then(Value::as_list).expect("cases") {
        let condition = case.get("condition").expect("a condition");
        judge(condition, case, templar.condition(&as_written(condition)).map(Value::from));
    }
    assert!(report.is_empty(), "{report}");
}

#[test]
fn a_text_of_a_host_is_never_evaluated() {
    let vars = json(r#"{"written": "1 == 1"}"#);
    let sent = json(r#"{"sent": "1 == 1", "out": {"stdout": "1 == 1"}}"#);
    let layer = VarLayer {
        level: Level::SetFact,
        origin: "a task".into(),
        span: Span::nowhere("a task"),
        vars: Arc::new(sent.as_map().expect("a mapping").clone()),
    };
    let templar =
        Templar::new(older(&vars).scope().clone().with(layer), Arc::clone(older(&vars).environment()));
    let judge = |text: &str| templar.condition(&written(text)).map_err(|error| error.to_string());
    let refused = |text: &str| {
        Err(format!(
            "`{{{{ {text} }}}}` gives a text, which is not evaluated a second time: write `{text}` alone"
        ))
    };
    assert_eq!(judge("{{ written }}"), Ok(true));
    assert_eq!(judge("{{ sent }}"), refused("sent"));
    assert_eq!(judge("{{ out.stdout }} and true"), refused("out.stdout"));
    assert_eq!(judge("'{{ sent }}' == sent"), Ok(true));
    // Nothing in it can end the text that it stands in.
    let quoted = json(r#"{"sent": "' == '' or '' == '"}"#);
    assert_eq!(older(&quoted).condition(&written("'{{ sent }}' == 'x'")), Ok(false));
}
