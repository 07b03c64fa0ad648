//! `benchbook inventory`: which hosts and groups there are, and what their variables are.

mod listing;
mod tree;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{ArgGroup, Args as ClapArgs};

use super::project;
use super::recording::RecordingFiles;
use super::terminal::Terminal;
use super::vaulting::Vaulting;
use super::{Exit, Failure, Outcome, wiring};
use crate::base::value::MASK;
use crate::base::{Diagnostic, HostName, Key, Map, Span, SystemClock, Text, Value};
use crate::load::{Asked, Config, Project, read_limit};
use crate::model::{Inventory, Level, Pattern, VarLayer};
use crate::vars::{Environment, Inventories, Scope, Templar, yaml_text};
use listing::Listing;

/// Shows hosts, groups and their variables, in the shape that inventory scripts have
#[derive(Debug, ClapArgs)]
#[command(group = ArgGroup::new("what").required(true).args(["list", "graph", "host"]))]
#[allow(clippy::struct_excessive_bools)] // each is a switch of the command line
pub(super) struct Args {
    /// All groups, hosts and variables
    #[arg(long)]
    list: bool,
    /// The tree of groups
    #[arg(long)]
    graph: bool,
    /// The variables of one host
    #[arg(long, value_name = "HOST")]
    host: Option<String>,
    /// The group that `--graph` begins with
    #[arg(value_name = "GROUP", default_value = "all")]
    group: String,
    /// An inventory file or folder, or hosts with a comma (`n1,n2,`); may be given several times
    #[arg(short, long, visible_alias = "inventory-file", value_name = "INVENTORY")]
    inventory: Vec<String>,
    /// Only hosts of this pattern
    #[arg(short, long, value_name = "PATTERN")]
    limit: Option<String>,
    /// A variable above all others: `NAME=VALUE`, a mapping in YAML or JSON, or `@FILE`
    #[arg(short, long, value_name = "VARS")]
    extra_vars: Vec<String>,
    /// The folder of the playbook, whose variables of groups and hosts count too
    #[arg(long, value_name = "DIR")]
    playbook_dir: Option<PathBuf>,
    /// YAML instead of JSON
    #[arg(short, long, conflicts_with = "graph")]
    yaml: bool,
    /// Variables where they stand, of groups and hosts, instead of all of them with each host
    #[arg(long)]
    export: bool,
    /// Variables in the tree, too
    #[arg(long, requires = "graph")]
    vars: bool,
    /// A file for the answer, instead of the terminal
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    vaulting: Vaulting,
}

pub(super) fn run(args: &Args, terminal: &Terminal) -> Outcome {
    let files = Arc::new(RecordingFiles::new(args.vaulting.vault()?));
    let config = project::config(&*files)?;
    let asked = Asked {
        playbook: playbook_in(args.playbook_dir.as_deref(), args.export),
        inventory: args.inventory.clone(),
        extra_vars: args.extra_vars.clone(),
        ..Asked::default()
    };
    let project = read(files, config, &asked)?;
    terminal.diagnostics(&project.warnings);
    let hosts = args.hosts(&project)?;
    let what = match &args.host {
        Some(name) => What::Host(one(&project.inventory, name)?),
        None if args.list => What::List,
        None => What::Graph { group: args.group.clone(), vars: args.vars },
    };
    let text = Question { what, export: args.export, yaml: args.yaml }.answer(&project, &hosts)?;
    match &args.output {
        Some(path) => std::fs::write(path, text).map_err(|error| {
            let message = format!("{} cannot be written: {error}", path.display());
            Failure::from(Diagnostic::error("unwritable", message))
        })?,
        None => terminal.data(text.as_bytes())?,
    }
    Ok(Exit::Good)
}

/// Inventories without a playbook.
pub(super) fn read(files: Arc<RecordingFiles>, config: Config, asked: &Asked) -> Result<Project, Failure> {
    let evaluator = Inventories::new(Arc::clone(&files) as _, config.expressions);
    Ok(Project::of_inventory(files, Arc::new(wiring::catalogue()), config, &evaluator, asked)?)
}

/// Stands for the playbook whose folder this would be.
pub(super) fn playbook_in(folder: Option<&Path>, export: bool) -> PathBuf {
    match folder {
        Some(folder) => folder.join("none.yml"),
        // As `ansible-inventory` does: variables beside playbooks of this folder, but not in an inventory file.
        None if !export => PathBuf::from("none.yml"),
        None => PathBuf::new(),
    }
}

/// What is shown of an inventory.
pub(super) enum What {
    /// All groups, hosts and variables.
    List,
    /// The groups in a group, perhaps with variables.
    Graph { group: String, vars: bool },
    /// The variables of a host.
    Host(HostName),
}

/// What is asked of an inventory, and how it is written.
pub(super) struct Question {
    pub what: What,
    /// Whether variables are shown where they stand.
    pub export: bool,
    /// YAML instead of JSON.
    pub yaml: bool,
}

impl Question {
    /// The text, about these hosts alone.
    pub(super) fn answer(&self, project: &Project, hosts: &[HostName]) -> Result<String, Failure> {
        let Project { inventory, extra, .. } = project;
        let listing = Listing { inventory, extra, hosts, export: self.export };
        match &self.what {
            What::Host(host) => self.written(&listing.host(host)),
            What::List if self.yaml => self.written(&listing.as_inventory_file()),
            What::List => self.written(&listing.as_script()),
            What::Graph { group, vars } => Ok(tree::tree(&listing, group, *vars)?),
        }
    }

    fn written(&self, value: &Value) -> Result<String, Failure> {
        written(value, self.yaml)
    }
}

/// Values as JSON or YAML, as the filters of that name write them.
pub(super) fn written(value: &Value, yaml: bool) -> Result<String, Failure> {
    let value = as_written(value, &mut HashMap::new());
    if yaml {
        return Ok(yaml_text(&value).map_err(|why| Diagnostic::error("unwritable", why))?);
    }
    let place = Span::nowhere("<inventory>");
    let layer = VarLayer {
        level: Level::Extra,
        origin: "inventory".into(),
        span: place.clone(),
        vars: Arc::new(Map::from_iter([("value", value)])),
    };
    let environment = Environment::new(Arc::new(crate::load::DiskFiles), Arc::new(SystemClock));
    let templar = Templar::new(Scope::new().with(layer), Arc::new(environment));
    let written = templar.evaluate(&Text::template("value | to_nice_json(ensure_ascii=false)", place));
    let text = written.map_err(Diagnostic::from)?.to_string();
    Ok(if text.ends_with('\n') { text } else { text + "\n" })
}

impl Args {
    fn hosts(&self, project: &Project) -> Result<Vec<HostName>, Failure> {
        let inventory = &project.inventory;
        let Some(limit) = &self.limit else { return Ok(inventory.hosts_of("all")) };
        let pattern = read_limit(&**project.loader.files(), limit, &Span::whole("--limit", limit))?;
        Ok(inventory.select(&pattern)?)
    }
}

/// The one host that a pattern means.
fn one(inventory: &Inventory, name: &str) -> Result<HostName, Failure> {
    let place = Span::whole("--host", name);
    let found = inventory.select(&Pattern::parse(name, &place)?)?;
    match &found[..] {
        [host] => Ok(host.clone()),
        hosts => {
            let message = format!("`--host` wants one host, `{name}` means {}", hosts.len());
            Err(Diagnostic::error("no-such-host", message).at(&place).into())
        }
    }
}

/// The same with its templates as they were written, and without secrets. What is one for several hosts stays so (`known`, by
/// where it is in memory).
fn as_written(value: &Value, known: &mut HashMap<usize, Value>) -> Value {
    let address = match value {
        Value::String(text) if text.is_secret() => return MASK.into(),
        Value::String(text) => return text.as_str().into(),
        Value::List(items) => Arc::as_ptr(items) as usize,
        Value::Map(pairs) => Arc::as_ptr(pairs) as usize,
        other => return other.clone(),
    };
    if let Some(written) = known.get(&address) {
        return written.clone();
    }
    let written = match value {
        Value::List(items) => Value::list(items.iter().map(|item| as_written(item, known)).collect()),
        Value::Map(pairs) => {
            let written = |(key, value): (&Key, &Value)| (key.clone(), as_written(value, known));
            pairs.iter().map(written).collect::<Map>().into()
        }
        other => other.clone(),
    };
    known.insert(address, written.clone());
    written
}
