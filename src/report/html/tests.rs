//! Pages of runs that are data (`tests/cases/report/*.jsonl`), as they are read: what stands between tags.

use std::collections::BTreeMap;

use serde_json::json;

use super::graph::Graph;
use super::{Material, page};
use crate::base::{CaseId, HostName, RunId, StepId, Timestamp};
use crate::event::{Event, Figure};
use crate::report::Summary;
use crate::report::course::Course;
use crate::report::tests::events;

fn material(events: &[(Timestamp, Event)]) -> Material {
    let summary = Summary::of(events.iter().map(|(time, event)| (*time, event)));
    Material { summary, course: Course::of(events), ..Material::default() }
}

/// A line for each piece of text, and what is drawn in brackets.
fn read(page: &str) -> String {
    let body = &page[page.find("<header>").unwrap()..page.find("</main>").unwrap()];
    let mut lines = Vec::new();
    for piece in body.split('<').skip(1) {
        let (tag, text) = piece.split_once('>').unwrap();
        if tag.starts_with("h1") {
            lines.push(tag.to_owned());
        }
        if !text.trim().is_empty() && !tag.starts_with("title") {
            lines.push(format!("  {}", text.trim()));
        }
    }
    lines.join("\n").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

#[test]
fn a_page_begins_with_how_it_ended() {
    insta::glob!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases/report"), "*.jsonl", |path| {
        let events = events(&std::fs::read_to_string(path).unwrap());
        insta::assert_snapshot!("page", read(&page(&material(&events))));
    });
}

/// A case of three rounds on so many hosts, the last of which is slow.
fn fleet(count: usize) -> Vec<(Timestamp, Event)> {
    let host = |number: usize| HostName::from(format!("n{number}").as_str());
    let case = CaseId::from("copy");
    let hosts: Vec<HostName> = (0..count).map(host).collect();
    let mut events = vec![Event::RunStarted {
        run: RunId::new("r".to_owned()),
        playbook: "fleet".into(),
        hosts: hosts.clone(),
        cases: vec![case.clone()],
        rounds: 3 * count,
        mode: None,
    }];
    for (number, host) in (0_u32..).zip(&hosts) {
        let (case, host) = (case.clone(), host.clone());
        let (repeat, warmup) = (3, 0);
        events.push(Event::CaseStarted {
            case: case.clone(),
            host: host.clone(),
            repeat,
            warmup,
            gang: None,
            expect: Vec::new(),
            going_on: None,
        });
        for round in 1..=3 {
            events.push(Event::Figure(Figure {
                case: case.clone(),
                host: host.clone(),
                round,
                warmup: false,
                step: StepId::new("copy/run".to_owned()),
                name: "rate".into(),
                labels: BTreeMap::new(),
                value: if host == *hosts.last().unwrap() { 50.0 } else { 100.0 + f64::from(number) },
                unit: "MB/s".into(),
                higher_is_better: true,
                log: String::new(),
                bytes: (0, 0),
            }));
        }
        events.push(Event::CaseEnded { case, host, failed: None, rounds: 3 });
    }
    events.push(Event::RunEnded {
        run: RunId::new("r".to_owned()),
        exit: 0,
        seconds: 9.0,
        hosts: BTreeMap::new(),
    });
    events.into_iter().map(|event| (Timestamp(0), event)).collect()
}

#[test]
fn of_many_hosts_those_that_stand_out_have_lines() {
    let lines = |count: usize| {
        let page = page(&material(&fleet(count)));
        let hosts = page.split("data-host=\"").skip(1);
        hosts.map(|rest| rest.split('"').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(lines(3), ["n0", "n1", "n2"]);
    assert_eq!(lines(100), ["n98", "n99"], "the fastest and the slowest");
    assert!(read(&page(&material(&fleet(100)))).contains("  medians of the 98 others\n"));
}

#[test]
fn steps_become_boxes_and_circles_one_box() {
    let step = |id: &str, kind: &str, scope: u64, case: serde_json::Value| json!({"id": id, "name": id, "kind": {"type": kind}, "scope": scope, "hosts": ["n1", "n2"], "stage": null, "case": case});
    let round =
        |case: &str, round: u64| json!({"id": case, "part": "round", "round": round, "warmup": false});
    let edge = |from: &str, to: &str, order: &str| json!({"from": from, "to": to, "order": order});
    let play = json!({
        "hosts": ["n1", "n2"],
        "scopes": [{"kind": "play", "parent": null}, {"kind": "group", "label": "role tools", "parent": 0}],
        "steps": [
            step("facts", "task", 0, json!(null)), step("unpack", "task", 1, json!(null)), step("build", "task", 1, json!(null)),
            step("a1", "task", 0, round("a[x=1]", 1)), step("b1", "task", 0, round("b", 1)), step("a2", "task", 0, round("a[x=1]", 2)),
            step("end", "task", 0, json!(null)),
        ],
        "edges": [
            edge("facts", "unpack", "barrier"), edge("unpack", "build", "barrier"), edge("build", "a1", "per_host"),
            edge("a1", "b1", "per_host"), edge("b1", "a2", "per_host"), edge("a2", "end", "barrier"), edge("facts", "end", "barrier"),
        ],
        "pruned": [{"step": "start", "name": "start", "stage": "start_container", "hosts": ["n1"], "before": "unpack"}],
        "bridges": [edge("facts", "unpack", "barrier")],
    });
    let graph = Graph::of(&play, &Course::default());
    let name = |at: usize| {
        graph.boxes[at]
            .lines
            .iter()
            .map(|line| format!("{} ({})", line.name, line.about))
            .collect::<Vec<_>>()
            .join(" + ")
    };
    let edges: std::collections::BTreeSet<String> = graph
        .edges
        .iter()
        .map(|(from, to, barrier)| {
            format!("{} {} {}", name(*from), if *barrier { "=>" } else { "->" }, name(*to))
        })
        .collect();
    let both = "a (2 rounds) + b (1 round)";
    let wanted = [
        format!("{both} => end ()"),
        "facts () -> start container (n1)".to_owned(),
        "facts () => role tools (2 tasks)".to_owned(),
        format!("role tools (2 tasks) -> {both}"),
        "start container (n1) -> role tools (2 tasks)".to_owned(),
    ];
    assert_eq!(edges.into_iter().collect::<Vec<_>>(), wanted);
}
