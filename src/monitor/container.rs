//! A container of this machine, by its name: the engine says which process is its first, and that one's cgroup is the
//! container's. It may come and go while it is watched.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

use super::{Readings, Roots, cgroup};

/// How long the engine may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// A container that is watched from its machine.
#[derive(Clone, Debug)]
pub struct Container {
    /// Its name.
    pub name: String,
    /// Where the engine listens.
    pub socket: PathBuf,
    first: Option<u32>,
}

impl Container {
    /// The container of this name, which need not be there yet.
    pub fn new(name: String, socket: PathBuf) -> Self {
        Self { name, socket, first: None }
    }

    /// Tells what it uses; nothing while it is not there, or the engine may not be asked.
    pub fn read(&mut self, roots: &Roots, readings: &mut Readings) {
        let is_there = |first: &u32| roots.proc.join(first.to_string()).exists();
        self.first = self.first.filter(is_there).or_else(|| self.ask().ok().flatten());
        if let Some(first) = self.first {
            cgroup::read_of(first, roots, readings);
        }
    }

    /// Asks the engine, by the part of HTTP that ends with the answer.
    fn ask(&self) -> io::Result<Option<u32>> {
        let mut engine = UnixStream::connect(&self.socket)?;
        engine.set_read_timeout(Some(PATIENCE))?;
        engine.set_write_timeout(Some(PATIENCE))?;
        write!(engine, "GET /containers/{}/json HTTP/1.0\r\nHost: engine\r\n\r\n", self.name)?;
        let mut answer = Vec::new();
        engine.read_to_end(&mut answer)?;
        Ok(first_process(&String::from_utf8_lossy(&answer)))
    }
}

/// The number of the first process in what an engine answers; nothing for a container that does not run.
fn first_process(answer: &str) -> Option<u32> {
    let rest = answer.split_once("\"Pid\":")?.1.trim_start();
    let digits = rest.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok().filter(|pid| *pid > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_first_process_of_a_container_that_runs() {
        let answer =
            "HTTP/1.0 200 OK\r\n\r\n{\"Id\":\"1\",\"State\":{\"Running\":true,\"Pid\": 4711,\"ExitCode\":0}}";
        assert_eq!(first_process(answer), Some(4711));
        assert_eq!(first_process(&answer.replace("4711", "0")), None);
        assert_eq!(first_process("HTTP/1.0 404 Not Found\r\n\r\n{\"message\":\"no such container\"}"), None);
    }

    proptest! {
        #[test]
        fn any_answer_is_read(answer in "(?s).{0,40}(\"Pid\":)?.{0,40}") {
            first_process(&answer);
        }
    }
}
