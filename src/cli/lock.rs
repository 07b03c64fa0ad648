//! Gathers what `lock.json` says about a run: everything that could make its figures differ from another run's.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use super::selecting::Selecting;
use crate::base::value::MASK;
use crate::base::{HostName, Value};
use crate::load::Project;
use crate::plan::{Options, Plan};
use crate::store::Provenance;
use crate::store::provenance::{Git, Variable};

/// What is known before the run.
pub(super) fn before(selecting: &Selecting, project: &Project, options: &Options, plan: &Plan) -> Provenance {
    let mut provenance = Provenance::new();
    provenance.command = command_line(std::env::args());
    provenance.playbook = crate::load::shown(&plan.playbook);
    provenance.inventory.clone_from(&selecting.inventory);
    if provenance.inventory.is_empty() {
        let paths = project.config.inventory.paths().iter().map(|p| project.config.resolve(p));
        provenance.inventory = paths.map(|path| crate::load::shown(&path)).collect();
    }
    provenance.git = git(&project.config.folder);
    let Provenance { variables, options: given, .. } = given(project, options);
    (provenance.variables, provenance.options) = (variables, given);
    provenance.seed = Some(options.seed);
    let hosts = plan.plays.iter().flat_map(|play| &play.hosts);
    let groups = |host: &HostName| project.inventory.group_names(host.as_str());
    let named = |host: &HostName| (host.clone(), groups(host).iter().map(ToString::to_string).collect());
    provenance.groups = hosts.map(named).collect();
    let cases = plan.plays.iter().flat_map(|play| &play.fragment.cases);
    provenance.judging = cases.filter_map(|case| Some(case.baseline.as_ref()?.file.clone())).collect();
    provenance.in_container = plan.plays.iter().flat_map(|play| play.pruning.mode.clone()).collect();
    provenance
}

/// What was given beside the playbook: variables and options.
pub(super) fn given(project: &Project, options: &Options) -> Provenance {
    let mut provenance = Provenance::new();
    let given = project.extra.vars.iter();
    let given = given.map(|(name, value)| Variable::new(&name.to_string(), value, &project.extra.origin));
    let typed = options.answers.given.iter().filter(|answer| !answer.text.is_empty());
    let typed = typed.map(|answer| {
        let text = Value::from(answer.text.as_str());
        Variable::new(&answer.name, &if answer.open { text } else { MASK.into() }, "vars_prompt")
    });
    provenance.variables = given.chain(typed).collect();
    provenance.options = given_options(options);
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

/// The words of the command line. What `-e` gives may be secret in many ways; `variables` has it, masked by name.
fn command_line(words: impl Iterator<Item = String>) -> Vec<String> {
    let mut value_follows = false;
    let word = |word: String| {
        if std::mem::take(&mut value_follows) {
            return MASK.to_owned();
        }
        value_follows = word == "-e" || word == "--extra-vars";
        if word.starts_with("--extra-vars=") {
            return format!("--extra-vars={MASK}");
        }
        if word.starts_with("-e") && !value_follows { format!("-e{MASK}") } else { word }
    };
    words.map(word).collect()
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
    use super::command_line;

    #[test]
    fn what_extra_variables_say_is_not_kept() {
        let kept = |line: &str| command_line(line.split(' ').map(str::to_owned)).join(" ");
        assert_eq!(kept("run a.yml -e token=x --check"), "run a.yml -e ******** --check");
        assert_eq!(
            kept("run --extra-vars {x:1} --extra-vars=a=b"),
            "run --extra-vars ******** --extra-vars=********"
        );
        assert_eq!(kept("run -etoken=x a.yml"), "run -e******** a.yml");
        assert_eq!(kept("run playbooks/passes.yml --events -"), "run playbooks/passes.yml --events -");
    }
}
