//! `assay seed`: the first organization, with a password and a token that are generated now and
//! printed once. No default account exists.

use std::{
    fs,
    io::{ErrorKind, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Args;
use serde_json::json;
use shared::field::{DisplayName, Email, Slug};
use uuid::Uuid;

use crate::{
    access::{
        Secret, password,
        provision::{Founding, FoundingError, Issued, NewPerson},
    },
    config::Config,
    fault::Fault,
    platform::Clock,
    services::Services,
};

/// Creates the first organization with its owner.
#[derive(Args)]
pub struct Seed {
    /// The organization's name.
    #[arg(long, default_value = "My team")]
    organization: String,
    /// The owner's e-mail address.
    #[arg(long, default_value = "owner@localhost")]
    email: String,
    /// The owner's name.
    #[arg(long, default_value = "Owner")]
    name: String,
    /// A file for what is printed, which only this account can read. It is written before the organization is made: however this ends, who has the
    /// organization has the way in.
    #[arg(long)]
    keep: Option<PathBuf>,
    #[command(flatten)]
    config: Config,
}

impl Seed {
    /// Prints `{url, organization, email, password, token}`, or `{seeded: true}` when somebody has
    /// an account, also when their organization was closed. The password is for the first sign-in, which asks for another one.
    pub async fn run(self) -> Result<ExitCode, Fault> {
        let services = Services::open(self.config, Clock::system()).await?;
        services.vault.migrate().await?;
        if services.vault.has_people().await? {
            println!("{}", json!({ "seeded": true }));
            return Ok(ExitCode::SUCCESS);
        }
        let organization = DisplayName::parse(&self.organization).map_err(|refused| Fault::invalid("organization", refused.0))?;
        let email = Email::parse(&self.email).map_err(|refused| Fault::invalid("email", refused.0))?;
        let name = DisplayName::parse(&self.name).map_err(|refused| Fault::invalid("name", refused.0))?;
        let issued = Issued { one_time_password: Secret::opaque().expose()[..20].to_owned(), token: Secret::token() };
        let told = json!({
            "url": services.config.public_url(), "organization": organization.as_str(), "email": email.as_str(),
            "password": issued.one_time_password, "token": issued.token.expose(),
        });
        let founding = Founding {
            slug: Slug::from_name(organization.as_str()).or_else(|| Slug::parse("team").ok()).ok_or_else(|| Fault::internal("no slug"))?,
            organization: organization.as_str().to_owned(),
            person: Uuid::now_v7(),
            member: Uuid::now_v7(),
            account: Some(NewPerson {
                email: email.as_str().to_owned(),
                name: name.as_str().to_owned(),
                password_hash: password::hash_of_nobodys().await?,
            }),
            issued: Some(issued),
            storage_quota: services.config.storage_quota,
            request_id: "seed".to_owned(),
            address: String::new(),
        };
        if let Some(file) = &self.keep {
            keep(file, &format!("{told}\n")).map_err(Fault::internal)?;
        }
        services.vault.found(founding).await.map_err(|error| match error {
            FoundingError::EmailTaken => Fault::invalid("email", "This address has an account."),
            FoundingError::Fault(fault) => fault,
        })?;
        println!("{told}");
        Ok(ExitCode::SUCCESS)
    }
}

/// Writes a new file for this account's eyes in the place of an old one.
fn keep(file: &Path, text: &str) -> std::io::Result<()> {
    fs::remove_file(file).or_else(|error| if error.kind() == ErrorKind::NotFound { Ok(()) } else { Err(error) })?;
    let mut new = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
    new.write_all(text.as_bytes())?;
    new.sync_all()
}
