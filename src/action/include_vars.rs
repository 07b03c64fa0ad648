//! `include_vars`: variables out of files, while the run goes on.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Action, ActionContext, BoxFuture, Done, Effects};
use crate::base::spec::{CheckMode, OnResume, Spec, schema_of};
use crate::base::{Key, Map, Span, Text, Value, args};
use crate::vars::joined;
use crate::wire::Outcome;

/// Reads variables out of a file, or out of all files of a folder.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-exclusive" = [["file", "dir"]]))]
struct Args {
    /// The file; looked for in `vars/` and beside the tasks.
    #[serde(default)]
    file: Option<String>,
    /// The folder; its files are read in the order of their names.
    #[serde(default)]
    dir: Option<String>,
    /// Puts the variables under this name.
    #[serde(default)]
    name: Option<String>,
    /// How many levels of folders below `dir` are read; 0 means all.
    #[serde(default)]
    depth: usize,
    /// A regular expression that names of files must match.
    #[serde(default)]
    files_matching: Option<String>,
    /// Regular expressions; a file whose name matches one is left out.
    #[serde(default)]
    ignore_files: Vec<String>,
    /// Files with other endings are left out.
    #[serde(default = "endings")]
    extensions: Vec<String>,
    /// Leaves out files with unknown endings instead of failing.
    #[serde(default)]
    ignore_unknown_extensions: bool,
    /// What becomes of mappings that are there already, or in several files.
    #[serde(default, alias = "hash_behavior")]
    hash_behaviour: Behaviour,
}

/// What becomes of a mapping whose name is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Behaviour {
    /// The new one stands in its place.
    #[default]
    Replace,
    /// They become one, all the way down.
    Merge,
}

fn endings() -> Vec<String> {
    ["yaml", "yml", "json"].map(str::to_owned).into()
}

pub(super) const ACTION: Action = Action {
    spec: Spec {
        name: "include_vars",
        summary: "Reads variables out of files.",
        free_form: Some("file"),
        open: false,
        on_resume: OnResume::Rerun,
        check: CheckMode::ReadOnly,
        schema: schema_of::<Args>,
    },
    unrendered: &[],
    run,
};

fn run<'a>(map: &'a Map, ctx: &'a ActionContext<'a>) -> BoxFuture<'a, Done> {
    Box::pin(async move {
        include(map, ctx).unwrap_or_else(|mut failed| {
            // Ansible's action says it under this name.
            let message = failed.msg.clone().unwrap_or_default();
            failed.values.insert("message", message);
            Done::from(failed)
        })
    })
}

fn include(map: &Map, ctx: &ActionContext<'_>) -> Result<Done, Outcome> {
    let args: Args = args::from_map(map).map_err(|e| Outcome::failed(e.to_string()))?;
    let paths = match (&args.file, &args.dir) {
        (Some(file), _) => {
            vec![ctx.find("vars", file.trim_end_matches('\n')).map_err(|_| not_there(file, ctx))?]
        }
        (None, Some(dir)) => {
            let mut paths = Vec::new();
            collect(&ctx.find("vars", dir)?, 1, &Wanted::new(&args)?, ctx, &mut paths)?;
            paths
        }
        (None, None) => return Err(not_there("", ctx)),
    };
    let mut vars = Map::new();
    for path in &paths {
        let (found, _) =
            ctx.loader.vars(path, None).map_err(|problems| Outcome::failed(problems.to_string()))?;
        vars.extend(&found);
    }
    if let Some(name) = &args.name {
        vars = Map::from_iter([(name.as_str(), Value::from(&vars))]);
    }
    if args.hash_behaviour == Behaviour::Merge {
        vars = vars.iter().map(|(key, value)| (key.clone(), onto(key, value, ctx))).collect();
    }
    let absolute = |path: &PathBuf| std::path::absolute(path).unwrap_or_else(|_| path.clone());
    let shown: Vec<String> = paths.iter().map(|p| absolute(p).display().to_string()).collect();
    let outcome = Outcome::ok(false)
        .with("ansible_facts", Value::from(&vars))
        .with("ansible_included_var_files", shown);
    Ok(Done { outcome, effects: Effects { include_vars: vars, ..Effects::default() }, ..Done::default() })
}

/// In the reference's words, which playbooks look for.
fn not_there(file: &str, ctx: &ActionContext<'_>) -> Outcome {
    let looked: Vec<_> = ctx.search.iter().map(|folder| crate::load::shown(folder)).collect();
    let message = format!(
        "Could not find file on the Ansible Controller. `{}` is in none of {}, nor in `vars` of them",
        file.trim_end(),
        looked.join(", ")
    );
    Outcome::failed(message)
}

/// A value put onto the variable of that name.
fn onto(name: &Key, value: &Value, ctx: &ActionContext<'_>) -> Value {
    let known = name
        .as_str()
        .and_then(|name| ctx.templar.evaluate(&Text::template(name, Span::nowhere("include_vars"))).ok());
    known.map_or_else(|| value.clone(), |known| joined(&known, value))
}

/// Which files of a folder are meant.
struct Wanted<'a> {
    args: &'a Args,
    matching: Option<fancy_regex::Regex>,
    ignored: Vec<fancy_regex::Regex>,
}

impl<'a> Wanted<'a> {
    fn new(args: &'a Args) -> Result<Self, Outcome> {
        let regex = |text: &String| {
            fancy_regex::Regex::new(text).map_err(|e| Outcome::failed(format!("`{text}` is no regex: {e}")))
        };
        Ok(Self {
            args,
            matching: args.files_matching.as_ref().map(regex).transpose()?,
            ignored: args.ignore_files.iter().map(regex).collect::<Result<_, _>>()?,
        })
    }

    /// Whether a file is read; an unknown ending is an error unless the user said otherwise.
    fn reads(&self, path: &Path) -> Result<bool, Outcome> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let matches = |regex: &fancy_regex::Regex| regex.is_match(name.as_ref()).unwrap_or(false);
        if self.ignored.iter().any(matches) || !self.matching.as_ref().is_none_or(matches) {
            return Ok(false);
        }
        let ending = path.extension().unwrap_or_default().to_string_lossy();
        let known = self.args.extensions.iter().any(|e| e.trim_start_matches('.') == ending);
        if !known && !self.args.ignore_unknown_extensions && self.matching.is_none() {
            let known = self.args.extensions.join(", ");
            return Err(Outcome::failed(format!(
                "{} does not have a valid extension: {known}",
                path.display()
            )));
        }
        Ok(known)
    }
}

fn collect(
    folder: &Path,
    level: usize,
    wanted: &Wanted<'_>,
    ctx: &ActionContext<'_>,
    paths: &mut Vec<PathBuf>,
) -> Result<(), Outcome> {
    let failed = |e: std::io::Error| Outcome::failed(format!("{}: {e}", folder.display()));
    for path in ctx.files().list(folder).map_err(failed)? {
        if ctx.files().is_folder(&path) {
            if wanted.args.depth == 0 || level < wanted.args.depth {
                collect(&path, level + 1, wanted, ctx, paths)?;
            }
        } else if wanted.reads(&path)? {
            paths.push(path);
        }
    }
    Ok(())
}
