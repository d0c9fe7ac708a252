//! Page tokens: base64 of `{"offset": N}`, as MLflow's own.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};

use super::{Error, wire::Text};

/// A list is not paged further than this.
const OFFSET_MAX: u64 = 100_000_000;

#[derive(Serialize, Deserialize)]
struct Token {
    offset: u64,
}

/// The offset of a page; 0 without a token.
///
/// # Errors
/// 400 for a token that this server did not give out.
pub fn offset(token: Option<Text>) -> Result<u64, Error> {
    let Some(token) = token.filter(|token| !token.0.is_empty()) else { return Ok(0) };
    let bytes = STANDARD.decode(&token.0).ok();
    let token: Option<Token> = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    token.map(|token| token.offset).filter(|offset| *offset <= OFFSET_MAX).ok_or_else(|| Error::invalid("Invalid page token, could not parse it"))
}

/// The token of the page that begins at `offset`; `None` when there is none.
pub fn next(more: bool, offset: u64, rows: usize) -> Option<String> {
    more.then(|| STANDARD.encode(format!("{{\"offset\": {}}}", offset + rows as u64)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t38_only_tokens_of_ours_are_read() {
        assert_eq!(offset(None), Ok(0));
        assert_eq!(offset(next(true, 10, 5).map(Text)), Ok(15));
        assert_eq!(next(false, 10, 5), None);
        for bad in ["x", "{}", "eyJvZmZzZXQiOiAtMX0=", "eyJvZmZzZXQiOiA5ZTE4fQ==", "eyJvZmZzZXQiOiA5OTk5OTk5OTk5OTk5OTl9"] {
            assert!(offset(Some(Text(bad.into()))).is_err(), "{bad}");
        }
    }
}
