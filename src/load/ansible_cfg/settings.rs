//! The settings of Ansible that people use: where each stands, and what it does here. One row per setting.

/// One setting.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// The section of `ansible.cfg`.
    pub section: &'static str,
    /// The key in that section; also the name it is asked for by, unless two sections have it.
    pub key: &'static str,
    /// The variables of the environment that say it, the strongest first.
    pub variables: &'static [&'static str],
    /// What it does here.
    pub effect: Effect,
}

/// What a setting does here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// What it does in Ansible.
    Same,
    /// Nothing, and nobody misses it: what it asks for is so anyway, or there is nothing like it here.
    Moot,
    /// Nothing, and the user is told.
    Nothing,
}

use Effect::{Moot, Nothing, Same};

const fn row(
    section: &'static str,
    key: &'static str,
    variables: &'static [&'static str],
    effect: Effect,
) -> Setting {
    Setting { section, key, variables, effect }
}

const DEFAULTS: &str = "defaults";
const BECOME: &str = "privilege_escalation";
const SSH: &str = "ssh_connection";
const PROFILE_TASKS: &str = "callback_profile_tasks";

/// All settings that are known by name; any other has no effect, and the user is told.
pub static SETTINGS: &[Setting] = &[
    row(DEFAULTS, "inventory", &["ANSIBLE_INVENTORY"], Same),
    row(DEFAULTS, "roles_path", &["ANSIBLE_ROLES_PATH"], Same),
    row(DEFAULTS, "forks", &["ANSIBLE_FORKS"], Same),
    row(DEFAULTS, "timeout", &[], Same),
    row(SSH, "timeout", &["ANSIBLE_SSH_TIMEOUT", "ANSIBLE_TIMEOUT"], Same),
    row(DEFAULTS, "remote_user", &["ANSIBLE_REMOTE_USER"], Same),
    row(DEFAULTS, "remote_port", &["ANSIBLE_REMOTE_PORT"], Same),
    row(DEFAULTS, "transport", &["ANSIBLE_TRANSPORT"], Same),
    row(DEFAULTS, "private_key_file", &["ANSIBLE_PRIVATE_KEY_FILE"], Same),
    row(DEFAULTS, "host_key_checking", &[], Same),
    row(SSH, "host_key_checking", &["ANSIBLE_SSH_HOST_KEY_CHECKING", "ANSIBLE_HOST_KEY_CHECKING"], Same),
    row(DEFAULTS, "gathering", &["ANSIBLE_GATHERING"], Same),
    row(DEFAULTS, "facts_modules", &["ANSIBLE_FACTS_MODULES"], Same),
    row(DEFAULTS, "any_errors_fatal", &["ANSIBLE_ANY_ERRORS_FATAL"], Same),
    row(DEFAULTS, "error_on_missing_handler", &["ANSIBLE_ERROR_ON_MISSING_HANDLER"], Same),
    row(DEFAULTS, "debug", &["ANSIBLE_DEBUG"], Same),
    row(DEFAULTS, "private_role_vars", &["ANSIBLE_PRIVATE_ROLE_VARS"], Same),
    row(DEFAULTS, "force_handlers", &["ANSIBLE_FORCE_HANDLERS"], Same),
    row(DEFAULTS, "display_skipped_hosts", &["ANSIBLE_DISPLAY_SKIPPED_HOSTS"], Same),
    row(DEFAULTS, "force_color", &["ANSIBLE_FORCE_COLOR"], Same),
    row(DEFAULTS, "nocolor", &["ANSIBLE_NOCOLOR"], Same),
    row(DEFAULTS, "verbosity", &["ANSIBLE_VERBOSITY"], Same),
    row(DEFAULTS, "vault_password_file", &["ANSIBLE_VAULT_PASSWORD_FILE"], Same),
    row(DEFAULTS, "vault_identity_list", &["ANSIBLE_VAULT_IDENTITY_LIST"], Same),
    row(DEFAULTS, "fact_caching", &["ANSIBLE_CACHE_PLUGIN"], Same),
    row(DEFAULTS, "fact_caching_connection", &["ANSIBLE_CACHE_PLUGIN_CONNECTION"], Same),
    row(DEFAULTS, "fact_caching_prefix", &["ANSIBLE_CACHE_PLUGIN_PREFIX"], Same),
    row(DEFAULTS, "fact_caching_timeout", &["ANSIBLE_CACHE_PLUGIN_TIMEOUT"], Same),
    row(DEFAULTS, "duplicate_dict_key", &["ANSIBLE_DUPLICATE_YAML_DICT_KEY"], Same),
    row("tags", "run", &["ANSIBLE_RUN_TAGS"], Same),
    row("tags", "skip", &["ANSIBLE_SKIP_TAGS"], Same),
    row("inventory", "host_pattern_mismatch", &["ANSIBLE_HOST_PATTERN_MISMATCH"], Same),
    row("diff", "always", &["ANSIBLE_DIFF_ALWAYS"], Same),
    row(BECOME, "become", &["ANSIBLE_BECOME"], Same),
    row(BECOME, "become_user", &["ANSIBLE_BECOME_USER"], Same),
    row(BECOME, "become_method", &["ANSIBLE_BECOME_METHOD"], Same),
    row(BECOME, "become_exe", &["ANSIBLE_BECOME_EXE"], Same),
    row(BECOME, "become_flags", &["ANSIBLE_BECOME_FLAGS"], Same),
    row(BECOME, "become_allow_same_user", &["ANSIBLE_BECOME_ALLOW_SAME_USER"], Same),
    row(BECOME, "become_ask_pass", &["ANSIBLE_BECOME_ASK_PASS"], Same),
    row(SSH, "ssh_args", &["ANSIBLE_SSH_ARGS"], Same),
    row(SSH, "ssh_common_args", &["ANSIBLE_SSH_COMMON_ARGS"], Same),
    row(SSH, "ssh_extra_args", &["ANSIBLE_SSH_EXTRA_ARGS"], Same),
    row(SSH, "pipelining", &["ANSIBLE_PIPELINING", "ANSIBLE_SSH_PIPELINING"], Moot),
    row(SSH, "control_path", &["ANSIBLE_SSH_CONTROL_PATH"], Moot),
    row(SSH, "control_path_dir", &["ANSIBLE_SSH_CONTROL_PATH_DIR"], Moot),
    row(SSH, "scp_if_ssh", &["ANSIBLE_SCP_IF_SSH"], Moot),
    row(SSH, "transfer_method", &["ANSIBLE_SSH_TRANSFER_METHOD"], Moot),
    row("connection", "retries", &[], Same),
    row(SSH, "retries", &["ANSIBLE_SSH_RETRIES"], Same),
    row("connection", "pipelining", &[], Moot),
    row(DEFAULTS, "pipelining", &[], Moot),
    row(DEFAULTS, "jinja2_native", &["ANSIBLE_JINJA2_NATIVE"], Moot),
    row(DEFAULTS, "interpreter_python", &["ANSIBLE_PYTHON_INTERPRETER"], Same),
    row(DEFAULTS, "local_tmp", &["ANSIBLE_LOCAL_TEMP"], Moot),
    row(DEFAULTS, "remote_tmp", &["ANSIBLE_REMOTE_TEMP", "ANSIBLE_REMOTE_TMP"], Moot),
    row(DEFAULTS, "retry_files_enabled", &["ANSIBLE_RETRY_FILES_ENABLED"], Moot),
    row(DEFAULTS, "nocows", &["ANSIBLE_NOCOWS"], Moot),
    row(DEFAULTS, "deprecation_warnings", &["ANSIBLE_DEPRECATION_WARNINGS"], Moot),
    row(DEFAULTS, "system_warnings", &["ANSIBLE_SYSTEM_WARNINGS"], Moot),
    row(DEFAULTS, "command_warnings", &["ANSIBLE_COMMAND_WARNINGS"], Moot),
    row(DEFAULTS, "force_valid_group_names", &["ANSIBLE_TRANSFORM_INVALID_GROUP_CHARS"], Same),
    row(DEFAULTS, "localhost_warning", &["ANSIBLE_LOCALHOST_WARNING"], Same),
    row("inventory", "inventory_unparsed_warning", &["ANSIBLE_INVENTORY_UNPARSED_WARNING"], Same),
    row("inventory", "unparsed_is_failed", &["ANSIBLE_INVENTORY_UNPARSED_FAILED"], Same),
    row("inventory", "any_unparsed_is_failed", &["ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED"], Same),
    row("inventory", "export", &["ANSIBLE_INVENTORY_EXPORT"], Same),
    row(DEFAULTS, "module_name", &[], Same),
    row(DEFAULTS, "module_args", &["ANSIBLE_MODULE_ARGS"], Same),
    row(DEFAULTS, "playbook_dir", &["ANSIBLE_PLAYBOOK_DIR"], Same),
    row(DEFAULTS, "strategy", &["ANSIBLE_STRATEGY"], Same),
    row(DEFAULTS, "task_timeout", &["ANSIBLE_TASK_TIMEOUT"], Same),
    row(DEFAULTS, "ansible_managed", &[], Same),
    row(DEFAULTS, "allow_broken_conditionals", &["ANSIBLE_ALLOW_BROKEN_CONDITIONALS"], Same),
    row(DEFAULTS, "stdout_callback", &["ANSIBLE_STDOUT_CALLBACK"], Same),
    row(DEFAULTS, "display_ok_hosts", &["ANSIBLE_DISPLAY_OK_HOSTS"], Same),
    row(DEFAULTS, "display_failed_stderr", &["ANSIBLE_DISPLAY_FAILED_STDERR"], Same),
    row(DEFAULTS, "show_custom_stats", &["ANSIBLE_SHOW_CUSTOM_STATS"], Same),
    row(DEFAULTS, "ask_pass", &["ANSIBLE_ASK_PASS"], Same),
    row(DEFAULTS, "connection_password_file", &["ANSIBLE_CONNECTION_PASSWORD_FILE"], Same),
    row(DEFAULTS, "become_password_file", &["ANSIBLE_BECOME_PASSWORD_FILE"], Same),
    row(DEFAULTS, "internal_poll_interval", &[], Moot),
    row(DEFAULTS, "poll_interval", &["ANSIBLE_POLL_INTERVAL"], Moot),
    row(DEFAULTS, "display_args_to_stdout", &["ANSIBLE_DISPLAY_ARGS_TO_STDOUT"], Nothing),
    row(DEFAULTS, "callback_result_format", &["ANSIBLE_CALLBACK_RESULT_FORMAT"], Nothing),
    row(DEFAULTS, "callbacks_enabled", &["ANSIBLE_CALLBACKS_ENABLED"], Same),
    row(PROFILE_TASKS, "task_output_limit", &["PROFILE_TASKS_TASK_OUTPUT_LIMIT"], Same),
    row(PROFILE_TASKS, "sort_order", &["PROFILE_TASKS_SORT_ORDER"], Same),
    row(PROFILE_TASKS, "summary_only", &["PROFILE_TASKS_SUMMARY_ONLY"], Same),
    row("callback_profile_roles", "summary_only", &["PROFILE_ROLES_SUMMARY_ONLY"], Same),
    row(DEFAULTS, "callback_whitelist", &["ANSIBLE_CALLBACK_WHITELIST"], Nothing),
    row(DEFAULTS, "collections_path", &["ANSIBLE_COLLECTIONS_PATH"], Same),
    row(DEFAULTS, "collections_paths", &["ANSIBLE_COLLECTIONS_PATHS"], Nothing),
    row(DEFAULTS, "library", &["ANSIBLE_LIBRARY"], Same),
    row(DEFAULTS, "action_plugins", &["ANSIBLE_ACTION_PLUGINS"], Same),
    row(DEFAULTS, "connection_plugins", &["ANSIBLE_CONNECTION_PLUGINS"], Same),
    row(DEFAULTS, "filter_plugins", &["ANSIBLE_FILTER_PLUGINS"], Same),
    row(DEFAULTS, "lookup_plugins", &["ANSIBLE_LOOKUP_PLUGINS"], Same),
    row(DEFAULTS, "module_utils", &["ANSIBLE_MODULE_UTILS"], Same),
    row(DEFAULTS, "test_plugins", &["ANSIBLE_TEST_PLUGINS"], Same),
    row(DEFAULTS, "log_path", &["ANSIBLE_LOG_PATH"], Same),
    row(DEFAULTS, "executable", &["ANSIBLE_EXECUTABLE"], Same),
    row(DEFAULTS, "hash_behaviour", &["ANSIBLE_HASH_BEHAVIOUR"], Same),
    // The reference has not looked at it since 2.19 either.
    row(DEFAULTS, "error_on_undefined_vars", &["ANSIBLE_ERROR_ON_UNDEFINED_VARS"], Moot),
    row(DEFAULTS, "jinja2_extensions", &["ANSIBLE_JINJA2_EXTENSIONS"], Nothing),
    row(DEFAULTS, "gather_subset", &["ANSIBLE_GATHER_SUBSET"], Nothing),
    row("inventory", "enable_plugins", &["ANSIBLE_INVENTORY_ENABLED"], Same),
];

impl Setting {
    /// Whether this value asks for what does not happen here.
    pub(super) fn is_idle(&self, text: &str) -> bool {
        let word = text.trim_start_matches("ansible.builtin.");
        let is_true = || matches!(text.to_lowercase().as_str(), "true" | "yes" | "on" | "1");
        match (self.effect, self.key) {
            (Same, "stdout_callback") => !["default", "minimal", "oneline"].contains(&word),
            (Same, "become_method") => !["sudo", "su", "doas"].contains(&text),
            (Moot, "retry_files_enabled") => is_true(),
            (Same | Moot, _) => false,
            (Nothing, _) => !self.usual().contains(&text),
        }
    }

    /// Values of a setting that does nothing here: what they ask for happens anyway.
    fn usual(&self) -> &'static [&'static str] {
        match self.key {
            "callback_result_format" => &["json"],
            "display_args_to_stdout" => &["false", "False", "no", "0"],
            _ => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_has_one_row_and_its_own_variables() {
        for (number, setting) in SETTINGS.iter().enumerate() {
            for other in &SETTINGS[number + 1..] {
                assert_ne!((setting.section, setting.key), (other.section, other.key));
                assert!(!setting.variables.iter().any(|name| other.variables.contains(name)), "{other:?}");
            }
        }
    }

    /// `tests/cases/calls/settings` compares each with the reference.
    #[test]
    fn every_setting_that_does_something_is_under_test() {
        let calls = include_str!("../../../tests/cases/calls/settings/calls");
        let untested = [
            "collections_path",
            "ask_pass",
            "become_ask_pass",
            "connection_password_file",
            "nocolor",
            // Dropin case `plugged`.
            "action_plugins",
            "connection_plugins",
            "filter_plugins",
            "lookup_plugins",
            "module_utils",
            "test_plugins",
            // Of a collection that the reference has not itself: `dropin::callbacks…` and `report/ansible/timing.rs`.
            "task_output_limit",
            "sort_order",
            "summary_only",
        ];
        for setting in SETTINGS.iter().filter(|setting| setting.effect == Same) {
            let named = |line: &str| {
                setting.variables.iter().any(|name| line.contains(&format!("{name}=")))
                    || line.contains(&format!("{}=", setting.key))
                    || line.contains(&format!("{} =", setting.key))
            };
            let is_tested = calls.lines().any(named);
            assert_ne!(is_tested, untested.contains(&setting.key), "{}", setting.key);
        }
    }
}
