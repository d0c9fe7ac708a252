//! `assay audit verify`.

use std::process::ExitCode;

use clap::Args;

use crate::{access::RequestInfo, config::Config, fault::Fault, features::audit, platform::Clock, services::Services};

/// Recomputes the hash chains from the first entry to the head.
#[derive(Args)]
pub struct Verify {
    /// Only the organization with this slug.
    #[arg(long)]
    organization: Option<String>,
    #[command(flatten)]
    config: Config,
}

impl Verify {
    /// Prints a line for each organization; fails when an entry does not fit.
    pub async fn run(self) -> Result<ExitCode, Fault> {
        let services = Services::open(self.config, Clock::system()).await?;
        let tenants = services.vault.tenants().await?;
        let wanted: Vec<_> = tenants.into_iter().filter(|(_, slug)| self.organization.as_ref().is_none_or(|wanted| wanted == slug)).collect();
        if wanted.is_empty() {
            return Err(Fault::not_found("organization", self.organization.unwrap_or_default()));
        }
        let mut sound = true;
        for (tenant, slug) in wanted {
            let permissions = [shared::Permission::AuditRead];
            let scope = services.vault.enter_job(tenant, uuid::Uuid::nil(), "audit.verify", &permissions, RequestInfo::default()).await?;
            match audit::verify(scope.grant()?).await? {
                (entries, None) => println!("{slug}: {entries} entries, the chain is whole"),
                (entries, Some(finding)) => {
                    sound = false;
                    println!("{slug}: BROKEN after {entries} entries: {finding}");
                }
            }
        }
        Ok(if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}
