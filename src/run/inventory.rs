//! The inventory as the run changes it: files that are read again, and then what tasks have brought until here (`joining.rs`).

use std::sync::Arc;

use super::dispatcher::Dispatcher;
use super::queue::{HostNo, StepNo};
use crate::event::Why;
use crate::vars::Inventories;

impl Dispatcher {
    /// `meta: refresh_inventory`: what the files say now, and what the run has brought until here.
    pub(super) fn read_inventory_again(&mut self, step: StepNo) {
        let compiler = Arc::clone(&self.shared.compiler);
        let files = Arc::clone(compiler.project.loader.files());
        let evaluator = Inventories::new(files, compiler.options.expressions);
        match compiler.project.inventory_again(&evaluator) {
            Ok((inventory, odd)) => {
                odd.iter().for_each(|odd| self.warn(odd.to_string()));
                let before = std::mem::replace(&mut self.inventory, inventory);
                self.join_again();
                let gone = before.hosts.into_keys().filter(|host| !self.inventory.hosts.contains_key(host));
                let gone: Vec<_> = gone.collect();
                self.board_mut().remove(gone);
                self.refresh_hosts();
                self.leave_behind(step);
            }
            Err(problems) => self.warn(problems.to_string()),
        }
    }

    /// Hosts that the play does not name any more have no part in what is left of it.
    fn leave_behind(&mut self, step: StepNo) {
        let (play, scope) = (self.node(step).play, self.node(step).scope);
        let bound = match self.shared.compiler.bind(play, &self.inventory) {
            Ok(bound) => bound.hosts,
            Err(problems) => return self.break_off(&problems),
        };
        let Some(run) = self.plays.get_mut(&play) else { return };
        let board = &self.board;
        let is_gone = |host: &HostNo| !bound.contains(&board.get(*host).name);
        run.batches.iter().flatten().filter(|host| is_gone(host)).for_each(|host| {
            self.fates.leave(scope, *host, Why::Ended);
        });
        run.batches.iter_mut().for_each(|batch| batch.retain(|host| !is_gone(host)));
        run.facts.batch.retain(|host| bound.contains(host));
        run.facts.all = bound;
        run.now = None;
    }
}
