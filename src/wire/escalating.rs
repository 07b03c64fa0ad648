//! The command line by which a user becomes another: the agent starts it, the controller tells it.

use super::{Escalation, Method};
use crate::base::shlex;

/// What sudo is told when nobody gives `become_flags`.
const SUDO_FLAGS: &str = "-H -S -n";

/// The words of the command that starts `program`, which has words of its own, for the other user; sudo asks with `prompt`. An error is a sentence.
pub fn command_line(
    escalation: &Escalation,
    program: &[String],
    prompt: &str,
) -> Result<Vec<String>, String> {
    let Escalation { method, user, exe, flags, password } = escalation;
    let words = |keyword: &str, text: &str| {
        shlex::split(text).map_err(|error| format!("`{keyword}` cannot be split into words: {error}"))
    };
    let mut line = words("become_exe", exe.as_deref().unwrap_or(method.name()))?;
    if line.is_empty() {
        return Err("`become_exe` is empty".into());
    }
    let default = if *method == Method::Sudo { SUDO_FLAGS } else { "" };
    let mut flags = words("become_flags", flags.as_deref().unwrap_or(default))?;
    if password.is_some() && *method != Method::Su {
        // Whoever gives a password wants to be asked for it.
        flags.retain(|flag| flag != "-n");
    }
    let more: &[&str] = match method {
        // It reads the password from its input, and asks in words that are known.
        Method::Sudo if flags.iter().any(|flag| flag == "-n") => &["-u", user],
        Method::Sudo if flags.iter().any(|flag| flag == "-S") => &["-p", prompt, "-u", user],
        Method::Sudo => &["-S", "-p", prompt, "-u", user],
        Method::Doas => &["-u", user],
        Method::Su => &[user, "-c"],
    };
    line.append(&mut flags);
    line.extend(more.iter().map(|word| (*word).to_owned()));
    match method {
        Method::Sudo | Method::Doas => line.extend_from_slice(program),
        Method::Su => {
            let words: Vec<_> = program.iter().map(|word| quoted(word)).collect();
            line.push(format!("exec {}", words.join(" ")));
        }
    }
    Ok(line)
}

/// As one word for a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_method_has_its_own_way() {
        let line = |method, flags: Option<&str>, password: Option<&str>| {
            let escalation = Escalation {
                method,
                user: "bob".into(),
                exe: None,
                flags: flags.map(Into::into),
                password: password.map(Into::into),
            };
            command_line(&escalation, &["/x/it's".into(), "--of".into()], "PROMPT").unwrap().join(" ")
        };
        assert_eq!(line(Method::Sudo, None, None), "sudo -H -S -n -u bob /x/it's --of");
        assert_eq!(line(Method::Sudo, None, Some("x")), "sudo -H -S -p PROMPT -u bob /x/it's --of");
        assert_eq!(line(Method::Sudo, Some("-H"), None), "sudo -H -S -p PROMPT -u bob /x/it's --of");
        assert_eq!(line(Method::Sudo, Some("-i -n"), Some("x")), "sudo -i -S -p PROMPT -u bob /x/it's --of");
        assert_eq!(line(Method::Sudo, Some("-n"), None), "sudo -n -u bob /x/it's --of");
        assert_eq!(line(Method::Doas, None, None), "doas -u bob /x/it's --of");
        assert_eq!(
            line(Method::Su, Some("-s /bin/sh"), None),
            r"su -s /bin/sh bob -c exec '/x/it'\''s' '--of'"
        );
    }

    #[test]
    fn words_that_cannot_be_split() {
        let escalation = |exe: &str| Escalation {
            method: Method::Su,
            user: "bob".into(),
            exe: Some(exe.into()),
            flags: None,
            password: None,
        };
        let refused = |exe| command_line(&escalation(exe), &["/x".into()], "").unwrap_err();
        assert_eq!(refused("'su"), "`become_exe` cannot be split into words: no closing quotation");
        assert_eq!(refused(" "), "`become_exe` is empty");
    }
}
