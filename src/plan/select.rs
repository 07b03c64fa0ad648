//! What the command line selects: tags, stages, cases.

use std::sync::Arc;

use super::Options;
use crate::base::selector::selects_case;
use crate::base::suggest::nearest;
use crate::base::{CaseId, Diagnostic, Map};
use crate::model::Stage;

impl Options {
    /// Whether `--tags` and `--skip-tags` let a task run, by Ansible's rules for `always`, `never`, `tagged`, `untagged`, `all`.
    pub(super) fn selects_tags(&self, tags: &[Arc<str>]) -> bool {
        let has = |list: &[String], word: &str| list.iter().any(|t| t == word);
        let own = |list: &[String]| tags.iter().any(|t| has(list, t));
        let (tagged, untagged) = (!tags.is_empty(), tags.is_empty());
        let (always, never) = (tags.iter().any(|t| &**t == "always"), tags.iter().any(|t| &**t == "never"));
        let wanted = always
            || own(&self.tags)
            || ((self.tags.is_empty() || has(&self.tags, "all")) && !never)
            || (has(&self.tags, "tagged") && tagged && !never)
            || (has(&self.tags, "untagged") && untagged);
        let dropped = if has(&self.skip_tags, "all") {
            !always || has(&self.skip_tags, "always")
        } else {
            own(&self.skip_tags)
                || (has(&self.skip_tags, "tagged") && tagged)
                || (has(&self.skip_tags, "untagged") && untagged)
        };
        wanted && !dropped
    }

    /// Whether `--stage` and `--skip-stage` let a step run. A step without a label always may.
    pub(super) fn selects_stage(&self, stage: Option<&Stage>) -> bool {
        let Some(name) = stage.map(Stage::name) else { return true };
        let among = |list: &[String]| list.iter().any(|s| s == name);
        (self.stages.is_empty() || among(&self.stages)) && !among(&self.skip_stages)
    }

    /// Whether `--case` lets a case run.
    pub(super) fn selects_case(&self, name: &str, id: &CaseId, params: &Map) -> bool {
        self.cases.is_empty() || self.cases.iter().any(|s| matches(s, name, id, params))
    }

    /// What is wrong with `--case` when these are all cases: a selector that selects nothing.
    pub(super) fn unmatched_cases<'a>(
        &'a self,
        cases: &'a [(Arc<str>, CaseId, Map)],
    ) -> impl Iterator<Item = Diagnostic> + 'a {
        let useless = |s: &&String| !cases.iter().any(|(name, id, params)| matches(s, name, id, params));
        self.cases.iter().filter(useless).map(|selector| {
            let names = || cases.iter().map(|(name, ..)| &**name);
            let ids = || cases.iter().map(|(_, id, _)| id.as_str());
            let found = Diagnostic::error("no-such-case", format!("`--case {selector}` selects no case"));
            let bare = selector.split('[').next().unwrap_or(selector);
            match nearest(selector, ids()).or_else(|| nearest(bare, names())) {
                Some(near) if near != bare => found.help(format!("did you mean `{near}`?")),
                _ if cases.is_empty() => found.help("this playbook has no cases"),
                _ => found.help(format!("the cases are {}", ids().collect::<Vec<_>>().join(", "))),
            }
        })
    }
}

fn matches(selector: &str, name: &str, id: &CaseId, params: &Map) -> bool {
    selects_case(selector, name, id.as_str(), |key| params.get(key).map(ToString::to_string))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(tags: &[&str], skip: &[&str]) -> Options {
        let list = |words: &[&str]| words.iter().map(ToString::to_string).collect();
        Options { tags: list(tags), skip_tags: list(skip), ..Options::default() }
    }

    fn selects(options: &Options, tags: &[&str]) -> bool {
        options.selects_tags(&tags.iter().map(|t| Arc::from(*t)).collect::<Vec<_>>())
    }

    #[test]
    fn tags_are_ansibles() {
        let none = options(&[], &[]);
        assert!(selects(&none, &[]) && selects(&none, &["a"]) && !selects(&none, &["never", "a"]));
        let a = options(&["a"], &[]);
        assert!(selects(&a, &["a", "b"]) && selects(&a, &["always"]) && selects(&a, &["never", "a"]));
        assert!(!selects(&a, &[]) && !selects(&a, &["b"]));
        let untagged = options(&["untagged"], &[]);
        assert!(selects(&untagged, &[]) && !selects(&untagged, &["a"]));
        let skip = options(&[], &["a"]);
        assert!(!selects(&skip, &["a", "always"]) && selects(&skip, &["b"]));
        assert!(!selects(&options(&[], &["always"]), &["always"]));
        assert!(selects(&options(&["never"], &[]), &["never"]));
        assert!(selects(&none, &["always", "never"]) && selects(&a, &["always", "never"]));
        let all = options(&[], &["all", "a"]);
        assert!(selects(&all, &["always", "a"]) && !selects(&all, &["a"]) && !selects(&all, &[]));
        assert!(!selects(&options(&[], &["tagged"]), &["always"]));
    }
}
