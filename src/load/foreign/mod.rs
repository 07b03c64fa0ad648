//! Modules and actions that are not built in: files of the user's, and what is installed of Ansible's. Found here, and told
//! apart by what stands in them; nothing is run.

mod acting;
mod kind;
mod library;

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::Value as Json;

pub use acting::{Acting, Force, Keywords, Side, Stop, Want, written};
pub use kind::{ARGUMENTS, Kind, interpreter};
pub use library::{Found, Library, Settings};

use crate::base::{Map, Value};

/// A module or an action that is a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Foreign {
    /// As the module is told it is called: the name a task uses, or what that was renamed to.
    pub name: Arc<str>,
    /// Where it is.
    pub path: PathBuf,
    /// What has to be done to run it.
    pub kind: Kind,
}

/// The user's ansible-core, as it says itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installation {
    /// The Python that has it.
    pub python: PathBuf,
    /// `2.19.14`
    pub version: String,
    /// The folder `ansible` of the package.
    pub package: PathBuf,
    /// Folders that hold `ansible_collections`.
    pub collections: Vec<PathBuf>,
}

/// A module in Python that is to become one program.
#[derive(Clone, Debug)]
pub struct Packing {
    /// What it is.
    pub module: Arc<Foreign>,
    /// What it is called with; secrets are legible.
    pub arguments: Map,
    /// Folders that may have `module_utils` and the like: of the playbook and of roles.
    pub folders: Vec<PathBuf>,
}

/// A call of a plugin that is a function in Python.
#[derive(Clone, Debug)]
pub struct Question {
    /// `filter`, `test` or `lookup`.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// Arguments by place, legible.
    pub positional: Vec<Value>,
    /// Arguments by name, legible.
    pub named: Map,
    /// Where relative names are looked for, nearest first.
    pub search: Vec<PathBuf>,
    /// Folders that may have plugins: of the playbook and of roles.
    pub folders: Vec<PathBuf>,
}

/// The user's ansible-core. Whoever implements this starts nothing before it is asked for something.
pub trait AnsibleCore: Send + Sync {
    /// Where it is; or in a sentence why there is none, with the places that were looked at.
    fn installation(&self) -> Result<Arc<Installation>, String>;
    /// A module and its arguments as one program; or why not.
    fn pack(&self, packing: &Packing) -> Result<Vec<u8>, String>;
    /// The file with the plugin of that kind and name, beside these folders too. Of a broken one the path is empty.
    fn plugin(&self, kind: &'static str, name: &str, folders: &[PathBuf]) -> Option<PathBuf> {
        let _ = (kind, name, folders);
        None
    }
    /// What a plugin gives; or the sentence in which it refuses. What it wants to know meanwhile, `give` tells, as
    /// [`Side::give`] does.
    fn ask_plugin(
        &self,
        question: &Question,
        give: &mut dyn FnMut(Want) -> Option<Json>,
    ) -> Result<Value, String> {
        let _ = give;
        Err(format!("there is no {} `{}`", question.kind, question.name))
    }
    /// Does a task by what ansible-core has for it; what it wants meanwhile, `side` gives. Its result, or why there is none.
    fn act(&self, acting: &Acting, side: &mut dyn Side) -> Result<Map, String> {
        let _ = side;
        Err(format!("nobody does `{}`", acting.task.action))
    }
    /// Whoever waits for a module or a plugin is to wait no longer. What is asked afterwards is answered again.
    fn interrupt(&self, force: Force) {
        let _ = force;
    }
}

/// The user's ansible-core, or nobody, as in tests.
#[derive(Clone)]
pub struct Core(pub Arc<dyn AnsibleCore>);

impl Default for Core {
    fn default() -> Self {
        Self(Arc::new(NoCore))
    }
}

impl std::fmt::Debug for Core {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Core")
    }
}

/// There is none.
struct NoCore;

impl AnsibleCore for NoCore {
    fn installation(&self) -> Result<Arc<Installation>, String> {
        Err("nobody looked for ansible-core".to_owned())
    }

    fn pack(&self, _: &Packing) -> Result<Vec<u8>, String> {
        Err("nobody looked for ansible-core".to_owned())
    }
}
