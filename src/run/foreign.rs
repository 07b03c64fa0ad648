//! Calls of modules that are files: what they are told, who reads them, and how they become one program that an agent runs.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::arguments::{self, Wanted};
use super::delegate::scope_there;
use super::keyword::boolean;
use super::target::RemoteTarget;
use super::turn::Turn;
use crate::action::{Invocation, Target};
use crate::base::ansible::VERSION;
use crate::base::{Map, Value, shlex};
use crate::load::foreign::{ARGUMENTS, Foreign, Kind, Packing, interpreter};
use crate::plan::Strictness;
use crate::vars::{Templar, TemplateError, json_text};
use crate::wire::Outcome;

/// What agents are asked for.
const SERVICE: &str = "_foreign";
/// The fact that says which Python a target has.
const DISCOVERED: &str = "discovered_interpreter_python";
/// Pythons that are looked for on a target, best first.
const PYTHONS: [&str; 8] = [
    "python3.13",
    "python3.12",
    "python3.11",
    "python3.10",
    "python3.9",
    "python3.8",
    "/usr/bin/python3",
    "python3",
];
/// What a module in Python says when it says nothing about who reads it.
const PYTHON: &str = "/usr/bin/python";
/// What is said instead of a path: find one.
const AUTO: [&str; 5] = ["", "auto", "auto_silent", "auto_legacy", "auto_legacy_silent"];

/// Who reads a program.
#[derive(Default)]
struct Reader {
    /// The beginning of its command line.
    words: Vec<String>,
    /// Whether a Python is to be looked for, and whether that is told.
    look: Option<bool>,
}

/// Does it. What a template says wrong is an error; everything else is an outcome.
pub(super) async fn call(
    turn: &Turn<'_>,
    templar: &Templar,
    target: &RemoteTarget<'_>,
    module: &Arc<Foreign>,
) -> Result<Outcome, TemplateError> {
    let task = turn.task;
    let free = task.call.free_form.is_some().then_some("_raw_params");
    let arguments =
        arguments::render(task, Wanted { free_form: free, open: true, unrendered: &[] }, templar)?;
    if free.is_some() {
        let name = &task.call.name.value;
        return Ok(Outcome::failed(format!("Task failed: Action '{name}' does not support raw params.")));
    }
    call_with(turn, templar, target, module, &arguments, None).await
}

/// Does it with these arguments, and ends it after `limit`.
pub(super) async fn call_with(
    turn: &Turn<'_>,
    templar: &Templar,
    target: &RemoteTarget<'_>,
    module: &Arc<Foreign>,
    arguments: &Map,
    limit: Option<Duration>,
) -> Result<Outcome, TemplateError> {
    let told = told(turn, target, module, arguments);
    let loader = &turn.unit.shared.compiler.project.loader;
    let source = match loader.files().read(&module.path) {
        Ok(source) => source,
        Err(error) => return Ok(Outcome::failed(format!("cannot read {}: {error}", module.path.display()))),
    };
    // What reads it is said of the host that it runs on.
    let there = turn.delegate.as_ref().map(|name| turn.unit.templar(scope_there(name, turn.unit)));
    let reader = match reader(turn, there.as_ref().unwrap_or(templar), module, &source)? {
        Ok(reader) => reader,
        Err(refused) => return Ok(refused),
    };
    let json = || json_text(&Value::from(&told)).unwrap_or_default();
    let (program, beside) = match module.kind {
        Kind::Python => {
            let library = loader.library();
            let packing =
                Packing { module: Arc::clone(module), arguments: told.clone(), folders: library.beside() };
            let core = Arc::clone(library.core());
            // It waits for another process.
            let packed = tokio::task::spawn_blocking(move || core.pack(&packing)).await;
            match packed.map_err(|error| error.to_string()).and_then(|packed| packed) {
                Ok(program) => (program, None),
                Err(why) => return Ok(Outcome::failed(format!("Task failed: {why}"))),
            }
        }
        Kind::JsonInside => {
            let text = String::from_utf8_lossy(&source).replace(ARGUMENTS, &json());
            (text.into_bytes(), None)
        }
        Kind::Words => (source, Some(words(&told))),
        Kind::Json | Kind::Binary | Kind::PowerShell | Kind::Action => (source, Some(json())),
    };
    // No program finds itself where it looks for what it imports.
    let file = format!("AnsiballZ_{}", module.path.file_name().unwrap_or_default().to_string_lossy());
    let mut args = Map::from_iter([("name", Value::from(file)), ("program", Value::Bytes(program.into()))]);
    args.insert("interpreter", reader.words);
    if let Some(beside) = beside {
        args.insert("arguments", beside);
    }
    if reader.look.is_some() {
        args.insert("candidates", PYTHONS.to_vec());
    }
    args.insert("invocation", turn.unit.shared.options.verbosity >= 3);
    let mut outcome = target.call(Invocation { module: SERVICE, args, limit, ..Invocation::default() }).await;
    let found = outcome.values.get("ansible_facts").and_then(|facts| facts.get(DISCOVERED)).cloned();
    let delegate_facts = turn.task.inherited.delegate_facts.as_ref();
    if target.place.delegated && boolean(delegate_facts, "delegate_facts", templar)? != Some(true) {
        // It is the other host's, which gets no facts.
        if let Some(Value::Map(facts)) = outcome.values.get("ansible_facts") {
            let mut facts = Map::clone(facts);
            facts.remove_key(&DISCOVERED.into());
            outcome.values.insert("ansible_facts", facts);
        }
    }
    if let (Some(true), Some(found)) = (reader.look, found) {
        let host = &target.place.host;
        let warning = format!(
            "Host '{host}' is using the discovered Python interpreter at '{found}', but future installation of another Python interpreter could cause a different interpreter to be discovered."
        );
        outcome.warnings.insert(0, warning);
    }
    Ok(outcome)
}

/// The task's arguments, and what Ansible tells every module. Secrets are legible: the module has to use them.
fn told(turn: &Turn<'_>, target: &RemoteTarget<'_>, module: &Foreign, arguments: &Map) -> Map {
    let shared = &turn.unit.shared;
    let core = shared.compiler.project.loader.library().core();
    let version = match module.kind {
        Kind::Python => core.installation().map(|core| core.version.clone()).unwrap_or_default(),
        _ => VERSION.to_owned(),
    };
    let filesystems = vec!["fuse", "nfs", "vboxsf", "ramfs", "9p", "vfat"];
    let mut told: Map = arguments.iter().map(|(name, value)| (name.clone(), value.legible())).collect();
    for (name, value) in [
        ("check_mode", target.manner.check.into()),
        ("no_log", target.secret.into()),
        ("debug", false.into()),
        ("diff", target.manner.diff.into()),
        ("verbosity", shared.options.verbosity.into()),
        ("version", version.into()),
        ("module_name", Value::from(&*module.name)),
        ("syslog_facility", "LOG_USER".into()),
        ("selinux_special_fs", filesystems.into()),
        ("socket", Value::Null),
        ("shell_executable", "/bin/sh".into()),
        ("keep_remote_files", false.into()),
        // It makes folders of its own where the system has them.
        ("tmpdir", Value::Null),
        ("remote_tmp", Value::Null),
        ("ignore_unknown_opts", false.into()),
        ("target_log_info", Value::Null),
        ("tracebacks_for", Value::list(Vec::new())),
    ] {
        told.insert(format!("_ansible_{name}"), value);
    }
    told
}

/// `k=v` words, quoted as a shell wants them.
fn words(told: &Map) -> String {
    let word = |(name, value): (&crate::base::Key, &Value)| {
        format!(
            "{name}={} ",
            shlex::quote(&match value {
                Value::Null => "None".to_owned(),
                value => value.to_string(),
            })
        )
    };
    told.iter().map(word).collect()
}

/// Who reads the file: what a variable says for the program in its first line, or that program; for Python the first that is
/// found on the target.
fn reader(
    turn: &Turn<'_>,
    templar: &Templar,
    module: &Foreign,
    source: &[u8],
) -> Result<Result<Reader, Outcome>, TemplateError> {
    if module.kind == Kind::Binary {
        return Ok(Ok(Reader::default()));
    }
    let line = interpreter(source).or_else(|| (module.kind == Kind::Python).then(|| vec![PYTHON.to_owned()]));
    let Some(line) = line else {
        let name = &module.name;
        return Ok(Err(Outcome::failed(format!("Task failed: module ({name}) is missing interpreter line"))));
    };
    let program = Path::new(&line[0]).file_name().unwrap_or_default().to_string_lossy().into_owned();
    let variable = |name: &str| -> Result<Option<String>, TemplateError> {
        let Some((value, _)) = templar.scope().lookup(name) else { return Ok(None) };
        templar.render_str(value).map(|text| Some(text.trim().to_owned()))
    };
    let options = &turn.unit.shared.compiler.options;
    let mut said = variable(&format!("ansible_{program}_interpreter"))?;
    if program == "python" {
        said = said.or_else(|| options.python_interpreter.clone()).or_else(|| Some("auto".to_owned()));
        if let Some(word) = said.as_deref().filter(|word| AUTO.contains(word)) {
            let is_told = options.strictness == Strictness::Late && !word.ends_with("_silent");
            match variable(DISCOVERED)? {
                Some(found) => said = Some(found),
                None => return Ok(Ok(Reader { words: Vec::new(), look: Some(is_told) })),
            }
        }
    }
    let words = match said.filter(|said| !said.is_empty()) {
        Some(said) => shlex::split(&said)
            .unwrap_or_else(|_| vec![said])
            .into_iter()
            .chain(line[1..].iter().cloned())
            .collect(),
        None => line,
    };
    Ok(Ok(Reader { words, look: None }))
}
