//! Requests as they are, for paths that every tidy client would clean up before sending.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::{Actor, World};

/// Sends `method target` with a body of known length and returns status and text of the answer.
pub async fn send(world: &World, actor: &Actor, method: &str, target: &str, body: &[u8]) -> (u16, String) {
    let head = format!("content-length: {}\r\n", body.len());
    exchange(world, actor, method, target, &head, body).await
}

/// Sends with headers of the caller's choice in place of a content length.
pub async fn exchange(world: &World, actor: &Actor, method: &str, target: &str, headers: &str, body: &[u8]) -> (u16, String) {
    let mut stream = begin(world, actor, method, target, headers).await;
    stream.write_all(body).await.expect("sends");
    // The server may close without reading the whole body.
    end(stream).await
}

/// Sends the head of a request whose body does not come, and keeps the line.
pub async fn begin(world: &World, actor: &Actor, method: &str, target: &str, headers: &str) -> TcpStream {
    let address = world.url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).await.expect("connects");
    let head =
        format!("{method} {target} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {}\r\nconnection: close\r\n{headers}\r\n", actor.secret());
    stream.write_all(head.as_bytes()).await.expect("sends");
    stream
}

/// What comes back on a line before it is closed: its status and all of it.
pub async fn end(mut stream: TcpStream) -> (u16, String) {
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    let text = String::from_utf8_lossy(&answer).into_owned();
    (text.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0), text)
}

/// Sends the head of a request and then its body one byte after the other, each when no answer was heard for a while, until one is; its status and all of it.
pub async fn drip(world: &World, actor: &Actor, method: &str, target: &str, headers: &str) -> (u16, String) {
    let (mut reader, mut writer) = begin(world, actor, method, target, headers).await.into_split();
    let mut answer = vec![0; 0x10000];
    for _ in 0..1_000 {
        match tokio::time::timeout(Duration::from_millis(100), reader.read(&mut answer)).await {
            Ok(read) => {
                let text = String::from_utf8_lossy(&answer[..read.expect("the answer is not lost")]).into_owned();
                return (text.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0), text);
            }
            Err(_) => writer.write_all(b" ").await.expect("nobody hangs up before the answer"),
        }
    }
    (0, "a hundred seconds of one byte each tenth of one".to_owned())
}

/// Sends bytes to an address and returns what comes back before the connection is closed.
pub async fn bytes(address: &str, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).await.expect("connects");
    stream.write_all(bytes).await.expect("sends");
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    answer
}

/// Bytes of a body that are sent at a time.
const PART: usize = 0x10000;

/// What a client reads of a chunked body that does not end: the answer, and how many bytes of the body it had begun to send by then. With the part that makes
/// them `most` or more it stops, and waits: a server that would read on before it answers gets nothing more to read.
pub async fn stream(world: &World, actor: &Actor, method: &str, target: &str, begin: &[u8], most: usize) -> (u16, String, usize) {
    let address = world.url.trim_start_matches("http://");
    let (mut reader, mut writer) = TcpStream::connect(address).await.expect("connects").into_split();
    let head = format!(
        "{method} {target} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n",
        actor.secret()
    );
    writer.write_all(head.as_bytes()).await.expect("sends");
    writer.write_all(format!("{:x}\r\n", begin.len()).as_bytes()).await.expect("sends");
    writer.write_all(begin).await.expect("sends");
    let part = [format!("\r\n{PART:x}\r\n").as_bytes(), &[b' '; PART]].concat();
    let mut answer = vec![0; 0x10000];
    let (mut sent, mut read) = (begin.len(), 0);
    while read == 0 && sent < most {
        sent += PART;
        tokio::select! {
            biased;
            got = reader.read(&mut answer) => read = got.expect("the answer is not lost"),
            done = writer.write_all(&part) => done.expect("nobody hangs up before the answer"),
        }
    }
    if read == 0 {
        let answered = tokio::time::timeout(Duration::from_secs(20), reader.read(&mut answer)).await;
        read = answered.unwrap_or_else(|_| panic!("{target}: {sent} bytes are not enough for an answer")).expect("the answer is not lost");
    }
    let text = String::from_utf8_lossy(&answer[..read]).into_owned();
    let status = text.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    (status, text, sent)
}
