//! What the command line selects: tags, stages, cases.

use std::sync::Arc;

use super::Options;
use crate::base::suggest::nearest;
use crate::base::{CaseId, Diagnostic, Map};
use crate::model::Stage;

impl Options {
    /// Whether `--tags` and `--skip-tags` let a task run, by Ansible's rules for `always`, `never`, `tagged`, `untagged`, `all`.
    pub(super) fn selects_tags(&self, tags: &[Arc<str>]) -> bool {
        let has = |list: &[String], word: &str| list.iter().any(|t| t == word);
        let own = |list: &[String]| tags.iter().any(|t| has(list, t));
        let tagged = tags.iter().any(|t| !matches!(&**t, "always" | "never"));
        let (always, never) = (tags.iter().any(|t| &**t == "always"), tags.iter().any(|t| &**t == "never"));
        let wanted = if self.tags.is_empty() || has(&self.tags, "all") {
            !never || own(&self.tags)
        } else {
            (always && !never)
                || own(&self.tags)
                || (has(&self.tags, "tagged") && tagged && !never)
                || (has(&self.tags, "untagged") && tags.is_empty())
        };
        let dropped = own(&self.skip_tags)
            || (has(&self.skip_tags, "all") && !always)
            || (has(&self.skip_tags, "tagged") && tagged)
            || (has(&self.skip_tags, "untagged") && tags.is_empty());
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

/// `stream`, `str*`, `stream[threads=1]`, `*[mib=64]`, `stream[threads=1,mib=64]`.
fn matches(selector: &str, name: &str, id: &CaseId, params: &Map) -> bool {
    if selector == id.as_str() {
        return true;
    }
    let (pattern, wanted) = match selector.strip_suffix(']').and_then(|s| s.split_once('[')) {
        Some((pattern, wanted)) => (pattern, wanted),
        None => (selector, ""),
    };
    let holds = |part: &str| {
        part.split_once('=').is_some_and(|(key, value)| {
            params.get(key.trim()).is_some_and(|v| glob(value.trim(), &v.to_string()))
        })
    };
    glob(pattern, name) && wanted.split(',').filter(|p| !p.trim().is_empty()).all(holds)
}

/// Whether a pattern with `*` and `?` fits a whole text.
pub(super) fn glob(pattern: &str, text: &str) -> bool {
    let mut rest = text;
    let mut chars = pattern.chars();
    while let Some(p) = chars.next() {
        match p {
            '*' => {
                let tail = chars.as_str();
                let mut starts = rest.char_indices().map(|(i, _)| i).chain([rest.len()]);
                return starts.any(|i| glob(tail, &rest[i..]));
            }
            '?' => {
                let Some(c) = rest.chars().next() else { return false };
                rest = &rest[c.len_utf8()..];
            }
            p => {
                let Some(after) = rest.strip_prefix(p) else { return false };
                rest = after;
            }
        }
    }
    rest.is_empty()
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
    }

    #[test]
    fn cases_are_selected_by_name_parameters_and_globs() {
        let id = CaseId::from("stream[threads=1,mib=64]");
        let params: Map = [("threads", 1), ("mib", 64)].into_iter().collect();
        for good in
            ["stream", "st*", "stream[threads=1]", "*[mib=6?]", "stream[mib=64,threads=1]", id.as_str()]
        {
            assert!(matches(good, "stream", &id, &params), "{good}");
        }
        for bad in ["gemm", "stream[threads=2]", "strea", "stream[cores=1]"] {
            assert!(!matches(bad, "stream", &id, &params), "{bad}");
        }
    }
}
