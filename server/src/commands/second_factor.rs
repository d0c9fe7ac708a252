//! `assay second-factor remove`.

use std::process::ExitCode;

use clap::Args;

use crate::{config::Config, fault::Fault, features::second_factor, platform::Clock, services::Services};

/// Turns off the second factor of somebody who has lost device and recovery codes. Their password alone signs them in again, until they set up a new one.
#[derive(Args)]
pub struct Remove {
    /// The person's e-mail address.
    #[arg(long)]
    email: String,
    /// Why, and how you know that it is they who ask: it stands in the audit log of each of their organizations, and they are mailed.
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    config: Config,
}

impl Remove {
    /// Prints a line when it is done.
    pub async fn run(self) -> Result<ExitCode, Fault> {
        let services = Services::open(self.config, Clock::system()).await?;
        second_factor::remove_by_operator(&services, &self.email, &self.reason).await?;
        println!("{}: two-factor sign-in is off", self.email.trim());
        Ok(ExitCode::SUCCESS)
    }
}
