//! Sends spans that have ended, on a thread of its own.

use std::{mem, thread, time::Duration};

use bytes::{Bytes, BytesMut};
use opentelemetry::Context;
use opentelemetry_proto::{
    tonic::collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse},
    transform::{common::tonic::ResourceAttributesWithSchema, trace::tonic::group_spans_by_resource_and_scope},
};
use opentelemetry_sdk::{
    error::OTelSdkResult,
    trace::{Span, SpanData, SpanProcessor},
};
use prost::Message;
use reqwest::{
    Client, Response, Url,
    header::{CONTENT_TYPE, RETRY_AFTER},
    redirect,
};
use tokio::{
    runtime::Builder,
    sync::{mpsc, oneshot, watch},
    time::{Instant, sleep, timeout_at},
};

use super::settings::Settings;
use crate::fault::Fault;

/// How often the same spans are sent, when the endpoint is busy or just not there.
const ATTEMPTS: u32 = 3;
/// The pause after the first attempt; it doubles.
const PAUSE: Duration = Duration::from_millis(500);
/// The longest pause that an endpoint may ask for.
const PAUSE_MAX: Duration = Duration::from_secs(5);
/// What is read of an answer.
const ANSWER_MAX: usize = 64 * 1024;

/// Where spans wait. One for which there is no room is dropped.
#[derive(Debug)]
pub(super) struct Queue(mpsc::Sender<SpanData>);

impl Queue {
    /// A queue for so many spans.
    pub fn new(room: usize) -> (Self, mpsc::Receiver<SpanData>) {
        let (send, receive) = mpsc::channel(room);
        (Self(send), receive)
    }
}

impl SpanProcessor for Queue {
    fn on_start(&self, _: &mut Span, _: &Context) {}

    fn on_end(&self, span: SpanData) {
        if self.0.try_send(span).is_err() {
            dropped(1, "queue");
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

/// Counts spans that nobody will see, by what was in the way.
fn dropped(spans: u64, by: &'static str) {
    metrics::counter!("assay_spans_dropped_total", "by" => by).increment(spans);
}

/// Takes spans from the queue to the endpoint.
pub(super) struct Exporter {
    client: Client,
    endpoint: Url,
    resource: ResourceAttributesWithSchema,
    batch: usize,
    delay: Duration,
    /// Whether the log says already that the endpoint takes nothing.
    away: bool,
}

/// What became of an attempt.
enum Outcome {
    /// It was taken, except for so many spans.
    Taken(u64),
    /// It was not, and may be a little later.
    Later(Option<Duration>, String),
    Refused(String),
}

impl Exporter {
    pub fn new(settings: Settings) -> Result<Self, Fault> {
        let Settings { endpoint, headers, authorities, resource, batch, delay, timeout, .. } = settings;
        // With what the operator lets it send as a credential it goes nowhere else.
        let client = Client::builder().redirect(redirect::Policy::none()).default_headers(headers).timeout(timeout);
        let client = authorities.into_iter().fold(client, reqwest::ClientBuilder::add_root_certificate);
        let client = client.user_agent(concat!("assay/", env!("CARGO_PKG_VERSION"))).build().map_err(Fault::internal)?;
        Ok(Self { client, endpoint, resource: (&resource).into(), batch, delay, away: false })
    }

    /// Starts the thread; what it returns is told once everything was sent after a stop.
    pub fn start(self, spans: mpsc::Receiver<SpanData>, stop: watch::Receiver<bool>) -> Result<oneshot::Receiver<()>, Fault> {
        let (end, ended) = oneshot::channel();
        let runtime = Builder::new_current_thread().enable_all().build().map_err(Fault::internal)?;
        let run = move || {
            runtime.block_on(self.run(spans, stop));
            let _ = end.send(());
        };
        thread::Builder::new().name("traces".into()).spawn(run).map_err(Fault::internal)?;
        Ok(ended)
    }

    async fn run(mut self, mut spans: mpsc::Receiver<SpanData>, mut stop: watch::Receiver<bool>) {
        let mut batch = Vec::new();
        while !(spans.is_closed() && spans.is_empty()) {
            tokio::select! {
                () = gather(&mut spans, &mut batch, self.batch, self.delay) => {}
                // What comes from now on is dropped; what waits is sent.
                _ = stop.changed(), if !spans.is_closed() => spans.close(),
            }
            if !batch.is_empty() {
                self.send(mem::take(&mut batch)).await;
            }
        }
    }

    async fn send(&mut self, batch: Vec<SpanData>) {
        let count = batch.len() as u64;
        let resource_spans = group_spans_by_resource_and_scope(batch, &self.resource);
        let body = Bytes::from(ExportTraceServiceRequest { resource_spans }.encode_to_vec());
        match self.delivered(body).await {
            Ok(rejected) => {
                metrics::counter!("assay_spans_exported_total").increment(count.saturating_sub(rejected));
                if rejected > 0 {
                    dropped(rejected, "endpoint");
                }
                if mem::take(&mut self.away) {
                    tracing::info!("traces reach their endpoint again");
                }
            }
            Err(reason) => {
                dropped(count, "endpoint");
                if !mem::replace(&mut self.away, true) {
                    tracing::warn!(reason, "traces do not reach their endpoint; until they do they are dropped, and counted at /metrics");
                }
            }
        }
    }

    /// How many spans were rejected, once the others were taken.
    async fn delivered(&self, body: Bytes) -> Result<u64, String> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            match self.attempt(body.clone()).await {
                Outcome::Taken(rejected) => return Ok(rejected),
                Outcome::Later(pause, _) if attempt < ATTEMPTS => {
                    sleep(pause.unwrap_or(PAUSE * 2_u32.pow(attempt - 1)).min(PAUSE_MAX)).await;
                }
                Outcome::Later(_, reason) | Outcome::Refused(reason) => return Err(reason),
            }
        }
    }

    async fn attempt(&self, body: Bytes) -> Outcome {
        let request = self.client.post(self.endpoint.clone()).header(CONTENT_TYPE, "application/x-protobuf").body(body);
        // The address may hold a credential: of an error nothing is told but its kind.
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) if error.is_timeout() => return Outcome::Refused("it did not answer in time".to_owned()),
            Err(error) if error.is_connect() => return Outcome::Later(None, "it cannot be reached".to_owned()),
            Err(_) => return Outcome::Later(None, "it broke the connection off".to_owned()),
        };
        let status = response.status().as_u16();
        let reason = format!("it answered {status}");
        match status {
            200..=299 => Outcome::Taken(rejected(response).await),
            429 | 502..=504 => {
                let wait = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
                Outcome::Later(wait.map(Duration::from_secs), reason)
            }
            _ => Outcome::Refused(reason),
        }
    }
}

/// Waits for spans: until there are as many as a request holds, or the first has waited long enough, or there will be no more.
async fn gather(spans: &mut mpsc::Receiver<SpanData>, batch: &mut Vec<SpanData>, most: usize, delay: Duration) {
    if spans.recv_many(batch, most).await == 0 {
        return;
    }
    let until = Instant::now() + delay;
    while batch.len() < most {
        match timeout_at(until, spans.recv_many(batch, most - batch.len())).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
    }
}

/// How many spans an endpoint says that it did not keep.
async fn rejected(mut response: Response) -> u64 {
    let mut body = BytesMut::new();
    while let Ok(Some(part)) = response.chunk().await {
        if body.len() + part.len() > ANSWER_MAX {
            return 0;
        }
        body.extend_from_slice(&part);
    }
    let answer = ExportTraceServiceResponse::decode(body.freeze()).unwrap_or_default();
    answer.partial_success.map_or(0, |part| u64::try_from(part.rejected_spans).unwrap_or(0))
}
