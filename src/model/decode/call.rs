//! What a task does: the module's name and its arguments, in each of the ways to write them.

use std::sync::Arc;

use super::fields::{Fields, is_template, spanned, text_value, wrong_type};
use super::keywords::{flow_names, shared};
use super::{Decoder, words};
use crate::base::spec::{Argument, short_name};
use crate::base::{Diagnostic, Diagnostics, Span, Spanned, Value};
use crate::model::Call;
use crate::syntax::Node;

/// Modules whose plain string is a command, in which only these words are arguments.
const COMMANDS: [&str; 4] = ["command", "shell", "raw", "script"];
const COMMAND_WORDS: [&str; 5] = ["chdir", "creates", "removes", "executable", "stdin"];

impl Decoder<'_> {
    /// Takes the module out of a task whose keywords were all taken. Gives the call, and whether it was a `local_action`.
    pub(super) fn call(&self, f: &mut Fields<'_, '_>) -> Option<(Call, bool)> {
        let args = f.take("args");
        let written = f
            .take_pair("action")
            .map(|p| (p, false))
            .or_else(|| f.take_pair("local_action").map(|p| (p, true)));
        let (mut call, local) = match written {
            Some(((_, value), local)) => (self.written_action(value, f.problems())?, local),
            None => (self.named_module(f)?, false),
        };
        if let Some(node) = args {
            match node.as_mapping() {
                Some(pairs) => call.arguments.extend(pairs.iter().map(|(k, v)| argument(k, v))),
                None if is_template(&node.to_value()) => call.arguments_template = Some(spanned(node)),
                None => f.problems().push(wrong_type("`args`", "a mapping", node)),
            }
        }
        if let Some(own) = call.arguments.iter().find(|argument| argument.name.starts_with("_ansible_")) {
            let message = format!(
                "Invalid parameter specified beginning with keyword '_ansible_' for action '{}': '{}'. The prefix '_ansible_' is reserved for internal use only.",
                call.name.value, own.name
            );
            f.problems().push(Diagnostic::error("reserved-argument", message).at(&own.name_span));
        }
        Some((call, local))
    }

    /// `copy: …`: the one key that is no keyword.
    fn named_module(&self, f: &mut Fields<'_, '_>) -> Option<Call> {
        let rest = f.take_rest();
        let (modules, others): (Vec<_>, Vec<_>) =
            rest.into_iter().partition(|(k, _)| self.is_module(&shared(k)));
        let (key, value) = match (modules.as_slice(), others.as_slice()) {
            ([module], _) => *module,
            ([], [other]) => return Some(self.module_call(other.0, other.1, f.problems())),
            ([], []) => {
                f.missing(
                    "a module",
                    "say what it does, as in `command: ./stream` or `copy: {src: a, dest: b}`",
                );
                return None;
            }
            ([], _) => {
                for (key, _) in &others {
                    f.unknown(key, self.catalogue.names());
                }
                return None;
            }
            ([first, second, ..], _) => {
                let (one, two) = (shared(first.0), shared(second.0));
                f.problems().push(
                    Diagnostic::error(
                        "two-modules",
                        format!("a task does one thing, this one has `{one}` and `{two}`"),
                    )
                    .at(&second.0.span)
                    .related(&first.0.span, "the first")
                    .help("make two tasks of it, with a `- ` before each"),
                );
                return None;
            }
        };
        for (key, _) in &others {
            f.unknown(key, self.catalogue.names());
        }
        Some(self.module_call(key, value, f.problems()))
    }

    fn is_module(&self, name: &str) -> bool {
        self.catalogue.get(name).is_some() || flow_names().any(|n| n == short_name(name))
    }

    fn module_call(&self, key: &Node, value: &Node, problems: &mut Diagnostics) -> Call {
        let mut call = Call {
            name: Spanned::new(shared(key), key.span.clone()),
            free_form: None,
            arguments: Vec::new(),
            arguments_template: None,
        };
        if let Some(pairs) = value.as_mapping() {
            call.arguments = pairs.iter().map(|(k, v)| argument(k, v)).collect();
        } else if let Some(text) = text_value(value) {
            self.plain(&mut call, &text);
        } else if !value.is_null() {
            problems.push(wrong_type(
                &format!("`{}`", call.name.value),
                "arguments (a mapping) or a string",
                value,
            ));
        }
        call
    }

    /// `action: copy src=a dest=b`, `action: {module: copy, src: a}`.
    fn written_action(&self, value: &Node, problems: &mut Diagnostics) -> Option<Call> {
        if let Some(pairs) = value.as_mapping() {
            let Some((_, module)) = pairs.iter().find(|(k, _)| k.as_str() == Some("module")) else {
                problems.push(
                    Diagnostic::error("missing-keyword", "this action names no module")
                        .at(&value.span)
                        .help("add `module: NAME`"),
                );
                return None;
            };
            let name = Spanned::new(shared(module), module.span.clone());
            let mut call = Call { name, free_form: None, arguments: Vec::new(), arguments_template: None };
            for (key, value) in pairs.iter().filter(|(k, _)| k.as_str() != Some("module")) {
                match (key.as_str(), value.as_mapping()) {
                    (Some("args"), Some(inner)) => {
                        call.arguments.extend(inner.iter().map(|(k, v)| argument(k, v)));
                    }
                    _ => call.arguments.push(argument(key, value)),
                }
            }
            return Some(call);
        }
        let text = text_value(value)?;
        let line = text.as_str().unwrap_or_default();
        // The name may be a template, with blanks in it.
        let name = words::split(line).into_iter().next().unwrap_or_default();
        let rest = line.trim_start().strip_prefix(name).unwrap_or_default();
        let mut call = Call {
            name: Spanned::new(Arc::from(name), value.span.clone()),
            free_form: None,
            arguments: Vec::new(),
            arguments_template: None,
        };
        if !rest.trim().is_empty() {
            let rest = Spanned::new(Value::template(rest.trim(), value.span.clone()), value.span.clone());
            self.plain(&mut call, &rest);
        }
        Some(call)
    }

    /// A plain string: the free form of modules that have one, else `k=v` words.
    fn plain(&self, call: &mut Call, text: &Spanned<Value>) {
        let line = text.as_str().unwrap_or_default();
        let short = call.short_name().to_owned();
        if COMMANDS.contains(&short.as_str()) {
            let whole = words::joined(line);
            let (arguments, command) = split_command(whole.as_deref().unwrap_or(line), &text.span);
            let command = command.or(whole);
            call.arguments = arguments;
            call.free_form = Some(command.map_or_else(
                || text.clone(),
                |c| Spanned::new(Value::template(c, text.span.clone()), text.span.clone()),
            ));
            return;
        }
        let free = self.catalogue.get(&short).is_none_or(|s| s.free_form.is_some());
        let templated = line.trim_start().starts_with("{{");
        let (pairs, others): (Vec<_>, Vec<_>) =
            words::split(line).into_iter().partition(|word| words::pair(word).is_some());
        if !free && !others.is_empty() {
            // What a template gives there must be a mapping.
            let rest = Value::template(others.join(" "), text.span.clone());
            if is_template(&rest) {
                let pairs = pairs.into_iter().filter_map(words::pair);
                call.arguments = pairs.map(|(k, v)| word_argument(k, v, &text.span)).collect();
                call.arguments_template = Some(Spanned::new(rest, text.span.clone()));
                return;
            }
        }
        let pairs: Option<Vec<_>> = words::split(line).into_iter().map(words::pair).collect();
        match pairs.filter(|pairs| !pairs.is_empty()) {
            Some(pairs) if !free || !templated => {
                call.arguments = pairs.into_iter().map(|(k, v)| word_argument(k, v, &text.span)).collect();
            }
            _ if free => free_with_words(call, text),
            // A text that nobody wants: whoever looks at the call says so.
            _ => {
                let pairs = words::split(line).into_iter().filter_map(words::pair);
                call.arguments = pairs.map(|(k, v)| word_argument(k, v, &text.span)).collect();
                call.free_form = Some(text.clone());
            }
        }
    }
}

/// `include_tasks: a.yml apply=…`: the first words are the free form, trailing `k=v` words are arguments.
fn free_with_words(call: &mut Call, text: &Spanned<Value>) {
    let line = text.as_str().unwrap_or_default();
    if flow_names().any(|n| n == call.short_name()) {
        let all = words::split(line);
        let pairs: Vec<_> = all.iter().filter_map(|w| words::pair(w)).collect();
        if !pairs.is_empty() && pairs.len() < all.len() {
            call.arguments = pairs.into_iter().map(|(k, v)| word_argument(k, v, &text.span)).collect();
            let free: Vec<_> = all.into_iter().filter(|w| words::pair(w).is_none()).collect();
            let free = Value::template(free.join(" "), text.span.clone());
            call.free_form = Some(Spanned::new(free, text.span.clone()));
            return;
        }
    }
    call.free_form = Some(text.clone());
}

/// Takes `chdir=…` and the like out of a command line; `None` when there were none.
fn split_command(line: &str, span: &Span) -> (Vec<Argument>, Option<String>) {
    let is_argument = |word: &&str| words::pair(word).is_some_and(|(k, _)| COMMAND_WORDS.contains(&k));
    let words = words::split(line);
    let start = |word: &&str| word.as_ptr().addr() - line.as_ptr().addr();
    let ends = words.iter().skip(1).map(start).chain([line.len()]);
    let (taken, left): (Vec<_>, Vec<_>) = words
        .iter()
        .zip(ends)
        .map(|(word, end)| (*word, start(word), end))
        .partition(|(word, ..)| is_argument(word));
    if taken.is_empty() {
        return (Vec::new(), None);
    }
    // What stands between a word and the next goes with it.
    let command: String = left.iter().map(|(_, from, to)| &line[*from..*to]).collect();
    let last_is_taken = left.last().map(|word| word.2) != Some(line.len());
    let command =
        if last_is_taken { command.strip_suffix(' ').unwrap_or(&command).to_owned() } else { command };
    let arguments = taken
        .iter()
        .filter_map(|(word, ..)| words::pair(word))
        .map(|(k, v)| word_argument(k, v, span))
        .collect();
    (arguments, Some(command))
}

fn word_argument(key: &str, value: String, span: &Span) -> Argument {
    let value = Value::template(value, span.clone());
    Argument { name: Arc::from(key), name_span: span.clone(), value, value_span: span.clone() }
}

/// An argument of a mapping.
pub(super) fn argument(key: &Node, value: &Node) -> Argument {
    Argument {
        name: shared(key),
        name_span: key.span.clone(),
        value: value.to_value(),
        value_span: value.span.clone(),
    }
}
