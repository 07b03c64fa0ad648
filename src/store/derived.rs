//! What the journal need not keep because it follows from what it keeps: `stdout_lines` and `stderr_lines`, which are the text
//! beside them once more. A mark stands in their place, and reading makes them again.

use crate::base::{Map, Value};
use crate::event::{Event, Record};
use crate::wire::lines::split;

/// The only key of a mark; its value names the text that the lines are of.
const LINES_OF: &str = "benchbook_lines_of";

/// The record with marks for lines; none when it has no such lines.
pub(super) fn fold(record: &Record) -> Option<Record> {
    let event = match record {
        Record::Happened { event, .. } => event,
        Record::Ended(ending) => &ending.told,
        _ => return None,
    };
    let Event::StepEnded { result, .. } = event else { return None };
    let folded = folded(result)?;
    let mut record = record.clone();
    *result_mut(&mut record)? = folded;
    Some(record)
}

/// The record as it was.
pub(super) fn unfold(mut record: Record) -> Record {
    if let Some(value) = result_mut(&mut record)
        && let Some(whole) = unfolded(value)
    {
        *value = whole;
    }
    record
}

fn result_mut(record: &mut Record) -> Option<&mut Value> {
    let event = match record {
        Record::Happened { event, .. } => event,
        Record::Ended(ending) => &mut ending.told,
        _ => return None,
    };
    match event {
        Event::StepEnded { result, .. } => Some(result),
        _ => None,
    }
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
    use crate::base::Timestamp;
    use crate::event::Fate;
    use crate::wire::Status;

    fn told(result: Value) -> Record {
        let event = Event::StepEnded {
            step: "play/step".into(),
            name: "a step".into(),
            host: "n1".into(),
            stage: None,
            case: None,
            round: None,
            warmup: false,
            fate: Fate::Ran { status: Status::Ok, changed: false, ignored: false },
            msg: None,
            causes: Vec::new(),
            result,
            started: Timestamp(0),
            ended: Timestamp(0),
            there: None,
            place: String::new(),
            handler: false,
            diff: Vec::new(),
        };
        Record::Happened { time: Timestamp(0), event }
    }

    #[test]
    fn lines_are_kept_once_and_come_back() {
        let mut said = Map::from_iter([("stdout", "a\nb\n"), ("stderr", "")]);
        said.insert("stdout_lines", vec!["a", "b"]);
        said.insert("stderr_lines", Vec::<&str>::new());
        let looped = Map::from_iter([("results", vec![Value::from(said.clone()), said.into()])]);
        let record = told(looped.into());
        let kept = fold(&record).expect("it has lines");
        let text = serde_json::to_string(&kept).unwrap();
        assert_eq!(text.matches(r#"{"benchbook_lines_of":"stdout"}"#).count(), 2, "{text}");
        let read = serde_json::from_str(&text).unwrap();
        assert_eq!(unfold(read), record);
    }

    #[test]
    fn other_lines_and_no_lines_stay_as_they_are() {
        let mut map = Map::from_iter([("stdout", "a\nb\n")]);
        let record = told(map.clone().into());
        assert_eq!(fold(&record), None);
        assert_eq!(unfold(record.clone()), record);
        map.insert("stdout_lines", vec!["something else"]);
        let record = told(map.into());
        assert_eq!(fold(&record), None);
        assert_eq!(unfold(record.clone()), record);
    }
}
