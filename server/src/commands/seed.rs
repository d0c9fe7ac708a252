//! `assay seed`: the first organization, with a password and a token that are generated now and
//! printed once. No default account exists.

use std::process::ExitCode;

use clap::Args;
use serde_json::json;
use shared::field::{DisplayName, Email, Password, Slug};
use uuid::Uuid;

use crate::{
    access::{
        RequestInfo, Secret, password,
        provision::{Founding, FoundingError, NewPerson},
    },
    config::Config,
    fault::Fault,
    features::{
        sessions::{self, SignedIn},
        tokens,
    },
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
    #[command(flatten)]
    config: Config,
}

impl Seed {
    /// Prints `{url, organization, email, password, token}`, or `{seeded: true}` when an
    /// organization exists.
    pub async fn run(self) -> Result<ExitCode, Fault> {
        let services = Services::open(self.config, Clock::system()).await?;
        services.vault.migrate().await?;
        if !services.vault.tenants().await?.is_empty() {
            println!("{}", json!({ "seeded": true }));
            return Ok(ExitCode::SUCCESS);
        }
        let organization = DisplayName::parse(&self.organization).map_err(|refused| Fault::invalid("organization", refused.0))?;
        let email = Email::parse(&self.email).map_err(|refused| Fault::invalid("email", refused.0))?;
        let name = DisplayName::parse(&self.name).map_err(|refused| Fault::invalid("name", refused.0))?;
        let chosen = Secret::opaque().expose()[..20].to_owned();
        let typed = || Password::choose(&chosen).map_err(|refused| Fault::invalid("password", refused.0));
        let founding = Founding {
            slug: Slug::from_name(organization.as_str()).or_else(|| Slug::parse("team").ok()).ok_or_else(|| Fault::internal("no slug"))?,
            organization: organization.as_str().to_owned(),
            person: Uuid::now_v7(),
            member: Uuid::now_v7(),
            account: Some(NewPerson {
                email: email.as_str().to_owned(),
                name: name.as_str().to_owned(),
                password_hash: password::hash(typed()?).await?,
            }),
            request_id: "seed".to_owned(),
            address: String::new(),
        };
        services.vault.found(founding).await.map_err(|error| match error {
            FoundingError::EmailTaken => Fault::invalid("email", "This address has an account."),
            FoundingError::Fault(fault) => fault,
        })?;
        let request = RequestInfo { id: "seed".to_owned(), ..RequestInfo::default() };
        let SignedIn::In(opened) = sessions::sign_in(&services, &request, email.as_str(), &chosen, "").await? else {
            return Err(Fault::internal("who was made just now has a second factor"));
        };
        let session = crate::access::Credential::session(opened.secret.expose()).ok_or_else(|| Fault::internal("no session"))?;
        let scope = services.vault.enter(session, request).await?;
        let (_, secret) = tokens::create(scope.grant()?, "First token", &["*".to_owned()], None).await?;
        sessions::sign_out(&services, &scope).await?;
        let printed = json!({
            "url": services.config.public_url(), "organization": organization.as_str(), "email": email.as_str(), "password": chosen, "token": secret.expose(),
        });
        println!("{printed}");
        Ok(ExitCode::SUCCESS)
    }
}
