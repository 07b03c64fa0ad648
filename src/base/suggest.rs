//! The nearest known word, for *did you mean*.

/// The known word most like `word`, if one is near enough to be a slip of the finger.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (word.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|k| (strsim::damerau_levenshtein(&word.to_lowercase(), &k.to_lowercase()), k))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, k)| (*distance, k.len().abs_diff(word.len())))
        .map(|(_, k)| k)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn near_words_are_found_and_far_ones_are_not() {
        let known = ["register", "repeat", "requires", "when"];
        assert_eq!(nearest("regsiter", known), Some("register"));
        assert_eq!(nearest("require", known), Some("requires"));
        assert_eq!(nearest("whne", known), Some("when"));
        assert_eq!(nearest("banana", known), None);
    }
}
