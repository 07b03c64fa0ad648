//! Other hosts that must be reached from here by ssh without a password, as launchers of MPI do.

use super::{Finding, Look};

const CHECK: &str = "peers";

/// One finding for each that cannot be reached, or one for all.
pub fn peers(look: &mut Look<'_>) -> Vec<Finding> {
    let hosts = &look.args.peers;
    if hosts.is_empty() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for host in hosts {
        if let Err(words) = look.machine.log_in(host) {
            let fix =
                format!("ssh-copy-id {host} and ssh-keyscan {host} >> ~/.ssh/known_hosts, as this user");
            found.push(Finding::error(CHECK, format!("{host}: {words}"), fix));
        }
    }
    if found.is_empty() {
        found.push(Finding::ok(CHECK, format!("{} reached", hosts.len())));
    }
    found
}
