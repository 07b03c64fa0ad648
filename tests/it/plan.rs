//! Playbooks and what the compiler makes of them: each folder of `tests/cases/plan/` holds a playbook, an inventory, and
//! `args`, one line per way to ask. Snapshots hold the plan, or the whole text of what is wrong.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use benchbook::action::ACTIONS;
use benchbook::base::spec::Catalogue;
use benchbook::base::{Diagnostics, HostName};
use benchbook::load::project::Asked;
use benchbook::load::{Config, DiskFiles, Expressions, Project, Reading};
use benchbook::module::SPECS;
use benchbook::plan::render::{self, Hints};
use benchbook::plan::{Compiler, Options, Order, Plan, StepKind};
use benchbook::vars::Inventories;

fn catalogue() -> Arc<Catalogue> {
    let modules = SPECS.iter().copied();
    Arc::new(Catalogue::new(modules.chain(ACTIONS.iter().map(|a| a.spec))))
}

/// What one line of `args` asks for.
#[derive(Default)]
struct Question {
    options: Options,
    format: String,
    extra: Vec<String>,
}

fn question(line: &str) -> Question {
    let mut question = Question { format: "tree".to_owned(), ..Question::default() };
    let options = &mut question.options;
    let mut words = line.split_whitespace().map(ToOwned::to_owned);
    while let Some(word) = words.next() {
        let mut next = || words.next().expect("an argument follows");
        match word.as_str() {
            "--in-container" => options.in_container = Some(true),
            "--no-in-container" => options.in_container = Some(false),
            "--tags" => options.tags.push(next()),
            "--skip-tags" => options.skip_tags.push(next()),
            "--case" => options.cases.push(next()),
            "--stage" => options.stages.push(next()),
            "--skip-stage" => options.skip_stages.push(next()),
            "--forks" => options.forks = next().parse().ok(),
            "--connections" => options.connections = next().parse().ok(),
            "--limit" => options.limit = Some(next()),
            "--format" => question.format = next(),
            "-e" => question.extra.push(next()),
            other => match other.strip_prefix("EXEC_IN_CONTAINER=") {
                Some(value) => options.exec_in_container = Some(value.to_owned()),
                None => panic!("unknown argument {other}"),
            },
        }
    }
    question
}

fn compiler(folder: &Path, question: &Question) -> Result<Compiler, Diagnostics> {
    let inventory = fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().path())
        .find(|p| p.file_stem().is_some_and(|s| s == "hosts"))
        .unwrap();
    let asked = Asked {
        more: Vec::new(),
        reading: Reading::default(),
        playbook: folder.join("playbook.yml"),
        inventory: vec![inventory.display().to_string()],
        extra_vars: question.extra.clone(),
        ..Asked::default()
    };
    let catalogue = catalogue();
    let evaluator = Inventories::new(Arc::new(DiskFiles), Expressions::Strict);
    let project =
        Project::read(Arc::new(DiskFiles), Arc::clone(&catalogue), Config::default(), &evaluator, &asked)?;
    Ok(Compiler::new(Arc::new(project), catalogue, question.options.clone()))
}

fn answer(folder: &Path, line: &str) -> String {
    let question = question(line);
    let compiled = compiler(folder, &question).and_then(|c| c.plan().map(|p| (c, p)));
    let text = match compiled {
        Err(errors) => errors.to_string(),
        Ok((compiler, plan)) => {
            let warnings: String = plan.warnings.iter().map(|w| format!("\n{w}\n")).collect();
            shown(&compiler, &plan, &question.format) + &warnings
        }
    };
    text.replace(&format!("{}/", folder.display()), "").replace(&folder.display().to_string(), ".")
}

fn shown(compiler: &Compiler, plan: &Plan, format: &str) -> String {
    match format {
        "tree" => render::tree(plan, &Hints { run: "benchbook run playbook.yml".to_owned(), quiet: false }),
        "dot" => render::dot(plan),
        "mermaid" => render::mermaid(plan),
        "commands" => render::commands(compiler, plan),
        "ids" => plan
            .plays
            .iter()
            .flat_map(|p| p.fragment.graph.node_weights())
            .map(|s| format!("{}\n", s.id))
            .collect(),
        "edges" => edges(plan),
        other => panic!("unknown format {other}"),
    }
}

fn edges(plan: &Plan) -> String {
    let mut lines = Vec::new();
    for play in &plan.plays {
        let graph = &play.fragment.graph;
        for edge in graph.edge_indices() {
            let (from, to) = graph.edge_endpoints(edge).unwrap();
            let arrow = if graph[edge] == Order::Barrier { "=>" } else { "->" };
            lines.push(format!("{} {arrow} {}\n", graph[from].name, graph[to].name));
        }
    }
    lines.concat()
}

#[test]
fn playbooks_become_plans_or_messages() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/plan");
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let mut folders: Vec<_> = fs::read_dir(&cases)
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.join("args").is_file())
        .collect();
    folders.sort();
    assert!(folders.len() > 5);
    for folder in folders {
        let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
        settings.set_snapshot_path(&folder);
        let lines = fs::read_to_string(folder.join("args")).unwrap();
        for (number, line) in lines.lines().enumerate() {
            settings.set_description(format!("plan {line}"));
            settings
                .bind(|| insta::assert_snapshot!(format!("{name}-{}", number + 1), answer(&folder, line)));
        }
    }
}

/// Every plan of the test data that compiles.
fn plans() -> Vec<Plan> {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/plan");
    let folders =
        fs::read_dir(cases).unwrap().map(|e| e.unwrap().path()).filter(|p| p.join("args").is_file());
    folders.filter_map(|f| compiler(&f, &Question::default()).ok()?.plan().ok()).collect()
}

#[test]
fn step_ids_are_unique_and_every_step_has_the_hosts_of_its_play() {
    let plans = plans();
    assert!(plans.len() > 3);
    for plan in plans {
        let mut ids = std::collections::BTreeSet::new();
        for play in &plan.plays {
            for step in play.fragment.graph.node_weights() {
                assert!(ids.insert(step.id.clone()), "{} twice", step.id);
                assert!(step.hosts.iter().all(|h| play.hosts.contains(h)));
            }
            let batches: Vec<HostName> = play.batches.concat();
            assert_eq!(batches, play.hosts);
        }
    }
}

#[test]
fn a_plan_is_the_same_every_time() {
    let texts = || plans().iter().map(|p| render::json(p).to_string()).collect::<Vec<_>>();
    assert_eq!(texts(), texts());
}

#[test]
fn a_flush_has_a_step_per_handler_and_an_include_brings_its_file() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/plan/generic");
    let compiler = compiler(&folder, &Question::default()).unwrap();
    let plan = compiler.plan().unwrap();
    let play = &plan.plays[0];
    let step =
        |word: &str| play.fragment.graph.node_weights().find(|s| s.id.as_str().ends_with(word)).unwrap();
    let flush = step("tasks/flush_handlers");
    let fragment = compiler.flush(0, flush, &play.hosts, &play.fragment.handlers).unwrap();
    let ids: Vec<_> = fragment.graph.node_weights().map(|s| (s.id.to_string(), s.handler)).collect();
    let id = |word: &str| format!("{}/{word}", flush.id);
    assert_eq!(ids, [(id("reload-app"), Some(0)), (id("restart-app"), Some(1))]);

    let include = step("include_tasks");
    assert!(matches!(include.kind, StepKind::Expand(_)));
    let inclusion = |n: i64| benchbook::plan::Inclusion {
        from: None,
        switches: Vec::new(),
        target: Arc::from("more.yml"),
        vars: [("item", n)].into_iter().collect(),
    };
    let expand = |n: i64| compiler.expand(0, include, &play.hosts[..1], &[inclusion(n)]).unwrap();
    let ids =
        |f: &benchbook::plan::Fragment| f.graph.node_weights().map(|s| s.id.to_string()).collect::<Vec<_>>();
    assert_eq!(ids(&expand(1)), ids(&expand(1)));
    assert_ne!(ids(&expand(1)), ids(&expand(2)));
    assert_eq!(expand(1).graph.node_count(), 2);
    let missing = benchbook::plan::Inclusion {
        target: Arc::from("none.yml"),
        from: None,
        switches: Vec::new(),
        vars: benchbook::base::Map::new(),
    };
    assert!(compiler.expand(0, include, &play.hosts, &[missing]).is_err());
}

#[test]
fn the_json_is_what_its_schema_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference/plan.schema.json");
    let schema: serde_json::Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    assert_eq!(schema["properties"]["schema"]["const"], render::SCHEMA_VERSION);
    for plan in plans() {
        let json = render::json(&plan);
        assert_eq!(crate::json_schema::problems(&schema, &schema, &json, "plan"), Vec::<String>::new());
    }
    // The check itself notices what does not fit.
    let broken = serde_json::json!({"schema": 2, "playbook": "x", "plays": [{}], "other": 1});
    assert!(crate::json_schema::problems(&schema, &schema, &broken, "plan").len() > 3);
}
