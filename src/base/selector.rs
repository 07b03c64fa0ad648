//! Selectors of `--case`, the same for every verb: `stream`, `str*`, `stream[threads=1]`, `*[mib=6?]`. Knows a case only by its
//! name, its id and its parameters.

/// Whether `selector` means the case with this name and id, whose parameters `param` gives as text. Parameters that the
/// selector does not name do not matter.
pub fn selects_case(selector: &str, name: &str, id: &str, param: impl Fn(&str) -> Option<String>) -> bool {
    if selector == id {
        return true;
    }
    let (pattern, wanted) = split_case(selector);
    let holds = |part: &&str| {
        part.split_once('=')
            .is_some_and(|(key, value)| param(key.trim()).is_some_and(|is| glob(value.trim(), &is)))
    };
    glob(pattern, name) && wanted.iter().all(holds)
}

/// The same for a case of which only the id is known.
pub fn selects_case_id(selector: &str, id: &str) -> bool {
    let (name, params) = split_case(id);
    let param = |wanted: &str| {
        let mut pairs = params.iter().filter_map(|p| p.split_once('='));
        pairs.find(|(key, _)| *key == wanted).map(|(_, value)| value.to_owned())
    };
    selects_case(selector, name, id, param)
}

/// `stream[threads=1,mib=64]` → `stream` and its parameters.
pub fn split_case(case: &str) -> (&str, Vec<&str>) {
    let Some((name, rest)) = case.strip_suffix(']').and_then(|c| c.split_once('[')) else {
        return (case, Vec::new());
    };
    (name, rest.split(',').map(str::trim).filter(|p| !p.is_empty()).collect())
}

/// Whether a pattern with `*` and `?` fits a whole text.
pub fn glob(pattern: &str, text: &str) -> bool {
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

    #[test]
    fn cases_are_selected_by_name_parameters_and_globs() {
        let id = "stream[threads=1,mib=64]";
        let all = ["stream", "st*", "stream[threads=1]", "*[mib=6?]", "stream[mib=64, threads=1]", id];
        for good in all {
            assert!(selects_case_id(good, id), "{good}");
        }
        for bad in ["gemm", "stream[threads=2]", "strea", "stream[cores=1]", "stream[mib=6]", "stream[mib]"] {
            assert!(!selects_case_id(bad, id), "{bad}");
        }
    }

    #[test]
    fn a_parameter_may_hold_what_an_id_is_made_of() {
        let param = |key: &str| (key == "shape").then(|| "a=b".to_owned());
        assert!(selects_case("gemm[shape=a=b]", "gemm", "gemm[shape=a=b]", param));
        assert!(selects_case("g*[shape=a*]", "gemm", "gemm[shape=a=b]", param));
    }
}
