//! What a task brings when all of it has gone well: variables, hosts and groups, notifications. As in Ansible, one that has failed,
//! be it in a single item of its loop, brings none of them, whether or not that is ignored.

use super::judge::decide_changed;
use super::turn::TurnEnd;
use super::unit::Unit;
use crate::action::Effects;
use crate::plan::TaskStep;
use crate::vars::Scope;
use crate::wire::Status;

impl TurnEnd {
    /// Whether the inventory changes by it, if the rest goes well, too.
    pub(super) fn brings_somebody(&self) -> bool {
        self.is_good() && (!self.effects.add_hosts.is_empty() || !self.effects.groups.is_empty())
    }

    fn is_good(&self) -> bool {
        self.skipped || (self.status == Status::Ok && self.unreachable.is_none())
    }

    /// The image that was used has been used all the same.
    fn brings_nothing(&mut self) {
        let images = std::mem::take(&mut self.effects.images);
        self.effects = Effects { images, ..Effects::default() };
    }
}

/// Settles what a task brings, whose items have ended so; of those that bring somebody it is told what they saw. Says whether all
/// has gone well.
pub(super) async fn settle(unit: &Unit, task: &TaskStep, ends: &mut [(TurnEnd, Option<Scope>)]) -> bool {
    let good = ends.iter().all(|(end, _)| end.is_good());
    // One that has changed something notifies for all, and those that change the inventory for the ones behind them.
    let mut changed = ends.iter().any(|(end, _)| end.changed);
    for (end, saw) in ends {
        if !good {
            end.brings_nothing();
        }
        if !good || !changed {
            end.notify.clear();
        }
        if good && let Some(saw) = saw.take() {
            end.changed = unit.joins(&end.effects).await;
            end.result.insert("changed", end.changed);
            decide_changed(task, &unit.templar(saw), end);
            changed |= end.changed;
        }
    }
    good
}
