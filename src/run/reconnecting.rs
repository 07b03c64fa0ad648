//! A connection that is lost while a job runs: it is opened again, with growing pauses, for as long as the user wants.

use std::time::Duration;

use super::keyword::number;
use super::unit::Unit;
use crate::connection::Endpoint;
use crate::event::Event;

/// The variable that says for how many seconds a lost connection is opened again.
const VARIABLE: &str = "benchbook_reconnect_timeout";
/// When nobody says.
const LIMIT: Duration = Duration::from_mins(1);
/// The first pause; each is twice the one before.
const FIRST: Duration = Duration::from_millis(100);
/// The longest pause.
const LONGEST: Duration = Duration::from_secs(5);

/// Returns when there is a session again, or says why there is none. Who wants to stop gets one more try.
pub async fn again(unit: &Unit, endpoint: &Endpoint, reason: &str) -> Result<(), String> {
    let limit = limit(unit);
    let name = &unit.host.name;
    unit.say(Event::Warning {
        text: format!(
            "{name}: {reason}; the job goes on there, and is looked for again ({})",
            unit.step.name
        ),
    });
    let clock = unit.shared.clock.instant();
    let mut pause = FIRST;
    loop {
        let cancelled = unit.cancel.is_cancelled();
        let Err(error) = unit.shared.pool.session(endpoint).await else { return Ok(()) };
        // A container that has ended has ended what ran in it.
        let last = cancelled || error.is_gone();
        if last || clock.elapsed() + pause > limit {
            let tried = clock.elapsed().as_secs();
            return Err(format!("{reason}, and cannot be opened again after {tried} s: {error}"));
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = unit.cancel.cancelled() => {}
        }
        pause = (pause * 2).min(LONGEST);
    }
}

fn limit(unit: &Unit) -> Duration {
    let scope = unit.scope();
    let templar = unit.plain_templar(scope.clone());
    let said = scope.lookup(VARIABLE).and_then(|(value, _)| templar.render(value).ok());
    let seconds = said.and_then(|value| number(&value));
    seconds.and_then(|s| Duration::try_from_secs_f64(s).ok()).unwrap_or(LIMIT)
}
