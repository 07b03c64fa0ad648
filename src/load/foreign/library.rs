//! Where modules and actions that are not built in are looked for, in Ansible's order.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::{AnsibleCore, Foreign, Installation, Kind};
use crate::base::{Diagnostics, Source};
use crate::load::Files;
use crate::syntax::{Node, yaml};

/// Ends of names of files that are no modules.
const IGNORED: [&str; 12] =
    [".pyc", ".pyo", ".swp", ".bak", "~", ".rpm", ".md", ".txt", ".rst", ".yaml", ".yml", ".ini"];
/// Kinds of plugins that are functions.
const PLUGINS: [&str; 3] = ["filter", "test", "lookup"];
/// How often a name may lead to another.
const REDIRECTS: usize = 8;

/// What the settings and the command line say.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// `--module-path`
    pub given: Vec<PathBuf>,
    /// `library` of the settings; their folders count too, two levels deep.
    pub library: Vec<PathBuf>,
    /// Folders of plugins of the settings by their kind (`action`, `filter` …), their folders likewise. The user's ansible-core
    /// reads the same settings; here it is only known where it has to be asked.
    pub plugins: BTreeMap<&'static str, Vec<PathBuf>>,
    /// Folders that hold `ansible_collections`.
    pub collections: Vec<PathBuf>,
}

/// What a name means.
#[derive(Clone, Debug)]
pub enum Found {
    /// A module, or an action in Python, which does its part on the controller.
    File(Arc<Foreign>),
    /// Nothing; and why ansible-core could not be asked, if it could not.
    Nothing(Option<String>),
}

/// Finds modules by their names.
pub struct Library {
    files: Arc<dyn Files>,
    core: Arc<dyn AnsibleCore>,
    settings: Settings,
    state: Mutex<State>,
    /// Whether there may be a plugin of the user's own: every name in a template asks.
    has_plugins: AtomicBool,
    /// `library` of the settings with the folders in it.
    set: OnceLock<Vec<PathBuf>>,
    /// The same of `action_plugins`.
    acting: OnceLock<Vec<PathBuf>>,
    renamed: OnceLock<HashMap<String, String>>,
}

#[derive(Default)]
struct State {
    /// Of playbooks and of roles, in the order in which they were read.
    beside: Vec<PathBuf>,
    /// Those of their folders `library` that are there; and how many of them are the first playbook's.
    libraries: (Vec<PathBuf>, usize),
    /// Those of their folders `action_plugins` that are there.
    actions: Vec<PathBuf>,
    /// Kinds of plugins that one of them, or the settings, has a folder of.
    plugins: BTreeSet<&'static str>,
    /// Modules of a folder by their names.
    folders: HashMap<PathBuf, Arc<BTreeMap<String, PathBuf>>>,
    modules: HashMap<PathBuf, Arc<Foreign>>,
}

impl Library {
    /// Looks at `files` and at what is installed of Ansible's.
    pub fn new(files: Arc<dyn Files>, core: Arc<dyn AnsibleCore>, settings: Settings) -> Self {
        let is_there = |kind: &&str| {
            settings.plugins.get(*kind).is_some_and(|set| set.iter().any(|folder| files.is_folder(folder)))
        };
        let plugins: BTreeSet<&'static str> = PLUGINS.into_iter().filter(is_there).collect();
        let has_plugins = AtomicBool::new(!plugins.is_empty());
        Self {
            files,
            core,
            settings,
            state: Mutex::new(State { plugins, ..State::default() }),
            has_plugins,
            set: OnceLock::new(),
            acting: OnceLock::new(),
            renamed: OnceLock::new(),
        }
    }

    /// The user's ansible-core.
    pub fn core(&self) -> &Arc<dyn AnsibleCore> {
        &self.core
    }

    /// A playbook or a role of this folder is read: from now on what stands in its folders counts, for every task.
    pub(in crate::load) fn add(&self, folder: &Path) {
        let mut state = self.state();
        if state.beside.iter().any(|known| known == folder) {
            return;
        }
        let actions = folder.join("action_plugins");
        if self.files.is_folder(&actions) {
            state.actions.push(actions);
        }
        let library = folder.join("library");
        if self.files.is_folder(&library) {
            state.libraries.1 = usize::from(state.beside.is_empty()).max(state.libraries.1);
            state.libraries.0.push(library);
        }
        for kind in PLUGINS {
            if self.files.is_folder(&folder.join(format!("{kind}_plugins"))) {
                state.plugins.insert(kind);
                self.has_plugins.store(true, Ordering::Relaxed);
            }
        }
        state.beside.push(folder.to_path_buf());
    }

    /// Whether a plugin of that kind (`filter`, `test`, `lookup`) and name may be somebody's: one is beside a playbook, in a role
    /// or in a folder of the settings, or the name is that of a collection. Nothing is started otherwise.
    pub fn has_plugin(&self, kind: &'static str, name: &str) -> bool {
        let (collection, _) = split(name);
        let is_asked = self.state().plugins.contains(kind) || collection.is_some();
        is_asked && self.core.plugin(kind, name, &self.beside()).is_some()
    }

    /// Whether such a plugin is beside a playbook, in a role or in a folder of the settings: it stands before one that is built in.
    pub fn has_own_plugin(&self, kind: &'static str, name: &str) -> bool {
        let is_plain = !name.strip_prefix("ansible.legacy.").unwrap_or(name).contains('.');
        if !self.has_plugins.load(Ordering::Relaxed) || !is_plain || !self.state().plugins.contains(kind) {
            return false;
        }
        let Some(path) = self.core.plugin(kind, name, &self.beside()) else { return false };
        let is_installed = |core: Arc<Installation>| path.starts_with(&core.package);
        path.is_absolute() && !self.core.installation().is_ok_and(is_installed)
    }

    /// The folders of playbooks and roles that were read so far.
    pub fn beside(&self) -> Vec<PathBuf> {
        self.state().beside.clone()
    }

    /// A module of the user's own: beside the playbook, on the command line, in a role, in the settings. It stands before one
    /// that is built in.
    pub fn own(&self, name: &str) -> Option<Arc<Foreign>> {
        let name = name.strip_prefix("ansible.legacy.").unwrap_or(name);
        if name.contains('.') {
            return None;
        }
        let path = self.libraries().iter().find_map(|folder| self.index(folder).get(name).cloned())?;
        self.module(name, &path)
    }

    /// An action in Python of the user's own: in `action_plugins` beside the playbook, in a role or in the settings. It stands
    /// before whatever is built in.
    pub fn own_action(&self, name: &str) -> Option<Arc<Foreign>> {
        let short = name.strip_prefix("ansible.legacy.").unwrap_or(name);
        if short.contains('.') {
            return None;
        }
        let beside = self.state().actions.clone();
        let of_settings = self.acting.get_or_init(|| {
            self.with_inner(self.settings.plugins.get("action").map_or(&[], |folders| folders))
        });
        let mut paths = beside.iter().chain(of_settings).map(|folder| folder.join(format!("{short}.py")));
        paths.find(|path| self.files.is_file(path)).map(|path| acting(name, path))
    }

    /// Whether the user's ansible-core has a connection plugin of this name, which nobody here has.
    pub fn has_connection(&self, name: &str) -> bool {
        self.core.plugin("connection", name, &self.beside()).is_some()
    }

    /// What a name means that is nobody's here.
    pub fn find(&self, name: &str) -> Found {
        let mut name = name.to_owned();
        let mut missing = None;
        for _ in 0..REDIRECTS {
            if let Some(path) = self.action(&name, &mut missing) {
                return Found::File(acting(&name, path));
            }
            if let Some(module) = self.own(&name).or_else(|| self.installed(&name, &mut missing)) {
                return Found::File(module);
            }
            match self.redirect(&name, &mut missing) {
                Some(other) => name = other,
                None => break,
            }
        }
        Found::Nothing(missing)
    }

    /// `library/` of the playbook, the command line's, `library/` of roles, the settings'.
    fn libraries(&self) -> Vec<PathBuf> {
        let (beside, first) = self.state().libraries.clone();
        let (first, others) = beside.split_at(first);
        [first, &self.settings.given, others, self.set()].concat()
    }

    fn set(&self) -> &[PathBuf] {
        self.set.get_or_init(|| self.with_inner(&self.settings.library))
    }

    /// Folders of the settings with those in them, two levels deep.
    fn with_inner(&self, said: &[PathBuf]) -> Vec<PathBuf> {
        let below = |folder: &Path| {
            let entries = self.files.list(folder).unwrap_or_default();
            entries.into_iter().filter(|path| self.files.is_folder(path)).collect::<Vec<_>>()
        };
        let mut folders = Vec::new();
        for folder in said.iter().filter(|folder| self.files.is_folder(folder)) {
            let inner = below(folder);
            folders.extend(inner.iter().cloned());
            folders.extend(inner.iter().flat_map(|folder| below(folder)));
            folders.push(folder.clone());
        }
        folders
    }

    /// A module of ansible-core or of a collection.
    fn installed(&self, name: &str, missing: &mut Option<String>) -> Option<Arc<Foreign>> {
        let (collection, short) = split(name);
        let folder = match collection {
            None | Some(("ansible", "builtin" | "legacy")) => {
                let core = self.core.installation().map_err(|why| *missing = Some(why)).ok()?;
                core.package.join("modules")
            }
            Some(_) => self.collection(name, missing)?.join("plugins/modules"),
        };
        let (below, short) = short.rsplit_once('.').map_or((PathBuf::new(), short), |(below, short)| {
            (PathBuf::from(below.replace('.', "/")), short)
        });
        let path = self.index(&folder.join(below)).get(short).cloned()?;
        self.module(name, &path)
    }

    /// The folder of the collection that a full name names.
    fn collection(&self, name: &str, missing: &mut Option<String>) -> Option<PathBuf> {
        let (Some((namespace, collection)), _) = split(name) else { return None };
        let below = Path::new("ansible_collections").join(namespace).join(collection);
        let beside = self.beside().into_iter().map(|folder| folder.join("collections"));
        let mut own = beside.chain(self.settings.collections.clone()).map(|folder| folder.join(&below));
        own.find(|folder| self.files.is_folder(folder)).or_else(|| {
            let core = self.core.installation().map_err(|why| *missing = Some(why)).ok()?;
            let mut installed = core.collections.iter().map(|folder| folder.join(&below));
            installed.find(|folder| self.files.is_folder(folder))
        })
    }

    /// An action of this name, in Python.
    fn action(&self, name: &str, missing: &mut Option<String>) -> Option<PathBuf> {
        let (collection, short) = split(name);
        let file = format!("{short}.py");
        let core = |missing: &mut Option<String>| {
            let core = self.core.installation().map_err(|why| *missing = Some(why)).ok()?;
            Some(core.package.join("plugins/action").join(&file))
        };
        let is_file = |path: &PathBuf| self.files.is_file(path);
        match collection {
            None | Some(("ansible", "legacy")) => {
                // What a file of the user's does needs no look at what is installed.
                let own = self.own_action(name).map(|action| action.path.clone());
                own.or_else(|| if self.own(name).is_some() { None } else { core(missing) })
            }
            Some(("ansible", "builtin")) => core(missing),
            Some(_) => Some(self.collection(name, missing)?.join("plugins/action").join(&file)),
        }
        .filter(is_file)
    }

    /// The name that a name was changed to.
    fn redirect(&self, name: &str, missing: &mut Option<String>) -> Option<String> {
        let (collection, short) = split(name);
        match collection {
            None | Some(("ansible", "builtin" | "legacy")) => {
                let core = self.core.installation().ok()?;
                let path = core.package.join("config/ansible_builtin_runtime.yml");
                self.renamed.get_or_init(|| self.redirects(&path)).get(short).cloned()
            }
            Some(_) => {
                let path = self.collection(name, missing)?.join("meta/runtime.yml");
                self.redirects(&path).remove(short)
            }
        }
    }

    fn redirects(&self, path: &Path) -> HashMap<String, String> {
        let Ok(text) = self.files.read_text(path) else { return HashMap::new() };
        let source = Source::new(crate::load::shown(path), text);
        let Ok(Some(node)) = yaml::parse_one(&source, &mut Diagnostics::new()) else { return HashMap::new() };
        let Some(routing) = node.get("plugin_routing") else { return HashMap::new() };
        let named = |(name, route): &(Node, Node)| {
            Some((name.as_str()?.to_owned(), route.get("redirect")?.as_str()?.to_owned()))
        };
        // An action of a new name stands before a module of one, so it comes last here.
        let kinds = ["modules", "action"].map(|kind| routing.get(kind).and_then(Node::as_mapping));
        kinds.into_iter().flatten().flatten().filter_map(named).collect()
    }

    fn module(&self, name: &str, path: &Path) -> Option<Arc<Foreign>> {
        if let Some(known) = self.state().modules.get(path).filter(|known| *known.name == *name) {
            return Some(Arc::clone(known));
        }
        let kind = Kind::of(&self.files.read(path).ok()?);
        let module = Arc::new(Foreign { name: name.into(), path: path.to_path_buf(), kind });
        self.state().modules.insert(path.to_path_buf(), Arc::clone(&module));
        Some(module)
    }

    /// The modules of a folder by their names, without and with their endings.
    fn index(&self, folder: &Path) -> Arc<BTreeMap<String, PathBuf>> {
        if let Some(known) = self.state().folders.get(folder) {
            return Arc::clone(known);
        }
        let mut found = BTreeMap::new();
        for path in self.files.list(folder).unwrap_or_default() {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let is_module = name != "__init__.py" && !IGNORED.iter().any(|end| name.ends_with(end));
            if is_module && self.files.is_file(&path) {
                let base = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or(name);
                found.entry(base.to_owned()).or_insert_with(|| path.clone());
                found.entry(name.to_owned()).or_insert_with(|| path.clone());
            }
        }
        let found = Arc::new(found);
        self.state().folders.insert(folder.to_path_buf(), Arc::clone(&found));
        found
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn acting(name: &str, path: PathBuf) -> Arc<Foreign> {
    Arc::new(Foreign { name: name.into(), path, kind: Kind::Action })
}

/// `a.b.c` → the collection `a.b` and `c`; a name without a collection is its own.
fn split(name: &str) -> (Option<(&str, &str)>, &str) {
    let mut words = name.splitn(3, '.');
    match (words.next(), words.next(), words.next()) {
        (Some(namespace), Some(collection), Some(short)) => (Some((namespace, collection)), short),
        _ => (None, name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::MemoryFiles;
    use crate::load::foreign::{Installation, Packing};

    struct Core;

    impl AnsibleCore for Core {
        fn installation(&self) -> Result<Arc<Installation>, String> {
            let (python, version) = ("/v/bin/python".into(), "2.19.14".to_owned());
            Ok(Arc::new(Installation {
                python,
                version,
                package: "/v/ansible".into(),
                collections: vec!["/v".into()],
            }))
        }

        fn pack(&self, _: &Packing) -> Result<Vec<u8>, String> {
            Err("not here".to_owned())
        }
    }

    fn library() -> Library {
        let files = MemoryFiles::new([
            ("/p/library/both.py", "1"),
            ("/p/library/notes.md", "1"),
            ("/m/both.sh", "2"),
            ("/m/given.sh", "2"),
            ("/r/library/both.py", "3"),
            ("/r/library/given.py", "3"),
            ("/r/library/role.py", "3"),
            ("/p/action_plugins/acted.py", ""),
            ("/s/deep/er/set.py", "4"),
            ("/s/role.py", "4"),
            ("/v/ansible/modules/apt.py", "5"),
            ("/v/ansible/modules/uri.py", "5"),
            ("/v/ansible/plugins/action/uri.py", ""),
            (
                "/v/ansible/config/ansible_builtin_runtime.yml",
                "plugin_routing: {modules: {timezone: {redirect: community.general.timezone}}, action: {old: {redirect: uri}}}\n",
            ),
            ("/v/ansible_collections/community/general/plugins/modules/system/tz.py", "6"),
            (
                "/v/ansible_collections/community/general/meta/runtime.yml",
                "plugin_routing: {modules: {timezone: {redirect: community.general.system.tz}}}\n",
            ),
        ]);
        let settings =
            Settings { given: vec!["/m".into()], library: vec!["/s".into()], ..Settings::default() };
        let library = Library::new(Arc::new(files), Arc::new(Core), settings);
        library.add(Path::new("/p"));
        library.add(Path::new("/r"));
        library
    }

    #[test]
    fn modules_are_looked_for_in_ansibles_order() {
        let library = library();
        let found = |name: &str| match library.find(name) {
            Found::File(action) if action.kind == Kind::Action => format!("action {}", action.path.display()),
            Found::File(module) => format!("{} as {}", module.path.display(), module.name),
            Found::Nothing(_) => "nothing".to_owned(),
        };
        for (name, place) in [
            ("both", "/p/library/both.py as both"),
            ("ansible.legacy.both", "/p/library/both.py as both"),
            ("ansible.builtin.both", "nothing"),
            ("given", "/m/given.sh as given"),
            ("role", "/r/library/role.py as role"),
            ("set", "/s/deep/er/set.py as set"),
            ("notes", "nothing"),
            ("apt", "/v/ansible/modules/apt.py as apt"),
            ("ansible.builtin.apt", "/v/ansible/modules/apt.py as ansible.builtin.apt"),
            ("uri", "action /v/ansible/plugins/action/uri.py"),
            ("old", "action /v/ansible/plugins/action/uri.py"),
            ("acted", "action /p/action_plugins/acted.py"),
            (
                "timezone",
                "/v/ansible_collections/community/general/plugins/modules/system/tz.py as community.general.system.tz",
            ),
            ("community.nothing.here", "nothing"),
        ] {
            assert_eq!(found(name), place, "{name}");
        }
    }
}
