//! Options that the commands of Ansible have in common, by the reference's names and letters.

use std::path::PathBuf;

use clap::{ArgAction, Args};

use super::super::becoming::Becoming;
use super::super::vaulting::Vaulting;

/// Which hosts there are, which of them count, and variables above theirs.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct Targeting {
    /// An inventory file, script or folder, or hosts with commas; may be given several times
    #[arg(short, long = "inventory", visible_alias = "inventory-file", value_name = "INVENTORY")]
    pub inventory: Vec<String>,
    /// Only hosts of this pattern
    #[arg(short, long = "limit", value_name = "SUBSET", allow_hyphen_values = true)]
    pub limit: Option<String>,
    /// Variables above all others: `NAME=VALUE`, YAML or JSON, or `@FILE`
    #[arg(short, long = "extra-vars", value_name = "EXTRA_VARS", allow_hyphen_values = true)]
    pub extra_vars: Vec<String>,
    /// Forget the facts of all hosts
    #[arg(long)]
    pub flush_cache: bool,
}

/// What every command takes.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct Manner {
    /// Say more
    #[arg(short, long, action = ArgAction::Count, global = true)]
    pub verbose: u8,
    /// Say the version
    #[arg(long, action = ArgAction::Version)]
    version: Option<bool>,
}

/// Check mode, and how much is done at once.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct Working {
    /// Show the hosts, and do nothing
    #[arg(long)]
    pub list_hosts: bool,
    /// Say what would change, and change nothing
    #[arg(short = 'C', long)]
    pub check: bool,
    /// Show files before and after
    #[arg(short = 'D', long)]
    pub diff: bool,
    /// How many hosts work at once
    #[arg(short, long, value_name = "FORKS", value_parser = clap::value_parser!(u32).range(1..))]
    pub forks: Option<u32>,
    /// Folders of modules that are not built in, with colons between them
    #[arg(short = 'M', long = "module-path", value_name = "MODULE_PATH")]
    pub module_path: Vec<String>,
}

impl Working {
    /// The folders of `--module-path`.
    pub fn module_path(&self) -> Vec<PathBuf> {
        let words = self.module_path.iter().flat_map(|words| words.split(':'));
        words.filter(|word| !word.is_empty()).map(PathBuf::from).collect()
    }
}

/// How hosts are reached.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct Connecting {
    /// The user to log in as
    #[arg(short = 'u', long = "user", value_name = "REMOTE_USER")]
    pub user: Option<String>,
    /// Ask for the password of the connection
    #[arg(short = 'k', long = "ask-pass")]
    pub ask_pass: bool,
    /// A file with the password of the connection
    #[arg(long = "connection-password-file", visible_alias = "conn-pass-file", value_name = "FILE")]
    pub password_file: Option<PathBuf>,
    /// The kind of connection
    #[arg(short, long, value_name = "CONNECTION")]
    pub connection: Option<String>,
    /// The key to log in with
    #[arg(long = "private-key", visible_alias = "key-file", value_name = "PRIVATE_KEY_FILE")]
    pub private_key: Option<String>,
    /// Seconds to wait for a connection
    #[arg(short = 'T', long, value_name = "TIMEOUT")]
    pub timeout: Option<u32>,
    /// Arguments for ssh, scp and sftp
    #[arg(long, value_name = "ARGS", allow_hyphen_values = true)]
    pub ssh_common_args: Option<String>,
    /// Arguments for ssh
    #[arg(long, value_name = "ARGS", allow_hyphen_values = true)]
    pub ssh_extra_args: Option<String>,
    /// Arguments for scp, which is never called
    #[arg(long, value_name = "ARGS", allow_hyphen_values = true)]
    pub scp_extra_args: Option<String>,
    /// Arguments for sftp, which is never called
    #[arg(long, value_name = "ARGS", allow_hyphen_values = true)]
    pub sftp_extra_args: Option<String>,
}

/// What the two commands that run something have in common.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct Running {
    #[command(flatten)]
    pub hosts: Targeting,
    #[command(flatten)]
    pub manner: Manner,
    #[command(flatten)]
    pub working: Working,
    #[command(flatten)]
    pub connecting: Connecting,
    #[command(flatten)]
    pub becoming: Becoming,
    #[command(flatten)]
    pub vaulting: Vaulting,
}

/// Which tasks.
#[derive(Clone, Debug, Default, Args)]
#[allow(clippy::struct_excessive_bools)] // each is a switch of the command line
pub(super) struct Selection {
    /// Only tasks with these tags
    #[arg(short, long, value_name = "TAGS")]
    pub tags: Vec<String>,
    /// No tasks with these tags
    #[arg(long, value_name = "SKIP_TAGS")]
    pub skip_tags: Vec<String>,
    /// Begin at the task of this name
    #[arg(long, value_name = "NAME")]
    pub start_at_task: Option<String>,
    /// Ask before each task, which is not supported
    #[arg(long)]
    pub step: bool,
    /// Handlers of failed hosts run too
    #[arg(long)]
    pub force_handlers: bool,
    /// Show the tasks, and do nothing
    #[arg(long)]
    pub list_tasks: bool,
    /// Show the tags, and do nothing
    #[arg(long)]
    pub list_tags: bool,
    /// Only look whether the playbook can be understood
    #[arg(long)]
    pub syntax_check: bool,
}

/// What `ansible-playbook` is called with.
#[derive(Clone, Debug, clap::Parser)]
#[command(
    name = "ansible-playbook",
    about = "Runs Ansible playbooks, executing the defined tasks on the targeted hosts.",
    args_override_self = true,
    infer_long_args = true,
    version,
    disable_version_flag = true,
    max_term_width = 100
)]
pub(super) struct Playbook {
    /// Playbooks
    #[arg(value_name = "playbook", required = true)]
    pub playbooks: Vec<PathBuf>,
    #[command(flatten)]
    pub running: Running,
    #[command(flatten)]
    pub selection: Selection,
}

/// What `ansible` is called with.
#[derive(Clone, Debug, clap::Parser)]
#[command(
    name = "ansible",
    about = "Defines and runs a single task on a set of hosts.",
    args_override_self = true,
    infer_long_args = true,
    version,
    disable_version_flag = true,
    max_term_width = 100
)]
pub(super) struct AdHoc {
    /// Which hosts
    #[arg(value_name = "pattern")]
    pub pattern: String,
    #[command(flatten)]
    pub running: Running,
    /// The module
    #[arg(short, long, value_name = "MODULE_NAME")]
    pub module_name: Option<String>,
    /// Its arguments: words `k=v`, a command, or a mapping in JSON
    #[arg(short, long, value_name = "MODULE_ARGS", allow_hyphen_values = true)]
    pub args: Option<String>,
    /// Go on while it works, for at most these seconds
    #[arg(short = 'B', long, value_name = "SECONDS")]
    pub background: Option<u32>,
    /// Seconds between looks at what works; 0 never looks
    #[arg(short = 'P', long, value_name = "POLL_INTERVAL")]
    pub poll: Option<u32>,
    /// Seconds that the task may take
    #[arg(long, value_name = "TASK_TIMEOUT")]
    pub task_timeout: Option<u32>,
    /// A host in a line
    #[arg(short, long)]
    pub one_line: bool,
    /// A folder that gets a file with each host's result
    #[arg(short, long, value_name = "TREE")]
    pub tree: Option<PathBuf>,
    /// A folder that stands for a playbook's
    #[arg(long, value_name = "BASEDIR")]
    pub playbook_dir: Option<PathBuf>,
}

/// Words of an option that takes several with commas, and may be given several times.
pub(super) fn split(words: &[String]) -> Vec<String> {
    let words = words.iter().flat_map(|text| text.split(','));
    words.map(str::trim).filter(|word| !word.is_empty()).map(ToOwned::to_owned).collect()
}
