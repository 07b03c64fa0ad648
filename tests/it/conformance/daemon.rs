//! A daemon of ssh on this machine for the user who runs the tests, so that files and processes are the same on both sides.

use std::fs;
use std::io::Write;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use benchbook::connection::SshTarget;

const SSHD: &str = "/usr/sbin/sshd";

/// It ends with this value, or when this process is killed.
pub struct Daemon {
    folder: tempfile::TempDir,
    port: u16,
    child: Child,
}

impl Daemon {
    /// Listens on a free port; `None` without openssh-server, which is said, and is a failure under CI.
    pub fn start() -> Option<Self> {
        if !Path::new(SSHD).exists() {
            assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "openssh-server is not installed");
            let _ = writeln!(std::io::stderr(), "skipped: openssh-server is not installed");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().display().to_string();
        for key in ["host_key", "key"] {
            let made = Command::new("ssh-keygen")
                .args(["-q", "-t", "ed25519", "-N", "", "-f", &format!("{path}/{key}")])
                .stdin(Stdio::null())
                .status();
            assert!(made.unwrap().success());
        }
        if fs::metadata("/run/sshd").is_err() {
            // Root's daemon wants it.
            let _ = fs::create_dir_all("/run/sshd");
        }
        let port = free_port();
        let config = format!(
            "ListenAddress 127.0.0.1:{port}\nHostKey {path}/host_key\nAuthorizedKeysFile {path}/key.pub\nPidFile none\n\
             UsePAM no\nStrictModes no\nPermitRootLogin prohibit-password\n"
        );
        fs::write(folder.path().join("sshd_config"), config).unwrap();
        let host_key = fs::read_to_string(folder.path().join("host_key.pub")).unwrap();
        fs::write(folder.path().join("known_hosts"), format!("[127.0.0.1]:{port} {host_key}")).unwrap();
        // setpriv ends the daemon when a test is killed.
        let child = Command::new("setpriv")
            .args(["--pdeathsig", "TERM", SSHD, "-D", "-e", "-f", &format!("{path}/sshd_config")])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(folder.path().join("log")).unwrap())
            .spawn()
            .unwrap();
        let daemon = Self { folder, port, child };
        let since = Instant::now();
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        while TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_err() {
            assert!(since.elapsed() < Duration::from_secs(10), "{}", daemon.log());
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(daemon)
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// How to log in.
    pub fn target(&self) -> Arc<SshTarget> {
        let path = self.folder.path().display();
        let options = [
            format!("UserKnownHostsFile={path}/known_hosts"),
            "GlobalKnownHostsFile=/dev/null".to_owned(),
            "IdentitiesOnly=yes".to_owned(),
            "KexAlgorithms=curve25519-sha256".to_owned(),
        ];
        Arc::new(SshTarget {
            port: Some(self.port),
            key_file: Some(format!("{path}/key").into()),
            arguments: options.into_iter().flat_map(|option| ["-o".to_owned(), option]).collect(),
            ..SshTarget::new("127.0.0.1")
        })
    }
}

/// A port that nobody has now; tests are processes of their own, so that each begins elsewhere.
fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let start = 30_000 + u16::try_from(std::process::id() % 5_000).unwrap() * 2;
    (0..1000)
        .map(|_| start + NEXT.fetch_add(1, Ordering::Relaxed))
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .expect("a free port")
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
