//! `pip`: packages of Python, by pip.

mod names;
mod version;

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::names::Package;
use super::path::{temporary, variable_value};
use super::process::Command;
use super::programs::Said;
use super::{Answer, Context, Failure, Module, TargetPath, call, programs};
use crate::base::spec::{CheckMode, OnResume, Spec, schema_of};
use crate::base::{Value, shlex};
use crate::wire::Outcome;

/// Installs, upgrades or removes packages of Python.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend(
    "x-exclusive" = [["name", "requirements"], ["executable", "virtualenv"]],
    "x-one-of" = [["name", "requirements"]]
))]
pub struct Args {
    /// The packages: `foo`, `foo==1.0`, `foo>1,<2`, a path, or an address (`git+https://…`).
    pub name: Option<Vec<String>>,
    /// The version, where there is one package.
    pub version: Option<String>,
    /// A file of requirements on the target.
    pub requirements: Option<String>,
    /// What should be so.
    #[serde(default)]
    pub state: State,
    /// The folder of the virtual environment that it is about; it is made where it is missing.
    pub virtualenv: Option<TargetPath>,
    /// A new virtual environment sees the packages of the system.
    #[serde(default)]
    pub virtualenv_site_packages: bool,
    /// What makes virtual environments: a program, or `python3 -m venv`.
    #[serde(default = "virtualenv")]
    pub virtualenv_command: TargetPath,
    /// The Python of a new virtual environment.
    pub virtualenv_python: Option<String>,
    /// More arguments for pip.
    pub extra_args: Option<String>,
    /// `-e`: the package is used where it lies.
    #[serde(default)]
    pub editable: bool,
    /// The folder in which pip is started.
    pub chdir: Option<TargetPath>,
    /// The program; by default the pip of the Python that `ansible_python_interpreter` names, or of `python3`.
    pub executable: Option<TargetPath>,
    /// The umask of what is installed, in octal digits.
    pub umask: Option<String>,
    /// Packages may be changed that the system looks after.
    #[serde(default)]
    pub break_system_packages: bool,
}

/// What should be so of packages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// They are not there.
    Absent,
    /// They are installed again.
    ForceReinstall,
    /// They are there in their newest version.
    Latest,
    /// They are there.
    #[default]
    Present,
}

impl State {
    fn words(self) -> &'static [&'static str] {
        match self {
            State::Absent => &["uninstall", "-y"],
            State::ForceReinstall => &["install", "-U", "--force-reinstall"],
            State::Latest => &["install", "-U"],
            State::Present => &["install"],
        }
    }

    fn word(self) -> &'static str {
        match self {
            State::Absent => "absent",
            State::ForceReinstall => "forcereinstall",
            State::Latest => "latest",
            State::Present => "present",
        }
    }
}

fn virtualenv() -> TargetPath {
    TargetPath::from("virtualenv")
}

pub(super) const SPEC: Spec = Spec {
    name: "pip",
    summary: "Installs, upgrades or removes packages of Python.",
    free_form: None,
    open: false,
    on_resume: OnResume::Rerun,
    check: CheckMode::Full,
    schema: schema_of::<Args>,
};

/// The row of the table.
pub const MODULE: Module = Module { name: SPEC.name, run: |args, ctx| call(args, ctx, ensure) };

/// One task: where its programs run, and what they have said.
struct Work<'a> {
    args: &'a Args,
    folder: PathBuf,
    environment: Option<PathBuf>,
    umask: Option<String>,
    out: String,
    err: String,
}

fn ensure(args: &Args, ctx: &mut Context<'_>) -> Answer {
    if args.state == State::Latest && args.version.is_some() {
        return Err(Failure::new("version is incompatible with state=latest"));
    }
    let is_octal = |text: &String| u32::from_str_radix(text.trim_start_matches("0o"), 8).is_ok();
    if args.umask.as_ref().is_some_and(|umask| !is_octal(umask)) {
        return Err(Failure::new("umask must be an octal integer"));
    }
    let chdir = args.chdir.as_ref().map(|folder| folder.expand(ctx));
    let environment = args.virtualenv.as_ref().map(|folder| folder.expand(ctx));
    let environment =
        environment.map(|folder| chdir.as_ref().map_or(folder.clone(), |chdir| chdir.join(&folder)));
    let umask = args.umask.as_ref().map(|umask| umask.trim_start_matches("0o").to_owned());
    let folder = chdir.unwrap_or_else(|| temporary(ctx));
    let mut work = Work { args, folder, environment, umask, out: String::new(), err: String::new() };
    let is_new = work.environment.as_ref().is_some_and(|folder| !folder.join("bin/activate").exists());
    if is_new {
        if ctx.check() {
            return Ok(Outcome::ok(true));
        }
        work.make_environment(ctx)?;
    }
    let pip = work.pip(ctx)?;
    let given = args.name.clone().unwrap_or_default();
    let packages = names::packages(&given, args.version.as_deref()).map_err(Failure::new)?;
    let extra = work.extra()?;
    let mut line: Vec<String> = pip.clone();
    line.extend(args.state.words().iter().map(|word| (*word).to_owned()));
    line.extend(extra.iter().cloned());
    if args.name.is_some() {
        line.extend(packages.iter().map(|package| package.text.clone()));
    } else if let Some(file) = &args.requirements {
        line.extend(["-r".to_owned(), file.clone()]);
    }
    if packages.is_empty() && args.requirements.is_none() {
        let warnings = vec!["No valid name or requirements file found.".to_owned()];
        return Ok(Outcome { warnings, ..Outcome::ok(false) });
    }
    if ctx.check() {
        let certain = extra.is_empty() && args.requirements.is_none() && args.state != State::Latest;
        return if certain { work.would(&pip, &packages, ctx) } else { Ok(Outcome::ok(true)) };
    }
    let compares = args.requirements.is_some() || given.iter().any(|name| names::is_from_repository(name));
    let before = if compares { Some(work.packages(&pip, ctx)?.out) } else { None };
    let said = work.run(&line, ctx)?;
    let (rc, out, err) = (said.rc, said.out, said.err);
    let nothing = args.state == State::Absent && rc == 1;
    let nothing = nothing && (out.contains("not installed") || err.contains("not installed"));
    work.out.push_str(&out);
    work.err.push_str(&err);
    if rc != 0 && !nothing {
        return Err(work.failure(&line));
    }
    let changed = match before {
        _ if args.state == State::Absent => out.contains("Successfully uninstalled"),
        None => out.contains("Successfully installed"),
        Some(before) => before != work.packages(&pip, ctx)?.out,
    };
    let or_null = |text: Option<String>| text.map_or(Value::Null, Value::from);
    let environment = work.environment.as_ref().map(|folder| folder.to_string_lossy().into_owned());
    Ok(Outcome::ok(changed || is_new)
        .with("cmd", line)
        .with("name", args.name.clone().map_or(Value::Null, Value::from))
        .with("version", or_null(args.version.clone()))
        .with("state", args.state.word())
        .with("requirements", or_null(args.requirements.clone()))
        .with("virtualenv", or_null(environment))
        .with("stdout", work.out)
        .with("stderr", work.err))
}

impl Work<'_> {
    /// Runs a program where the task says, with its umask, and with the programs of its virtual environment.
    fn run(&self, line: &[String], ctx: &mut Context<'_>) -> Result<Said, Failure> {
        let mut words: Vec<String> = Vec::new();
        if let Some(umask) = &self.umask {
            words.extend(["/bin/sh", "-c", "umask \"$0\" && exec \"$@\"", umask].map(str::to_owned));
        }
        words.extend(line.iter().cloned());
        let mut command = Command { cwd: Some(self.folder.clone()), ..Command::new(words) };
        if let Some(folder) = &self.environment {
            let path = variable_value("PATH", ctx).unwrap_or_default();
            let path = format!("{}:{path}", folder.join("bin").display());
            command.environment.push(("PATH".into(), path.into()));
        }
        if self.args.break_system_packages {
            command.environment.push(("PIP_BREAK_SYSTEM_PACKAGES".into(), "1".into()));
        }
        ctx.ask_with(command)
    }

    fn failure(&self, line: &[String]) -> Failure {
        let out = if self.out.is_empty() { String::new() } else { format!("stdout: {}", self.out) };
        let err = if self.err.is_empty() { String::new() } else { format!("\n:stderr: {}", self.err) };
        Failure::new(out + &err).with("cmd", line.to_vec())
    }

    /// The command line of pip.
    fn pip(&self, ctx: &mut Context<'_>) -> Result<Vec<String>, Failure> {
        if let Some(folder) = &self.environment {
            let candidates = ["bin/pip3", "bin/pip"].map(|name| folder.join(name));
            let found = candidates.iter().find(|file| programs::is_there(&file.to_string_lossy(), ctx));
            return found.map(|file| vec![file.to_string_lossy().into_owned()]).ok_or_else(|| {
                let words =
                    "under any of these names: pip3, pip. Make sure pip is present in the virtualenv.";
                Failure::new(format!("Unable to find pip in the virtualenv, {}, {words}", folder.display()))
            });
        }
        let wanted = match &self.args.executable {
            Some(program) if program.as_str().contains('/') => {
                return Ok(vec![program.expand(ctx).to_string_lossy().into_owned()]);
            }
            Some(program) => program.as_str().to_owned(),
            None => {
                if let Some(python) = programs::python(ctx) {
                    let known =
                        "import importlib.util, sys; sys.exit(importlib.util.find_spec('pip') is None)";
                    if ctx.ask([python.as_str(), "-c", known])?.well() {
                        return Ok(vec![python, "-m".to_owned(), "pip".to_owned()]);
                    }
                }
                "pip3".to_owned()
            }
        };
        let found = ctx.program(&wanted).ok_or_else(|| {
            Failure::new(format!("Unable to find any of {wanted} to use.  pip needs to be installed."))
        })?;
        Ok(vec![found])
    }

    fn extra(&self) -> Result<Vec<String>, Failure> {
        let words = shlex::split(self.args.extra_args.as_deref().unwrap_or_default());
        let mut words = words.map_err(|e| Failure::new(format!("extra_args: {e}")))?;
        if self.args.editable && !words.iter().any(|word| word == "-e") {
            words.push("-e".to_owned());
        }
        Ok(words)
    }

    fn make_environment(&mut self, ctx: &mut Context<'_>) -> Result<(), Failure> {
        let args = self.args;
        let command = args.virtualenv_command.expand(ctx).to_string_lossy().into_owned();
        let mut line =
            shlex::split(&command).map_err(|e| Failure::new(format!("virtualenv_command: {e}")))?;
        let Some(program) = line.first().cloned() else {
            return Err(Failure::new("virtualenv_command is empty"));
        };
        let of_python = program == "pyvenv"
            || line.iter().any(|word| word == "-mvenv")
            || line.windows(2).any(|pair| pair == ["-m", "venv"]);
        if !program.contains('/') {
            line[0] = ctx.needed(&program)?;
        }
        if args.virtualenv_site_packages {
            line.push("--system-site-packages".to_owned());
        } else {
            let said = ctx.ask([line[0].as_str(), "--help"])?;
            if !said.well() {
                let text = said.out + &said.err;
                return Err(Failure::new(format!("Could not get output from {} --help: {text}", line[0])));
            }
            // Old versions have to be told.
            let knows = said.out.split_whitespace().any(|word| word == "--no-site-packages");
            line.extend(knows.then(|| "--no-site-packages".to_owned()));
        }
        if of_python && args.virtualenv_python.is_some() {
            let words = "virtualenv_python should not be used when using the venv module or pyvenv as virtualenv_command";
            return Err(Failure::new(words));
        }
        if !of_python {
            let python = args.virtualenv_python.clone().or_else(|| programs::python(ctx));
            line.extend(python.map(|python| format!("-p{python}")));
        }
        line.extend(self.environment.as_ref().map(|folder| folder.to_string_lossy().into_owned()));
        let inside = self.environment.take();
        let said = self.run(&line, ctx);
        self.environment = inside;
        let said = said?;
        let well = said.well();
        self.out.push_str(&said.out);
        self.err.push_str(&said.err);
        if well { Ok(()) } else { Err(self.failure(&line)) }
    }

    /// What is installed, by `pip list`.
    fn packages(&self, pip: &[String], ctx: &mut Context<'_>) -> Result<Said, Failure> {
        let mut said = Said::default();
        for words in [&["list", "--format=freeze"][..], &["freeze"]] {
            let line: Vec<String> =
                pip.iter().cloned().chain(words.iter().map(|word| (*word).to_owned())).collect();
            said = self.run(&line, ctx)?;
            if said.well() {
                return Ok(said);
            }
        }
        let msg = format!("stdout: {}\n:stderr: {}", said.out, said.err);
        Err(Failure::new(msg))
    }

    /// Under `--check`: whether a package is missing, or there.
    fn would(&mut self, pip: &[String], packages: &[Package], ctx: &mut Context<'_>) -> Answer {
        let said = self.packages(pip, ctx)?;
        let installed: Vec<(String, &str)> = said
            .out
            .lines()
            .filter_map(|line| line.split_once("=="))
            .map(|(name, version)| (names::canonical(name), version))
            .collect();
        let is_there = |package: &Package| {
            installed.iter().any(|(name, version)| *name == package.name && package.fits(version))
        };
        let changed = packages.iter().any(|package| match self.args.state {
            State::Absent => is_there(package),
            State::Present => !is_there(package),
            _ => false,
        });
        let cmd = format!("{} list --format=freeze", pip.join(" "));
        let (out, err) = (said.out.clone(), said.err.clone());
        Ok(Outcome::ok(changed).with("cmd", cmd).with("stdout", out).with("stderr", err))
    }
}
