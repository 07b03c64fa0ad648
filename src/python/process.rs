//! The helper's process: one question at a time, one line each way; it may ask back before it answers.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use rustix::process::{Pid, Signal, kill_process_group};
use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::load::foreign::{Force, Stop, Want};

/// What it does.
const PROGRAM: &str = concat!(include_str!("helper.py"), "\n\n", include_str!("actions.py"), "\n\nmain()\n");
/// Reads the program from its standard input, where the questions follow it, and not a byte more. What lies in the working
/// directory is no package.
const START: &str = "\
import os, sys
del sys.path[:1]
size, text = int(sys.argv[1]), b''
while len(text) < size:
    piece = os.read(0, size - len(text))
    if not piece:
        sys.exit()
    text += piece
exec(compile(text, 'benchbook', 'exec'))
";
/// How much is remembered of what it complains about, in bytes.
const COMPLAINTS: usize = 4096;

/// A helper that runs. Dropping it ends it.
pub(super) struct Process {
    child: Child,
    questions: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    complaints: Arc<Mutex<Vec<u8>>>,
}

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum Trouble {
    /// It answered that it cannot.
    Refused(String),
    /// It is gone.
    Gone(String),
}

impl Trouble {
    /// In a sentence.
    pub fn words(self) -> String {
        match self {
            Self::Refused(words) | Self::Gone(words) => words,
        }
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Answer {
    Good { ok: Json },
    Bad { error: String },
    Asks { want: Want },
}

impl Process {
    /// Starts it with this Python, in a process group of its own: who presses Ctrl-C means the run, which ends it.
    pub fn start(python: &Path) -> io::Result<Self> {
        let mut child = Command::new(python)
            .args(["-c", START, &PROGRAM.len().to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()?;
        let complaints = Arc::default();
        if let Some(stderr) = child.stderr.take() {
            let kept = Arc::clone(&complaints);
            thread::Builder::new().name("python".into()).spawn(move || listen(stderr, &kept))?;
        }
        let (questions, answers) =
            child.stdin.take().zip(child.stdout.take()).ok_or(io::ErrorKind::BrokenPipe)?;
        let answers = BufReader::new(answers);
        let mut process = Self { child, questions: Some(questions), answers, complaints };
        process.send(PROGRAM.as_bytes())?;
        Ok(process)
    }

    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        let questions = self.questions.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        questions.write_all(bytes)?;
        questions.flush()
    }

    /// Ends it, and what it has started, from wherever it is called.
    pub fn stop(&self) -> Stop {
        let group = Pid::from_child(&self.child);
        Box::new(move |force| {
            let signal = match force {
                Force::Term => Signal::TERM,
                Force::Kill => Signal::KILL,
            };
            // It has gone by itself, then.
            let _ = kill_process_group(group, signal);
        })
    }

    /// Asks, and waits for the answer.
    pub fn ask(&mut self, question: &Json) -> Result<Json, Trouble> {
        self.converse(question, &mut |_| Some(nobody()))
    }

    /// Asks, gives what is wanted before there is an answer, and waits for it.
    pub fn converse(
        &mut self,
        question: &Json,
        give: &mut dyn FnMut(Want) -> Option<Json>,
    ) -> Result<Json, Trouble> {
        self.tell(question)?;
        loop {
            match self.heard()? {
                Answer::Good { ok } => return Ok(ok),
                Answer::Bad { error } => return Err(Trouble::Refused(error)),
                Answer::Asks { want } => {
                    if let Some(given) = give(want) {
                        self.tell(&given)?;
                    }
                }
            }
        }
    }

    fn tell(&mut self, what: &Json) -> Result<(), Trouble> {
        self.send(format!("{what}\n").as_bytes()).map_err(|error| self.gone(Some(&error)))
    }

    fn heard(&mut self) -> Result<Answer, Trouble> {
        let mut line = String::new();
        match self.answers.read_line(&mut line) {
            Ok(0) => Err(self.gone(None)),
            Ok(_) => serde_json::from_str(&line)
                .map_err(|error| Trouble::Gone(format!("its answer cannot be read: {error}"))),
            Err(error) => Err(self.gone(Some(&error))),
        }
    }

    /// Why there is no answer any more: what it said last, or else what was seen.
    fn gone(&mut self, error: Option<&io::Error>) -> Trouble {
        let words = self.last_words();
        Trouble::Gone(match error {
            Some(error) if words.is_empty() => error.to_string(),
            _ => words,
        })
    }

    /// The last line that it complained with.
    fn last_words(&mut self) -> String {
        // Then everything it said has come.
        self.questions = None;
        let _ = self.child.wait();
        let said = self.complaints.lock().unwrap_or_else(PoisonError::into_inner);
        let said = String::from_utf8_lossy(&said);
        said.lines()
            .rev()
            .find(|line| !line.trim().is_empty())
            .unwrap_or("it ended without a word")
            .trim()
            .to_owned()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It ends by itself, and tidies up.
        self.questions = None;
        let _ = self.child.wait();
    }
}

/// Whatever is wanted besides, there is nobody who gives it.
pub(super) fn nobody() -> Json {
    json!({"error": "nobody gives this"})
}

fn listen(mut stderr: impl Read, kept: &Mutex<Vec<u8>>) {
    let mut piece = [0; 1024];
    while let Ok(count) = stderr.read(&mut piece) {
        if count == 0 {
            return;
        }
        tracing::debug!(words = %String::from_utf8_lossy(&piece[..count]), "python");
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend_from_slice(&piece[..count]);
        let surplus = kept.len().saturating_sub(COMPLAINTS);
        kept.drain(..surplus);
    }
}
