//! A pseudo-terminal as the controlling terminal of a child: where `doas` asks for passwords, and what sudo's `requiretty` wants.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;

use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};

/// Both ends.
pub struct Terminal {
    /// Ours. While it is open the child has its terminal; when it closes, the child's session is hung up.
    pub ours: File,
    /// The child's. Kept open here too: between the start of a program and its first look at the terminal nobody else has it
    /// open, and ours would be told that it is closed.
    pub theirs: OwnedFd,
}

impl Terminal {
    /// A new one, which echoes nothing.
    pub fn open() -> io::Result<Self> {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let ours = openpt(flags)?;
        grantpt(&ours)?;
        unlockpt(&ours)?;
        // Not by its name: /dev/pts may be another one in this mount namespace.
        let theirs = ioctl_tiocgptpeer(&ours, flags)?;
        let mut modes = tcgetattr(&theirs)?;
        modes.local_modes.remove(LocalModes::ECHO);
        tcsetattr(&theirs, OptionalActions::Now, &modes)?;
        Ok(Self { ours: ours.into(), theirs })
    }
}
