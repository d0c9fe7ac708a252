//! Connecting, choosing, trying and disconnecting channels.

use std::{collections::HashMap, time::Duration};

use serde_json::json;
use shared::{field::DisplayName, ids::MemberId};
use uuid::Uuid;

use super::{ChangeChannel, ChangeOwnChannel, Connection, Message, Owner, Post, ReadChannel, ReadOwnChannel, SlackError, model::hint, repo};
use crate::{
    access::{
        Grant, Permission, Scope, Sql, WriteTx, Writes,
        audit::{Entry, Subject},
        live::Topic,
    },
    fault::Fault,
    platform::SlackAnswer,
    services::Services,
};

/// Every answer about an address takes at least so long: what is behind it is not told by the time it took.
const AT_LEAST: Duration = Duration::from_millis(700);

/// A channel as somebody connects it.
pub struct Wanted {
    pub label: String,
    pub address: String,
}

/// What became of a message that was sent to try a channel.
pub struct Tested {
    pub posted: bool,
    pub answer: &'static str,
    pub connection: Connection,
}

/// An entry about a channel.
pub(super) fn entry(action: &'static str, connection: &Connection) -> Entry {
    let subject = match connection.owner {
        Owner::Organization => Subject::new("slack_channel", "organization", &connection.label),
        Owner::Member(member) => Subject::new("slack_channel", member, &connection.label),
    };
    Entry::new(action, subject)
}

/// The organization's channel.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn get(grant: Grant<'_, ReadChannel>) -> Result<Option<Connection>, Fault> {
    Ok(repo::find(grant.read().await?, Owner::Organization).await?.map(|(connection, _)| connection))
}

/// The caller's own channel.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn get_own(grant: Grant<'_, ReadOwnChannel>) -> Result<Option<Connection>, Fault> {
    Ok(repo::find(grant.read().await?, Owner::Member(grant.actor().member)).await?.map(|(connection, _)| connection))
}

/// Connects the organization's channel, in the place of the one that was.
///
/// # Errors
/// `Invalid` naming `label` or `address`.
pub async fn connect(services: &Services, grant: Grant<'_, ChangeChannel>, wanted: Wanted, posts: &[Post]) -> Result<Connection, Fault> {
    put(services, grant, Owner::Organization, wanted, posts).await
}

/// Connects the caller's own channel, in the place of the one that was.
///
/// # Errors
/// `Invalid` naming `label` or `address`.
pub async fn connect_own(services: &Services, grant: Grant<'_, ChangeOwnChannel>, wanted: Wanted) -> Result<Connection, Fault> {
    let owner = Owner::Member(grant.actor().member);
    put(services, grant, owner, wanted, &[]).await
}

async fn put<P: Permission<Mode = Writes>>(
    services: &Services,
    grant: Grant<'_, P>,
    owner: Owner,
    wanted: Wanted,
    posts: &[Post],
) -> Result<Connection, Fault> {
    let label = DisplayName::parse(&wanted.label).map_err(|refused| SlackError::Label(refused.0))?;
    let address = services.slack.check(&wanted.address).map_err(SlackError::Address)?;
    let (id, tenant) = (Uuid::now_v7(), grant.tenant().id);
    let sealed = services.seal.seal(&Connection::place(id, tenant), &address)?;
    let connection = Connection {
        id,
        owner,
        label: label.as_str().to_owned(),
        hint: hint(&address),
        posts: Post::ALL.into_iter().filter(|post| posts.contains(post)).collect(),
        connected_by: grant.actor().member,
        connected_by_name: grant.actor().called(),
        connected_at: grant.now(),
        broken: None,
        quiet_until: None,
        posted_at: None,
    };
    let tx = grant.begin().await?;
    let before = repo::find(&tx, owner).await?;
    repo::replace(&tx, &connection, sealed).await?;
    let detail = json!({ "hint": connection.hint, "posts": told(&connection.posts), "replaces": before.map(|(before, _)| before.label) });
    announce(&tx, owner);
    tx.commit(entry("slack.connect", &connection).detail(detail)).await?;
    Ok(connection)
}

fn told(posts: &[Post]) -> Vec<&'static str> {
    posts.iter().map(|post| post.as_str()).collect()
}

fn announce(tx: &WriteTx, owner: Owner) {
    if let Owner::Member(member) = owner {
        tx.announce(Topic::Member(member));
    }
}

/// Chooses what the organization's channel is told of.
///
/// # Errors
/// `NotFound` when none is connected.
pub async fn set_posts(grant: Grant<'_, ChangeChannel>, posts: &[Post]) -> Result<Connection, Fault> {
    let tx = grant.begin().await?;
    let (mut connection, _) = repo::find(&tx, Owner::Organization).await?.ok_or(SlackError::None)?;
    let posts: Vec<Post> = Post::ALL.into_iter().filter(|post| posts.contains(post)).collect();
    repo::set_posts(&tx, connection.id, &posts).await?;
    let entry = entry("slack.choose_posts", &connection).detail(json!({ "from": told(&connection.posts), "to": told(&posts) }));
    tx.commit(entry).await?;
    connection.posts = posts;
    Ok(connection)
}

/// Disconnects the organization's channel.
///
/// # Errors
/// `NotFound` when none is connected.
pub async fn disconnect(grant: Grant<'_, ChangeChannel>) -> Result<Connection, Fault> {
    take(grant, Owner::Organization).await
}

/// Disconnects the caller's own channel.
///
/// # Errors
/// `NotFound` when none is connected.
pub async fn disconnect_own(grant: Grant<'_, ChangeOwnChannel>) -> Result<Connection, Fault> {
    let owner = Owner::Member(grant.actor().member);
    take(grant, owner).await
}

async fn take<P: Permission<Mode = Writes>>(grant: Grant<'_, P>, owner: Owner) -> Result<Connection, Fault> {
    let tx = grant.begin().await?;
    let (connection, _) = repo::find(&tx, owner).await?.ok_or(SlackError::None)?;
    repo::remove(&tx, owner).await?;
    announce(&tx, owner);
    tx.commit(entry("slack.disconnect", &connection)).await?;
    Ok(connection)
}

/// Posts a message to try the organization's channel, and tells what Slack said. One that was given up and answers again is used again.
///
/// # Errors
/// `NotFound` when none is connected.
pub async fn test(services: &Services, scope: &Scope) -> Result<Tested, Fault> {
    attempt::<ChangeChannel>(services, scope, Owner::Organization).await
}

/// The same with the caller's own channel.
///
/// # Errors
/// `NotFound` when none is connected.
pub async fn test_own(services: &Services, scope: &Scope) -> Result<Tested, Fault> {
    attempt::<ChangeOwnChannel>(services, scope, Owner::Member(scope.actor().member)).await
}

async fn attempt<P: Permission<Mode = Writes>>(services: &Services, scope: &Scope, owner: Owner) -> Result<Tested, Fault> {
    let tx = scope.grant::<P>()?.begin().await?;
    let (connection, sealed) = repo::find(&tx, owner).await?.ok_or(SlackError::None)?;
    // Nothing is held while Slack is asked.
    drop(tx);
    let tenant = scope.tenant();
    let address = open(services, &connection, tenant.id, &sealed)?;
    let message = Message::test(&scope.actor().called(), owner.path());
    let payload = message.payload(&tenant.name, &services.config.public_url(), owner.path());
    let (answer, ()) = tokio::join!(services.slack.post(&address, &payload), tokio::time::sleep(AT_LEAST));
    let tx = scope.grant::<P>()?.begin().await?;
    match answer {
        SlackAnswer::Posted => repo::posted(&tx, connection.id, None).await?,
        SlackAnswer::Gone(reason) => drop(repo::broken(&tx, connection.id, reason).await?),
        SlackAnswer::Busy(wait) => repo::quiet(&tx, connection.id, tx_time(&tx, wait)?).await?,
        SlackAnswer::Away(_) | SlackAnswer::Refused(_) => {}
    }
    // It may have been disconnected or replaced meanwhile.
    let (after, _) = repo::find(&tx, owner).await?.ok_or(SlackError::None)?;
    let posted = answer == SlackAnswer::Posted;
    tx.commit(entry("slack.test", &connection).detail(json!({ "posted": posted, "answer": answer.words() }))).await?;
    Ok(Tested { posted, answer: answer.words(), connection: after })
}

/// The time of a transaction and so long after it.
pub(super) fn tx_time(tx: &WriteTx, wait: Duration) -> Result<chrono::DateTime<chrono::Utc>, Fault> {
    Ok(tx.now() + chrono::TimeDelta::from_std(wait).map_err(Fault::internal)?)
}

/// The address of a channel.
pub(super) fn open(services: &Services, connection: &Connection, tenant: shared::ids::TenantId, sealed: &[u8]) -> Result<String, Fault> {
    let address = services.seal.unseal(&Connection::place(connection.id, tenant), sealed);
    address.ok_or_else(|| Fault::internal("the address of a Slack channel was sealed with another key"))
}

/// The members whose own channels can be posted to, with those.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn reachable(tx: &WriteTx, members: &[MemberId]) -> Result<HashMap<MemberId, Uuid>, Fault> {
    let ids: Vec<Uuid> = members.iter().map(|member| member.uuid()).collect();
    Ok(repo::of_members(tx, &ids).await?.into_iter().collect())
}

/// The organization's channel, if it is told of this and can be posted to.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn channel(tx: &WriteTx, post: Post) -> Result<Option<Uuid>, Fault> {
    let found = repo::find(tx, Owner::Organization).await?.map(|(connection, _)| connection);
    Ok(found.filter(|connection| connection.broken.is_none() && connection.posts.contains(&post)).map(|connection| connection.id))
}
