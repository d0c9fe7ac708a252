//! Traces of Assay itself: what a request or a job was made of, and how long each part took. They are sent by OTLP where an operator names an endpoint
//! (`infra/decisions/0029-otlp-traces.md`).
//!
//! What must stay true:
//! - Without an endpoint no span is made, no thread started and nothing connected to.
//! - Nobody waits for what is sent: a span that has no room is dropped, and counted.
//! - A span says which organization, route, operation, kind of job, code and number; never what people wrote, are called or are reached by, no secret, no query
//!   and no address with what is filled into it.
//! - `traceparent` is read from whoever asks and given to our own jobs, and to nobody else.

mod call;
mod export;
mod settings;

use std::{borrow::Cow, future::Future, sync::OnceLock, time::Duration};

use opentelemetry::{
    Context, InstrumentationScope, KeyValue, Value,
    context::FutureExt,
    trace::{Link, SpanContext, SpanId, Status, TraceContextExt, TraceFlags, TraceId, TraceState, Tracer, TracerProvider},
};
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};
use tokio::sync::{oneshot, watch};
use tracing::Instrument;

pub use call::call;
pub use opentelemetry::trace::SpanKind;

use crate::{config::TraceConfig, fault::Fault};
use export::{Exporter, Queue};
use settings::Settings;

/// How long the end of the process waits for what was not sent yet.
const CLOSE_WITHIN: Duration = Duration::from_secs(5);

/// Of the process. Empty: there is no endpoint.
static TRACER: OnceLock<SdkTracer> = OnceLock::new();

/// What sends the traces of this process.
pub struct Traces {
    stop: watch::Sender<bool>,
    ended: oneshot::Receiver<()>,
}

impl Traces {
    /// Starts to make and to send traces, where an endpoint is configured; once in a process.
    ///
    /// # Errors
    /// `Internal` for a setting that cannot be read.
    pub fn start(config: &TraceConfig) -> Result<Option<Self>, Fault> {
        let Some(settings) = Settings::read(config)? else { return Ok(None) };
        let (queue, spans) = Queue::new(settings.queue);
        let (resource, sampler) = (settings.resource.clone(), settings.sampler.clone());
        let exporter = Exporter::new(settings)?;
        let provider = SdkTracerProvider::builder().with_resource(resource).with_sampler(sampler).with_span_processor(queue).build();
        let scope = InstrumentationScope::builder("assay").with_version(env!("CARGO_PKG_VERSION")).build();
        TRACER.set(provider.tracer_with_scope(scope)).map_err(|_| Fault::internal("traces were started twice"))?;
        let (stop, stopped) = watch::channel(false);
        let ended = exporter.start(spans, stopped)?;
        Ok(Some(Self { stop, ended }))
    }

    /// Sends what is left, as far as five seconds suffice.
    pub async fn close(self) {
        let _ = self.stop.send(true);
        if tokio::time::timeout(CLOSE_WITHIN, self.ended).await.is_err() {
            tracing::warn!("traces could not all be sent before the end");
        }
    }
}

/// A span under way; it ends when it is dropped. Where nothing is configured it is nothing.
pub struct Span(Option<Context>);

impl Span {
    /// Of what nobody in this process asked for. It continues the caller's trace where `parent` is a W3C `traceparent`.
    pub fn root(name: impl Into<Cow<'static, str>>, kind: SpanKind, parent: Option<&str>) -> Self {
        let Some(tracer) = TRACER.get() else { return Self(None) };
        let remote = parent.and_then(read_traceparent);
        let around = remote.map_or_else(Context::new, |remote| Context::new().with_remote_span_context(remote));
        Self::start(tracer, name, kind, &around, Vec::new())
    }

    /// Of a part of what is under way; nothing where nothing is.
    pub fn part(name: impl Into<Cow<'static, str>>, kind: SpanKind) -> Self {
        match TRACER.get() {
            Some(tracer) => Self::within(tracer, name, kind, Context::current(), Vec::new()),
            None => Self(None),
        }
    }

    /// Of what is done for several at once: a part of the first of them that is traced, which names the others.
    pub fn shared<'h>(name: &'static str, by: impl Iterator<Item = &'h Here>) -> Self {
        let Some(tracer) = TRACER.get() else { return Self(None) };
        let (traced, others): (Vec<&Context>, Vec<&Context>) = by.filter_map(|here| here.trace.as_ref()).partition(|trace| is_sampled(trace));
        let Some(first) = traced.first().or(others.first()) else { return Self(None) };
        let links = traced.iter().skip(1).map(|trace| Link::with_context(trace.span().span_context().clone())).collect();
        Self::within(tracer, name, SpanKind::Internal, (*first).clone(), links)
    }

    fn within(tracer: &SdkTracer, name: impl Into<Cow<'static, str>>, kind: SpanKind, around: Context, links: Vec<Link>) -> Self {
        match (around.has_active_span(), is_sampled(&around)) {
            (false, _) => Self(None),
            // What is not sampled as a whole is not in its parts.
            (true, false) => Self(Some(around)),
            (true, true) => Self::start(tracer, name, kind, &around, links),
        }
    }

    fn start(tracer: &SdkTracer, name: impl Into<Cow<'static, str>>, kind: SpanKind, around: &Context, links: Vec<Link>) -> Self {
        let span = tracer.span_builder(name).with_kind(kind).with_links(links).start_with_context(tracer, around);
        Self(Some(around.with_span(span)))
    }

    /// Whether anything is made of what is said of it.
    pub fn is_recorded(&self) -> bool {
        self.0.as_ref().is_some_and(is_sampled)
    }

    /// Says something of it, by a name of OpenTelemetry's semantic conventions, or one that begins with `assay.`.
    pub fn set(&self, key: &'static str, value: impl Into<Value>) {
        if let Some(context) = &self.0 {
            context.span().set_attribute(KeyValue::new(key, value));
        }
    }

    /// Gives it the name that is known only now.
    pub fn rename(&self, name: impl Into<Cow<'static, str>>) {
        if let Some(context) = &self.0 {
            context.span().update_name(name);
        }
    }

    /// Says that it failed. `class` is a code, never a sentence that holds what somebody sent.
    pub fn fail(&self, class: impl Into<Value>) {
        self.set("error.type", class);
        if let Some(context) = &self.0 {
            context.span().set_status(Status::error(""));
        }
    }

    /// The id of its trace, for the log.
    pub fn trace_id(&self) -> Option<String> {
        self.0.as_ref().map(trace_id)
    }

    /// Where it is, as W3C `traceparent`, for what goes on in another process.
    pub fn traceparent(&self) -> Option<String> {
        let context = self.0.as_ref()?.span().span_context().clone();
        let flags = context.trace_flags() & TraceFlags::SAMPLED;
        Some(format!("00-{}-{}-{flags:02x}", context.trace_id(), context.span_id()))
    }

    /// Does some work within it.
    pub async fn around<T>(&self, work: impl Future<Output = T>) -> T {
        match &self.0 {
            Some(context) => work.with_context(context.clone()).await,
            None => work.await,
        }
    }
}

impl Drop for Span {
    fn drop(&mut self) {
        if let Some(context) = &self.0 {
            context.span().end();
        }
    }
}

/// Where something happens, in the log and in its trace, to be taken along to another task.
#[derive(Clone)]
pub struct Here {
    log: tracing::Span,
    trace: Option<Context>,
}

impl Here {
    /// Where this is called.
    pub fn now() -> Self {
        let trace = TRACER.get().map(|_| Context::current()).filter(TraceContextExt::has_active_span);
        Self { log: tracing::Span::current(), trace }
    }

    /// The id of the trace, for the log.
    pub fn trace_id(&self) -> Option<String> {
        self.trace.as_ref().map(trace_id)
    }

    /// Does some work as if it were done there.
    pub async fn around<T>(self, work: impl Future<Output = T>) -> T {
        let work = work.instrument(self.log);
        match self.trace {
            Some(context) => work.with_context(context).await,
            None => work.await,
        }
    }
}

fn is_sampled(context: &Context) -> bool {
    context.span().span_context().is_sampled()
}

fn trace_id(context: &Context) -> String {
    context.span().span_context().trace_id().to_string()
}

/// Reads a W3C `traceparent`; of a later version, what is known of it. What is none begins a trace of our own.
fn read_traceparent(text: &str) -> Option<SpanContext> {
    let hex = |part: &str| part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let mut parts = text.split('-');
    let [version, trace, span, flags] = [2, 32, 16, 2].map(|length| parts.next().filter(|part| part.len() == length && hex(part)));
    let version = version.filter(|version| *version != "ff" && (*version != "00" || parts.next().is_none()));
    let (Some(_), Some(trace), Some(span), Some(flags)) = (version, trace, span, flags) else { return None };
    let flags = TraceFlags::new(u8::from_str_radix(flags, 16).ok()?) & TraceFlags::SAMPLED;
    let context = SpanContext::new(TraceId::from_hex(trace).ok()?, SpanId::from_hex(span).ok()?, flags, true, TraceState::NONE);
    Some(context).filter(SpanContext::is_valid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_traceparent_is_read_as_w3c_says() {
        let (trace, span) = ("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331");
        for (text, sampled) in [
            (format!("00-{trace}-{span}-01"), true),
            (format!("00-{trace}-{span}-00"), false),
            (format!("00-{trace}-{span}-03"), true),
            (format!("cc-{trace}-{span}-01-what-will-be"), true),
        ] {
            let read = read_traceparent(&text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!((read.trace_id().to_string().as_str(), read.span_id().to_string().as_str()), (trace, span), "{text}");
            assert!(read.is_sampled() == sampled && read.is_remote(), "{text}");
        }
        for text in [
            String::new(),
            "00".to_owned(),
            format!("ff-{trace}-{span}-01"),
            format!("00-{trace}-{span}-01-more"),
            format!("00-{trace}-{span}-01-"),
            format!("00-{trace}-{span}"),
            format!("00-{trace}-{span}-1"),
            format!("0-{trace}-{span}-01"),
            format!("00-{}-{span}-01", trace.to_uppercase()),
            format!("00-{}-{span}-01", "0".repeat(32)),
            format!("00-{trace}-{}-01", "0".repeat(16)),
            format!("00-+{}-{span}-01", &trace[1..]),
            format!("00-{}é-{span}-01", &trace[2..]),
            format!(" 00-{trace}-{span}-01"),
        ] {
            assert_eq!(read_traceparent(&text), None, "{text}");
        }
    }

    #[test]
    fn where_nothing_is_configured_a_span_is_nothing() {
        let span = Span::root("a request", SpanKind::Server, Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"));
        assert!(!span.is_recorded() && span.0.is_none() && span.traceparent().is_none() && span.trace_id().is_none());
        assert!(Span::part("a part", SpanKind::Internal).0.is_none() && Here::now().trace.is_none());
    }
}
