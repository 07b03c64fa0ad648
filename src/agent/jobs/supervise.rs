//! The supervisor of one job: runs the module as the agent would, but its output goes into files and its end into another.
//!
//! It has a session of its own and adopts whatever loses its parent below it, so that nothing of the job escapes. It outlives
//! the agent, the connection and the controller; who wants to know about the job looks into its folder.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use super::folder::{JobFolder, State};
use super::place::must_be_private;
use super::status::StatusFile;
use crate::agent::lease::{Holder, LeaseFile};
use crate::agent::{invoke, lock, service};
use crate::base::{Clock, SystemClock};
use crate::module::process::token::StartToken;
use crate::module::{Link, Module};
use crate::wire::{Outcome, Status, Stream};

/// The program `benchbook-agent supervise FOLDER`.
pub fn supervise(path: &Path, modules: &'static [Module]) -> io::Result<()> {
    must_be_private(path)?;
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
    attend(&JobFolder::at(path.to_owned()), modules)
}

/// Does what the folder's request asks for, in this thread.
pub fn attend(folder: &JobFolder, modules: &'static [Module]) -> io::Result<()> {
    let request = folder.take_request()?;
    let control = OpenOptions::new().read(true).write(true).open(folder.control())?;
    let append = |stream| OpenOptions::new().append(true).open(folder.output(stream));
    let link = Arc::new(Files {
        out: append(Stream::Stdout)?,
        err: append(Stream::Stderr)?,
        state: Mutex::default(),
    });
    let (token, module) = (StartToken::own(), request.module.clone());
    folder.claim(&State { token: token.clone(), module, started: SystemClock.now() })?;
    let listener = Arc::clone(&link);
    let mut last_word = control.try_clone()?;
    thread::Builder::new().name("control".into()).spawn(move || listener.listen(control))?;
    let (lease, name) = (LeaseFile::of_this_machine(), format!("job {}", folder.id()));
    // A round keeps its machine as long as its job runs, whoever else of it is gone. What the engine itself runs (a sampler)
    // is beside all rounds.
    let is_beside = service::find(&request.module).is_some();
    let joined =
        if is_beside { Ok(()) } else { lease.join(&request.run, Holder { name: name.clone(), token }) };
    let mut outcome = match joined {
        Ok(()) => invoke(modules, &request, &*link),
        Err(error) => Outcome::failed(error.to_string()),
    };
    if let Some(problem) = lock(&link.state).problem.take() {
        outcome.status = Status::Failed;
        outcome.msg = Some(format!("the output of the job cannot be kept: {problem}"));
    }
    // One that cannot be given back is that of a dead process in a moment.
    let _ = lease.give_back(&request.run, &name);
    if let Some(job) = &request.job
        && let Some(told_in) = &job.told_in
    {
        StatusFile::within(told_in, &job.id).end(&job.id, &outcome)?;
    }
    folder.finish(&outcome)?;
    if folder.stays() {
        // Nobody else will: its run may be over.
        folder.remove()?;
    }
    last_word.write_all(b"end\n")
}

/// Output files instead of a controller.
struct Files {
    out: File,
    err: File,
    state: Mutex<Cancelled>,
}

#[derive(Default)]
struct Cancelled {
    grace: Option<Duration>,
    notify: Vec<Box<dyn Fn() + Send>>,
    /// Why output was lost.
    problem: Option<io::Error>,
}

impl Files {
    /// Hears what agents have to say, until this process itself says that it is over.
    fn listen(&self, control: File) {
        for line in BufReader::new(control).lines().map_while(Result::ok) {
            if line == "end" {
                return;
            }
            let asked = line.strip_prefix("cancel ").and_then(|grace| grace.parse().ok());
            if let Some(grace) = asked.map(Duration::from_millis) {
                let mut state = lock(&self.state);
                state.grace = Some(state.grace.map_or(grace, |before| before.min(grace)));
                state.notify.iter().for_each(|notify| notify());
            }
        }
    }
}

impl Link for Files {
    fn send(&self, stream: Stream, bytes: &[u8]) -> io::Result<()> {
        let mut file = match stream {
            Stream::Stdout => &self.out,
            Stream::Stderr => &self.err,
            Stream::Download => return Err(io::Error::other("a job cannot send files")),
        };
        file.write_all(bytes).inspect_err(|error| {
            let copy = io::Error::new(error.kind(), error.to_string());
            lock(&self.state).problem.get_or_insert(copy);
        })
    }

    fn upload(&self, _: u32) -> io::Result<Box<dyn Read + '_>> {
        Err(io::Error::new(io::ErrorKind::NotFound, "a job gets no files"))
    }

    fn cancelled(&self) -> Option<Duration> {
        lock(&self.state).grace
    }

    fn on_cancel(&self, notify: Box<dyn Fn() + Send>) {
        lock(&self.state).notify.push(notify);
    }
}
