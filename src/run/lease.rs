//! The machine of a round is taken from other runs too: the host's agent keeps a lease that names the run.
//!
//! Asked for when the round got its machine within this run and before its first step; given back after its last.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex as AsyncMutex;

use super::dispatcher::{Dispatcher, Message};
use super::fates::ScopeNo;
use super::growth::inherited;
use super::magic::host_scope;
use super::queue::HostNo;
use super::unit::{Shared, Unit};
use crate::base::{HostName, Map, Value};
use crate::connection::{Call, Cancel, Endpoint, Lease as InUse};
use crate::event::Event;
use crate::plan::Step;
use crate::vars::Templar;
use crate::wire::{Outcome, Request, Status};

/// How long a round waits without saying so: other rounds are often short.
const MOMENT: Duration = Duration::from_secs(1);

/// What a run does about a machine that another run has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnBusy {
    /// Wait.
    #[default]
    Wait,
    /// Fail the round.
    Fail,
}

/// Who runs this, for those who wait.
#[derive(Clone, Debug, Default)]
pub struct Caller {
    /// The user's name.
    pub user: String,
    /// The name of this machine.
    pub machine: String,
}

/// The lease of a round on its host.
#[derive(Debug, Default)]
pub(super) enum Lease {
    /// None is wanted, or none can be had: then the round's steps say what is the matter with the host.
    #[default]
    None,
    /// Asked for; a way to give up.
    Asked(Cancel),
    /// Held there.
    Held(Arc<Held>),
    /// Another run has the machine.
    Refused(String),
}

/// A machine that a round has: the agent of this session says so there. The session stays open as long as the round lasts.
pub struct Held {
    round: Round,
    session: AsyncMutex<InUse>,
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Held").field(&self.round).finish()
    }
}

/// A round on a host, for other runs.
#[derive(Clone, Debug)]
struct Round {
    endpoint: Endpoint,
    host: HostName,
    name: String,
}

/// What a host says to who asks for its machine.
enum Answer {
    Taken(InUse),
    Refused(String),
    /// It was stopped, or the host is gone, which the round's steps will say.
    Nothing,
}

/// A round asks for a machine.
struct Asking {
    shared: Arc<Shared>,
    round: Round,
    cancel: Cancel,
    warn: Box<dyn Fn(String) + Send + Sync>,
}

impl Dispatcher {
    /// Asks the host for a lease. None: the round needs none, and may begin.
    pub(super) fn ask_for_lease(&self, round: ScopeNo, host: HostNo, what: &Step) -> Option<Cancel> {
        let endpoint = self.machine_of(host, what)?;
        let cancel = Cancel::new();
        let (said, sender) = (self.sender.clone(), self.sender.clone());
        let asking = Asking {
            shared: Arc::clone(&self.shared),
            round: Round { endpoint, host: self.name(host).clone(), name: lease_name(round, host) },
            cancel: cancel.clone(),
            warn: Box::new(move |text| {
                // The dispatcher is gone only when the run is.
                let _ = said.send(Message::Said(Box::new(Event::Warning { text })));
            }),
        };
        tokio::spawn(async move {
            let lease = match asking.ask(asking.shared.options.on_busy).await {
                Answer::Taken(session) => {
                    Lease::Held(Arc::new(Held { round: asking.round, session: AsyncMutex::new(session) }))
                }
                Answer::Refused(reason) => Lease::Refused(reason),
                Answer::Nothing => Lease::None,
            };
            let _ = sender.send(Message::Leased(round, host, lease));
        });
        Some(cancel)
    }

    /// Gives a lease back; the host's machine is free in this run when the host knows it.
    pub(super) fn give_back(&self, host: HostNo, held: Arc<Held>) {
        let (shared, sender) = (Arc::clone(&self.shared), self.sender.clone());
        tokio::spawn(async move {
            let request = shared.service(
                "_unlease",
                Map::from_iter([("name", held.round.name.as_str())]),
                Duration::ZERO,
            );
            let session = held.session.lock().await;
            // An agent that is gone holds nothing any more.
            let _ = session.call(request, Call::default()).await;
            drop(session);
            let _ = sender.send(Message::Returned(host));
        });
    }

    /// The endpoint whose machine a round needs: that of the user who logs in, outside of containers. None for agents that
    /// are no machine of their own.
    fn machine_of(&self, host: HostNo, what: &Step) -> Option<Endpoint> {
        if self.shared.options.check {
            return None;
        }
        let host = self.board.get(host);
        let templar = Templar::new(host_scope(host, &self.board), Arc::clone(&self.shared.environment));
        let keyword = inherited(what).and_then(|said| said.connection.as_ref());
        let keyword = keyword.and_then(|value| templar.render_str(&value.value).ok());
        // What is wrong with the host is said by its steps.
        let endpoint = super::delegate::endpoint(host.name.as_str(), keyword, &templar).ok()?.ok()?;
        let machine = endpoint.outside();
        (!matches!(machine, Endpoint::Memory(_) | Endpoint::Scripted(_))).then(|| machine.clone())
    }
}

fn lease_name(round: ScopeNo, host: HostNo) -> String {
    format!("round {} on {}", round.0, host.0)
}

impl Held {
    /// A request is about to be sent: when the connection was lost, the machine is taken again, which another run may have now.
    pub async fn keep(&self, unit: &Unit) -> Result<(), String> {
        self.renew(unit, unit.shared.options.on_busy).await
    }

    /// The connection was lost under a job, which holds the machine as long as it runs: the round takes its part again. Where
    /// it cannot, the job has ended meanwhile, and the next request asks.
    pub async fn come_back(&self, unit: &Unit) {
        let _ = self.renew(unit, OnBusy::Fail).await;
    }

    async fn renew(&self, unit: &Unit, on_busy: OnBusy) -> Result<(), String> {
        let mut session = self.session.lock().await;
        if session.is_alive() {
            return Ok(());
        }
        let said = unit.said.clone();
        let asking = Asking {
            shared: Arc::clone(&unit.shared),
            round: self.round.clone(),
            cancel: unit.cancel.clone(),
            warn: Box::new(move |text| {
                let _ = said.send(Message::Said(Box::new(Event::Warning { text })));
            }),
        };
        match asking.ask(on_busy).await {
            Answer::Taken(new) => *session = new,
            Answer::Refused(reason) => return Err(reason),
            // The request itself will say so.
            Answer::Nothing => {}
        }
        Ok(())
    }
}

impl Asking {
    async fn ask(&self, on_busy: OnBusy) -> Answer {
        let Ok(session) = self.shared.pool.session(&self.round.endpoint).await else {
            return Answer::Nothing;
        };
        let call = |wait| {
            let call = Call { cancel: self.cancel.clone(), ..Call::default() };
            session.call(self.request(wait), call)
        };
        let mut outcome = call(false).await;
        let busy = outcome.as_ref().ok().and_then(|outcome| outcome.values.get("busy")).map(told);
        if let Some(busy) = busy {
            let busy = format!("{} is busy: {busy}", self.round.host);
            if on_busy == OnBusy::Fail {
                return Answer::Refused(busy);
            }
            let mut waiting = Box::pin(call(true));
            outcome = tokio::select! {
                outcome = &mut waiting => outcome,
                () = tokio::time::sleep(MOMENT) => {
                    (self.warn)(format!("{busy}; waiting for it"));
                    waiting.await
                }
            };
        }
        match outcome {
            Ok(Outcome { status: Status::Ok, .. }) => Answer::Taken(session),
            Ok(Outcome { status: Status::Failed, msg: Some(msg), .. }) => {
                Answer::Refused(format!("{}: {msg}", self.round.host))
            }
            Ok(_) | Err(_) => Answer::Nothing,
        }
    }

    fn request(&self, wait: bool) -> Request {
        let caller = &self.shared.options.caller;
        let args = Map::from_iter([
            ("name", Value::from(self.round.name.as_str())),
            ("user", caller.user.as_str().into()),
            ("controller", caller.machine.as_str().into()),
            ("wait", wait.into()),
        ]);
        self.shared.service("_lease", args, Duration::ZERO)
    }
}

/// Run, user, controller and time of the one who has a machine.
fn told(other: &Value) -> String {
    let text = |key: &str| other.get(key).map(ToString::to_string).unwrap_or_default();
    format!(
        "run {} of {}@{} has had it since {}",
        text("run"),
        text("user"),
        text("controller"),
        text("since")
    )
}
