//! `benchbook clean`: finds what dead controllers have left on hosts, shows it, asks, and removes it.

mod containers;
mod rubbish;

use std::collections::BTreeMap;
use std::io::{self, BufRead, IsTerminal};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args as ClapArgs;
use tokio::task::JoinSet;

use super::recording::RecordingFiles;
use super::terminal::Terminal;
use super::{Exit, Failure, Outcome, project, wiring};
use crate::base::{Diagnostic, Map, RunMark, Span, Value};
use crate::connection::{Call, Endpoint, Pool};
use crate::load::limit::read_limit;
use crate::load::{Asked, Project};
use crate::plan::{Compiler, Options};
use crate::run::reach::{self, Reach};
use crate::store::Provenance;
use crate::store::controller::Controller;
use crate::vars::Inventories;
use crate::wire::{Outcome as Answer, Request, Status};

/// From TERM to KILL.
const GRACE: Duration = Duration::from_secs(10);

/// Removes what a controller that died has left on hosts, after showing it
#[derive(Debug, ClapArgs)]
#[allow(clippy::struct_excessive_bools)] // each is a switch of the command line
pub(super) struct Args {
    /// Only what this run has left: `last`, its name, the beginning of its name, or its folder
    #[arg(value_name = "RUN")]
    run: Option<String>,
    /// An inventory file or folder, or hosts with a comma (`n1,n2,`); may be given several times
    #[arg(short, long, value_name = "INVENTORY", help_heading = "Hosts and variables")]
    inventory: Vec<String>,
    /// Only hosts of this pattern: `n1`, `rack1:!n7`, `@FILE`
    #[arg(short, long, value_name = "PATTERN", help_heading = "Hosts and variables")]
    limit: Option<String>,
    /// A variable above all others: `NAME=VALUE`, a mapping in YAML or JSON, or `@FILE`
    #[arg(short, long, value_name = "VARS", help_heading = "Hosts and variables")]
    extra_vars: Vec<String>,
    /// Also what runs have left that this project does not know: they may go on, carried out by somebody else
    #[arg(long)]
    all: bool,
    /// Only show what is there
    #[arg(long, conflicts_with = "yes")]
    dry_run: bool,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
    /// Where runs are kept, if not where benchbook.toml says
    #[arg(long, value_name = "DIR")]
    runs: Option<PathBuf>,
}

/// What a run has left on one host.
struct Left {
    host: String,
    reach: Reach,
    mark: RunMark,
    what: Value,
    /// Folders of cases.
    folders: Vec<String>,
    /// Containers and networks.
    things: Vec<containers::Thing>,
}

/// What is known of runs by their marks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Known {
    Over,
    /// Its controller died: what it made by tasks, nobody can have meant to leave so.
    BrokenOff,
    GoesOn,
}

pub(super) fn run(args: &Args, terminal: &Terminal) -> Outcome {
    let known = args.known()?;
    let wanted = args.wanted()?;
    let hosts = args.hosts(terminal)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let pool = Arc::new(Pool::new());
    // What belongs to no run is nobody's business who asks for one.
    let rubbish = match wanted {
        None => runtime.block_on(rubbish::look(&pool, &hosts)),
        Some(_) => Vec::new(),
    };
    let (found, unreachable) = runtime.block_on(look(&pool, hosts, &known, wanted.is_some()));
    for (host, reason) in &unreachable {
        let message = format!("{host} cannot be looked at: {reason}");
        terminal.diagnostic(&Diagnostic::warning("unreachable", message));
    }
    let exit = if unreachable.is_empty() { Exit::Good } else { Exit::Unreachable };
    let mut dead = Vec::new();
    for left in found.into_iter().filter(|left| wanted.as_ref().is_none_or(|mark| *mark == left.mark)) {
        match known.get(left.mark.as_str()) {
            Some(Known::GoesOn) => {
                terminal.say(&format!("{}: {} goes on and is left alone", left.host, left.mark.run()));
            }
            Some(Known::Over | Known::BrokenOff) => dead.push(left),
            None if args.all || wanted.is_some() => dead.push(left),
            None => terminal.say(&format!(
                "{}: {} is no run of this project and may go on; --all takes it along",
                left.host, left.mark
            )),
        }
    }
    if dead.is_empty() && rubbish.is_empty() {
        terminal.say("there is nothing to remove");
        return Ok(exit);
    }
    let told = dead.iter().map(Left::told).chain(rubbish.iter().map(rubbish::Rubbish::told));
    terminal.data(told.collect::<String>().as_bytes())?;
    if args.dry_run || !args.agreed(terminal)? {
        return Ok(exit);
    }
    let removed = runtime.block_on(remove(&pool, dead));
    let failed = runtime.block_on(rubbish::remove(&pool, &rubbish));
    let mut all_gone = failed.is_empty();
    for failure in failed {
        terminal.diagnostic(&Diagnostic::error("still-there", failure));
    }
    for (left, answer) in removed {
        match answer {
            Ok(answer) if answer.status == Status::Ok => {
                terminal.say(&format!("{}: {} is gone", left.host, left.mark.run()));
            }
            Ok(answer) => {
                all_gone = false;
                let message = answer.msg.unwrap_or_default();
                terminal.diagnostic(&Diagnostic::error("still-there", format!("{}: {message}", left.host)));
                let rows = answer.values.get("left").and_then(Value::as_list).unwrap_or_default();
                terminal.data(rows.iter().map(process).collect::<String>().as_bytes())?;
            }
            Err(reason) => {
                all_gone = false;
                terminal.diagnostic(&Diagnostic::error("still-there", format!("{}: {reason}", left.host)));
            }
        }
    }
    Ok(if all_gone { exit } else { Exit::Failed })
}

impl Args {
    /// The runs of this project.
    fn known(&self) -> Result<BTreeMap<String, Known>, Failure> {
        let mut known = BTreeMap::new();
        for folder in project::runs(self.runs.as_deref())?.list()? {
            let Ok(provenance) = Provenance::read(&folder) else { continue };
            let is = if folder.is_in_use() {
                Known::GoesOn
            } else if Controller::read(&folder)?.is_some() {
                Known::BrokenOff
            } else {
                Known::Over
            };
            known.insert(provenance.mark, is);
        }
        Ok(known)
    }

    /// The mark of the run that is asked for.
    fn wanted(&self) -> Result<Option<RunMark>, Failure> {
        let Some(name) = &self.run else { return Ok(None) };
        let folder = project::runs(self.runs.as_deref())?.find(name)?;
        if folder.is_in_use() {
            let message = format!("{} goes on", folder.id());
            let help = format!("end it first: benchbook stop {}", folder.id());
            return Err(Diagnostic::error("run-goes-on", message).help(help).into());
        }
        let mark = Provenance::read(&folder)?.mark;
        if mark.is_empty() {
            let message = format!("{} was made by a version that left no marks on hosts", folder.id());
            return Err(Diagnostic::error("run-without-mark", message).into());
        }
        Ok(Some(RunMark::from(mark)))
    }

    /// The hosts of the inventory and how they are reached.
    fn hosts(&self, terminal: &Terminal) -> Result<Vec<(String, Reach)>, Failure> {
        let files = Arc::new(RecordingFiles::default());
        let config = project::config(&*files)?;
        let catalogue = Arc::new(wiring::catalogue());
        let evaluator = Inventories::new(Arc::clone(&files) as _, config.expressions);
        let asked = Asked {
            inventory: self.inventory.clone(),
            extra_vars: self.extra_vars.clone(),
            ..Asked::default()
        };
        let project = Project::of_inventory(
            Arc::clone(&files) as _,
            Arc::clone(&catalogue),
            config,
            &evaluator,
            &asked,
        )?;
        terminal.diagnostics(&project.warnings);
        let hosts = match &self.limit {
            None => project.inventory.hosts.keys().cloned().collect(),
            Some(limit) => {
                let pattern = read_limit(&*files, limit, &Span::whole("--limit", limit))?;
                project.inventory.select(&pattern)?
            }
        };
        if hosts.is_empty() {
            return Err(Diagnostic::error("no-hosts", "there is no host to look at")
                .help("name an inventory: benchbook clean -i INVENTORY; `-i localhost,` is this machine")
                .into());
        }
        let compiler = Compiler::new(Arc::new(project), catalogue, Options::default());
        let mut reached = Vec::new();
        for (name, reach) in reach::endpoints(&compiler, compiler.environment(), hosts) {
            match reach {
                Ok(reach) => reached.push((name.to_string(), reach)),
                Err(reason) => return Err(Diagnostic::error("unreachable", reason).into()),
            }
        }
        // Two names of one machine are looked at once.
        let mut seen = std::collections::HashSet::new();
        reached.retain(|(_, reach)| seen.insert(reach.endpoint.clone()));
        Ok(reached)
    }

    fn agreed(&self, terminal: &Terminal) -> Result<bool, Failure> {
        if self.yes {
            return Ok(true);
        }
        if !io::stdin().is_terminal() {
            return Err(Diagnostic::error("not-agreed", "nothing was removed: there is no terminal to ask")
                .help("say --yes, or --dry-run to look only")
                .into());
        }
        terminal.say("Remove all that? [y/N]");
        let mut line = String::new();
        io::stdin().lock().read_line(&mut line)?;
        Ok(matches!(line.trim(), "y" | "Y" | "yes"))
    }
}

type Unreachable = Vec<(String, String)>;

/// Asks every host what is there; `all`: also containers that runs do not take away by themselves.
async fn look(
    pool: &Arc<Pool>,
    hosts: Vec<(String, Reach)>,
    known: &BTreeMap<String, Known>,
    all: bool,
) -> (Vec<Left>, Unreachable) {
    let mut asking = JoinSet::new();
    for (host, reach) in hosts {
        let pool = Arc::clone(pool);
        asking.spawn(async move {
            let answer = ask(&pool, &reach.endpoint, "_left", &RunMark::from("none"), Map::new()).await;
            let things = containers::look(&pool, &reach.endpoint, &reach.socket).await;
            (host, reach, answer, things)
        });
    }
    let (mut found, mut unreachable) = (Vec::new(), Vec::new());
    for (host, reach, answer, things) in asking.join_all().await {
        match answer {
            Ok(answer) => {
                let things = things.unwrap_or_else(|reason| {
                    unreachable.push((format!("the container engine of {host}"), reason));
                    BTreeMap::new()
                });
                let map =
                    |key: &str| answer.values.get(key).and_then(Value::as_map).cloned().unwrap_or_default();
                let mut whats: BTreeMap<RunMark, (Value, Vec<String>, Vec<containers::Thing>)> =
                    BTreeMap::new();
                for (mark, what) in map("runs").iter() {
                    whats.entry(RunMark::from(mark.to_string())).or_default().0 = what.clone();
                }
                for (path, end) in map("folders").iter() {
                    // Only a run that is known has a name for its end.
                    let mark = known.keys().map(|mark| RunMark::from(mark.as_str()));
                    if let Some(mark) = mark.into_iter().find(|mark| end.as_str() == Some(mark.end())) {
                        whats.entry(mark).or_default().1.push(path.to_string());
                    }
                }
                for (mark, mut things) in things {
                    let is_cut = known.get(mark.as_str()) == Some(&Known::BrokenOff);
                    things.retain(|thing| all || is_cut || thing.own);
                    if !things.is_empty() {
                        whats.entry(mark).or_default().2 = things;
                    }
                }
                found.extend(whats.into_iter().map(|(mark, (what, folders, things))| Left {
                    host: host.clone(),
                    reach: reach.clone(),
                    mark,
                    what,
                    folders,
                    things,
                }));
            }
            Err(reason) => unreachable.push((host, reason)),
        }
    }
    found.sort_by_cached_key(|left| (left.host.clone(), left.mark.clone()));
    unreachable.sort();
    (found, unreachable)
}

/// Ends and removes it.
async fn remove(pool: &Arc<Pool>, dead: Vec<Left>) -> Vec<(Left, Result<Answer, String>)> {
    let mut removing = JoinSet::new();
    for left in dead {
        let pool = Arc::clone(pool);
        removing.spawn(async move {
            let args = Map::from_iter([("forget", true)]);
            // What runs in containers is ended with them.
            let gone =
                containers::remove(&pool, &left.reach.endpoint, &left.reach.socket, &left.things).await;
            let answer = ask(&pool, &left.reach.endpoint, "_end", &left.mark, args).await;
            let mut answer = gone.and(answer);
            for path in &left.folders {
                let args = Map::from_iter([("path", path.as_str()), ("state", "absent")]);
                let gone = ask(&pool, &left.reach.endpoint, "file", &left.mark, args).await;
                if !matches!(&gone, Ok(gone) if gone.status == Status::Ok) {
                    answer = answer.and(gone);
                }
            }
            (left, answer)
        });
    }
    let mut removed = removing.join_all().await;
    removed.sort_by_cached_key(|(left, _)| (left.host.clone(), left.mark.clone()));
    removed
}

async fn ask(
    pool: &Pool,
    endpoint: &Endpoint,
    service: &str,
    run: &RunMark,
    args: Map,
) -> Result<Answer, String> {
    let request = Request::plain(run.clone(), 0, service, args, GRACE);
    let session = pool.session(endpoint).await.map_err(|e| e.to_string())?;
    session.call(request, Call::default()).await.map_err(|e| e.to_string())
}

impl Left {
    /// What is there, for people.
    fn told(&self) -> String {
        let rows = |key: &str| self.what.get(key).and_then(Value::as_list).unwrap_or_default();
        let mut text = format!("{}  {}\n", self.host, self.mark.run());
        text.extend(rows("processes").iter().map(process));
        for job in rows("jobs") {
            let running = job.get("running").and_then(Value::to_bool) == Some(true);
            let state = if running { "a job that runs" } else { "a job that has ended" };
            let path = job.get("path").map(ToString::to_string).unwrap_or_default();
            text.extend([format!("  {state}: {path}\n")]);
        }
        text.extend(self.things.iter().map(containers::Thing::told));
        text.extend(self.folders.iter().map(|folder| format!("  a folder of a case: {folder}\n")));
        text
    }
}

fn process(row: &Value) -> String {
    let text = |key: &str| row.get(key).map(ToString::to_string).unwrap_or_default();
    format!("  process {}: {}\n", text("pid"), text("command"))
}
