//! What an operator sets, from the environment.

use std::path::PathBuf;

use clap::Args;

/// Settings of every role of the binary.
#[derive(Args, Clone, Debug)]
pub struct Config {
    /// Postgres, as a URL. The user owns the database or may create roles in it.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: String,
    /// Redis, as a URL. Without it everything works, a little later and per process.
    #[arg(long, env = "REDIS_URL", hide_env_values = true)]
    pub redis_url: Option<String>,
    /// Where to listen.
    #[arg(long, env = "ASSAY_LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: String,
    /// The address people and clients use; links in mails start with it.
    #[arg(long, env = "ASSAY_URL")]
    pub url: Option<String>,
    /// The folder for artifacts.
    #[arg(long, env = "ASSAY_BLOBS", default_value = ".local/blobs")]
    pub blobs: PathBuf,
    /// The folder with the built web app.
    #[arg(long, env = "ASSAY_SITE", default_value = "target/site")]
    pub site: PathBuf,
    /// Where mail goes: `smtp://host:port`, `smtps://…` or `file:FOLDER`.
    #[arg(long, env = "ASSAY_MAIL", default_value = "file:.local/mail", hide_env_values = true)]
    pub mail: String,
    /// The sender of mail.
    #[arg(long, env = "ASSAY_MAIL_FROM", default_value = "Assay <assay@localhost>")]
    pub mail_from: String,
    /// Connections to Postgres per process; a quarter of them are for what loggers send, an eighth for signing in and for jobs.
    #[arg(long, env = "ASSAY_CONNECTIONS", default_value_t = 12)]
    pub connections: u32,
    /// Organizations that a connection to Postgres is used for, before another one is opened in its place: a backend's memory grows by some 1.4 MB for each.
    #[arg(long, env = "ASSAY_CONNECTION_TENANTS", default_value_t = 150)]
    pub connection_tenants: usize,
    /// Threads that serve HTTP.
    #[arg(long, env = "ASSAY_THREADS", default_value_t = 2)]
    pub threads: usize,
    /// Whether anybody may found an organization.
    #[arg(long, env = "ASSAY_SIGN_UP", default_value_t = true, action = clap::ArgAction::Set)]
    pub sign_up: bool,
    /// Whether a proxy in front sets `X-Forwarded-For` and `X-Request-Id`. Off, they are ignored.
    #[arg(long, env = "ASSAY_BEHIND_PROXY", default_value_t = false, action = clap::ArgAction::Set)]
    pub behind_proxy: bool,
    /// Calls a second that a session or token may send to log with (runs, metrics, params, traces, files), ten seconds' worth of them at once; an organization
    /// five times that. 0 is no limit. Each process counts for itself.
    #[arg(long, env = "ASSAY_LOGGING_RATE", default_value_t = 20_000)]
    pub logging_rate: u32,
    /// The same for everything else: reads, searches, fields of GraphQL, pages.
    #[arg(long, env = "ASSAY_ASKING_RATE", default_value_t = 200)]
    pub asking_rate: u32,
    /// Fields of GraphQL a second that may be asked for from an address without signing in, ten seconds' worth of them at once.
    #[arg(long, env = "ASSAY_ANONYMOUS_RATE", default_value_t = 100)]
    pub anonymous_rate: u32,
    /// Seconds without a byte after which a request's body is given up. One that comes must bring a kilobyte a second.
    #[arg(long, env = "ASSAY_BODY_SILENCE_SECONDS", default_value_t = 30)]
    pub body_silence_seconds: u64,
    /// Bytes that an organization may store which is founded from now on: `50GB`. Without it there is no limit. `assay quota` changes that of one which is there.
    #[arg(long, env = "ASSAY_STORAGE_QUOTA", value_name = "SIZE", value_parser = shared::size::parse)]
    pub storage_quota: Option<u64>,
    /// Where `/metrics`, `/healthz` and `/readyz` are also answered, to whoever reaches it: `127.0.0.1:9100`. The only place for them at a worker.
    #[arg(long, env = "ASSAY_METRICS_LISTEN")]
    pub metrics_listen: Option<String>,
    /// Seconds that a process told to stop waits for the requests and jobs under way; jobs are handed back then.
    #[arg(long, env = "ASSAY_DRAIN_SECONDS", default_value_t = 20)]
    pub drain_seconds: u64,
    /// Networks that are not public and may still be asked for what people name by address (imports), with commas between them: `10.0.0.0/8,fd00::/8`.
    #[arg(long, env = "ASSAY_OUTBOUND_ALLOW", default_value = "")]
    pub outbound_allow: String,
    /// What stands in for `https://hooks.slack.com`, the only place that messages to Slack go to: a relay of your own, `https://slack.example.com`. It must be
    /// public or in one of the networks that are allowed.
    #[arg(long, env = "ASSAY_SLACK")]
    pub slack: Option<String>,
    /// Any text of 32 characters or more, the same for every process: seals what must be kept readable for a while, such as the credentials of an import
    /// under way and mails that were not sent yet, and marks the cursors of lists. Without it a key is made and kept in the folder for artifacts.
    #[arg(long, env = "ASSAY_SECRET", hide_env_values = true)]
    pub secret: Option<String>,
    #[command(flatten)]
    pub traces: TraceConfig,
}

/// Where traces of Assay itself go: OpenTelemetry's standard variables, under their own names. Without an endpoint none are made.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Traces of Assay itself (OpenTelemetry)")]
pub struct TraceConfig {
    /// A collector that takes OTLP as http/protobuf: `http://collector:4318`, or `https://…`; `/v1/traces` is added.
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT", hide_env_values = true)]
    pub otel_exporter_otlp_endpoint: Option<String>,
    /// The same for traces alone: the whole address, nothing is added.
    #[arg(long, env = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", hide_env_values = true)]
    pub otel_exporter_otlp_traces_endpoint: Option<String>,
    /// Headers of every request to it, `name=value,name=value`, the values percent-encoded.
    #[arg(long, env = "OTEL_EXPORTER_OTLP_HEADERS", hide_env_values = true)]
    pub otel_exporter_otlp_headers: Option<String>,
    /// The same for traces; they stand in for the others.
    #[arg(long, env = "OTEL_EXPORTER_OTLP_TRACES_HEADERS", hide_env_values = true)]
    pub otel_exporter_otlp_traces_headers: Option<String>,
    /// A file with certificates (PEM) of those who vouch for an https endpoint, beside the public authorities.
    #[arg(long, env = "OTEL_EXPORTER_OTLP_CERTIFICATE")]
    pub otel_exporter_otlp_certificate: Option<String>,
    /// The same for traces.
    #[arg(long, env = "OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE")]
    pub otel_exporter_otlp_traces_certificate: Option<String>,
    /// Only `http/protobuf` is spoken.
    #[arg(long, env = "OTEL_EXPORTER_OTLP_PROTOCOL")]
    pub otel_exporter_otlp_protocol: Option<String>,
    /// The same for traces.
    #[arg(long, env = "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL")]
    pub otel_exporter_otlp_traces_protocol: Option<String>,
    /// Milliseconds that an answer is waited for.
    #[arg(long, env = "OTEL_EXPORTER_OTLP_TIMEOUT", default_value_t = 10_000)]
    pub otel_exporter_otlp_timeout: u64,
    /// The same for traces.
    #[arg(long, env = "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT")]
    pub otel_exporter_otlp_traces_timeout: Option<u64>,
    /// What the traces are filed under; `assay` where nothing says otherwise.
    #[arg(long, env = "OTEL_SERVICE_NAME")]
    pub otel_service_name: Option<String>,
    /// What else is said of who sends them, `name=value,name=value`.
    #[arg(long, env = "OTEL_RESOURCE_ATTRIBUTES")]
    pub otel_resource_attributes: Option<String>,
    /// `always_on`, `always_off`, `traceidratio`, or `parentbased_` and one of these: as whoever asked has decided. `parentbased_always_on` where nothing is said.
    #[arg(long, env = "OTEL_TRACES_SAMPLER")]
    pub otel_traces_sampler: Option<String>,
    /// Of a ratio: which part of the traces, from 0 to 1.
    #[arg(long, env = "OTEL_TRACES_SAMPLER_ARG")]
    pub otel_traces_sampler_arg: Option<String>,
    /// Spans that wait to be sent at the most; more are dropped.
    #[arg(long, env = "OTEL_BSP_MAX_QUEUE_SIZE", default_value_t = 2048)]
    pub otel_bsp_max_queue_size: usize,
    /// Spans of one request to the collector at the most.
    #[arg(long, env = "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", default_value_t = 512)]
    pub otel_bsp_max_export_batch_size: usize,
    /// Milliseconds that a span waits for others.
    #[arg(long, env = "OTEL_BSP_SCHEDULE_DELAY", default_value_t = 5_000)]
    pub otel_bsp_schedule_delay: u64,
    /// `none` makes no traces, whatever else is set.
    #[arg(long, env = "OTEL_TRACES_EXPORTER")]
    pub otel_traces_exporter: Option<String>,
    /// So does `true`.
    #[arg(long, env = "OTEL_SDK_DISABLED")]
    pub otel_sdk_disabled: Option<String>,
}

impl Config {
    /// The public address without a slash at its end.
    pub fn public_url(&self) -> String {
        let listen = || format!("http://{}", self.listen.replace("127.0.0.1", "localhost").replace("0.0.0.0", "localhost"));
        self.url.clone().unwrap_or_else(listen).trim_end_matches('/').to_owned()
    }

    /// Whether browsers reach us by TLS, so that cookies must be `Secure`.
    pub fn is_secure(&self) -> bool {
        self.public_url().starts_with("https://")
    }
}
