//! What `ansible.cfg`, the environment and the command line say together: how hosts are reached, how much is said.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use super::super::becoming::Becoming;
use super::super::terminal::Terminal;
use super::super::vaulting::{self, Vaulting};
use super::super::{project, question};
use super::options::{Connecting, Targeting};
use super::saying::warn;
use crate::base::{Diagnostic, Diagnostics, Map, Severity, Value};
use crate::load::inventory::{NOTHING_READ, REPLACED, UNREAD};
use crate::load::{AnsibleCfg, Config, DiskFiles, Reading, Unreadable};
use crate::model::{GroupNames, Strategy};
use crate::plan::{AskedBecoming, FactCache};
use crate::report::Reporter;
use crate::report::ansible::{Ansible, LogFile, Look, Minimal};
use crate::vars::Habits;
use crate::vars::template_variables::managed_text;

/// Kinds of plugins in Python whose folders the settings name.
const PLUGINS: [&str; 4] = ["action", "filter", "test", "lookup"];
/// The inventory that is read when nobody names one.
const USUAL_INVENTORY: &str = "/etc/ansible/hosts";
/// For how many seconds kept facts count where nobody says.
const CACHED: u64 = 86_400;
/// How wide headings are when nobody watches, in columns.
const WIDTH: usize = 79;

/// What the file and the environment say.
pub(super) fn read() -> (AnsibleCfg, Diagnostics) {
    AnsibleCfg::read(&DiskFiles, &|name| std::env::var(name).ok())
}

/// The user's home.
pub(super) fn home() -> Option<PathBuf> {
    std::env::var_os("HOME").map(PathBuf::from)
}

/// The project's settings as Ansible's say them; `benchbook.toml` has no say.
pub(super) fn config(cfg: &AnsibleCfg) -> Config {
    let home = home();
    let mut roles_path = cfg.paths("roles_path", ':', home.as_deref());
    if roles_path.is_empty() {
        let own = home.iter().map(|home| home.join(".ansible/roles"));
        roles_path.extend(own.chain(["/usr/share/ansible/roles", "/etc/ansible/roles"].map(PathBuf::from)));
    }
    let mut collections_path = cfg.paths("collections_path", ':', home.as_deref());
    if collections_path.is_empty() {
        collections_path = project::collections();
    }
    let plugins = |key: &str, kind: &str| {
        let said = cfg.paths(key, ':', home.as_deref());
        if !said.is_empty() {
            return said;
        }
        let own = home.iter().map(|home| home.join(".ansible/plugins").join(kind));
        own.chain([Path::new("/usr/share/ansible/plugins").join(kind)]).collect()
    };
    let settings_file = cfg.file.clone();
    Config {
        settings_file,
        roles_path,
        collections_path,
        library: plugins("library", "modules"),
        plugins: PLUGINS.map(|kind| (kind, plugins(&format!("{kind}_plugins"), kind))).into(),
        forks: cfg.number("forks"),
        ..Config::default()
    }
}

/// Passwords of vaults: what the command line and the settings say.
pub(super) fn vaulting(said: &Vaulting, cfg: &AnsibleCfg) -> Vaulting {
    let identities = cfg.words("vault_identity_list");
    let password_file = cfg.path("vault_password_file", home().as_deref());
    said.clone().with(vaulting::Settings { identities, password_file })
}

/// Another user: what the command line and the settings say.
pub(super) fn becoming(said: &Becoming, cfg: &AnsibleCfg) -> Becoming {
    let usual = AskedBecoming {
        r#become: cfg.boolean("become") == Some(true),
        user: cfg.text("become_user"),
        method: cfg.text("become_method"),
        exe: cfg.text("become_exe"),
        flags: cfg.text("become_flags"),
        same_user: cfg.boolean("become_allow_same_user") == Some(true),
    };
    let file = cfg.path("become_password_file", home().as_deref());
    said.clone().or(usual, cfg.boolean("become_ask_pass") == Some(true), file)
}

/// What the settings change about variables and templates.
pub(super) fn habits(cfg: &AnsibleCfg) -> Result<Habits, Diagnostic> {
    let merging = match cfg.text("hash_behaviour").as_deref() {
        None | Some("replace") => false,
        Some("merge") => true,
        Some(other) => {
            let message = format!("hash_behaviour is replace or merge, not {other}");
            return Err(Diagnostic::error("unsupported-option", message));
        }
    };
    let managed = cfg.text("ansible_managed");
    if let Some(problem) = managed.as_deref().and_then(|text| managed_text(text).err()) {
        return Err(Diagnostic::error("unsupported-option", format!("ansible_managed: {problem}")));
    }
    let any_condition = cfg.boolean("allow_broken_conditionals") == Some(true);
    Ok(Habits { any_condition, merging, managed: managed.map(Into::into) })
}

/// The strategy of plays that name none. One that there is not is a mistake in the settings.
pub(super) fn strategy(cfg: &AnsibleCfg) -> Result<Option<Strategy>, Diagnostic> {
    let Some(word) = cfg.text("strategy") else { return Ok(None) };
    match Strategy::named(word.trim_start_matches("ansible.builtin.")) {
        Some(strategy) => Ok(Some(strategy)),
        None => {
            Err(Diagnostic::error("unsupported-option", format!("Invalid play strategy specified: {word}")))
        }
    }
}

/// The folder that stands for a playbook's: of the command line, else of the settings.
pub(super) fn playbook_dir(said: Option<&Path>, cfg: &AnsibleCfg) -> Option<PathBuf> {
    said.map(Path::to_path_buf).or_else(|| cfg.path("playbook_dir", home().as_deref()))
}

/// The inventories: of the command line, else of the settings, else the usual one where there is one.
pub(super) fn inventory(hosts: &Targeting, cfg: &AnsibleCfg) -> Vec<String> {
    let said =
        if hosts.inventory.is_empty() { cfg.inventory(home().as_deref()) } else { hosts.inventory.clone() };
    let mut sources = if said.is_empty() && Path::new(USUAL_INVENTORY).exists() {
        vec![USUAL_INVENTORY.to_owned()]
    } else {
        said
    };
    sources.retain(|source| source != USUAL_INVENTORY || Path::new(source).is_file());
    sources
}

/// Plugins of Ansible that read inventories, and are there.
const INVENTORIES: [&str; 8] =
    ["host_list", "advanced_host_list", "script", "auto", "constructed", "yaml", "ini", "toml"];

/// How inventories are read: one that cannot be is left out, and only those of `enable_plugins` count.
pub(super) fn reading(cfg: &AnsibleCfg, terminal: &Terminal) -> Result<Reading, Diagnostic> {
    let named = cfg.words("enable_plugins");
    let short = |name: &String| name.trim_start_matches("ansible.builtin.").to_owned();
    let (known, unknown): (Vec<String>, Vec<String>) =
        named.iter().map(short).partition(|name| INVENTORIES.contains(&name.as_str()));
    for name in unknown {
        warn(&format!("Failed to load inventory plugin, skipping {name}"), terminal);
    }
    if known.is_empty() && !named.is_empty() {
        let words =
            "No inventory plugins available to generate inventory, make sure you have at least one enabled.";
        return Err(Diagnostic::error("unsupported-option", words));
    }
    let group_names = match cfg.text("force_valid_group_names").as_deref() {
        Some("always" | "silently") => GroupNames::Replaced,
        _ => GroupNames::Kept,
    };
    Ok(Reading { unreadable: Unreadable::LeftOut, plugins: known, group_names })
}

/// What the settings make of inventories that could not be read, and of names that nobody has: a warning, nothing at all, or an
/// error. A playbook with such a name ends when its play is reached.
pub(super) fn judged(warnings: &Diagnostics, cfg: &AnsibleCfg) -> Diagnostics {
    let mut found = Diagnostics::new();
    for warning in warnings.iter().cloned() {
        let error = |message: String| Diagnostic::error(warning.code, message);
        match warning.code {
            UNREAD if cfg.boolean("any_unparsed_is_failed") == Some(true) => {
                let name = warning.message.trim_start_matches("Unable to parse ");
                let name = name.trim_end_matches(" as an inventory source");
                found.push(error(format!("Completely failed to parse inventory source {name}")));
            }
            NOTHING_READ if cfg.boolean("unparsed_is_failed") == Some(true) => {
                let words = "No inventory was parsed, please check your configuration and options.";
                found.push(error(words.to_owned()));
            }
            "duplicate-key" => match cfg.text("duplicate_dict_key").as_deref() {
                Some("ignore") => {}
                Some("error") => {
                    found.push(Diagnostic { severity: Severity::Error, ..duplicate(warning, ".") });
                }
                _ => found.push(duplicate(warning, ". Using last defined value only.")),
            },
            REPLACED if cfg.text("force_valid_group_names").as_deref() == Some("silently") => {}
            NOTHING_READ if cfg.boolean("inventory_unparsed_warning") == Some(false) => {}
            "no-such-host" if cfg.text("host_pattern_mismatch").is_some_and(|word| word != "warning") => {}
            _ => found.push(warning),
        }
    }
    found
}

/// That a key stands twice, in the reference's words.
fn duplicate(warning: Diagnostic, end: &str) -> Diagnostic {
    let key = warning.message.split('`').nth(1).unwrap_or_default();
    Diagnostic { message: format!("Found duplicate mapping key '{key}'{end}"), ..warning }
}

/// Where facts are kept between runs: with the plugin `jsonfile` in its folder, with `memory` nowhere.
pub(super) fn fact_cache(cfg: &AnsibleCfg, flush: bool) -> Result<Option<FactCache>, Diagnostic> {
    let plugin = cfg.text("fact_caching").unwrap_or_else(|| "memory".to_owned());
    match plugin.trim_start_matches("ansible.builtin.") {
        "memory" => Ok(None),
        "jsonfile" => {
            let folder = cfg.path("fact_caching_connection", home().as_deref()).ok_or_else(|| {
                let message = "error, 'jsonfile' cache plugin requires the 'fact_caching_connection' config option to be set";
                Diagnostic::error("fact-cache", message)
            })?;
            let prefix = cfg.text("fact_caching_prefix").unwrap_or_default();
            let seconds = cfg.number("fact_caching_timeout").unwrap_or(CACHED);
            Ok(Some(FactCache { folder, prefix, seconds, flush }))
        }
        other => {
            let message = format!("facts cannot be kept by `{other}`, only by `jsonfile`");
            Err(Diagnostic::error("fact-cache", message))
        }
    }
}

/// Variables that stand below all others of each host: what the command line and the settings say about reaching it.
pub(super) fn reaching(said: &Connecting, cfg: &AnsibleCfg) -> Result<Map, Diagnostic> {
    let mut vars = Map::new();
    let mut set = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            vars.insert(name, Value::from(value));
        }
    };
    set("ansible_user", said.user.clone().or_else(|| cfg.text("remote_user")));
    set("ansible_port", cfg.text("remote_port"));
    let transport = cfg.text("transport").filter(|word| word != "smart");
    set("ansible_connection", said.connection.clone().or(transport));
    let key = cfg.path("private_key_file", home().as_deref()).map(|path| path.display().to_string());
    set("ansible_ssh_private_key_file", said.private_key.clone().or(key));
    let timeout = said.timeout.or_else(|| cfg.number("timeout"));
    set("ansible_timeout", timeout.map(|seconds| seconds.to_string()));
    let common = said.ssh_common_args.clone().or_else(|| cfg.text("ssh_common_args"));
    let common: Vec<String> = cfg.text("ssh_args").into_iter().chain(common).collect();
    set("ansible_ssh_common_args", Some(common.join(" ")).filter(|words| !words.is_empty()));
    set("ansible_ssh_extra_args", said.ssh_extra_args.clone().or_else(|| cfg.text("ssh_extra_args")));
    set("ansible_shell_executable", cfg.text("executable"));
    set("ansible_facts_modules", cfg.text("facts_modules"));
    set("ansible_ssh_retries", cfg.text("retries"));
    set("ansible_host_key_checking", cfg.boolean("host_key_checking").map(|on| on.to_string()));
    set("ansible_password", password(said, cfg)?);
    Ok(vars)
}

/// The password of the connection, from a file or the terminal.
fn password(said: &Connecting, cfg: &AnsibleCfg) -> Result<Option<String>, Diagnostic> {
    let usual = || cfg.path("connection_password_file", home().as_deref()).filter(|_| !said.ask_pass);
    if let Some(path) = said.password_file.clone().or_else(usual) {
        let text = std::fs::read_to_string(&path).map_err(|error| {
            let message = format!("the password in {} cannot be read: {error}", path.display());
            Diagnostic::error("connection-password", message)
        })?;
        return Ok(Some(text.lines().next().unwrap_or_default().to_owned()));
    }
    if !said.ask_pass && cfg.boolean("ask_pass") != Some(true) {
        return Ok(None);
    }
    let asked = question::hidden("SSH password: ").map_err(|error| {
        Diagnostic::error("connection-password", format!("no password can be asked for: {error}"))
    })?;
    Ok(Some(asked.reveal().to_owned()))
}

/// How things are printed.
pub(super) fn look(verbose: u8, cfg: &AnsibleCfg) -> Look {
    let out = std::io::stdout();
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let colour = if cfg.boolean("force_color") == Some(true) {
        true
    } else {
        out.is_terminal() && !no_color && cfg.boolean("nocolor") != Some(true)
    };
    let columns = rustix::termios::tcgetwinsize(&out).map_or(0, |size| usize::from(size.ws_col));
    Look {
        verbosity: verbose.max(cfg.number("verbosity").unwrap_or(0)),
        colour,
        width: columns.saturating_sub(1).max(WIDTH),
        skipped: cfg.boolean("display_skipped_hosts") != Some(false),
        ok: cfg.boolean("display_ok_hosts") != Some(false),
        debug: cfg.boolean("debug") == Some(true),
        stats: cfg.boolean("show_custom_stats") == Some(true),
        failed_to_stderr: cfg.boolean("display_failed_stderr") == Some(true),
    }
}

/// Who writes what is printed into the file that `log_path` names, too. One that cannot be written to is told, and left out.
pub(super) fn log(
    cfg: &AnsibleCfg,
    terminal: &Terminal,
    reporter: impl FnOnce(LogFile, LogFile) -> Box<dyn Reporter>,
) -> Option<Box<dyn Reporter>> {
    let path = cfg.path("log_path", home().as_deref())?;
    let path = std::path::absolute(&path).unwrap_or(path);
    let files = LogFile::open(&path).and_then(|log| Ok((log, LogFile::open(&path)?)));
    let Ok((log, err)) = files else {
        let told = "is not writeable and we cannot create it, aborting";
        warn(&format!("log file at '{}' {told}", path.display()), terminal);
        return None;
    };
    Some(reporter(log, err))
}

/// Who prints what a playbook does: the callback `default`, or one of those that say less.
pub(super) fn reporter(look: Look, cfg: &AnsibleCfg, playbook: &Path, plays: usize) -> Box<dyn Reporter> {
    let (out, err) = (std::io::stdout(), std::io::stderr());
    let word = cfg.text("stdout_callback").unwrap_or_default();
    match word.trim_start_matches("ansible.builtin.") {
        "minimal" => Box::new(Minimal::new(out, err, look, false, None)),
        "oneline" => Box::new(Minimal::new(out, err, look, true, None)),
        _ => Box::new(Ansible::new(out, err, look).of(playbook, plays)),
    }
}
