//! Everything the compiler needs, read: the playbook, the inventory, the settings, and a loader for what comes later.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::foreign::{Core, Settings};
use super::inventory::{self, Constructing, Evaluator, InventorySource, Reading, Unreadable, load_inventory};
use super::loader::Loaded;
use super::{Config, Files, Loader};
use crate::base::spec::Catalogue;
use crate::base::{Diagnostics, HostName, Map, Span, Value};
use crate::model::{Inventory, Level, Playbook, VarLayer};

/// A playbook and its surroundings.
pub struct Project {
    /// The playbook.
    pub playbook: Playbook,
    /// The hosts.
    pub inventory: Inventory,
    /// Where the inventory comes from.
    pub sources: Vec<InventorySource>,
    /// How it is read.
    pub reading: Reading,
    /// `benchbook.toml`
    pub config: Config,
    /// `--extra-vars`, all of them.
    pub extra: VarLayer,
    /// Reads what is included.
    pub loader: Loader,
    /// What was odd while reading; errors would have prevented the project.
    pub warnings: Diagnostics,
}

/// What to read.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// The playbook's file.
    pub playbook: PathBuf,
    /// Playbooks whose plays follow.
    pub more: Vec<PathBuf>,
    /// `-i`; when empty, what `benchbook.toml` names.
    pub inventory: Vec<String>,
    /// How the inventory is read.
    pub reading: Reading,
    /// `-e`
    pub extra_vars: Vec<String>,
    /// `--module-path`
    pub module_path: Vec<PathBuf>,
    /// Who has modules and plugins in Python.
    pub core: Core,
    /// What concerns a task alone is told when a host gets there.
    pub as_ansible: bool,
}

impl Project {
    /// Reads it all and reports everything that is wrong, not the first thing only.
    pub fn read(
        files: Arc<dyn Files>,
        catalogue: Arc<Catalogue>,
        config: Config,
        evaluator: &dyn Evaluator,
        asked: &Asked,
    ) -> Loaded<Self> {
        let mut problems = Diagnostics::new();
        let loader = loader(files, catalogue, &config, asked);
        let extra = extra_layer(&loader, &asked.extra_vars, &mut problems);
        let evaluator = &*evaluator.with_library(loader.library());
        let sources = sources(&config, &asked.inventory);
        let known = Arc::new(Map::from_iter([(
            "ansible_inventory_sources",
            Value::list(sources.iter().map(|source| source.shown().into()).collect()),
        )]));
        let render = |value: &Value, own: &Arc<Map>| {
            let layer = |origin: &str, vars: &Arc<Map>| VarLayer {
                level: Level::PlayVars,
                origin: origin.into(),
                span: Span::nowhere(origin),
                vars: Arc::clone(vars),
            };
            evaluator.render(value, vec![layer("built in", &known), layer("import vars", own), extra.clone()])
        };
        let mut playbook = loader.playbook(&asked.playbook, &render, &mut problems);
        for path in &asked.more {
            let more = loader.playbook(path, &render, &mut problems);
            if let (Some(playbook), Some(more)) = (&mut playbook, more) {
                playbook.more.push((playbook.plays.len(), more.path));
                playbook.plays.extend(more.plays);
            }
        }
        let constructing = Some(Constructing { evaluator, extra: &extra });
        let inventory = match load_inventory(
            &**loader.files(),
            &sources,
            asked.playbook.parent(),
            constructing,
            &asked.reading,
        ) {
            Ok((inventory, warnings)) => {
                problems.extend(warnings);
                Some(inventory)
            }
            Err(errors) => {
                problems.extend(errors);
                None
            }
        };
        match (playbook, inventory, problems.has_errors()) {
            (Some(playbook), Some(mut inventory), false) => {
                inventory.is_wanted(playbook.plays.iter().map(|play| &play.hosts.value));
                let reading = asked.reading.clone();
                Ok(Self { playbook, inventory, sources, reading, config, extra, loader, warnings: problems })
            }
            _ => Err(problems.in_file_order()),
        }
    }

    /// Reads an inventory without a playbook, for verbs that look after hosts: a project without plays. Of the playbook that is
    /// asked for, only the folder counts.
    pub fn of_inventory(
        files: Arc<dyn Files>,
        catalogue: Arc<Catalogue>,
        config: Config,
        evaluator: &dyn Evaluator,
        asked: &Asked,
    ) -> Loaded<Self> {
        let loader = loader(files, catalogue, &config, asked);
        let mut problems = Diagnostics::new();
        let extra = extra_layer(&loader, &asked.extra_vars, &mut problems);
        let sources = sources(&config, &asked.inventory);
        let evaluator = &*evaluator.with_library(loader.library());
        let constructing = Some(Constructing { evaluator, extra: &extra });
        let (inventory, warnings) = load_inventory(
            &**loader.files(),
            &sources,
            asked.playbook.parent(),
            constructing,
            &asked.reading,
        )?;
        problems.extend(warnings);
        if problems.has_errors() {
            return Err(problems);
        }
        let playbook =
            Playbook { path: config.resolve(&asked.playbook), plays: Vec::new(), more: Vec::new() };
        let reading = asked.reading.clone();
        Ok(Self { playbook, inventory, sources, reading, config, extra, loader, warnings: problems })
    }

    /// Reads what stands beside the inventory and the playbook for groups and hosts that a run has brought.
    pub fn vars_of_new(
        &self,
        inventory: &mut Inventory,
        groups: &[Arc<str>],
        hosts: &[HostName],
    ) -> Diagnostics {
        let files = &**self.loader.files();
        let folders = inventory::vars_folders(files, &self.sources);
        inventory::vars_of_new(files, (&folders, self.folder()), inventory, (groups, hosts))
    }

    /// The inventory as its files say it now.
    pub fn inventory_again(&self, evaluator: &dyn Evaluator) -> Loaded<(Inventory, Diagnostics)> {
        let evaluator = &*evaluator.with_library(self.loader.library());
        let constructing = Some(Constructing { evaluator, extra: &self.extra });
        let (mut inventory, warnings) = load_inventory(
            &**self.loader.files(),
            &self.sources,
            Some(self.folder()),
            constructing,
            &Reading { unreadable: Unreadable::LeftOut, ..self.reading.clone() },
        )?;
        inventory.is_wanted(self.playbook.plays.iter().map(|play| &play.hosts.value));
        Ok((inventory, warnings))
    }

    /// The folder of the playbook.
    pub fn folder(&self) -> &Path {
        self.playbook.path.parent().unwrap_or(Path::new(""))
    }
}

fn loader(files: Arc<dyn Files>, catalogue: Arc<Catalogue>, config: &Config, asked: &Asked) -> Loader {
    let resolved = |paths: &[PathBuf]| paths.iter().map(|path| config.resolve(path)).collect::<Vec<_>>();
    let collections = resolved(&config.collections_path);
    let library = Settings {
        given: asked.module_path.clone(),
        library: resolved(&config.library),
        plugins: config.plugins.iter().map(|(kind, folders)| (*kind, resolved(folders))).collect(),
        collections: collections.clone(),
    };
    let loader = Loader::new(files, catalogue, resolved(&config.roles_path)).as_ansible(asked.as_ansible);
    loader.with_collections(collections).with_library(Arc::clone(&asked.core.0), library)
}

/// The inventories that were asked for, or those of the settings.
fn sources(config: &Config, asked: &[String]) -> Vec<InventorySource> {
    if !asked.is_empty() {
        return asked.iter().map(|text| InventorySource::argument(text)).collect();
    }
    let paths = config.inventory.paths().iter().map(|p| config.resolve(p));
    paths.map(|path| InventorySource::argument(&super::shown(&path))).collect()
}

fn extra_layer(loader: &Loader, arguments: &[String], problems: &mut Diagnostics) -> VarLayer {
    let mut vars = Map::new();
    let mut span = Span::nowhere("--extra-vars");
    for argument in arguments {
        match super::extra::extra_vars(loader, argument) {
            Ok(layer) => {
                vars.extend(&layer.vars);
                span = layer.span;
            }
            Err(errors) => problems.extend(errors),
        }
    }
    VarLayer { level: Level::Extra, origin: Arc::from("--extra-vars"), span, vars: Arc::new(vars) }
}
