//! Steps of a plan become boxes, and their edges edges between boxes.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::time::Duration;

use indexmap::{IndexMap, IndexSet};
use petgraph::algo::tarjan_scc;
use petgraph::graph::{DiGraph, NodeIndex};
use serde_json::Value as Json;

use crate::base::clock::human_duration;
use crate::base::selector::split_case;
use crate::base::{HostName, StepId};
use crate::report::course::Course;
use crate::report::table::plural;

/// More tasks than this in a row are one box.
const IN_A_ROW: usize = 3;

/// The boxes of one play.
#[derive(Debug, Default)]
pub(in crate::report::html) struct Graph {
    /// Each after those that it waits for.
    pub boxes: Vec<Box>,
    /// From, to, and whether all hosts wait for each other.
    pub edges: Vec<(usize, usize, bool)>,
}

/// What is drawn as one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::report::html) struct Box {
    /// Several take turns.
    pub lines: Vec<Line>,
    /// Left out of the graph: in-container mode.
    pub pruned: bool,
}

/// A name, and what is to be said of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::report::html) struct Line {
    pub name: String,
    pub about: String,
    pub failed: bool,
}

/// From and to, and whether all hosts wait for each other.
type Edges = BTreeMap<(usize, usize), bool>;

/// What steps of one box have in common.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    Case(String),
    /// A role, by its scope.
    Group(u64),
    Tasks(usize),
    Pruned(String, Option<usize>),
}

/// Steps that stand together.
#[derive(Debug, Default)]
struct Group {
    name: String,
    /// Ids and names.
    steps: Vec<(StepId, String)>,
    cases: BTreeSet<String>,
    rounds: BTreeSet<(bool, u64)>,
    hosts: BTreeSet<String>,
}

fn text(of: &Json) -> String {
    of.as_str().unwrap_or_default().to_owned()
}

impl Graph {
    /// Of a play of `plan.json`.
    pub(in crate::report::html) fn of(play: &Json, course: &Course) -> Self {
        let list = |name: &str| play[name].as_array().map(Vec::as_slice).unwrap_or_default();
        let keys = keys(list("steps"), list("scopes"));
        let mut groups: IndexMap<Key, Group> = IndexMap::new();
        let mut of_step: HashMap<String, usize> = HashMap::new();
        for (step, key) in list("steps").iter().zip(keys) {
            let entry = groups.entry(key.clone());
            let at = entry.index();
            let group = entry.or_default();
            group.add(step, &key, list("scopes"));
            of_step.insert(text(&step["id"]), at);
        }
        let mut edges = Edges::new();
        for edge in list("edges") {
            let end = |name: &str| of_step.get(edge[name].as_str().unwrap_or_default()).copied();
            if let (Some(from), Some(to)) = (end("from"), end("to"))
                && from != to
            {
                *edges.entry((from, to)).or_default() |= edge["order"] == "barrier";
            }
        }
        let live = groups.len();
        prune(&mut groups, &mut edges, play, &of_step);
        let hosts = list("hosts").len();
        let lines: Vec<Line> = groups.values().map(|group| group.line(course, hosts)).collect();
        condense(&lines, live, &edges)
    }
}

/// To which box each step belongs. What only closes something belongs to what stands before it.
fn keys(steps: &[Json], scopes: &[Json]) -> Vec<Key> {
    let mut keys: Vec<Key> = Vec::new();
    for (number, step) in steps.iter().enumerate() {
        let kind = step["kind"]["type"].as_str().unwrap_or_default();
        let key = if let Some(case) = step["case"]["id"].as_str() {
            Key::Case(split_case(case).0.to_owned())
        } else if let Some(role) = outermost_role(step["scope"].as_u64(), scopes) {
            Key::Group(role)
        } else if let ("join" | "meta", Some(last)) = (kind, keys.last()) {
            last.clone()
        } else {
            Key::Tasks(number)
        };
        keys.push(key);
    }
    // Tasks in a row.
    let mut at = 0;
    while at < keys.len() {
        let is_task = |at: usize| matches!(keys[at], Key::Tasks(_)) && steps[at]["kind"]["type"] == "task";
        let length = (at..keys.len()).take_while(|at| is_task(*at)).count();
        if length > IN_A_ROW {
            let first = keys[at].clone();
            keys[at..at + length].fill(first);
        }
        at += length.max(1);
    }
    keys
}

/// The group nearest to the play that a scope lies in.
fn outermost_role(mut scope: Option<u64>, scopes: &[Json]) -> Option<u64> {
    let mut found = None;
    while let Some(number) = scope {
        let scope_of = scopes.get(usize::try_from(number).ok()?)?;
        if scope_of["kind"] == "group" {
            found = Some(number);
        }
        scope = scope_of["parent"].as_u64();
    }
    found
}

/// What was left out stands where the graph was closed over it: in a row before the step that was behind it, or at the end.
fn prune(
    groups: &mut IndexMap<Key, Group>,
    edges: &mut Edges,
    play: &Json,
    of_step: &HashMap<String, usize>,
) {
    let list = |name: &str| play[name].as_array().map(Vec::as_slice).unwrap_or_default();
    let place = |step: &Json| of_step.get(step.as_str().unwrap_or_default()).copied();
    let mut rows: IndexMap<Option<usize>, IndexSet<usize>> = IndexMap::new();
    for step in list("pruned") {
        let name = step["stage"].as_str().or(step["name"].as_str()).unwrap_or_default().replace('_', " ");
        let before = place(&step["before"]);
        let entry = groups.entry(Key::Pruned(name.clone(), before));
        let at = entry.index();
        let group = entry.or_default();
        group.name = name;
        group.steps.push((StepId::new(text(&step["step"])), text(&step["name"])));
        group.hosts.extend(step["hosts"].as_array().into_iter().flatten().map(text));
        rows.entry(before).or_default().insert(at);
    }
    let end = of_step.values().max().copied();
    for (before, row) in rows {
        let bridges =
            list("bridges").iter().filter(|bridge| before.is_some() && place(&bridge["to"]) == before);
        let from: Vec<usize> = bridges.filter_map(|bridge| place(&bridge["from"])).collect();
        let from = if before.is_none() { end.into_iter().collect() } else { from };
        let steps: Vec<usize> = row.into_iter().chain(before).collect();
        edges.extend(from.iter().filter_map(|from| Some(((*from, *steps.first()?), false))));
        edges.extend(steps.windows(2).map(|pair| ((pair[0], pair[1]), false)));
    }
}

impl Group {
    fn add(&mut self, step: &Json, key: &Key, scopes: &[Json]) {
        let name = text(&step["name"]);
        if self.steps.is_empty() {
            self.name = match key {
                Key::Case(case) => case.clone(),
                Key::Group(scope) => {
                    let scope = usize::try_from(*scope).ok().and_then(|at| scopes.get(at));
                    scope.map(|scope| text(&scope["label"])).unwrap_or_default()
                }
                _ => name.clone(),
            };
        }
        self.steps.push((StepId::new(text(&step["id"])), name));
        self.hosts.extend(step["hosts"].as_array().into_iter().flatten().map(text));
        self.cases.extend(step["case"]["id"].as_str().map(str::to_owned));
        if let Some(round) = step["case"]["round"].as_u64() {
            self.rounds.insert((step["case"]["warmup"] == true, round));
        }
    }

    /// What is said of it; `hosts` are all that the play has.
    fn line(&self, course: &Course, hosts: usize) -> Line {
        let mut parts = Vec::new();
        let mut name = self.name.clone();
        if self.cases.len() > 1 {
            parts.push(plural(self.cases.len(), "case"));
        }
        let warmup = self.rounds.iter().filter(|(warmup, _)| *warmup).count();
        match (warmup, self.rounds.len() - warmup) {
            (0, 0) => {}
            (0, rounds) => parts.push(plural(rounds, "round")),
            (warmup, rounds) => parts.push(format!("{warmup}+{}", plural(rounds, "round"))),
        }
        if self.cases.is_empty() && self.steps.len() > 1 {
            parts.push(plural(self.steps.len(), "task"));
            // Several tasks are named by the first and the last, unless something else names them all.
            if let (Some((_, first)), Some((_, last))) = (self.steps.first(), self.steps.last())
                && *first == name
                && *last != name
            {
                name = format!("{name} … {last}");
            }
        }
        if self.hosts.len() < hosts {
            let few: Vec<&str> = self.hosts.iter().map(String::as_str).collect();
            parts.push(if few.len() <= 2 { few.join(", ") } else { plural(few.len(), "host") });
        }
        let outcomes = || self.steps.iter().filter_map(|(id, _)| course.steps.get(id));
        let from = outcomes().map(|outcome| outcome.from).fold(f64::INFINITY, f64::min);
        let to = outcomes().map(|outcome| outcome.to).fold(f64::NEG_INFINITY, f64::max);
        if to - from >= 0.05 {
            parts.push(human_duration(Duration::from_secs_f64(to - from)));
        }
        let failed: IndexSet<&str> =
            outcomes().flat_map(|outcome| &outcome.failed).map(HostName::as_str).collect();
        match failed.len() {
            0 => {}
            1..=3 => {
                parts.push(format!("failed on {}", failed.iter().copied().collect::<Vec<_>>().join(", ")));
            }
            many => parts.push(format!("failed on {}", plural(many, "host"))),
        }
        Line { name, about: parts.join(" · "), failed: !failed.is_empty() }
    }
}

/// Groups that wait for each other in a circle take turns and are one box; edges that others imply are left out.
fn condense(lines: &[Line], live: usize, edges: &Edges) -> Graph {
    let mut graph: DiGraph<(), ()> = DiGraph::new();
    let nodes: Vec<NodeIndex> = lines.iter().map(|_| graph.add_node(())).collect();
    for (from, to) in edges.keys() {
        graph.add_edge(nodes[*from], nodes[*to], ());
    }
    // Circles come in an order in which what others wait for comes last.
    let mut circles: Vec<Vec<usize>> = tarjan_scc(&graph)
        .into_iter()
        .map(|circle| circle.into_iter().map(NodeIndex::index).collect())
        .collect();
    circles.reverse();
    let mut of_line = vec![0; lines.len()];
    let mut boxes = Vec::new();
    for (number, circle) in circles.iter_mut().enumerate() {
        circle.sort_unstable();
        for line in circle.iter() {
            of_line[*line] = number;
        }
        boxes.push(Box {
            pruned: circle.iter().all(|line| *line >= live),
            lines: circle.iter().map(|line| lines[*line].clone()).collect(),
        });
    }
    let mut between = Edges::new();
    for ((from, to), barrier) in edges {
        let (from, to) = (of_line[*from], of_line[*to]);
        if from != to {
            *between.entry((from, to)).or_default() |= barrier;
        }
    }
    let followers: HashMap<usize, Vec<usize>> = between.keys().fold(HashMap::new(), |mut map, (from, to)| {
        map.entry(*from).or_insert_with(Vec::new).push(*to);
        map
    });
    let is_implied = |from: usize, to: usize| {
        let mut seen = HashSet::new();
        let mut next: Vec<usize> = followers[&from].iter().copied().filter(|next| *next != to).collect();
        while let Some(at) = next.pop() {
            if at == to {
                return true;
            }
            // What was left out implies nothing: the edge over it is the one that holds.
            if !boxes[at].pruned && seen.insert(at) {
                next.extend(followers.get(&at).into_iter().flatten());
            }
        }
        false
    };
    let is_kept = |((from, to), _): &(&(usize, usize), &bool)| {
        boxes[*from].pruned || boxes[*to].pruned || !is_implied(*from, *to)
    };
    let kept = between.iter().filter(is_kept).map(|((from, to), barrier)| (*from, *to, *barrier)).collect();
    Graph { boxes, edges: kept }
}
