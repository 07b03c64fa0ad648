//! Containers of this machine that cases run in: the engine says which process is the first of each, and that one's cgroup is
//! the container's. They may come and go while they are watched.

use std::fmt::Write as _;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value as Json;

use super::{Readings, Roots, cgroup};

/// How long the engine may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// Which containers are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// The one of this name.
    Named(String),
    /// Those of a run, by a label (`name=value`), whose names begin so; what follows in the name says which case has it.
    Labelled {
        /// What all of them carry.
        label: String,
        /// How their names begin.
        prefix: String,
    },
}

/// Containers that are watched from their machine.
#[derive(Debug)]
pub struct Containers {
    which: Which,
    socket: PathBuf,
    there: Vec<Container>,
}

/// A container that runs.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Container {
    id: String,
    /// The case that has it for itself; empty when it is there for all.
    case: String,
    /// Its first process, and what the kernel says of the groups of that: a number may be somebody else's soon.
    first: u32,
    groups: String,
}

impl Containers {
    /// These containers, which need not be there yet, by the engine that listens at this socket.
    pub fn new(which: Which, socket: PathBuf) -> Self {
        Self { which, socket, there: Vec::new() }
    }

    /// Tells what they use; nothing of one while it is not there. An error says that the engine cannot be asked.
    pub fn read(&mut self, roots: &Roots, readings: &mut Readings) -> Result<(), String> {
        let is_there = |one: &Container| one.groups == groups(one.first, roots);
        self.there.retain(is_there);
        let asked = self.look(roots).map_err(|error| format!("{}: {error}", self.socket.display()));
        for Container { id, case, groups, .. } in &self.there {
            let about = if case.is_empty() { String::new() } else { format!("{{{case}}}") };
            cgroup::read_container(groups, roots, &about, id, readings);
        }
        asked
    }

    /// Looks for those that are new.
    fn look(&mut self, roots: &Roots) -> io::Result<()> {
        let names: Vec<(String, String)> = match &self.which {
            Which::Named(_) if !self.there.is_empty() => return Ok(()),
            Which::Named(name) => vec![(name.clone(), String::new())],
            Which::Labelled { label, prefix } => {
                let filters = escaped(&format!("{{\"label\":[{}]}}", Json::from(label.as_str())));
                let all = self.ask(&format!("containers/json?filters={filters}"))?;
                let all = all.as_ref().and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
                all.iter().filter_map(|one| Some((text(one, "Id")?, case_of(one, prefix)?))).collect()
            }
        };
        for (name, case) in names {
            if self.there.iter().any(|known| known.id == name) {
                continue;
            }
            let Some(one) = self.ask(&format!("containers/{name}/json"))? else { continue };
            let (Some(id), Some(first)) = (text(&one, "Id"), first_process(&one)) else { continue };
            let groups = groups(first, roots);
            // One that begins or ends is in the group of all for a moment.
            if groups.contains(&id) {
                self.there.push(Container { id, case, first, groups });
            }
        }
        Ok(())
    }

    /// Asks the engine, by the part of HTTP that ends with the answer. Nothing when it does not have it.
    fn ask(&self, path: &str) -> io::Result<Option<Json>> {
        let mut engine = UnixStream::connect(&self.socket)?;
        engine.set_read_timeout(Some(PATIENCE))?;
        engine.set_write_timeout(Some(PATIENCE))?;
        engine.write_all(format!("GET /{path} HTTP/1.0\r\nHost: engine\r\n\r\n").as_bytes())?;
        let mut answer = Vec::new();
        engine.read_to_end(&mut answer)?;
        Ok(body(&answer))
    }
}

/// The groups of a process as the kernel says them; empty when it is gone.
fn groups(process: u32, roots: &Roots) -> String {
    roots.proc(&format!("{process}/cgroup"))
}

/// What an answer of HTTP holds, when it is a good one.
fn body(answer: &[u8]) -> Option<Json> {
    let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n")?;
    let status = answer.split(|byte| *byte == b' ').nth(1)?;
    (status == b"200").then(|| serde_json::from_slice(&answer[end + 4..]).ok()).flatten()
}

fn text(json: &Json, key: &str) -> Option<String> {
    json.get(key)?.as_str().map(ToOwned::to_owned)
}

/// Which case has a container for itself, by its names in a list of containers.
fn case_of(container: &Json, prefix: &str) -> Option<String> {
    let mut names = container.get("Names")?.as_array()?.iter().filter_map(Json::as_str);
    names.find_map(|name| name.trim_start_matches('/').strip_prefix(prefix)).map(ToOwned::to_owned)
}

/// The number of the first process of a container; nothing when it does not run.
fn first_process(container: &Json) -> Option<u32> {
    let first = container.get("State")?.get("Pid")?.as_u64()?;
    u32::try_from(first).ok().filter(|first| *first > 0)
}

/// As a part of an address.
fn escaped(text: &str) -> String {
    text.bytes().fold(String::new(), |mut all, byte| {
        if byte.is_ascii_alphanumeric() {
            all.push(char::from(byte));
        } else {
            // Writing to a text cannot fail.
            let _ = write!(all, "%{byte:02X}");
        }
        all
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::fs;
    use std::os::unix::net::UnixListener;
    use std::path::Path;

    /// An engine with one container, which answers until nobody can ask any more.
    fn engine(folder: &Path) -> PathBuf {
        let socket = folder.join("socket");
        let listener = UnixListener::bind(&socket).unwrap();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut asked = [0; 256];
                let _ = stream.read(&mut asked).unwrap();
                stream.write_all(b"HTTP/1.0 200 OK\r\n\r\n{\"Id\":\"abc\",\"State\":{\"Pid\":7}}").unwrap();
            }
        });
        socket
    }

    #[test]
    fn what_ends_is_not_taken_for_the_whole_machine() {
        let folder = tempfile::tempdir().unwrap();
        let (proc, sys) = (folder.path().join("proc"), folder.path().join("sys"));
        let roots = Roots { proc: proc.clone(), sys: sys.clone(), page_size: 4096.0 };
        let groups = sys.join("fs/cgroup/memory");
        fs::create_dir_all(groups.join("docker/abc")).unwrap();
        fs::create_dir_all(proc.join("7")).unwrap();
        fs::write(groups.join("memory.usage_in_bytes"), "1000000").unwrap();
        fs::write(groups.join("docker/abc/memory.usage_in_bytes"), "5").unwrap();
        let mut containers = Containers::new(Which::Named("box".to_owned()), engine(folder.path()));
        let mut seen = |group: &str| {
            fs::write(proc.join("7/cgroup"), format!("4:memory:{group}\n")).unwrap();
            let mut readings = Readings::default();
            containers.read(&roots, &mut readings).unwrap();
            readings.values().to_vec()
        };
        assert_eq!(seen("/"), []);
        assert_eq!(seen("/docker/abc"), [Some(5.0)]);
        assert_eq!(seen("/"), []);
    }

    #[test]
    fn the_first_process_of_a_container_that_runs() {
        let answer = "HTTP/1.0 200 OK\r\n\r\n{\"Id\":\"1\",\"State\":{\"Running\":true,\"Pid\": 4711}}";
        let first = |answer: &str| first_process(&body(answer.as_bytes())?);
        assert_eq!(first(answer), Some(4711));
        assert_eq!(first(&answer.replace("4711", "0")), None);
        assert_eq!(first("HTTP/1.0 404 Not Found\r\n\r\n{\"State\":{\"Pid\": 4711}}"), None);
    }

    #[test]
    fn the_case_that_has_a_container_is_in_its_name() {
        let json = |names| serde_json::json!({ "Names": [names] });
        assert_eq!(case_of(&json("/bench-stream_threads-1"), "bench-").as_deref(), Some("stream_threads-1"));
        assert_eq!(case_of(&json("/other"), "bench-"), None);
        assert_eq!(escaped("{\"a=b\"}"), "%7B%22a%3Db%22%7D");
    }

    proptest! {
        #[test]
        fn any_answer_is_read(answer in prop::collection::vec(any::<u8>(), 0..60), status in "(HTTP/1.0 200 )?") {
            let answer: Vec<u8> = [status.as_bytes(), &answer, b"\r\n\r\n", &answer].concat();
            if let Some(json) = body(&answer) {
                first_process(&json);
                case_of(&json, "");
            }
        }
    }
}
