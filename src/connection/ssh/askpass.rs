//! Gives a password to ssh, which asks for it by starting a program (`SSH_ASKPASS`): this program itself.
//!
//! The password never stands in an argument, an environment or a file. The program that ssh starts knows the path of a
//! socket in our own folder and asks there. It gets an answer only when its parent is the master that the password is
//! for: a jump host's ssh inherits the environment and must not learn the password of the host behind it.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use rustix::process::Pid;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixListener;
use tokio::process::Command;

use crate::base::Secret;

/// Names the socket; whoever is started with it is the program that ssh asks.
pub const SOCKET: &str = "BENCHBOOK_ASKPASS";
/// The longest question, in bytes.
const QUESTION: u64 = 4096;

/// The answering side.
pub struct Askpass {
    path: PathBuf,
    listener: UnixListener,
    password: Secret,
}

impl Askpass {
    /// Listens at this path.
    pub fn new(path: PathBuf, password: Secret) -> io::Result<Self> {
        Ok(Self { listener: UnixListener::bind(&path)?, path, password })
    }

    /// Makes ssh ask `program`, which must call [`ask`] when it finds [`SOCKET`] in its environment.
    pub fn prepare(&self, command: &mut Command, program: &Path) {
        command
            .env("SSH_ASKPASS", program)
            .env("SSH_ASKPASS_REQUIRE", "force")
            // What OpenSSH before 8.4 wants instead.
            .env("DISPLAY", ":0")
            .env(SOCKET, &self.path);
    }

    /// Answers until it is dropped.
    pub async fn serve(self, master: Pid) {
        loop {
            let Ok((mut stream, _)) = self.listener.accept().await else {
                return std::future::pending().await;
            };
            let asks = stream.peer_cred().ok().and_then(|peer| peer.pid()).and_then(parent_of);
            let mut question = Vec::new();
            let read = (&mut stream).take(QUESTION).read_to_end(&mut question).await.is_ok();
            let question = String::from_utf8_lossy(&question);
            if read && asks == Some(master) && wants_password(&question) {
                // Whoever asked may be gone.
                let _ = stream.write_all(self.password.reveal().as_bytes()).await;
            }
            let _ = stream.shutdown().await;
        }
    }
}

impl Drop for Askpass {
    fn drop(&mut self) {
        // The whole folder goes soon after.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Whether ssh asks for a password, and not whether a key is to be believed or for the words that unlock one.
fn wants_password(question: &str) -> bool {
    let question = question.to_ascii_lowercase();
    !question.contains("yes/no") && !question.contains("passphrase") && question.contains("password")
}

/// From `/proc/PID/stat`: the second word behind the name.
fn parent_of(pid: i32) -> Option<Pid> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let parent = stat.rsplit_once(')')?.1.split_whitespace().nth(1)?;
    Pid::from_raw(parent.parse().ok()?)
}

/// The asking side: passes the question on and gives the answer; `None` when there is none.
pub fn ask(socket: &Path, question: &str) -> io::Result<Option<String>> {
    let mut stream = UnixStream::connect(socket)?;
    stream.write_all(question.as_bytes())?;
    stream.shutdown(std::net::Shutdown::Write)?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(Some(answer).filter(|answer| !answer.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_passwords_are_answered() {
        assert!(wants_password("alice@n1's password: "));
        assert!(wants_password("(alice@n1) Password: "));
        assert!(!wants_password("Are you sure you want to continue connecting (yes/no/[fingerprint])? "));
        assert!(!wants_password("Enter passphrase for key '/home/a/.ssh/password': "));
    }

    #[tokio::test]
    async fn only_a_child_of_the_master_gets_an_answer() {
        let folder = tempfile::tempdir().unwrap();
        let asked = async |master: Option<Pid>, question: &'static str| {
            let path = folder.path().join("s");
            let askpass = Askpass::new(path.clone(), "hunter2".into()).unwrap();
            let asking = tokio::task::spawn_blocking(move || ask(&path, question).unwrap());
            tokio::select! {
                () = askpass.serve(master.unwrap()) => None,
                answer = asking => answer.unwrap(),
            }
        };
        let parent = rustix::process::getppid();
        assert_eq!(asked(parent, "alice@n1's password: ").await.as_deref(), Some("hunter2"));
        assert_eq!(asked(parent, "continue (yes/no)? ").await, None);
        assert_eq!(
            asked(Pid::from_raw(1), "alice@n1's password: ").await.is_none(),
            parent != Pid::from_raw(1)
        );
    }
}
