//! Secrets that identify a caller: opaque, random, stored as SHA-256 only.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use rand::RngExt;
use sha2::{Digest, Sha256};

const TOKEN_PREFIX: &str = "assay_";
const JOB_PREFIX: &str = "assay_job_";
/// What a session of the support begins with, in the cookie of every session.
const SUPPORT_PREFIX: &str = "support_";

/// Where a credential came from, which decides what it may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CredentialKind {
    /// The cookie of a browser session.
    Session,
    /// A personal API token.
    Token,
    /// A link that shows one thing to whoever has it.
    Link,
    /// A token by which a job logs to one run.
    JobToken,
    /// The cookie of a session of the operator's support.
    Support,
}

impl CredentialKind {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Token => "token",
            Self::Link => "link",
            Self::JobToken => "job_token",
            Self::Support => "support",
        }
    }
}

/// What a caller presented; not yet checked against the database.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Credential {
    kind: CredentialKind,
    hash: [u8; 32],
}

impl Credential {
    /// The cookie of a browser session, a member's or the support's. `None` when it cannot be one.
    pub fn session(cookie: &str) -> Option<Self> {
        match cookie.strip_prefix(SUPPORT_PREFIX).filter(|rest| is_opaque(rest)) {
            Some(_) => Some(Self { kind: CredentialKind::Support, hash: digest(cookie) }),
            None => Self::opaque(CredentialKind::Session, cookie),
        }
    }

    /// The secret in the address of a link. `None` when it cannot be one.
    pub fn link(secret: &str) -> Option<Self> {
        Self::opaque(CredentialKind::Link, secret)
    }

    fn opaque(kind: CredentialKind, secret: &str) -> Option<Self> {
        is_opaque(secret).then(|| Self { kind, hash: digest(secret) })
    }

    /// An API token: prefix, 160 bits, checksum. `None` when the checksum does not fit, so that a
    /// mistyped token costs no query.
    pub fn token(text: &str) -> Option<Self> {
        Self::checked(CredentialKind::Token, TOKEN_PREFIX, text)
    }

    /// A job token: the same behind a prefix of its own.
    pub fn job_token(text: &str) -> Option<Self> {
        Self::checked(CredentialKind::JobToken, JOB_PREFIX, text)
    }

    fn checked(kind: CredentialKind, prefix: &str, text: &str) -> Option<Self> {
        let body = text.strip_prefix(prefix)?;
        if body.len() != 33 || !body.is_ascii() {
            return None;
        }
        let (secret, sum) = body.split_at(27);
        (checksum(secret) == sum).then(|| Self { kind, hash: digest(text) })
    }

    /// What kind of credential it is.
    pub fn kind(&self) -> CredentialKind {
        self.kind
    }

    pub(super) fn hash(&self) -> &[u8; 32] {
        &self.hash
    }
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Credential({}, hidden)", self.kind.as_str())
    }
}

/// A fresh secret: shown once, stored hashed.
pub struct Secret {
    text: String,
}

impl Secret {
    /// 256 random bits for a session cookie or a link in a mail.
    pub fn opaque() -> Self {
        Self { text: URL_SAFE_NO_PAD.encode(rand::rng().random::<[u8; 32]>()) }
    }

    /// 256 random bits for the cookie of a session of the support, behind what tells it from others.
    pub fn support() -> Self {
        Self { text: format!("{SUPPORT_PREFIX}{}", Self::opaque().text) }
    }

    /// An API token: `assay_`, 160 random bits, a checksum of six characters.
    pub fn token() -> Self {
        Self::checked(TOKEN_PREFIX)
    }

    /// A job token: the same behind `assay_job_`.
    pub fn job_token() -> Self {
        Self::checked(JOB_PREFIX)
    }

    fn checked(prefix: &str) -> Self {
        let secret = URL_SAFE_NO_PAD.encode(rand::rng().random::<[u8; 20]>());
        let sum = checksum(&secret);
        Self { text: format!("{prefix}{secret}{sum}") }
    }

    /// The text to show or send, once.
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// The last four characters of a token's secret, by which its owner can tell it from others.
    pub fn hint(&self) -> String {
        self.text[self.text.len() - 4..].to_owned()
    }

    /// What is stored.
    pub fn hash(&self) -> Vec<u8> {
        digest(&self.text).to_vec()
    }
}

/// The stored form of a secret that came with a link.
pub fn hash_of(secret: &str) -> Vec<u8> {
    digest(secret).to_vec()
}

/// Whether a text can stand for 256 random bits.
fn is_opaque(text: &str) -> bool {
    text.len() == 43 && URL_SAFE_NO_PAD.decode(text).is_ok()
}

fn digest(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

fn checksum(secret: &str) -> String {
    let sum = Sha256::digest(format!("assay-token-checksum:{secret}").as_bytes());
    URL_SAFE_NO_PAD.encode(&sum[..5])[..6].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t67_only_whole_tokens_are_looked_up() {
        let secret = Secret::token();
        assert!(Credential::token(secret.expose()).is_some());
        let mut wrong = secret.expose().to_owned();
        let last = wrong.pop();
        wrong.push(if last == Some('A') { 'B' } else { 'A' });
        for text in [wrong.as_str(), "", "assay_", "assay_é", &secret.expose()[6..], "Bearer x"] {
            assert!(Credential::token(text).is_none(), "{text:?}");
        }
    }

    #[test]
    fn t16_a_job_token_is_no_token_and_a_token_no_job_token() {
        let (token, job) = (Secret::token(), Secret::job_token());
        assert!(Credential::job_token(job.expose()).is_some() && Credential::token(token.expose()).is_some());
        assert!(Credential::token(job.expose()).is_none() && Credential::job_token(token.expose()).is_none());
        assert!(Credential::job_token(&job.expose().replace("job_", "")).is_none());
    }

    #[test]
    fn a_session_cookie_has_256_bits() {
        assert!(Credential::session(Secret::opaque().expose()).is_some());
        assert!(Credential::session("short").is_none());
        assert_eq!(Credential::session(Secret::opaque().expose()).map(|credential| credential.kind()), Some(CredentialKind::Session));
    }

    #[test]
    fn t19_a_session_of_the_support_is_told_from_a_members() {
        let secret = Secret::support();
        let credential = Credential::session(secret.expose()).expect("a credential");
        assert_eq!((credential.kind(), credential.hash().to_vec()), (CredentialKind::Support, secret.hash()));
        let bare = secret.expose().strip_prefix(SUPPORT_PREFIX).expect("its prefix");
        assert_eq!(Credential::session(bare).map(|credential| credential.kind()), Some(CredentialKind::Session));
        assert!(Credential::session(&format!("{SUPPORT_PREFIX}{}", secret.expose())).is_none());
    }
}
