//! `benchbook explain`: where a variable of a host gets its value.

use clap::Args as ClapArgs;
use serde_json::{Value as Json, json};

use super::selecting::Selecting;
use super::terminal::Terminal;
use super::wiring::compile;
use super::{Exit, Outcome};
use crate::base::{Diagnostic, HostName, Span, StepId, Value};
use crate::plan::Step;
use crate::plan::explain::{Definition, Explanation, Meaning};

/// Shows every place that defines a variable for a host, and which one wins
#[derive(Debug, ClapArgs)]
pub(super) struct Args {
    /// The variable
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    selecting: Selecting,
    /// The host; by default every host of the playbook
    #[arg(long, value_name = "HOST")]
    host: Option<HostName>,
    /// For programs
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args, terminal: &Terminal) -> Outcome {
    let compiled = compile(&args.selecting, terminal)?;
    let plan = &compiled.plan;
    let mut hosts: Vec<&HostName> = Vec::new();
    for host in plan.plays.iter().flat_map(|play| &play.hosts) {
        if args.host.as_ref().is_none_or(|wanted| wanted == host) && !hosts.contains(&host) {
            hosts.push(host);
        }
    }
    if let (Some(host), []) = (&args.host, hosts.as_slice()) {
        let known = plan.plays.iter().flat_map(|play| &play.hosts).map(HostName::as_str);
        return Err(Diagnostic::error("no-such-host", format!("no play has a host `{host}`"))
            .suggest(host.as_str(), known)
            .into());
    }
    let cases = !args.selecting.case.is_empty();
    let wanted = |step: &Step| !cases || step.case.is_some();
    let (mut text, mut all) = (String::new(), Vec::new());
    let mut names = Vec::new();
    for host in hosts {
        let explanation = compiled.compiler.explain(plan, &args.name, host, wanted);
        names.clone_from(&explanation.names);
        if explanation.meanings.is_empty() && explanation.writers.is_empty() {
            continue;
        }
        text += &for_people(&args.name, host, &explanation);
        all.push(for_programs(&args.name, host, &explanation));
    }
    if all.is_empty() {
        let message = format!("nothing defines the variable `{}`", args.name);
        return Err(Diagnostic::error("undefined-variable", message)
            .suggest(&args.name, names.iter().map(String::as_str))
            .into());
    }
    let text = if args.json { format!("{:#}\n", Json::from(all)) } else { text };
    terminal.data(text.as_bytes())?;
    Ok(Exit::Good)
}

/// A value in one line; secrets are masked.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) if !text.is_secret() && !text.as_str().contains('\n') => text.as_str().to_owned(),
        other => serde_json::to_string(other).unwrap_or_default().trim_matches('"').to_owned(),
    }
}

fn place(span: &Span) -> String {
    if span.source().text().is_empty() { span.source().name().to_owned() } else { span.file_line() }
}

fn headline(name: &str, host: &HostName, meaning: &Meaning) -> String {
    match &meaning.value {
        Ok(value) => format!("{name} on {host} = {}", shown(value)),
        Err(error) if error.is_undefined() => format!("{name} on {host}: known only when running ({error})"),
        Err(error) => format!("{name} on {host}: {error}"),
    }
}

fn for_people(name: &str, host: &HostName, explanation: &Explanation) -> String {
    let mut lines = Vec::new();
    for meaning in &explanation.meanings {
        lines.push(headline(name, host, meaning));
        if !meaning.steps.is_empty() {
            let first: Vec<&str> = meaning.steps.iter().take(3).map(StepId::as_str).collect();
            let more = if meaning.steps.len() > first.len() { " …" } else { "" };
            lines.push(format!(
                "  in {} of {} steps of {}: {}{more}",
                meaning.steps.len(),
                meaning.of,
                meaning.play,
                first.join(", ")
            ));
        } else if explanation.meanings.len() > 1 {
            lines.push(format!("  in {}", meaning.play));
        }
        lines.extend(table(&meaning.definitions));
    }
    if explanation.meanings.is_empty() {
        lines.push(format!("{name} on {host}: known only when running"));
    }
    if !explanation.writers.is_empty() {
        lines.push("  given a value while running:".to_owned());
        let writers = explanation.writers.iter();
        lines.extend(writers.map(|w| format!("    {}  {}  {}", w.how, w.step, place(&w.place))));
    }
    lines.push(String::new());
    lines.join("\n")
}

/// `  8   play vars   playbook.yml:7   wins`
fn table(definitions: &[Definition]) -> Vec<String> {
    let cells: Vec<[String; 3]> = definitions
        .iter()
        .map(|d| [shortened(&shown(&d.written)), d.layer.level.words().to_owned(), place(&d.place)])
        .collect();
    let width = |column: usize| cells.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let (first, second, third) = (width(0), width(1), width(2));
    let line = |(number, [value, level, place]): (usize, &[String; 3])| {
        let wins = if number == 0 { "wins" } else { "" };
        let line = format!("  {value:<first$}  {level:<second$}  {place:<third$}  {wins}");
        line.trim_end().to_owned()
    };
    cells.iter().enumerate().map(line).collect()
}

/// At most this many characters of a value stand in a line.
const WIDEST: usize = 48;

fn shortened(text: &str) -> String {
    match text.char_indices().nth(WIDEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn for_programs(name: &str, host: &HostName, explanation: &Explanation) -> Json {
    let definition = |d: &Definition| {
        json!({
            "level": d.layer.level.words(),
            "origin": &*d.layer.origin,
            "place": place(&d.place),
            "written": serde_json::to_value(&d.written).unwrap_or_default(),
        })
    };
    let meaning = |m: &Meaning| {
        json!({
            "play": m.play,
            "steps": m.steps.iter().map(StepId::as_str).collect::<Vec<_>>(),
            "value": m.value.as_ref().ok().map(|value| serde_json::to_value(value).unwrap_or_default()),
            "problem": m.value.as_ref().err().map(ToString::to_string),
            "definitions": m.definitions.iter().map(definition).collect::<Vec<_>>(),
        })
    };
    let writers = explanation.writers.iter();
    json!({
        "variable": name,
        "host": host.as_str(),
        "meanings": explanation.meanings.iter().map(meaning).collect::<Vec<_>>(),
        "written_by": writers
            .map(|w| json!({"how": w.how, "step": w.step.as_str(), "place": place(&w.place)}))
            .collect::<Vec<_>>(),
    })
}
