//! `benchbook schema`: JSON schemas (draft 7) of what users write, for editors.

mod arguments;
mod playbook;

use clap::{Args as ClapArgs, ValueEnum};
use serde_json::{Value as Json, json};

use super::terminal::Terminal;
use super::{Exit, Outcome, wiring};

/// Prints the JSON schema of playbooks, files of tasks or inventories, for editors
#[derive(Debug, ClapArgs)]
pub(super) struct Args {
    /// Of what
    #[arg(value_enum, default_value_t)]
    of: Of,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Of {
    /// Playbooks
    #[default]
    Playbook,
    /// Files of tasks and handlers
    Tasks,
    /// Inventories in YAML
    Inventory,
}

pub(super) fn run(args: &Args, terminal: &Terminal) -> Outcome {
    let schema = match args.of {
        Of::Playbook => playbook::schema(&wiring::catalogue(), "playbook"),
        Of::Tasks => playbook::schema(&wiring::catalogue(), "tasks"),
        Of::Inventory => inventory(),
    };
    terminal.data(format!("{schema:#}\n").as_bytes())?;
    Ok(Exit::Good)
}

/// What all of them begin with.
const DRAFT: &str = "http://json-schema.org/draft-07/schema#";

/// A reference to a definition.
fn of(name: &str) -> Json {
    json!({"$ref": format!("#/definitions/{name}")})
}

fn inventory() -> Json {
    let group = json!({
        "type": ["object", "null"],
        "properties": {
            "hosts": {"type": ["object", "null", "string"], "additionalProperties": {"type": ["object", "null"]}},
            "children": {"type": ["object", "null"], "additionalProperties": of("group")},
            "vars": {"type": ["object", "null"]},
        },
        "additionalProperties": false,
    });
    json!({
        "$schema": DRAFT,
        "title": "An inventory of Benchbook",
        "type": "object",
        "additionalProperties": of("group"),
        "definitions": {"group": group},
    })
}
