//! The project around the working directory: its `benchbook.toml` and its runs.

use std::path::{Path, PathBuf};

use crate::base::Diagnostic;
use crate::load::{Config, DiskFiles, Files};
use crate::store::{Keys, Run, RunFolder, Runs};

use super::Failure;
use super::plan::quoted;

/// Reads the nearest `benchbook.toml`; its folder is given as the user would type it (nothing, or `../..`).
pub(super) fn config(files: &dyn Files) -> Result<Config, Diagnostic> {
    let depth = std::env::current_dir().map_or(1, |d| d.ancestors().count());
    let above = (0..depth).map(|n| "../".repeat(n)).map(PathBuf::from);
    let found = above.into_iter().find(|folder| files.is_file(&folder.join(crate::load::config::NAME)));
    Config::find(files, &found.unwrap_or_default())
}

/// Where Ansible's collections are when nobody says.
pub(super) fn collections() -> Vec<PathBuf> {
    let own = std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".ansible/collections"));
    own.into_iter().chain([PathBuf::from("/usr/share/ansible/collections")]).collect()
}

/// The project's runs; `folder` is what `--runs` says.
pub(super) fn runs(folder: Option<&Path>) -> Result<Runs, Failure> {
    if let Some(folder) = folder {
        return Ok(Runs::new(folder));
    }
    let config = config(&DiskFiles)?;
    Ok(Runs::new(config.resolve(config.runs.as_deref().unwrap_or(Path::new("runs")))))
}

/// How a command that is proposed says where the runs are, when `--runs` was given.
pub(super) fn elsewhere(folder: Option<&Path>) -> String {
    folder.map_or_else(String::new, |f| format!(" --runs {}", quoted(&f.display().to_string())))
}

/// Where the keys of runs are.
pub(super) fn keys() -> Keys {
    Keys::new(state().join("keys"))
}

/// Where the program keeps what is no project's: <https://specifications.freedesktop.org/basedir-spec>.
pub(super) fn state() -> PathBuf {
    let given = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let state = given("XDG_STATE_HOME").or_else(|| given("HOME").map(|home| home.join(".local/state")));
    state.unwrap_or_else(|| PathBuf::from("/var/tmp")).join("benchbook")
}

/// Which run a verb is about.
#[derive(Debug, clap::Args)]
pub(super) struct WhichRun {
    /// A run: `last`, its name, the beginning of its name, or its folder
    #[arg(default_value = "last", value_name = "RUN")]
    pub run: String,
    /// Where runs are kept, if not where benchbook.toml says
    #[arg(long, value_name = "DIR")]
    pub runs: Option<PathBuf>,
}

impl WhichRun {
    /// The run as a command that is proposed names it.
    pub(super) fn words(&self) -> String {
        format!("{}{}", self.run, elsewhere(self.runs.as_deref()))
    }

    /// Its folder.
    pub(super) fn folder(&self) -> Result<RunFolder, Failure> {
        Ok(runs(self.runs.as_deref())?.find(&self.run)?)
    }

    /// Opens it for reading.
    pub(super) fn open(&self) -> Result<Run, Failure> {
        Ok(Run::open(self.folder()?)?)
    }
}
