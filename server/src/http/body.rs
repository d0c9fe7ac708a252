//! Bodies of requests: read up to a limit, and no slower than a line of today carries them. What comes compressed is refused before anything is inflated, but
//! where a handler counts what it grows to.

use std::{
    cell::Cell,
    io,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use actix_web::{
    HttpRequest,
    dev::Payload,
    error::PayloadError,
    http::header::{CONTENT_ENCODING, CONTENT_LENGTH},
    web,
};
use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt, TryStreamExt, stream};
use sha2::{Digest as _, Sha256};
use shared::ErrorCode;
use tokio::time::Sleep;

use super::digests;
use crate::{fault::Fault, platform::Digest};

/// Bytes a second that a body must come with on average, once it was waited for longer than a silence may last.
const PACE: u64 = 1_024;
/// The one path whose handler inflates what it reads, because exporters of OpenTelemetry compress.
const INFLATES: &str = "/v1/traces";

/// A whole body.
///
/// # Errors
/// `PayloadTooLarge` beyond `max` bytes, counted as they arrive, whatever the headers promise; `TooSlow`; `Invalid` when it is cut off.
pub async fn read(mut payload: impl Stream<Item = Result<Bytes, PayloadError>> + Unpin, max: usize) -> Result<BytesMut, Fault> {
    let mut body = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|error| fault_of(&error))?;
        if body.len() + chunk.len() > max {
            return Err(Fault::new(ErrorCode::PayloadTooLarge, format!("The body is larger than {max} bytes.")));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// How many bytes a body is declared to have. More or fewer do not come: the connection is at fault then.
pub fn declared(request: &HttpRequest) -> Option<u64> {
    request.headers().get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// What is said of a body that did not come whole.
pub fn fault_of(error: &PayloadError) -> Fault {
    match error {
        PayloadError::Io(error) if error.kind() == io::ErrorKind::TimedOut => {
            Fault::new(ErrorCode::TooSlow, "The body came too slowly. Nothing was changed; send it again.")
        }
        _ => Fault::new(ErrorCode::Invalid, "The body could not be read to its end."),
    }
}

/// Why a body did not come whole, if it did not.
pub type Cause = Rc<Cell<Option<Fault>>>;

/// A body on its way into the store, which knows of a failure only that there was one; and beside it why it did not come whole, if it did not. One whose
/// headers declare a digest fails at its end unless it has that digest.
///
/// # Errors
/// `Invalid` for a header of digests that cannot be read; `DigestMismatch` when two contradict each other.
pub fn watched(request: &HttpRequest, payload: web::Payload) -> Result<(impl Stream<Item = Result<Bytes, Fault>>, Cause), Fault> {
    let cause = Cause::default();
    let noted = cause.clone();
    let declared = digests::declared(request.headers())?.map(|digest| (Sha256::new(), digest));
    let body = stream::try_unfold((payload, declared), async |(mut payload, mut declared)| {
        if let Some(bytes) = payload.try_next().await.map_err(|error| fault_of(&error))? {
            if let Some((hasher, _)) = &mut declared {
                hasher.update(&bytes);
            }
            return Ok(Some((bytes, (payload, declared))));
        }
        let is_other = declared.is_some_and(|(hasher, digest)| Digest::finish(hasher) != digest);
        if is_other { Err(digests::mismatch()) } else { Ok(None) }
    });
    Ok((body.inspect_err(move |fault| noted.set(Some(fault.clone()))), cause))
}

/// Refuses a compressed body: a few hundred bytes of one can be a gigabyte.
///
/// # Errors
/// `UnsupportedMediaType`.
pub(super) fn check_encoding(request: &HttpRequest) -> Result<(), Fault> {
    let plain = request.headers().get_all(CONTENT_ENCODING).all(|value| value.as_bytes().eq_ignore_ascii_case(b"identity"));
    if plain || request.path() == INFLATES {
        return Ok(());
    }
    Err(Fault::new(ErrorCode::UnsupportedMediaType, "A body with a Content-Encoding is not accepted. Send it as it is."))
}

/// The body, that ends with an error when it is `silence` long not heard of, or comes slower than [`PACE`].
pub(super) fn paced(payload: Payload, silence: Duration) -> Payload {
    match payload {
        Payload::None => Payload::None,
        payload => Payload::Stream { payload: Box::pin(Paced { payload, silence, got: 0, waited: Duration::ZERO, wait: None }) },
    }
}

struct Paced {
    payload: Payload,
    silence: Duration,
    /// Bytes that came.
    got: u64,
    /// How long they were waited for. What the reader took to use them is not counted.
    waited: Duration,
    /// Since when the next ones are waited for, and how long at the most.
    wait: Option<(Instant, Pin<Box<Sleep>>)>,
}

impl Stream for Paced {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        let too_slow = || Poll::Ready(Some(Err(PayloadError::Io(io::ErrorKind::TimedOut.into()))));
        match Pin::new(&mut this.payload).poll_next(context) {
            Poll::Pending => {
                let silence = this.silence;
                let (_, end) = this.wait.get_or_insert_with(|| (Instant::now(), Box::pin(tokio::time::sleep(silence))));
                if end.as_mut().poll(context).is_ready() { too_slow() } else { Poll::Pending }
            }
            Poll::Ready(part) => {
                this.waited += this.wait.take().map_or(Duration::ZERO, |(since, _)| since.elapsed());
                this.got += part.as_ref().and_then(|part| part.as_ref().ok()).map_or(0, |bytes| bytes.len() as u64);
                if part.is_some() && this.waited > this.silence && this.got < PACE * this.waited.as_secs() { too_slow() } else { Poll::Ready(part) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn t47_no_more_of_a_body_is_read_than_shows_that_it_is_too_large() {
        let mut taken = 0;
        let endless = stream::iter(std::iter::repeat_with(|| {
            taken += 1_000;
            Ok::<_, PayloadError>(Bytes::from_static(&[0; 1_000]))
        }));
        let fault = read(endless, 4_500).await.expect_err("it is too large");
        assert_eq!((fault.code(), taken), (ErrorCode::PayloadTooLarge, 5_000));
    }
}
