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
    /// Connections to Postgres per process; a quarter of them are for what loggers send, another for signing in and for jobs.
    #[arg(long, env = "ASSAY_CONNECTIONS", default_value_t = 12)]
    pub connections: u32,
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
    /// under way, and marks the cursors of lists. Without it a key is made and kept in the folder for artifacts.
    #[arg(long, env = "ASSAY_SECRET", hide_env_values = true)]
    pub secret: Option<String>,
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
