//! Which Ansible this program does as: the one that its own tests compare it with.

/// The version of ansible-core, as it calls itself.
pub const VERSION: &str = "2.19.14";
