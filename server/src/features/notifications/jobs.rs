//! Mailing what a member was told, and posting it to Slack.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::json;
use shared::ids::MemberId;
use uuid::Uuid;

use super::{KeepNotifications, News, Occasion, repo, service};
use crate::{
    access::{
        Grant, WriteTx,
        audit::{Entry, Subject},
    },
    fault::Fault,
    features::{
        mail::{Letter, SendMail, Told},
        members,
        slack::{self, Ready},
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
            .map(|one| Told {
                sentence: one.news.sentence(),
                quote: one.news.quote.clone(),
                link: format!("{public_url}{}", one.news.path),
                button: one.news.button().to_owned(),
            })
            .collect();
        let letter = Letter::News { name: receiver.name, organization, told, count: taken.len(), all: format!("{public_url}/notifications") };
        tx.enqueue(&SendMail { to: receiver.email.clone(), letter }).await?;
        let entry = Entry::new("notification.mail", Subject::new("member", self.member, &receiver.email)).detail(json!({ "count": taken.len() }));
        tx.commit(entry).await
    }
}

/// Posts one message to the channel that it was written for.
#[derive(Serialize, Deserialize)]
pub struct PostSlack {
    pub message: Uuid,
    /// How often it was put off, for whatever reason.
    pub round: u32,
    /// How often Slack was away.
    pub away: usize,
    pub wait_seconds: u64,
}

impl PostSlack {
    /// The job that a message begins with.
    pub fn first(message: Uuid) -> Self {
        Self { message, round: 0, away: 0, wait_seconds: 0 }
    }

    fn next(&self, wait: Duration, away: bool) -> Self {
        // Never earlier than asked.
        let wait_seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        Self { message: self.message, round: self.round + 1, away: self.away + usize::from(away), wait_seconds }
    }
}

impl Job for PostSlack {
    const KIND: &'static str = "slack.post";
    const PERMISSION: shared::Permission = shared::Permission::CommentsRead;

    fn dedupe_key(&self) -> Option<String> {
        Some(format!("{} {}", self.message.simple(), self.round))
    }

    fn delay(&self) -> Duration {
        Duration::from_secs(self.wait_seconds)
    }

    async fn run(self, context: Context) -> Result<(), Fault> {
        let scope = context.scope()?;
        let tx = scope.grant::<KeepNotifications>()?.begin().await?;
        let (connection, address, payload) = match slack::ready(&tx, &context.services, self.message).await? {
            Ready::Nothing => return tx.commit_telemetry().await,
            Ready::Wait(wait) => {
                tx.enqueue(&self.next(wait, false)).await?;
                return tx.commit_telemetry().await;
            }
            Ready::Post { connection, address, payload } => (connection, address, payload),
        };
        // Nothing is held while Slack is asked.
        drop(tx);
        let answer = context.services.slack.post(&address, &payload).await;
        let tx = scope.grant::<KeepNotifications>()?.begin().await?;
        let settled = slack::settle(&tx, self.message, &connection, answer, self.away).await?;
        if let Some((wait, away)) = settled.later {
            tx.enqueue(&self.next(wait, away)).await?;
        }
        if settled.broken {
            tell_owners(&tx, &connection, answer.words()).await?;
        }
        match settled.entry {
            Some(entry) => tx.commit(entry).await,
            None => tx.commit_telemetry().await,
        }
    }
}

/// Tells whoever connected a channel that it leads nowhere; if they have left, the owners.
async fn tell_owners(tx: &WriteTx, connection: &slack::Connection, reason: &str) -> Result<(), Fault> {
    let members = match members::contact(tx, connection.connected_by).await? {
        Some(_) => vec![connection.connected_by],
        None => members::owners(tx).await?,
    };
    let told = |member| News {
        member,
        occasion: Occasion::Disconnect,
        actor: "Slack".into(),
        subject: "slack".into(),
        subject_name: connection.label.clone(),
        path: connection.owner.path().into(),
        quote: reason.to_owned(),
    };
    service::tell(tx, &members.into_iter().map(told).collect::<Vec<_>>()).await
}
