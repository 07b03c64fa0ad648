//! The container engine: whether one listens, and whether this user may use it.

use std::io::ErrorKind;
use std::os::unix::net::UnixStream;

use super::{Finding, Look};

const CHECK: &str = "container_engine";
/// Name and socket; `UID` stands for the user's number.
const SOCKETS: [(&str, &str); 4] = [
    ("Docker", "var/run/docker.sock"),
    ("Podman", "run/podman/podman.sock"),
    ("Docker", "run/user/UID/docker.sock"),
    ("Podman", "run/user/UID/podman/podman.sock"),
];

pub fn engine(look: &Look<'_>) -> Finding {
    let uid = rustix::process::geteuid().as_raw().to_string();
    let mut refused = None;
    for (name, socket) in SOCKETS {
        let socket = socket.replace("UID", &uid);
        match UnixStream::connect(look.root.path(&socket)) {
            Ok(_) => return Finding::ok(CHECK, format!("{name} at /{socket}")),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) if refused.is_none() => refused = Some((name, socket, error.kind())),
            Err(_) => {}
        }
    }
    let bad = |seen: String, fix: &str| {
        if look.args.container_engine {
            Finding::error(CHECK, seen, fix)
        } else {
            Finding::warning(CHECK, seen, fix)
        }
    };
    match refused {
        Some((name, socket, ErrorKind::PermissionDenied)) => {
            let group = "put the user into the group of the socket (usermod -aG docker USER), or become root";
            bad(format!("{name} is there, but this user may not use /{socket}"), group)
        }
        Some((name, socket, _)) => {
            bad(format!("nobody listens at /{socket}"), &format!("systemctl start {}", name.to_lowercase()))
        }
        None if look.args.container_engine => {
            bad("there is none".to_owned(), "install Docker or Podman, or run with --in-container")
        }
        None => Finding::note(CHECK, "there is none"),
    }
}
