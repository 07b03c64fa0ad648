//! `ansible-config`: what the settings of Ansible are, and who said so. `dump` and `view`; the rest is refused by name.
//!
//! What a setting does here is another question, which docs/reference/compatibility.md answers.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::{Parser, Subcommand, ValueEnum};

use super::super::failure::Failure;
use super::super::inventory::written;
use super::super::terminal::Terminal;
use super::Ending;
use super::options::Manner;
use super::saying::{parsed, told};
use crate::base::{Diagnostic, Diagnostics, Map, Value};
use crate::load::{DiskFiles, Files, absolute};
use crate::vars::call::CallError;
use crate::vars::lookups::config::{Known, all, usual_file};
use crate::vars::python::format::repr;

/// What `ansible-config` is called with.
#[derive(Debug, Parser)]
#[command(
    name = "ansible-config",
    about = "Shows what Ansible's settings are.",
    infer_long_args = true,
    version,
    disable_version_flag = true,
    max_term_width = 100
)]
struct Asked {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    manner: Manner,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// All settings, with who said so
    Dump(Dump),
    /// The file of settings, as it is
    View {
        /// Instead of the first file that there is
        #[arg(short = 'c', long = "config", value_name = "CONFIG_FILE")]
        file: Option<PathBuf>,
    },
    /// The documentation of settings, which is not supported
    List(Anything),
    /// A file of settings to begin with, which is not supported
    Init(Anything),
    /// What is wrong with the settings, which is not supported
    Validate(Anything),
}

#[derive(Debug, clap::Args)]
struct Dump {
    /// Instead of the first file that there is
    #[arg(short = 'c', long = "config", value_name = "CONFIG_FILE")]
    file: Option<PathBuf>,
    /// `base`; settings of plugins are not supported
    #[arg(short = 't', long = "type", value_name = "TYPE", default_value = "base")]
    kind: String,
    /// Only what somebody said
    #[arg(long, visible_alias = "changed-only")]
    only_changed: bool,
    /// How it is written
    #[arg(short, long, value_enum, default_value = "display")]
    format: Format,
}

#[derive(Debug, clap::Args)]
struct Anything {
    #[arg(hide = true, trailing_var_arg = true, allow_hyphen_values = true)]
    words: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
enum Format {
    Json,
    Yaml,
    Display,
}

pub(super) fn run(words: &[String], terminal: &Terminal) -> Ending {
    let asked: Asked = match parsed(words, terminal) {
        Ok(asked) => asked,
        Err(ending) => return ending,
    };
    let done = match &asked.action {
        Action::Dump(dump) => found(dump.file.as_deref()).and_then(|file| dump.text(file.as_deref())),
        Action::View { file } => found(file.as_deref()).and_then(|file| view(file.as_deref())),
        Action::List(_) => Err(unsupported("ansible-config list")),
        Action::Init(_) => Err(unsupported("ansible-config init")),
        Action::Validate(_) => Err(unsupported("ansible-config validate")),
    };
    match done.and_then(|text| Ok(terminal.data(text.as_bytes())?)) {
        Ok(()) => Ending::Good,
        Err(failure) => told(failure, mistaken, terminal),
    }
}

fn mistaken(found: &Diagnostics) -> Ending {
    if found.iter().any(|d| d.code == "no-such-file") { Ending::Options } else { Ending::Error }
}

fn unsupported(what: &str) -> Failure {
    Diagnostic::error("unsupported-option", format!("`{what}` is not supported")).into()
}

/// The file that is named, which must be there; else the usual one, if there is any.
fn found(named: Option<&Path>) -> Result<Option<PathBuf>, Failure> {
    match named {
        Some(path) if DiskFiles.is_file(path) => Ok(Some(PathBuf::from(absolute(path)))),
        Some(path) => {
            let path = absolute(path);
            let message = format!("The provided configuration file is missing or not accessible: {path}");
            Err(Diagnostic::error("no-such-file", message).into())
        }
        None => Ok(usual_file(&DiskFiles)),
    }
}

fn view(file: Option<&Path>) -> Result<String, Failure> {
    let none = || Diagnostic::error("no-file", "Invalid or no config file was supplied");
    let path = file.ok_or_else(none)?;
    let read = DiskFiles.read_text(path);
    Ok(read.map_err(|error| Diagnostic::error("unreadable", format!("{}: {error}", path.display())))?)
}

impl Dump {
    fn text(&self, file: Option<&Path>) -> Result<String, Failure> {
        if self.kind != "base" {
            return Err(unsupported(&format!("--type {}", self.kind)));
        }
        let mut known = all(&DiskFiles, file).map_err(|error| match error {
            CallError::Refused(why) => Diagnostic::error("bad-setting", why),
            _ => Diagnostic::error("bad-setting", "a setting cannot be read"),
        })?;
        let shown = file.map_or(Value::Null, |path| Value::from(path.display().to_string()));
        known.push(Known { name: "CONFIG_FILE", origin: String::new(), value: shown });
        known.sort_by_key(|setting| setting.name);
        known.retain(|setting| !self.only_changed || setting.origin != "default");
        if self.format == Format::Display {
            let mut text = String::new();
            for Known { name, origin, value } in &known {
                let value = value.as_str().map_or_else(|| repr(value), ToOwned::to_owned);
                // Writing to a text cannot fail.
                let _ = writeln!(text, "{name}({origin}) = {value}");
            }
            return Ok(text + "\nGALAXY_SERVERS:\n");
        }
        let rows = known.into_iter().map(|Known { name, origin, value }| {
            Value::from(Map::from_iter([
                ("name", Value::from(name)),
                ("origin", origin.into()),
                ("value", value),
            ]))
        });
        let servers = Value::from(Map::from_iter([("GALAXY_SERVERS", Map::new())]));
        written(&Value::list(rows.chain([servers]).collect()), self.format == Format::Yaml)
    }
}
