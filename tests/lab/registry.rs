//! A registry of images on this machine: Debian's `docker-registry`, which asks nobody who they are.

use std::fs;
use std::io::Write as _;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const PROGRAM: &str = "/usr/bin/docker-registry";

/// It ends with this value.
pub struct Registry {
    /// The port of this machine at which it listens.
    pub port: u16,
    program: Child,
    _folder: tempfile::TempDir,
}

impl Registry {
    /// `None` where it is not installed, which is said, and is a failure under CI.
    pub fn start() -> Option<Self> {
        if !Path::new(PROGRAM).exists() {
            assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "docker-registry is not installed");
            let _ = writeln!(std::io::stderr(), "skipped: docker-registry is not installed");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        // Free a moment ago.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let images = folder.path().join("images");
        let settings = format!(
            "version: 0.1\nstorage: {{filesystem: {{rootdirectory: {}}}}}\nhttp: {{addr: '127.0.0.1:{port}'}}\n",
            images.display()
        );
        let file = folder.path().join("settings.yml");
        fs::write(&file, settings).unwrap();
        let log = fs::File::create(folder.path().join("log")).unwrap();
        let program = Command::new(PROGRAM)
            .args(["serve".as_ref(), file.as_os_str()])
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let registry = Self { port, program, _folder: folder };
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let began = Instant::now();
        while TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_err() {
            assert!(began.elapsed() < Duration::from_secs(30), "the registry does not answer");
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(registry)
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}
