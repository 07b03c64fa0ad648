//! `ansible-playbook`: playbooks are run as the reference runs them.

use std::sync::Arc;

use super::super::failure::Failure;
use super::super::recording::RecordingFiles;
use super::super::selecting::Selecting;
use super::super::terminal::Terminal;
use super::carrying::{self, about_inventory, carry_out, compiled, mistaken};
use super::listing::list;
use super::options::{Playbook, split};
use super::saying::{started, told};
use super::{Ending, callbacks, settings};
use crate::base::Diagnostic;
use crate::load::{AnsibleCfg, Asked};
use crate::plan::{Asking, Options, Plan};
use crate::report::ansible::{Ansible, Look};

pub(super) fn run(words: &[String], terminal: &Terminal) -> Ending {
    match started(words, |asked: &Playbook| &asked.running.manner, terminal) {
        Ok((asked, cfg)) => {
            play(&asked, &cfg, terminal).unwrap_or_else(|failure| told(failure, mistaken, terminal))
        }
        Err(ending) => ending,
    }
}

fn play(asked: &Playbook, cfg: &AnsibleCfg, terminal: &Terminal) -> Result<Ending, Failure> {
    refuse(asked)?;
    let selecting = selecting(asked, cfg);
    let files = Arc::new(RecordingFiles::new(selecting.vaulting.vault()?));
    let (first, more) = asked.playbooks.split_first().expect("clap wants one");
    let sources = Asked {
        playbook: first.clone(),
        more: more.to_vec(),
        inventory: selecting.inventory.clone(),
        reading: settings::reading(cfg, terminal)?,
        extra_vars: selecting.extra_vars.clone(),
        module_path: asked.running.working.module_path(),
        ..Asked::default()
    };
    let selection = &asked.selection;
    let lists = asked.running.working.list_hosts || selection.list_tasks || selection.list_tags;
    let asking = if selection.syntax_check || lists { Asking::Never } else { Asking::Now };
    let options = carrying::options(&asked.running, &selecting, cfg, asking)?;
    let force_handlers = options.force_handlers || selection.force_handlers;
    let start_at_task = selection.start_at_task.clone();
    let options = Options { force_handlers, start_at_task, step: selection.step, ..options };
    let Some(compiled) = compiled(&files, &sources, options, cfg, terminal)? else {
        return Ok(Ending::Error);
    };
    about_inventory(&compiled.compiler.project.inventory, "all", cfg, terminal);
    if asked.selection.syntax_check {
        for playbook in &asked.playbooks {
            terminal.data(format!("\nplaybook: {}\n", playbook.display()).as_bytes())?;
        }
        return Ok(Ending::Good);
    }
    if let Some(text) = list(asked, &compiled.compiler.project.playbook.more, &compiled.plan) {
        terminal.data(text.as_bytes())?;
        return Ok(Ending::Good);
    }
    let look = settings::look(asked.running.manner.verbose, cfg);
    let Plan { playbook, plays, .. } = &compiled.plan;
    let mut reporters = vec![settings::reporter(look, cfg, playbook, plays.len())];
    reporters.extend(callbacks::enabled(look, cfg, terminal));
    reporters.extend(settings::log(cfg, terminal, |log, err| {
        Box::new(Ansible::new(log, err, Look { colour: false, ..look }).of(playbook, plays.len()))
    }));
    carry_out(&selecting, compiled, reporters, look.verbosity, terminal)
}

/// Playbooks that there are not.
fn refuse(asked: &Playbook) -> Result<(), Diagnostic> {
    for path in &asked.playbooks {
        if !path.exists() {
            let message = format!("the playbook: {} could not be found", path.display());
            return Err(Diagnostic::error("no-playbook", message));
        }
    }
    Ok(())
}

fn selecting(asked: &Playbook, cfg: &AnsibleCfg) -> Selecting {
    let either = |words: &[String], key: &str| {
        let words = split(words);
        if words.is_empty() { cfg.words(key) } else { words }
    };
    let [mut tags, skip_tags] = [(&asked.selection.tags, "run"), (&asked.selection.skip_tags, "skip")]
        .map(|(words, key)| either(words, key));
    let asks = !(asked.selection.tags.is_empty() && asked.selection.skip_tags.is_empty());
    if asked.selection.list_tags && !asks {
        // Also the tags of what is only done when it is asked for.
        tags = ["never", "all"].map(str::to_owned).to_vec();
    }
    Selecting { tags, skip_tags, ..carrying::selecting(&asked.running, cfg) }
}
