//! `vars_prompt`: what a play asks for before it starts, and what became of it. Who is asked, and how, is not known here.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Compiler;
use super::build::Build;
use crate::base::value::Text;
use crate::base::{Diagnostic, Diagnostics, Map, Source, Span, Spanned, Value};
use crate::model::{Level, Play, VarLayer};
use crate::vars::Templar;
use crate::vars::filters::passwords::{self, Wanted};

/// The keys of an entry, as in ansible-core.
const KEYS: [&str; 9] =
    ["name", "prompt", "default", "private", "confirm", "unsafe", "encrypt", "salt_size", "salt"];

/// Whether somebody is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Asking {
    /// Nothing is to run: a variable without a default is open.
    #[default]
    Never,
    /// Before the run.
    Now,
    /// That is over: this run is resumed.
    Before,
}

/// What was answered.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Answers {
    /// Whether somebody is asked.
    pub asking: Asking,
    /// What was typed so far.
    pub given: Vec<Answer>,
}

/// What somebody typed.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// The number of the play, from 0.
    pub play: usize,
    /// The variable.
    pub name: String,
    /// The characters, or their hash where one is wanted; none mean the default.
    pub text: String,
    /// Whether they may be written down in clear.
    #[serde(default)]
    pub open: bool,
}

impl std::fmt::Debug for Answer {
    /// Without the characters, which may be a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Answer({} of play {})", self.name, self.play)
    }
}

impl Answers {
    /// What was typed for a variable of a play.
    pub fn of(&self, play: usize, name: &str) -> Option<&Answer> {
        self.given.iter().find(|answer| answer.play == play && answer.name == name)
    }
}

/// A question of a play.
#[derive(Clone, Debug)]
pub struct Prompt {
    /// The number of the play, from 0.
    pub play: usize,
    /// The variable.
    pub name: String,
    /// What the person reads.
    pub question: String,
    /// What counts when nothing is typed.
    pub default: Option<Text>,
    /// What is typed is neither shown nor told.
    pub private: bool,
    /// It is typed twice.
    pub confirm: bool,
    /// What is typed is no template.
    pub plain: bool,
    /// The variable is a hash of what is typed.
    hashing: Option<Hashing>,
    span: Span,
}

/// How a password is hashed (`encrypt`, `salt`, `salt_size`).
#[derive(Clone, Debug)]
struct Hashing {
    kind: String,
    wanted: Wanted,
}

impl Hashing {
    fn read(
        said: impl Fn(&str) -> Result<Option<Value>, Diagnostic>,
        wrong: impl Fn(String) -> Diagnostic,
    ) -> Result<Option<Self>, Diagnostic> {
        let Some(kind) = said("encrypt")? else { return Ok(None) };
        let size = match said("salt_size")? {
            None => None,
            Some(Value::Int(size)) => Some(size),
            Some(other) => {
                return Err(wrong(format!(
                    "`salt_size` of `vars_prompt` must be an integer, not {}",
                    other.kind()
                )));
            }
        };
        let salt = said("salt")?.map(|salt| salt.to_string());
        let hashing = Self { kind: kind.to_string(), wanted: Wanted { salt, size, ..Wanted::default() } };
        // Tried with the least work, so that what is wrong is known before anybody is asked.
        let rounds = if hashing.kind.contains("sha") { 1_000 } else { 4 };
        let quick = Wanted { rounds: Some(rounds), ..hashing.wanted.clone() };
        passwords::hash("", &hashing.kind, &quick).map_err(wrong)?;
        Ok(Some(hashing))
    }

    /// With a new salt each time, unless one was given.
    fn of(&self, typed: &str) -> Result<String, String> {
        passwords::hash(typed, &self.kind, &self.wanted)
    }
}

impl Prompt {
    /// What is kept of what was typed.
    pub fn answer(&self, typed: &str) -> Result<Answer, Diagnostic> {
        let text = match (&self.hashing, &self.default, typed) {
            (None, ..) => typed.to_owned(),
            (Some(hashing), Some(default), "") => self.hash(hashing, default.as_str())?,
            (Some(hashing), ..) => self.hash(hashing, typed)?,
        };
        Ok(Answer { play: self.play, name: self.name.clone(), text, open: !self.private })
    }

    /// What is kept where nobody can be asked: a default that has to be hashed is, and once, so that its salt stays.
    pub fn unasked(&self) -> Option<Result<Answer, Diagnostic>> {
        (self.hashing.is_some() && self.default.is_some()).then(|| self.answer(""))
    }

    fn hash(&self, hashing: &Hashing, text: &str) -> Result<String, Diagnostic> {
        hashing.of(text).map_err(|message| Diagnostic::error("prompt", message).at(&self.span))
    }

    fn read(play: usize, entry: &Spanned<Value>, templar: &Templar) -> Result<Self, Diagnostic> {
        let wrong = |message: String| Diagnostic::error("prompt", message).at(&entry.span);
        let map = entry.value.as_map().ok_or_else(|| {
            wrong(format!("an entry of `vars_prompt` must be a mapping, not {}", entry.value.kind()))
                .help("such as `{name: size, prompt: Which size, default: small}`")
        })?;
        let said = |key: &str| match map.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => templar.render(value).map(Some).map_err(Diagnostic::from),
        };
        let name =
            said("name")?.ok_or_else(|| wrong("an entry of `vars_prompt` has no `name`".to_owned()))?;
        for key in map.iter().map(|(key, _)| key.to_string()) {
            if !KEYS.contains(&key.as_str()) {
                let message = format!("`vars_prompt` has no `{key}`");
                return Err(wrong(message).suggest(&key, KEYS));
            }
        }
        let name = name.to_string();
        let switch = |key: &str, otherwise: bool| match said(key)? {
            None => Ok(otherwise),
            Some(value) => value.to_bool().ok_or_else(|| {
                wrong(format!("`{key}` of `vars_prompt` must be true or false, not {}", value.kind()))
            }),
        };
        let default = said("default")?.map(|value| match value {
            Value::String(text) => text,
            // As ansible-core does, whatever is written there.
            other => Text::data(other.to_string()),
        });
        Ok(Self {
            play,
            question: said("prompt")?.map_or_else(|| name.clone(), |value| value.to_string()),
            default,
            private: switch("private", true)?,
            confirm: switch("confirm", false)?,
            plain: switch("unsafe", false)?,
            hashing: Hashing::read(said, wrong)?,
            span: entry.span.clone(),
            name,
        })
    }

    /// The variable's value when this was typed. As in ansible-core it may be a template.
    fn value(&self, typed: &str) -> Value {
        if let ("", Some(default)) = (typed, &self.default) {
            return Value::String(default.clone());
        }
        let place = format!("<answer to {}>", self.name);
        let source = if self.private { Source::secret(place, typed) } else { Source::new(place, typed) };
        let text = if self.plain {
            Text::data(typed)
        } else {
            Text::template(typed, Span::new(&source, 0, typed.len()))
        };
        Value::String(if self.private { text.into_secret() } else { text })
    }
}

impl Compiler {
    /// What the plays ask for and `-e` does not give, in order.
    pub fn prompts(&self) -> Result<Vec<Prompt>, Diagnostics> {
        let mut found = Diagnostics::new();
        let mut prompts = Vec::new();
        for (number, play) in self.project.playbook.plays.iter().enumerate() {
            if play.vars_prompt.is_empty() {
                continue;
            }
            let known = self.known(&self.project.inventory, play, &[], &mut found);
            let span = play.keywords.vars_span.as_ref().unwrap_or(&play.span).clone();
            let vars = Arc::clone(&play.keywords.vars);
            let own = VarLayer { level: Level::PlayVars, origin: Arc::from("play vars"), span, vars };
            prompts.extend(self.prompts_of(number, play, &known.anywhere(&[own]), &mut found));
        }
        found.into_result(prompts).map(|(prompts, _)| prompts)
    }

    fn prompts_of(
        &self,
        number: usize,
        play: &Play,
        templar: &Templar,
        found: &mut Diagnostics,
    ) -> Vec<Prompt> {
        let read = play.vars_prompt.iter().filter_map(|entry| {
            let given = entry.value.get("name").and_then(Value::as_str);
            if given.is_some_and(|name| self.project.extra.vars.contains_key(name)) {
                return None;
            }
            found.keep(Prompt::read(number, entry, templar))
        });
        read.collect()
    }
}

impl Build<'_> {
    /// The values of `vars_prompt`. `around` has the variables of the play.
    pub(super) fn prompted(&mut self, number: usize, around: &mut super::Surroundings) {
        let play = Arc::clone(self.play);
        // Whatever becomes of them, these are no variables that were forgotten.
        let names = play.vars_prompt.iter().filter_map(|entry| entry.value.get("name")?.as_str());
        self.usage.written.extend(names.map(Arc::from));
        let templar = self.known.anywhere(&around.vars);
        for prompt in self.compiler.prompts_of(number, &play, &templar, &mut self.found) {
            let answers = &self.compiler.options.answers;
            let value = match answers.of(number, &prompt.name) {
                Some(answer) => Some(prompt.value(&answer.text)),
                None => prompt.default.clone().map(Value::String),
            };
            if answers.of(number, &prompt.name).is_none() {
                self.unanswered(&prompt);
                if prompt.hashing.is_some() {
                    continue;
                }
            }
            if let Some(value) = value {
                let vars = Arc::new(Map::from_iter([(prompt.name.as_str(), value)]));
                around.push_vars(Level::VarsPrompt, "vars_prompt", &prompt.span, &vars);
            }
        }
    }

    /// Says what a variable is that nobody typed.
    fn unanswered(&mut self, prompt: &Prompt) {
        let (name, asking) = (&prompt.name, self.compiler.options.answers.asking);
        let told = match (asking, &prompt.default) {
            (Asking::Never, Some(_)) if prompt.hashing.is_none() => {
                let message = format!("`{name}` is shown with its default: a run asks for it");
                Diagnostic::warning("prompt", message)
            }
            (Asking::Never, _) => {
                self.open.push(format!("{name} (vars_prompt)"));
                return;
            }
            (_, Some(_)) => {
                let message = format!("nobody can be asked for `{name}`, which takes its default");
                Diagnostic::warning("prompt", message)
            }
            (_, None) => Diagnostic::error("prompt", format!("nobody can be asked for `{name}`")),
        };
        let help = format!("without a terminal, give it on the command line: -e {name}=…");
        self.found.push(told.at(&prompt.span).help(help));
    }
}
