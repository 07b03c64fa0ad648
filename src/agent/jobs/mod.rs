//! Jobs: invocations that outlive the connection and the controller. Started under a supervisor of their own, attached to
//! as often as it takes, forgotten when the controller has written down how they ended.

mod attach;
mod folder;
mod place;
mod status;
pub mod supervise;

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

pub use folder::JobFolder;
pub use place::Places;
pub use status::StatusFile;

use super::channel::Channel;
use super::owner::{CONTROLLER, RUN};
use crate::base::SystemClock;
use crate::module::process::token::boot_id;
use crate::module::{Context, Module};
use crate::wire::{Job, Offsets, Outcome, Request};

/// How long a supervisor may take to say that it is there.
const START: Duration = Duration::from_secs(30);
/// How often is looked whether it is.
const LOOK: Duration = Duration::from_millis(2);

/// Who looks after a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Supervision {
    /// This program with the argument `supervise`: outlives the agent.
    Program,
    /// A thread of this process, for agents inside another program: outlives the connection only.
    Thread,
}

/// Starts the job if nobody did, and attaches to it. Whatever happens becomes an outcome.
pub fn run(
    request: &Request,
    job: &Job,
    channel: &Channel,
    modules: &'static [Module],
    supervision: Supervision,
) -> Outcome {
    let places = Places::default();
    let mut context = Context { request, link: channel, clock: &SystemClock };
    let status = job.told_in.as_ref().map(|folder| StatusFile::of(folder, &job.id, &mut context)).transpose();
    let status = match status {
        Ok(status) => status,
        Err(error) => return Outcome::failed(format!("the job cannot be run: {error}")),
    };
    // Whoever looks after the job knows the place, and nobody else's home.
    let mut request = request.clone();
    if let (Some(job), Some(status)) = (&mut request.job, &status) {
        job.told_in = status.path().parent().map(|folder| folder.display().to_string());
    }
    let request = &request;
    let done = find_or_start(&places, request, job, modules, supervision).and_then(|found| match found {
        Err(lost) => Ok(lost),
        Ok(folder) => {
            let file = status.as_ref().map_or_else(|| folder.results_file(), |s| s.path().to_owned());
            let outcome = if job.detach {
                detached(job)
            } else {
                let outcome = attach::attach(&folder, job.offsets, channel)?;
                status.iter().try_for_each(StatusFile::remove)?;
                outcome
            };
            Ok(outcome.with("results_file", file.display().to_string()))
        }
    });
    done.unwrap_or_else(|error| Outcome::failed(format!("the job cannot be run: {error}")))
}

/// What a controller that does not wait is told, with Ansible's words.
fn detached(job: &Job) -> Outcome {
    Outcome::ok(true).with("ansible_job_id", job.id.as_str()).with("started", true).with("finished", false)
}

fn find_or_start(
    places: &Places,
    request: &Request,
    job: &Job,
    modules: &'static [Module],
    supervision: Supervision,
) -> io::Result<Result<JobFolder, Outcome>> {
    let folder = match places.find(&request.run, &job.id)? {
        Some(folder) => folder,
        None if job.boot.as_ref().is_some_and(|boot| *boot != boot_id()) => {
            return Ok(Err(Outcome::failed("the machine was restarted, and the job is not there any more")));
        }
        None if job.offsets != Offsets::default() => {
            return Ok(Err(Outcome::failed("the job was lost: its folder is not there any more")));
        }
        None => {
            if let Some(folder) = request.job.as_ref().and_then(|job| job.told_in.as_ref()) {
                StatusFile::within(folder, &job.id).begin(&job.id)?;
            }
            create(places, request, job)?
        }
    };
    ensure_started(&folder, modules, supervision)?;
    Ok(Ok(folder))
}

/// Makes the folder. The folder of its run may be tidied away meanwhile, because another job was the last in it.
fn create(places: &Places, request: &Request, job: &Job) -> io::Result<JobFolder> {
    let mut tries = 0;
    loop {
        tries += 1;
        match JobFolder::create(&places.make(&request.run)?, job.id.as_str(), request) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && tries < 10 => {}
            made => return made,
        }
    }
}

/// Starts a supervisor where there was none. Who else wants to do so meanwhile waits.
fn ensure_started(
    folder: &JobFolder,
    modules: &'static [Module],
    supervision: Supervision,
) -> io::Result<()> {
    if folder.state()?.is_some() {
        return Ok(());
    }
    // The kernel gives the lock back when this process ends, however it ends.
    let lock = File::open(folder.path())?;
    lock.lock()?;
    if folder.state()?.is_some() {
        return Ok(());
    }
    match supervision {
        Supervision::Program => start_program(folder)?,
        Supervision::Thread => {
            let own = folder.clone();
            thread::Builder::new().name("supervise".into()).spawn(move || {
                // What it says about its own end is seen in the folder, or missing there.
                drop(supervise::attend(&own, modules));
            })?;
        }
    }
    let until = Instant::now() + START;
    // One that is to outlive its run takes its folder along: it may have ended before we looked.
    while folder.state()?.is_none() && folder.path().exists() {
        if Instant::now() > until {
            let words = std::fs::read_to_string(folder.words()).unwrap_or_default();
            return Err(io::Error::new(
                io::ErrorKind::TimedOut,
                format!("its supervisor does not start {}", words.trim()),
            ));
        }
        thread::sleep(LOOK);
    }
    Ok(())
}

fn start_program(folder: &JobFolder) -> io::Result<()> {
    let words = OpenOptions::new().append(true).create(true).mode(0o600).open(folder.words())?;
    let mut command = Command::new("/proc/self/exe");
    command.arg0("benchbook-agent").arg("supervise").arg(folder.path());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(words);
    if let Some(run) = folder.path().parent().and_then(|run| run.file_name()) {
        command.env(RUN, run).env_remove(CONTROLLER);
    }
    // SAFETY: between fork and exec the child only makes the system call `setsid`, without libc and without allocating.
    unsafe {
        command.pre_exec(|| rustix::process::setsid().map(drop).map_err(io::Error::from));
    }
    let mut supervisor = command.spawn()?;
    // As long as this agent lives, somebody has to take note of its end.
    thread::Builder::new().name("reaper".into()).spawn(move || supervisor.wait())?;
    Ok(())
}
