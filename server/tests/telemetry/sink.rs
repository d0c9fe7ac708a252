//! A collector: it decodes what is sent to it by OTLP, and answers as a test tells it to. It also takes whatever else is posted, as a service elsewhere does.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use opentelemetry_proto::tonic::{
    collector::trace::v1::{ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse},
    common::v1::{AnyValue, KeyValue, any_value::Value},
    trace::v1::{Span, span::SpanKind, status::StatusCode},
};
use prost::Message;
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;

/// The certificate of the sink that speaks TLS, as an operator names it. Its key is beside it: it vouches for nothing else.
pub const CERTIFICATE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/telemetry/endpoint.pem");

/// How it answers.
#[derive(Clone, Copy)]
pub enum Says {
    Status(u16),
    /// It takes all but so many spans.
    Rejects(i64),
    /// It keeps the connection and says nothing.
    Nothing,
}

/// A request as it came.
#[derive(Clone)]
pub struct Heard {
    /// The first line and the headers.
    pub head: String,
    pub body: Vec<u8>,
}

/// A span as it came.
#[derive(Clone, Debug)]
pub struct Seen {
    pub trace: String,
    pub id: String,
    /// Empty: it has none.
    pub parent: String,
    pub name: String,
    pub kind: SpanKind,
    pub failed: bool,
    pub attributes: BTreeMap<String, String>,
    /// The spans it names, each with its trace.
    pub links: Vec<(String, String)>,
    /// What is said of the process.
    pub resource: BTreeMap<String, String>,
}

impl Seen {
    /// An attribute, or an empty text.
    pub fn get(&self, name: &str) -> &str {
        self.attributes.get(name).map_or("", String::as_str)
    }
}

#[derive(Default)]
struct Shared {
    heard: Vec<Heard>,
    /// Answers in their order; the last one stays.
    says: Vec<Says>,
}

/// A sink of its own, on a thread of its own. Cloning shares it.
#[derive(Clone)]
pub struct Sink {
    pub url: String,
    shared: Arc<Mutex<Shared>>,
}

impl Sink {
    /// One that takes everything.
    pub fn open() -> Self {
        Self::start(None)
    }

    /// The same with TLS.
    pub fn open_with_tls() -> Self {
        let certificate = CertificateDer::from_pem_slice(include_bytes!("endpoint.pem")).expect("a certificate");
        let key = PrivateKeyDer::Pkcs8(include_bytes!("endpoint.key.der").to_vec().into());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().expect("versions");
        let config = config.with_no_client_auth().with_single_cert(vec![certificate], key).expect("fits");
        Self::start(Some(TlsAcceptor::from(Arc::new(config))))
    }

    fn start(tls: Option<TlsAcceptor>) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("listens");
        listener.set_nonblocking(true).expect("sets");
        let scheme = if tls.is_some() { "https" } else { "http" };
        let url = format!("{scheme}://{}", listener.local_addr().expect("an address"));
        let shared = Arc::new(Mutex::new(Shared { heard: Vec::new(), says: vec![Says::Status(200)] }));
        let own = shared.clone();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async move {
                let listener = TcpListener::from_std(listener).expect("listens");
                while let Ok((socket, _)) = listener.accept().await {
                    let (shared, tls) = (own.clone(), tls.clone());
                    tokio::spawn(async move {
                        match tls {
                            Some(tls) => {
                                if let Ok(socket) = tls.accept(socket).await {
                                    serve(socket, &shared).await;
                                }
                            }
                            None => serve(socket, &shared).await,
                        }
                    });
                }
            });
        });
        Self { url, shared }
    }

    /// How it answers from now on, answer by answer; the last one stays.
    pub fn says(&self, says: &[Says]) {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner).says = says.to_vec();
    }

    /// Every request so far.
    pub fn heard(&self) -> Vec<Heard> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner).heard.clone()
    }

    /// Every span so far.
    pub fn spans(&self) -> Vec<Seen> {
        self.heard().iter().flat_map(|heard| decode(&heard.body)).collect()
    }

    /// The spans, once they are what is waited for.
    pub async fn wait(&self, what: &str, enough: impl Fn(&[Seen]) -> bool) -> Vec<Seen> {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            let spans = self.spans();
            if enough(&spans) {
                return spans;
            }
            assert!(Instant::now() < deadline, "never: {what}\n{spans:#?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

async fn serve(mut socket: impl AsyncRead + AsyncWrite + Unpin, shared: &Mutex<Shared>) {
    let mut bytes = Vec::new();
    while let Some((head, length)) = head(&mut socket, &mut bytes).await {
        while bytes.len() < length {
            if socket.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
                return;
            }
        }
        let body: Vec<u8> = bytes.drain(..length).collect();
        let says = {
            let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
            shared.heard.push(Heard { head, body });
            if shared.says.len() > 1 { shared.says.remove(0) } else { shared.says[0] }
        };
        let (status, answer) = match says {
            Says::Status(status) => (status, Vec::new()),
            Says::Rejects(rejected_spans) => {
                let partial_success = Some(ExportTracePartialSuccess { rejected_spans, error_message: "too old".into() });
                (200, ExportTraceServiceResponse { partial_success }.encode_to_vec())
            }
            Says::Nothing => std::future::pending().await,
        };
        let head = format!("HTTP/1.1 {status} As told\r\ncontent-type: application/x-protobuf\r\ncontent-length: {}\r\n\r\n", answer.len());
        if socket.write_all(&[head.into_bytes(), answer].concat()).await.is_err() || socket.flush().await.is_err() {
            return;
        }
    }
}

/// The head of the next request, and the length of its body.
async fn head(socket: &mut (impl AsyncRead + Unpin), bytes: &mut Vec<u8>) -> Option<(String, usize)> {
    loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes.drain(..end + 4).collect::<Vec<u8>>()).to_ascii_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok()).unwrap_or(0);
            return Some((head, length));
        }
        if socket.read_buf(bytes).await.unwrap_or(0) == 0 {
            return None;
        }
    }
}

fn decode(body: &[u8]) -> Vec<Seen> {
    let Ok(request) = ExportTraceServiceRequest::decode(body) else { return Vec::new() };
    let mut seen = Vec::new();
    for resource_spans in request.resource_spans {
        let resource = texts(resource_spans.resource.map(|resource| resource.attributes).unwrap_or_default());
        for span in resource_spans.scope_spans.into_iter().flat_map(|scope| scope.spans) {
            seen.push(read(span, resource.clone()));
        }
    }
    seen
}

fn read(span: Span, resource: BTreeMap<String, String>) -> Seen {
    assert!(span.end_time_unix_nano >= span.start_time_unix_nano && span.start_time_unix_nano > 0, "{span:?}");
    assert!(span.events.is_empty() && span.dropped_attributes_count == 0, "{span:?}");
    Seen {
        kind: span.kind(),
        failed: span.status.as_ref().is_some_and(|status| status.code() == StatusCode::Error),
        trace: hex(&span.trace_id),
        id: hex(&span.span_id),
        parent: hex(&span.parent_span_id),
        name: span.name,
        attributes: texts(span.attributes),
        links: span.links.iter().map(|link| (hex(&link.trace_id), hex(&link.span_id))).collect(),
        resource,
    }
}

fn texts(attributes: Vec<KeyValue>) -> BTreeMap<String, String> {
    let text = |value: Option<AnyValue>| match value.and_then(|value| value.value) {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(number)) => number.to_string(),
        Some(Value::DoubleValue(number)) => number.to_string(),
        Some(Value::BoolValue(yes)) => yes.to_string(),
        other => panic!("{other:?}"),
    };
    attributes.into_iter().map(|attribute| (attribute.key, text(attribute.value))).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
