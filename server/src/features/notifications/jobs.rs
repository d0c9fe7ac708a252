//! Mailing what a member was told.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::json;
use shared::ids::MemberId;

use super::{KeepNotifications, repo};
use crate::{
    access::{
        Grant,
        audit::{Entry, Subject},
    },
    fault::Fault,
    features::{
        mail::{Letter, SendMail, Told},
        members,
    },
    jobs::{Context, Job},
};

/// Mails a member what they were told and have not read, all of it in one letter.
#[derive(Serialize, Deserialize)]
pub struct MailNews {
    pub member: MemberId,
}

/// Notifications that one letter quotes; of more it says the number.
const QUOTED: usize = 20;

impl Job for MailNews {
    const KIND: &'static str = "notification.mail";
    const PERMISSION: shared::Permission = shared::Permission::CommentsRead;

    /// Who has the page open reads it there; and what is said in quick succession comes in one letter: the first job takes it all, the others find nothing.
    fn delay(&self) -> Duration {
        Duration::from_secs(120)
    }

    async fn run(self, context: Context) -> Result<(), Fault> {
        let grant: Grant<'_, KeepNotifications> = context.scope()?.grant()?;
        let organization = grant.tenant().name.clone();
        let tx = grant.begin().await?;
        let taken = repo::take_to_mail(&tx, self.member).await?;
        // Who has left the organization is told nothing.
        let receiver = members::contact(&tx, self.member).await?;
        let (Some(receiver), false) = (receiver, taken.is_empty()) else {
            // Nothing to tell: what was taken was read meanwhile.
            return tx.commit_telemetry().await;
        };
        let public_url = context.services.config.public_url();
        let told = taken
            .iter()
            .take(QUOTED)
            .map(|one| Told { sentence: one.news.sentence(), quote: one.news.quote.clone(), link: format!("{public_url}{}", one.news.path) })
            .collect();
        let letter = Letter::News { name: receiver.name, organization, told, count: taken.len(), all: format!("{public_url}/notifications") };
        tx.enqueue(&SendMail { to: receiver.email.clone(), letter }).await?;
        let entry = Entry::new("notification.mail", Subject::new("member", self.member, &receiver.email)).detail(json!({ "count": taken.len() }));
        tx.commit(entry).await
    }
}
