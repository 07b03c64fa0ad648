//! Asks for what plays want to know before they start (`vars_prompt`).

use std::io::{self, IsTerminal};

use super::question;
use super::terminal::Terminal;
use crate::base::{Diagnostic, Secret};
use crate::plan::{Answers, Prompt};

/// Asks for what has no answer yet, if there is somebody to ask.
pub(super) fn ask(prompts: &[Prompt], answers: &mut Answers, terminal: &Terminal) -> Result<(), Diagnostic> {
    let nobody = !io::stdin().is_terminal();
    for prompt in prompts {
        if answers.of(prompt.play, &prompt.name).is_none() {
            if nobody {
                if let Some(answer) = prompt.unasked() {
                    answers.given.push(answer?);
                    let message =
                        format!("nobody can be asked for `{}`, which takes its default", prompt.name);
                    terminal.diagnostic(&Diagnostic::warning("prompt", message));
                }
                continue;
            }
            let typed = answer(prompt, terminal).map_err(|error| {
                let message = format!("`{}` cannot be asked for: {error}", prompt.name);
                Diagnostic::error("prompt", message)
                    .help(format!("give it on the command line: -e {}=…", prompt.name))
            })?;
            answers.given.push(prompt.answer(typed.reveal())?);
        }
    }
    Ok(())
}

/// What the person types, twice the same where that is wanted.
fn answer(prompt: &Prompt, terminal: &Terminal) -> io::Result<Secret> {
    let question = match &prompt.default {
        Some(default) if !default.is_secret() => format!("{} [{}]: ", prompt.question, default.as_str()),
        _ => format!("{}: ", prompt.question),
    };
    let typed = |question: &str| {
        if prompt.private { question::hidden(question) } else { question::shown(question).map(Secret::from) }
    };
    loop {
        let first = typed(&question)?;
        if !prompt.confirm || first == typed(&format!("confirm {question}"))? {
            return Ok(first);
        }
        terminal.say("these are not the same; once more");
    }
}
