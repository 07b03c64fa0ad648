//! The agent programs that this controller has: at most one per architecture.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use sha2::{Digest, Sha256};

use super::ConnectError;
use crate::base::hexadecimal;

/// The name of the program.
pub const PROGRAM: &str = "benchbook-agent";

/// A kind of machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Architecture {
    /// What `uname -m` calls it.
    pub names: &'static [&'static str],
    /// Rust's name of the target, and of the folder below `agents/`.
    pub target: &'static str,
    /// `e_machine` in the program's ELF header.
    elf: u16,
}

const fn architecture(names: &'static [&'static str], target: &'static str, elf: u16) -> Architecture {
    Architecture { names, target, elf }
}

/// All that are known.
pub const ARCHITECTURES: &[Architecture] = &[
    architecture(&["x86_64"], "x86_64-unknown-linux-gnu", 62),
    architecture(&["aarch64", "arm64"], "aarch64-unknown-linux-gnu", 183),
    architecture(&["ppc64le"], "powerpc64le-unknown-linux-gnu", 21),
    architecture(&["riscv64"], "riscv64gc-unknown-linux-gnu", 243),
    architecture(&["s390x"], "s390x-unknown-linux-gnu", 22),
    architecture(&["loongarch64"], "loongarch64-unknown-linux-gnu", 258),
    architecture(&["armv7l", "armv8l"], "armv7-unknown-linux-gnueabihf", 40),
];

/// A program that can be put on a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agent {
    /// For which machines.
    pub architecture: Architecture,
    /// Where it is here.
    pub path: PathBuf,
    /// The SHA-256 of its content, in hexadecimal.
    pub hash: String,
    /// Its size in bytes.
    pub size: u64,
}

/// Where agents are looked for, and what was found.
#[derive(Debug)]
pub struct Agents {
    named: Option<PathBuf>,
    folder: Option<PathBuf>,
    found: OnceLock<Vec<Agent>>,
}

impl Agents {
    /// `named` (from `$BENCHBOOK_AGENT`) is the only one when it is given; else those beside the program `running` and
    /// below `agents/` there.
    pub fn new(named: Option<PathBuf>, running: Option<&Path>) -> Self {
        let folder = running.and_then(Path::parent).map(Path::to_owned);
        Self { named, folder, found: OnceLock::new() }
    }

    /// Where an agent for this target would be.
    fn candidates(&self, target: &str) -> Vec<PathBuf> {
        match (&self.named, &self.folder) {
            (Some(named), _) => vec![named.clone()],
            (None, Some(folder)) => {
                vec![folder.join(PROGRAM), folder.join("agents").join(target).join(PROGRAM)]
            }
            (None, None) => Vec::new(),
        }
    }

    /// All agents that are there. Reads them whole the first time, for their hashes.
    pub fn all(&self) -> &[Agent] {
        self.found.get_or_init(|| {
            let find = |architecture: &Architecture| {
                let candidates = self.candidates(architecture.target);
                candidates.iter().find_map(|path| read(*architecture, path).ok().flatten())
            };
            ARCHITECTURES.iter().filter_map(find).collect()
        })
    }

    /// The agent for a machine by its `uname -sm`.
    pub fn find(&self, system: &str) -> Result<&Agent, ConnectError> {
        let (kernel, machine) = system.split_once(' ').unwrap_or((system, ""));
        let is = |architecture: &Architecture| architecture.names.contains(&machine);
        let found = self.all().iter().find(|agent| kernel == "Linux" && is(&agent.architecture));
        found.ok_or_else(|| {
            let known = ARCHITECTURES.iter().find(|a| is(a)).filter(|_| kernel == "Linux");
            let paths = known.map(|known| self.candidates(known.target)).unwrap_or_default();
            ConnectError::NoAgentFor {
                system: system.to_owned(),
                looked_for: paths.iter().map(|path| path.display().to_string()).collect(),
            }
        })
    }
}

/// The program at `path`, if it is one for this architecture.
fn read(architecture: Architecture, path: &Path) -> io::Result<Option<Agent>> {
    let mut file = File::open(path)?;
    let mut header = [0; 20];
    file.read_exact(&mut header)?;
    let number = [header[18], header[19]];
    let elf = if header[5] == 2 { u16::from_be_bytes(number) } else { u16::from_le_bytes(number) };
    if !header.starts_with(b"\x7fELF") || elf != architecture.elf {
        return Ok(None);
    }
    let mut hash = Sha256::new_with_prefix(header);
    let mut size = header.len() as u64;
    let mut piece = vec![0; 256 * 1024];
    loop {
        let count = file.read(&mut piece)?;
        if count == 0 {
            break;
        }
        hash.update(&piece[..count]);
        size += count as u64;
    }
    let hash = hexadecimal(&hash.finalize());
    Ok(Some(Agent { architecture, path: path.to_owned(), hash, size }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(path: &Path, machine: u16) {
        let mut bytes = b"\x7fELF\x02\x01\x01".to_vec();
        bytes.resize(18, 0);
        bytes.extend(machine.to_le_bytes());
        bytes.extend(b"the rest");
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    #[test]
    fn each_architecture_has_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let running = folder.path().join("benchbook");
        program(&folder.path().join(PROGRAM), 62);
        program(&folder.path().join("agents/aarch64-unknown-linux-gnu").join(PROGRAM), 183);
        // What lies there is for another machine.
        program(&folder.path().join("agents/s390x-unknown-linux-gnu").join(PROGRAM), 62);
        let agents = Agents::new(None, Some(&running));
        assert_eq!(agents.find("Linux x86_64").unwrap().path, folder.path().join(PROGRAM));
        let arm = agents.find("Linux arm64").unwrap();
        assert_eq!((arm.architecture.target, arm.size), ("aarch64-unknown-linux-gnu", 28));
        let refused = |system: &str| {
            agents.find(system).unwrap_err().to_string().replace(folder.path().to_str().unwrap(), "/bin")
        };
        assert_eq!(
            refused("Linux s390x"),
            "no agent for Linux s390x (looked for /bin/benchbook-agent, /bin/agents/s390x-unknown-linux-gnu/benchbook-agent)"
        );
        assert_eq!(refused("FreeBSD amd64"), "no agent for FreeBSD amd64");
        let named = Agents::new(Some("/nowhere/agent".into()), Some(&running));
        let error = named.find("Linux x86_64").unwrap_err().to_string();
        assert_eq!(error, "no agent for Linux x86_64 (looked for /nowhere/agent)");
    }
}
