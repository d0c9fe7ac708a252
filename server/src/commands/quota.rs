//! `assay quota`.

use std::process::ExitCode;

use clap::Args;
use shared::{Permission, size};
use uuid::Uuid;

use crate::{access::RequestInfo, config::Config, fault::Fault, features::storage, platform::Clock, services::Services};

/// Shows how much an organization stores and how much it may, or changes that. A limit holds from the next upload on; what is stored already stays. The
/// organization's audit log says that it was changed.
#[derive(Args)]
pub struct Quota {
    /// The short name of the organization, as its page shows it.
    organization: String,
    /// What it may store from now on, in powers of 1,000: `500MB`, `50GB`, `1.5TB`.
    #[arg(long, value_name = "SIZE", value_parser = size::parse)]
    storage: Option<u64>,
    /// It may store whatever there is room for.
    #[arg(long, conflicts_with = "storage")]
    no_limit: bool,
    #[command(flatten)]
    config: Config,
}

impl Quota {
    /// Prints a line.
    pub async fn run(self) -> Result<ExitCode, Fault> {
        let services = Services::open(self.config, Clock::system()).await?;
        let slug = self.organization.trim();
        if self.storage.is_some() || self.no_limit {
            storage::set_by_operator(&services, slug, self.storage).await?;
        }
        let tenants = services.vault.tenants().await?;
        let (tenant, _) = tenants.into_iter().find(|(_, own)| own == slug).ok_or_else(|| Fault::not_found("organization", slug))?;
        let permissions = [Permission::OrganizationWrite];
        let scope = services.vault.enter_job(tenant, Uuid::nil(), "quota.show", &permissions, RequestInfo::default()).await?;
        let stored = storage::show(scope.grant()?).await?;
        match stored.quota {
            Some(quota) => println!("{slug} stores {} of {}.", size::show(stored.used), size::show(quota)),
            None => println!("{slug} stores {}, without a limit.", size::show(stored.used)),
        }
        Ok(ExitCode::SUCCESS)
    }
}
