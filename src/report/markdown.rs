//! The result as a Markdown table, to paste into a merge request or a wiki.

use std::fmt::Write as _;

use super::Selection;
use super::summary::Summary;
use super::table::{cell, choose, direction, ends_legend, figure_name, percent, scale, verdict, wants_case};

/// The whole text.
pub(super) fn print(summary: &Summary, selection: &Selection) -> String {
    let wanted = |host: &&crate::base::HostName| selection.host.as_deref().is_none_or(|w| host.as_str() == w);
    let hosts: Vec<_> = summary.hosts.iter().filter(wanted).collect();
    let mut text = format!("**{}** {}", summary.playbook, summary.started.minute());
    if let Some(run) = &summary.run {
        let _ = write!(text, " `{run}`");
    }
    text += "\n\n| case | figure | unit | |";
    for host in &hosts {
        let _ = write!(text, " {} |", escaped(host.as_str()));
    }
    text += " Δ | verdict |\n|---|---|---|---|";
    text += &"--:|".repeat(hosts.len() + 1);
    text += "---|\n";
    let chosen = choose(summary, selection);
    for row in &chosen {
        let scale = scale(row);
        let mut cells = vec![
            row.case.to_string(),
            figure_name(row),
            if row.unit.is_empty() { String::new() } else { scale.unit.to_string() },
            direction(row).to_owned(),
        ];
        cells.extend(
            hosts.iter().map(|h| row.cells.get(*h).map_or("–".into(), |c| cell(c, row, &scale, true))),
        );
        cells.push(row.spread.map_or("–".to_owned(), percent));
        cells.push(verdict(row, &scale));
        for text_of_cell in cells {
            let _ = write!(text, "| {} ", escaped(&text_of_cell));
        }
        text += "|\n";
    }
    if !chosen.is_empty() {
        let _ = writeln!(text, "\nMedian (MAD) {}, number of rounds.", ends_legend(&chosen));
    }
    let concerned = |failure: &&super::summary::Failure| {
        wanted(&&failure.host) && failure.case.as_ref().is_none_or(|case| wants_case(selection, case))
    };
    for failure in summary.failures.iter().filter(concerned) {
        let case = failure.case.as_ref().map(ToString::to_string).unwrap_or_default();
        let _ =
            write!(text, "\n* **FAILED** {} {} {}", failure.host, escaped(&case), escaped(&failure.reason));
    }
    let notes = summary.notes.iter().filter(|n| wanted(&&n.host) && wants_case(selection, &n.case));
    for note in notes.map(ToString::to_string).chain(summary.warnings.iter().cloned()) {
        let _ = write!(text, "\n* {}", escaped(&note));
    }
    text.trim_end().to_owned() + "\n"
}

/// Neither the table nor what else is Markdown or HTML ends where a host says so.
fn escaped(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;").replace('\n', " ")
}
