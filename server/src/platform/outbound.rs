//! Requests to addresses that people typed.
//!
//! What must stay true: a name is resolved once, every address it has must be public (or in a network that the operator allows), and the connection
//! goes to one of exactly these; no redirect is followed and no proxy asked; an answer is read up to a limit and within a time; who asked is told a
//! class of reasons, never what was answered.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use reqwest::{Client, Method, RequestBuilder, Response, Url, header::RETRY_AFTER, redirect};

use super::network::{Network, is_public};
use crate::fault::Fault;

/// A name with more addresses than this is not asked.
const ADDRESSES_MAX: usize = 32;
const RESOLVE_WITHIN: Duration = Duration::from_secs(5);
const CONNECT_WITHIN: Duration = Duration::from_secs(10);
/// The longest silence within an answer.
const SILENCE_MAX: Duration = Duration::from_secs(60);
/// The longest time for an answer that is read as a whole.
const ANSWER_WITHIN: Duration = Duration::from_secs(180);
/// Above 1023, where web servers are, but known to be something else.
const OTHER_SERVICES: [u16; 14] = [1433, 1521, 2049, 2375, 2376, 2379, 3306, 3389, 5432, 6379, 6667, 9200, 11211, 27017];

/// Why an address was not asked, or gave no answer. Says nothing of what is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OutboundError {
    #[error("{}", shared::web_address::NONE)]
    Address,
    #[error("This port is not one of a web server.")]
    Port,
    #[error("This address is not on the public internet. Whoever runs this server can allow networks of your own (ASSAY_OUTBOUND_ALLOW).")]
    Private,
    #[error("The server could not be reached.")]
    Unreachable,
    #[error("The server sent on to another address. Give the address it sends to.")]
    Redirect,
    #[error("The server did not accept the credentials.")]
    Refused,
    #[error("The server does not know what was asked for.")]
    Absent,
    #[error("The server answered with an error.")]
    Failed,
    #[error("The server was busy.")]
    Busy,
    #[error("The answer was larger than what is read.")]
    TooLarge,
    #[error("The answer could not be read.")]
    Unreadable,
    #[error("The server answered too slowly.")]
    TooSlow,
}

impl OutboundError {
    /// Whether the same question may be answered later.
    pub fn may_pass(self) -> bool {
        matches!(self, Self::Unreachable | Self::Busy | Self::TooSlow)
    }
}

/// The guard. Cloning shares it.
#[derive(Clone, Debug, Default)]
pub struct Outbound {
    allowed: Arc<[Network]>,
}

impl Outbound {
    /// `allowed` is a list of networks, with commas between them.
    ///
    /// # Errors
    /// `Internal` for what is no network.
    pub fn new(allowed: &str) -> Result<Self, Fault> {
        let words = allowed.split(',').map(str::trim).filter(|word| !word.is_empty());
        let network = |word: &str| Network::parse(word).ok_or_else(|| Fault::internal(format!("ASSAY_OUTBOUND_ALLOW: {word} is no network")));
        Ok(Self { allowed: words.map(network).collect::<Result<_, _>>()? })
    }

    /// Reads an address and checks all that can be known without asking for it. Spellings of an IP address are read as browsers read them.
    ///
    /// # Errors
    /// `Address`, `Port` or `Private`.
    pub fn parse(&self, text: &str) -> Result<Url, OutboundError> {
        let text = text.trim();
        shared::web_address::check(text).map_err(|_| OutboundError::Address)?;
        let url = Url::parse(text).map_err(|_| OutboundError::Address)?;
        let plain = matches!(url.scheme(), "http" | "https") && url.username().is_empty() && url.password().is_none();
        if !plain || url.query().is_some() || url.fragment().is_some() {
            return Err(OutboundError::Address);
        }
        let port = url.port_or_known_default().ok_or(OutboundError::Address)?;
        if !matches!(port, 80 | 443 | 1024..) || OTHER_SERVICES.contains(&port) {
            return Err(OutboundError::Port);
        }
        let host = url.host_str().ok_or(OutboundError::Address)?;
        let name = host.trim_end_matches('.');
        if let Ok(address) = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
            self.check(address)?;
        } else if (name == "localhost" || name.ends_with(".localhost")) && !self.allows_loopback() {
            return Err(OutboundError::Private);
        }
        Ok(url)
    }

    fn allows_loopback(&self) -> bool {
        ["127.0.0.1", "::1"].iter().filter_map(|text| text.parse().ok()).any(|address| self.check(address).is_ok())
    }

    fn check(&self, address: IpAddr) -> Result<(), OutboundError> {
        let address = address.to_canonical();
        let passes = is_public(address) || self.allowed.iter().any(|network| network.contains(address));
        if passes { Ok(()) } else { Err(OutboundError::Private) }
    }

    /// Resolves the host of an address, once, and returns what reaches it and nothing else.
    ///
    /// # Errors
    /// `Private` when one of its addresses is; `Unreachable` when it has none or too many; what [`Outbound::parse`] says.
    pub async fn connect(&self, address: &str) -> Result<Peer, OutboundError> {
        let base = self.parse(address)?;
        let host = base.host_str().ok_or(OutboundError::Address)?.to_owned();
        let port = base.port_or_known_default().ok_or(OutboundError::Address)?;
        let bare = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let looked_up = tokio::time::timeout(RESOLVE_WITHIN, tokio::net::lookup_host((bare, port))).await;
        let Ok(Ok(found)) = looked_up else { return Err(OutboundError::Unreachable) };
        let addresses: Vec<SocketAddr> = found.collect();
        if addresses.is_empty() || addresses.len() > ADDRESSES_MAX {
            return Err(OutboundError::Unreachable);
        }
        addresses.iter().try_for_each(|address| self.check(address.ip()))?;
        let client = Client::builder()
            .no_proxy()
            .redirect(redirect::Policy::none())
            .resolve_to_addrs(&host, &addresses)
            .connect_timeout(CONNECT_WITHIN)
            .read_timeout(SILENCE_MAX)
            .user_agent(concat!("assay/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|_| OutboundError::Unreachable)?;
        Ok(Peer { client, base, addresses: addresses.into() })
    }
}

/// One server, at the addresses it had when it was looked up. Cloning shares its connections.
#[derive(Clone, Debug)]
pub struct Peer {
    client: Client,
    base: Url,
    addresses: Arc<[SocketAddr]>,
}

impl Peer {
    /// Whether it is on the public internet, where secrets travel by TLS alone.
    pub fn is_public(&self) -> bool {
        self.addresses.iter().any(|address| is_public(address.ip()))
    }

    /// Whether it is asked by TLS.
    pub fn has_tls(&self) -> bool {
        self.base.scheme() == "https"
    }

    /// A request to a path below the server's address. `path` is percent-encoded already and begins with a slash.
    ///
    /// # Errors
    /// `Address` when the path leads elsewhere.
    pub fn request(&self, method: Method, path: &str) -> Result<RequestBuilder, OutboundError> {
        let mut url = self.base.clone();
        let whole = format!("{}{}", self.base.path().trim_end_matches('/'), path);
        url.set_path(&whole);
        if path.contains(['?', '#']) {
            return Err(OutboundError::Address);
        }
        Ok(self.client.request(method, url))
    }

    /// A request to the server's address itself, letter by letter.
    pub fn request_itself(&self, method: Method) -> RequestBuilder {
        self.client.request(method, self.base.clone())
    }

    /// Sends a request and returns whatever comes back.
    async fn ask(&self, request: RequestBuilder) -> Result<Response, OutboundError> {
        let response = super::telemetry::call(request).await.map_err(|_| OutboundError::Unreachable)?;
        // The connection was made to one of the checked addresses; that it was is looked at once more.
        if response.remote_addr().is_some_and(|peer| !self.addresses.iter().any(|known| known.ip().to_canonical() == peer.ip().to_canonical())) {
            return Err(OutboundError::Private);
        }
        Ok(response)
    }

    /// Sends a request; an answer that is not 200 is an error.
    ///
    /// # Errors
    /// Every class of [`OutboundError`] that an answer can have.
    pub async fn send(&self, request: RequestBuilder) -> Result<Response, OutboundError> {
        let response = self.ask(request).await?;
        match response.status().as_u16() {
            200 => Ok(response),
            300..=399 => Err(OutboundError::Redirect),
            401 | 403 => Err(OutboundError::Refused),
            404 | 405 | 501 => Err(OutboundError::Absent),
            408 | 429 | 502..=504 => Err(OutboundError::Busy),
            _ => Err(OutboundError::Failed),
        }
    }

    /// Sends a request to a peer whose refusals mean something: whatever the status, it is told, with the answer up to `limit` bytes.
    ///
    /// # Errors
    /// `Redirect`, `Private`; `Unreachable` when nothing comes.
    pub async fn hear(&self, request: RequestBuilder, limit: usize) -> Result<Heard, OutboundError> {
        let mut response = self.ask(request).await?;
        if response.status().is_redirection() {
            return Err(OutboundError::Redirect);
        }
        let wait = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
        let mut body = BytesMut::new();
        while body.len() < limit
            && let Ok(Some(part)) = response.chunk().await
        {
            body.extend_from_slice(&part[..part.len().min(limit - body.len())]);
        }
        Ok(Heard { status: response.status().as_u16(), wait: wait.map(Duration::from_secs), body: body.freeze() })
    }

    /// Sends a request and reads the whole answer, up to `limit` bytes.
    ///
    /// # Errors
    /// As [`Peer::send`]; `TooLarge`; `Unreachable` when the answer breaks off, `TooSlow` when it takes too long.
    pub async fn read(&self, request: RequestBuilder, limit: usize) -> Result<Bytes, OutboundError> {
        let whole = async {
            let mut response = self.send(request).await?;
            if response.content_length().is_some_and(|length| length > limit as u64) {
                return Err(OutboundError::TooLarge);
            }
            let mut body = BytesMut::new();
            while let Some(part) = response.chunk().await.map_err(|_| OutboundError::Unreachable)? {
                if body.len() + part.len() > limit {
                    return Err(OutboundError::TooLarge);
                }
                body.extend_from_slice(&part);
            }
            Ok(body.freeze())
        };
        tokio::time::timeout(ANSWER_WITHIN, whole).await.unwrap_or(Err(OutboundError::TooSlow))
    }
}

/// What a peer answered, whatever it was.
#[derive(Clone, Debug)]
pub struct Heard {
    pub status: u16,
    /// How long it asked to be left alone.
    pub wait: Option<Duration>,
    /// The beginning of its answer.
    pub body: Bytes,
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::*;

    fn guard() -> Outbound {
        Outbound::new("").expect("reads")
    }

    #[test]
    fn t71_addresses_that_are_not_public_are_refused_in_every_spelling() {
        for text in [
            "http://127.0.0.1",
            "http://localhost",
            "http://localhost.",
            "http://a.localhost:5000",
            "http://[::1]:5000",
            "http://0.0.0.0",
            "http://0",
            "http://127.1:5000",
            "http://2130706433",
            "http://0x7f.1",
            "http://017700000001",
            "http://[::ffff:127.0.0.1]",
            "http://[64:ff9b::a9fe:a9fe]",
            "http://[2002:7f00:1::]",
            "http://100.64.0.1",
            "http://169.254.169.254/latest/meta-data",
            "http://[fd00::1]",
            "http://①②⑦.0.0.1",
            "http://10.0.0.1:8080",
            "http://192.168.0.1",
            "http://[fe80::1]",
            "http://127.0.0.1.",
            "https://0x7f000001:5000",
            "http://[::]",
            "http://0177.0.0.1",
        ] {
            assert_eq!(guard().parse(text).map(|url| url.to_string()), Err(OutboundError::Private), "{text}");
        }
        for text in [
            "",
            "mlflow",
            "file:///etc/passwd",
            "gopher://x.example",
            "unix:/run/x",
            "ftp://x.example",
            "http://",
            "http://user@x.example",
            "http://user:pw@x.example",
            "http://x.example/?a=b",
            "http://x.example/#a",
            "http://[fe80::1%25eth0]",
            "javascript:alert(1)",
            "http://x.example\\@127.0.0.1",
            "http://x\n.example",
            "http://[::1",
        ] {
            assert_eq!(guard().parse(text).map(|url| url.to_string()), Err(OutboundError::Address), "{text}");
        }
        for text in ["http://x.example:22", "http://x.example:25", "http://x.example:5432", "https://x.example:6379", "http://x.example:0"] {
            assert_eq!(guard().parse(text).map(|url| url.to_string()), Err(OutboundError::Port), "{text}");
        }
        for text in ["https://mlflow.example.com", "http://mlflow.example.com:5000/team", " https://8.8.8.8/ "] {
            assert!(guard().parse(text).is_ok(), "{text}");
        }
    }

    #[tokio::test]
    async fn t72_an_address_that_resolves_to_a_private_one_is_refused_and_nothing_connects() {
        let canary = TcpListener::bind("127.0.0.1:0").await.expect("listens");
        let port = canary.local_addr().expect("an address").port();
        // The literal passes `parse` only where loopback is allowed; here the name's own addresses are looked at.
        let allowed = Outbound::new("::1").expect("reads");
        let refused = allowed.connect(&format!("http://localhost:{port}")).await;
        let only_v6 = tokio::net::lookup_host(("localhost", port)).await.expect("resolves").all(|address| address.is_ipv6());
        assert!(only_v6 || refused.is_err_and(|error| error == OutboundError::Private));
        assert_eq!(guard().connect(&format!("http://127.0.0.1:{port}")).await.err(), Some(OutboundError::Private));
        assert!(tokio::time::timeout(Duration::from_millis(200), canary.accept()).await.is_err(), "the canary heard something");
    }

    /// Answers each connection with the same bytes, then holds it open or closes it.
    async fn answering(answer: &'static [u8]) -> (Peer, tokio::task::JoinHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("listens");
        let port = listener.local_addr().expect("an address").port();
        let server = tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let mut asked = [0; 4096];
                let _ = socket.read(&mut asked).await;
                let _ = socket.write_all(answer).await;
            }
        });
        let peer = Outbound::new("127.0.0.0/8").expect("reads").connect(&format!("http://127.0.0.1:{port}/base/")).await.expect("connects");
        (peer, server)
    }

    async fn outcome(answer: &'static [u8]) -> Result<Bytes, OutboundError> {
        let (peer, server) = answering(answer).await;
        let outcome = peer.read(peer.request(Method::GET, "/x").expect("a request"), 1_000).await;
        server.abort();
        outcome
    }

    #[tokio::test]
    async fn t73_no_redirect_is_followed_and_no_large_answer_read() {
        assert_eq!(outcome(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi").await.as_deref(), Ok(&b"hi"[..]));
        for status in ["301", "302", "307", "308"] {
            let answer = format!("HTTP/1.1 {status} Moved\r\nlocation: http://127.0.0.1:1/secret\r\ncontent-length: 0\r\n\r\n");
            assert_eq!(outcome(Box::leak(answer.into_bytes().into_boxed_slice())).await, Err(OutboundError::Redirect), "{status}");
        }
        assert_eq!(outcome(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\nx").await, Err(OutboundError::TooLarge));
        let endless = format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n800\r\n{}\r\n", "x".repeat(0x800));
        assert_eq!(outcome(Box::leak(endless.into_bytes().into_boxed_slice())).await, Err(OutboundError::TooLarge));
        assert_eq!(outcome(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 6\r\n\r\nsecret").await, Err(OutboundError::Refused));
        assert_eq!(outcome(b"SSH-2.0-OpenSSH_9.2\r\n").await, Err(OutboundError::Unreachable));
    }

    #[tokio::test]
    async fn a_path_stays_below_the_address() {
        let (peer, server) = answering(b"").await;
        let url = |path: &str| peer.request(Method::GET, path).map(|request| request.build().expect("a request").url().path().to_owned());
        assert_eq!(url("/api/x%2Fy"), Ok("/base/api/x%2Fy".to_owned()));
        assert_eq!(url("/a?b"), Err(OutboundError::Address));
        server.abort();
    }
}
