//! Gathers what `lock.json` says about a run: everything that could make its figures differ from another run's.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use super::selecting::Selecting;
use crate::load::Project;
use crate::plan::{Options, Plan};
use crate::store::Provenance;
use crate::store::provenance::{Git, Variable, is_secret};

/// What is known before the run.
pub(super) fn before(selecting: &Selecting, project: &Project, options: &Options, plan: &Plan) -> Provenance {
    let mut provenance = Provenance::new();
    provenance.command = std::env::args().map(|word| masked(&word)).collect();
    provenance.playbook = crate::load::shown(&plan.playbook);
    provenance.inventory.clone_from(&selecting.inventory);
    if provenance.inventory.is_empty() {
        let paths = project.config.inventory.paths().iter().map(|p| project.config.resolve(p));
        provenance.inventory = paths.map(|path| crate::load::shown(&path)).collect();
    }
    provenance.git = git(&project.config.folder);
    let given = project.extra.vars.iter();
    provenance.variables =
        given.map(|(name, value)| Variable::new(&name.to_string(), value, &project.extra.origin)).collect();
    provenance.options = given_options(options);
    provenance.seed = Some(options.seed);
    provenance.in_container = plan.plays.iter().flat_map(|play| play.pruning.mode.clone()).collect();
    provenance
}

/// Options that were given, in words.
fn given_options(options: &Options) -> BTreeMap<String, String> {
    let lists = [
        ("tags", &options.tags),
        ("skip_tags", &options.skip_tags),
        ("case", &options.cases),
        ("stage", &options.stages),
        ("skip_stage", &options.skip_stages),
    ];
    let switches =
        [("check", options.check), ("diff", options.diff), ("keep_container", options.keep_container)];
    let lists = lists.into_iter().filter(|(_, l)| !l.is_empty()).map(|(name, l)| (name, l.join(",")));
    let switches = switches.into_iter().filter(|(_, on)| *on).map(|(name, _)| (name, "true".to_owned()));
    let limit = options.limit.iter().map(|limit| ("limit", limit.clone()));
    lists.chain(switches).chain(limit).map(|(name, value)| (name.to_owned(), value)).collect()
}

/// A word of the command line; `db_password=…` loses its value.
fn masked(word: &str) -> String {
    if word.starts_with('{') {
        return if is_secret(word) { "********".to_owned() } else { word.to_owned() };
    }
    let pairs = word.split(' ').map(|pair| match pair.split_once('=') {
        Some((name, _)) if is_secret(name) => format!("{name}=********"),
        _ => pair.to_owned(),
    });
    pairs.collect::<Vec<_>>().join(" ")
}

/// The state of the work tree that a folder is in; none when it is in none, or there is no git.
fn git(folder: &Path) -> Option<Git> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let ask = |arguments: &[&str]| {
        let output = Command::new("git").arg("-C").arg(folder).args(arguments).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    ask(&["rev-parse", "--is-inside-work-tree"])?;
    Some(Git {
        commit: ask(&["rev-parse", "--verify", "HEAD"]).unwrap_or_default(),
        dirty: ask(&["status", "--porcelain", "--untracked-files=no"]).is_some_and(|text| !text.is_empty()),
    })
}

#[cfg(test)]
mod tests {
    use super::masked;

    #[test]
    fn secrets_of_the_command_line_are_not_kept() {
        assert_eq!(masked("size=3"), "size=3");
        assert_eq!(masked("db_password=x size=3"), "db_password=******** size=3");
        assert_eq!(masked("size=3 api_token=x"), "size=3 api_token=********");
        assert_eq!(masked("{\"token\": \"x\"}"), "********");
        assert_eq!(masked("playbooks/passes.yml"), "playbooks/passes.yml");
    }
}
