//! The clock: whether somebody keeps it, by what the kernel knows. How hosts' clocks differ is for those who see several.

use super::{Finding, Look};

/// What the kernel knows of its clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Synchronised {
    /// Whether somebody keeps it.
    pub kept: bool,
    /// By how much it may be wrong, in microseconds.
    pub error: u64,
}

pub fn clock(look: &mut Look<'_>) -> Finding {
    const CHECK: &str = "clock";
    match look.machine.clock() {
        None => Finding::note(CHECK, "this kernel does not tell"),
        Some(Synchronised { kept: true, error }) => {
            Finding::ok(CHECK, format!("kept, to {} ms", error.div_ceil(1000)))
        }
        Some(_) => {
            let fix = "timedatectl set-ntp true, or start chronyd";
            Finding::warning(CHECK, "nobody keeps it", fix)
        }
    }
}

/// adjtimex(2), which every user may call as long as nothing is changed.
pub fn of_the_kernel() -> Option<Synchronised> {
    // SAFETY: the structure is plain numbers, for which zero is a value.
    let mut about: libc::timex = unsafe { std::mem::zeroed() };
    // SAFETY: it is a structure of our own, and `modes` is 0: nothing is set. It is a system call, no look-up of libc.
    let state = unsafe { libc::adjtimex(&raw mut about) };
    let error = u64::try_from(about.maxerror).unwrap_or_default();
    (state >= 0).then_some(Synchronised { kept: about.status & libc::STA_UNSYNC == 0, error })
}
