//! The plan for programs, and as the run keeps it. `docs/reference/plan.schema.json` describes it; the version counts up when a
//! field changes its meaning or goes away.

use serde_json::{Value as Json, json};

use super::words::file;

use crate::base::value::MASK;
use crate::base::{Span, Spanned, Value};
use crate::model::{Better, Expect, Metric, MetricSource, Reduce, Requirement};
use crate::plan::{
    CasePart, CasePlan, Expand, Monitoring, Order, Plan, PlayPlan, Scope, ScopeKind, Section, Step, StepKind,
    TaskStep,
};

/// The version of the schema.
pub const SCHEMA_VERSION: u32 = 1;

/// The whole plan.
pub fn json(plan: &Plan) -> Json {
    json!({
        "schema": SCHEMA_VERSION,
        "playbook": crate::load::shown(&plan.playbook),
        "plays": plan.plays.iter().map(play).collect::<Vec<_>>(),
        "warnings": plan.warnings.iter().map(|w| json!({
            "code": w.code,
            "message": w.message,
            "place": w.span.as_ref().map(ToString::to_string),
        })).collect::<Vec<_>>(),
    })
}

fn play(play: &PlayPlan) -> Json {
    let graph = &play.fragment.graph;
    let id = |ix| {
        let step: &Step = &graph[ix];
        step.id.to_string()
    };
    let edges: Vec<Json> = graph
        .edge_indices()
        .filter_map(|e| {
            let (from, to) = graph.edge_endpoints(e)?;
            Some(json!({"from": id(from), "to": id(to), "order": order(graph[e])}))
        })
        .collect();
    let pruned = play.pruning.pruned.iter().map(|p| {
        json!({
            "step": p.step.id,
            "name": p.step.name,
            "stage": p.step.stage.as_ref().map(crate::model::Stage::name),
            "hosts": p.hosts,
            "place": place(&p.step.span),
            "before": p.before.map(id),
        })
    });
    let bridges = play
        .pruning
        .bridges
        .iter()
        .map(|b| json!({"from": id(b.from), "to": id(b.to), "order": order(b.order), "over": b.over}));
    json!({
        "number": play.number,
        "name": play.name,
        "hosts": play.hosts,
        "batches": play.batches,
        "strategy": play.strategy.name(),
        "after": play.after,
        "seed": play.seed,
        "open": play.open,
        "in_container": play.pruning.mode,
        "cases": play.fragment.cases.iter().map(case).collect::<Vec<_>>(),
        "handlers": play.fragment.handlers.iter()
            .map(|h| json!({"names": h.names, "listen": h.topics})).collect::<Vec<_>>(),
        "scopes": play.fragment.scopes.iter().map(scope).collect::<Vec<_>>(),
        "steps": graph.node_weights().map(step).collect::<Vec<_>>(),
        "edges": edges,
        "pruned": pruned.collect::<Vec<_>>(),
        "bridges": bridges.collect::<Vec<_>>(),
    })
}

fn order(order: Order) -> &'static str {
    match order {
        Order::PerHost => "per_host",
        Order::Barrier => "barrier",
    }
}

fn place(span: &Span) -> String {
    span.to_string()
}

fn scope(scope: &Scope) -> Json {
    let section = |s: Section| match s {
        Section::Body => "body",
        Section::Rescue => "rescue",
        Section::Always => "always",
    };
    let parent = scope.parent.map(crate::plan::ScopeIx::index);
    match &scope.kind {
        ScopeKind::Play => json!({"kind": "play", "parent": parent}),
        ScopeKind::Block { rescue, .. } => json!({"kind": "block", "rescue": rescue, "parent": parent}),
        ScopeKind::Case(id) => json!({"kind": "case", "case": id, "parent": parent}),
        ScopeKind::Round { number, warmup } => {
            json!({"kind": "round", "number": number, "warmup": warmup, "parent": parent})
        }
        ScopeKind::Section(s) => json!({"kind": "section", "section": section(*s), "parent": parent}),
        ScopeKind::Group(label)
        | ScopeKind::Plain { label, .. }
        | ScopeKind::Role(crate::plan::RoleScope { label, .. }) => {
            json!({"kind": "group", "label": label, "parent": parent})
        }
    }
}

fn step(step: &Step) -> Json {
    let case = step.case.as_ref().map(|c| {
        let (part, round, warmup) = match c.part {
            CasePart::Open => ("open", None, false),
            CasePart::Prepare => ("prepare", None, false),
            CasePart::Round { number, warmup } => ("round", Some(number), warmup),
            CasePart::Finish => ("finish", None, false),
            CasePart::Close => ("close", None, false),
        };
        json!({"id": c.id, "part": part, "round": round, "warmup": warmup})
    });
    let mut told = json!({
        "id": step.id,
        "name": step.name,
        "kind": kind(&step.kind),
        "scope": step.scope.index(),
        "hosts": step.hosts,
        "stage": step.stage.as_ref().map(crate::model::Stage::name),
        "tags": step.tags,
        "case": case,
        "place": place(&step.span),
    });
    if let Some(chapter) = &step.chapter {
        told["detail"] = chapter.detail.as_str().into();
    }
    told
}

fn kind(kind: &StepKind) -> Json {
    match kind {
        StepKind::Task(step) => task(step),
        StepKind::Expand(expand) => {
            let (what, task) = match expand {
                Expand::Play(_) => ("play", None),
                Expand::Tasks(step) => ("include_tasks", Some(task(step))),
                Expand::Role(step, _) => ("include_role", Some(task(step))),
                Expand::Flush => ("flush_handlers", None),
            };
            json!({"type": "expand", "brings": what, "task": task})
        }
        StepKind::Join => json!({"type": "join"}),
        StepKind::Meta(meta) => json!({"type": "meta", "action": format!("{:?}", meta.value)}),
        StepKind::CaseOpen { requires, .. } => {
            json!({"type": "case_open", "requires": requires.iter().map(requirement).collect::<Vec<_>>()})
        }
        StepKind::CaseClose => json!({"type": "case_close"}),
        StepKind::SameEnvironment => json!({"type": "same_environment"}),
        StepKind::Rendezvous => json!({"type": "rendezvous"}),
        StepKind::MonitorStart(m) => monitoring("monitor_start", m),
        StepKind::MonitorStop(m) => monitoring("monitor_stop", m),
    }
}

fn monitoring(word: &str, monitoring: &Monitoring) -> Json {
    let monitors: Vec<_> = monitoring.monitors.iter().map(|m| value(&m.name.value)).collect();
    json!({"type": word, "monitors": monitors})
}

fn task(task: &TaskStep) -> Json {
    let mut arguments = serde_json::Map::new();
    for argument in &task.call.arguments {
        arguments.insert(argument.name.to_string(), value(&argument.value));
    }
    let texts = |list: &[Spanned<Value>]| list.iter().map(|v| value(&v.value)).collect::<Vec<_>>();
    let one = |v: &Option<Spanned<Value>>| v.as_ref().map(|v| value(&v.value));
    let mut told = json!({
        "type": "task",
        "module": task.call.short_name(),
        "free_form": one(&task.call.free_form),
        "arguments": arguments,
        "when": texts(&task.inherited.when),
        "environment": texts(&task.inherited.environment),
        "loop": task.r#loop.as_ref().map(|l| value(&l.value)),
        "register": task.register.as_ref().map(|r| r.value.to_string()),
        "notify": texts(&task.inherited.notify),
        "delegate_to": one(&task.inherited.delegate_to),
        "run_once": one(&task.inherited.run_once),
        "timeout": one(&task.inherited.timeout),
        "grace": one(&task.inherited.grace),
        "role": task.role.as_ref().map(|(name, _)| name.to_string()),
        "metrics": task.metrics.iter().map(metric).collect::<Vec<_>>(),
    });
    if let Some(module) = &task.foreign {
        told["by"] = file(module).into();
    }
    told
}

fn case(case: &CasePlan) -> Json {
    json!({
        "id": case.id,
        "name": case.name,
        "params": value(&Value::from(&case.params)),
        "repeat": case.repeat,
        "going_on": case.going_on.map(|own| json!({"min": own.min, "until": own.until, "budget": own.budget})),
        "warmup": case.warmup,
        "hosts": case.hosts,
        "requires": case.requires.iter().map(requirement).collect::<Vec<_>>(),
        "metrics": case.metrics.iter().map(metric).collect::<Vec<_>>(),
        "gang": case.gang.map(|gang| json!({
            "nodes": gang.nodes,
            "ranks_per_node": gang.ranks_per_node,
            "reduce": gang.reduce.map(Reduce::word),
        })),
        "place": place(&case.span),
    })
}

fn requirement(requirement: &Requirement) -> Json {
    Json::from(super::case_rows::requirement(requirement))
}

fn metric(metric: &Metric) -> Json {
    let source = match &metric.source {
        MetricSource::Regex(pattern) => json!({"regex": &*pattern.value}),
        MetricSource::Json { path, labels } => {
            json!({"json": &*path.value, "labels": labels.iter().map(|l| &*l.value).collect::<Vec<_>>()})
        }
        MetricSource::Csv { column, labels, separator } => json!({
            "csv": &*column.value,
            "labels": labels.iter().map(|l| &*l.value).collect::<Vec<_>>(),
            "separator": separator,
        }),
    };
    json!({
        "name": &*metric.name.value,
        "unit": &*metric.unit.value,
        "better": if metric.better == Better::Higher { "higher" } else { "lower" },
        "source": source,
        "from": metric.from.as_ref().map(|f| value(&f.value)),
        "take": metric.take.map(|t| format!("{t:?}").to_lowercase()),
        "expect": metric.expect.iter().map(expect).collect::<Vec<_>>(),
    })
}

fn expect(expect: &Expect) -> Json {
    let one = |v: &Option<Spanned<Value>>| v.as_ref().map(|v| value(&v.value));
    json!({
        "where": value(&Value::Map(std::sync::Arc::clone(&expect.r#where))),
        "min": one(&expect.min),
        "max": one(&expect.max),
        "reference": one(&expect.reference),
        "tolerance": one(&expect.tolerance),
    })
}

/// A value; what must not be shown is masked.
fn value(value: &Value) -> Json {
    match value {
        Value::Bool(b) => Json::from(*b),
        Value::Int(i) => i64::try_from(*i).map_or_else(|_| Json::from(i.to_string()), Json::from),
        Value::Float(f) => Json::from(*f),
        Value::String(t) if t.is_secret() => Json::from(MASK),
        Value::Sealed(_) => Json::from(MASK),
        Value::List(items) => items.iter().map(self::value).collect(),
        Value::Map(map) => Json::Object(map.iter().map(|(k, v)| (k.to_string(), self::value(v))).collect()),
        Value::Null | Value::Undefined(_) | Value::Omit => Json::Null,
        other => Json::from(other.to_string()),
    }
}
