//! The statements of channels and of what is posted there.

use chrono::{DateTime, Utc};
use sea_orm::{DbErr, QueryResult};
use shared::ids::MemberId;
use uuid::Uuid;

use super::{Connection, Message, Owner, Post};
use crate::{
    access::{Connection as Transaction, Sql, WriteTx},
    fault::Fault,
};

fn read(row: &QueryResult) -> Result<Connection, DbErr> {
    let member: Option<Uuid> = row.try_get("", "member_id")?;
    let (broken_at, reason): (Option<DateTime<Utc>>, Option<String>) = (row.try_get("", "broken_at")?, row.try_get("", "broken_reason")?);
    let posts: Vec<String> = row.try_get("", "posts")?;
    Ok(Connection {
        id: row.try_get("", "id")?,
        owner: member.map_or(Owner::Organization, |member| Owner::Member(MemberId::from_uuid(member))),
        label: row.try_get("", "label")?,
        hint: row.try_get("", "hint")?,
        posts: posts.iter().filter_map(|post| Post::parse(post)).collect(),
        connected_by: MemberId::from_uuid(row.try_get("", "connected_by")?),
        connected_by_name: row.try_get("", "connected_by_name")?,
        connected_at: row.try_get("", "connected_at")?,
        broken: broken_at.zip(reason),
        quiet_until: row.try_get("", "quiet_until")?,
        posted_at: row.try_get("", "posted_at")?,
    })
}

/// A channel and its sealed address.
pub async fn find<C: Transaction>(tx: &C, owner: Owner) -> Result<Option<(Connection, Vec<u8>)>, Fault> {
    let sql = "select id, member_id, label, hint, posts, connected_by, connected_by_name, connected_at, broken_at, broken_reason, quiet_until, posted_at, address \
        from slack_connections where member_id is not distinct from $1";
    let row = tx.row(sql, vec![owner.member().map(MemberId::uuid).into()]).await?;
    Ok(row.map(|row| Ok::<_, DbErr>((read(&row)?, row.try_get("", "address")?))).transpose()?)
}

/// Connects a channel in the place of the one that was there, with which its waiting messages go.
pub async fn replace(tx: &WriteTx, connection: &Connection, address: Vec<u8>) -> Result<(), Fault> {
    remove(tx, connection.owner).await?;
    let sql = "insert into slack_connections (id, member_id, label, address, hint, posts, connected_by, connected_by_name, connected_at) \
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let values = vec![
        connection.id.into(),
        connection.owner.member().map(MemberId::uuid).into(),
        connection.label.clone().into(),
        address.into(),
        connection.hint.clone().into(),
        names(&connection.posts).into(),
        connection.connected_by.uuid().into(),
        connection.connected_by_name.clone().into(),
        connection.connected_at.into(),
    ];
    tx.run(sql, values).await?;
    Ok(())
}

fn names(posts: &[Post]) -> Vec<String> {
    posts.iter().map(|post| post.as_str().to_owned()).collect()
}

pub async fn remove(tx: &WriteTx, owner: Owner) -> Result<u64, Fault> {
    let sql = "delete from slack_connections where member_id is not distinct from $1";
    Ok(tx.run(sql, vec![owner.member().map(MemberId::uuid).into()]).await?)
}

pub async fn set_posts(tx: &WriteTx, id: Uuid, posts: &[Post]) -> Result<(), Fault> {
    tx.run("update slack_connections set posts = $2 where id = $1", vec![id.into(), names(posts).into()]).await?;
    Ok(())
}

/// The channels of members that can be posted to.
pub async fn of_members(tx: &WriteTx, members: &[Uuid]) -> Result<Vec<(MemberId, Uuid)>, Fault> {
    let sql = "select member_id, id from slack_connections where member_id = any($1) and broken_at is null";
    let rows = tx.rows(sql, vec![members.to_vec().into()]).await?;
    Ok(rows.iter().map(|row| Ok((MemberId::from_uuid(row.try_get_by_index(0)?), row.try_get_by_index(1)?))).collect::<Result<_, DbErr>>()?)
}

/// Writes what is to be posted; answers those that were not written before.
pub async fn write(tx: &WriteTx, messages: &[(Uuid, String, Message)]) -> Result<Vec<Uuid>, Fault> {
    let sql = "insert into slack_messages (id, connection_id, key, content, at) \
        select id, connection_id, key, content::jsonb, $5 from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[]) as new (id, connection_id, key, content) \
        on conflict do nothing returning id";
    let contents = messages.iter().map(|(_, _, message)| serde_json::to_string(message)).collect::<Result<Vec<_>, _>>().map_err(Fault::internal)?;
    let values = vec![
        messages.iter().map(|_| Uuid::now_v7()).collect::<Vec<_>>().into(),
        messages.iter().map(|(connection, ..)| *connection).collect::<Vec<_>>().into(),
        messages.iter().map(|(_, key, _)| key.clone()).collect::<Vec<_>>().into(),
        contents.into(),
        tx.now().into(),
    ];
    Ok(tx.rows(sql, values).await?.iter().map(|row| row.try_get_by_index(0)).collect::<Result<_, DbErr>>()?)
}

/// A message that waits.
pub struct Waiting {
    pub connection: Connection,
    pub address: Vec<u8>,
    pub message: Message,
    pub at: DateTime<Utc>,
}

/// A message that was not posted yet and not given up.
pub async fn waiting(tx: &WriteTx, id: Uuid) -> Result<Option<Waiting>, Fault> {
    let sql = "select c.id, c.member_id, c.label, c.hint, c.posts, c.connected_by, c.connected_by_name, c.connected_at, c.broken_at, c.broken_reason, c.quiet_until, \
        c.posted_at, c.address, m.content, m.at from slack_messages m join slack_connections c on c.id = m.connection_id \
        where m.id = $1 and m.posted_at is null and m.failed_at is null";
    let Some(row) = tx.row(sql, vec![id.into()]).await? else { return Ok(None) };
    let content: serde_json::Value = row.try_get("", "content")?;
    Ok(Some(Waiting {
        connection: read(&row)?,
        address: row.try_get("", "address")?,
        message: serde_json::from_value(content).map_err(Fault::internal)?,
        at: row.try_get("", "at")?,
    }))
}

/// A message was posted: it is known again and has lost its text. What ended long ago is forgotten.
pub async fn posted(tx: &WriteTx, connection: Uuid, message: Option<Uuid>) -> Result<(), Fault> {
    let sql = "update slack_connections set posted_at = $2, quiet_until = null, broken_at = null, broken_reason = null where id = $1";
    tx.run(sql, vec![connection.into(), tx.now().into()]).await?;
    let Some(message) = message else { return Ok(()) };
    tx.run("update slack_messages set posted_at = $2, content = '{}' where id = $1", vec![message.into(), tx.now().into()]).await?;
    let sql = "delete from slack_messages where connection_id = $1 and at < $2::timestamptz - interval '30 days' and (posted_at is not null or failed_at is not null)";
    tx.run(sql, vec![connection.into(), tx.now().into()]).await?;
    Ok(())
}

/// A message is given up.
pub async fn failed(tx: &WriteTx, message: Uuid) -> Result<(), Fault> {
    tx.run("update slack_messages set failed_at = $2, content = '{}' where id = $1", vec![message.into(), tx.now().into()]).await?;
    Ok(())
}

/// Leaves a channel alone until a time.
pub async fn quiet(tx: &WriteTx, connection: Uuid, until: DateTime<Utc>) -> Result<(), Fault> {
    let sql = "update slack_connections set quiet_until = greatest(quiet_until, $2) where id = $1";
    tx.run(sql, vec![connection.into(), until.into()]).await?;
    Ok(())
}

/// A channel leads nowhere; what waits for it is given up. `false`: that was known.
pub async fn broken(tx: &WriteTx, connection: Uuid, reason: &str) -> Result<bool, Fault> {
    let sql = "update slack_connections set broken_at = $2, broken_reason = $3, quiet_until = null where id = $1 and broken_at is null";
    let changed = tx.run(sql, vec![connection.into(), tx.now().into(), reason.into()]).await?;
    let sql = "update slack_messages set failed_at = $2, content = '{}' where connection_id = $1 and posted_at is null and failed_at is null";
    tx.run(sql, vec![connection.into(), tx.now().into()]).await?;
    Ok(changed > 0)
}
