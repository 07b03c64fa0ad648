//! The names that `connection` and `ansible_connection` may have. What each is, the layer `connection` knows.

/// Collections whose connections are known; their names may be left out.
pub const PREFIXES: [&str; 2] = ["ansible.builtin.", "community.docker."];

/// The names, without a collection's.
pub const CONNECTIONS: &[&str] =
    &["docker", "docker_api", "local", "memory", "paramiko", "paramiko_ssh", "scripted", "smart", "ssh"];

/// A name without its collection.
pub fn bare(name: &str) -> &str {
    PREFIXES.iter().find_map(|prefix| name.strip_prefix(prefix)).unwrap_or(name)
}
