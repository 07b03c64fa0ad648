//! Containers with an sshd of their own, one on each host of a lab: targets that already are the environment.

use std::fmt::Write as _;
use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::{Lab, engine::Client};

/// Where their sshd listens, in the host's network.
const PORT: u16 = 2222;
/// Their name, on each host.
pub const NAME: &str = "inside";

/// Makes an image of an sshd, a static shell and nothing else: no compiler, no package, no Python.
pub fn small_image(client: &Client, name: &str) {
    let programs = ["/usr/sbin/sshd", "/usr/lib/openssh/sshd-session", "/usr/lib/openssh/sshd-auth"];
    let programs = programs.iter().filter(|path| Path::new(path).exists());
    let mut paths: Vec<String> = Vec::new();
    for program in programs {
        paths.push((*program).to_owned());
        let said = Command::new("ldd").arg(program).output().unwrap();
        let words = String::from_utf8_lossy(&said.stdout).into_owned();
        paths.extend(words.split_whitespace().filter(|word| word.starts_with('/')).map(str::to_owned));
    }
    let folder = tempfile::tempdir().unwrap();
    let users = folder.path().join("passwd");
    fs::write(&users, "root:x:0:0::/root:/bin/sh\nsshd:x:100:65534::/run/sshd:/bin/false\n").unwrap();
    let users = users.to_str().unwrap();
    let mut files: Vec<(&str, &str)> = paths.iter().map(|path| (path.as_str(), path.as_str())).collect();
    files.extend([
        (users, "/etc/passwd"),
        ("/bin/busybox", "/bin/sh"),
        ("/bin/busybox", "/bin/busybox"),
        ("/etc/hostname", "/run/sshd/keep"),
    ]);
    client.image(name, &files);
}

impl Lab {
    /// Starts one container of this image on each host, in the host's network, with the docker options given. What it
    /// gives is an inventory of them, with the hosts' names, in the group `bench`.
    pub fn containers_with_sshd(&self, image: &str, options: &str) -> PathBuf {
        let mut inventory = "[bench]\n".to_owned();
        let known_hosts = self.path().join("known_hosts");
        let mut known = fs::read_to_string(&known_hosts).unwrap();
        for name in self.names() {
            let host = self.host(name);
            fs::copy(self.path().join("key.pub"), host.file("/etc/lab/authorized_keys")).unwrap();
            host.engine().docker(&format!(
                "run -d --name {NAME} --network host {options} -v /etc/lab:/etc/lab:ro {image} /usr/sbin/sshd -D -e \
                 -f /dev/null -p {PORT} -h /etc/lab/host_key -o AuthorizedKeysFile=/etc/lab/authorized_keys \
                 -o StrictModes=no -o UsePAM=no -o PidFile=none -o MaxStartups=1000 -o MaxSessions=1000 \
                 -o KexAlgorithms=curve25519-sha256"
            ));
            let address = host.address();
            let _ = writeln!(inventory, "{name} ansible_host={address}");
            let key = fs::read_to_string(host.file("/etc/lab/host_key.pub")).unwrap();
            let _ = write!(known, "[{address}]:{PORT} {key}");
        }
        let _ = write!(
            inventory,
            "\n[bench:vars]\nansible_user=root\nansible_port={PORT}\nansible_ssh_private_key_file={0}/key\n\
             ansible_ssh_common_args='-F {0}/ssh_config'\n",
            self.path().display()
        );
        fs::write(known_hosts, known).unwrap();
        let path = self.path().join("inside.ini");
        fs::write(&path, inventory).unwrap();
        self.wait_for_port(PORT);
        path
    }

    fn wait_for_port(&self, port: u16) {
        let began = std::time::Instant::now();
        for address in self.addresses() {
            let address = SocketAddr::new(address.parse().unwrap(), port);
            while TcpStream::connect_timeout(&address, Duration::from_secs(5)).is_err() {
                assert!(began.elapsed().as_secs() < 60, "nobody listens at {address}");
                std::thread::sleep(Duration::from_millis(20));
            }
        }
    }
}
