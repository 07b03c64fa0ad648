//! This machine: the agent program as a child.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;

use super::agents::PROGRAM;
use super::{BoxFuture, ConnectError, Connector, Link};
use crate::wire::Owner;

/// How much of what an agent says on standard error is kept, in bytes; the first words tell most.
const LAST_WORDS: u64 = 16 * 1024;

/// Starts an agent on this machine.
#[derive(Clone, Debug, Default)]
pub struct Local {
    program: Option<PathBuf>,
    owner: Option<Owner>,
    folder: Option<PathBuf>,
}

impl Local {
    /// The agent that [`find_agent`] finds.
    pub fn new() -> Self {
        Self::default()
    }

    /// This agent.
    pub fn with_program(program: impl Into<PathBuf>) -> Self {
        Self { program: Some(program.into()), ..Self::default() }
    }

    /// Its agents carry whose they are.
    #[must_use]
    pub fn owned_by(self, owner: Option<Owner>) -> Self {
        Self { owner, ..self }
    }

    /// Its agents start in this folder, in which relative paths of tasks are then.
    #[must_use]
    pub fn working_in(self, folder: Option<PathBuf>) -> Self {
        Self { folder, ..self }
    }

    fn start(&self, program: &Path) -> Result<Link, ConnectError> {
        let failed = |error| ConnectError::Start { program: program.display().to_string(), error };
        let variables = self.owner.as_ref().map(Owner::variables).into_iter().flatten();
        let mut command = Command::new(program);
        if let Some(folder) = &self.folder {
            command.current_dir(folder);
        }
        let mut child = command
            .arg0(PROGRAM)
            .envs(variables)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // A Ctrl-C in the terminal is for the controller, which then tells the agent what to do.
            .process_group(0)
            .spawn()
            .map_err(failed)?;
        let missing = || failed(std::io::Error::other("a pipe to it is missing"));
        let output = child.stdin.take().ok_or_else(missing)?;
        let input = child.stdout.take().ok_or_else(missing)?;
        let errors = child.stderr.take().ok_or_else(missing)?;
        let words = tokio::spawn(last_words(errors));
        let ended = async move {
            let status = child.wait().await;
            let words = words.await.unwrap_or_default();
            ending(status, &words)
        };
        Ok(Link { input: Box::new(input), output: Box::new(output), ended: Box::pin(ended) })
    }
}

impl Connector for Local {
    fn open(&self) -> BoxFuture<'_, Result<Link, ConnectError>> {
        Box::pin(async {
            let program = match &self.program {
                Some(program) => program.clone(),
                None => {
                    find_agent(std::env::var_os("BENCHBOOK_AGENT"), std::env::current_exe().ok().as_deref())?
                }
            };
            self.start(&program)
        })
    }

    fn name(&self) -> String {
        "local".into()
    }
}

/// Where the agent program for this machine is: `named` (from `$BENCHBOOK_AGENT`), or beside the running program, or in
/// `agents/<target>/` beside it.
pub fn find_agent(named: Option<OsString>, running: Option<&Path>) -> Result<PathBuf, ConnectError> {
    let target = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let candidates = match (named, running.and_then(Path::parent)) {
        (Some(named), _) => vec![PathBuf::from(named)],
        (None, Some(folder)) => vec![folder.join(PROGRAM), folder.join("agents").join(target).join(PROGRAM)],
        (None, None) => Vec::new(),
    };
    candidates.iter().find(|path| path.is_file()).cloned().ok_or_else(|| ConnectError::NoAgent {
        looked_for: candidates.iter().map(|path| path.display().to_string()).collect(),
    })
}

/// What is said on an error stream until it ends, at most the first 16 KiB.
pub async fn last_words(mut errors: impl AsyncRead + Unpin) -> String {
    let mut text = Vec::new();
    // What could not be read is not there to be shown.
    let _ = (&mut errors).take(LAST_WORDS).read_to_end(&mut text).await;
    // Whoever writes more must not be stopped by a full pipe.
    let _ = tokio::io::copy(&mut errors, &mut tokio::io::sink()).await;
    String::from_utf8_lossy(&text).trim().to_owned()
}

fn ending(status: std::io::Result<ExitStatus>, words: &str) -> String {
    let status = match status {
        Ok(status) if status.success() && words.is_empty() => return String::new(),
        Ok(status) => format!("the agent ended with {status}"),
        Err(error) => format!("the agent's end could not be seen: {error}"),
    };
    if words.is_empty() { status } else { format!("{status}: {words}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_agent_is_looked_for_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let running = folder.path().join("benchbook");
        let arch = std::env::consts::ARCH;
        let error = find_agent(None, Some(&running)).unwrap_err().to_string();
        assert_eq!(
            error.replace(folder.path().to_str().unwrap(), "/bin").replace(arch, "ARCH"),
            "no agent program found (looked for /bin/benchbook-agent, /bin/agents/ARCH-unknown-linux-gnu/benchbook-agent)"
        );
        let other = folder.path().join("agents").join(format!("{arch}-unknown-linux-gnu"));
        std::fs::create_dir_all(&other).unwrap();
        std::fs::write(other.join(PROGRAM), "").unwrap();
        assert_eq!(find_agent(None, Some(&running)).unwrap(), other.join(PROGRAM));
        std::fs::write(folder.path().join(PROGRAM), "").unwrap();
        assert_eq!(find_agent(None, Some(&running)).unwrap(), folder.path().join(PROGRAM));
        let error = find_agent(Some("/nowhere/agent".into()), Some(&running)).unwrap_err().to_string();
        assert_eq!(error, "no agent program found (looked for /nowhere/agent)");
        let error = find_agent(None, None).unwrap_err().to_string();
        assert_eq!(
            error,
            "no agent program found (without /proc nobody can tell where this program lies, and so where its agent is)"
        );
    }
}
