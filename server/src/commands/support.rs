//! `assay support enter`.

use std::process::ExitCode;

use clap::Args;
use shared::limits::SUPPORT_ADDRESS_MINUTES;

use crate::{config::Config, fault::Fault, features::support, platform::Clock, services::Services};

/// Prints an address by which you look into an organization that has opened support access: at what a viewer reads, changing nothing. It works once, for five
/// minutes; what it opens lasts until the organization ends it, or its time is over.
#[derive(Args)]
pub struct Enter {
    /// The short name of the organization, as its page shows it.
    #[arg(long)]
    organization: String,
    /// Who you are: each line of the organization's logs about you names you so, and its owners are mailed.
    #[arg(long, value_name = "NAME <MAIL>")]
    operator: String,
    #[command(flatten)]
    config: Config,
}

impl Enter {
    /// Prints the address, and until when what it opens lasts.
    pub async fn run(self) -> Result<ExitCode, Fault> {
        let services = Services::open(self.config, Clock::system()).await?;
        let entered = support::enter_by_operator(&services, self.organization.trim(), &self.operator).await?;
        println!("{}", entered.url);
        println!("Open it within {SUPPORT_ADDRESS_MINUTES} minutes; it works once.");
        println!("{} gave leave to look until {}.", entered.granted_by, entered.expires_at.format("%Y-%m-%d %H:%M UTC"));
        Ok(ExitCode::SUCCESS)
    }
}
