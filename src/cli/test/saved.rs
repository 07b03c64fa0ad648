//! Logs that are kept beside a case role, `roles/ROLE/tests/NAME/`, and the figures that its metrics should find in them.
//!
//! The folder holds what a task has said (`stdout.txt`, `stderr.txt`, or a file with the name that a metric's `from` ends with) and
//! `expected.yml`. Nothing is run: metrics are read out of `tasks/run.yml`, logs as they lie there.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::base::{Diagnostic, Diagnostics, args};
use crate::load::{Loader, shown};
use crate::model::{Better, Item, Metric, Task};
use crate::run::figures::extract;

/// The file beside a log that says what comes out of it.
const EXPECTED: &str = "expected.yml";

/// What comes out of a log: figures, or why there are none. A round without one of its figures has none.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Expected {
    /// The name of the task that has said it; needed where several tasks of the role have metrics.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    task: Option<String>,
    /// In the order of the metrics.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    figures: Vec<Found>,
    /// Why the round would fail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fails: Option<String>,
}

/// One figure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Found {
    name: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    labels: BTreeMap<String, String>,
    value: f64,
    unit: String,
    better: Direction,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Direction {
    Higher,
    Lower,
}

impl Expected {
    /// Its figures, or why there are none, a line each.
    pub(super) fn lines(&self) -> Vec<String> {
        let figures = self.figures.iter().map(Found::line);
        figures.chain(self.fails.iter().map(|why| format!("fails: {why}"))).collect()
    }
}

impl Found {
    fn line(&self) -> String {
        let mut line = self.name.clone();
        for (name, value) in &self.labels {
            let _ = write!(line, " {name}={value}");
        }
        let arrow = if self.better == Direction::Higher { '↑' } else { '↓' };
        let _ = write!(line, "  {} {} {arrow}", self.value, self.unit);
        line
    }
}

/// A case role and the tasks of it that measure.
pub(super) struct CaseRole<'a> {
    loader: &'a Loader,
    /// Its folder.
    path: PathBuf,
    tasks: Vec<Arc<Task>>,
}

/// A saved log and what came out of it.
pub(super) struct Tested {
    /// The name of its folder.
    pub name: String,
    /// What should come out; nothing where nobody has said it yet.
    pub expected: Option<Expected>,
    /// What comes out.
    pub found: Expected,
    file: PathBuf,
}

impl Tested {
    /// Whether that is what should.
    pub(super) fn is_good(&self) -> bool {
        let sorted = |expected: &Expected| {
            let mut lines = expected.lines();
            lines.sort_unstable();
            lines
        };
        self.expected.as_ref().is_some_and(|expected| sorted(expected) == sorted(&self.found))
    }

    /// Writes down that what came out is what should.
    pub(super) fn write(&self) -> Result<(), Diagnostic> {
        let unwritable = |problem: String| {
            Diagnostic::error("unwritable", format!("{} cannot be written: {problem}", shown(&self.file)))
        };
        let text = serde_yaml::to_string(&self.found).map_err(|e| unwritable(e.to_string()))?;
        std::fs::write(&self.file, text).map_err(|e| unwritable(e.to_string()))
    }
}

impl<'a> CaseRole<'a> {
    /// Reads the tasks of a role in a folder.
    pub(super) fn read(loader: &'a Loader, path: PathBuf) -> Result<Self, Diagnostics> {
        let Some(file) = loader.case_role_file(&path, "run") else {
            let message = format!("{} is not a case role: it has no tasks/run.yml", shown(&path));
            return Err(Diagnostic::error("no-case-role", message).into());
        };
        let mut tasks = Vec::new();
        let (items, _) = loader.tasks(&file, None)?;
        measuring(&items, &mut tasks);
        if tasks.is_empty() {
            let message = format!("no task of {} has metrics: there is nothing to test", shown(&file));
            return Err(Diagnostic::error("no-metrics", message).into());
        }
        Ok(Self { loader, path, tasks })
    }

    /// Its folder as messages show it.
    pub(super) fn shown(&self) -> String {
        shown(&self.path)
    }

    /// Reads every saved log, in the order of their names.
    pub(super) fn test(&self) -> Result<Vec<Tested>, Diagnostics> {
        let mut problems = Diagnostics::new();
        let folders = saved(self.loader, &self.path);
        if folders.is_empty() {
            let message = format!("{} has no saved log", self.shown());
            let example = format!("{}/tests/NAME/stdout.txt", self.shown());
            return Err(Diagnostic::error("no-saved-log", message)
                .help(format!("save what a run has said: `benchbook log last --case CASE --round 1 --stdout > {example}`"))
                .help("then `benchbook test --update` writes down which figures are in it")
                .into());
        }
        let tested = folders.into_iter().filter_map(|folder| match self.test_one(&folder) {
            Ok(tested) => Some(tested),
            Err(found) => {
                problems.extend(found);
                None
            }
        });
        let tested = tested.collect();
        if problems.has_errors() { Err(problems) } else { Ok(tested) }
    }

    fn test_one(&self, folder: &Path) -> Result<Tested, Diagnostics> {
        let file = folder.join(EXPECTED);
        let mut expected = None;
        // The place of what it says, for messages.
        let mut place = None;
        if self.loader.files().is_file(&file) {
            let (map, span) = self.loader.vars(&file, None)?;
            let read = args::from_map::<Expected>(&map);
            let wrong = |e: args::ArgError| Diagnostic::error("bad-expectation", e.to_string()).at(&span);
            expected = Some(read.map_err(wrong)?);
            place = Some(span);
        }
        let named = expected.as_ref().and_then(|expected| expected.task.clone());
        let task = self.task(named.as_deref(), &file).map_err(|diagnostic| match &place {
            Some(span) => diagnostic.at(span),
            None => diagnostic,
        })?;
        let found = Expected { task: named, ..self.figures(task, folder)? };
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Tested { name, expected, found, file })
    }

    /// The task that a saved log is of.
    fn task(&self, named: Option<&str>, file: &Path) -> Result<&Task, Diagnostic> {
        let known = || self.tasks.iter().filter_map(|task| name(task));
        if let (None, [one]) = (named, self.tasks.as_slice()) {
            return Ok(one);
        }
        let Some(named) = named else {
            let list: Vec<String> = known().map(|name| format!("`{name}`")).collect();
            let message = format!("{} does not say which task the log is of", shown(file));
            return Err(Diagnostic::error("which-task", message)
                .help(format!("write `task: …` there, one of {}", list.join(", "))));
        };
        self.tasks.iter().find(|task| name(task) == Some(named)).map(|task| &**task).ok_or_else(|| {
            let message = format!("no task of {} with metrics is called `{named}`", self.shown());
            Diagnostic::error("no-such-task", message).suggest(named, known())
        })
    }

    /// What the metrics of a task find in the files of a folder.
    fn figures(&self, task: &Task, folder: &Path) -> Result<Expected, Diagnostic> {
        let mut figures = Vec::new();
        for metric in &task.metrics {
            let path = folder.join(log_of(metric)?);
            let bytes = self.loader.files().read(&path).map_err(|error| {
                let message = format!("{} cannot be read: {error}", shown(&path));
                Diagnostic::error("no-saved-log", message)
                    .at(&metric.span)
                    .label("this metric is read from it")
            })?;
            match extract(metric, &bytes) {
                Ok(found) => figures.extend(found.into_iter().map(|found| Found {
                    name: metric.name.to_string(),
                    labels: found.labels,
                    value: found.value,
                    unit: metric.unit.to_string(),
                    better: match metric.better {
                        Better::Higher => Direction::Higher,
                        Better::Lower => Direction::Lower,
                    },
                })),
                Err(error) => return Ok(Expected { fails: Some(error.to_string()), ..Expected::default() }),
            }
        }
        Ok(Expected { figures, ..Expected::default() })
    }
}

/// Folders of saved logs of a role. Files beside them are somebody else's: `ansible-galaxy init` makes `tests/test.yml`.
pub(super) fn saved(loader: &Loader, role: &Path) -> Vec<PathBuf> {
    let files = loader.files();
    let holds = |folder: &PathBuf| {
        let entries = files.list(folder).unwrap_or_default();
        entries.iter().any(|path| files.is_file(path))
    };
    let folders = files.list(&role.join("tests")).unwrap_or_default();
    folders.into_iter().filter(|path| files.is_folder(path)).filter(holds).collect()
}

/// The tasks with metrics, wherever in blocks they stand.
fn measuring(items: &[Item], found: &mut Vec<Arc<Task>>) {
    for item in items {
        match item {
            Item::Task(task) if !task.metrics.is_empty() => found.push(Arc::clone(task)),
            Item::Task(_) => {}
            Item::Block(block) => {
                for part in [&block.body, &block.rescue, &block.always] {
                    measuring(part, found);
                }
            }
        }
    }
}

fn name(task: &Task) -> Option<&str> {
    task.keywords.name.as_ref().and_then(|name| name.value.as_str())
}

/// The file of a saved log that a metric is read from.
fn log_of(metric: &Metric) -> Result<String, Diagnostic> {
    let Some(from) = metric.from.as_ref() else { return Ok("stdout.txt".to_owned()) };
    let text = from.value.as_str().unwrap_or_default();
    let file = text.rsplit('/').next().unwrap_or_default();
    match text {
        "stdout" | "stderr" => Ok(format!("{text}.txt")),
        _ if !file.contains(['{', '}']) => Ok(file.to_owned()),
        _ => Err(Diagnostic::error("unknown-log", "the name of the file is known only when it runs")
            .at(&from.span)
            .help("let the path end with a name: `\"{{ folder }}/result.json\"`")),
    }
}
