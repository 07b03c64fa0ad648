//! The summary as JSON, for programs. `form` counts up when a field changes its meaning.

use serde::Serialize;

use super::Selection;
use super::summary::Summary;
use crate::base::selector::selects_case_id;

#[derive(Serialize)]
struct Document<'a> {
    form: u32,
    #[serde(flatten)]
    summary: &'a Summary,
}

/// The whole text.
pub(super) fn print(summary: &Summary, selection: &Selection) -> String {
    let mut summary = summary.clone();
    if let Some(wanted) = &selection.case {
        summary.rows.retain(|row| selects_case_id(wanted, row.case.as_str()));
        summary.slices.retain(|slice| selects_case_id(wanted, slice.case.as_str()));
        summary.notes.retain(|note| selects_case_id(wanted, note.case.as_str()));
        summary
            .failures
            .retain(|f| f.case.as_ref().is_some_and(|case| selects_case_id(wanted, case.as_str())));
    }
    if let Some(wanted) = &selection.host {
        summary.rows.iter_mut().for_each(|row| row.cells.retain(|host, _| host.as_str() == wanted));
        summary.failures.retain(|f| f.host.as_str() == wanted);
        summary.slices.retain(|slice| slice.host.as_str() == wanted);
        summary.notes.retain(|note| note.host.as_str() == wanted);
    }
    let text = serde_json::to_string_pretty(&Document { form: 1, summary: &summary });
    text.expect("maps have string keys") + "\n"
}
