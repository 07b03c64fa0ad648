//! Asks hosts: what the module `preflight` finds, and what their clocks say.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use super::Row;
use crate::base::{Clock, Map, RunMark, SystemClock, Value};
use crate::connection::{Call, Pool, Session};
use crate::module::SPECS;
use crate::run::reach::Visit;
use crate::wire::{Outcome, Request, Status};

/// The module that looks.
const MODULE: &str = "preflight";
/// Parameters that judge, which is done here.
const JUDGING: [&str; 2] = ["fail_on", "warn"];
/// From TERM to KILL.
const GRACE: Duration = Duration::from_secs(5);
/// How often a clock is asked; the quickest answer counts.
const TRIES: usize = 5;

/// What is asked of all hosts.
pub(super) struct Settings {
    /// Which checks.
    pub checks: Vec<String>,
    /// Whether hosts are to reach each other.
    pub peers: bool,
}

/// What a host said.
pub(super) struct Visited {
    /// Its findings.
    pub rows: Vec<Row>,
    /// What should be the same everywhere.
    pub here: Map,
    /// By how much its clock is ahead of ours, and by how much that may be wrong; nanoseconds.
    pub clock: (i128, i128),
}

/// Why a host said nothing.
pub(super) enum Trouble {
    /// It cannot be reached.
    Unreachable(String),
    /// It was asked for something that makes no sense.
    Refused(String),
}

/// The variables that set the module's parameters: `preflight_governor`, …
pub(super) fn variables() -> Vec<String> {
    parameters().into_iter().map(|name| format!("{MODULE}_{name}")).collect()
}

fn parameters() -> Vec<String> {
    let spec = SPECS.iter().find(|spec| spec.name == MODULE);
    let schema = spec.map(|spec| (spec.schema)());
    let properties = schema.as_ref().and_then(|schema| schema.get("properties")?.as_object());
    let names = properties.into_iter().flatten().map(|(name, _)| name.clone());
    names.filter(|name| !JUDGING.contains(&name.as_str())).collect()
}

/// Asks all hosts at once; answers in the order of hosts.
pub(super) async fn ask_all(
    pool: &Arc<Pool>,
    hosts: Vec<(String, Visit)>,
    settings: &Settings,
) -> Vec<(String, Result<Visited, Trouble>)> {
    let addresses: Vec<String> = hosts.iter().map(|(_, visit)| visit.address.clone()).collect();
    let mut asking = JoinSet::new();
    for (number, (host, visit)) in hosts.into_iter().enumerate() {
        let pool = Arc::clone(pool);
        let mut args = Map::new();
        for name in parameters() {
            if let Some(value) = visit.variables.get(&format!("{MODULE}_{name}")) {
                args.insert(name, value.clone());
            }
        }
        if !settings.checks.is_empty() {
            args.insert("checks", Value::list(settings.checks.iter().map(|c| c.as_str().into()).collect()));
        }
        if settings.peers {
            let others = addresses.iter().filter(|address| **address != visit.address);
            args.insert("peers", Value::list(others.map(|address| address.as_str().into()).collect()));
        }
        asking.spawn(async move {
            let answer = ask(&pool, &host, &visit, args).await;
            (number, host, answer)
        });
    }
    let mut answers = asking.join_all().await;
    answers.sort_by_key(|(number, ..)| *number);
    answers.into_iter().map(|(_, host, answer)| (host, answer)).collect()
}

async fn ask(pool: &Pool, host: &str, visit: &Visit, args: Map) -> Result<Visited, Trouble> {
    let lost = |error: &dyn std::fmt::Display| Trouble::Unreachable(error.to_string());
    let session = pool.session(&visit.endpoint).await.map_err(|error| lost(&error))?;
    let mut clock = (0, i128::MAX);
    for _ in 0..TRIES {
        let before = SystemClock.now();
        let told = call(&session, "ping", Map::new()).await.map_err(|reason| lost(&reason))?;
        let after = SystemClock.now();
        let twice = |a: i64, b: i64| i128::from(a) + i128::from(b);
        let error = (i128::from(after.0) - i128::from(before.0)) / 2;
        if error < clock.1 {
            clock = ((twice(told.started.0, told.ended.0) - twice(before.0, after.0)) / 2, error);
        }
    }
    let answer = call(&session, MODULE, args).await.map_err(|reason| lost(&reason))?;
    if answer.status != Status::Ok {
        return Err(Trouble::Refused(answer.msg.unwrap_or_default()));
    }
    let rows = answer.values.get("findings").and_then(Value::as_list).unwrap_or_default();
    let rows = rows.iter().map(|row| {
        let text = |key: &str| row.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let [check, severity, seen, fix] = ["check", "severity", "seen", "fix"].map(text);
        Row { host: host.to_owned(), check, severity, seen, fix }
    });
    let here = answer.values.get("here").and_then(Value::as_map).cloned().unwrap_or_default();
    Ok(Visited { rows: rows.collect(), here, clock })
}

async fn call(session: &Session, module: &str, args: Map) -> Result<Outcome, String> {
    let request = Request::plain(RunMark::from("none"), 0, module, args, GRACE);
    session.call(request, Call::default()).await.map_err(|error| error.to_string())
}
