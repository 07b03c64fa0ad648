//! What is sent to an engine while it is read: a thread reads, the engine sets the pace. No more is in memory than a few pieces.

use std::io::{self, Write};
use std::sync::{Arc, OnceLock};

use tokio::sync::mpsc;

use crate::connection::container::Pieces;

/// The size of a piece, in bytes.
const PIECE: usize = 256 * 1024;
/// How many pieces may wait.
const WAITING: usize = 4;

/// What the thread that writes could not read.
#[derive(Clone, Default)]
pub(super) struct Problem(Arc<OnceLock<String>>);

/// What `write` writes, as pieces for an engine. Nobody need wait for the thread: it ends when nobody takes its pieces any more.
pub(super) fn send(
    write: impl FnOnce(&mut dyn Write) -> Result<(), String> + Send + 'static,
) -> (Pieces, Problem) {
    let (to, pieces) = mpsc::channel(WAITING);
    let problem = Problem::default();
    let noted = problem.clone();
    tokio::task::spawn_blocking(move || {
        let mut writer = Writer { to: to.clone(), piece: Vec::with_capacity(PIECE) };
        let written = write(&mut writer).and_then(|()| writer.flush().map_err(|error| error.to_string()));
        let Err(problem) = written else { return };
        if !to.is_closed() {
            noted.0.get_or_init(|| problem.clone());
            // So that the engine does not take a part for the whole; one that is gone need not be told.
            let _ = to.blocking_send(Err(io::Error::other(problem)));
        }
    });
    (pieces, problem)
}

impl Problem {
    /// Why an engine did not get everything, when that was not of its own will.
    pub(super) fn get(&self) -> Option<&str> {
        self.0.get().map(String::as_str)
    }
}

struct Writer {
    to: mpsc::Sender<io::Result<Vec<u8>>>,
    piece: Vec<u8>,
}

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = bytes.len().min(PIECE - self.piece.len());
        self.piece.extend_from_slice(&bytes[..count]);
        if self.piece.len() == PIECE {
            self.flush()?;
        }
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.piece.is_empty() {
            return Ok(());
        }
        let piece = std::mem::replace(&mut self.piece, Vec::with_capacity(PIECE));
        let unwanted = |_| io::Error::new(io::ErrorKind::BrokenPipe, "nobody takes it any more");
        self.to.blocking_send(Ok(piece)).map_err(unwanted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn everything_comes_in_pieces() {
        let text: Vec<u8> = (0..PIECE * 3 + 5).map(|n| u8::try_from(n % 251).unwrap()).collect();
        let sent = text.clone();
        let (mut pieces, problem) = send(move |to| to.write_all(&sent).map_err(|error| error.to_string()));
        let mut came = Vec::new();
        while let Some(piece) = pieces.recv().await {
            came.extend(piece.unwrap());
        }
        assert_eq!((came == text, problem.get()), (true, None));
    }

    #[tokio::test]
    async fn what_cannot_be_read_breaks_it_off() {
        let (mut pieces, problem) = send(|to| {
            to.write_all(b"begun").map_err(|error| error.to_string())?;
            Err("cannot read /x".to_owned())
        });
        assert_eq!(pieces.recv().await.unwrap().unwrap_err().to_string(), "cannot read /x");
        assert_eq!(problem.get(), Some("cannot read /x"));
    }

    /// Otherwise the test would not end.
    #[tokio::test]
    async fn the_thread_ends_when_nobody_takes_its_pieces() {
        let (pieces, problem) = send(|to| {
            loop {
                to.write_all(&[0; 4096]).map_err(|error| error.to_string())?;
            }
        });
        drop(pieces);
        assert_eq!(problem.get(), None);
    }
}
