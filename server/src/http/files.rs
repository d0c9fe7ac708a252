//! Stored files as HTTP answers, for every edge that serves them.

use std::ops::Range;

use actix_web::{
    HttpRequest, HttpResponse, HttpResponseBuilder,
    body::SizedStream,
    http::{StatusCode, header},
};
use bytes::Bytes;
use futures::{Stream, TryStreamExt};

use crate::{
    access::{Later, Scope},
    fault::Fault,
    features::{
        artifacts::{StoredFile, media},
        exports::Archive,
    },
    platform::{Blob, BlobError, Blobs},
};

/// What a browser may do with a file when it is shown in a page of its own: nothing.
const SANDBOX: &str = "sandbox; default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'";

/// How a file is to be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Show {
    /// To be saved, under its own type.
    Download,
    /// In place if that is harmless for its type, else to be saved.
    Inline,
}

/// The answer with the verified bytes of a file, or of the one range that `Range` asks for.
///
/// # Errors
/// `IntegrityError` when the stored bytes do not match their digest. Damage beyond the first four MiB breaks the connection instead, and is entered into the
/// audit log before it does.
pub async fn send(request: &HttpRequest, blobs: &Blobs, scope: &Scope, file: &StoredFile, show: Show) -> Result<HttpResponse, Fault> {
    match head(request, &file.blob, file.path.name(), show) {
        Head::Done(answer) => Ok(answer),
        Head::Begun(mut answer, range) => {
            let length = range.end - range.start;
            let body = blobs.read(scope.tenant().id, &file.blob, range).await?;
            Ok(answer.body(SizedStream::new(length, recorded(body, scope.later()?))))
        }
    }
}

/// The same of the archive of an export.
///
/// # Errors
/// As [`send`].
pub async fn send_archive(request: &HttpRequest, blobs: &Blobs, scope: &Scope, archive: &Archive) -> Result<HttpResponse, Fault> {
    match head(request, &archive.blob, &archive.name, Show::Download) {
        Head::Done(answer) => Ok(answer),
        Head::Begun(mut answer, range) => {
            let length = range.end - range.start;
            let body = blobs.read_part(scope.tenant().id, archive.export.uuid(), 0, &archive.blob, range).await?;
            Ok(answer.body(SizedStream::new(length, recorded(body, scope.later()?))))
        }
    }
}

/// The bytes; where they end in damage, once that is in the audit log. The entry is written also for a reader who goes away meanwhile.
fn recorded(body: impl Stream<Item = Result<Bytes, BlobError>>, who: Later) -> impl Stream<Item = Result<Bytes, Fault>> {
    body.map_err(Fault::from).or_else(move |fault| {
        let who = who.clone();
        async move {
            let met = fault.clone();
            let entered = tokio::spawn(async move { who.record(&met).await }).await;
            if let Ok(Err(cause)) = entered {
                tracing::warn!(%cause, "could not enter a damaged file");
            }
            Err(fault)
        }
    })
}

/// An answer that is done, or one that wants the bytes of a range.
enum Head {
    Done(HttpResponse),
    Begun(HttpResponseBuilder, Range<u64>),
}

fn head(request: &HttpRequest, blob: &Blob, name: &str, show: Show) -> Head {
    let size = blob.size;
    let tag = format!("\"{}\"", blob.digest);
    let text = |name: header::HeaderName| request.headers().get(name).and_then(|value| value.to_str().ok());
    // A range of another version of the file is no use: then the whole file is sent.
    let same = text(header::IF_RANGE).is_none_or(|known| known == tag);
    let range = text(header::RANGE).filter(|_| same).map_or(Asked::Whole, |range| asked(range, size));
    let (status, range) = match range {
        Asked::Whole => (StatusCode::OK, 0..size),
        Asked::Part(range) => (StatusCode::PARTIAL_CONTENT, range),
        Asked::Nothing => {
            let answer =
                HttpResponse::build(StatusCode::RANGE_NOT_SATISFIABLE).insert_header((header::CONTENT_RANGE, format!("bytes */{size}"))).finish();
            return Head::Done(answer);
        }
    };
    let kind = media::content_type(name);
    let (kind, disposition) = match media::inline_type(kind).filter(|_| show == Show::Inline) {
        Some(kind) => (kind, media::inline(name)),
        None => (kind, media::attachment(name)),
    };
    let mut answer = HttpResponse::build(status);
    answer
        .content_type(kind)
        .insert_header((header::CONTENT_DISPOSITION, disposition))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::CONTENT_SECURITY_POLICY, SANDBOX))
        .insert_header((header::ACCEPT_RANGES, "bytes"))
        .insert_header((header::ETAG, tag))
        // Sent as stored: a compressed answer could carry no length and no range.
        .insert_header((header::CONTENT_ENCODING, "identity"));
    if status == StatusCode::PARTIAL_CONTENT {
        answer.insert_header((header::CONTENT_RANGE, format!("bytes {}-{}/{size}", range.start, range.end - 1)));
    }
    Head::Begun(answer, range)
}

#[derive(Debug, PartialEq, Eq)]
enum Asked {
    Whole,
    Part(Range<u64>),
    Nothing,
}

/// Reads a `Range` header (RFC 9110, section 14.1.2). Several ranges, other units and malformed values are answered with the whole file.
fn asked(header: &str, size: u64) -> Asked {
    let Some((first, last)) = header.strip_prefix("bytes=").and_then(|range| range.trim().split_once('-')) else { return Asked::Whole };
    let range = match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(first), Ok(last)) if first <= last => first..last.saturating_add(1).min(size),
        (Ok(first), Err(_)) if last.is_empty() => first..size,
        (Err(_), Ok(count)) if first.is_empty() => size.saturating_sub(count)..size,
        _ => return Asked::Whole,
    };
    if range.start < range.end { Asked::Part(range) } else { Asked::Nothing }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_the_rfc_says() {
        for (header, expected) in [
            ("bytes=0-0", Asked::Part(0..1)),
            ("bytes=2-5", Asked::Part(2..6)),
            ("bytes=7-", Asked::Part(7..10)),
            ("bytes=7-99", Asked::Part(7..10)),
            ("bytes=-3", Asked::Part(7..10)),
            ("bytes=-99", Asked::Part(0..10)),
            ("bytes=10-", Asked::Nothing),
            ("bytes=-0", Asked::Nothing),
            ("bytes=0-18446744073709551615", Asked::Part(0..10)),
            ("bytes=5-2", Asked::Whole),
            ("bytes=0-1,3-4", Asked::Whole),
            ("bytes=x-y", Asked::Whole),
            ("bytes=99999999999999999999999-", Asked::Whole),
            ("items=0-1", Asked::Whole),
            ("", Asked::Whole),
        ] {
            assert_eq!(asked(header, 10), expected, "{header}");
        }
        assert_eq!(asked("bytes=0-", 0), Asked::Nothing);
    }
}
