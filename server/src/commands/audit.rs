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
    /// A head that this command printed before and that was kept elsewhere: the log must still hold it. Of one organization.
    #[arg(long, value_name = "SEQ:HASH", requires = "organization")]
    since: Option<audit::Mark>,
    #[command(flatten)]
    config: Config,
}

impl Verify {
    /// Prints a line for each organization, with the head of its log; fails when an entry does not fit.
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
            let audit::Verified { head, finding } = audit::verify(scope.grant()?, self.since.clone()).await?;
            let entries = head.sequence;
            match finding {
                None => println!("{slug}: {entries} entries, the chain is whole, its head is {head}"),
                Some(finding) => {
                    sound = false;
                    println!("{slug}: BROKEN after {entries} entries: {finding}");
                }
            }
        }
        Ok(if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}
