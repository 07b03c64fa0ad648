//! What the journal need not keep because it follows from what it keeps: `stdout_lines` and `stderr_lines`, which are the text
//! beside them once more. A mark stands in their place, and reading makes them again.

use crate::base::{Map, Value};
use crate::event::{Event, Record};
use crate::wire::lines::split;

/// The only key of a mark; its value names the text that the lines are of.
const LINES_OF: &str = "benchbook_lines_of";

/// The record with marks for lines; none when it has no such lines.
pub(super) fn fold(record: &Record) -> Option<Record> {
    match record {
        Record::Happened { time, event: event @ Event::StepEnded { result, .. } } => {
            let folded = folded(result)?;
            let mut event = event.clone();
            if let Event::StepEnded { result, .. } = &mut event {
                *result = folded;
            }
            Some(Record::Happened { time: *time, event })
        }
        Record::Variable { host, level, name, value } => {
            let (host, level, name) = (host.clone(), level.clone(), name.clone());
            Some(Record::Variable { host, level, name, value: folded(value)? })
        }
        _ => None,
    }
}

/// The record as it was.
pub(super) fn unfold(mut record: Record) -> Record {
    if let Record::Happened { event: Event::StepEnded { result: value, .. }, .. }
    | Record::Variable { value, .. } = &mut record
        && let Some(whole) = unfolded(value)
    {
        *value = whole;
    }
    record
}

fn folded(value: &Value) -> Option<Value> {
    rebuilt(value, &folded, &|map, key, value| {
        let text = key.strip_suffix("_lines")?;
        let said = split(map.get(text)?.as_str()?);
        let lines = value.as_list()?;
        let same = lines.len() == said.len() && lines.iter().zip(said).all(|(l, s)| l.as_str() == Some(s));
        same.then(|| Map::from_iter([(LINES_OF, text)]).into())
    })
}

fn unfolded(value: &Value) -> Option<Value> {
    rebuilt(value, &unfolded, &|map, _, value| {
        let mark = value.as_map().filter(|mark| mark.len() == 1)?;
        let lines = split(map.get(mark.get(LINES_OF)?.as_str()?)?.as_str()?);
        Some(lines.into_iter().map(Value::from).collect::<Vec<_>>().into())
    })
}

/// The value with entries of its maps exchanged, at any depth; none when nothing is.
fn rebuilt(
    value: &Value,
    deeper: &dyn Fn(&Value) -> Option<Value>,
    exchanged: &dyn Fn(&Map, &str, &Value) -> Option<Value>,
) -> Option<Value> {
    let mut changed = false;
    let mut kept = |new: Option<Value>, old: &Value| {
        changed |= new.is_some();
        new.unwrap_or_else(|| old.clone())
    };
    let whole: Value = match value {
        Value::List(items) => items.iter().map(|item| kept(deeper(item), item)).collect::<Vec<_>>().into(),
        Value::Map(map) => {
            let mut whole = Map::new();
            for (key, value) in map.iter() {
                let new = key.as_str().and_then(|key| exchanged(map, key, value)).or_else(|| deeper(value));
                whole.insert(key.clone(), kept(new, value));
            }
            whole.into()
        }
        _ => return None,
    };
    changed.then_some(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variable(value: Value) -> Record {
        Record::Variable { host: "n1".into(), level: "set_fact".into(), name: "r".into(), value }
    }

    #[test]
    fn lines_are_kept_once_and_come_back() {
        let mut said = Map::from_iter([("stdout", "a\nb\n"), ("stderr", "")]);
        said.insert("stdout_lines", vec!["a", "b"]);
        said.insert("stderr_lines", Vec::<&str>::new());
        let looped = Map::from_iter([("results", vec![Value::from(said.clone()), said.into()])]);
        let record = variable(looped.into());
        let kept = fold(&record).expect("it has lines");
        let text = serde_json::to_string(&kept).unwrap();
        assert_eq!(text.matches(r#"{"benchbook_lines_of":"stdout"}"#).count(), 2, "{text}");
        let read = serde_json::from_str(&text).unwrap();
        assert_eq!(unfold(read), record);
    }

    #[test]
    fn other_lines_and_no_lines_stay_as_they_are() {
        let mut map = Map::from_iter([("stdout", "a\nb\n")]);
        let record = variable(map.clone().into());
        assert_eq!(fold(&record), None);
        assert_eq!(unfold(record.clone()), record);
        map.insert("stdout_lines", vec!["something else"]);
        let record = variable(map.into());
        assert_eq!(fold(&record), None);
        assert_eq!(unfold(record.clone()), record);
    }
}
