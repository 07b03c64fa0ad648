//! What sudo, su and doas say before they do what they are asked, and what it means. Pure.
//!
//! Messages are those of the C locale, which the programs are started with; questions are recognised in any language.

use std::process::ExitStatus;

use crate::base::Secret;
use crate::wire::{Escalation, Method};

/// How much of what is said is kept, in bytes.
const KEPT: usize = 16 * 1024;
/// How many lines of it go into a message: the last ones.
const LINES: usize = 4;
/// What is said about a wrong password.
const WRONG: [&str; 4] =
    ["incorrect password", "uthentication fail", "try again", "incorrect authentication"];
/// What is said when there should be a password and nobody can be asked.
const REQUIRED: [&str; 4] =
    ["a password is required", "a tty is required", "no password was provided", "authentication is required"];

/// Where something was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Standard error; what is asked here is answered on standard input.
    Errors,
    /// The terminal.
    Terminal,
}

/// What is to be done about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Listen on.
    Nothing,
    /// Tell the password, where it was asked.
    Password,
    /// There is no password, or it was wrong: end the program.
    GiveUp,
}

/// One conversation.
pub struct Dialogue<'a> {
    escalation: &'a Escalation,
    prompt: &'a str,
    /// The line that is not complete yet, for each source.
    lines: [Vec<u8>; 2],
    words: Vec<u8>,
    /// How often a password was asked for.
    asked: usize,
}

impl<'a> Dialogue<'a> {
    /// Nothing was said; sudo was told to ask with `prompt`.
    pub fn new(escalation: &'a Escalation, prompt: &'a str) -> Self {
        Self { escalation, prompt, lines: Default::default(), words: Vec::new(), asked: 0 }
    }

    /// Takes what is said.
    pub fn hear(&mut self, source: Source, bytes: &[u8]) -> Answer {
        let line = &mut self.lines[source as usize];
        line.extend_from_slice(bytes);
        let complete = line.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
        self.words.extend(line.drain(..complete));
        let excess = self.words.len().saturating_sub(KEPT);
        self.words.drain(..excess);
        if line.len() > KEPT {
            line.clear();
        }
        if !asks(&String::from_utf8_lossy(line), self.escalation.method, self.prompt) {
            return Answer::Nothing;
        }
        line.clear();
        self.asked += 1;
        match (self.asked, &self.escalation.password) {
            (1, Some(_)) => Answer::Password,
            _ => Answer::GiveUp,
        }
    }

    /// What is typed when a password is asked for.
    pub fn password_line(&self) -> String {
        let password = self.escalation.password.as_ref().map(Secret::reveal).unwrap_or_default();
        format!("{password}\n")
    }

    /// The last lines that were said, as one; without the password, should a program have repeated it.
    pub fn words(&self) -> String {
        let all = [self.words.as_slice(), &self.lines[0], b"\n", &self.lines[1]].concat();
        let mut text = String::from_utf8_lossy(&all).into_owned();
        if let Some(password) = self.escalation.password.as_ref().filter(|p| !p.reveal().is_empty()) {
            text = text.replace(password.reveal(), "********");
        }
        let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        lines[lines.len().saturating_sub(LINES)..].join("; ")
    }

    /// Whether sudo wants to be called from a terminal (`requiretty`).
    pub fn wants_terminal(&self) -> bool {
        self.escalation.method == Method::Sudo && self.words().contains("must have a tty")
    }

    /// Why there is no agent of the other user, for a program that ended without starting it.
    pub fn failure(&self, status: ExitStatus) -> String {
        let (method, user) = (self.escalation.method.name(), &self.escalation.user);
        let words = self.words();
        let says = |texts: &[&str]| texts.iter().any(|text| words.contains(text));
        if self.escalation.password.is_none() && (self.asked > 0 || says(&REQUIRED)) {
            return format!("Missing {method} password");
        }
        if self.asked > 1 || (self.asked == 1 && says(&WRONG)) {
            return format!("Incorrect {method} password");
        }
        let why = if words.is_empty() { format!("{method} ended with {status}") } else { words };
        format!("cannot become `{user}` by {method}: {why}")
    }
}

/// Whether a line without its end asks for a password.
fn asks(line: &str, method: Method, prompt: &str) -> bool {
    if line.contains(prompt) {
        return true;
    }
    let line = line.trim_end().to_lowercase();
    let colon = line.ends_with(':') || line.ends_with('：');
    // sudo asks with its own words only when the system insists on them.
    colon && (method != Method::Sudo || line.contains("password"))
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;

    use super::*;
    use Source::{Errors, Terminal};

    fn escalation(method: Method, password: Option<&str>) -> Escalation {
        let password = password.map(Into::into);
        Escalation { method, user: "bob".into(), exe: None, flags: None, password }
    }

    /// What is answered to each piece, and what the end means.
    fn talk(method: Method, password: Option<&str>, said: &[(Source, &str)]) -> (Vec<Answer>, String) {
        let escalation = escalation(method, password);
        let mut dialogue = Dialogue::new(&escalation, "[MARK]");
        let answers = said.iter().map(|(source, text)| dialogue.hear(*source, text.as_bytes())).collect();
        (answers, dialogue.failure(ExitStatus::from_raw(256)))
    }

    #[test]
    fn a_lecture_in_pieces_is_no_question() {
        let lecture = "We trust you.\nIt boils down to these three things:\n\n  #1) Respect.\n\n[MARK]";
        for size in [1, 7, 1000] {
            let escalation = escalation(Method::Sudo, Some("x"));
            let mut dialogue = Dialogue::new(&escalation, "[MARK]");
            let answers: Vec<_> =
                lecture.as_bytes().chunks(size).map(|piece| dialogue.hear(Errors, piece)).collect();
            let (last, before) = answers.split_last().unwrap();
            assert_eq!(*last, Answer::Password);
            assert!(before.iter().all(|answer| *answer == Answer::Nothing));
        }
    }

    #[test]
    fn what_passwords_end_in() {
        let (answers, end) =
            talk(Method::Sudo, Some("x"), &[(Errors, "[MARK]"), (Errors, "Sorry, try again.\n[MARK]")]);
        assert_eq!(answers, [Answer::Password, Answer::GiveUp]);
        assert_eq!(end, "Incorrect sudo password");
        let (answers, end) = talk(Method::Doas, None, &[(Terminal, "\rdoas (ann@n1) password: ")]);
        assert_eq!(answers, [Answer::GiveUp]);
        assert_eq!(end, "Missing doas password");
        let (answers, end) = talk(
            Method::Su,
            Some("x"),
            &[(Errors, "Passwort： "), (Errors, "\nsu: Authentication failure\n")],
        );
        assert_eq!(answers, [Answer::Password, Answer::Nothing]);
        assert_eq!(end, "Incorrect su password");
        let (_, end) = talk(Method::Sudo, None, &[(Errors, "sudo: a password is required\n")]);
        assert_eq!(end, "Missing sudo password");
    }

    #[test]
    fn other_ends_have_the_programs_words_but_no_password() {
        let said = [(Errors, "[MARK]"), (Errors, "\nann may not run hunter2 as bob\n")];
        let (_, end) = talk(Method::Sudo, Some("hunter2"), &said);
        assert_eq!(end, "cannot become `bob` by sudo: ann may not run ******** as bob");
        let (_, end) = talk(Method::Su, None, &[]);
        assert_eq!(end, "cannot become `bob` by su: su ended with exit status: 1");
    }

    #[test]
    fn words_without_end_are_cut() {
        let escalation = escalation(Method::Su, None);
        let mut dialogue = Dialogue::new(&escalation, "[MARK]");
        for _ in 0..100 {
            dialogue.hear(Errors, &[b'x'; 1000]);
            dialogue.hear(Terminal, b"one more line\n");
        }
        assert!(dialogue.words.len() <= KEPT && dialogue.lines.iter().all(|l| l.len() <= KEPT + 1000));
    }
}
