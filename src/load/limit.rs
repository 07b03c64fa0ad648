//! `--limit`: a host pattern that may also name files of patterns, one per line (`@failed.txt`).

use std::path::Path;

use super::{Files, text};
use crate::base::{Diagnostics, Span};
use crate::model::{Pattern, pattern};

/// Reads a pattern in which `@file` stands for the patterns in that file.
pub fn read_limit(files: &dyn Files, limit: &str, span: &Span) -> Result<Pattern, Diagnostics> {
    let mut problems = Diagnostics::new();
    let mut whole = Pattern::default();
    for range in pattern::split(limit) {
        let place = span.part(range.clone());
        let Some(path) = limit[range.clone()].strip_prefix('@') else {
            whole = whole.and(problems.keep(Pattern::parse(&limit[range], &place)).unwrap_or_default());
            continue;
        };
        let read = text::read(files, Path::new(path), "a list of hosts", Some(&place));
        let Some(source) = problems.keep(read) else { continue };
        let mut start = 0;
        for line in source.text().split_inclusive('\n') {
            let words = line.trim();
            let at = start + line.len() - line.trim_start().len();
            start += line.len();
            if !words.is_empty() && !words.starts_with('#') {
                let parsed = Pattern::parse(words, &Span::new(&source, at, at + words.len()));
                whole = whole.and(problems.keep(parsed).unwrap_or_default());
            }
        }
    }
    problems.into_result(whole).map(|(pattern, _)| pattern)
}

#[cfg(test)]
mod tests {
    use super::read_limit;
    use crate::base::Span;
    use crate::load::{InventorySource, MemoryFiles, Reading, load_inventory};

    #[test]
    fn a_file_of_hosts_stands_for_its_lines() {
        let files =
            MemoryFiles::new([("hosts", "n1\nn2\nn3\nn4\n"), ("failed", "# last night\nn1\n\nn2:n3\n")]);
        let (inventory, _) =
            load_inventory(&files, &[InventorySource::argument("hosts")], None, None, &Reading::default())
                .expect("four hosts");
        let limit = |text: &str| read_limit(&files, text, &Span::whole("<command line>", text));
        let selected = limit("@failed:!n2").map(|pattern| inventory.select(&pattern));
        assert_eq!(selected.expect("a pattern"), Ok(vec!["n1".into(), "n3".into()]));
        insta::assert_snapshot!(limit("n1,@missing").expect_err("no file"), @r"
        error[missing-file]: there is no file missing
         --> <command line>:1:4
          |
        1 | n1,@missing
          |    ^^^^^^^^
        ");
    }
}
