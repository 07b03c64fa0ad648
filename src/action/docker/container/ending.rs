//! How `docker_container` ends: at once, when the container is well, or when it has ended.

use std::time::Duration;

use serde_json::Value as Json;
use tokio::time::Instant;

use super::{AGAIN, State, Work, is, shown};
use crate::connection::container::refusal;
use crate::wire::{Outcome, Status};

/// A container that has ended so soon has not started well.
const AT_ONCE: Duration = Duration::from_millis(200);

impl Work<'_> {
    /// The whole outcome. `started`: it was started now.
    pub(super) async fn end(&self, mut outcome: Outcome, started: bool) -> Result<Outcome, Outcome> {
        if self.is_dry() {
            return Ok(shown(outcome, self.look().await?.as_ref()));
        }
        if self.args.state == State::Healthy {
            self.wait_until_healthy().await?;
        }
        if started && !self.args.detach && self.args.state == State::Started {
            return self.wait_for_its_end(outcome).await;
        }
        let is_to_go_on = started && self.args.state == State::Started;
        if is_to_go_on {
            self.asking.patience.sleep(AT_ONCE).await?;
        }
        let found = self.look().await?;
        if is_to_go_on && let Some(ended) = found.as_ref().filter(|found| !is(found, "Running")) {
            outcome.warnings.push(self.tell_of_its_end(ended).await);
        }
        Ok(shown(outcome, found.as_ref()))
    }

    /// It was to go on, and has ended already.
    async fn tell_of_its_end(&self, ended: &Json) -> String {
        let name = &self.args.name;
        // Not every log driver can be read.
        let output = self.asking.patience.wait(self.asking.engine.output(name)).await;
        let (out, err) = output.ok().and_then(Result::ok).unwrap_or_default();
        let code = &ended["State"]["ExitCode"];
        let said = format!("{out}{err}");
        let said = said.trim();
        let between = if said.is_empty() { "" } else { ": " };
        let text = format!("container {name} has ended already, with exit code {code}{between}{said}");
        match refusal(said) {
            Some(refusal) => format!("{text} ({}; {})", refusal.cause, refusal.remedy),
            None => text,
        }
    }

    async fn wait_until_healthy(&self) -> Result<(), Outcome> {
        let name = &self.args.name;
        let limit = Duration::try_from_secs_f64(self.args.healthy_wait_timeout);
        let limit = limit.ok().filter(|limit| !limit.is_zero()).unwrap_or(Duration::MAX);
        let since = Instant::now();
        loop {
            let found = self.look().await?;
            let health = found.as_ref().and_then(|found| found.pointer("/State/Health/Status"));
            match health.and_then(Json::as_str) {
                Some("healthy") => return Ok(()),
                None | Some("none" | "") => {
                    let msg = format!("container {name} has no health check; give it one with `healthcheck`");
                    return Err(Outcome::failed(msg));
                }
                Some(health) if since.elapsed() > limit => {
                    let msg = format!("container {name} is {health} after {} s", limit.as_secs_f64());
                    return Err(shown(Outcome::failed(msg), found.as_ref()));
                }
                Some(_) => self.asking.patience.sleep(AGAIN).await?,
            }
        }
    }

    /// A container that is given up is stopped as it would be by its engine.
    async fn wait_for_its_end(&self, mut outcome: Outcome) -> Result<Outcome, Outcome> {
        let name = &self.args.name;
        let (asking, engine) = (self.asking, &self.asking.engine);
        let failed = |doing: &str, error| asking.failed(&format!("cannot {doing} container {name}"), &error);
        let code = match asking.patience.wait(engine.wait_container(name, "not-running")).await {
            Ok(code) => code.map_err(|error| failed("wait for", error))?,
            Err(ended) => {
                // Its time is over, which is why; so nothing limits this but what the container may take to stop.
                self.stop_by_engine().await.map_err(|error| failed("stop", error))?;
                return Err(ended);
            }
        };
        let found = self.look().await?;
        if found.is_some() && self.args.output_logs {
            let reading = engine.output(name);
            let (out, err) = asking.ask(&format!("read the output of container {name}"), reading).await?;
            self.asking.ctx.target.say(&out);
            outcome =
                outcome.with("stdout", out.trim_end_matches('\n')).with("stderr", err.trim_end_matches('\n'));
        }
        if let Some(found) = found.as_ref().filter(|_| self.args.cleanup) {
            self.remove(found).await?;
        }
        outcome = shown(outcome, found.as_ref()).with("status", code);
        if code != 0 {
            outcome.status = Status::Failed;
            outcome.msg = Some(format!("container {name} ended with exit code {code}"));
        }
        Ok(outcome)
    }
}
