//! The first process of a container that is only there to be worked in: it waits, buries what lost its parent, and goes when
//! it is asked to. So an image needs neither a program that waits nor an init.

use std::io;

use rustix::process::{WaitOptions, wait};

/// What asks it to go, and what tells of a death.
const HEARD: [libc::c_int; 4] = [libc::SIGTERM, libc::SIGINT, libc::SIGQUIT, libc::SIGCHLD];

/// The program `benchbook-agent idle`: comes back when somebody asks this process to end.
pub fn idle() -> io::Result<()> {
    let heard = block()?;
    loop {
        let mut signal = 0;
        // SAFETY: both point to values of ours that outlive the call.
        let failed = unsafe { libc::sigwait(&raw const heard, &raw mut signal) };
        match signal {
            _ if failed != 0 => return Err(io::Error::from_raw_os_error(failed)),
            libc::SIGCHLD => while let Ok(Some(_)) = wait(WaitOptions::NOHANG) {},
            _ => return Ok(()),
        }
    }
}

/// What is blocked waits, also for the first process of a container, which hears nothing else that has no handler.
fn block() -> io::Result<libc::sigset_t> {
    // SAFETY: all bytes zero are a value of this plain type, and `sigemptyset` makes a set of it.
    let mut set: libc::sigset_t = unsafe { std::mem::zeroed() };
    // SAFETY: the set is ours; this is the only thread, so the mask is the process's.
    let failed = unsafe {
        libc::sigemptyset(&raw mut set);
        for signal in HEARD {
            libc::sigaddset(&raw mut set, signal);
        }
        libc::pthread_sigmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut())
    };
    if failed == 0 { Ok(set) } else { Err(io::Error::from_raw_os_error(failed)) }
}
