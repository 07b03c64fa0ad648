//! What an action may use beside its arguments.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::BoxFuture;
use crate::base::{HostName, Map};
use crate::connection::{Cancel, ContainerTarget, Endpoint, Engine, Upload};
use crate::load::{Files, Loader};
use crate::vars::Templar;
use crate::vars::filters::path::from_home;
use crate::wire::Outcome;

/// One call of a module on the task's target.
#[derive(Default)]
pub struct Invocation {
    /// The module's short name.
    pub module: &'static str,
    /// Its arguments.
    pub args: Map,
    /// Files that go with it.
    pub uploads: Vec<Upload>,
    /// Where the bytes of a download go: a file on the controller, made with its folders.
    pub download: Option<PathBuf>,
    /// A container of the target in which it is done.
    pub inside: Option<ContainerTarget>,
    /// Added to the task's environment.
    pub environment: Vec<(String, String)>,
    /// How long it may take, if that is less than the task's own limit.
    pub limit: Option<Duration>,
    /// How long it may take until the host is connected, if the task says it.
    pub connect_timeout: Option<Duration>,
    /// Done in check mode, too, as a call that changes nothing by itself.
    pub looks: bool,
}

/// The task's target; check mode, diff, environment and time limits are those of the task.
pub trait Target: Send + Sync {
    /// Calls a module. A connection that is lost gives a failed outcome, and the task ends as unreachable.
    fn call(&self, invocation: Invocation) -> BoxFuture<'_, Outcome>;
    /// The host on which the task is done, and how it is reached, or why it cannot be.
    fn place(&self) -> (&HostName, Result<Endpoint, String>);
    /// The container engine of the target's host: asked by the task's user, outside of any container that the task is done
    /// in. `address` (`unix:///path`) is the task's own; else that of the host's variables.
    fn engine<'a>(
        &'a self,
        address: Option<&'a str>,
        templar: &'a Templar,
    ) -> BoxFuture<'a, Result<Engine, Outcome>>;
    /// The path of that engine's socket.
    fn socket(&self, address: Option<&str>, templar: &Templar) -> Result<Arc<str>, Outcome>;
    /// The host cannot be reached any more; what the task ends with.
    fn unreachable(&self, reason: String) -> Outcome;
    /// A host that could not be reached is asked again by the next call.
    fn reset(&self);
    /// Keeps and shows what the action has to say, as if a module had printed it.
    fn say(&self, text: &str);
}

/// Modules by the names that tasks have for them, built in or not.
pub trait Modules: Send + Sync {
    /// Calls one on the task's target, with what `module_defaults` say of it below these arguments. The sentence says that nobody
    /// has such a module.
    fn call<'a>(
        &'a self,
        name: &'a str,
        args: Map,
        limit: Option<Duration>,
    ) -> BoxFuture<'a, Result<Outcome, String>>;
}

/// What an action may use beside its arguments.
#[allow(clippy::struct_excessive_bools)] // each says something of its own
pub struct ActionContext<'a> {
    /// The variables of the host and the task.
    pub templar: &'a Templar,
    /// The host, by its inventory name.
    pub host: &'a HostName,
    /// Whether the target is another host, by `delegate_to`; facts of `host` are not the target's then.
    pub delegated: bool,
    /// Only say what would change.
    pub check: bool,
    /// Before and after are wanted.
    pub diff: bool,
    /// How often `-v` was given.
    pub verbosity: u8,
    /// Where relative paths are looked for, nearest first.
    pub search: &'a [PathBuf],
    /// Reads the user's files of variables.
    pub loader: &'a Loader,
    /// The folder of the playbook; relative destinations on the controller are in it.
    pub folder: &'a Path,
    /// The task's target.
    pub target: &'a dyn Target,
    /// Modules that it may call beside the built-in ones.
    pub modules: &'a dyn Modules,
    /// Whether failures are told in Ansible's words.
    pub as_ansible: bool,
    /// `timeout`: when to stop by itself. Calls of modules know it already.
    pub timeout: Option<Duration>,
    /// The folder in which files say how jobs are doing, where there are such files.
    pub told_in: Option<&'a str>,
    /// Says when to stop.
    pub cancel: &'a Cancel,
    /// Shows the user a question, who answers it on standard input; absent when nobody is there.
    pub ask: Option<&'a (dyn Fn(String) + Send + Sync)>,
}

impl ActionContext<'_> {
    /// The user's files.
    pub fn files(&self) -> &dyn Files {
        self.templar.environment().files()
    }

    /// The same, for a thread that reads them.
    pub fn shared_files(&self) -> Arc<dyn Files> {
        self.templar.environment().shared_files()
    }

    /// The user's file or folder of that name: first in the sub-folder `kind` (`files`, `templates`, `vars`) of each search
    /// path, then in the path itself.
    pub fn find(&self, kind: &str, name: &str) -> Result<PathBuf, Outcome> {
        let files = self.files();
        let name = from_home(name, files).map_err(Outcome::failed)?;
        let name = Path::new(&name);
        let there = |path: &PathBuf| files.is_file(path) || files.is_folder(path);
        let candidates: Vec<PathBuf> = if name.is_absolute() {
            vec![name.to_path_buf()]
        } else {
            let both =
                self.search.iter().flat_map(|folder| [folder.join(kind).join(name), folder.join(name)]);
            both.collect()
        };
        candidates.iter().find(|p| there(p)).cloned().ok_or_else(|| {
            let looked: Vec<_> = candidates.iter().map(|p| crate::load::shown(p)).collect();
            let looked = if looked.is_empty() { "nowhere".to_owned() } else { looked.join(", ") };
            Outcome::failed(format!("`{}` is not there; looked for {looked}", name.display()))
        })
    }
}
