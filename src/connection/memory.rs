//! The real agent loop on threads of this process, for tests: everything but another process.

use std::os::unix::net::UnixStream;

use super::{BoxFuture, ConnectError, Connector, Link};
use crate::agent::{self, Supervision};
use crate::module::{MODULES, Module};

/// Runs an agent inside this process.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    modules: &'static [Module],
}

impl Memory {
    /// An agent with all modules.
    pub fn new() -> Self {
        Self::with_modules(MODULES)
    }

    /// An agent with these modules.
    pub fn with_modules(modules: &'static [Module]) -> Self {
        Self { modules }
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self::new()
    }
}

impl Connector for Memory {
    fn open(&self) -> BoxFuture<'_, Result<Link, ConnectError>> {
        let modules = self.modules;
        Box::pin(async move {
            let failed = |error| ConnectError::Start { program: "an agent in this process".into(), error };
            let (ours, theirs) = UnixStream::pair().map_err(failed)?;
            ours.set_nonblocking(true).map_err(failed)?;
            let output = theirs.try_clone().map_err(failed)?;
            let agent = tokio::task::spawn_blocking(move || {
                agent::serve(theirs, output, modules, Supervision::Thread)
            });
            let (input, output) = tokio::net::UnixStream::from_std(ours).map_err(failed)?.into_split();
            let ended = async move {
                match agent.await {
                    Ok(Ok(())) => String::new(),
                    Ok(Err(error)) => format!("the agent ended: {error}"),
                    Err(error) => format!("the agent ended: {error}"),
                }
            };
            Ok(Link { input: Box::new(input), output: Box::new(output), ended: Box::pin(ended) })
        })
    }

    fn name(&self) -> String {
        "memory".into()
    }
}
