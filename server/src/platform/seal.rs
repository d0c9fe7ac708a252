//! Texts that must be read again, and by nobody else: sealed with a key that is not in the database. And texts that anybody may read and nobody else may
//! write: marked with one.

use std::{fs, io::Write, os::unix::fs::OpenOptionsExt, path::Path, sync::Arc};

use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hmac,
    rand::{SecureRandom, SystemRandom},
};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use uuid::Uuid;

use crate::fault::Fault;

/// Shortest secret an operator may set, in bytes.
const SECRET_MIN: usize = 32;

/// Length of a mark, bytes.
pub const MARK_LEN: usize = 16;

/// Seals, opens and marks. Cloning shares the keys.
#[derive(Clone)]
pub struct Seal {
    key: Arc<LessSafeKey>,
    marks: Arc<hmac::Key>,
}

impl Seal {
    /// With the operator's secret; without one, with a key that is made once and kept in `folder`, readable by this user alone.
    ///
    /// # Errors
    /// `Internal` for a secret that is too short, or when the key can neither be read nor written.
    pub fn open(secret: Option<&str>, folder: &Path) -> Result<Self, Fault> {
        let bytes = match secret {
            Some(secret) if secret.len() < SECRET_MIN => return Err(Fault::internal("ASSAY_SECRET is shorter than 32 characters")),
            Some(secret) => secret.as_bytes().to_vec(),
            None => kept(&folder.join("key")).map_err(Fault::internal)?,
        };
        let key = UnboundKey::new(&AES_256_GCM, &Sha256::digest(&bytes)).map_err(Fault::internal)?;
        // A key for each purpose: what is marked says nothing of what is sealed.
        let marks = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &bytes), b"marks");
        Ok(Self { key: Arc::new(LessSafeKey::new(key)), marks: Arc::new(hmac::Key::new(hmac::HMAC_SHA256, marks.as_ref())) })
    }

    /// Marks a text for one place as ours: nobody else can make its mark.
    pub fn mark(&self, place: &str, text: &str) -> [u8; MARK_LEN] {
        let mut mark = [0; MARK_LEN];
        mark.copy_from_slice(&hmac::sign(&self.marks, &in_place(place, text)).as_ref()[..MARK_LEN]);
        mark
    }

    /// Whether a text carries the mark that [`Seal::mark`] makes for this place. Takes as long for a wrong mark as for the right one.
    pub fn is_marked(&self, place: &str, text: &str, mark: &[u8]) -> bool {
        self.mark(place, text).ct_eq(mark).into()
    }

    /// Seals a text for one place: it opens only with the same `place`.
    ///
    /// # Errors
    /// `Internal` when the system has no randomness.
    pub fn seal(&self, place: &str, text: &str) -> Result<Vec<u8>, Fault> {
        let mut nonce = [0; NONCE_LEN];
        SystemRandom::new().fill(&mut nonce).map_err(Fault::internal)?;
        let mut bytes = text.as_bytes().to_vec();
        let tag = self
            .key
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(place.as_bytes()), &mut bytes)
            .map_err(Fault::internal)?;
        Ok([&nonce[..], &bytes, tag.as_ref()].concat())
    }

    /// Opens what [`Seal::seal`] made; `None` when it was made with another key, for another place, or changed since.
    pub fn unseal(&self, place: &str, sealed: &[u8]) -> Option<String> {
        let (nonce, bytes) = sealed.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut bytes = bytes.to_vec();
        let text = self.key.open_in_place(nonce, Aad::from(place.as_bytes()), &mut bytes).ok()?;
        String::from_utf8(text.to_vec()).ok()
    }
}

/// No other place and text are written alike.
fn in_place(place: &str, text: &str) -> Vec<u8> {
    [&(place.len() as u64).to_be_bytes()[..], place.as_bytes(), text.as_bytes()].concat()
}

/// The key in a file, which is made if it is absent. Of processes that make it at one time, one wins.
fn kept(file: &Path) -> std::io::Result<Vec<u8>> {
    if let Ok(key) = fs::read(file) {
        return Ok(key);
    }
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut key = [0; 32];
    SystemRandom::new().fill(&mut key).map_err(|_| std::io::Error::other("no randomness"))?;
    let part = file.with_extension(Uuid::new_v4().simple().to_string());
    let mut new = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&part)?;
    new.write_all(&key)?;
    new.sync_all()?;
    let placed = fs::hard_link(&part, file);
    fs::remove_file(&part)?;
    match placed {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error),
        _ => fs::read(file),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn what_is_sealed_opens_in_its_place_with_its_key_alone() {
        let folder = std::env::temp_dir().join(format!("assay-seal-{}", Uuid::new_v4().simple()));
        let seal = Seal::open(None, &folder).expect("opens");
        let sealed = seal.seal("import 1", "hunter2").expect("seals");
        assert!(!sealed.windows(7).any(|part| part == b"hunter2"));
        assert_ne!(seal.seal("import 1", "hunter2").expect("seals"), sealed);
        assert_eq!(Seal::open(None, &folder).expect("opens").unseal("import 1", &sealed).as_deref(), Some("hunter2"));
        assert_eq!(seal.unseal("import 2", &sealed), None);
        let other = Seal::open(Some("another secret of more than 32 characters"), &folder).expect("opens");
        assert_eq!(other.unseal("import 1", &sealed), None);
        let mut changed = sealed.clone();
        changed[NONCE_LEN] ^= 1;
        assert_eq!(seal.unseal("import 1", &changed), None);
        assert_eq!(seal.unseal("import 1", &sealed[..5]), None);
        let mark = seal.mark("list a", "row 1");
        assert!(Seal::open(None, &folder).expect("opens").is_marked("list a", "row 1", &mark), "by every process with the key");
        for (place, text) in [("list b", "row 1"), ("list a", "row 2"), ("list ", "arow 1"), ("list arow 1", "")] {
            assert!(!seal.is_marked(place, text, &mark), "{place} {text}");
        }
        assert!(!other.is_marked("list a", "row 1", &mark) && !seal.is_marked("list a", "row 1", &mark[..15]));
        assert_eq!(fs::metadata(folder.join("key")).expect("a key").permissions().mode() & 0o777, 0o600);
        assert!(Seal::open(Some("short"), &folder).is_err());
        fs::remove_dir_all(folder).expect("removes");
    }
}
