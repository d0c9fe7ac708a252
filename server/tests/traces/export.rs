//! Spans as an exporter sends them, without its library.

use crate::support::{Actor, actor::Answer};
use reqwest::Method;

/// A field of a protobuf message that holds bytes.
fn field(number: u32, bytes: &[u8]) -> Vec<u8> {
    [varint(u64::from(number << 3 | 2)), varint(bytes.len() as u64), bytes.to_vec()].concat()
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

fn fixed(number: u32, value: u64) -> Vec<u8> {
    [varint(u64::from(number << 3 | 1)), value.to_le_bytes().to_vec()].concat()
}

/// A span as an exporter sends it.
pub struct Span<'s> {
    pub trace: u128,
    pub id: u64,
    pub parent: u64,
    pub name: &'s str,
    /// Milliseconds.
    pub start: u64,
    pub end: u64,
    pub status: u64,
    pub attributes: &'s [(&'s str, &'s str)],
}

impl Span<'_> {
    fn bytes(&self) -> Vec<u8> {
        let attribute = |(key, value): &(&str, &str)| field(9, &[field(1, key.as_bytes()), field(2, &field(1, value.as_bytes()))].concat());
        [
            field(1, &self.trace.to_be_bytes()),
            field(2, &self.id.to_be_bytes()),
            if self.parent == 0 { Vec::new() } else { field(4, &self.parent.to_be_bytes()) },
            field(5, self.name.as_bytes()),
            fixed(7, self.start * 1_000_000),
            if self.end == 0 { Vec::new() } else { fixed(8, self.end * 1_000_000) },
            self.attributes.iter().flat_map(attribute).collect(),
            field(15, &[varint(3 << 3), varint(self.status)].concat()),
        ]
        .concat()
    }
}

pub fn export(spans: &[Span<'_>]) -> Vec<u8> {
    field(1, &field(2, &spans.iter().flat_map(|span| field(2, &span.bytes())).collect::<Vec<u8>>()))
}

pub async fn send(script: &Actor, experiment: &str, body: Vec<u8>) -> Answer {
    let request =
        script.request(Method::POST, "/v1/traces").header("content-type", "application/x-protobuf").header("x-mlflow-experiment-id", experiment);
    script.send(request.body(body)).await
}
