//! Names in an archive. Whoever unpacks it writes files under them, on whatever system: so they are made of what every file system takes, and no name leads
//! anywhere but down.

use sha2::{Digest, Sha256};

/// Longest segment, in bytes: what common file systems accept as one name.
const SEGMENT_MAX: usize = 180;
/// Longest path of an artifact, in bytes.
const PATH_MAX: usize = 1_000;

/// Names that Windows keeps for itself, whatever ending they have.
const RESERVED: [&str; 4] = ["con", "prn", "aux", "nul"];

/// A path made harmless. What stands in it for something else is `%` and two hexadecimal digits a byte, so that two paths never become one; what is too long, ends
/// in `~` and the SHA-256 of the whole.
pub fn safe(path: &str) -> String {
    let segments: Vec<String> = path.split('/').map(segment).collect();
    let whole = segments.join("/");
    if whole.len() <= PATH_MAX {
        return whole;
    }
    let kept = cut(&whole, PATH_MAX / 2).trim_end_matches(['/', '.', ' ', '%']).to_owned();
    format!("{kept}~{}", mark(path))
}

fn segment(text: &str) -> String {
    if text.is_empty() {
        return "%".into();
    }
    let dots = text.bytes().all(|byte| byte == b'.');
    let stem = text.split('.').next().unwrap_or_default().to_lowercase();
    let port = stem.len() == 4 && ["com", "lpt"].iter().any(|port| stem.starts_with(port)) && stem.ends_with(|c: char| c.is_ascii_digit());
    let reserved = RESERVED.contains(&stem.trim_end()) || port;
    let mut safe = String::with_capacity(text.len());
    let last = text.char_indices().last().map_or(0, |(at, _)| at);
    for (at, c) in text.char_indices() {
        let edge = (at == 0 && (c == ' ' || c == '~' || reserved)) || (at == last && matches!(c, ' ' | '.'));
        if edge || dots || !is_harmless(c) {
            let mut bytes = [0; 4];
            c.encode_utf8(&mut bytes).bytes().for_each(|byte| safe.push_str(&format!("%{byte:02X}")));
        } else {
            safe.push(c);
        }
    }
    if safe.len() <= SEGMENT_MAX { safe } else { format!("{}~{}", cut(&safe, SEGMENT_MAX / 2).trim_end_matches(['.', ' ', '%']), mark(text)) }
}

fn is_harmless(c: char) -> bool {
    !c.is_control()
        && !matches!(c, '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|' | '%' | '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// The beginning of a text, at most so many bytes, no half of a character or of an escape.
fn cut(text: &str, most: usize) -> &str {
    let mut end = most.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    match text[..end].rfind('%') {
        Some(at) if end - at < 3 => &text[..at],
        _ => &text[..end],
    }
}

fn mark(text: &str) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn leads_nowhere_else(name: &str) {
        assert!(!name.starts_with('/') && name.len() <= PATH_MAX, "{name}");
        for part in name.split('/') {
            assert!(!part.is_empty() && part.len() <= 255 && part != "." && part != "..", "{name}");
            assert!(!part.ends_with(['.', ' ']) && !part.starts_with([' ', '~']), "{name}");
            assert!(!part.contains(['\\', ':', '\0', '\n', '\r', '*', '?', '"', '<', '>', '|']) && !part.chars().any(char::is_control), "{name}");
        }
    }

    #[test]
    fn ordinary_names_stay_and_hostile_ones_lead_nowhere() {
        for plain in ["model/MLmodel", "plots/a b.png", "\u{e4}/\u{65e5}\u{672c}.txt", "a/.hidden", "x..y/..z", "console/comet"] {
            assert_eq!(safe(plain), plain);
        }
        for (hostile, expected) in [
            ("../../etc/passwd", "%2E%2E/%2E%2E/etc/passwd"),
            ("/etc/passwd", "%/etc/passwd"),
            ("a//b/", "a/%/b/%"),
            ("./a", "%2E/a"),
            ("..\\..\\evil.exe", "..%5C..%5Cevil.exe"),
            ("C:/x", "C%3A/x"),
            ("con.txt", "%63on.txt"),
            ("a/LPT1", "a/%4CPT1"),
            ("name. ", "name.%20"),
            ("dot.", "dot%2E"),
            ("~/x", "%7E/x"),
            ("a\nb\u{202e}c", "a%0Ab%E2%80%AEc"),
            ("100%/x", "100%25/x"),
            ("%2e%2e/x", "%252e%252e/x"),
            ("", "%"),
        ] {
            assert_eq!(safe(hostile), expected, "{hostile:?}");
            leads_nowhere_else(&safe(hostile));
        }
    }

    #[test]
    fn long_names_are_cut_and_told_apart() {
        let (one, two) = (format!("{}1", "x".repeat(300)), format!("{}2", "x".repeat(300)));
        assert_ne!(safe(&one), safe(&two));
        leads_nowhere_else(&safe(&one));
        let deep = vec!["\u{1f600}\u{7}".repeat(40); 60].join("/");
        leads_nowhere_else(&safe(&deep));
        assert_ne!(safe(&deep), safe(&format!("{deep}/x")));
    }

    proptest! {
        #[test]
        fn nothing_leads_elsewhere_and_no_two_become_one(a in "\\PC{0,30}(/\\PC{0,30}){0,4}", b in "[./\\\\~%: a]{0,12}", c in "[./\\\\~%: a]{0,12}") {
            for name in [&a, &b, &c] {
                leads_nowhere_else(&safe(name));
            }
            prop_assert_eq!(safe(&b) == safe(&c), b == c);
        }
    }
}
