//! What the reference says of a module beside its arguments: what it returns, and an example. `pages/NAME.yml` holds it; tests
//! run each example on a machine, twice, and hold what came back against the page (`tests/it/manual.rs`).

use std::fmt::Write as _;

use indexmap::IndexMap;
use serde::Deserialize;

use crate::base::Diagnostic;
use crate::base::spec::{Catalogue, Spec};

/// What is shown of a file of `pages/`; the tests that read the whole know its other keys.
#[derive(Debug, Deserialize)]
struct Page {
    /// What is registered, beside what every task has: key → meaning.
    #[serde(default)]
    returns: IndexMap<String, String>,
    /// `--diff` shows what changes.
    #[serde(default)]
    diff: bool,
    /// Tasks, as a user writes them.
    example: String,
    /// Why the example is not run by tests, and what is tested instead: a sentence.
    unproven: Option<String>,
    /// Why it has no keys of its own that could be listed: they are the user's.
    open: Option<String>,
}

macro_rules! pages {
    ($($name:literal)*) => {
        const PAGES: &[(&str, &str)] = &[$(($name, include_str!(concat!("pages/", $name, ".yml")))),*];
    };
}

pages! {
    "add_host"
    "apt"
    "apt_key"
    "apt_repository"
    "archive"
    "assemble"
    "assert"
    "async_status"
    "authorized_key"
    "blockinfile"
    "command"
    "copy"
    "cron"
    "deb822_repository"
    "debug"
    "dnf"
    "docker_container"
    "docker_container_exec"
    "docker_image"
    "docker_network"
    "environment"
    "fail"
    "fetch"
    "file"
    "find"
    "firewalld"
    "gather_facts"
    "get_url"
    "getent"
    "git"
    "group"
    "group_by"
    "hostname"
    "include_vars"
    "ini_file"
    "known_hosts"
    "lineinfile"
    "make"
    "modprobe"
    "mount"
    "package"
    "package_facts"
    "patch"
    "pause"
    "ping"
    "pip"
    "preflight"
    "raw"
    "reboot"
    "replace"
    "requirements"
    "rpm_key"
    "script"
    "seboolean"
    "selinux"
    "service"
    "service_facts"
    "set_fact"
    "set_stats"
    "setup"
    "shell"
    "slurp"
    "stat"
    "synchronize"
    "sysctl"
    "systemd"
    "tempfile"
    "template"
    "unarchive"
    "uri"
    "user"
    "validate_argument_spec"
    "wait_for"
    "wait_for_connection"
    "yum_repository"
    "zypper"
}

/// The page of a module or action, in Markdown.
pub(super) fn page(spec: &Spec) -> Result<String, Diagnostic> {
    let mut text = spec.manual();
    let Some((name, file)) = PAGES.iter().find(|(name, _)| *name == spec.name) else { return Ok(text) };
    let page: Page = serde_yaml::from_str(file)
        .map_err(|error| Diagnostic::error("internal", format!("the page of {name} is broken: {error}")))?;
    text.push_str(if page.diff { "`--diff` shows what changes.\n" } else { "`--diff` shows nothing.\n" });
    if !page.returns.is_empty() {
        text.push_str("\n## Returns\n\n| key | |\n|---|---|\n");
        for (key, meaning) in &page.returns {
            let _ =
                writeln!(text, "| `{key}` | {} |", meaning.trim_end().replace('\n', " ").replace('|', "\\|"));
        }
    }
    if let Some(open) = &page.open {
        let _ = write!(text, "\n{}\n", open.trim_end());
    }
    let _ = write!(text, "\n## Example\n\n```yaml\n{}```\n", page.example);
    if let Some(why) = &page.unproven {
        let _ = write!(text, "\n{}\n", why.trim_end());
    }
    Ok(text)
}

/// What users may write; some names are the engine's own.
pub(super) fn listed(catalogue: &Catalogue) -> impl Iterator<Item = &Spec> {
    catalogue.iter().filter(|spec| !spec.name.contains("._"))
}

/// The list of all, with what their pages do not repeat.
pub(super) fn index(catalogue: &Catalogue) -> String {
    let mut text = "# Modules and actions\n
<!-- made by `benchbook doc --write`, as all pages beside it; a test compares -->\n
What a task can do without Python on the target. Each page lists every parameter; what it does not list is refused before anything
runs. Tests run the examples over ssh on a machine of their own, twice, and hold what they return against the page. What cannot run
there says so on its page, and what is tested instead.\n
Every result has `changed` and `failed`; `msg` says why something failed, and with some modules what they did; `skipped` and
`skip_reason` are there when a condition was not met, `results` under a loop, `diff` under `--diff`, `timed_out` when `timeout` was
over, `details` when a mode cannot be understood, `warnings` and `deprecations` when there are any.\n
| name | |\n|---|---|\n"
        .to_owned();
    for spec in listed(catalogue) {
        let _ = writeln!(text, "| [{0}]({0}.md) | {1} |", spec.name, spec.summary);
    }
    text
}
