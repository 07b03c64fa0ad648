//! Those of Ansible's callbacks that `callbacks_enabled` may ask for besides the one that prints what happens.

use std::cmp::Ordering;

use super::super::terminal::Terminal;
use super::saying::warn;
use crate::load::AnsibleCfg;
use crate::report::Reporter;
use crate::report::ansible::{Look, Timed, Timing};

/// The ones that are asked for and known, in their order; others are named in a warning.
pub(super) fn enabled<'a>(
    look: Look,
    cfg: &'a AnsibleCfg,
    terminal: &'a Terminal,
) -> impl Iterator<Item = Box<dyn Reporter>> + 'a {
    cfg.words("callbacks_enabled").into_iter().filter_map(move |name| {
        let Some(timed) = Timed::named(&name) else {
            warn(&format!("Skipping callback plugin '{name}', unable to load"), terminal);
            return None;
        };
        let timing = Timing::new(std::io::stdout(), set(&timed, cfg), look.width, look.verbosity);
        Some(Box::new(timing) as Box<dyn Reporter>)
    })
}

/// What the settings say of one.
fn set(timed: &Timed, cfg: &AnsibleCfg) -> Timed {
    match timed {
        Timed::Whole => Timed::Whole,
        Timed::Roles { .. } => {
            Timed::Roles { summary_only: cfg.is_on("callback_profile_roles", "summary_only") }
        }
        Timed::Tasks { limit, .. } => Timed::Tasks {
            limit: match cfg.text("task_output_limit").as_deref() {
                Some("all") => None,
                Some(number) => number.parse().ok().or(*limit),
                None => *limit,
            },
            order: match cfg.text("sort_order").as_deref() {
                Some("ascending") => Ordering::Greater,
                Some("none") => Ordering::Equal,
                _ => Ordering::Less,
            },
            summary_only: cfg.is_on("callback_profile_tasks", "summary_only"),
        },
    }
}
