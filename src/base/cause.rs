//! Why something failed, in Ansible's words: a chain of causes, outermost first.

/// One link of the chain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cause {
    /// A sentence.
    pub message: String,
    /// `FILE:LINE:COLUMN`, where it is about something the user wrote.
    pub place: Option<String>,
    /// What to do about it.
    pub help: Option<&'static str>,
}

impl Cause {
    /// A sentence about a place.
    pub fn new(message: impl Into<String>, place: Option<String>) -> Self {
        Self { message: message.into(), place, help: None }
    }
}

/// The whole chain in one sentence; a message that ends with its cause's is not said twice.
pub fn in_brief<'a>(messages: impl DoubleEndedIterator<Item = &'a str>) -> String {
    let join = |cause: String, message: &str| {
        if cause.is_empty() || message.ends_with(&cause) {
            return message.to_owned();
        }
        format!("{}: {cause}", message.trim_end_matches(['.', ' ']))
    };
    messages.rev().fold(String::new(), join)
}

#[cfg(test)]
mod tests {
    use super::in_brief;

    #[test]
    fn a_chain_is_one_sentence() {
        let brief = |messages: &[&str]| in_brief(messages.iter().copied());
        assert_eq!(brief(&["Task failed.", "It broke.", "why"]), "Task failed: It broke: why");
        assert_eq!(brief(&["Task failed.", "It broke: why", "why"]), "Task failed: It broke: why");
        assert_eq!(brief(&["Task failed.", ""]), "Task failed.");
    }
}
