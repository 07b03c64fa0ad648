//! A failure in words, as the reference prints it before the line that says whose it is: what failed because of what, each with
//! the lines of the user's file.

use super::{excerpt, origin};
use crate::base::cause::in_brief;
use crate::base::{Cause, Map};
use crate::event::Title;

/// What the reference does without a module.
const DONE_HERE: [&str; 10] = [
    "add_host",
    "assert",
    "debug",
    "fail",
    "group_by",
    "include_vars",
    "pause",
    "set_fact",
    "set_stats",
    "validate_argument_spec",
];

/// The error in words, with the place of its task; nothing when there are no words. Where `whole` places of causes are told, too.
pub(super) fn text(
    title: &Title,
    result: &Map,
    causes: &[Cause],
    place: &str,
    whole: bool,
) -> Option<String> {
    let mut chain = if causes.is_empty() { of_result(title, result)? } else { causes.to_vec() };
    for (number, cause) in chain.iter_mut().enumerate() {
        let own = cause.place.take().filter(|_| whole).map(|place| origin(&place, false));
        // What has no place of its own is about the task.
        cause.place = own.or_else(|| (number == 0).then(|| place.to_owned()));
    }
    Some(format!("[ERROR]: {}", told(&chain)))
}

/// What a result says by itself: a module or an action says what went wrong.
fn of_result(title: &Title, result: &Map) -> Option<Vec<Cause>> {
    let msg = result.get("msg")?.to_string();
    let own = |msg: &str| Cause::new(msg, None);
    let mut chain = vec![own("Task failed.")];
    match msg.strip_prefix("Task failed: ") {
        Some(told) => chain.push(own(told)),
        None if result.contains_key("unreachable") => chain.push(own(&msg)),
        None if DONE_HERE.contains(&title.action.as_str()) => {
            chain.extend([own("Action failed."), own(&msg)]);
        }
        None => chain.extend([own("Module failed."), own(&msg)]),
    }
    Some(chain)
}

/// A chain of causes: those about one place together, in front of them all of it in one sentence.
fn told(chain: &[Cause]) -> String {
    let brief = |causes: &[Cause]| in_brief(causes.iter().map(|cause| cause.message.as_str()));
    let together = |first: &Cause, next: &Cause| {
        (next.place.is_none() && next.help.is_none())
            || (next.place == first.place && next.help == first.help)
    };
    let mut parts = Vec::new();
    let mut rest = chain;
    while let [first, others @ ..] = rest {
        let end = 1 + others.iter().take_while(|next| together(first, next)).count();
        parts.push(part(&brief(&rest[..end]), first));
        rest = &rest[end..];
    }
    if parts.len() > 1 {
        parts[0].insert_str(0, &format!("{}\n\n", brief(chain)));
    }
    parts.join("\n<<< caused by >>>\n\n")
}

/// One message with its place and what to do about it.
fn part(message: &str, cause: &Cause) -> String {
    let mut text = match &cause.place {
        Some(place) => with_lines(message, place),
        None => format!("{message}\n"),
    };
    if let Some(help) = cause.help {
        text = format!("{text}\n{help}\n");
    }
    text
}

/// A message with the lines of the file at a place.
fn with_lines(message: &str, place: &str) -> String {
    let lines = excerpt::of(place).map(|lines| format!("\n{lines}")).unwrap_or_default();
    format!("{message}\nOrigin: {place}\n{lines}")
}

/// What ends a run, with the lines of the user's file that it is about.
pub(super) fn with_place(reason: &str, place: Option<&str>) -> String {
    match place {
        Some(place) => with_lines(reason, &origin(place, false)),
        None => reason.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_about_one_place_stand_together() {
        let at = |line: usize| Some(format!("no-file.yml:{line}:3"));
        let chain = [
            Cause::new("Task failed.", at(1)),
            Cause::new("It could not be done.", at(1)),
            Cause::new("Its value is wrong.", at(2)),
            Cause::new("why", None),
            Cause { help: Some("Do better."), ..Cause::new("deeper", at(3)) },
        ];
        insta::assert_snapshot!(told(&chain), @r"
        Task failed: It could not be done: Its value is wrong: why: deeper

        Task failed: It could not be done.
        Origin: no-file.yml:1:3

        <<< caused by >>>

        Its value is wrong: why
        Origin: no-file.yml:2:3

        <<< caused by >>>

        deeper
        Origin: no-file.yml:3:3

        Do better.
        ");
    }
}
