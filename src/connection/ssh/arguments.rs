//! The command line of a master. Of several values for one option, ssh takes the first; on the command line before
//! `ssh_config`. So what must be comes first, then what the inventory says, then our defaults.

use std::path::Path;

use super::target::SshTarget;

/// What is written behind `ssh`.
pub fn arguments(target: &SshTarget, socket: &Path, keepalive: u64) -> Vec<String> {
    let mut words: Vec<String> = vec!["-N".into()];
    let mut option = |text: String| words.extend(["-o".to_owned(), text]);
    for must in [
        "ControlMaster=yes",
        "ControlPersist=no",
        "RemoteCommand=none",
        "RequestTTY=no",
        "ForkAfterAuthentication=no",
        "PermitLocalCommand=no",
        // So that its words can be understood, and none of them is missing.
        "LogLevel=INFO",
    ] {
        option(must.into());
    }
    option(format!("ControlPath={}", socket.display()));
    if target.password.is_some() {
        // One password: a second question means that it was the wrong one.
        option("BatchMode=no".into());
        option("NumberOfPasswordPrompts=1".into());
    } else {
        option("BatchMode=yes".into());
    }
    if let Some(check) = target.host_key_checking {
        option(format!("StrictHostKeyChecking={}", if check { "yes" } else { "no" }));
    }
    if let Some(port) = target.port {
        option(format!("Port={port}"));
    }
    if let Some(user) = &target.user {
        words.extend(["-l".into(), user.to_string()]);
    }
    if let Some(key) = &target.key_file {
        words.extend(["-i".into(), key.to_string()]);
    }
    words.extend(target.arguments.iter().cloned());
    let mut option = |text: String| words.extend(["-o".to_owned(), text]);
    option(format!("ConnectTimeout={}", target.timeout.as_secs().max(1)));
    if keepalive > 0 {
        // A link that is cut says nothing by itself.
        option(format!("ServerAliveInterval={keepalive}"));
        option("ServerAliveCountMax=3".into());
    }
    option("ForwardX11=no".into());
    words.extend(["--".into(), target.address.to_string()]);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_inventory_says_comes_before_our_defaults() {
        let target = SshTarget {
            user: Some("alice".into()),
            port: Some(2222),
            key_file: Some("/k/key".into()),
            arguments: vec!["-o".into(), "ServerAliveInterval=1".into()],
            host_key_checking: Some(true),
            ..SshTarget::new("n1")
        };
        let line = arguments(&target, Path::new("/tmp/b/1"), 15).join(" ");
        assert_eq!(
            line,
            "-N -o ControlMaster=yes -o ControlPersist=no -o RemoteCommand=none -o RequestTTY=no \
             -o ForkAfterAuthentication=no -o PermitLocalCommand=no -o LogLevel=INFO -o ControlPath=/tmp/b/1 \
             -o BatchMode=yes -o StrictHostKeyChecking=yes -o Port=2222 -l alice -i /k/key \
             -o ServerAliveInterval=1 -o ConnectTimeout=10 -o ServerAliveInterval=15 -o ServerAliveCountMax=3 \
             -o ForwardX11=no -- n1"
        );
        let target = SshTarget { password: Some("hunter2".into()), ..SshTarget::new("n1") };
        let line = arguments(&target, Path::new("/tmp/b/1"), 0).join(" ");
        assert!(
            line.contains("BatchMode=no") && !line.contains("hunter2") && !line.contains("Alive"),
            "{line}"
        );
    }
}
