//! What a name must not do to its readers: hide characters, look like another name, or be one name in two spellings.

/// Cyrillic, Greek and Armenian letters that look like Latin ones.
const LOOKALIKES: &str = "аеѕіјӏорсԛухһԁԝАВЕЅІЈКМНОРСТУХԌԚԜοΑΒΕΖΗΙΚΜΝΟΡΤΥΧօսհոցԼՕՏ";

/// Whether a character changes how a text is read without being seen: controls, direction overrides, zero-width characters, soft hyphens and line
/// separators.
pub fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{AD}' | '\u{61C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
}

/// Whether some word of a text is Latin but for letters of another alphabet that only look so.
pub fn deceives(text: &str) -> bool {
    let word = |word: &str| word.contains(|c: char| c.is_ascii_alphabetic()) && word.contains(|c| LOOKALIKES.contains(c));
    !text.is_ascii() && text.split(|c: char| !c.is_alphabetic()).any(word)
}

/// A text in Unicode's composed form (NFC): two spellings of the same letters are one text.
#[cfg(not(target_arch = "wasm32"))]
pub fn composed(text: &str) -> String {
    use unicode_normalization::UnicodeNormalization;
    text.nfc().collect()
}

/// A text as it is: a page only says whether a name will do, and the tables would have to be downloaded first. The server composes what it keeps.
#[cfg(target_arch = "wasm32")]
pub fn composed(text: &str) -> String {
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t46_words_of_one_alphabet_deceive_nobody() {
        for honest in ["fraud", "модель fraud", "fraud-модель", "мороз", "β-VAE", "βVAE", "Δloss", "größe", "数据v2", "Анна Ada"]
        {
            assert!(!deceives(honest), "{honest}");
        }
        for bad in ["fr\u{430}ud_detector", "\u{421}hurn", "m\u{3bf}del", "the \u{410}nswer", "n\u{585}w"] {
            assert!(deceives(bad), "{bad:?}");
        }
    }

    #[test]
    fn t46_what_is_not_seen_is_known() {
        for c in "\0\n\u{7f}\u{85}\u{ad}\u{61c}\u{180e}\u{200b}\u{200f}\u{2028}\u{202e}\u{2060}\u{2069}\u{feff}".chars() {
            assert!(is_invisible(c), "{c:?}");
        }
        assert!(!"Ærø 数据 O'Neill é".contains(is_invisible));
    }
}
