//! The two tasks behind a session: one reads frames, one writes them.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::calls::{Outgoing, Shared};
use crate::connection::{BoxFuture, Link};
use crate::wire::{Decoder, Packet, WireError};

/// How long pending calls wait to learn why the stream ended.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// How long an agent may take to end, beyond the grace of what it runs.
const END: Duration = Duration::from_secs(10);
/// How much is read at once, in bytes.
const PIECE: usize = 64 * 1024;

/// Starts the two tasks. The reader's result is what is to be said about the agent's end.
pub fn start(link: Link, decoder: Decoder) -> (Arc<Shared>, JoinHandle<String>) {
    let (shared, from_control, from_bulk) = Shared::new();
    tokio::spawn(write(link.output, from_control, from_bulk));
    let reader = tokio::spawn(read(Arc::clone(&shared), link.input, decoder, link.ended));
    (shared, reader)
}

/// Small messages first, so that a credit or a cancel does not wait behind a big file.
async fn write(
    mut output: Box<dyn AsyncWrite + Send + Unpin>,
    mut control: mpsc::UnboundedReceiver<Outgoing>,
    mut bulk: mpsc::Receiver<Vec<u8>>,
) {
    loop {
        let frames = tokio::select! {
            biased;
            next = control.recv() => match next {
                Some(Outgoing::Frames(frames)) => frames,
                Some(Outgoing::Close) | None => break,
            },
            Some(frames) = bulk.recv() => frames,
        };
        if output.write_all(&frames).await.is_err() || output.flush().await.is_err() {
            break;
        }
    }
    // The agent may be gone already.
    let _ = output.shutdown().await;
}

async fn read(
    shared: Arc<Shared>,
    mut input: Box<dyn AsyncRead + Send + Unpin>,
    decoder: Decoder,
    mut ended: BoxFuture<'static, String>,
) -> String {
    let reason = read_frames(&shared, &mut input, decoder).await;
    // Whatever it was, the agent shall end its children.
    shared.close();
    drop(input);
    let words = timeout(LAST_WORDS, &mut ended).await.ok();
    // A stream that just ends says nothing; then the carrier may know why. Otherwise its words only follow from the reason.
    let known = reason.or_else(|| words.clone().filter(|words| !words.is_empty()));
    shared.lose(known.unwrap_or_else(|| "the stream ended".into()));
    if let Some(words) = words {
        return words;
    }
    let limit = shared.longest_grace() + END;
    timeout(limit, ended).await.unwrap_or_else(|_| "the agent did not end".into())
}

/// Reads until the stream ends, or until there is a reason to end it.
async fn read_frames(
    shared: &Shared,
    input: &mut (dyn AsyncRead + Send + Unpin),
    mut decoder: Decoder,
) -> Option<String> {
    let mut piece = vec![0; PIECE];
    loop {
        loop {
            let packet = match decoder.next() {
                Ok(Some(frame)) => (frame.channel, Packet::of(frame)),
                Ok(None) => break,
                Err(error) => (0, Err(WireError::Frame(error))),
            };
            let taken = match packet {
                (channel, Ok(packet)) => shared.take(channel, packet),
                (_, Err(error)) => Err(error.to_string()),
            };
            if let Err(reason) = taken {
                return Some(reason);
            }
        }
        match input.read(&mut piece).await {
            Ok(0) => return None,
            Ok(count) => decoder.push(&piece[..count]),
            Err(error) => return Some(error.to_string()),
        }
    }
}
