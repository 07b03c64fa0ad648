//! Waiting for several descriptors at once.

use std::os::fd::BorrowedFd;
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// Waits until at least one of these descriptors has something to say, bytes or their end, but no longer than `until`. Gives
/// what each has to say; nothing at all also when a signal came.
pub fn ready<const N: usize>(
    descriptors: [Option<BorrowedFd<'_>>; N],
    until: Option<Instant>,
) -> [PollFlags; N] {
    let listening = descriptors.iter().flatten();
    let mut asked: Vec<_> = listening.map(|fd| PollFd::from_borrowed_fd(*fd, PollFlags::IN)).collect();
    let left = until.map(|until| until.saturating_duration_since(Instant::now()));
    // What is too long for the kernel is for ever.
    let left = left.and_then(|left| Timespec::try_from(left).ok());
    // With so few of them, nothing can go wrong but that a signal comes.
    let _ = poll(&mut asked, left.as_ref());
    let mut answers = asked.iter().map(PollFd::revents);
    descriptors.map(|fd| fd.and_then(|_| answers.next()).unwrap_or(PollFlags::empty()))
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::fd::AsFd;
    use std::time::Duration;

    use super::*;

    #[test]
    fn bytes_and_ends_are_told_apart() {
        let ((one, mut to_one), (two, to_two)) = (std::io::pipe().unwrap(), std::io::pipe().unwrap());
        let soon = || Some(Instant::now() + Duration::from_millis(10));
        let all = || [None, Some(one.as_fd()), Some(two.as_fd())];
        assert_eq!(ready(all(), soon()), [PollFlags::empty(); 3]);
        to_one.write_all(b"x").unwrap();
        assert_eq!(ready(all(), None), [PollFlags::empty(), PollFlags::IN, PollFlags::empty()]);
        drop((to_one, to_two));
        assert_eq!(ready(all(), None), [PollFlags::empty(), PollFlags::IN | PollFlags::HUP, PollFlags::HUP]);
    }
}
