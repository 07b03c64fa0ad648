//! `benchbook doctor`: are the hosts fit to be measured on? Asks the module `preflight` of all of them, compares them, and
//! tells what is wrong and what to do about it.

mod asking;
mod fleet;
mod telling;

use std::sync::Arc;

use clap::{Args as ClapArgs, ValueEnum};

use super::becoming::Becoming;
use super::recording::RecordingFiles;
use super::terminal::Terminal;
use super::vaulting::Vaulting;
use super::{Exit, Failure, Outcome, inventory, project, wiring};
use crate::base::{Diagnostic, Span};
use crate::connection::Pool;
use crate::load::{Asked, read_limit};
use crate::plan::{Compiler, Options};
use crate::run::reach::{self, Visit};
use asking::Settings;

/// Looks whether hosts are fit to be measured on, and says what to do where they are not
#[derive(Debug, ClapArgs)]
pub(super) struct Args {
    /// Only hosts of this pattern: `n1`, `rack1:!n7`, `@FILE`
    #[arg(value_name = "PATTERN", default_value = "all")]
    pattern: String,
    /// An inventory file or folder, or hosts with a comma (`n1,n2,`); may be given several times
    #[arg(short, long, value_name = "INVENTORY", help_heading = "Hosts and variables")]
    inventory: Vec<String>,
    /// A variable above all others: `NAME=VALUE`, a mapping in YAML or JSON, or `@FILE`
    #[arg(short, long, value_name = "VARS", help_heading = "Hosts and variables")]
    extra_vars: Vec<String>,
    #[command(flatten)]
    becoming: Becoming,
    #[command(flatten)]
    vaulting: Vaulting,
    /// Only this check, or `!` and one to leave out; may be given several times
    #[arg(long, value_name = "CHECK", help_heading = "What")]
    check: Vec<String>,
    /// Also whether each host can log in to all others without a password
    #[arg(long, help_heading = "What")]
    ssh: bool,
    /// How findings are shown
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

/// What is told of a host.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Row {
    host: String,
    check: String,
    severity: String,
    seen: String,
    /// Empty where nothing is to be done.
    fix: String,
}

pub(super) fn run(args: &Args, terminal: &Terminal) -> Outcome {
    let hosts = args.hosts(terminal)?;
    let settings = Settings { checks: args.check.clone(), peers: args.ssh };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let answers = runtime.block_on(asking::ask_all(&Arc::new(Pool::new()), hosts, &settings));
    let mut found = Vec::new();
    let mut unreachable = Vec::new();
    for (host, answer) in answers {
        match answer {
            Ok(visited) => found.push((host, visited)),
            Err(asking::Trouble::Refused(message)) => {
                return Err(Diagnostic::error("doctor", format!("{host}: {message}")).into());
            }
            Err(asking::Trouble::Unreachable(reason)) => unreachable.push((host, reason)),
        }
    }
    let mut rows: Vec<Row> = found.iter().flat_map(|(_, visited)| visited.rows.iter().cloned()).collect();
    if args.check.is_empty() {
        rows.extend(fleet::compared(&found));
    }
    let names: Vec<&str> = found.iter().map(|(host, _)| host.as_str()).collect();
    let text = match args.format {
        Format::Text => telling::text(&names, &rows),
        Format::Json => telling::json(&names, &unreachable, &rows),
    };
    terminal.data(text.as_bytes())?;
    for (host, reason) in &unreachable {
        let message = format!("{host} cannot be looked at: {reason}");
        terminal.diagnostic(&Diagnostic::warning("unreachable", message));
    }
    Ok(if !unreachable.is_empty() {
        Exit::Unreachable
    } else if rows.iter().any(|row| row.severity == telling::ERROR) {
        Exit::Failed
    } else {
        Exit::Good
    })
}

impl Args {
    /// The hosts that are meant, and how they are reached.
    fn hosts(&self, terminal: &Terminal) -> Result<Vec<(String, Visit)>, Failure> {
        let files = Arc::new(RecordingFiles::new(self.vaulting.vault()?));
        let config = project::config(&*files)?;
        let asked = Asked {
            playbook: inventory::playbook_in(None, false),
            inventory: self.inventory.clone(),
            extra_vars: self.extra_vars.clone(),
            ..Asked::default()
        };
        let project = inventory::read(Arc::clone(&files), config, &asked)?;
        terminal.diagnostics(&project.warnings);
        let pattern = read_limit(&*files, &self.pattern, &Span::whole("PATTERN", &self.pattern))?;
        let hosts = project.inventory.select(&pattern)?;
        if hosts.is_empty() {
            return Err(Diagnostic::error("no-hosts", "there is no host to look at")
                .help("name an inventory: benchbook doctor -i INVENTORY; `-i localhost,` is this machine")
                .into());
        }
        self.becoming.ask_for_password()?;
        let options = Options { becoming: self.becoming.asked(), ..Options::default() };
        let compiler = Compiler::new(Arc::new(project), Arc::new(wiring::catalogue()), options);
        let password = self.becoming.password();
        let names = asking::variables();
        let visits = reach::visits(&compiler, compiler.environment(), hosts, password.as_ref(), &names);
        let known = visits.into_iter().map(|(name, visit)| match visit {
            Ok(visit) => Ok((name.to_string(), visit)),
            Err(reason) => Err(Diagnostic::error("unreachable", reason).into()),
        });
        known.collect()
    }
}
