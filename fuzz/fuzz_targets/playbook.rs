//! Any text as a playbook: it is read, compiled and shown, or every mistake is told. Nothing runs.
#![no_main]

use std::sync::{Arc, LazyLock};

use benchbook::action::ACTIONS;
use benchbook::base::Diagnostics;
use benchbook::base::spec::Catalogue;
use benchbook::load::project::Asked;
use benchbook::load::{Config, Expressions, MemoryFiles, Project};
use benchbook::module::SPECS;
use benchbook::plan::{Compiler, Options, render};
use benchbook::vars::Inventories;
use libfuzzer_sys::{Corpus, fuzz_target};

const HOSTS: &str = "[web]\nw[1:3] vendor=none\n[web:vars]\nin_container=true\n";

static CATALOGUE: LazyLock<Arc<Catalogue>> = LazyLock::new(|| {
    Arc::new(Catalogue::new(SPECS.iter().copied()).with_actions(ACTIONS.iter().map(|a| a.spec)))
});

fuzz_target!(|text: &str| -> Corpus {
    // What is known before the run is rendered, and this lookup runs commands.
    if text.contains("pipe") {
        return Corpus::Reject;
    }
    if let Err(errors) = compile(text) {
        drop(errors.to_string());
    }
    Corpus::Keep
});

fn compile(text: &str) -> Result<(), Diagnostics> {
    let files = MemoryFiles::new([
        ("playbook.yml", text),
        ("hosts.ini", HOSTS),
        ("more.yml", "- debug: {msg: '{{ item }}'}\n"),
        ("roles/r/tasks/main.yml", "- command: 'true'\n"),
    ]);
    let asked = Asked {
        playbook: "playbook.yml".into(),
        inventory: vec!["hosts.ini".into()],
        extra_vars: Vec::new(),
        ..Asked::default()
    };
    let catalogue = Arc::clone(&CATALOGUE);
    let files: Arc<MemoryFiles> = Arc::new(files);
    let evaluator = Inventories::new(Arc::clone(&files) as _, Expressions::Strict);
    let project = Project::read(files, Arc::clone(&catalogue), Config::default(), &evaluator, &asked)?;
    let compiler = Compiler::new(Arc::new(project), catalogue, Options::default());
    let plan = compiler.plan()?;
    drop(plan.warnings.to_string());
    drop(render::tree(&plan, &render::Hints::default()));
    drop(render::commands(&compiler, &plan));
    drop(render::json(&plan).to_string());
    Ok(())
}
