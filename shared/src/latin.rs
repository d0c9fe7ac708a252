//! The characters that a PDF report can show: those of Windows-1252, which the fonts of every reader have. The web app says so before somebody downloads
//! one that would hold others.

/// Those between 0x80 and 0x9F; the rest are Latin-1. Nothing for the five bytes that stand for none.
const BETWEEN: [char; 32] = [
    '\u{20AC}', '\0', '\u{201A}', '\u{192}', '\u{201E}', '\u{2026}', '\u{2020}', '\u{2021}', '\u{2C6}', '\u{2030}', '\u{160}', '\u{2039}', '\u{152}',
    '\0', '\u{17D}', '\0', '\0', '\u{2018}', '\u{2019}', '\u{201C}', '\u{201D}', '\u{2022}', '\u{2013}', '\u{2014}', '\u{2DC}', '\u{2122}',
    '\u{161}', '\u{203A}', '\u{153}', '\0', '\u{17E}', '\u{178}',
];

/// The byte of a character in a PDF report; `None` for what it cannot show. Control characters are spaces, and a minus is a hyphen.
pub fn byte(letter: char) -> Option<u8> {
    match letter {
        '\u{2212}' => Some(b'-'),
        letter if letter.is_control() => Some(b' '),
        ' '..='~' | '\u{A0}'..='\u{FF}' => Some(letter as u8),
        _ => (0x80..).zip(BETWEEN).find(|(_, own)| *own == letter).map(|(byte, _)| byte),
    }
}

/// Whether a PDF report shows the whole of a text.
pub fn shows(text: &str) -> bool {
    text.chars().all(|letter| byte(letter).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_windows_1252_has_is_shown() {
        let bytes: Vec<Option<u8>> = "é\u{2212}\u{20AC}\u{160}\u{178}\u{4E2D}\u{3B1}\n\0".chars().map(byte).collect();
        assert_eq!(bytes, [Some(0xE9), Some(b'-'), Some(0x80), Some(0x8A), Some(0x9F), None, None, Some(b' '), Some(b' ')]);
        assert!(shows("caf\u{E9} \u{201E}x\u{201C} \u{2013} 1 \u{20AC}") && !shows("\u{3B1} = 0.1"));
    }
}
