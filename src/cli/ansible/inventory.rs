//! `ansible-inventory`: what the verb `inventory` shows, with the options, words and exit codes of the reference.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Parser;

use super::super::failure::Failure;
use super::super::inventory::{Question, What, playbook_in, read};
use super::super::recording::RecordingFiles;
use super::super::terminal::Terminal;
use super::super::vaulting::Vaulting;
use super::carrying::about_groups;
use super::options::{Manner, Targeting};
use super::saying::{say_error, started, tell, told, warn};
use super::{Ending, settings};
use crate::base::{Diagnostics, HostName, Span};
use crate::load::{AnsibleCfg, Asked, Project, read_limit};
use crate::model::Pattern;

/// What `ansible-inventory` is called with.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "ansible-inventory",
    about = "Shows Ansible inventory information, in the JSON of inventory scripts unless told otherwise.",
    args_override_self = true,
    infer_long_args = true,
    version,
    disable_version_flag = true,
    max_term_width = 100
)]
#[allow(clippy::struct_excessive_bools)] // each is a switch of the command line
pub(super) struct Inventory {
    /// The group that `--graph` begins with
    #[arg(value_name = "group", default_value = "all")]
    group: String,
    #[command(flatten)]
    sources: Targeting,
    #[command(flatten)]
    manner: Manner,
    #[command(flatten)]
    vaulting: Vaulting,
    /// A folder that stands for a playbook's
    #[arg(long, value_name = "BASEDIR")]
    playbook_dir: Option<PathBuf>,
    /// All groups, hosts and variables
    #[arg(long)]
    list: bool,
    /// The variables of one host
    #[arg(long, value_name = "HOST")]
    host: Option<String>,
    /// The tree of groups
    #[arg(long)]
    graph: bool,
    /// YAML instead of JSON
    #[arg(short, long)]
    yaml: bool,
    /// TOML instead of JSON, which is not supported
    #[arg(long)]
    toml: bool,
    /// Variables in the tree, too
    #[arg(long)]
    vars: bool,
    /// Variables where they stand, instead of all of them with each host
    #[arg(long)]
    export: bool,
    /// A file for the answer, instead of the terminal
    #[arg(long, value_name = "OUTPUT_FILE")]
    output: Option<PathBuf>,
}

pub(super) fn run(words: &[String], terminal: &Terminal) -> Ending {
    match started(words, |asked: &Inventory| &asked.manner, terminal) {
        Ok((asked, cfg)) => {
            show(&asked, &cfg, terminal).unwrap_or_else(|failure| told(failure, mistaken, terminal))
        }
        Err(ending) => ending,
    }
}

fn mistaken(found: &Diagnostics) -> Ending {
    if found.iter().any(|d| ["vault-password", "unsupported-option"].contains(&d.code)) {
        Ending::Error
    } else {
        Ending::Unreachable
    }
}

fn show(asked: &Inventory, cfg: &AnsibleCfg, terminal: &Terminal) -> Result<Ending, Failure> {
    let actions = usize::from(asked.list) + usize::from(asked.graph) + usize::from(asked.host.is_some());
    let wrong = |words: &str| Ok(say_error(words, Ending::Options, terminal));
    match actions {
        1 => {}
        0 => {
            return wrong(
                "No action selected, at least one of --host, --graph or --list needs to be specified.",
            );
        }
        _ => {
            return wrong(
                "Conflicting options used, only one of --host, --graph or --list can be used at the same time.",
            );
        }
    }
    if asked.toml && asked.list {
        return Ok(say_error("the TOML output format is not supported", Ending::Error, terminal));
    }
    let files = Arc::new(RecordingFiles::new(settings::vaulting(&asked.vaulting, cfg).vault()?));
    let export = asked.export || cfg.boolean("export") == Some(true);
    let sources = Asked {
        playbook: playbook_in(settings::playbook_dir(asked.playbook_dir.as_deref(), cfg).as_deref(), export),
        inventory: settings::inventory(&asked.sources, cfg),
        reading: settings::reading(cfg, terminal)?,
        extra_vars: asked.sources.extra_vars.clone(),
        ..Asked::default()
    };
    let project = read(files, settings::config(cfg), &sources)?;
    if project.inventory.unread.has_errors() {
        return Err(project.inventory.unread.clone().into());
    }
    let found = settings::judged(&project.warnings, cfg);
    tell(&found, terminal);
    if found.has_errors() {
        return Ok(Ending::Error);
    }
    about_groups(&project.inventory, cfg, terminal);
    let what = if let Some(name) = &asked.host {
        match &chosen(&project, name, terminal)?[..] {
            [host] => What::Host(host.clone()),
            _ => return wrong("You must pass a single valid host to --host parameter"),
        }
    } else if asked.list {
        What::List
    } else if project.inventory.groups.contains_key(asked.group.as_str()) {
        What::Graph { group: asked.group.clone(), vars: asked.vars }
    } else {
        return wrong("Pattern must be valid group name when using --graph");
    };
    let hosts = match &asked.sources.limit {
        Some(limit) => chosen(&project, limit, terminal)?,
        None => project.inventory.hosts_of("all"),
    };
    let text = Question { what, export, yaml: asked.yaml }.answer(&project, &hosts)?;
    let Some(path) = &asked.output else {
        terminal.data(text.as_bytes())?;
        return Ok(Ending::Good);
    };
    Ok(match std::fs::write(path, text.trim_end_matches('\n')) {
        Ok(()) => Ending::Good,
        Err(error) => {
            let words = format!("Unable to write to destination file '{}': {error}", path.display());
            say_error(&words, Ending::Error, terminal)
        }
    })
}

/// The hosts that a pattern means; names that nobody has are told, and passed by.
fn chosen(project: &Project, text: &str, terminal: &Terminal) -> Result<Vec<HostName>, Failure> {
    let pattern: Pattern = read_limit(&**project.loader.files(), text, &Span::whole("<command line>", text))?;
    let mut unknown = Diagnostics::new();
    let hosts = project.inventory.select_known(&pattern, &mut unknown);
    for name in unknown.iter().filter_map(|d| d.span.as_ref()) {
        warn(&format!("Could not match supplied host pattern, ignoring: {}", name.text()), terminal);
    }
    Ok(hosts)
}
