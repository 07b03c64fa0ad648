//! `package_facts`: the packages that are installed, as facts.

mod read;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Answer, Context, Failure, Module, call};
use crate::base::spec::{CheckMode, OnResume, Spec, schema_of};
use crate::base::{Map, Value};
use crate::wire::Outcome;

/// Gives the fact `packages`: by name a list of what is installed under it, each with `version` and what else its manager knows.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// Who is asked: `auto`, `apt`, `rpm` (also `dnf`, `yum`, `zypper`), `apk`, `pacman`.
    #[serde(default = "auto")]
    pub manager: Vec<String>,
    /// How many of them are asked.
    #[serde(default)]
    pub strategy: Strategy,
}

/// How many package managers are asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// The first that knows any package.
    #[default]
    First,
    /// All.
    All,
}

fn auto() -> Vec<String> {
    vec!["auto".to_owned()]
}

pub(super) const SPEC: Spec = Spec {
    name: "package_facts",
    summary: "Finds out which packages are installed.",
    free_form: None,
    open: false,
    on_resume: OnResume::Rerun,
    check: CheckMode::ReadOnly,
    schema: schema_of::<Args>,
};

/// The row of the table.
pub const MODULE: Module = Module { name: SPEC.name, run: |args, ctx| call(args, ctx, find) };

/// The managers, in the order in which they are tried, with the program that each needs.
const MANAGERS: [(&str, &str); 4] =
    [("apk", "apk"), ("apt", "dpkg-query"), ("pacman", "pacman"), ("rpm", "rpm")];
/// Other names of rpm.
const RPM: [&str; 4] = ["dnf", "dnf5", "yum", "zypper"];

fn find(args: &Args, ctx: &mut Context<'_>) -> Answer {
    let said: Vec<String> = args.manager.iter().map(|name| name.to_lowercase()).collect();
    let auto = said.iter().any(|name| name == "auto");
    let mut names: Vec<&str> = said.iter().map(String::as_str).filter(|name| *name != "auto").collect();
    let known = |name: &&str| RPM.contains(name) || MANAGERS.iter().any(|(known, _)| known == name);
    let unknown: Vec<&str> = names.iter().copied().filter(|name| !known(name)).collect();
    if !unknown.is_empty() {
        let msg = if auto {
            "Could not auto detect a usable package manager, check warnings for details.".to_owned()
        } else {
            format!("Unsupported package managers requested: {}", unknown.join(", "))
        };
        return Err(Failure::new(msg));
    }
    if auto {
        names.extend(MANAGERS.iter().map(|(name, _)| *name));
    }
    let (mut packages, mut warnings, mut seen) = (Map::new(), Vec::new(), Vec::new());
    for name in &names {
        if args.strategy == Strategy::First && !packages.is_empty() {
            break;
        }
        let own = if RPM.contains(name) { "rpm" } else { name };
        if seen.contains(&own) {
            continue;
        }
        seen.push(own);
        let program = MANAGERS.iter().find(|(known, _)| *known == own).map_or(own, |(_, program)| program);
        let Some(program) = ctx.program(program) else {
            if said.iter().any(|name| name == own) {
                let words = "Requested package manager";
                let why = format!("Failed to find required executable \"{program}\"");
                warnings.push(format!("{words} {own} was not usable by this module: {why}"));
            }
            continue;
        };
        match ask(own, &program, ctx)? {
            Ok(found) if found.is_empty() => {
                warnings.push(format!("Found \"{own}\" but no associated packages"));
            }
            Ok(found) => add(&mut packages, found, own),
            Err(why) => {
                warnings.push(format!("Failed to retrieve packages with {own}: {why}"));
                warnings.push(format!("Found \"{own}\" but no associated packages"));
            }
        }
    }
    if packages.is_empty() {
        let words = "Could not detect a supported package manager from the following list:";
        let list: Vec<String> = names.iter().map(|name| format!("'{name}'")).collect();
        let behind = "or the required Python library is not installed. Check warnings for details.";
        let outcome = Outcome::failed(format!("{words} [{}], {behind}", list.join(", ")));
        return Ok(Outcome { warnings, ..outcome });
    }
    let facts = Map::from_iter([("packages", Value::from(packages))]);
    Ok(Outcome { warnings, ..Outcome::ok(false).with("ansible_facts", facts) })
}

/// Asks one of them; the inner error is what goes wrong with it alone.
fn ask(name: &str, program: &str, ctx: &mut Context<'_>) -> Result<Result<Vec<Map>, String>, Failure> {
    let words: &[&str] = match name {
        "apt" => &["-W", read::DPKG],
        "rpm" => &["-qa", "--queryformat", read::RPM],
        "apk" => &["info", "-v"],
        _ => &["-Qi"],
    };
    let said = ctx.ask([program].iter().chain(words).copied())?;
    if !said.well() || name != "rpm" && name != "apt" && !said.err.is_empty() {
        return Ok(Err(format!("Unable to list packages rc={} : {}", said.rc, said.err)));
    }
    Ok(Ok(match name {
        "apt" => {
            let mut found = read::dpkg(&said.out, &native(ctx)?);
            origins(&mut found, ctx)?;
            found
        }
        "rpm" => read::rpm(&said.out),
        "apk" => read::apk(&said.out),
        _ => read::pacman(&said.out),
    }))
}

fn native(ctx: &mut Context<'_>) -> Result<String, Failure> {
    let Some(dpkg) = ctx.program("dpkg") else { return Ok(String::new()) };
    Ok(ctx.ask([dpkg.as_str(), "--print-architecture"])?.out.trim().to_owned())
}

/// Where apt has packages from: who stands behind the source of the version that is installed.
fn origins(packages: &mut [Map], ctx: &mut Context<'_>) -> Result<(), Failure> {
    let Some(program) = ctx.program("apt-cache") else { return Ok(()) };
    let sources = read::sources(&ctx.ask([program.as_str(), "policy"])?.out);
    let names = packages.iter().filter_map(|package| package.get("name")).map(ToString::to_string);
    let words = [program, "policy".to_owned(), "--".to_owned()].into_iter().chain(names);
    let found = read::origins(&ctx.ask(words)?.out, &sources);
    for package in packages {
        let name = package.get("name").map(ToString::to_string).unwrap_or_default();
        package.insert("origin", found.get(&name).map_or("", String::as_str));
    }
    Ok(())
}

/// What is installed under one name is a list.
fn add(packages: &mut Map, found: Vec<Map>, source: &str) {
    for mut package in found {
        package.insert("source", source);
        let name = package.get("name").map(ToString::to_string).unwrap_or_default();
        let mut list =
            packages.get(&name).and_then(Value::as_list).map(<[Value]>::to_vec).unwrap_or_default();
        list.push(Value::from(package));
        packages.insert(name, Value::list(list));
    }
}
