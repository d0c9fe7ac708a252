//! Digests that clients declare of bodies (RFC 9530).

use actix_web::http::header::HeaderMap;
use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use shared::ErrorCode;

use crate::{fault::Fault, platform::Digest};

/// A body comes as it is, so both say the same of it.
const HEADERS: [&str; 2] = ["content-digest", "repr-digest"];
/// The algorithm that is checked. What only another one says of a body is passed over, as the RFC has it.
const ALGORITHM: &str = "sha-256";
/// As structured fields are read: padded or not.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent).with_decode_allow_trailing_bits(true),
);

/// The digest that a body is declared to have; `None`: none is declared that is known here.
///
/// # Errors
/// `Invalid` for a header that cannot be read; `DigestMismatch` when two contradict each other.
pub fn declared(headers: &HeaderMap) -> Result<Option<Digest>, Fault> {
    let mut declared = None;
    for name in HEADERS {
        let lines: Option<Vec<&str>> = headers.get_all(name).map(|line| line.to_str().ok()).collect();
        let digest = lines.and_then(|lines| read(&lines.join(",")).ok());
        let digest =
            digest.ok_or_else(|| Fault::new(ErrorCode::Invalid, format!("The header {name} is not a list of digests as RFC 9530 has them.")))?;
        if declared.is_some() && digest.is_some() && declared != digest {
            return Err(mismatch());
        }
        declared = declared.or(digest);
    }
    Ok(declared)
}

/// What is said of a body that has another digest.
pub fn mismatch() -> Fault {
    Fault::new(ErrorCode::DigestMismatch, "The body is not what its declared digest says. Nothing was stored; send it again.")
}

/// A header that breaks the grammar.
#[derive(Debug, PartialEq, Eq)]
struct Malformed;

/// Reads a dictionary of byte sequences (RFC 8941, section 3.2). Of a key that comes twice the last one counts.
fn read(header: &str) -> Result<Option<Digest>, Malformed> {
    let mut found = None;
    for member in header.split(',').map(str::trim).filter(|member| !member.is_empty()) {
        let (key, value) = member.split_once('=').ok_or(Malformed)?;
        let is_key = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-.*".contains(&byte);
        if !key.starts_with(|first: char| first.is_ascii_lowercase() || first == '*') || !key.bytes().all(is_key) {
            return Err(Malformed);
        }
        // What follows a semicolon are parameters, of which none has a meaning here.
        let value = value.split(';').next().unwrap_or_default().trim_end();
        let text = value.strip_prefix(':').and_then(|text| text.strip_suffix(':')).ok_or(Malformed)?;
        let bytes = BASE64.decode(text).map_err(|_| Malformed)?;
        if key == ALGORITHM {
            found = Some(Digest::from_slice(&bytes).ok_or(Malformed)?);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_read_as_the_rfcs_say() {
        const OF_HELLO: &str = "sha-256=:LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=:";
        let hello = Some(Digest::of(b"hello"));
        for header in [
            OF_HELLO.to_owned(),
            OF_HELLO.replace("CQ=:", "CQ:"),
            format!(" sha-512=:AAAA:,\t{OF_HELLO};note=1 "),
            format!("sha-256=:{}=:,{OF_HELLO}", "A".repeat(43)),
        ] {
            assert_eq!(read(&header), Ok(hello), "{header}");
        }
        for header in ["", "md5=:AAAA:", "unixsum=:AA==:, sha-512=:AAAA:"] {
            assert_eq!(read(header), Ok(None), "{header}");
        }
        for header in
            ["x", "sha-256", "sha-256=", "sha-256=abc", "sha-256=:AAAA:", "sha-256=:%%%%:", "SHA-256=:AAAA:", "=:AAAA:", "md5=AAAA", "sha-256=:AAAA"]
        {
            assert_eq!(read(header), Err(Malformed), "{header}");
        }
    }
}
