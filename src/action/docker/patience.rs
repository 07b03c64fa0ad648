//! How long an action waits for an engine: until it has answered, the task's time is over, or somebody wants it to end.

use std::future::Future;
use std::time::Duration;

use tokio::time::Instant;

use super::ActionContext;
use crate::wire::{Outcome, Status};

/// Counts from when it is made.
pub(super) struct Patience<'a> {
    ctx: &'a ActionContext<'a>,
    since: Instant,
    steadfast: bool,
}

impl<'a> Patience<'a> {
    pub(super) fn new(ctx: &'a ActionContext<'a>) -> Self {
        Self { ctx, since: Instant::now(), steadfast: false }
    }

    /// What only takes things away goes on when the run is stopped: then it is wanted all the more.
    pub(super) fn steadfast(self, steadfast: bool) -> Self {
        Self { steadfast, ..self }
    }

    /// Does it. Work that is given up is dropped: an engine ends a build, a pull or a load whose asker is gone.
    pub(super) async fn wait<T>(&self, work: impl Future<Output = T>) -> Result<T, Outcome> {
        let limit = async {
            match self.ctx.timeout {
                Some(limit) => {
                    tokio::time::sleep_until(self.since + limit).await;
                    limit
                }
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            done = work => Ok(done),
            () = self.ctx.cancel.cancelled(), if !self.steadfast => Err(ended(Status::Cancelled, "the run was stopped".to_owned())),
            limit = limit => {
                Err(ended(Status::TimedOut, format!("timed out after {} s", limit.as_secs_f64())))
            }
        }
    }

    /// Waits a moment, for what has to be looked at again.
    pub(super) async fn sleep(&self, moment: Duration) -> Result<(), Outcome> {
        self.wait(tokio::time::sleep(moment)).await
    }
}

fn ended(status: Status, msg: String) -> Outcome {
    Outcome { status, ..Outcome::failed(msg) }
}
