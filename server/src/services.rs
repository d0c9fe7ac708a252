//! Everything a role of the binary needs, opened once at start.

use std::sync::Arc;

use crate::{
    access::{
        Group, Vault,
        rates::{Limits, Rates},
        throttle::Throttle,
    },
    config::Config,
    fault::Fault,
    features::{identity::Issuers, runs::RunActs},
    platform::{Blobs, Clock, Mailer, Outbound, Seal, Slack},
};

/// Cloning shares it.
#[derive(Clone)]
pub struct Services {
    pub config: Arc<Config>,
    pub vault: Vault,
    pub throttle: Throttle,
    pub rates: Rates,
    pub mailer: Mailer,
    pub blobs: Blobs,
    /// How addresses that people typed are asked.
    pub outbound: Outbound,
    pub slack: Slack,
    pub seal: Seal,
    /// What identity providers said of themselves lately.
    pub issuers: Issuers,
    /// Where loggers' requests share transactions.
    pub run_writes: Group<RunActs>,
}

impl Services {
    /// Opens everything.
    ///
    /// # Errors
    /// When a setting cannot be read. That the database or Redis is away is no error here.
    pub async fn open(config: Config, clock: Clock) -> Result<Self, Fault> {
        let quarter = (config.connections / 4).max(1);
        let seal = Seal::open(config.secret.as_deref(), &config.blobs)?;
        let outbound = Outbound::new(&config.outbound_allow)?;
        let doors = (config.connections / 8).max(2).min(quarter);
        let tenants = config.connections.saturating_sub(quarter + doors).max(1);
        let vault = Vault::open(&config.database_url, tenants, doors, config.connection_tenants, clock.clone(), seal.clone()).await?;
        if let Some(url) = &config.redis_url {
            vault.live().relay(redis::Client::open(url.as_str()).map_err(Fault::internal)?);
        }
        Ok(Self {
            run_writes: Group::new(&vault, quarter)?,
            vault,
            throttle: Throttle::new(config.redis_url.as_deref(), clock.clone())?,
            rates: Rates::new(Limits { logging: config.logging_rate, asking: config.asking_rate, anonymous: config.anonymous_rate }, clock),
            mailer: Mailer::new(&config.mail, &config.mail_from)?,
            blobs: Blobs::open(&config.blobs)?,
            slack: Slack::new(outbound.clone(), config.slack.as_deref())?,
            outbound,
            issuers: Issuers::default(),
            seal,
            config: Arc::new(config),
        })
    }

    /// The injected clock.
    pub fn clock(&self) -> &Clock {
        self.vault.clock()
    }
}
