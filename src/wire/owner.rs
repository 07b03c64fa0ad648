//! Whose an agent is: which run's, and which controller's of it.
//!
//! Agents carry both in their environment, so that whoever looks for what a run has left finds them, and so that an agent
//! which looks for it knows those that work beside it.

use crate::base::RunMark;

/// The variable with the run's mark, as every process of a run has it.
pub const RUN: &str = "BENCHBOOK_RUN";
/// The variable with the controller's name.
pub const CONTROLLER: &str = "BENCHBOOK_CONTROLLER";

/// A run and one of its controllers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    run: RunMark,
    controller: String,
}

impl Owner {
    /// A new controller of this run.
    pub fn new(run: &RunMark) -> Self {
        Self { run: run.clone(), controller: format!("{:016x}", fastrand::u64(..)) }
    }

    /// What its agents have in their environment.
    pub fn variables(&self) -> [(&'static str, &str); 2] {
        [(RUN, self.run.as_str()), (CONTROLLER, &self.controller)]
    }

    /// The same as a line for a POSIX shell; nothing for a run whose name a shell would read itself.
    pub fn line(&self) -> String {
        let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        let words = self.variables().map(|(name, value)| format!("{name}={value}"));
        if self.run.as_str().chars().all(plain) {
            format!("export {}; ", words.join(" "))
        } else {
            String::new()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_agents_carry() {
        let owner = Owner { controller: "1f".into(), ..Owner::new(&"20261121T203100Z-quick.x7".into()) };
        assert_eq!(owner.line(), "export BENCHBOOK_RUN=20261121T203100Z-quick.x7 BENCHBOOK_CONTROLLER=1f; ");
        assert_eq!(Owner::new(&"a'b".into()).line(), "");
        assert_ne!(Owner::new(&"a".into()), Owner::new(&"a".into()));
    }
}
