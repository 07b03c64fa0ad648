//! `ansible`: one task on the hosts of a pattern, as the reference does it and prints it.

use std::io;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};

use super::super::failure::Failure;
use super::super::recording::RecordingFiles;
use super::super::terminal::Terminal;
use super::carrying::{self, about_inventory, carry_out, compiled, mistaken};
use super::options::AdHoc;
use super::saying::{say_error, started, told, warn};
use super::{Ending, settings};
use crate::base::{Diagnostic, HostName};
use crate::load::{AnsibleCfg, Asked};
use crate::model::pattern;
use crate::plan::Asking;
use crate::report::Reporter;
use crate::report::ansible::{Look, Minimal, Tree};

/// What the playbook is called that is made of the command line.
const PLAYBOOK: &str = "__adhoc_playbook__";
/// Modules that need a command.
const COMMANDS: [&str; 6] =
    ["command", "shell", "raw", "script", "ansible.builtin.command", "ansible.builtin.shell"];
/// The module when none is named.
const USUAL: &str = "command";

pub(super) fn run(words: &[String], terminal: &Terminal) -> Ending {
    match started(words, |asked: &AdHoc| &asked.running.manner, terminal) {
        Ok((asked, cfg)) => {
            act(&asked, &cfg, terminal).unwrap_or_else(|failure| told(failure, mistaken, terminal))
        }
        Err(ending) => ending,
    }
}

fn act(asked: &AdHoc, cfg: &AnsibleCfg, terminal: &Terminal) -> Result<Ending, Failure> {
    let module = asked.module_name.clone().or_else(|| cfg.text("module_name"));
    let module = module.unwrap_or_else(|| USUAL.to_owned());
    let arguments = asked.args.clone().or_else(|| cfg.text("module_args")).unwrap_or_default();
    let (pattern, working) = (asked.pattern.as_str(), &asked.running.working);
    let wrong = |words: &str| Ok(say_error(words, Ending::Options, terminal));
    if !working.list_hosts && module.ends_with("import_playbook") {
        return wrong(&format!("'{module}' is not a valid action for ad-hoc commands"));
    }
    let selecting = carrying::selecting(&asked.running, cfg);
    let folder = settings::playbook_dir(asked.playbook_dir.as_deref(), cfg);
    let playbook = folder.unwrap_or_default().join(PLAYBOOK);
    let task = if working.list_hosts { json!({"ping": {}}) } else { task(asked, &module, &arguments) };
    // Each host fails by a name that nobody knows, where a playbook would not be read.
    let nobody = || {
        let msg = format!("Task failed: Cannot resolve '{module}' to an action or module.");
        json!({"fail": {"msg": msg}})
    };
    let compile = |task: Value| {
        let play = json!({"name": "Ansible Ad-Hoc", "hosts": hosts(pattern), "gather_facts": false, "tasks": [task]});
        let files =
            RecordingFiles::new(selecting.vaulting.vault()?).with(&playbook, json!([play]).to_string());
        let sources = Asked {
            playbook: playbook.clone(),
            inventory: selecting.inventory.clone(),
            reading: settings::reading(cfg, terminal)?,
            extra_vars: selecting.extra_vars.clone(),
            module_path: working.module_path(),
            ..Asked::default()
        };
        let options = carrying::options(&asked.running, &selecting, cfg, Asking::Never)?;
        compiled(&Arc::new(files), &sources, options, cfg, terminal)
    };
    let compiled = match compile(task) {
        Err(Failure::Input(found)) if found.iter().any(|d| d.code == "unknown-module") => compile(nobody()),
        compiled => compiled,
    };
    let Some(compiled) = compiled? else { return Ok(Ending::Error) };
    about_inventory(&compiled.compiler.project.inventory, pattern, cfg, terminal);
    let unmatched = compiled.plan.warnings.iter().find(|warning| warning.code == "no-such-host");
    if let (Some(unmatched), true) = (unmatched, compiled.compiler.options.unmatched_is_error) {
        warn("No hosts matched, nothing to do", terminal);
        return Ok(say_error(&unmatched.message, Ending::Error, terminal));
    }
    let hosts = compiled.plan.plays.first().map(|play| play.hosts.as_slice()).unwrap_or_default();
    if hosts.is_empty() {
        if selecting.limit.is_some() {
            let words = "Specified inventory, host pattern and/or --limit leaves us with no hosts to target.";
            return Ok(say_error(words, Ending::Error, terminal));
        }
        warn("No hosts matched, nothing to do", terminal);
    }
    if working.list_hosts {
        terminal.data(listed(hosts).as_bytes())?;
        return Ok(Ending::Good);
    }
    if COMMANDS.contains(&module.as_str()) && arguments.is_empty() {
        let playbook = Path::new(pattern).extension().is_some_and(|ending| ending == "yml");
        let guess = if playbook { " (did you mean to run ansible-playbook?)" } else { "" };
        return wrong(&format!("No argument passed to {module} module{guess}"));
    }
    if hosts.is_empty() {
        return Ok(Ending::Good);
    }
    let look = settings::look(asked.running.manner.verbose, cfg);
    let minimal = Minimal::new(io::stdout(), io::stderr(), look, asked.one_line, Some(&module));
    let mut reporters: Vec<Box<dyn Reporter>> = vec![Box::new(minimal)];
    reporters.extend(settings::log(cfg, terminal, |log, err| {
        let look = Look { colour: false, ..look };
        Box::new(Minimal::new(log, err, look, asked.one_line, Some(&module)))
    }));
    reporters.extend(asked.tree.as_deref().map(tree).transpose()?);
    carry_out(&selecting, compiled, reporters, look.verbosity, terminal)
}

fn tree(folder: &Path) -> Result<Box<dyn Reporter>, Diagnostic> {
    let tree = Tree::new(folder).map_err(|error| {
        Diagnostic::error("unwritable", format!("{} cannot be made: {error}", folder.display()))
    })?;
    Ok(Box::new(tree))
}

/// A pattern of nothing but commas means everybody.
fn hosts(pattern: &str) -> &str {
    if pattern::split(pattern).is_empty() { "all" } else { pattern }
}

fn listed(hosts: &[HostName]) -> String {
    let heading = format!("  hosts ({}):\n", hosts.len());
    hosts.iter().fold(heading, |text, host| text + "    " + host.as_str() + "\n")
}

/// The task: a mapping in JSON is arguments, anything else is what stands behind a module's name in a playbook.
fn task(asked: &AdHoc, module: &str, arguments: &str) -> Value {
    let mapping = arguments.trim_start().starts_with('{').then(|| serde_json::from_str(arguments).ok());
    let arguments = match mapping.flatten() {
        Some(mapping @ Value::Object(_)) => mapping,
        _ if arguments.is_empty() => json!({}),
        _ => json!(arguments),
    };
    let mut task = json!({module: arguments});
    if let Some(seconds) = asked.task_timeout {
        task["timeout"] = json!(seconds);
    }
    if let Some(seconds) = asked.background {
        task["async"] = json!(seconds);
        task["poll"] = json!(asked.poll.unwrap_or(15));
    }
    task
}
