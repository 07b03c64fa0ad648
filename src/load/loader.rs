//! Finds and reads playbooks, files of tasks, roles and files of variables; each file is read once, but for files of variables,
//! which the run may write itself.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::foreign::{AnsibleCore, Core, Library, Settings};
use super::shipped::{ROLES, WithShipped};
use super::{Files, shown};
use crate::base::spec::Catalogue;
use crate::base::{Diagnostic, Diagnostics, Map, Source, Span, Value};
use crate::model::decode::{Decoder, PlayEntry, no_play};
use crate::model::{Item, Play, Playbook};
use crate::syntax::{self, Node};

/// Reads the user's files and keeps what it read. Cheap to share; used at compile time and by `include_*` during a run.
pub struct Loader {
    files: Arc<dyn Files>,
    catalogue: Arc<Catalogue>,
    roles_path: Vec<PathBuf>,
    collections_path: Vec<PathBuf>,
    library: Arc<Library>,
    pub(super) as_ansible: bool,
    trees: Mutex<HashMap<PathBuf, Arc<Tree>>>,
}

/// A file as it was read.
struct Tree {
    node: Option<Node>,
    source: Arc<Source>,
    warnings: Diagnostics,
    /// The variables that it holds, once they were wanted.
    vars: OnceLock<Arc<Map>>,
}

/// Renders a text of a playbook with what is known before any of it is read.
pub type Render<'a> = &'a dyn Fn(&Value, &Arc<Map>) -> Result<Value, Diagnostic>;

/// Several things may be wrong at once.
pub type Loaded<T> = Result<T, Diagnostics>;

impl Loader {
    /// A loader that also looks for roles in `roles_path`. Behind `files` lie the roles that come with the program.
    pub fn new(files: Arc<dyn Files>, catalogue: Arc<Catalogue>, roles_path: Vec<PathBuf>) -> Self {
        let files: Arc<dyn Files> = Arc::new(WithShipped(files));
        let library = Arc::new(Library::new(Arc::clone(&files), Core::default().0, Settings::default()));
        Self {
            files,
            catalogue,
            roles_path,
            collections_path: Vec::new(),
            library,
            as_ansible: false,
            trees: Mutex::default(),
        }
    }

    /// What is wrong with the keywords of a task is left for the hosts that get there, as in Ansible.
    #[must_use]
    pub fn as_ansible(self, as_ansible: bool) -> Self {
        Self { as_ansible, ..self }
    }

    /// Roles of collections are also looked for in these folders' `ansible_collections`.
    #[must_use]
    pub fn with_collections(self, collections_path: Vec<PathBuf>) -> Self {
        Self { collections_path, ..self }
    }

    /// Modules that are not built in are looked for, too: where the settings say, and at what `core` has.
    #[must_use]
    pub fn with_library(self, core: Arc<dyn AnsibleCore>, settings: Settings) -> Self {
        let library = Arc::new(Library::new(Arc::clone(&self.files), core, settings));
        Self { library, ..self }
    }

    /// Modules that are not built in.
    pub fn library(&self) -> &Arc<Library> {
        &self.library
    }

    /// Folders beside others, and those of the settings, that may hold `ansible_collections`.
    pub(super) fn collections(&self, folders: &[PathBuf]) -> impl Iterator<Item = PathBuf> {
        let beside = folders.iter().map(|folder| folder.join("collections"));
        beside.chain(self.collections_path.clone())
    }

    /// The door to the files.
    pub fn files(&self) -> &Arc<dyn Files> {
        &self.files
    }

    /// What a task can be.
    pub fn catalogue(&self) -> &Arc<Catalogue> {
        &self.catalogue
    }

    /// Folders in which roles are looked for, for a play or role in `folder`.
    pub fn role_folders(&self, folder: &Path) -> Vec<PathBuf> {
        let beside = [folder.join("roles")];
        let mut folders: Vec<_> = beside.into_iter().chain(self.roles_path.iter().cloned()).collect();
        folders.push(folder.to_path_buf());
        folders.dedup();
        // Those that come with the program; the user's of the same name come before.
        folders.push(PathBuf::from(ROLES));
        folders
    }

    pub(super) fn decoder(&self) -> Decoder<'_> {
        Decoder::new(&self.catalogue).as_ansible(self.as_ansible)
    }

    /// A playbook with all that it imports, by names that `render` makes of templates. Warnings go to `problems`.
    pub fn playbook(&self, path: &Path, render: Render<'_>, problems: &mut Diagnostics) -> Option<Playbook> {
        let mut plays = Vec::new();
        self.plays(path, None, render, &mut Vec::new(), &mut plays, problems);
        Some(Playbook { path: path.to_path_buf(), plays, more: Vec::new() })
            .filter(|_| !problems.has_errors())
    }

    fn plays(
        &self,
        path: &Path,
        from: Option<&Span>,
        render: Render<'_>,
        stack: &mut Vec<PathBuf>,
        plays: &mut Vec<Arc<Play>>,
        problems: &mut Diagnostics,
    ) {
        if let (true, Some(span)) = (stack.iter().any(|p| p == path), from) {
            let chain: Vec<_> = stack.iter().map(|p| shown(p)).collect();
            problems.push(
                Diagnostic::error("import-cycle", format!("{} imports itself", shown(path)))
                    .at(span)
                    .help(format!("the way here: {}", chain.join(" → "))),
            );
            return;
        }
        let Some(tree) = problems.keep(self.tree(path, "a playbook", from)) else { return };
        problems.extend(tree.warnings.clone());
        let Some(node) = tree.node.as_ref().filter(|n| !n.is_null()) else {
            problems.push(no_play(&Span::new(&tree.source, 0, 0)));
            return;
        };
        let folder = path.parent().unwrap_or(Path::new("")).to_path_buf();
        self.library.add(&folder);
        stack.push(path.to_path_buf());
        for entry in self.decoder().playbook(node, &folder, problems) {
            match entry {
                PlayEntry::Play(play) => plays.push(Arc::new(*play)),
                PlayEntry::Import(target, inherited) => {
                    let Some(name) = problems.keep(render(&target.value, &inherited.vars)) else { continue };
                    let file = folder.join(name.to_string());
                    let first = plays.len();
                    self.plays(&file, Some(&target.span), render, stack, plays, problems);
                    for play in &mut plays[first..] {
                        *play = Arc::new(with_inherited(play, &inherited));
                    }
                }
            }
        }
        stack.pop();
    }

    /// A file of tasks. `from` is the place that asked for it.
    pub fn tasks(&self, path: &Path, from: Option<&Span>) -> Loaded<(Vec<Item>, Diagnostics)> {
        let mut problems = Diagnostics::new();
        let items = self
            .node(path, "a file of tasks", from, &mut problems)
            .map(|node| self.decoder().items(&node, &mut problems))
            .unwrap_or_default();
        problems.into_result(items)
    }

    /// A file of variables as it is now, with the place where they begin. An empty file has none.
    pub fn vars(&self, path: &Path, from: Option<&Span>) -> Loaded<(Arc<Map>, Span)> {
        self.variables(path, from, ("wrong-type", "a mapping"), |node| {
            node.to_map().ok_or_else(|| (node.kind_name(), node.span.clone()))
        })
    }

    /// The same for an entry of `vars_files`, which may also be a list of mappings: a later one wins.
    pub fn vars_file(&self, path: &Path, from: Option<&Span>) -> Loaded<(Arc<Map>, Span)> {
        self.variables(path, from, ("bad-vars-file", "a mapping or a list of mappings"), |node| {
            let parts = node.as_sequence().unwrap_or(std::slice::from_ref(node));
            let maps =
                parts.iter().map(|part| part.to_map().ok_or_else(|| (part.kind_name(), part.span.clone())));
            maps.collect::<Result<Vec<_>, _>>().map(|maps| maps.into_iter().flatten().collect())
        })
    }

    fn variables(
        &self,
        path: &Path,
        from: Option<&Span>,
        (code, wanted): (&'static str, &str),
        read: impl Fn(&Node) -> Result<Map, (&'static str, Span)>,
    ) -> Loaded<(Arc<Map>, Span)> {
        let tree = self.tree_of_now(path, "a file of variables", from).map_err(Diagnostics::from)?;
        let Some(node) = tree.node.as_ref().filter(|n| !n.is_null()) else {
            return Ok((Arc::default(), Span::new(&tree.source, 0, 0)));
        };
        if let Some(vars) = tree.vars.get().filter(|_| node.as_sequence().is_none()) {
            return Ok((Arc::clone(vars), node.span.clone()));
        }
        match read(node) {
            Ok(map) => {
                let vars = tree.vars.get_or_init(|| Arc::new(as_secret_as(&tree.source, map)));
                Ok((Arc::clone(vars), node.span.clone()))
            }
            Err((kind, span)) => {
                let said = format!("a file of variables wants {wanted}, this is {kind}");
                Err(Diagnostic::error(code, said).at(&span).into())
            }
        }
    }

    /// The tree of a YAML file, or `None` for an empty or broken one (then `problems` says why).
    pub(super) fn node(
        &self,
        path: &Path,
        what: &str,
        from: Option<&Span>,
        problems: &mut Diagnostics,
    ) -> Option<Node> {
        let tree = problems.keep(self.tree(path, what, from))?;
        problems.extend(tree.warnings.clone());
        tree.node.clone()
    }

    /// A playbook or a file of tasks as a tree, whichever it is. Modules beside it are found from then on. Warnings are left out.
    pub(super) fn document(&self, path: &Path, problems: &mut Diagnostics) -> Option<Node> {
        self.library.add(path.parent().unwrap_or(Path::new("")));
        problems.keep(self.tree(path, "a playbook or a file of tasks", None))?.node.clone()
    }

    fn known_tree(&self, path: &Path) -> Option<Arc<Tree>> {
        self.trees.lock().unwrap_or_else(PoisonError::into_inner).get(path).cloned()
    }

    fn tree(&self, path: &Path, what: &str, from: Option<&Span>) -> Result<Arc<Tree>, Diagnostic> {
        self.known_tree(path).map_or_else(|| self.read(path, what, from), Ok)
    }

    /// The tree of a file that the run itself may have written since it was read. What was decrypted stays: that takes long.
    fn tree_of_now(&self, path: &Path, what: &str, from: Option<&Span>) -> Result<Arc<Tree>, Diagnostic> {
        let is_same = |tree: &Arc<Tree>| {
            tree.source.is_secret()
                || self.files.read(path).is_ok_and(|bytes| bytes == tree.source.text().as_bytes())
        };
        self.known_tree(path).filter(is_same).map_or_else(|| self.read(path, what, from), Ok)
    }

    fn read(&self, path: &Path, what: &str, from: Option<&Span>) -> Result<Arc<Tree>, Diagnostic> {
        let source = super::text::read(&*self.files, path, what, from)?;
        let mut warnings = Diagnostics::new();
        let node = syntax::yaml::parse_one(&source, &mut warnings)?;
        let tree = Arc::new(Tree { node, source, warnings, vars: OnceLock::new() });
        self.trees
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(path.to_path_buf(), Arc::clone(&tree));
        Ok(tree)
    }
}

/// Variables of a text: all of them are secret when it was encrypted as a whole.
pub(super) fn as_secret_as(source: &Source, vars: Map) -> Map {
    if source.is_secret() {
        vars.into_iter().map(|(name, value)| (name, value.into_secret())).collect()
    } else {
        vars
    }
}

/// What an `import_playbook` gives to the plays it brings: its conditions, tags and variables.
fn with_inherited(play: &Play, import: &crate::model::Keywords) -> Play {
    let mut play = play.clone();
    let own = &mut play.keywords;
    own.inherited.when.splice(0..0, import.inherited.when.iter().cloned());
    own.tags.splice(0..0, import.tags.iter().cloned());
    if !import.vars.is_empty() {
        let mut vars = (*own.vars).clone();
        vars.extend(&import.vars);
        own.vars = Arc::new(vars);
    }
    play
}
