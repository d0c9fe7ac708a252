//! Posting what was written, and what becomes of it.

use std::time::Duration;

use chrono::TimeDelta;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    Connection, Message, Owner, repo,
    service::{entry, open, tx_time},
};
use crate::{
    access::{Sql, WriteTx, audit::Entry},
    fault::Fault,
    features::members,
    platform::SlackAnswer,
    services::Services,
};

/// How long is waited after each time that Slack was away, in seconds. After the last one the message is given up: it stands in the app.
const WAITS: [u64; 7] = [5, 60, 300, 1_800, 7_200, 18_000, 36_000];
/// A message that is older is no news any more.
const KEPT_HOURS: i64 = 24;
/// While Slack is away, other messages for the channel wait at most so long before they ask.
const QUIET_MAX: Duration = Duration::from_secs(300);

/// Writes what is to be posted, in the transaction of what it tells of: the channel, a key that is the same whenever the same thing is told, and the message.
/// Answers the ids of those that were not written before.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn write(tx: &WriteTx, messages: &[(Uuid, String, Message)]) -> Result<Vec<Uuid>, Fault> {
    if messages.is_empty() { Ok(Vec::new()) } else { repo::write(tx, messages).await }
}

/// What is to be done with a message.
pub enum Ready {
    /// It was posted or given up, or its channel is gone.
    Nothing,
    /// The channel is left alone for so long.
    Wait(Duration),
    /// Post this.
    Post { connection: Box<Connection>, address: String, payload: Value },
}

/// Looks what is to be done with a message. Writes what it gives up; the caller commits if `Ready::Nothing` comes back, and holds nothing while it posts.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn ready(tx: &WriteTx, services: &Services, id: Uuid) -> Result<Ready, Fault> {
    let Some(waiting) = repo::waiting(tx, id).await? else { return Ok(Ready::Nothing) };
    let connection = waiting.connection;
    // Who has left the organization is told nothing.
    let left = match connection.owner {
        Owner::Organization => false,
        Owner::Member(member) => members::contact(tx, member).await?.is_none(),
    };
    if left || connection.broken.is_some() || tx.now() - waiting.at > TimeDelta::hours(KEPT_HOURS) {
        repo::failed(tx, id).await?;
        return Ok(Ready::Nothing);
    }
    if let Some(wait) = connection.quiet_until.and_then(|until| (until - tx.now()).to_std().ok()).filter(|wait| !wait.is_zero()) {
        return Ok(Ready::Wait(wait));
    }
    let address = open(services, &connection, tx.tenant().id, &waiting.address)?;
    let payload = waiting.message.payload(&tx.tenant().name, &services.config.public_url(), connection.owner.path());
    Ok(Ready::Post { connection: Box::new(connection), address, payload })
}

/// What follows from an answer.
pub struct Settled {
    /// What stands in the audit log; nothing while the message waits on.
    pub entry: Option<Entry>,
    /// Try again after so long; `true`: it counts as one of the times that Slack was away.
    pub later: Option<(Duration, bool)>,
    /// The channel leads nowhere since now: who connected it is to be told.
    pub broken: bool,
}

/// Writes what Slack said of a message.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn settle(tx: &WriteTx, id: Uuid, connection: &Connection, answer: SlackAnswer, away: usize) -> Result<Settled, Fault> {
    let later = |wait, counts| Settled { entry: None, later: Some((wait, counts)), broken: false };
    let ended = |entry| Settled { entry: Some(entry), later: None, broken: false };
    Ok(match answer {
        SlackAnswer::Posted => {
            repo::posted(tx, connection.id, Some(id)).await?;
            ended(entry("slack.post", connection))
        }
        SlackAnswer::Busy(wait) => {
            repo::quiet(tx, connection.id, tx_time(tx, wait)?).await?;
            later(wait, false)
        }
        SlackAnswer::Away(words) => match WAITS.get(away) {
            Some(seconds) => {
                tracing::warn!(answer = words, "a message to Slack waits");
                let wait = Duration::from_secs(*seconds);
                repo::quiet(tx, connection.id, tx_time(tx, wait.min(QUIET_MAX))?).await?;
                later(wait, true)
            }
            None => {
                repo::failed(tx, id).await?;
                ended(entry("slack.give_up", connection).detail(json!({ "answer": words })))
            }
        },
        SlackAnswer::Refused(words) => {
            tracing::warn!(answer = words, "Slack refused a message");
            repo::failed(tx, id).await?;
            ended(entry("slack.give_up", connection).detail(json!({ "answer": words })))
        }
        SlackAnswer::Gone(words) => {
            let broken = repo::broken(tx, connection.id, words).await?;
            Settled { broken, ..ended(entry("slack.break", connection).detail(json!({ "answer": words }))) }
        }
    })
}
