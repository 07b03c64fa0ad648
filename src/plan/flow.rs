//! What a task reads and writes: for the layout of `dag`, for undefined variables, for what pruning takes away.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Surroundings;
use super::build::Build;
use super::draft::Flow;
use crate::model::{Strategy, Task};

/// Variables whose value is about other hosts.
const WIDE: [&str; 6] = [
    "hostvars",
    "groups",
    "ansible_play_hosts",
    "ansible_play_hosts_all",
    "ansible_play_batch",
    "play_hosts",
];

impl Build<'_> {
    /// What a task reads and writes, if the layout asks for it.
    pub fn flow(&mut self, task: &Arc<Task>, inside: &Surroundings) -> Flow {
        let dag = self.compiler.strategy(self.play).is_ok_and(|strategy| strategy == Strategy::Dag);
        if !dag {
            return Flow::default();
        }
        let readings = self.readings(task, inside);
        let mut open = readings.open;
        let mut flow = Flow {
            open: false,
            wide: readings.all.iter().any(|r| WIDE.contains(&&*r.name)),
            reads: readings.all.iter().map(|r| Arc::clone(&r.name)).collect(),
            writes: BTreeSet::new(),
        };
        match writes(task) {
            Some(names) => flow.writes.extend(names),
            None => open = true,
        }
        flow.open = open || is_fence(task);
        let run_once = inside.inherited.run_once.as_ref();
        flow.wide |= run_once.is_some_and(|v| v.to_bool() != Some(false));
        flow.wide |= matches!(task.call.short_name(), "add_host" | "group_by" | "pause");
        flow
    }
}

/// Whether a task changes what cannot be listed, or is there for others to wait for.
fn is_fence(task: &Task) -> bool {
    matches!(
        task.call.short_name(),
        "include_vars" | "add_host" | "group_by" | "include_tasks" | "include_role" | "meta" | "pause"
    )
}

/// The names that a task gives a value; `None` when they cannot be listed.
pub(super) fn writes(task: &Task) -> Option<Vec<Arc<str>>> {
    let mut names: Vec<Arc<str>> = task.register.iter().map(|r| Arc::clone(&r.value)).collect();
    match task.call.short_name() {
        "set_fact" => {
            if task.call.arguments_template.is_some() {
                return None;
            }
            for argument in &task.call.arguments {
                if crate::base::value::has_marks(&argument.name) {
                    return None;
                }
                if &*argument.name != "cacheable" {
                    names.push(Arc::clone(&argument.name));
                }
            }
        }
        "setup" | "gather_facts" | "service_facts" | "package_facts" => {
            names.push(Arc::from("ansible_facts"));
        }
        "include_vars" => return None,
        _ => {}
    }
    Some(names)
}
