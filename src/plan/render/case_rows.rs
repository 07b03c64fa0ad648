//! The cases of a play as rows: one per case, with its matrix, its parts and its figures; rounds are counted, not listed.

use std::sync::Arc;

use super::rows::Row;
use super::words::{brief, command, expect, limits, metric, place, shortened};
use crate::base::{CaseId, HostName, Key, Value};
use crate::model::{CaseOrder, Requirement, RequirementKind, Stage};
use crate::plan::{CasePart, CasePlan, Gang, PlayPlan, Step, StepKind};

/// The row of all cases.
pub(super) fn cases_row(play: &PlayPlan, playbook: &str) -> Row {
    let cases = &play.fragment.cases;
    let order = match play.play.case_order.as_ref().map(|o| o.value).unwrap_or_default() {
        CaseOrder::Sequential => "one after the other".to_owned(),
        CaseOrder::Interleaved => "interleaved".to_owned(),
        CaseOrder::Random => format!("random, seed {}", play.seed.unwrap_or_default()),
    };
    let mut rounds: Vec<(u32, u32, u32)> = cases.iter().map(|c| (c.warmup, c.least(), c.repeat)).collect();
    rounds.sort_unstable();
    rounds.dedup();
    let mut words = vec![order];
    if let [(warmup, least, repeat)] = rounds.as_slice() {
        let warm = if *warmup > 0 { format!("{warmup}+") } else { String::new() };
        let least = if least < repeat { format!("{least}…") } else { String::new() };
        words.push(format!("{warm}{least}{repeat} round{}", if warmup + repeat == 1 { "" } else { "s" }));
    }
    words.push("one case per host at a time".to_owned());
    let mut names: Vec<&str> = Vec::new();
    for case in cases {
        if !names.contains(&&*case.name) {
            names.push(&case.name);
        }
    }
    let all_inside = !play.pruning.mode.is_empty() && play.pruning.mode.len() == play.hosts.len();
    let columns = if all_inside {
        vec![words.join(", "), "directly on the target".to_owned()]
    } else {
        vec![words.join(", ")]
    };
    Row {
        label: "cases".to_owned(),
        columns,
        place: cases.first().map(|c| place(&c.span, playbook)).unwrap_or_default(),
        children: names.iter().map(|name| case_row(play, name, playbook)).collect(),
        free: None,
    }
}

/// One case with all its parameters.
fn case_row(play: &PlayPlan, name: &str, playbook: &str) -> Row {
    let all: Vec<&CasePlan> = play.fragment.cases.iter().filter(|c| &*c.name == name).collect();
    let Some(first) = all.first() else { return Row::default() };
    let written = play.play.cases.iter().find(|c| &*c.name.value == name);
    let mut about = vec![matrix(&all)];
    let needs = written.and_then(|c| c.keywords.needs.as_ref());
    if let Some(needs) = needs.filter(|n| !n.is_empty()) {
        let names: Vec<&str> = needs.iter().map(|n| &*n.value).collect();
        about.push(format!("after {}", names.join(", ")));
    }
    let alone = match first.gang {
        Some(gang) => gang_words(play, first, gang),
        None => "each host alone".to_owned(),
    };
    let entered = || first.container.as_ref().map(|container| container.value.to_string());
    let outside = play.hosts.iter().all(|host| play.pruning.mode.contains_key(host));
    let alone = match container(play, &first.id).or_else(entered).filter(|_| !outside) {
        Some(name) => format!("in {name}, {alone}"),
        None => alone,
    };
    let children = parts(play, first);
    Row {
        label: name.to_owned(),
        columns: vec![about.join("  "), alone],
        place: place(&first.span, playbook),
        children,
        free: None,
    }
}

/// `gang n1(rank 0)+n2, n3 idle`
fn gang_words(play: &PlayPlan, case: &CasePlan, gang: Gang) -> String {
    let gangs: Vec<String> = play
        .batches
        .iter()
        .map(|batch| {
            let members: Vec<&str> = case.members(batch).map(HostName::as_str).collect();
            match members.as_slice() {
                [] => "of nobody yet".to_owned(),
                [first, rest @ .., last] if rest.len() > 2 => format!("{first}(rank 0)+…+{last}"),
                [first, rest @ ..] => [&[format!("{first}(rank 0)").as_str()], rest].concat().join("+"),
            }
        })
        .collect();
    let ranks = match gang.ranks_per_node {
        1 => String::new(),
        ranks => format!(" × {ranks} ranks"),
    };
    let idle: Vec<&str> =
        play.hosts.iter().filter(|h| !case.hosts.contains(h)).map(HostName::as_str).collect();
    let idle = match idle.as_slice() {
        [] => String::new(),
        few if few.len() < 4 => format!(", {} idle", few.join(" ")),
        many => format!(", {} hosts idle", many.len()),
    };
    format!("gang {}{ranks}{idle}", gangs.join(" · "))
}

/// The container that a case runs in: its own, or that of the play.
fn container(play: &PlayPlan, case: &CaseId) -> Option<String> {
    let started = |of: Option<&CaseId>| {
        let starts =
            |s: &&Step| s.stage == Some(Stage::StartContainer) && s.case.as_ref().map(|c| &c.id) == of;
        play.fragment
            .graph
            .node_weights()
            .filter(starts)
            .find_map(|s| Some(s.chapter.as_ref()?.detail.clone()))
    };
    started(Some(case)).or_else(|| started(None))
}

/// `threads={1,all} × mib={64,512} = 4`
fn matrix(all: &[&CasePlan]) -> String {
    let Some(first) = all.first() else { return String::new() };
    let axes: Vec<String> = first
        .params
        .keys()
        .map(|key| {
            let mut values: Vec<String> = Vec::new();
            for case in all {
                let value = case.params.get_key(key).map(Value::to_string).unwrap_or_default();
                if !values.contains(&value) {
                    values.push(value);
                }
            }
            axis(key, &values)
        })
        .collect();
    if axes.is_empty() { "1".to_owned() } else { format!("{} = {}", axes.join(" × "), all.len()) }
}

fn axis(key: &Key, values: &[String]) -> String {
    format!("{key}={{{}}}", values.join(","))
}

fn parts(play: &PlayPlan, case: &CasePlan) -> Vec<Row> {
    let of = |part: &dyn Fn(CasePart) -> bool| steps(play, &case.id, part);
    let mut rows = Vec::new();
    if !case.requires.is_empty() {
        let needs: Vec<String> = case.requires.iter().map(requirement).collect();
        rows.push(plain("requires", &needs.join(", "), "checked on the target"));
    }
    let (prepare, often) = once(case, of(&|p| p == CasePart::Prepare), "once per case");
    if !prepare.is_empty() {
        rows.push(plain("prepare", &listed(&prepare), often));
    }
    let measured = CasePart::Round { number: 1, warmup: case.warmup > 0 };
    let run = of(&|p| p == measured);
    rows.extend(run_rows(case, &run));
    let (finish, often) = once(case, of(&|p| p == CasePart::Finish), "always");
    if !finish.is_empty() {
        rows.push(plain("finish", &listed(&finish), often));
    }
    rows
}

/// The steps of a part, of one round when each has it in a container of its own; and how often that is.
fn once<'a>(case: &CasePlan, mut steps: Vec<&'a Step>, word: &'static str) -> (Vec<&'a Step>, &'static str) {
    let rounds = format!("/{}/run/", case.id);
    let round = |step: &Step| -> Option<String> {
        let (_, rest) = step.id.as_str().split_once(&rounds)?;
        rest.split('/').next().map(ToOwned::to_owned)
    };
    let Some(first) = steps.first().and_then(|step| round(step)) else { return (steps, word) };
    steps.retain(|step| round(step).as_ref() == Some(&first));
    (steps, "in each round")
}

fn run_rows(case: &CasePlan, run: &[&Step]) -> Vec<Row> {
    let tasks: Vec<_> = run
        .iter()
        .filter_map(|s| match &s.kind {
            StepKind::Task(task) => Some(task),
            _ => None,
        })
        .collect();
    let measured = tasks.iter().find(|t| !t.metrics.is_empty()).or(tasks.first());
    let what = match (role_of(run), tasks.as_slice()) {
        (Some(role), _) => role,
        (None, [one]) => shortened(&command(one), 40),
        _ => listed(run),
    };
    let most = case.warmup + case.repeat;
    let mut often = vec![format!("{most}×")];
    if let Some(going_on) = &case.going_on {
        often = vec![format!("{}…{most}×", case.warmup + going_on.min), going_on.words()];
    }
    often.extend(measured.map(|t| limits(t)).filter(|l| !l.is_empty()));
    let own = run.iter().find(|s| matches!(s.kind, StepKind::Task(_)));
    let label = own.and_then(|s| s.stage.as_ref()).map_or("run_case", |s| s.name());
    let mut rows = vec![plain(label, &what, &often.join("  "))];
    for found in &case.metrics {
        let mut expectations: Vec<String> = found.expect.iter().map(expect).collect();
        let of_case = |baseline: &Arc<_>| crate::plan::baseline::words(baseline, &case.id, found);
        expectations.extend(case.baseline.as_ref().and_then(of_case));
        let text = format!("└▸ {}    {}", metric(found), expectations.join(", "));
        rows.push(Row { free: Some(text.trim_end().to_owned()), ..Row::default() });
    }
    rows
}

fn plain(label: &str, what: &str, note: &str) -> Row {
    Row { label: label.to_owned(), columns: vec![what.to_owned(), note.to_owned()], ..Row::default() }
}

fn steps<'a>(play: &'a PlayPlan, id: &CaseId, part: &dyn Fn(CasePart) -> bool) -> Vec<&'a Step> {
    let here = |s: &&Step| {
        s.case.as_ref().is_some_and(|c| c.id == *id && part(c.part))
            && s.chapter.is_none()
            && !matches!(
                s.kind,
                StepKind::Join | StepKind::Rendezvous | StepKind::CaseOpen { .. } | StepKind::CaseClose
            )
    };
    play.fragment.graph.node_weights().filter(here).collect()
}

/// The tasks of a part in a few words; a role by its name.
fn listed(steps: &[&Step]) -> String {
    role_of(steps).unwrap_or_else(|| {
        let words: Vec<String> = steps.iter().map(|s| brief(s)).collect();
        shortened(&words.join(" · "), 48)
    })
}

fn role_of(steps: &[&Step]) -> Option<String> {
    let role = |step: &&Step| match &step.kind {
        StepKind::Task(task) => task.role.as_ref().map(|(name, _)| name.clone()),
        _ => None,
    };
    let first = steps.first().and_then(role)?;
    steps.iter().all(|s| role(s).as_ref() == Some(&first)).then(|| format!("role {first}"))
}

/// `cc`, `memory 4 GiB`
pub(super) fn requirement(requirement: &Requirement) -> String {
    match &requirement.kind {
        RequirementKind::Command(value) => value.to_string(),
        RequirementKind::Memory(value) => format!("memory {value}"),
        RequirementKind::Device(value) => format!("device {value}"),
        RequirementKind::Memlock(value) => format!("memlock {value}"),
    }
}
