//! Codes, and how they are read.

use chrono::{DateTime, Utc};
use rand::RngExt;
use shared::limits::RECOVERY_CODES;
use totp_rs::{Builder, Secret, Totp};

use crate::fault::Fault;

/// Bytes of a secret: as many as SHA-1 has, which is what authenticator apps know.
const SECRET_BYTES: usize = 20;
/// Digits of a code.
const DIGITS: usize = 6;
/// Characters of a recovery code: 50 bits.
const RECOVERY_LENGTH: usize = 10;
/// Without letters that look like others.
const RECOVERY_ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// What an authenticator app and the server share.
pub struct Key(Totp);

impl Key {
    /// A new one.
    ///
    /// # Errors
    /// `Internal` when the library refuses it.
    pub fn generate() -> Result<Self, Fault> {
        Self::of(Secret::from(rand::rng().random::<[u8; SECRET_BYTES]>()))
    }

    /// One that was kept, from its text.
    ///
    /// # Errors
    /// `Internal` when it is none.
    pub fn read(text: &str) -> Result<Self, Fault> {
        Self::of(Secret::try_from_base32(text).map_err(Fault::internal)?)
    }

    fn of(secret: Secret) -> Result<Self, Fault> {
        // SHA-1, six digits, thirty seconds, one step of skew: what all apps know, and what RFC 6238 recommends.
        Ok(Self(Builder::new().with_secret(secret).build().map_err(Fault::internal)?))
    }

    /// Its text, as apps take it typed in: base 32.
    pub fn text(&self) -> String {
        self.0.secret().to_base32()
    }

    /// Its address, as apps take it from a QR code.
    pub fn address(&self, email: &str) -> String {
        let account: String = email
            .bytes()
            .map(|b| if b.is_ascii_alphanumeric() || b"-_.~@".contains(&b) { char::from(b).to_string() } else { format!("%{b:02X}") })
            .collect();
        format!("otpauth://totp/Assay:{account}?secret={}&issuer=Assay", self.text())
    }

    /// The step of time that a code belongs to, if it is of this one, the one before or the one after.
    pub fn step_of(&self, code: &str, now: DateTime<Utc>) -> Option<i64> {
        self.0.check(code, now.timestamp().unsigned_abs()).and_then(|step| i64::try_from(step).ok())
    }
}

/// What was typed where a second factor is asked for.
#[derive(Debug, PartialEq, Eq)]
pub enum Typed {
    /// A code of an app.
    Code(String),
    /// A recovery code, as it is marked.
    Recovery(String),
    /// Neither.
    Other,
}

impl Typed {
    /// Spaces and dashes are for the eye.
    pub fn read(text: &str) -> Self {
        let plain: String =
            text.chars().filter(|c| !c.is_whitespace() && *c != '-').take(RECOVERY_LENGTH + 1).collect::<String>().to_ascii_lowercase();
        if plain.len() == DIGITS && plain.bytes().all(|b| b.is_ascii_digit()) {
            Self::Code(plain)
        } else if plain.len() == RECOVERY_LENGTH && plain.bytes().all(|b| RECOVERY_ALPHABET.contains(&b)) {
            Self::Recovery(plain)
        } else {
            Self::Other
        }
    }
}

/// How a second factor was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Given {
    /// By a code of the app.
    Code,
    /// By a recovery code; so many are left.
    Recovery { left: i64 },
}

/// New recovery codes, as they are marked.
pub fn recovery_codes() -> Vec<String> {
    let mut random = rand::rng();
    let mut one = || (0..RECOVERY_LENGTH).map(|_| char::from(RECOVERY_ALPHABET[usize::from(random.random::<u8>() % 32)])).collect();
    std::iter::repeat_with(&mut one).take(RECOVERY_CODES).collect()
}

/// A recovery code as people read it: `k3v9x-2mdq7`.
pub fn shown(code: &str) -> String {
    let (first, second) = code.split_at(RECOVERY_LENGTH / 2);
    format!("{first}-{second}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).expect("a time")
    }

    #[test]
    fn codes_are_those_of_the_rfc_within_a_step_on_either_side() {
        // RFC 6238, appendix B; of eight digits the last six.
        let key = Key::of(Secret::from(*b"12345678901234567890")).expect("a key");
        for (seconds, code) in [(59, "287082"), (1_111_111_109, "081804"), (1_234_567_890, "005924"), (2_000_000_000, "279037")] {
            assert_eq!(key.step_of(code, at(seconds)), Some(seconds / 30), "{seconds}");
            assert_eq!(key.step_of(code, at(seconds + 30)), Some(seconds / 30));
            assert_eq!(key.step_of(code, at(seconds - 30)), Some(seconds / 30));
            assert_eq!(key.step_of(code, at(seconds + 60)), None, "{seconds}");
            assert_eq!(key.step_of(code, at((seconds - 60).max(0))), (seconds == 59).then_some(1), "time began within a step of the first code");
        }
        assert_eq!((key.step_of("", at(59)), key.step_of("94287082", at(59)), key.step_of("287083", at(59))), (None, None, None));
        let read = Key::read(&key.text()).expect("reads back");
        assert_eq!(read.step_of("287082", at(59)), Some(1));
        assert_eq!(key.address("a+b@example.com"), "otpauth://totp/Assay:a%2Bb@example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Assay");
    }

    #[test]
    fn what_is_typed_is_read_as_people_write_it() {
        assert_eq!(Typed::read(" 123 456 "), Typed::Code("123456".into()));
        assert_eq!(Typed::read("K3V9X-2MDQ7"), Typed::Recovery("k3v9x2mdq7".into()));
        for other in ["", "12345", "1234567", "k3v9x-2mdq", "k3v9x-2mdq77", "k3v9x-2mdqu", "correct horse battery", "\u{661}23456"] {
            assert_eq!(Typed::read(other), Typed::Other, "{other}");
        }
    }

    #[test]
    fn ten_recovery_codes_differ_and_read_back() {
        let codes = recovery_codes();
        assert_eq!(codes.iter().collect::<std::collections::BTreeSet<_>>().len(), RECOVERY_CODES);
        assert!(codes.iter().all(|code| Typed::read(&shown(code)) == Typed::Recovery(code.clone())));
    }
}
