//! The steps that the compiler puts around a case: what it requires is checked, its folder made and removed.

use std::sync::Arc;

use super::delegate::Place;
use super::keyword::{GRACE, Lasting, Manner};
use super::target::RemoteTarget;
use super::unit::{CaseFolder, Finished, Unit, said};
use super::verdict::expectations;
use crate::action::{Invocation, Target};
use crate::base::unit::{Quantity, Unit as FigureUnit};
use crate::base::{Map, Timestamp, Value};
use crate::event::{self, Event, Fate};
use crate::model::{Requirement, RequirementKind};
use crate::plan::GoingOn;
use crate::vars::Templar;
use crate::wire::{Outcome, Status};

/// The variable that says where on a target the folders of cases are made.
const WORK_DIR: &str = "benchbook_work_dir";

/// Says that the case begins, unless it has begun before, checks what it requires, makes its folder.
pub async fn open(unit: &Unit, requires: &[Requirement], again: bool, started: Timestamp) -> Finished {
    let templar = unit.plain_templar(unit.scope());
    if let Some(case) = unit.case.as_ref().filter(|_| !again && !unit.before.renewed) {
        let expect = match expectations(case, &templar) {
            Ok(expect) => expect,
            Err(problem) => return Finished::failed(problem, started),
        };
        let (repeat, warmup) = (case.least(), case.warmup);
        let going_on =
            |own: GoingOn| event::GoingOn { most: case.repeat, until: own.until, budget: own.budget };
        let gang = super::rendezvous::team(unit);
        // What a gang gives stands at its first rank.
        let leads = gang.as_ref().is_none_or(|gang| gang.is_led_by(&unit.host.name));
        let expect = if leads { expect } else { Vec::new() };
        unit.say(Event::CaseStarted {
            case: case.id.clone(),
            host: unit.host.name.clone(),
            repeat,
            warmup,
            gang,
            going_on: case.going_on.map(going_on),
            expect,
        });
    }
    let args = match wanted(requires, &templar) {
        Ok(args) => args,
        Err(problem) => return Finished::failed(problem, started),
    };
    with_target(unit, &templar, started, async |target| {
        if !args.is_empty() {
            let outcome =
                target.call(Invocation { module: "requirements", args, ..Invocation::default() }).await;
            // Check mode has no container in which it could be looked at; what comes after is passed by there, too.
            if outcome.status != Status::Ok && !(target.manner.check && outcome.status == Status::Skipped) {
                return (outcome, None);
            }
        }
        // With the end of the run's mark, so that it is known whose it is when nobody removes it.
        let prefix = format!("benchbook-case.{}.", unit.shared.mark.end());
        let mut args = Map::from_iter([("state", "directory"), ("prefix", prefix.as_str())]);
        if let Some((folder, _)) = templar.scope().lookup(WORK_DIR) {
            match templar.render(folder) {
                Ok(folder) => args.insert("path", folder),
                Err(error) => return (Outcome::failed(said(&error)), None),
            };
        }
        if target.manner.check {
            // None is made, but tasks may say what they would do in it.
            let parent = args.get("path").map_or_else(|| "/tmp".to_owned(), ToString::to_string);
            return (Outcome::ok(false), Some(CaseFolder::Made(format!("{parent}/{prefix}check"))));
        }
        let outcome = target.call(Invocation { module: "tempfile", args, ..Invocation::default() }).await;
        let made = outcome.values.get("path").map(|path| CaseFolder::Made(path.to_string()));
        (outcome, made)
    })
    .await
}

/// Removes the folder of the case.
pub async fn close(unit: &Unit, started: Timestamp) -> Finished {
    let templar = unit.plain_templar(unit.scope());
    let folder =
        templar.scope().lookup("case").and_then(|(case, _)| case.get("dir").map(ToString::to_string));
    let Some(folder) = folder else { return Finished::ok(started) };
    with_target(unit, &templar, started, async |target| {
        let args = Map::from_iter([("path", Value::from(folder)), ("state", "absent".into())]);
        let removed = target.call(Invocation { module: "file", args, ..Invocation::default() }).await;
        // It has gone with its container.
        let removed = if target.container_is_gone() { Outcome::ok(false) } else { removed };
        (removed, Some(CaseFolder::Removed))
    })
    .await
}

pub(super) async fn with_target(
    unit: &Unit,
    templar: &Templar,
    started: Timestamp,
    work: impl AsyncFnOnce(&RemoteTarget<'_>) -> (Outcome, Option<CaseFolder>),
) -> Finished {
    let place = match Place::of_case(unit, templar) {
        Ok(place) => place,
        Err(error) => return Finished::failed(said(&error), started),
    };
    let check = unit.shared.options.check;
    let (environment, lasting) = (Vec::new(), Lasting::No);
    let manner =
        Manner { check, diff: false, timeout: None, grace: GRACE, environment, lasting, told_in: None };
    let target = RemoteTarget::new(unit, &place, &manner);
    let (mut outcome, folder) = work(&target).await;
    let mut finished = Finished::ok(started);
    finished.result = Arc::new(outcome.take_register());
    finished.fate = match target.lost() {
        Some(reason) => Fate::Unreachable { reason, ignored: false },
        None => Fate::Ran { status: outcome.status, changed: false, ignored: false },
    };
    finished.journal = target.broken().cloned();
    finished.msg = outcome.msg;
    finished.warnings = outcome.warnings;
    finished.folder = folder;
    finished
}

/// The arguments of the module `requirements`; empty when nothing is required.
fn wanted(requires: &[Requirement], templar: &Templar) -> Result<Map, String> {
    let mut lists: [(&str, Vec<Value>); 2] = [("commands", Vec::new()), ("devices", Vec::new())];
    let mut args = Map::new();
    let mut packages = Map::new();
    for requirement in requires {
        let (RequirementKind::Command(value)
        | RequirementKind::Memory(value)
        | RequirementKind::Device(value)
        | RequirementKind::Memlock(value)) = &requirement.kind;
        let value = templar.render(value).map_err(|e| said(&e))?;
        match &requirement.kind {
            RequirementKind::Command(_) => {
                if let Some(package) = &requirement.package {
                    packages.insert(value.to_string(), templar.render(package).map_err(|e| said(&e))?);
                }
                lists[0].1.push(value);
            }
            RequirementKind::Device(_) => lists[1].1.push(value),
            RequirementKind::Memlock(_) if value.as_str() == Some("unlimited") => {
                args.insert("memlock_unlimited", true);
            }
            RequirementKind::Memory(_) => {
                args.insert("memory", bytes(&value, requirement)?);
            }
            RequirementKind::Memlock(_) => {
                args.insert("memlock", bytes(&value, requirement)?);
            }
        }
    }
    for (name, list) in lists.into_iter().filter(|(_, list)| !list.is_empty()) {
        args.insert(name, list);
    }
    if !packages.is_empty() {
        args.insert("packages", packages);
    }
    Ok(args)
}

/// `4 GiB`, or a number of bytes.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // sizes are positive and far below 2^64
fn bytes(value: &Value, requirement: &Requirement) -> Result<u64, String> {
    let size = match value.as_float() {
        Some(bytes) => Ok(bytes),
        None => Quantity::parse(&value.to_string()).and_then(|q| q.value_in(&FigureUnit::parse("B"))),
    };
    let size = size.map_err(|e| format!("{e} at {}", requirement.span))?;
    if size < 0.0 {
        Err(format!("a size cannot be negative, at {}", requirement.span))
    } else {
        Ok(size as u64)
    }
}
