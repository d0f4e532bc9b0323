//! What is counted of a line.

pub(crate) struct Counted {
    pub(crate) words: usize,
    /// Unicode's code points.
    pub(crate) characters: usize,
}

/// Words lie between spaces and tabs.
pub(crate) fn line(text: &str) -> Counted {
    let words = text.split([' ', '\t']).filter(|word| !word.is_empty()).count();
    Counted { words, characters: text.chars().count() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_lie_between_spaces_and_tabs() {
        for (text, words, characters) in [("", 0, 0), ("one", 1, 3), ("  two \t words ", 2, 14), ("für ☃", 2, 5)] {
            let counted = line(text);
            assert_eq!((counted.words, counted.characters), (words, characters), "{text}");
        }
    }
}
