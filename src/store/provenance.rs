//! `lock.json`: what could make the figures of two runs differ.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{RunFolder, StoreError};
use crate::base::secret::names_a_secret;
use crate::base::value::MASK;
use crate::base::{HostName, Map, Value};

/// The version of the file's form.
const FORM: u32 = 1;

/// What could make figures differ. A field that is added gets a default, so that old files stay readable.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Provenance {
    /// The version of this form.
    pub form: u32,
    /// The program's version.
    pub benchbook: String,
    /// What the run's processes and jobs carry on hosts (`BENCHBOOK_RUN`); empty when an older version wrote it.
    pub mark: String,
    /// The command line, word by word; values of secret variables are masked.
    pub command: Vec<String>,
    /// The playbook, relative to the project's folder.
    pub playbook: String,
    /// Inventories as they were given.
    pub inventory: Vec<String>,
    /// Project files that were read → SHA-256 of their bytes, in hexadecimal.
    pub files: BTreeMap<String, String>,
    /// Those of them that figures were only judged by: baselines.
    pub judging: BTreeSet<String>,
    /// The project folder's git state, when it is a work tree.
    pub git: Option<Git>,
    /// Variables given on the command line or by the environment.
    pub variables: Vec<Variable>,
    /// Options that change what runs: `limit`, `tags`, `case`, `check` …
    pub options: BTreeMap<String, String>,
    /// The seed of every random choice.
    pub seed: Option<u64>,
    /// Hosts in in-container mode → where that comes from.
    pub in_container: BTreeMap<HostName, String>,
    /// The groups of the hosts that took part, without `all`.
    pub groups: BTreeMap<HostName, Vec<String>>,
    /// What is known about the machines.
    pub hosts: BTreeMap<HostName, Machine>,
    /// The images that were used on each host, in the order in which they were.
    pub images: BTreeMap<HostName, Vec<Image>>,
}

/// A container image: the same id is the same image, whatever its name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    /// As the task names it, with its tag.
    pub name: String,
    /// The engine's id, `sha256:…`.
    pub id: String,
    /// `repository@sha256:…`, where it came from a registry or was sent to one.
    pub digests: Vec<String>,
}

/// The state of a git work tree.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Git {
    /// The commit's full name; empty before the first commit.
    pub commit: String,
    /// Whether a tracked file differs from it.
    pub dirty: bool,
}

/// A variable and where it was set.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Its value; `********` when the name says that it is secret.
    pub value: Value,
    /// `-e`, or a file.
    pub origin: String,
}

/// A machine, as far as its facts are known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Machine {
    /// The model of its processor.
    pub cpu: Option<String>,
    /// How many processors the kernel schedules on.
    pub vcpus: Option<u64>,
    /// Its memory in MiB.
    pub memory_mib: Option<u64>,
    /// The kernel's release.
    pub kernel: Option<String>,
    /// The distribution and its version.
    pub system: Option<String>,
    /// Its architecture.
    pub architecture: Option<String>,
}

impl Machine {
    /// What facts (`ansible_*`, as `setup` gives them) say; names may come with or without `ansible_`.
    pub fn learn(&mut self, name: &str, value: &Value) {
        let number = || value.as_int().and_then(|i| u64::try_from(i).ok());
        let text = || Some(value.to_string());
        match name.strip_prefix("ansible_").unwrap_or(name) {
            // number, vendor, model, number, vendor, model, …
            "processor" => {
                let items: Vec<&str> =
                    value.as_list().unwrap_or_default().iter().filter_map(Value::as_str).collect();
                // The vendor may have the longer name; where there is none, the number is the shorter one.
                let model = match items.as_slice() {
                    [_, _, model, ..] if items.len().is_multiple_of(3) => Some(*model),
                    few => few.iter().copied().max_by_key(|text| text.len()),
                };
                self.cpu = model.map(str::to_owned);
            }
            "processor_vcpus" => self.vcpus = number(),
            "memtotal_mb" => self.memory_mib = number(),
            "kernel" => self.kernel = text(),
            "architecture" => self.architecture = text(),
            "distribution" => self.system = text(),
            "distribution_version" => {
                self.system = Some(format!("{} {value}", self.system.take().unwrap_or_default()));
            }
            _ => {}
        }
    }

    /// Learns from a whole mapping of facts.
    pub fn learn_all(&mut self, facts: &Map) {
        for (name, value) in facts.iter() {
            self.learn(&name.to_string(), value);
        }
    }
}

impl Variable {
    /// A variable whose value is masked when its name says that nobody should read it.
    pub fn new(name: &str, value: &Value, origin: &str) -> Self {
        Self { name: name.to_owned(), value: masked(name, value), origin: origin.to_owned() }
    }
}

/// A value with everything masked whose name, or the name of something around it, says that nobody should read it.
fn masked(name: &str, value: &Value) -> Value {
    match value {
        _ if names_a_secret(name) => Value::from(MASK),
        Value::Map(map) => {
            map.iter().map(|(k, v)| (k.clone(), masked(&k.to_string(), v))).collect::<Map>().into()
        }
        Value::List(items) => Value::list(items.iter().map(|item| masked(name, item)).collect()),
        other => other.clone(),
    }
}

impl Provenance {
    /// Nothing known but the program.
    pub fn new() -> Self {
        Self { form: FORM, benchbook: env!("CARGO_PKG_VERSION").to_owned(), ..Self::default() }
    }

    /// Writes `lock.json`.
    pub fn write(&self, folder: &RunFolder) -> Result<(), StoreError> {
        let path = folder.lock();
        let text = serde_json::to_string_pretty(self)
            .map_err(|e| StoreError::Broken { path: path.clone(), what: e.to_string() })?;
        folder.replace(&path, &(text + "\n"))
    }

    /// Reads `lock.json`.
    pub fn read(folder: &RunFolder) -> Result<Self, StoreError> {
        let path = folder.lock();
        let text = std::fs::read_to_string(&path).map_err(StoreError::io(&path))?;
        serde_json::from_str(&text).map_err(|e| StoreError::Broken { path, what: e.to_string() })
    }
}
