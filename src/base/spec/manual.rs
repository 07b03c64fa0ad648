//! The reference page of a module or action, as Markdown: generated, so that it cannot lie.

use std::fmt::Write as _;

use serde_json::Value as Json;

use super::{CheckMode, OnResume, Param, Spec};

/// These parameters and what may stand inside of them, each with the way to it: `build.container_limits.memory`.
fn rows<'a>(path: &str, params: &'a [Param]) -> Vec<(String, &'a Param)> {
    let row = |param: &'a Param| {
        let name = format!("{path}{}", param.name);
        let inside = rows(&format!("{name}."), param.inside());
        std::iter::once((name, param)).chain(inside)
    };
    params.iter().flat_map(row).collect()
}

impl Spec {
    /// Its page of the reference: what it does, its parameters, how it behaves under `--check` and `resume`.
    pub fn manual(&self) -> String {
        let mut page = format!("# {}\n\n{}\n", self.name, self.summary);
        let schema = (self.schema)();
        if let Some(about) = schema.get("description").and_then(Json::as_str) {
            let _ = write!(page, "\n{about}\n");
        }
        if let Some(param) = self.free_form {
            let _ = write!(page, "\nA plain string is `{param}`.\n");
        }
        let groups = self.groups();
        let params = &groups.params;
        if !params.is_empty() {
            page.push_str("\n| parameter | takes | default | |\n|---|---|---|---|\n");
        }
        for (name, param) in rows("", params) {
            let mut takes = param.kind.to_string();
            if !param.choices.is_empty() {
                let words: Vec<String> = param.choices.iter().map(|c| format!("`{c}`")).collect();
                takes = words.join(", ");
            }
            let default = match &param.default {
                _ if param.required => "required".to_owned(),
                Some(default) => format!("`{default}`"),
                None => String::new(),
            };
            let mut doc = param.doc.replace('\n', " ").replace('|', "\\|");
            if !param.aliases.is_empty() {
                let _ = write!(doc, " Alias: `{}`.", param.aliases.join("`, `"));
            }
            let _ = writeln!(page, "| `{name}` | {takes} | {default} | {doc} |");
        }
        if self.open {
            page.push_str("\nAny other key is welcome.\n");
        }
        for names in &groups.exclusive {
            let _ = write!(page, "\nOnly one of `{}` may be given.\n", names.join("`, `"));
        }
        for names in &groups.one_of {
            let _ = write!(page, "\nOne of `{}` must be given.\n", names.join("`, `"));
        }
        let unsupported = self.unsupported();
        if !unsupported.is_empty() {
            page.push_str("\nRefused, though Ansible has them:\n\n| parameter | instead |\n|---|---|\n");
        }
        for (name, instead) in unsupported {
            let _ = writeln!(page, "| `{name}` | {} |", instead.replace('|', "\\|"));
        }
        page.push_str(match self.check {
            CheckMode::Full => "\nUnder `--check` it says what would change.",
            CheckMode::ReadOnly => "\nIt only reads, so `--check` makes no difference.",
            CheckMode::Skipped => "\nUnder `--check` it is skipped.",
        });
        page.push_str(match self.on_resume {
            OnResume::Rerun => " After an interruption it is run again.\n",
            OnResume::Fail => " After an interruption it is not run again by itself.\n",
            OnResume::Skip => " After an interruption it is passed by.\n",
        });
        page
    }
}
