//! `--step`: before a task begins, whoever sits there is asked whether it is to be done. Hosts wait for the answer; one question
//! stands at a time.

use std::collections::{HashMap, HashSet, VecDeque};
use std::io::BufRead;

use super::dispatcher::{Dispatcher, Message};
use super::queue::{HostNo, StepNo};
use super::unit::title;
use crate::base::HostName;
use crate::event::{Event, Why};
use crate::plan::Step;

/// What is asked about: a step, or where each host goes its own way a step on one of them.
type Key = (StepNo, Option<HostNo>);

/// What was asked and said.
#[derive(Debug, Default)]
pub(super) struct Steps {
    /// Whether it is to be done; nothing yet for what is being asked.
    said: HashMap<Key, Option<bool>>,
    /// Who waits for an answer.
    held: Vec<(StepNo, HostNo)>,
    /// Questions, the first of which stands.
    questions: VecDeque<(Key, String)>,
    /// Plays of which nobody is asked any more.
    free: HashSet<usize>,
}

impl Dispatcher {
    /// Whether a host does not begin a step: it waits for an answer, or has got a no.
    pub(super) fn is_questioned(&mut self, step: StepNo, host: HostNo, what: &Step) -> bool {
        let play = self.node(step).play;
        let asks = self.shared.compiler.options.step && !self.steps.free.contains(&play);
        if !asks || super::magic::task(what).is_none() {
            return false;
        }
        let apart = self.goes_apart(step, what);
        let key = (step, apart.then_some(host));
        match self.steps.said.get(&key) {
            Some(Some(true)) => return false,
            Some(Some(false)) => self.bypass(step, host, Why::Refused),
            Some(None) => self.steps.held.push((step, host)),
            None => {
                let question = question(what, apart.then(|| self.name(host)));
                self.steps.said.insert(key, None);
                self.steps.held.push((step, host));
                self.steps.questions.push_back((key, question));
                if self.steps.questions.len() == 1 {
                    self.ask_about_step();
                }
            }
        }
        true
    }

    /// Shows the question that stands, and has a thread of its own wait for the answer: it may never come.
    fn ask_about_step(&mut self) {
        let Some((_, question)) = self.steps.questions.front() else { return };
        (self.shared.events)(&Event::StepAsked { question: question.clone(), answered: false });
        let sender = self.sender.clone();
        std::thread::spawn(move || {
            let mut line = String::new();
            let read = std::io::stdin().lock().read_line(&mut line);
            let line = read.ok().filter(|count| *count > 0).map(|_| line);
            // The run may be over.
            let _ = sender.send(Message::Answered(line));
        });
    }

    /// Somebody has answered, or nobody is there who could.
    pub(super) fn answered(&mut self, line: Option<&str>) {
        let Some((key, question)) = self.steps.questions.pop_front() else { return };
        let Some(line) = line else {
            return self
                .abort("EOF when reading a line: nobody says whether the task is to be done".to_owned());
        };
        (self.shared.events)(&Event::StepAsked { question, answered: true });
        let word = line.trim_end_matches(['\r', '\n']).to_lowercase();
        self.steps.said.insert(key, Some(matches!(word.as_str(), "y" | "yes" | "c" | "continue")));
        if matches!(word.as_str(), "c" | "continue") {
            let play = self.node(key.0).play;
            self.steps.free.insert(play);
            let others = std::mem::take(&mut self.steps.questions);
            self.steps.questions =
                others.into_iter().filter(|(key, _)| self.node(key.0).play != play).collect();
        }
        self.let_steps_go();
        self.ask_about_step();
    }

    /// Who waits looks again: there is an answer, or the run is being stopped.
    pub(super) fn let_steps_go(&mut self) {
        for (step, host) in std::mem::take(&mut self.steps.held) {
            self.arrive(step, host);
        }
    }
}

/// In the reference's words; the name is as it is written.
fn question(what: &Step, host: Option<&HostName>) -> String {
    let title = title(what, &what.name);
    let written = super::magic::task(what).and_then(|task| task.written.as_deref());
    let name = written.or(title.as_ref().map(|title| title.name.as_str())).unwrap_or(&what.name);
    let role = title.as_ref().and_then(|title| title.role.as_ref()).map(|role| format!("{role} : "));
    let kind = if what.handling { "HANDLER" } else { "TASK" };
    let on = host.map(|host| format!("on {host} ")).unwrap_or_default();
    format!("Perform task: {kind}: {}{name} {on}(N)o/(y)es/(c)ontinue: ", role.unwrap_or_default())
}
