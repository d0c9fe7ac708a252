//! The grammar of artifact paths: an allow-list, applied to text that was percent-decoded exactly once.
//!
//! A path never reaches a file system (bytes live under their digest), so the grammar protects the readers: clients that write downloads to
//! their own disk, browsers, logs and headers.

use std::fmt;

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// Longest path, in bytes.
pub const MAX_PATH_BYTES: usize = 1024;
/// Longest segment, in bytes: what common file systems accept as one name.
pub const MAX_SEGMENT_BYTES: usize = 255;
/// Deepest nesting, in segments.
pub const MAX_SEGMENTS: usize = 64;

/// A relative path of clean segments in Unicode NFC, for example `model/data/weights.bin`. The root is the empty path.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ArtifactPath(String);

/// Why a text is not an artifact path. The message is public.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    #[error("Invalid path: not UTF-8 after percent-decoding.")]
    Encoding,
    #[error("Invalid path: it must be relative.")]
    Absolute,
    #[error("Invalid path: '.' , '..' and empty segments are not allowed.")]
    Dots,
    #[error("Invalid path: a segment may not begin or end with a space, begin with '~', or end with a dot or colon.")]
    Edge,
    #[error("Invalid path: it contains a character that is not allowed.")]
    Character,
    #[error("Invalid path: it contains an encoded separator, dot or NUL.")]
    Encoded,
    #[error("Invalid path: longer than {MAX_PATH_BYTES} bytes, a segment longer than {MAX_SEGMENT_BYTES}, or deeper than {MAX_SEGMENTS}.")]
    TooLong,
    #[error("Invalid path: it names a folder where a file is needed.")]
    Empty,
}

impl ArtifactPath {
    /// The root folder.
    pub fn root() -> Self {
        Self::default()
    }

    /// Percent-decodes `raw` (a part of a request's path, where `+` is a plus) once and parses the result.
    pub fn decode(raw: &str) -> Result<Self, PathError> {
        Self::parse(&percent_decode(raw)?)
    }

    /// Parses text that needs no further decoding. The empty text is the root.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        if text.is_empty() {
            return Ok(Self::root());
        }
        if text.len() > 4 * MAX_PATH_BYTES {
            return Err(PathError::TooLong);
        }
        if text.starts_with(['/', '\\']) || has_drive(text) {
            return Err(PathError::Absolute);
        }
        if hides_encoding(text) {
            return Err(PathError::Encoded);
        }
        let path: String = text.nfc().collect();
        let mut segments = 0;
        for segment in path.split('/') {
            segments += 1;
            check_segment(segment)?;
        }
        if path.len() > MAX_PATH_BYTES || segments > MAX_SEGMENTS {
            return Err(PathError::TooLong);
        }
        Ok(Self(path))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// `path` inside this folder.
    pub fn join(&self, path: &ArtifactPath) -> Result<Self, PathError> {
        match (self.is_root(), path.is_root()) {
            (true, _) => Ok(path.clone()),
            (_, true) => Ok(self.clone()),
            _ => Self::parse(&format!("{self}/{path}")),
        }
    }

    /// The last segment; empty for the root.
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }

    /// This path, if it can name a file.
    pub fn file(self) -> Result<Self, PathError> {
        if self.is_root() { Err(PathError::Empty) } else { Ok(self) }
    }

    /// Every folder above this path, nearest the root first, without the root: `a/b/c` has `a` and `a/b`.
    pub fn ancestors(&self) -> impl Iterator<Item = &str> {
        self.0.match_indices('/').map(|(end, _)| &self.0[..end])
    }

    /// Whether this path is `folder` or lies below it. Everything lies below the root.
    pub fn is_within(&self, folder: &ArtifactPath) -> bool {
        folder.is_root() || self.0.strip_prefix(folder.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

impl fmt::Display for ArtifactPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Decodes `%XX` once. A `%` that starts no escape stays as it is, which is what clients that do not encode it expect.
pub fn percent_decode(raw: &str) -> Result<String, PathError> {
    let bytes = raw.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        match (bytes[at], bytes.get(at + 1).and_then(hex), bytes.get(at + 2).and_then(hex)) {
            (b'%', Some(high), Some(low)) => {
                out.push(high << 4 | low);
                at += 3;
            }
            (byte, ..) => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8(out).map_err(|_| PathError::Encoding)
}

fn hex(byte: &u8) -> Option<u8> {
    char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

fn has_drive(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= 2 && bytes[0].is_ascii_alphabetic() && bytes[1] == b':'
}

/// Whether a second, third, … decoding would yield a separator, a dot, a NUL or an overlong form of them. Other escapes are ordinary text:
/// the client names images `images/key%step%12%timestamp%1732…`.
fn hides_encoding(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    lower.match_indices('%').any(|(at, _)| {
        let mut rest = &lower[at + 1..];
        while let Some(next) = rest.strip_prefix("25") {
            rest = next;
        }
        ["00", "2e", "2f", "5c", "c0", "c1"].iter().any(|escape| rest.starts_with(escape))
    })
}

fn check_segment(segment: &str) -> Result<(), PathError> {
    if segment.bytes().all(|byte| byte == b'.') {
        return Err(PathError::Dots);
    }
    if segment.starts_with([' ', '~']) || segment.ends_with([' ', '.', ':']) {
        return Err(PathError::Edge);
    }
    if !segment.chars().all(is_allowed) {
        return Err(PathError::Character);
    }
    if segment.len() > MAX_SEGMENT_BYTES {
        return Err(PathError::TooLong);
    }
    Ok(())
}

/// Letters, digits and marks of every script, common signs and pictures. Not: controls, quotes, wildcards, `\ # ; ? < > |`, invisible and
/// direction-changing characters, and whatever compatibility decomposition turns into a dot or a slash.
fn is_allowed(c: char) -> bool {
    match c {
        'a'..='z' | 'A'..='Z' | '0'..='9' => true,
        ' ' | '_' | '-' | '.' | '+' | '=' | '@' | ',' | '(' | ')' | '[' | ']' | '{' | '}' | '!' | '\'' | '&' | '$' | '%' | '~' | '^' | ':' => true,
        _ if c.is_ascii() => false,
        '\u{ad}' => false,
        '\u{a1}'..='\u{ff}' | '\u{2010}'..='\u{2015}' | '\u{2018}'..='\u{2022}' | '\u{20a0}'..='\u{20bf}' => true,
        '\u{2190}'..='\u{22ff}' | '\u{2500}'..='\u{27bf}' | '\u{1f300}'..='\u{1faff}' => !decomposes_to_syntax(c),
        '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}' => false, // letters by category, invisible on screen
        _ => (c.is_alphanumeric() || is_combining_mark(c)) && !decomposes_to_syntax(c),
    }
}

fn decomposes_to_syntax(c: char) -> bool {
    matches!(c, '\u{2044}' | '\u{2215}' | '\u{2216}' | '\u{29f8}') || [c].into_iter().nfkc().any(|part| matches!(part, '.' | '/' | '\\' | '\u{2044}'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepted(raw: &str) -> String {
        ArtifactPath::decode(raw).unwrap_or_else(|error| panic!("{raw:?} was refused: {error}")).as_str().to_owned()
    }

    #[test]
    fn t20_refuses_every_traversal_and_encoding() {
        let long = "a".repeat(5000);
        let deep = vec!["a"; 300].join("/");
        let cases = [
            "../../etc/passwd",
            "..",
            ".",
            "a/..",
            "a/../b",
            "a/./b",
            "a/./../../b",
            "./a",
            "..%2f",
            "..%2F..%2Fetc",
            "%2e%2e/",
            "%2e%2e%2fa",
            "%252e%252e%252f",
            "%25252e%25252e%25252fa",
            "a%252fb",
            "a%255cb",
            "a%2500",
            "..\\",
            "..%5c",
            "a\\b",
            "a%5cb",
            "%c0%ae",
            "%c0%ae%c0%ae/a",
            "%25c0%25ae",
            "%e0%80%ae",
            "....//",
            "....",
            ".../a",
            "/etc/passwd",
            "%2fetc%2fpasswd",
            "//h/x",
            "%2f%2fh",
            "C:\\x",
            "C:x",
            "c:/x",
            "file:///x",
            "file:/x",
            "http://h/x",
            "%00",
            "a%00.txt",
            "．．／",
            "%ef%bc%8e%ef%bc%8e%ef%bc%8f",
            "．．",
            "a／b",
            "a＼b",
            "․․/a",
            "‥/a",
            "a∕b",
            "a⁄b",
            "~",
            "~root/x",
            "/proc/self/environ",
            "x;y",
            "x%3by",
            "x#y",
            "x%23y",
            "x?y",
            "x%3fy",
            "trailing.",
            "trailing%20",
            "trailing. /x",
            "%20leading",
            "a//b",
            "a/",
            "/",
            "a%0d%0aSet-Cookie:x",
            "a%0ab",
            "a%09b",
            "a%7fb",
            "a%1bb",
            "a\"b",
            "a%22b",
            "a*b",
            "a|b",
            "a<b>",
            "a`b",
            "a\u{202e}b",
            "a\u{200b}b",
            "a\u{feff}",
            "a\u{ad}b",
            "a\u{2028}b",
            "a\u{85}b",
            "a\u{fffd}b",
            "a\u{e000}b",
            "a\u{3164}",
            "a\u{a0}b",
            "%ff",
            "%ed%a0%80",
            &long,
            &deep,
        ];
        for raw in cases {
            assert!(ArtifactPath::decode(raw).is_err(), "{raw:?} was accepted as {:?}", ArtifactPath::decode(raw));
        }
    }

    #[test]
    fn t33_names_with_line_breaks_quotes_or_300_bytes_are_refused() {
        assert_eq!(ArtifactPath::parse("a\"\r\nSet-Cookie: x=1"), Err(PathError::Character));
        assert_eq!(ArtifactPath::parse(&"n".repeat(300)), Err(PathError::TooLong));
        assert_eq!(accepted("%E9%9D%9Eascii"), "非ascii");
        assert_eq!(accepted("con"), "con");
    }

    #[test]
    fn names_real_clients_send_are_accepted() {
        assert_eq!(accepted("d%20d/odd%20name+%25%C3%A9.txt"), "d d/odd name+%é.txt");
        assert_eq!(accepted("images/key%25step%2512%25timestamp%251732000000000%25g123.png"), "images/key%step%12%timestamp%1732000000000%g123.png");
        assert_eq!(accepted("images/key%25step%2525%25timestamp"), "images/key%step%25%timestamp");
        for plain in [
            "MLmodel",
            "model/data/model.pkl",
            ".hidden",
            "a..b",
            "a.b.c",
            "2024-01-01T10:00:00.log",
            "x~",
            "naïve — “v2”.md",
            "हिन्दी.txt",
            "📈.png",
            "100% (final) [v1]{x}@2x,a=b!$&'^",
        ] {
            assert_eq!(ArtifactPath::parse(plain).map(|path| path.0), Ok(plain.to_owned()), "{plain}");
        }
    }

    #[test]
    fn names_are_normalised_to_nfc() {
        assert_eq!(ArtifactPath::parse("e\u{301}.txt"), ArtifactPath::parse("é.txt"));
    }

    #[test]
    fn limits_are_inclusive() {
        assert!(ArtifactPath::parse(&"a".repeat(MAX_SEGMENT_BYTES)).is_ok());
        assert!(ArtifactPath::parse(&vec!["a"; MAX_SEGMENTS].join("/")).is_ok());
        assert!(ArtifactPath::parse(&vec!["a"; MAX_SEGMENTS + 1].join("/")).is_err());
        assert_eq!(ArtifactPath::root().file(), Err(PathError::Empty));
    }

    #[test]
    fn ancestors_and_containment_follow_segments() {
        let path = ArtifactPath::parse("a/b/c").unwrap();
        assert_eq!(path.ancestors().collect::<Vec<_>>(), ["a", "a/b"]);
        assert!(path.is_within(&ArtifactPath::parse("a/b").unwrap()));
        assert!(path.is_within(&path));
        assert!(!path.is_within(&ArtifactPath::parse("a/b/").unwrap_or(ArtifactPath("a/bb".into()))));
        assert!(!ArtifactPath::parse("ab").unwrap().is_within(&ArtifactPath::parse("a").unwrap()));
    }

    proptest::proptest! {
        #[test]
        fn whatever_is_accepted_is_safe_and_stable(raw in "\\PC{0,60}|[a-z./%25\\\\ ]{0,40}") {
            if let Ok(path) = ArtifactPath::decode(&raw) {
                proptest::prop_assert!(!path.as_str().contains(['\\', '\0', '\r', '\n']));
                proptest::prop_assert!(path.is_root() || path.as_str().split('/').all(|s| !s.is_empty() && s != "." && s != ".."));
                proptest::prop_assert_eq!(ArtifactPath::parse(path.as_str()), Ok(path.clone()));
            }
        }
    }
}
