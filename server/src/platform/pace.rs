//! Answers that are read as they come: a peer that sends a byte now and then must not keep a reader for as long as it likes.

use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::{Stream, StreamExt, stream};
use reqwest::RequestBuilder;

use super::{OutboundError, Peer};

/// How quickly bytes must come.
#[derive(Clone, Copy, Debug)]
struct Pace {
    /// How long they are waited for however few they are.
    patience: Duration,
    /// On average, from then on.
    bytes_a_second: u64,
}

/// Of an answer that may be of any size.
const PACE: Pace = Pace { patience: Duration::from_secs(60), bytes_a_second: 16 * 1024 };

impl Peer {
    /// Sends a request and returns the answer's bytes as they come, until they come too slowly.
    ///
    /// # Errors
    /// As [`Peer::send`].
    pub async fn stream(&self, request: RequestBuilder) -> Result<impl Stream<Item = Result<Bytes, OutboundError>> + Send + use<>, OutboundError> {
        Ok(paced(self.send(request).await?.bytes_stream(), PACE))
    }
}

impl Pace {
    fn is_kept(self, got: u64, waited: Duration) -> bool {
        waited <= self.patience || u128::from(got) * 1_000 >= u128::from(self.bytes_a_second) * waited.as_millis()
    }
}

/// The bytes, until they come more slowly than they must: then [`OutboundError::TooSlow`] is the last of them. What their reader takes to use them is not
/// counted.
fn paced<E: Send>(body: impl Stream<Item = Result<Bytes, E>> + Send, pace: Pace) -> impl Stream<Item = Result<Bytes, OutboundError>> + Send {
    stream::try_unfold((Box::pin(body), 0, Duration::ZERO), move |(mut body, mut got, mut waited)| async move {
        let since = Instant::now();
        let part = body.next().await;
        waited += since.elapsed();
        let Some(part) = part else { return Ok(None) };
        let part = part.map_err(|_| OutboundError::Unreachable)?;
        got += part.len() as u64;
        if pace.is_kept(got, waited) { Ok(Some((part, (body, got, waited)))) } else { Err(OutboundError::TooSlow) }
    })
}

#[cfg(test)]
mod tests {
    use std::io;

    use futures::TryStreamExt;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::{TcpListener, TcpStream},
    };

    use super::*;

    #[test]
    fn t73_a_pace_is_an_average_that_is_asked_for_after_a_while() {
        for (got, waited, kept) in [
            (0, Duration::from_secs(60), true),
            (60 * 16 * 1024, Duration::from_millis(60_001), false),
            (61 * 16 * 1024, Duration::from_secs(61), true),
            (61 * 16 * 1024 - 1, Duration::from_secs(61), false),
            (61, Duration::from_secs(61), false),
            (u64::MAX, Duration::MAX, false),
            (1 << 40, Duration::from_secs(3_600), true),
        ] {
            assert_eq!(PACE.is_kept(got, waited), kept, "{got} bytes in {waited:?}");
        }
    }

    /// What a peer on this machine sends that writes one byte at a time, so many in all.
    async fn dripping(bytes: usize) -> impl Stream<Item = io::Result<Bytes>> + Send {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("listens");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(async move {
            let (mut socket, _) = listener.accept().await.expect("accepts");
            for _ in 0..bytes {
                if socket.write_all(b"x").await.is_err() {
                    break;
                }
            }
        });
        let socket = TcpStream::connect(address).await.expect("connects");
        stream::try_unfold(socket, |mut socket| async move {
            let mut byte = [0];
            let read = socket.read(&mut byte).await?;
            Ok((read > 0).then(|| (Bytes::copy_from_slice(&byte), socket)))
        })
    }

    #[tokio::test]
    async fn t73_a_peer_that_drips_is_left() {
        // No machine is as quick byte by byte, so it takes no long while to see.
        let pace = Pace { patience: Duration::from_millis(50), bytes_a_second: 1 << 40 };
        let outcome: Result<Vec<Bytes>, _> = paced(dripping(usize::MAX).await, pace).try_collect().await;
        assert_eq!(outcome.err(), Some(OutboundError::TooSlow));
        // What ends sooner is whole, and what keeps up is read to its end.
        for pace in [PACE, Pace { patience: Duration::ZERO, bytes_a_second: 0 }] {
            let whole: Vec<Bytes> = paced(dripping(1_000).await, pace).try_collect().await.expect("is read");
            assert_eq!(whole.len(), 1_000);
        }
        let broken = stream::iter([Ok(Bytes::from_static(b"x")), Err(io::Error::from(io::ErrorKind::ConnectionReset))]);
        let outcome: Result<Vec<Bytes>, _> = paced(broken, PACE).try_collect().await;
        assert_eq!(outcome.err(), Some(OutboundError::Unreachable));
    }
}
