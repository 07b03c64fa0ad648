//! A container: the engine of its host starts an agent in it, and the engine's stream carries the bytes.
//!
//! The image needs nothing, not even a shell. The agent lies in a folder of the container that is named by its hash: there
//! already, when the container was started for us, or put there now.
//!
//! [`Engine`] is what one can ask of an engine. This is the only room that knows the client for its API.

mod containers;
mod engine;
mod error;
mod images;
mod networks;
mod refusal;
mod target;

use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;

use bollard::container::LogOutput;
use bollard::errors::Error;
use bollard::exec::{StartExecOptions, StartExecResults};
use bollard::models::{ContainerInspectResponse, ExecConfig};
use bollard::query_parameters::{ContainerArchiveInfoOptionsBuilder, UploadToContainerOptionsBuilder};
use bollard::{Docker, body_full};
use futures_util::{Stream, StreamExt};
use serde_json::Value as Json;
use tokio::io::{AsyncWrite, AsyncWriteExt};

use super::agents::{Agent, PROGRAM};
use super::ssh::Client;
use super::{BoxFuture, ConnectError, Connector, Link, Session};
use crate::wire::Owner;

pub use self::containers::Stopping;
pub use self::engine::{AgentMount, CONTROLLER_LABEL, Engine, OWN_LABEL, RUN_LABEL};
pub use self::error::EngineError;
pub use self::images::{Build, Listener, Pieces};
pub use self::refusal::{REFUSALS, Refusal, of as refusal};
pub use self::target::{ContainerTarget, SOCKET, socket};

/// The folder with agents in a container.
pub const FOLDER: &str = "/.benchbook";
/// How much may wait inside this process, in bytes.
const PIPE: usize = 64 * 1024;
/// How much of what an agent says on standard error is kept, in bytes.
const LAST_WORDS: usize = 16 * 1024;

/// A way to an agent in a container.
pub struct Container {
    host: Arc<Session>,
    target: Arc<ContainerTarget>,
    client: Arc<Client>,
}

impl Container {
    /// Through the agent on the host.
    pub fn new(host: Arc<Session>, target: Arc<ContainerTarget>, client: Arc<Client>) -> Self {
        Self { host, target, client }
    }

    async fn start(&self) -> Result<Link, ConnectError> {
        let refused = |error: Error| self.refused(&error.into());
        let dialled = engine::dial(Arc::clone(&self.host), Arc::clone(&self.target.socket)).await;
        let engine = dialled.map_err(|error| self.refused(&error))?;
        let found = engine.inspect_container(&self.target.name, None).await.map_err(refused)?;
        self.check(&found)?;
        let hello = self.host.hello();
        let agent = self.client.agents.find(&format!("{} {}", system(&hello.os), hello.arch))?;
        let path = format!("{FOLDER}/{}/{PROGRAM}", agent.hash);
        if !is_there(&engine, &self.target.name, &path, agent.size).await.map_err(refused)? {
            self.put(&engine, agent).await?;
        }
        self.run(&engine, path).await.map_err(refused)
    }

    /// Puts the program into the container: into the folder, which may be a mount where nothing else can be written, or with it.
    /// It comes beside its place and moves there by itself, so that nobody else starts half of it.
    async fn put(&self, engine: &Docker, agent: &Agent) -> Result<(), ConnectError> {
        let start = |error| ConnectError::Start { program: agent.path.display().to_string(), error };
        let program = tokio::fs::read(&agent.path).await.map_err(start)?;
        let upload = async |below: &str, folders: &[&str]| {
            let archive = archive(folders, &program)?;
            let to = UploadToContainerOptionsBuilder::default().path(below).build();
            engine.upload_to_container(&self.target.name, Some(to), body_full(archive.into())).await
        };
        let new = format!(".new-{:016x}", fastrand::u64(..));
        let put = match upload(FOLDER, &[&new]).await {
            Err(error) if is_absent(&error) => upload("/", &[&FOLDER[1..], &new]).await,
            put => put,
        };
        let not_put = |reason| ConnectError::NotPut { host: self.target.to_string(), reasons: vec![reason] };
        let refused = |error: Error| not_put(EngineError::from(error).told());
        put.map_err(refused)?;
        let settle = vec![format!("{FOLDER}/{new}/{PROGRAM}"), "--settle".to_owned(), agent.hash.clone()];
        // Only root may write there.
        let Exec { id, output, .. } =
            self.exec(engine, settle, Some("0".to_owned())).await.map_err(refused)?;
        let words = listen(output, tokio::io::sink()).await;
        let code = engine.inspect_exec(&id).await.map_err(refused)?.exit_code;
        if code == Some(0) { Ok(()) } else { Err(not_put(words)) }
    }

    /// Starts a command in the container.
    async fn exec(&self, engine: &Docker, command: Vec<String>, user: Option<String>) -> Result<Exec, Error> {
        let variables = self.client.owner.as_ref().map(Owner::variables).into_iter().flatten();
        let command = ExecConfig {
            attach_stdin: Some(true),
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            cmd: Some(command),
            env: Some(variables.map(|(name, value)| format!("{name}={value}")).collect()),
            user,
            ..ExecConfig::default()
        };
        let id = engine.create_exec(&self.target.name, command).await?.id;
        match engine.start_exec(&id, None::<StartExecOptions>).await? {
            StartExecResults::Attached { output, input } => Ok(Exec { id, output, input }),
            StartExecResults::Detached => Err(io::Error::other("the engine gives no stream").into()),
        }
    }

    /// Starts the program in the container.
    async fn run(&self, engine: &Docker, path: String) -> Result<Link, Error> {
        let user = self.target.user.as_ref().map(ToString::to_string);
        let Exec { id, output, mut input } = self.exec(engine, vec![path], user).await?;
        let (ours, mut theirs) = tokio::io::duplex(PIPE);
        tokio::spawn(async move {
            // An agent that is gone reads nothing; the end of its output tells.
            let _ = tokio::io::copy(&mut theirs, &mut input).await;
            let _ = input.shutdown().await;
        });
        let (from, to) = tokio::io::duplex(PIPE);
        let listening = tokio::spawn(listen(output, to));
        let engine = engine.clone();
        let ended = async move {
            let words = listening.await.unwrap_or_else(|error| error.to_string());
            let code = engine.inspect_exec(&id).await.ok().and_then(|found| found.exit_code);
            match (code, words) {
                (Some(0) | None, words) => words,
                (Some(code), words) if words.is_empty() => {
                    format!("the agent ended with exit status: {code}")
                }
                (Some(code), words) => format!("the agent ended with exit status: {code}: {words}"),
            }
        };
        Ok(Link { input: Box::new(from), output: Box::new(ours), ended: Box::pin(ended) })
    }

    fn check(&self, found: &ContainerInspectResponse) -> Result<(), ConnectError> {
        let [name, id] = [&found.name, &found.id].map(|text| text.as_deref().unwrap_or_default());
        if !is_meant(&self.target.name, name, id) {
            return Err(self.nowhere());
        }
        let state = found.state.as_ref();
        let runs = state.and_then(|state| state.running) == Some(true);
        if runs && state.and_then(|state| state.paused) != Some(true) {
            return Ok(());
        }
        let is = if runs { "is paused" } else { "does not run" };
        Err(self.unusable(format!("{} {is}", self.target), !runs))
    }

    fn unusable(&self, reason: String, gone: bool) -> ConnectError {
        let socket = self.target.socket.to_string();
        ConnectError::Container { reason, socket, gone, unanswered: None }
    }

    fn refused(&self, error: &EngineError) -> ConnectError {
        if error.is_absent() {
            self.nowhere()
        } else {
            let reason = format!("{}: {error}", self.target);
            let socket = self.target.socket.to_string();
            ConnectError::Container { reason, socket, gone: false, unanswered: error.unanswered }
        }
    }

    fn nowhere(&self) -> ConnectError {
        self.unusable(format!("there is no {}", self.target), true)
    }
}

impl Connector for Container {
    fn open(&self) -> BoxFuture<'_, Result<Link, ConnectError>> {
        Box::pin(self.start())
    }

    fn name(&self) -> String {
        self.target.to_string()
    }
}

/// A command in a container, and its streams.
struct Exec {
    id: String,
    output: Pin<Box<dyn Stream<Item = Result<LogOutput, Error>> + Send>>,
    input: Pin<Box<dyn AsyncWrite + Send>>,
}

/// What the agent says goes on; gives what it says on standard error, when it has ended.
async fn listen(
    mut output: impl Stream<Item = Result<LogOutput, Error>> + Unpin,
    mut to: impl AsyncWrite + Unpin,
) -> String {
    let mut said = Vec::new();
    let mut listened_to = true;
    while let Some(piece) = output.next().await {
        match piece {
            Ok(LogOutput::StdErr { message }) => {
                said.extend_from_slice(&message[..message.len().min(LAST_WORDS - said.len())]);
            }
            Ok(piece) => listened_to = listened_to && to.write_all(&piece.into_bytes()).await.is_ok(),
            Err(error) => {
                let words = EngineError::from(error).words;
                return if said.is_empty() { words } else { format!("{words}: {}", text(&said)) };
            }
        }
    }
    text(&said)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim().to_owned()
}

/// Whether the whole program is in the container.
async fn is_there(engine: &Docker, container: &str, path: &str, size: u64) -> Result<bool, Error> {
    let at = ContainerArchiveInfoOptionsBuilder::default().path(path).build();
    match engine.get_container_archive_info(container, Some(at)).await {
        Ok(found) => Ok(u64::try_from(found.size).is_ok_and(|found| found == size)),
        Err(error) if is_absent(&error) => Ok(false),
        Err(error) => Err(error),
    }
}

/// The agent in these folders, one in the other: root's, and everybody may run it.
fn archive(folders: &[&str], program: &[u8]) -> io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::with_capacity(program.len() + 4096));
    let mut entry = |path: &Path, kind, bytes: &[u8]| {
        let mut header = tar::Header::new_ustar();
        header.set_entry_type(kind);
        header.set_mode(0o755);
        header.set_size(bytes.len() as u64);
        archive.append_data(&mut header, path, bytes)
    };
    let mut path = PathBuf::new();
    for folder in folders {
        path.push(folder);
        entry(&path, tar::EntryType::Directory, &[])?;
    }
    entry(&path.join(PROGRAM), tar::EntryType::Regular, program)?;
    archive.into_inner()
}

/// Whether this container or network is the one that was asked for. Engines also take the beginning of an id, and `c5` is one; only what
/// they show as an id, twelve digits, is taken for one here.
fn is_meant(asked: &str, name: &str, id: &str) -> bool {
    name.trim_start_matches('/') == asked || (asked.len() >= 12 && id.starts_with(asked))
}

/// Whether what an engine shows (of a container, a network) is what was asked for.
fn shows(found: &Json, asked: &str) -> bool {
    let text = |key| found.get(key).and_then(Json::as_str).unwrap_or_default();
    is_meant(asked, text("Name"), text("Id"))
}

/// There is no such thing.
fn is_absent(error: &Error) -> bool {
    matches!(error, Error::DockerResponseServerError { status_code: 404, .. })
}

/// As `uname -s` says it.
fn system(os: &str) -> &str {
    if os == "linux" { "Linux" } else { os }
}

#[cfg(test)]
mod tests {
    use super::is_meant;

    #[test]
    fn the_beginning_of_an_id_is_no_name() {
        let id = "c5e4a1b2c3d4e5f60718293a4b5c6d7e8f901a2b3c4d5e6f708192a3b4c5d6e7";
        for (asked, meant) in [("box", true), (id, true), (&id[..12], true), ("c5", false), ("bo", false)] {
            assert_eq!(is_meant(asked, "/box", id), meant, "{asked}");
        }
    }
}
