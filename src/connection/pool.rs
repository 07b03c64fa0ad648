//! One session per endpoint, opened when it is first wanted, and not more at once than there may be.

use std::collections::{BTreeSet, HashMap};
use std::ops::Deref;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use foldhash::fast::RandomState;
use tokio::sync::{Mutex as AsyncMutex, Notify, OwnedSemaphorePermit, Semaphore, mpsc};

use super::agents::Agents;
use super::become_user::BecomeUser;
use super::container::{Container, Engine};
use super::local::Local;
use super::ssh::{Client, Ssh};
use super::{Chunk, ConnectError, Connector, Endpoint, Session};
use crate::base::RunMark;
use crate::wire::Owner;

/// How many of what there may be at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections to other machines. When one more is wanted, the one that was idle longest is closed.
    pub connections: usize,
    /// How long somebody waits for a connection while all are in use.
    pub acquire: Duration,
    /// Logins that are under way.
    pub logins: usize,
    /// Logins that are under way behind one jump host.
    pub logins_per_jump_host: usize,
    /// How often a silent connection is looked after; three times without an answer end it. Zero: never.
    pub keepalive: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 200,
            acquire: Duration::from_mins(5),
            logins: 50,
            logins_per_jump_host: 8,
            keepalive: Duration::from_secs(15),
        }
    }
}

type Slots = HashMap<Endpoint, Arc<Slot>, RandomState>;

/// Sessions by endpoint. Cheap to share behind an `Arc`.
pub struct Pool {
    slots: Mutex<Slots>,
    client: Arc<Client>,
    room: Arc<Room>,
    /// Whether users become themselves, where that is asked for.
    same_user: bool,
    /// Container engines that answered.
    engines: Mutex<BTreeSet<(Endpoint, Arc<str>)>>,
}

/// Room for connections to other machines.
struct Room {
    free: Arc<Semaphore>,
    /// Somebody has finished with a session.
    idle: Notify,
}

struct Slot {
    /// None for what is reached through the session of another endpoint.
    connector: Option<Box<dyn Connector>>,
    opened: AsyncMutex<Option<Opened>>,
    /// Whether somebody had a session, and not only to reach another endpoint through it.
    reached: AtomicBool,
    /// None for what is no connection to another machine: it is not closed for others.
    usage: Option<Usage>,
}

/// Who uses a connection, so that the one that was idle longest can be found.
struct Usage {
    users: AtomicUsize,
    last_used: Mutex<Instant>,
    room: Arc<Room>,
}

struct Opened {
    session: Arc<Session>,
    /// None for what is no connection to another machine.
    room: Option<OwnedSemaphorePermit>,
}

impl Slot {
    /// Ends what carried the session.
    async fn end(&self) {
        if let Some(connector) = &self.connector {
            connector.end().await;
        }
    }
}

/// A session in use: it is not closed while somebody has this.
pub struct Lease {
    session: Arc<Session>,
    slot: Arc<Slot>,
    /// The command lines by which it was opened for this lease, the outermost first; empty when it was open.
    opened: Vec<String>,
    /// Its bytes go through this one.
    _carrier: Option<Box<Lease>>,
}

impl Deref for Lease {
    type Target = Session;

    fn deref(&self) -> &Session {
        &self.session
    }
}

impl Lease {
    /// The session itself: for what lives as long as this lease, or for somebody who bears that it is closed when others need
    /// room for theirs.
    pub fn session(&self) -> Arc<Session> {
        Arc::clone(&self.session)
    }

    /// The command lines by which it was opened for whoever has this lease, the outermost first; empty when it was open.
    pub fn opened(&self) -> &[String] {
        &self.opened
    }

    /// Whether both are for one session.
    pub fn same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.session, &other.session)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(usage) = &self.slot.usage {
            *usage.last_used.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
            if usage.users.fetch_sub(1, Ordering::AcqRel) == 1 {
                usage.room.idle.notify_waiters();
            }
        }
    }
}

impl Default for Pool {
    fn default() -> Self {
        Self::new()
    }
}

impl Pool {
    /// With the default limits.
    pub fn new() -> Self {
        Self::with_limits(Limits::default())
    }

    /// Knows this machine, and other machines by ssh. Their agents are those that belong to the running program.
    pub fn with_limits(limits: Limits) -> Self {
        Self::with_client(client(limits))
    }

    /// The same for a run, whose name its agents carry. What is done on this machine is done in the folder.
    pub fn for_run(limits: Limits, run: &RunMark, folder: Option<PathBuf>) -> Self {
        let mut client = client(limits);
        client.owner = Some(Owner::new(run));
        let local = Local::new().owned_by(client.owner.clone()).working_in(folder);
        Self::with_client(client).with(Endpoint::Local, local)
    }

    /// Knows this machine, and other machines by this client.
    pub fn with_client(client: Client) -> Self {
        let free = Arc::new(Semaphore::new(client.limits.connections.max(1)));
        let room = Arc::new(Room { free, idle: Notify::new() });
        let local = Local::new().owned_by(client.owner.clone());
        Self {
            slots: Mutex::default(),
            client: Arc::new(client),
            room,
            same_user: false,
            engines: Mutex::default(),
        }
        .with(Endpoint::Local, local)
    }

    /// Who shall become the user who logged in does so by sudo, su or doas all the same (`become_allow_same_user`).
    #[must_use]
    pub fn becoming_the_same_user(self, same_user: bool) -> Self {
        Self { same_user, ..self }
    }

    /// Says how an endpoint is reached.
    #[must_use]
    pub fn with(self, endpoint: Endpoint, connector: impl Connector + 'static) -> Self {
        let slot = self.new_slot(&endpoint, Some(Box::new(connector)));
        self.lock().insert(endpoint, slot);
        self
    }

    fn new_slot(&self, endpoint: &Endpoint, connector: Option<Box<dyn Connector>>) -> Arc<Slot> {
        let usage = matches!(endpoint, Endpoint::Ssh(_)).then(|| Usage {
            users: AtomicUsize::new(0),
            last_used: Mutex::new(Instant::now()),
            room: Arc::clone(&self.room),
        });
        Arc::new(Slot { connector, opened: AsyncMutex::default(), reached: AtomicBool::new(false), usage })
    }

    fn slot(&self, endpoint: &Endpoint) -> Result<Arc<Slot>, ConnectError> {
        let mut slots = self.lock();
        if let Some(slot) = slots.get(endpoint) {
            return Ok(Arc::clone(slot));
        }
        let connector: Option<Box<dyn Connector>> = match endpoint {
            Endpoint::Ssh(target) => Some(Box::new(Ssh::new(Arc::clone(&self.client), Arc::clone(target)))),
            Endpoint::Become(..) | Endpoint::Container(..) => None,
            Endpoint::Local | Endpoint::Memory(_) | Endpoint::Scripted(_) => {
                return Err(ConnectError::Unknown(endpoint.clone()));
            }
        };
        let slot = self.new_slot(endpoint, connector);
        slots.insert(endpoint.clone(), Arc::clone(&slot));
        Ok(slot)
    }

    /// The session with an endpoint: the one there is, or a new one when there is none or it was lost. Whoever asks
    /// while it is being opened waits for the same one.
    pub async fn session(&self, endpoint: &Endpoint) -> Result<Lease, ConnectError> {
        let lease = self.lease(endpoint).await?;
        lease.slot.reached.store(true, Ordering::Relaxed);
        Ok(lease)
    }

    /// The endpoints with which somebody had a session so far.
    pub fn reached(&self) -> Vec<Endpoint> {
        let slots = self.lock();
        let reached = slots.iter().filter(|(_, slot)| slot.reached.load(Ordering::Relaxed));
        reached.map(|(endpoint, _)| endpoint.clone()).collect()
    }

    async fn lease(&self, endpoint: &Endpoint) -> Result<Lease, ConnectError> {
        let carrier = match endpoint.through() {
            None => None,
            Some(carrier) => {
                let carrier = Box::pin(self.lease(carrier)).await?;
                let is_login = |whom| !self.same_user && BecomeUser::is_login(&carrier, whom);
                if matches!(endpoint, Endpoint::Become(_, whom) if is_login(whom)) {
                    return Ok(carrier);
                }
                Some(Box::new(carrier))
            }
        };
        let slot = self.slot(endpoint)?;
        let mut lines = carrier.as_ref().map(|carrier| carrier.opened.clone()).unwrap_or_default();
        let mut opened = slot.opened.lock().await;
        let session = if let Some(opened) = opened.as_ref().filter(|opened| opened.session.is_alive()) {
            Arc::clone(&opened.session)
        } else {
            let lost = opened.take();
            // In a box: nearly always it is open, and callers need not carry its size around.
            let new = Box::pin(self.open(endpoint, &slot, carrier.as_deref(), lost));
            let (new, line) = new.await?;
            lines.extend(line);
            Arc::clone(&opened.insert(new).session)
        };
        // Under the lock, so that nobody closes it in between.
        if let Some(usage) = &slot.usage {
            usage.users.fetch_add(1, Ordering::AcqRel);
        }
        drop(opened);
        Ok(Lease { session, slot, opened: lines, _carrier: carrier })
    }

    /// The container engine that listens on this socket of a host.
    pub async fn engine(&self, host: &Endpoint, socket: Arc<str>) -> Result<Engine, ConnectError> {
        let lease = self.session(host).await?;
        let engine = Engine::connect(lease, Arc::clone(&socket), Arc::clone(&self.client)).await?;
        self.engines.lock().unwrap_or_else(PoisonError::into_inner).insert((host.clone(), socket));
        Ok(engine)
    }

    /// The container engines that answered so far: their hosts and sockets.
    pub fn engines(&self) -> Vec<(Endpoint, Arc<str>)> {
        self.engines.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// The way to an endpoint through another's agent.
    fn through(&self, endpoint: &Endpoint, carrier: &Lease) -> Option<Box<dyn Connector>> {
        let session = Arc::clone(&carrier.session);
        match endpoint {
            Endpoint::Become(_, whom) => Some(Box::new(BecomeUser::new(session, Arc::clone(whom)))),
            Endpoint::Container(_, target) => {
                Some(Box::new(Container::new(session, Arc::clone(target), Arc::clone(&self.client))))
            }
            _ => None,
        }
    }

    async fn open(
        &self,
        endpoint: &Endpoint,
        slot: &Slot,
        carrier: Option<&Lease>,
        lost: Option<Opened>,
    ) -> Result<(Opened, Option<String>), ConnectError> {
        let through = carrier.and_then(|carrier| self.through(endpoint, carrier));
        let connector = through.as_deref().or(slot.connector.as_deref());
        let connector = connector.ok_or_else(|| ConnectError::Unknown(endpoint.clone()))?;
        let room = match lost.and_then(|lost| lost.room) {
            None if matches!(endpoint, Endpoint::Ssh(_)) => Some(self.make_room().await?),
            kept => kept,
        };
        let session = Session::open(connector).await.map_err(|error| connector.explain(error))?;
        Ok((Opened { session: Arc::new(session), room }, connector.command()))
    }

    /// Runs a command line without an agent.
    pub async fn execute(
        &self,
        endpoint: &Endpoint,
        line: String,
        output: mpsc::Sender<Chunk>,
    ) -> Result<i32, ConnectError> {
        match &self.slot(endpoint)?.connector {
            Some(connector) => connector.execute(line, output).await,
            None => Err(ConnectError::NoExecution(endpoint.to_string())),
        }
    }

    /// Waits for room for one more connection.
    async fn make_room(&self) -> Result<OwnedSemaphorePermit, ConnectError> {
        let limits = &self.client.limits;
        let waiting = async {
            loop {
                // Before one looks, or what comes in between would be missed.
                let idle = self.room.idle.notified();
                if let Ok(permit) = Arc::clone(&self.room.free).try_acquire_owned() {
                    return permit;
                }
                if self.close_one().await {
                    continue;
                }
                tokio::select! {
                    permit = Arc::clone(&self.room.free).acquire_owned() => {
                        if let Ok(permit) = permit { return permit; }
                    }
                    () = idle => {}
                }
            }
        };
        let no_room = |_| ConnectError::NoRoom { maximum: limits.connections.max(1), waited: limits.acquire };
        tokio::time::timeout(limits.acquire, waiting).await.map_err(no_room)
    }

    /// Closes the connection that was idle longest. False when all are in use.
    async fn close_one(&self) -> bool {
        let last_used = |usage: &Usage| *usage.last_used.lock().unwrap_or_else(PoisonError::into_inner);
        let mut slots: Vec<_> = self.lock().values().filter(|slot| slot.usage.is_some()).cloned().collect();
        slots.sort_by_key(|slot| slot.usage.as_ref().map(last_used));
        for slot in slots {
            let Ok(mut opened) = slot.opened.try_lock() else { continue };
            let counts = opened.as_ref().is_some_and(|opened| opened.room.is_some());
            let is_idle = |usage: &Usage| usage.users.load(Ordering::Acquire) == 0;
            if counts && slot.usage.as_ref().is_some_and(is_idle) {
                if let Some(closing) = opened.take() {
                    closing.session.close().await;
                    slot.end().await;
                }
                return true;
            }
        }
        false
    }

    /// The hashes of the agents that can be put on hosts.
    pub fn agents(&self) -> impl Iterator<Item = &str> {
        self.client.agents.all().iter().map(|agent| agent.hash.as_str())
    }

    /// Closes all sessions and waits until the agents have ended their children and themselves. Gives what is to be
    /// said about those that did not end as they should.
    pub async fn close(&self) -> Vec<(Endpoint, String)> {
        let slots: Vec<_> = self.lock().iter().map(|(e, s)| (e.clone(), Arc::clone(s))).collect();
        let mut said = Vec::new();
        // Those first whose bytes go through another's agent.
        for depth in (0..=slots.iter().map(|(endpoint, _)| endpoint.depth()).max().unwrap_or(0)).rev() {
            let these = slots.iter().filter(|(endpoint, _)| endpoint.depth() == depth).cloned();
            said.append(&mut close_all(these.collect()).await);
        }
        self.client.close();
        said.retain(|(_, words)| !words.is_empty());
        said.sort();
        said
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Slots> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Its agents are those that belong to the running program.
fn client(limits: Limits) -> Client {
    let running = std::env::current_exe().unwrap_or_default();
    let named = std::env::var_os("BENCHBOOK_AGENT").map(PathBuf::from);
    let agents = Agents::new(named, Some(&running));
    Client::new(limits, agents, running)
}

async fn close_all(slots: Vec<(Endpoint, Arc<Slot>)>) -> Vec<(Endpoint, String)> {
    let mut closing = tokio::task::JoinSet::new();
    for (endpoint, slot) in slots {
        closing.spawn(async move {
            let opened = slot.opened.lock().await.take();
            let words = match &opened {
                Some(opened) => opened.session.close().await,
                None => String::new(),
            };
            slot.end().await;
            (endpoint, words)
        });
    }
    closing.join_all().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_endpoint_that_nobody_registered() {
        let error = Pool::new().session(&Endpoint::Memory("n1".into())).await.err().unwrap();
        assert_eq!(error.to_string(), "nothing is known about how to reach memory n1");
    }
}
