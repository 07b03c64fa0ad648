//! The figures of a round's task: out of its kept output, with the place in the log. A figure that is missing is a failure.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use base64::Engine;

use super::figures::{self, Extracted};
use super::target::{Kept, RemoteTarget};
use super::turn::{Turn, TurnEnd};
use super::unit::{Finished, said};
use crate::action::{Invocation, Target};
use crate::base::{Map, Value};
use crate::event::{Fate, Figure};
use crate::model::{Better, Metric};
use crate::plan::CasePart;
use crate::vars::Templar;
use crate::wire::{Status, Stream};

/// Adds the figures of a turn that went well, or makes it a failure.
pub async fn measure(turn: &Turn<'_>, templar: &Templar, target: &RemoteTarget<'_>, end: &mut TurnEnd) {
    let Some(place) = &turn.unit.step.case else { return };
    let CasePart::Round { number, warmup } = place.part else { return };
    if target.manner.check || !super::rendezvous::measures(turn.unit) {
        return;
    }
    for metric in turn.task.metrics.iter() {
        let found = match output(metric, turn, templar, target, end).await {
            Ok(kept) => figures::extract(metric, &kept.bytes).map(|f| (kept, f)).map_err(|e| e.to_string()),
            Err(problem) => Err(problem),
        };
        let (kept, found) = match found {
            Ok(found) => found,
            Err(problem) => return fail(end, problem),
        };
        end.figures.extend(found.into_iter().map(|Extracted { labels, value, range }| Figure {
            case: place.id.clone(),
            host: turn.unit.host.name.clone(),
            round: number,
            warmup,
            step: turn.unit.step.id.clone(),
            name: metric.name.to_string(),
            labels,
            value,
            unit: metric.unit.to_string(),
            higher_is_better: metric.better == Better::Higher,
            log: kept.place.path.clone(),
            bytes: (kept.place.offset + range.0, kept.place.offset + range.1),
        }));
    }
}

fn fail(end: &mut TurnEnd, problem: String) {
    end.status = Status::Failed;
    end.figures.clear();
    end.result.insert("failed", true);
    end.result.insert("msg", problem.as_str());
    end.msg = Some(problem);
}

/// The output that a metric is about, as it stands in the log.
async fn output(
    metric: &Metric,
    turn: &Turn<'_>,
    templar: &Templar,
    target: &RemoteTarget<'_>,
    end: &TurnEnd,
) -> Result<Kept, String> {
    if target.secret {
        return Err("a task with `no_log` keeps no log that a figure could be read from".to_owned());
    }
    let from = match &metric.from {
        Some(from) => templar.render_str(&from.value).map_err(|e| said(&e))?,
        None => "stdout".to_owned(),
    };
    let stream = match from.as_str() {
        "stdout" => Stream::Stdout,
        "stderr" => Stream::Stderr,
        path => {
            // The task wrote it where it worked.
            let chdir = turn.task.call.argument("chdir").map(|a| templar.render_str(&a.value)).transpose();
            let folder = chdir.map_err(|e| said(&e))?.unwrap_or_default();
            return file(&Path::new(&folder).join(path).display().to_string(), target).await;
        }
    };
    if let Some(kept) = target.kept(stream) {
        return Ok(kept);
    }
    // A module that prints nothing by itself may still give a text.
    let text = end.result.get(&from).map(ToString::to_string).unwrap_or_default();
    log(target, stream, text.as_bytes())
}

fn log(target: &RemoteTarget<'_>, stream: Stream, bytes: &[u8]) -> Result<Kept, String> {
    let (step, host) = (&target.unit.step.id, &target.unit.host.name);
    let place = target.unit.shared.journal.log(step, host, stream, bytes).map_err(|e| e.to_string())?;
    Ok(Kept { place, bytes: bytes.to_vec() })
}

/// A file of the target; its content goes into the log, so that the evidence is kept.
async fn file(path: &str, target: &RemoteTarget<'_>) -> Result<Kept, String> {
    let args = Map::from_iter([("src", path)]);
    let outcome = target.call(Invocation { module: "slurp", args, ..Invocation::default() }).await;
    let content = outcome.values.get("content").and_then(Value::as_str);
    let Some(content) = content.filter(|_| outcome.status == Status::Ok) else {
        return Err(format!("cannot read {path} for its figures: {}", outcome.msg.unwrap_or_default()));
    };
    let bytes = base64::engine::general_purpose::STANDARD
        .decode(content)
        .map_err(|e| format!("cannot read {path} for its figures: {e}"))?;
    log(target, Stream::Download, &bytes)
}

/// Items of a loop must not give the same figure twice: nobody could say which counts.
pub fn refuse_twins(finished: &mut Finished) {
    let mut seen = HashSet::new();
    let twin = finished.figures.iter().find(|f| !seen.insert((f.name.clone(), f.labels.clone())));
    if let Some(twin) = twin {
        let problem = format!(
            "figure `{}` comes from several items of the loop; give it a label, or a case each",
            twin.name
        );
        finished.figures.clear();
        finished.fate = Fate::Ran { status: Status::Failed, changed: false, ignored: false };
        Arc::make_mut(&mut finished.result).insert("failed", true);
        finished.msg = Some(problem);
    }
}
