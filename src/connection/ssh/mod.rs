//! Another machine, by the user's own ssh program.
//!
//! We start one ssh process per login as a control master, with the user's `ssh_config`, jump hosts, agent and known hosts,
//! and open channels on it by the crate `openssh`, without a process for each. One channel carries the agent.

mod arguments;
pub mod askpass;
mod channel;
mod client;
mod master;
mod push;
mod refusal;
mod sockets;
mod target;

use std::io::Cursor;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::sync::{Mutex as AsyncMutex, mpsc};
use tokio::time::timeout;

use self::channel::{Channel, End};
use self::master::Master;
use super::agents::Agent;
use super::{BoxFuture, Chunk, ConnectError, Connector, Link};
use crate::wire::Stream;
use crate::wire::preamble::{ABSENT, MAGIC_WORD, MAX_BANNER};

pub use self::client::Client;
pub use self::refusal::Refusal;
pub use self::target::SshTarget;

/// How often a login is tried that the host's daemon drops for want of room.
const TRIES: u32 = 6;
/// The first pause between two tries; each is twice as long as the one before, give or take a half.
const PAUSE: Duration = Duration::from_millis(300);
/// The longest pause before a login is tried again.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// How long a host may take to say whether it has an agent, or to take one.
const START: Duration = Duration::from_mins(1);
const PUT: Duration = Duration::from_mins(5);
/// How long a host is asked again that has no room for another session (`MaxSessions`): one that has ended may not be closed
/// there yet.
const ROOM: Duration = Duration::from_secs(5);
/// How often.
const AGAIN: Duration = Duration::from_millis(50);
/// How long an end may follow its cause.
const MOMENT: Duration = Duration::from_millis(300);

/// One login on one host.
pub struct Ssh {
    client: Arc<Client>,
    target: Arc<SshTarget>,
    master: AsyncMutex<Option<Arc<Master>>>,
}

impl Ssh {
    /// Nobody is logged in yet.
    pub fn new(client: Arc<Client>, target: Arc<SshTarget>) -> Self {
        Self { client, target, master: AsyncMutex::default() }
    }

    fn refused(&self, refusal: Refusal) -> ConnectError {
        ConnectError::Refused { host: self.target.to_string(), refusal }
    }

    /// The master there is, or a new one, as often as `retries` says: at once, after a second, after three …
    async fn master(&self) -> Result<Arc<Master>, ConnectError> {
        let mut master = self.master.lock().await;
        if let Some(master) = master.as_ref().filter(|master| master.last_words().is_none()) {
            return Ok(Arc::clone(master));
        }
        let mut again = 0;
        loop {
            match self.log_in().await {
                Ok(new) => return Ok(Arc::clone(master.insert(Arc::new(new)))),
                Err(ConnectError::Refused { .. }) if again < self.target.retries => {}
                Err(error) => return Err(error),
            }
            let pause = Duration::from_secs((1_u64 << again.min(5)) - 1);
            tokio::time::sleep(pause.min(LONGEST_PAUSE)).await;
            again += 1;
        }
    }

    /// Logs in, also where the host has no room for a moment.
    async fn log_in(&self) -> Result<Master, ConnectError> {
        let mut pause = PAUSE;
        for attempt in 1.. {
            let permits = self.client.login(&self.target).await;
            match Master::start(&self.client, &self.target).await {
                Ok(new) => return Ok(new),
                Err(ConnectError::Refused { refusal, .. }) if refusal.passes() && attempt < TRIES => {}
                Err(error) => return Err(error),
            }
            drop(permits);
            tokio::time::sleep(pause.mul_f64(0.5 + fastrand::f64())).await;
            pause *= 2;
        }
        unreachable!("the last try returns")
    }

    async fn channel(&self, line: &str) -> Result<(Arc<Master>, Channel), ConnectError> {
        let master = self.master().await?;
        let mut opened = Channel::open(&master, line).await;
        let since = tokio::time::Instant::now();
        while opened.as_ref().is_err_and(Refusal::is_full) && since.elapsed() < ROOM {
            tokio::time::sleep(AGAIN).await;
            opened = Channel::open(&master, line).await;
        }
        match opened {
            Ok(channel) => Ok((master, channel)),
            // It may just be ending.
            Err(refusal) => match master.words_within(MOMENT).await {
                Some(_) => {
                    let master = self.master().await?;
                    let channel = Channel::open(&master, line).await.map_err(|r| self.refused(r))?;
                    Ok((master, channel))
                }
                None => Err(self.refused(refusal)),
            },
        }
    }

    /// Starts the agent that is there; gives the host's `uname -sm` when there is none that can be started.
    async fn start(&self) -> Result<Result<Link, String>, ConnectError> {
        // The hashes of our agents are made while others log in, and not before anybody does.
        self.master().await?;
        let line = push::start(self.client.agents.all(), self.client.owner.as_ref());
        let (master, mut channel) = self.channel(&line).await?;
        let heard = timeout(START, listen(&mut channel)).await;
        let said = match heard.map_err(|_| self.no_answer("it took too long", &[]))? {
            Heard::Agent(said) => said,
            Heard::Absent(system) => return Ok(Err(system)),
            Heard::End(said) => {
                let (end, words) = channel.running.end().await;
                let reason = ending(&master, end, words).await;
                // What lies in the cache may be unfit to be run: a file that is damaged, a folder that is `noexec` now.
                let system = self.system().await.map_err(|_| self.no_answer(&reason, &said))?;
                return Ok(Err(system));
            }
        };
        let Channel { stdin, stdout, running } = channel;
        let ended = async move {
            let (end, words) = running.end().await;
            ending(&master, end, words).await
        };
        let input = Box::new(Cursor::new(said).chain(stdout));
        Ok(Ok(Link { input, output: Box::new(stdin), ended: Box::pin(ended) }))
    }

    /// What machine it is, if it has a shell that can be asked.
    async fn system(&self) -> Result<String, ConnectError> {
        let (_, mut channel) = self.channel(&push::ask_system()).await?;
        match timeout(START, listen(&mut channel)).await {
            Ok(Heard::Absent(system)) => Ok(system),
            _ => Err(self.no_answer("it has no shell that answers", &[])),
        }
    }

    fn no_answer(&self, reason: &str, said: &[u8]) -> ConnectError {
        let reason = format!("{}: {reason}", self.target);
        ConnectError::NoAnswer { reason, banner: String::from_utf8_lossy(said).into_owned() }
    }

    /// Puts the agent into the first place that takes it.
    async fn put(&self, system: &str) -> Result<(), ConnectError> {
        let agent = self.client.agents.find(system)?;
        let mut reasons = Vec::new();
        for place in push::places() {
            let putting = self.put_into(place, agent);
            match timeout(PUT, putting).await {
                Ok(Ok(None)) => return Ok(()),
                Ok(Ok(Some(reason))) => reasons.push(reason),
                Ok(Err(error)) => return Err(error),
                Err(_) => return Err(self.no_answer("putting the agent there took too long", &[])),
            }
        }
        Err(ConnectError::NotPut { host: self.target.to_string(), reasons })
    }

    /// Gives why it cannot be there.
    async fn put_into(&self, place: push::Place, agent: &Agent) -> Result<Option<String>, ConnectError> {
        let start = |error| ConnectError::Start { program: agent.path.display().to_string(), error };
        let mut program = tokio::fs::File::open(&agent.path).await.map_err(start)?;
        let token = format!("new-{:016x}", fastrand::u64(..));
        let (_, channel) = self.channel(&push::put(place, agent, &token)).await?;
        let Channel { mut stdin, mut stdout, running } = channel;
        let send = async {
            // Whoever does not take it says why.
            let _ = tokio::io::copy(&mut program, &mut stdin).await;
            drop(stdin);
        };
        let mut said = Vec::new();
        let ((), _, (_, words)) = tokio::join!(send, stdout.read_to_end(&mut said), running.end());
        let said = String::from_utf8_lossy(&said);
        if said.lines().any(|line| line.trim_end().ends_with(push::PUT)) {
            return Ok(None);
        }
        let reason = said.split_once(push::NOT_PUT).map(|(_, reason)| reason.trim().replace('\n', "; "));
        Ok(Some(reason.unwrap_or_else(|| format!("{said}{words}").trim().to_owned())))
    }
}

/// What answers on a channel.
enum Heard {
    /// An agent; what was read so far belongs to it.
    Agent(Vec<u8>),
    /// A shell, on this system, without an agent.
    Absent(String),
    /// Nobody any more; what was said until then.
    End(Vec<u8>),
}

/// Reads until it is clear what answers.
async fn listen(channel: &mut Channel) -> Heard {
    let mut said = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&said);
        if let Some((_, rest)) = text.split_once(ABSENT)
            && let Some((system, _)) = rest.split_once('\n')
        {
            return Heard::Absent(system.trim().to_owned());
        }
        // Whoever goes on reading finds out what an endless banner is.
        if text.contains(MAGIC_WORD) || said.len() > MAX_BANNER {
            return Heard::Agent(said);
        }
        match channel.stdout.read(&mut piece).await {
            Ok(count) if count > 0 => said.extend_from_slice(&piece[..count]),
            _ => return Heard::End(said),
        }
    }
}

/// What is to be said about the end of an agent's channel.
async fn ending(master: &Master, end: End, words: String) -> String {
    let colon = |what: String| if words.is_empty() { what } else { format!("{what}: {words}") };
    match end {
        End::Code(0) => words,
        End::Code(code) => colon(format!("the agent ended with exit status: {code}")),
        End::Lost(reason) => match master.words_within(MOMENT).await {
            Some(last) => last,
            None => colon(format!("the agent ended: {reason}")),
        },
    }
}

impl Connector for Ssh {
    fn open(&self) -> BoxFuture<'_, Result<Link, ConnectError>> {
        Box::pin(async {
            let system = match self.start().await? {
                Ok(link) => return Ok(link),
                Err(system) => system,
            };
            self.put(&system).await?;
            match self.start().await? {
                Ok(link) => Ok(link),
                Err(_) => Err(self.no_answer("the agent was put there and cannot be found", &[])),
            }
        })
    }

    fn execute(&self, line: String, output: mpsc::Sender<Chunk>) -> BoxFuture<'_, Result<i32, ConnectError>> {
        Box::pin(async move {
            let (_, channel) = self.channel(&line).await?;
            let Channel { stdin, stdout, mut running } = channel;
            drop(stdin);
            let stderr = running.take_stderr();
            let ((), (), (end, _)) = tokio::join!(
                pass_on(Some(stdout), Stream::Stdout, &output),
                pass_on(stderr, Stream::Stderr, &output),
                running.end()
            );
            match end {
                End::Code(code) => Ok(code),
                End::Lost(reason) => Err(self.no_answer(&reason, &[])),
            }
        })
    }

    fn command(&self) -> Option<String> {
        Some(self.master.try_lock().ok()?.as_ref()?.line.clone())
    }

    fn end(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            if let Some(master) = self.master.lock().await.take() {
                master.end().await;
            }
        })
    }

    fn name(&self) -> String {
        format!("ssh {}", self.target)
    }
}

/// Passes output on until it ends, or until nobody wants it.
async fn pass_on(
    from: Option<impl tokio::io::AsyncRead + Unpin>,
    stream: Stream,
    output: &mpsc::Sender<Chunk>,
) {
    let Some(mut from) = from else { return };
    let mut piece = vec![0; 64 * 1024];
    while let Ok(count) = from.read(&mut piece).await
        && count > 0
        && output.send(Chunk { stream, bytes: piece[..count].to_vec() }).await.is_ok()
    {}
}
