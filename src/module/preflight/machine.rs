//! What no file of the machine tells: it is waited, asked of the kernel, or tried.

use std::time::{Duration, Instant};

use super::super::process::Command;
use super::super::{Context, Failure};
use super::clock::{self, Synchronised};
use crate::wire::Request;

/// The machine that is looked at.
pub trait Machine {
    /// Lets time pass.
    fn wait(&mut self, time: Duration) -> Result<(), Failure>;
    /// What the kernel knows of its clock, where it may be asked.
    fn clock(&mut self) -> Option<Synchronised>;
    /// Logs in to another host; gives the last words of ssh when that fails.
    fn log_in(&mut self, host: &str) -> Result<(), String>;
}

/// This one.
pub struct Own<'a, 'b>(pub &'a mut Context<'b>);

impl Machine for Own<'_, '_> {
    fn wait(&mut self, time: Duration) -> Result<(), Failure> {
        let now = Instant::now();
        self.0.pause(now + time, now)
    }

    fn clock(&mut self) -> Option<Synchronised> {
        clock::of_the_kernel()
    }

    fn log_in(&mut self, host: &str) -> Result<(), String> {
        const OPTIONS: [&str; 2] = ["-oBatchMode=yes", "-oConnectTimeout=5"];
        let request = Request { timeout_ms: Some(15_000), stream: false, ..self.0.request.clone() };
        let mut ctx = Context { request: &request, link: self.0.link, clock: self.0.clock };
        let argv = ["ssh"].into_iter().chain(OPTIONS).chain(["--", host, "true"]);
        let ended = ctx.run(&Command { quiet: true, ..Command::new(argv) });
        let ended = ended.map_err(|error| format!("ssh cannot be run: {error}"))?;
        if ended.status.success() {
            return Ok(());
        }
        let words = String::from_utf8_lossy(&ended.stderr);
        let last = words.lines().map(str::trim).rfind(|line| !line.is_empty());
        Err(last.map_or_else(|| format!("ssh ended with {}", ended.rc()), str::to_owned))
    }
}
