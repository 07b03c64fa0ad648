//! What the user's ansible-core is told of a task that it is to do on one host, and what it wants meanwhile.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::{Map as Object, Value as Json, json};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use crate::base::Value;

/// A task that is an action in Python, or of a host that only a connection plugin reaches. Values are as [`written`] has them.
#[derive(Clone, Debug, Serialize)]
pub struct Acting {
    /// The host, by its inventory name.
    pub host: String,
    /// The keywords of the task.
    pub task: Keywords,
    /// Its arguments.
    pub arguments: Json,
    /// Everything it sees, but for `hostvars`.
    pub variables: Json,
    /// What it sees of the host that it is delegated to.
    pub delegate: Option<Json>,
    /// How Benchbook reaches the target (`local`, `ssh`); nothing where a connection plugin does it.
    pub reached: Option<&'static str>,
    /// As whom, where that is not who logs in.
    pub user: Option<String>,
    /// Where relative names are looked for, nearest first.
    pub search: Vec<PathBuf>,
    /// The playbook's.
    pub folder: PathBuf,
    /// Folders that may have plugins: of the playbook and of roles.
    pub folders: Vec<PathBuf>,
    /// How often `-v` was given.
    pub verbosity: u8,
}

/// Keywords of a task, by the names that ansible-core has for them.
#[derive(Clone, Debug, Default, Serialize)]
#[allow(clippy::struct_excessive_bools)] // each is a keyword
pub struct Keywords {
    /// What is called.
    pub action: String,
    /// `check_mode`
    pub check_mode: bool,
    /// `diff`
    pub diff: bool,
    /// `no_log`
    pub no_log: bool,
    /// `environment`: mappings, the strongest last.
    pub environment: Vec<Json>,
    /// `async`, in seconds.
    pub async_val: u64,
    /// `poll`, in seconds.
    pub poll: u64,
    /// `become`
    pub r#become: bool,
    /// `become_user`
    pub become_user: Option<String>,
    /// `become_method`
    pub become_method: Option<String>,
    /// `become_flags`
    pub become_flags: Option<String>,
    /// `become_exe`
    pub become_exe: Option<String>,
    /// `connection`
    pub connection: Option<String>,
    /// `remote_user`
    pub remote_user: Option<String>,
    /// `delegate_to`
    pub delegate_to: Option<String>,
}

/// What is wanted while a task is done.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Want {
    /// A command line of the target's shell, with bytes on its standard input, in Base64.
    Command {
        /// What the shell gets.
        command: String,
        /// For its standard input.
        given: Option<String>,
        /// Where it runs.
        folder: Option<String>,
    },
    /// A file of the controller's is to be on the target.
    Put {
        /// On the controller.
        source: PathBuf,
        /// On the target.
        to: String,
    },
    /// A file of the target's is to be on the controller.
    Fetch {
        /// On the target.
        source: String,
        /// On the controller.
        to: PathBuf,
    },
    /// A host that could not be reached is asked again.
    Reset,
    /// All variables of a host; nothing where there is no such host.
    Variables {
        /// Its name; else what is seen where a plugin is called.
        host: Option<String>,
    },
    /// The names of all hosts.
    Hosts,
    /// The user is to see this; nothing is answered.
    Say {
        /// In these words.
        text: String,
    },
}

/// How somebody is told to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Force {
    /// He may tidy up.
    Term,
    /// At once.
    Kill,
}

/// Ends whoever does the task, and what he has started.
pub type Stop = Box<dyn Fn(Force) + Send>;

/// Whoever wants a task done, as the one who does it sees him.
pub trait Side {
    /// It begins; this ends it.
    fn begins(&mut self, stop: Stop);
    /// Gives what is wanted: an object with `ok`, `error` (a sentence) or `unreachable` (a sentence). Nothing for what needs no
    /// answer.
    fn give(&mut self, want: Want) -> Option<Json>;
}

/// A value with what JSON does not say: a text of the user's files, which may be a template, is `{"!text": …}`, bytes are
/// `{"!bytes": …}`. Secrets are legible. What has no value is left out.
pub fn written(value: &Value) -> Json {
    match value {
        Value::String(text) if text.span().is_some() => json!({"!text": text.as_str()}),
        Value::Bytes(bytes) => json!({"!bytes": BASE64_STANDARD.encode(bytes)}),
        Value::Sealed(_) => written(value.revealed()),
        Value::List(items) => items.iter().filter(|value| has_value(value)).map(written).collect(),
        Value::Map(map) => {
            let entries = map.iter().filter(|(_, value)| has_value(value));
            entries
                .map(|(key, value)| (escaped(&key.to_string()), written(value)))
                .collect::<Object<_, _>>()
                .into()
        }
        Value::String(text) => text.as_str().into(),
        other => serde_json::to_value(other).unwrap_or_default(),
    }
}

fn has_value(value: &Value) -> bool {
    !matches!(value, Value::Undefined(_) | Value::Omit)
}

/// So that no key of a host's can pass for one of ours.
fn escaped(key: &str) -> String {
    if key.starts_with('!') { format!("!{key}") } else { key.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Map, Span};

    #[test]
    fn only_texts_of_the_users_files_may_be_templates() {
        let own = Value::template("{{ x }}", Span::nowhere("play.yml"));
        let forged = Map::from_iter([("!text", Value::from("{{ evil }}"))]);
        let all = Map::from_iter([
            ("own", own),
            ("forged", forged.into()),
            ("secret", Value::from(7).into_secret()),
            ("bytes", Value::Bytes(b"\xff".as_slice().into())),
            ("omitted", Value::Omit),
        ]);
        insta::assert_snapshot!(written(&all.into()), @r#"{"own":{"!text":"{{ x }}"},"forged":{"!!text":"{{ evil }}"},"secret":7,"bytes":{"!bytes":"/w=="}}"#);
    }
}
