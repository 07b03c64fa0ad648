//! What all hosts see that begin a step at one moment. Units share it: they run on several threads, and every count of
//! references that they all change would be one more thing that those threads wait for each other about.

use std::path::Path;
use std::sync::Arc;

use tokio::sync::mpsc::UnboundedSender;

use super::dispatcher::{Dispatcher, Message};
use super::hosts::Board;
use super::magic::{PlayFacts, task};
use super::node::Work;
use super::queue::StepNo;
use super::unit::Shared;
use crate::plan::{CasePlan, Step};
use crate::vars::{Environment, SearchPaths};

/// A step at one moment.
pub struct Moment {
    /// What all units share.
    pub shared: Arc<Shared>,
    /// The step.
    pub step: Arc<Step>,
    /// Its case.
    pub case: Option<Arc<CasePlan>>,
    /// All hosts, as they were.
    pub board: Arc<Board>,
    /// The play.
    pub play: Arc<PlayFacts>,
    /// To the dispatcher.
    pub said: UnboundedSender<Message>,
    /// What templates reach, with the search paths of the step's task.
    pub environment: Arc<Environment>,
}

impl Moment {
    /// What templates reach with one search path.
    pub(super) fn environment_of(&self, folder: &Path) -> Arc<Environment> {
        Arc::new(self.shared.environment.with_search(SearchPaths::new([folder.to_owned()])))
    }
}

impl Dispatcher {
    /// The moment that it is for a step: still the last one, if nothing has changed since.
    pub(super) fn moment(&mut self, number: StepNo) -> Option<Arc<Moment>> {
        let play = self.play_facts(self.node(number).play);
        if let Some((of, moment)) = &self.moment
            && *of == number
            && Arc::ptr_eq(&moment.play, &play)
        {
            return Some(Arc::clone(moment));
        }
        let node = self.node(number);
        let Work::Step(step) = &node.work else { return None };
        let environment = &self.shared.environment;
        let environment = match task(step) {
            Some(task) => Arc::new(environment.with_search(SearchPaths::new(Arc::clone(&task.search)))),
            None => Arc::clone(environment),
        };
        let moment = Arc::new(Moment {
            shared: Arc::clone(&self.shared),
            step: Arc::clone(step),
            case: node.case.clone(),
            board: Arc::clone(&self.board),
            play,
            said: self.sender.clone(),
            environment,
        });
        self.moment = Some((number, Arc::clone(&moment)));
        Some(moment)
    }

    /// To change what is known of hosts: a new moment begins.
    pub(super) fn board_mut(&mut self) -> &mut Board {
        self.moment = None;
        Arc::make_mut(&mut self.board)
    }
}
