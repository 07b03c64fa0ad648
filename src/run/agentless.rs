//! `raw` where no agent can be: the command line as it is, through the login shell of the target.

use tokio::sync::mpsc;

use super::target::RemoteTarget;
use crate::base::{Map, Value};
use crate::connection::{Chunk, ConnectError, Endpoint};
use crate::wire::{Outcome, Request, Status, Stream};

/// How much output may wait for the log, in pieces.
const WAITING: usize = 8;

/// Whether this can be done without an agent, which there is none of.
pub fn is_possible(request: &Request, error: &ConnectError) -> bool {
    request.module == "raw" && matches!(error, ConnectError::NoAgentFor { .. })
}

/// Runs it. Its output is kept as it comes; nobody can stop it, so a time limit only ends the waiting.
pub async fn run(target: &RemoteTarget<'_>, endpoint: &Endpoint, args: &Map) -> Outcome {
    let shared = &target.unit.shared;
    if target.manner.check {
        return Outcome::skipped("in check mode nothing is run");
    }
    let text = |name: &str| args.get(name).and_then(Value::as_str);
    let cmd = text("cmd").unwrap_or_default();
    let line = match text("executable") {
        Some(shell) => {
            let words = [shell, "-c", cmd].map(crate::base::shlex::quote);
            format!("exec {}", words.join(" "))
        }
        None => cmd.to_owned(),
    };
    let started = shared.clock.now();
    let (output, mut chunks) = mpsc::channel(WAITING);
    let mut said: [Vec<u8>; 2] = Default::default();
    let keeping = async {
        while let Some(Chunk { stream, bytes }) = chunks.recv().await {
            said[usize::from(stream == Stream::Stderr)].extend_from_slice(&bytes);
            if !target.secret {
                target.log(stream, &bytes)?;
            }
        }
        target.log_rest()
    };
    let running = async { tokio::join!(shared.pool.execute(endpoint, line, output), keeping) };
    let limit = async {
        match target.manner.timeout {
            Some(limit) => tokio::time::sleep(limit).await,
            None => std::future::pending().await,
        }
    };
    let (status, msg) = tokio::select! {
        (code, kept) = running => {
            if let Err(error) = kept {
                return target.break_off(error);
            }
            match code {
                Ok(0) => (Ok(0), None),
                Ok(code) => (Ok(code), Some("non-zero return code".to_owned())),
                Err(error) => return target.unreachable(error.to_string()),
            }
        }
        () = target.unit.cancel.cancelled() => (Err(Status::Cancelled), Some("the run was stopped".to_owned())),
        () = limit => (Err(Status::TimedOut), Some("it took too long; without an agent it cannot be ended".to_owned())),
    };
    let [stdout, stderr] =
        said.map(|bytes| String::from_utf8_lossy(&bytes).trim_end_matches('\n').to_owned());
    let code = status.unwrap_or(-1);
    let status =
        status.map_or_else(|status| status, |code| if code == 0 { Status::Ok } else { Status::Failed });
    let outcome = Outcome { status, msg, started, ended: shared.clock.now(), ..Outcome::ok(true) };
    outcome.with("rc", code).with("stdout", stdout).with("stderr", stderr)
}
