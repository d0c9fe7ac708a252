//! Addresses of web servers, as people type them.

use crate::{field::Refused, limits};

/// What is wrong with an address that is none of a web server.
pub const NONE: &str = "This is not an address of a web server. It begins with https:// or http:// and has no user, password, query or fragment.";

/// Checks that a text may be the address of a web server. Whether it is one that may be asked, the server decides.
///
/// # Errors
/// When it does not begin with `https://` or `http://` and a host, or has a user, password, query or fragment.
pub fn check(text: &str) -> Result<(), Refused> {
    let text = text.trim();
    let scheme = ["https://", "http://"].into_iter().find(|scheme| text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)));
    let rest = scheme.map(|scheme| &text[scheme.len()..]).unwrap_or_default();
    let host = rest.split('/').next().unwrap_or_default();
    if text.len() > limits::ADDRESS_MAX || host.is_empty() || rest.contains(['\\', '?', '#', ' ', '\t', '\n', '\r']) || host.contains('@') {
        return Err(Refused(NONE.into()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_a_web_server_says_how_it_is_asked() {
        for right in ["https://mlflow.example.com", " HTTP://[::1]:5000/under/a/path ", "http://10.0.0.1:5000"] {
            assert!(check(right).is_ok(), "{right}");
        }
        for wrong in [
            "",
            "mlflow.example.com",
            "ftp://x",
            "https://",
            "https:///x",
            "https://u:p@x",
            "https://x?y",
            "https://x#y",
            "https://x y",
            "https://x\\y",
        ] {
            assert!(check(wrong).is_err(), "{wrong}");
        }
    }
}
