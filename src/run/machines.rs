//! Who may use a machine: ordinary units share it, a measured round has it for itself. First come, first served.
//!
//! Pure. A machine is named by the variable `machine`, by default the host's endpoint, so that two inventory names of one
//! machine never disturb each other's rounds.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use foldhash::fast::RandomState;

/// Names one claim; whoever claims chooses it.
pub type Ticket = u64;

#[derive(Debug, Default)]
struct Machine {
    shared: usize,
    exclusive: bool,
    waiting: VecDeque<(Ticket, bool)>,
}

impl Machine {
    fn admits(&self, exclusive: bool) -> bool {
        !self.exclusive && (!exclusive || self.shared == 0)
    }

    fn admit(&mut self, exclusive: bool) {
        if exclusive {
            self.exclusive = true;
        } else {
            self.shared += 1;
        }
    }
}

/// All machines and the claims on them.
#[derive(Debug, Default)]
pub struct Machines(HashMap<Arc<str>, Machine, RandomState>);

impl Machines {
    /// No claims.
    pub fn new() -> Self {
        Self::default()
    }

    /// Claims a machine. True: it is granted; false: [`Machines::release`] will name the ticket.
    pub fn claim(&mut self, name: &Arc<str>, ticket: Ticket, exclusive: bool) -> bool {
        let machine = self.0.entry(Arc::clone(name)).or_default();
        // Behind those who wait already, or a round would starve.
        let granted = machine.waiting.is_empty() && machine.admits(exclusive);
        if granted {
            machine.admit(exclusive);
        } else {
            machine.waiting.push_back((ticket, exclusive));
        }
        granted
    }

    /// Gives a granted claim back; gives the tickets that are granted now.
    pub fn release(&mut self, name: &str, exclusive: bool) -> Vec<Ticket> {
        let Some(machine) = self.0.get_mut(name) else { return Vec::new() };
        if exclusive {
            machine.exclusive = false;
        } else {
            machine.shared = machine.shared.saturating_sub(1);
        }
        let mut granted = Vec::new();
        while let Some((ticket, exclusive)) = machine.waiting.front().copied()
            && machine.admits(exclusive)
        {
            machine.waiting.pop_front();
            machine.admit(exclusive);
            granted.push(ticket);
        }
        granted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_waits_for_all_and_is_not_overtaken() {
        let name: Arc<str> = "n1".into();
        let mut machines = Machines::new();
        assert!(machines.claim(&name, 1, false));
        assert!(machines.claim(&name, 2, false));
        assert!(!machines.claim(&name, 3, true));
        assert!(!machines.claim(&name, 4, false));
        assert!(!machines.claim(&name, 5, false));
        assert_eq!(machines.release(&name, false), [0; 0]);
        assert_eq!(machines.release(&name, false), [3]);
        assert_eq!(machines.release(&name, true), [4, 5]);
    }

    #[test]
    fn machines_do_not_know_each_other() {
        let mut machines = Machines::new();
        assert!(machines.claim(&"n1".into(), 1, true));
        assert!(machines.claim(&"n2".into(), 2, true));
    }
}
