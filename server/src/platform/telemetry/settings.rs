//! What OpenTelemetry's standard variables say.

use std::{path::Path, time::Duration};

use opentelemetry::KeyValue;
use opentelemetry_sdk::{Resource, resource::TelemetryResourceDetector, trace::Sampler};
use reqwest::{
    Certificate, Url,
    header::{HeaderMap, HeaderName, HeaderValue},
};
use uuid::Uuid;

use crate::{config::TraceConfig, fault::Fault};

/// How traces are made and where they go.
pub(super) struct Settings {
    pub endpoint: Url,
    pub headers: HeaderMap,
    /// Whom an endpoint with TLS is trusted by, beside the public authorities.
    pub authorities: Vec<Certificate>,
    pub resource: Resource,
    pub sampler: Sampler,
    /// Spans that wait at the most.
    pub queue: usize,
    /// Spans of one request at the most.
    pub batch: usize,
    /// How long a span waits for others.
    pub delay: Duration,
    /// How long an answer is waited for.
    pub timeout: Duration,
}

impl Settings {
    /// `None`: no endpoint is named, or traces are turned off.
    ///
    /// # Errors
    /// `Internal` for what cannot be read; the log names the variable and not what it holds.
    pub fn read(config: &TraceConfig) -> Result<Option<Self>, Fault> {
        let off = is(&config.otel_sdk_disabled, "true") || is(&config.otel_traces_exporter, "none");
        let Some(endpoint) = endpoint(config)?.filter(|_| !off) else { return Ok(None) };
        let protocol = set(&config.otel_exporter_otlp_traces_protocol).or(set(&config.otel_exporter_otlp_protocol));
        if let Some(protocol) = protocol.filter(|protocol| *protocol != "http/protobuf") {
            tracing::warn!(protocol, "traces are sent as http/protobuf, whatever OTEL_EXPORTER_OTLP_PROTOCOL says");
        }
        let (name, text) = match set(&config.otel_exporter_otlp_traces_headers) {
            Some(text) => ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", text),
            None => ("OTEL_EXPORTER_OTLP_HEADERS", set(&config.otel_exporter_otlp_headers).unwrap_or_default()),
        };
        let certificate = set(&config.otel_exporter_otlp_traces_certificate).or(set(&config.otel_exporter_otlp_certificate));
        Ok(Some(Self {
            endpoint,
            headers: headers(text).ok_or_else(|| Fault::internal(format!("{name} is no list of name=value")))?,
            authorities: certificate.map(authorities).transpose()?.unwrap_or_default(),
            resource: resource(config)?,
            sampler: sampler(set(&config.otel_traces_sampler), set(&config.otel_traces_sampler_arg)),
            queue: config.otel_bsp_max_queue_size.max(1),
            batch: config.otel_bsp_max_export_batch_size.clamp(1, config.otel_bsp_max_queue_size.max(1)),
            delay: Duration::from_millis(config.otel_bsp_schedule_delay),
            timeout: Duration::from_millis(config.otel_exporter_otlp_traces_timeout.unwrap_or(config.otel_exporter_otlp_timeout)),
        }))
    }
}

/// What a variable says; one that is empty says nothing.
fn set(variable: &Option<String>) -> Option<&str> {
    variable.as_deref().map(str::trim).filter(|text| !text.is_empty())
}

fn is(variable: &Option<String>, word: &str) -> bool {
    set(variable).is_some_and(|text| text.eq_ignore_ascii_case(word))
}

/// The endpoint of traces as it stands, or that of everything with the path of traces.
fn endpoint(config: &TraceConfig) -> Result<Option<Url>, Fault> {
    let (name, text) = match (set(&config.otel_exporter_otlp_traces_endpoint), set(&config.otel_exporter_otlp_endpoint)) {
        (Some(text), _) => ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", text.to_owned()),
        (None, Some(text)) => ("OTEL_EXPORTER_OTLP_ENDPOINT", format!("{}/v1/traces", text.trim_end_matches('/'))),
        (None, None) => return Ok(None),
    };
    let url = Url::parse(&text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    url.map(Some).ok_or_else(|| Fault::internal(format!("{name} is no address that begins with http:// or https://")))
}

fn headers(text: &str) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs(text)? {
        let mut value = HeaderValue::from_str(&value).ok()?;
        value.set_sensitive(true);
        headers.insert(name.to_ascii_lowercase().parse::<HeaderName>().ok()?, value);
    }
    Some(headers)
}

fn authorities(path: &str) -> Result<Vec<Certificate>, Fault> {
    let unreadable = |error: &dyn std::fmt::Display| Fault::internal(format!("OTEL_EXPORTER_OTLP_CERTIFICATE: {error}"));
    let text = std::fs::read(Path::new(path)).map_err(|error| unreadable(&error))?;
    Certificate::from_pem_bundle(&text).map_err(|error| unreadable(&error))
}

/// Who sends the traces.
fn resource(config: &TraceConfig) -> Result<Resource, Fault> {
    let own = pairs(set(&config.otel_resource_attributes).unwrap_or_default());
    let own = own.ok_or_else(|| Fault::internal("OTEL_RESOURCE_ATTRIBUTES is no list of name=value"))?;
    let known = [
        KeyValue::new("service.name", "assay"),
        KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
        KeyValue::new("service.instance.id", Uuid::new_v4().to_string()),
    ];
    // Of several values the last one holds.
    let builder = Resource::builder_empty().with_detector(Box::new(TelemetryResourceDetector)).with_attributes(known);
    let builder = builder.with_attributes(own.into_iter().map(|(name, value)| KeyValue::new(name, value)));
    Ok(match set(&config.otel_service_name) {
        Some(name) => builder.with_attribute(KeyValue::new("service.name", name.to_owned())).build(),
        None => builder.build(),
    })
}

/// As the specification says, what is unknown is told and passed over: the variables are often meant for many programs at once.
fn sampler(name: Option<&str>, argument: Option<&str>) -> Sampler {
    let ratio = || {
        let ratio = argument.map_or(Some(1.0), |text| text.parse().ok().filter(|ratio| (0.0..=1.0).contains(ratio)));
        let ratio = ratio.unwrap_or_else(|| {
            tracing::warn!("OTEL_TRACES_SAMPLER_ARG is no number from 0 to 1; everything is sampled");
            1.0
        });
        Sampler::TraceIdRatioBased(ratio)
    };
    let root = match name.unwrap_or("parentbased_always_on") {
        "always_on" => return Sampler::AlwaysOn,
        "always_off" => return Sampler::AlwaysOff,
        "traceidratio" => return ratio(),
        "parentbased_always_off" => Sampler::AlwaysOff,
        "parentbased_traceidratio" => ratio(),
        "parentbased_always_on" => Sampler::AlwaysOn,
        _ => {
            tracing::warn!("OTEL_TRACES_SAMPLER names no sampler that is known here; it is as if it said parentbased_always_on");
            Sampler::AlwaysOn
        }
    };
    Sampler::ParentBased(Box::new(root))
}

/// A list `name=value,name=value`, its values percent-encoded.
fn pairs(text: &str) -> Option<Vec<(String, String)>> {
    let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
    words
        .map(|word| {
            let (name, value) = word.split_once('=')?;
            Some((name.trim().to_owned(), decoded(value.trim())?)).filter(|(name, _)| !name.is_empty())
        })
        .collect()
}

fn decoded(text: &str) -> Option<String> {
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        bytes.push(u8::from_str_radix(part.get(..2)?, 16).ok()?);
        bytes.extend_from_slice(&part.as_bytes()[2..]);
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(arguments: &[&str]) -> TraceConfig {
        #[derive(clap::Parser)]
        struct Alone {
            #[command(flatten)]
            config: TraceConfig,
        }
        <Alone as clap::Parser>::parse_from(std::iter::once(&"assay").chain(arguments)).config
    }

    fn read(arguments: &[&str]) -> Option<Settings> {
        Settings::read(&config(arguments)).expect("reads")
    }

    #[test]
    fn traces_are_made_where_an_endpoint_is_named_and_they_are_not_turned_off() {
        let endpoint = |arguments: &[&str]| read(arguments).map(|settings| settings.endpoint.to_string());
        let all = "--otel-exporter-otlp-endpoint=http://collector:4318/";
        assert_eq!(endpoint(&[]), None);
        assert_eq!(endpoint(&["--otel-exporter-otlp-endpoint="]), None);
        assert_eq!(endpoint(&[all]).as_deref(), Some("http://collector:4318/v1/traces"));
        assert_eq!(endpoint(&["--otel-exporter-otlp-endpoint=https://x.example/otlp"]).as_deref(), Some("https://x.example/otlp/v1/traces"));
        assert_eq!(endpoint(&[all, "--otel-exporter-otlp-traces-endpoint=https://x.example/in"]).as_deref(), Some("https://x.example/in"));
        assert_eq!(endpoint(&[all, "--otel-sdk-disabled=TRUE"]), None);
        assert_eq!(endpoint(&[all, "--otel-traces-exporter=none"]), None);
        assert!(endpoint(&[all, "--otel-sdk-disabled=false", "--otel-traces-exporter=otlp"]).is_some());
        for wrong in ["collector:4318", "grpc://collector", "x"] {
            assert!(Settings::read(&config(&[&format!("--otel-exporter-otlp-endpoint={wrong}")])).is_err(), "{wrong}");
        }
    }

    #[test]
    fn headers_are_percent_encoded_and_those_of_traces_stand_in_for_the_others() {
        let all = "--otel-exporter-otlp-endpoint=http://collector";
        let settings = read(&[all, "--otel-exporter-otlp-headers=Authorization=Basic%20YWJj, x-scope = a=b"]).expect("settings");
        assert_eq!(settings.headers["authorization"], "Basic YWJj");
        assert_eq!(settings.headers["x-scope"], "a=b");
        assert!(!format!("{:?}", settings.headers).contains("YWJj"));
        let settings = read(&[all, "--otel-exporter-otlp-headers=a=b", "--otel-exporter-otlp-traces-headers=c=d"]).expect("settings");
        assert_eq!((settings.headers.len(), &settings.headers["c"]), (1, &HeaderValue::from_static("d")));
        for wrong in ["a", "=b", "a=%zz", "a=%e", "a=%", "a b=c", "a=%0a", "a=%ff"] {
            assert!(Settings::read(&config(&[all, &format!("--otel-exporter-otlp-headers={wrong}")])).is_err(), "{wrong}");
        }
    }

    #[test]
    fn samplers_and_names_are_those_of_the_specification() {
        let all = "--otel-exporter-otlp-endpoint=http://collector";
        let sampler = |arguments: &[&str]| format!("{:?}", read(&[&[all], arguments].concat()).expect("settings").sampler);
        assert_eq!(sampler(&[]), "ParentBased(AlwaysOn)");
        for (name, expected) in [
            ("always_on", "AlwaysOn"),
            ("always_off", "AlwaysOff"),
            ("traceidratio", "TraceIdRatioBased(0.25)"),
            ("parentbased_always_on", "ParentBased(AlwaysOn)"),
            ("parentbased_always_off", "ParentBased(AlwaysOff)"),
            ("parentbased_traceidratio", "ParentBased(TraceIdRatioBased(0.25))"),
            ("jaeger_remote", "ParentBased(AlwaysOn)"),
        ] {
            assert_eq!(sampler(&[&format!("--otel-traces-sampler={name}"), "--otel-traces-sampler-arg=0.25"]), expected, "{name}");
        }
        for wrong in ["2", "-1", "x", "NaN"] {
            assert_eq!(sampler(&["--otel-traces-sampler=traceidratio", &format!("--otel-traces-sampler-arg={wrong}")]), "TraceIdRatioBased(1.0)");
        }
        let name = |arguments: &[&str]| {
            let resource = read(&[&[all], arguments].concat()).expect("settings").resource;
            resource.get(&opentelemetry::Key::new("service.name")).map(|name| name.to_string())
        };
        assert_eq!(name(&[]).as_deref(), Some("assay"));
        assert_eq!(name(&["--otel-resource-attributes=service.name=a%20b,deployment.environment.name=test"]).as_deref(), Some("a b"));
        assert_eq!(name(&["--otel-resource-attributes=service.name=a", "--otel-service-name=c"]).as_deref(), Some("c"));
    }
}
