//! `benchbook log`: what steps of a run said.

use clap::Args as ClapArgs;

use super::project::WhichRun;
use super::terminal::Terminal;
use super::{Exit, Outcome};
use crate::base::Diagnostic;
use crate::base::selector::selects_case_id;
use crate::event::{Event, Fate};
use crate::store::{Run, RunFolder};
use crate::wire::Stream;

/// Prints the kept output of steps; without a selection that of the steps that failed, or of all when none did
#[derive(Debug, ClapArgs)]
#[allow(clippy::struct_excessive_bools)] // each is a switch of the command line
pub(super) struct Args {
    #[command(flatten)]
    run: WhichRun,
    /// Steps of this case: `stream`, or `str*[threads=1]`
    #[arg(long, value_name = "CASE")]
    case: Option<String>,
    /// Steps on this host
    #[arg(long, value_name = "HOST")]
    host: Option<String>,
    /// Steps with this name or id, or whose id ends so
    #[arg(long, value_name = "STEP")]
    step: Option<String>,
    /// This round of a case, not counting warm-up rounds
    #[arg(long, value_name = "N")]
    round: Option<u32>,
    /// Warm-up rounds; with --round, that one of them
    #[arg(long)]
    warmup: bool,
    /// Only standard output
    #[arg(long, conflicts_with = "stderr")]
    stdout: bool,
    /// Only standard error
    #[arg(long)]
    stderr: bool,
}

/// A log that is there.
struct Found {
    title: String,
    bytes: Vec<u8>,
}

pub(super) fn run(args: &Args, terminal: &Terminal) -> Outcome {
    let run = args.run.open()?;
    let events: Vec<Event> = run.events()?.into_iter().map(|(_, event)| event).collect();
    let selected = args.case.is_some()
        || args.host.is_some()
        || args.step.is_some()
        || args.round.is_some()
        || args.warmup;
    let only_failed = !selected && events.iter().any(has_failed);
    let wanted = events.iter().filter(|e| if only_failed { has_failed(e) } else { args.wants(e) });
    let mut found = Vec::new();
    for event in wanted {
        found.extend(args.logs(&run, event)?);
    }
    match found.as_slice() {
        [] if selected => {
            return Err(Diagnostic::error("no-log", "no step that was selected has said anything")
                .help(format!("`benchbook log {}` prints what there is", args.run.words()))
                .into());
        }
        [] => terminal.say("no step has said anything"),
        [one] => terminal.data(&one.bytes)?,
        several => {
            for log in several {
                terminal.data(format!("==> {} <==\n", log.title).as_bytes())?;
                terminal.data(&log.bytes)?;
                if !log.bytes.ends_with(b"\n") {
                    terminal.data(b"\n")?;
                }
            }
        }
    }
    Ok(Exit::Good)
}

fn has_failed(event: &Event) -> bool {
    matches!(event, Event::StepEnded { fate, .. } if fate.is_failure())
}

impl Args {
    fn wants(&self, event: &Event) -> bool {
        let Event::StepEnded { step, name, host, case, round, warmup, fate, .. } = event else {
            return false;
        };
        matches!(fate, Fate::Ran { .. })
            && self.host.as_deref().is_none_or(|wanted| host.as_str() == wanted)
            && self
                .case
                .as_deref()
                .is_none_or(|w| case.as_ref().is_some_and(|c| selects_case_id(w, c.as_str())))
            && self.round.is_none_or(|wanted| *round == Some(wanted) && *warmup == self.warmup)
            && (!self.warmup || *warmup)
            && self.step.as_deref().is_none_or(|w| name == w || step.as_str().ends_with(w))
    }

    fn logs(&self, run: &Run, event: &Event) -> Result<Vec<Found>, super::Failure> {
        let Event::StepEnded { step, host, case, .. } = event else { return Ok(Vec::new()) };
        let mut found = Vec::new();
        let streams = [(Stream::Stdout, "stdout", self.stderr), (Stream::Stderr, "stderr", self.stdout)];
        for (stream, word, unwanted) in streams {
            if unwanted {
                continue;
            }
            if let Some(bytes) = run.log(&RunFolder::log(step, host, stream))?.filter(|b| !b.is_empty()) {
                let case = case.as_ref().map(|c| format!(" {c}")).unwrap_or_default();
                found.push(Found { title: format!("{host}{case} {step} {word}"), bytes });
            }
        }
        Ok(found)
    }
}
