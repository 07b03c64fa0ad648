//! A stream through an agent as a [`Link`]: two tasks move bytes between a channel and a pipe inside this process.

use std::sync::Arc;

use tokio::io::{AsyncWriteExt, DuplexStream};
use tokio::sync::{oneshot, watch};

use super::calls::{Open, Progress, Shared};
use super::{end_upload, send_all};
use crate::connection::Link;
use crate::wire::control::OUTPUT_WINDOW;
use crate::wire::{Outcome, Status, Stream};

/// How much may wait inside this process in each direction, in bytes.
const PIPE: usize = 64 * 1024;

/// Starts the two tasks.
pub fn link(open: Open) -> Link {
    let (input, from_agent) = tokio::io::duplex(PIPE);
    let (output, to_agent) = tokio::io::duplex(PIPE);
    let (tell, words) = oneshot::channel();
    if let Some(credit) = open.credit.first() {
        tokio::spawn(send(Arc::clone(&open.shared), open.channel, to_agent, credit.clone()));
    }
    tokio::spawn(async move {
        // Whoever wanted to know may be gone.
        let _ = tell.send(receive(open, from_agent).await);
    });
    let ended = async move { words.await.unwrap_or_default() };
    Link { input: Box::new(input), output: Box::new(output), ended: Box::pin(ended) }
}

/// Sends what is written. When nobody takes it any more it is thrown away: a server that refuses answers before it has read
/// everything, and whoever is still writing shall get to read that answer.
async fn send(shared: Arc<Shared>, channel: u32, mut from: DuplexStream, credit: watch::Receiver<u64>) {
    let error = send_all(&shared, channel, 0, &mut from, credit).await.err();
    end_upload(&shared, channel, 0, error).await;
    // Neither end can fail.
    let _ = tokio::io::copy(&mut from, &mut tokio::io::sink()).await;
}

/// Passes on what the agent sends, until `Done`. A reader that is gone does not stop the other end: its output's end does.
async fn receive(open: Open, mut to: DuplexStream) -> String {
    let mut taken = 0;
    let mut listened_to = true;
    while let Some(event) = open.next().await {
        match event {
            Progress::Output(stream, bytes) => {
                taken += bytes.len() as u64;
                if listened_to && stream == Stream::Stdout {
                    listened_to = to.write_all(&bytes).await.is_ok();
                }
                if taken >= OUTPUT_WINDOW / 4 {
                    open.shared.grant(open.channel, std::mem::take(&mut taken));
                }
            }
            Progress::Done(outcome) => return ending(*outcome),
        }
    }
    open.shared.lost().unwrap_or_default()
}

fn ending(outcome: Outcome) -> String {
    match outcome.status {
        Status::Ok => String::new(),
        _ => outcome.msg.unwrap_or_else(|| "the stream broke".into()),
    }
}
