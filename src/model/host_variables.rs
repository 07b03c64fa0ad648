//! Variables of hosts that Benchbook itself reads, and what each has to be.
//!
//! A value with template marks is judged when it was rendered. Variables that are not listed may be anything.

use crate::base::Value;

/// What a variable has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A boolean, or one of Ansible's words for it.
    Boolean,
    /// A TCP port, 1 to 65535.
    Port,
    /// A whole number, perhaps in quotes.
    Integer,
    /// Text.
    Text,
    /// Text; digits without quotes are taken as they are.
    Secret,
}

/// The variables and their kinds.
const KINDS: &[(&str, Kind)] = &[
    ("ansible_become", Kind::Boolean),
    ("ansible_become_exe", Kind::Text),
    ("ansible_become_flags", Kind::Text),
    ("ansible_become_method", Kind::Text),
    ("ansible_become_pass", Kind::Secret),
    ("ansible_become_password", Kind::Secret),
    ("ansible_become_user", Kind::Text),
    ("ansible_connection", Kind::Text),
    ("ansible_doas_exe", Kind::Text),
    ("ansible_doas_flags", Kind::Text),
    ("ansible_doas_pass", Kind::Secret),
    ("ansible_doas_user", Kind::Text),
    ("ansible_group_priority", Kind::Integer),
    ("ansible_host", Kind::Text),
    ("ansible_host_key_checking", Kind::Boolean),
    ("ansible_password", Kind::Secret),
    ("ansible_port", Kind::Port),
    ("ansible_private_key_file", Kind::Text),
    ("ansible_python_interpreter", Kind::Text),
    ("ansible_shell_executable", Kind::Text),
    ("ansible_ssh_common_args", Kind::Text),
    ("ansible_ssh_extra_args", Kind::Text),
    ("ansible_ssh_host", Kind::Text),
    ("ansible_ssh_host_key_checking", Kind::Boolean),
    ("ansible_ssh_pass", Kind::Secret),
    ("ansible_ssh_password", Kind::Secret),
    ("ansible_ssh_port", Kind::Port),
    ("ansible_ssh_private_key_file", Kind::Text),
    ("ansible_ssh_retries", Kind::Integer),
    ("ansible_ssh_timeout", Kind::Integer),
    ("ansible_ssh_user", Kind::Text),
    ("ansible_su_exe", Kind::Text),
    ("ansible_su_flags", Kind::Text),
    ("ansible_su_pass", Kind::Secret),
    ("ansible_su_user", Kind::Text),
    ("ansible_sudo_exe", Kind::Text),
    ("ansible_sudo_flags", Kind::Text),
    ("ansible_sudo_pass", Kind::Secret),
    ("ansible_sudo_user", Kind::Text),
    ("ansible_timeout", Kind::Integer),
    ("ansible_user", Kind::Text),
    ("in_container", Kind::Boolean),
    ("machine", Kind::Text),
    ("vendor", Kind::Text),
];

impl Kind {
    /// What a variable of this name has to be, if Benchbook reads it.
    pub fn of(name: &str) -> Option<Kind> {
        KINDS.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind)
    }

    /// Whether a value will do; templates will.
    pub fn accepts(self, value: &Value) -> bool {
        if value.has_template() && value.as_str().is_some() {
            return true;
        }
        match self {
            Kind::Boolean => value.to_bool().is_some(),
            Kind::Port => integer(value).is_some_and(|i| (1..=65535).contains(&i)),
            Kind::Integer => integer(value).is_some(),
            Kind::Text => value.as_str().is_some(),
            Kind::Secret => value.as_str().is_some() || value.as_int().is_some(),
        }
    }

    /// In words for messages.
    pub fn words(self) -> &'static str {
        match self {
            Kind::Boolean => "a boolean",
            Kind::Port => "a port, 1 to 65535",
            Kind::Integer => "an integer",
            Kind::Text | Kind::Secret => "a string",
        }
    }
}

/// A whole number, perhaps written as a string.
pub fn integer(value: &Value) -> Option<i128> {
    value.as_int().or_else(|| value.as_str()?.trim().parse().ok())
}
