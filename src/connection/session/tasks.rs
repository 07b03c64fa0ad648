//! The two tasks behind a session: one reads frames, one writes what cannot be written at once.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::calls::Shared;
use super::outbox::Outbox;
use crate::connection::{BoxFuture, Link};
use crate::wire::{Decoder, Packet, WireError};

/// How long pending calls wait to learn why the stream ended.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// How long an agent may take to end, beyond the grace of what it runs.
const END: Duration = Duration::from_secs(10);

/// Starts the two tasks. The reader's result is what is to be said about the agent's end.
pub fn start(link: Link, decoder: Decoder) -> (Arc<Shared>, JoinHandle<String>) {
    let outbox = Arc::new(Outbox::new(link.output));
    let (shared, uploads) = Shared::new(Arc::clone(&outbox));
    tokio::spawn(outbox.serve(uploads));
    let reader = tokio::spawn(read(Arc::clone(&shared), link.input, decoder, link.ended));
    (shared, reader)
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
        match input.read_buf(decoder.space()).await {
            Ok(0) => return None,
            Ok(_) => {}
            Err(error) => return Some(error.to_string()),
        }
    }
}
