//! The beginning of a text file.

use futures::TryStreamExt;

use super::{
    find_version,
    location::{Location, Owner},
    media,
    path::ArtifactPath,
};
use crate::{access::Scope, fault::Fault, platform::Blobs};

/// Bytes of a text that are shown.
const TEXT_BYTES: u64 = 256 * 1024;

/// The beginning of a text file, or of a version of it, and whether the file goes on; `None` when there is no such file or it is no text. Bytes that are not UTF-8 show as U+FFFD.
///
/// # Errors
/// `Invalid` naming `path`; `IntegrityError`; `Forbidden`.
pub async fn beginning(scope: &Scope, blobs: &Blobs, owner: Owner, path: &str, version: Option<i32>) -> Result<Option<(String, bool)>, Fault> {
    let at = Location { owner, path: ArtifactPath::parse(path)? };
    if !media::is_text(media::content_type(at.path.name())) {
        return Ok(None);
    }
    let file = match find_version(scope.grant()?, &at, version).await {
        Ok(file) => file,
        Err(fault) if fault.code() == shared::ErrorCode::NotFound => return Ok(None),
        Err(fault) => return Err(fault),
    };
    let end = file.blob.size.min(TEXT_BYTES);
    let parts: Vec<bytes::Bytes> = blobs.read(scope.tenant().id, &file.blob, 0..end).await?.try_collect().await?;
    let mut bytes = parts.concat();
    if end < file.blob.size {
        // The cut may fall inside a character.
        while bytes.last().is_some_and(|byte| byte & 0xC0 == 0x80) {
            bytes.pop();
        }
        if bytes.last().is_some_and(|byte| *byte >= 0xC0) {
            bytes.pop();
        }
    }
    Ok(Some((String::from_utf8_lossy(&bytes).into_owned(), end < file.blob.size)))
}
