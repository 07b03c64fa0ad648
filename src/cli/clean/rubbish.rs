//! What lies on hosts for nothing and belongs to no run: shown and removed together with what runs have left.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::ask;
use crate::base::{Map, RunMark, Value};
use crate::connection::{Endpoint, Pool};
use crate::run::reach::Reach;
use crate::wire::Status;

/// What was found on a host.
pub(super) struct Rubbish {
    host: String,
    endpoint: Endpoint,
    /// Path and what it is.
    things: Vec<(String, String)>,
}

/// Asks every host. Those that do not answer are told of by who asks for more.
pub(super) async fn look(pool: &Arc<Pool>, hosts: &[(String, Reach)]) -> Vec<Rubbish> {
    let mut asking = JoinSet::new();
    for (host, Reach { endpoint, .. }) in hosts.iter().cloned() {
        let pool = Arc::clone(pool);
        asking.spawn(async move {
            let args = Map::from_iter([("agents", agents(&pool))]);
            let answer = ask(&pool, &endpoint, "_rubbish", &no_run(), args).await.ok()?;
            let rows = answer.values.get("rubbish").and_then(Value::as_list).unwrap_or_default();
            let text = |row: &Value, key| row.get(key).map(ToString::to_string).unwrap_or_default();
            let things: Vec<_> = rows.iter().map(|row| (text(row, "path"), text(row, "what"))).collect();
            (!things.is_empty()).then_some(Rubbish { host, endpoint, things })
        });
    }
    let mut found: Vec<_> = asking.join_all().await.into_iter().flatten().collect();
    found.sort_by(|a, b| a.host.cmp(&b.host));
    found
}

/// Removes it. Gives what could not be removed, and why.
pub(super) async fn remove(pool: &Pool, rubbish: &[Rubbish]) -> Vec<String> {
    let mut failed = Vec::new();
    for Rubbish { host, endpoint, things } in rubbish {
        let paths = things.iter().map(|(path, _)| Value::from(path.as_str())).collect();
        let args = Map::from_iter([("agents", agents(pool)), ("paths", Value::list(paths))]);
        match ask(pool, endpoint, "_sweep", &no_run(), args).await {
            Ok(answer) if answer.status == Status::Ok => {}
            Ok(answer) => failed.push(format!("{host}: {}", answer.msg.unwrap_or_default())),
            Err(reason) => failed.push(format!("{host}: {reason}")),
        }
    }
    failed
}

impl Rubbish {
    /// What is there, for people.
    pub(super) fn told(&self) -> String {
        let lines: Vec<_> =
            self.things.iter().map(|(path, what)| format!("{}  {what}: {path}\n", self.host)).collect();
        lines.concat()
    }
}

fn no_run() -> RunMark {
    RunMark::from("none")
}

fn agents(pool: &Pool) -> Value {
    Value::list(pool.agents().map(Value::from).collect())
}
