//! Python where the user has it: helper processes on the controller that have the user's own ansible-core do what only that can.
//! One packs modules and calls plugins; tasks are done by others, each by one that has nothing else to do.
//!
//! Nothing is started before somebody asks. Knows no task, no host and no agent.

mod find;
mod process;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use serde_json::{Value as Json, json};
use tokio::runtime::{Handle, RuntimeFlavor};

use self::process::{Process, Trouble, nobody};
use crate::base::{Map, Value};
use crate::load::foreign::{Acting, AnsibleCore, Force, Installation, Packing, Question, Side, Stop, Want};

/// The variable of the environment that says which Python.
pub const VARIABLE: &str = "BENCHBOOK_ANSIBLE_PYTHON";

/// A plugin that somebody looked for: its kind, its name, and in how many folders.
type Sought = (&'static str, String, usize);

/// The user's ansible-core, behind a helper process that is started when it is first wanted.
pub struct Python {
    /// What the settings say: the only one that is tried.
    said: Option<PathBuf>,
    /// Folders that hold `ansible_collections`, as the settings say.
    collections: Vec<PathBuf>,
    helper: OnceLock<Result<Helper, String>>,
    /// Those that do tasks, while they do none.
    idle: Mutex<Vec<Process>>,
    /// Where plugins are.
    known: Mutex<HashMap<Sought, Option<PathBuf>>>,
}

struct Helper {
    installation: Arc<Installation>,
    /// None while it is gone: it is started again for the next question.
    process: Mutex<Option<Process>>,
    leash: Leash,
    /// How often nobody was to wait any longer.
    interrupted: AtomicU64,
}

#[derive(Deserialize)]
struct Answered {
    python: PathBuf,
    version: String,
    package: PathBuf,
    collections: Vec<PathBuf>,
}

impl Python {
    /// The one that `said` names, or else the first that is found.
    pub fn new(said: Option<PathBuf>, collections: Vec<PathBuf>) -> Self {
        Self { said, collections, helper: OnceLock::new(), idle: Mutex::default(), known: Mutex::default() }
    }

    fn helper(&self) -> Result<&Helper, String> {
        self.helper.get_or_init(|| self.find()).as_ref().map_err(Clone::clone)
    }

    /// The first Python that has ansible-core.
    fn find(&self) -> Result<Helper, String> {
        let candidates = self.said.clone().map_or_else(find::candidates, |said| vec![said]);
        let mut tried = Vec::new();
        for python in candidates {
            let shown = python.display();
            let started = Process::start(&python).map_err(|error| Trouble::Gone(error.to_string()));
            let asked = started.and_then(|mut process| {
                process.ask(&json!({"do": "installation"})).map(|answer| (process, answer))
            });
            match asked {
                Ok((process, answer)) => {
                    let found: Answered = serde_json::from_value(answer)
                        .map_err(|error| format!("the answer of {shown} cannot be read: {error}"))?;
                    let Answered { python, version, package, collections } = found;
                    let installation = Installation { python, version, package, collections };
                    return Ok(Helper {
                        installation: Arc::new(installation),
                        process: Mutex::new(Some(process)),
                        leash: Leash::default(),
                        interrupted: AtomicU64::new(0),
                    });
                }
                Err(trouble) => tried.push(format!("{shown}: {}", trouble.words())),
            }
        }
        if tried.is_empty() {
            return Err("there is neither `python3` nor `ansible-playbook` on PATH".to_owned());
        }
        Err(tried.join("; "))
    }

    fn ask(&self, question: &Json) -> Result<Json, String> {
        waiting(|| self.helper()?.converse(question, &mut |_| Some(nobody())))
    }
}

impl Helper {
    /// Asks its process, one question at a time.
    fn converse(&self, question: &Json, give: &mut dyn FnMut(Want) -> Option<Json>) -> Result<Json, String> {
        let before = self.interrupted.load(Ordering::SeqCst);
        let mut kept = locked(&self.process);
        if self.interrupted.load(Ordering::SeqCst) > before {
            return Err("cancelled".to_owned());
        }
        let mut process = match kept.take() {
            Some(process) => process,
            None => started(&self.installation.python)?,
        };
        self.leash.hold(process.stop());
        let answer = process.converse(question, give);
        if self.leash.let_go() && !matches!(answer, Err(Trouble::Gone(_))) {
            *kept = Some(process);
        }
        answer.map_err(Trouble::words)
    }
}

/// By this a process is ended from elsewhere, while somebody waits for it; afterwards it may be somebody else's.
#[derive(Default)]
struct Leash(Mutex<(Option<Stop>, bool)>);

impl Leash {
    fn hold(&self, stop: Stop) {
        *locked(&self.0) = (Some(stop), false);
    }

    fn pull(&self, force: Force) {
        let (stop, was_pulled) = &mut *locked(&self.0);
        if let Some(stop) = stop {
            stop(force);
            *was_pulled = true;
        }
    }

    /// Whether nobody pulled: the process stays.
    fn let_go(&self) -> bool {
        let (stop, was_pulled) = &mut *locked(&self.0);
        *stop = None;
        !*was_pulled
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn started(python: &Path) -> Result<Process, String> {
    Process::start(python).map_err(|error| format!("cannot start {}: {error}", python.display()))
}

/// Waits for somebody else, who may take his time: a runtime's other work goes on, and so does what ends him.
fn waiting<T>(work: impl FnOnce() -> T) -> T {
    let flavor = Handle::try_current().map(|runtime| runtime.runtime_flavor());
    match flavor {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(work),
        _ => work(),
    }
}

/// As the helper sees it; a path of nothing is the working directory.
fn absolute(path: &Path) -> PathBuf {
    let path = if path == Path::new("") { Path::new(".") } else { path };
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

fn all(paths: &[PathBuf]) -> Vec<PathBuf> {
    paths.iter().map(|path| absolute(path)).collect()
}

impl AnsibleCore for Python {
    fn installation(&self) -> Result<Arc<Installation>, String> {
        self.helper().map(|helper| Arc::clone(&helper.installation))
    }

    fn pack(&self, packing: &Packing) -> Result<Vec<u8>, String> {
        let answer = self.ask(&json!({
            "do": "pack",
            "name": packing.module.name,
            "path": absolute(&packing.module.path),
            "arguments": packing.arguments,
            "folders": all(&packing.folders),
            "collections": all(&self.collections),
        }))?;
        let program = answer.get("program").and_then(Json::as_str).unwrap_or_default();
        BASE64_STANDARD.decode(program).map_err(|error| format!("the program cannot be read: {error}"))
    }

    fn plugin(&self, kind: &'static str, name: &str, folders: &[PathBuf]) -> Option<PathBuf> {
        let key = (kind, name.to_owned(), folders.len());
        if let Some(known) = locked(&self.known).get(&key) {
            return known.clone();
        }
        let answer = self.ask(&json!({
            "do": "find_plugin",
            "kind": kind,
            "name": name,
            "folders": all(folders),
            "collections": all(&self.collections),
        }));
        let path = answer.ok().and_then(|answer| answer.as_str().map(PathBuf::from));
        locked(&self.known).insert(key, path.clone());
        path
    }

    fn ask_plugin(
        &self,
        question: &Question,
        give: &mut dyn FnMut(Want) -> Option<Json>,
    ) -> Result<Value, String> {
        let question = json!({
            "do": "plugin",
            "kind": question.kind,
            "name": question.name,
            "positional": question.positional,
            "named": question.named,
            "search": all(&question.search),
            "folders": all(&question.folders),
            "collections": all(&self.collections),
        });
        let answer = waiting(|| self.helper()?.converse(&question, give))?;
        serde_json::from_value(answer).map_err(|error| format!("its answer cannot be read: {error}"))
    }

    fn act(&self, acting: &Acting, side: &mut dyn Side) -> Result<Map, String> {
        let python = &self.helper()?.installation.python;
        let idle = locked(&self.idle).pop();
        let mut process = match idle {
            Some(process) => process,
            None => started(python)?,
        };
        let leash = Arc::new(Leash::default());
        leash.hold(process.stop());
        let held = Arc::clone(&leash);
        side.begins(Box::new(move |force| held.pull(force)));
        let mut question = serde_json::to_value(acting).map_err(|error| error.to_string())?;
        for (name, value) in [
            ("do", json!("act")),
            ("folder", json!(absolute(&acting.folder))),
            ("folders", json!(all(&acting.folders))),
            ("search", json!(all(&acting.search))),
            ("collections", json!(all(&self.collections))),
        ] {
            question[name] = value;
        }
        let answer = process.converse(&question, &mut |want| side.give(want));
        if leash.let_go() && !matches!(answer, Err(Trouble::Gone(_))) {
            locked(&self.idle).push(process);
        }
        let answer = answer.map_err(Trouble::words)?;
        serde_json::from_value(answer).map_err(|error| format!("its answer cannot be read: {error}"))
    }

    fn interrupt(&self, force: Force) {
        // Where nobody has asked for it, or it has not been found, nobody waits.
        if let Some(Ok(helper)) = self.helper.get() {
            helper.interrupted.fetch_add(1, Ordering::SeqCst);
            helper.leash.pull(force);
        }
    }
}
