//! What all logins of one controller share: sockets, limits, and the agents that can be put on hosts.

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::sockets::Sockets;
use super::target::SshTarget;
use crate::connection::agents::Agents;
use crate::connection::pool::Limits;
use crate::wire::Owner;

/// Shared by all logins.
pub struct Client {
    /// How many of what at once.
    pub limits: Limits,
    /// The agents for all architectures that are there.
    pub agents: Agents,
    /// The program that ssh asks for passwords; this one.
    pub program: PathBuf,
    /// Whose the agents are; nobody's when no run is carried out.
    pub owner: Option<Owner>,
    sockets: Mutex<Option<Arc<Sockets>>>,
    logins: Arc<Semaphore>,
    jumps: Mutex<HashMap<String, Arc<Semaphore>>>,
}

impl Client {
    /// With these limits, agents and the program to ask.
    pub fn new(limits: Limits, agents: Agents, program: PathBuf) -> Self {
        let logins = Arc::new(Semaphore::new(limits.logins.max(1)));
        let (sockets, jumps) = (Mutex::default(), Mutex::default());
        Self { limits, agents, program, owner: None, sockets, logins, jumps }
    }

    /// The folder for sockets, made when it is first needed.
    pub fn sockets(&self) -> io::Result<Arc<Sockets>> {
        let mut sockets = self.sockets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sockets) = &*sockets {
            return Ok(Arc::clone(sockets));
        }
        Ok(Arc::clone(sockets.insert(Arc::new(Sockets::new()?))))
    }

    /// Waits until one more may log in there.
    pub async fn login(&self, target: &SshTarget) -> Vec<OwnedSemaphorePermit> {
        let jump = target.jump_hosts().map(|name| {
            let mut jumps = self.jumps.lock().unwrap_or_else(PoisonError::into_inner);
            let limit = self.limits.logins_per_jump_host.max(1);
            Arc::clone(jumps.entry(name.to_owned()).or_insert_with(|| Arc::new(Semaphore::new(limit))))
        });
        let mut permits = Vec::new();
        // The narrow one first, so that whoever waits there keeps no other out.
        for semaphore in jump.into_iter().chain([Arc::clone(&self.logins)]) {
            permits.extend(semaphore.acquire_owned().await);
        }
        permits
    }

    /// Removes the folder of the sockets; masters that still live keep what they hold.
    pub fn close(&self) {
        self.sockets.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}
