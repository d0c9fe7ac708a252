//! The statements of notifications.

use sea_orm::{DbErr, QueryResult};
use shared::ids::{MemberId, NotificationId};
use uuid::Uuid;

use super::{News, Notification, Occasion, Preference};
use crate::{
    access::{Connection, Sql, WriteTx},
    fault::Fault,
};

fn occasion(row: &QueryResult) -> Result<Occasion, DbErr> {
    let kind: String = row.try_get("", "kind")?;
    Occasion::parse(&kind).ok_or_else(|| DbErr::Type(format!("unknown kind {kind}")))
}

fn read(row: &QueryResult) -> Result<Notification, DbErr> {
    Ok(Notification {
        id: NotificationId::from_uuid(row.try_get("", "id")?),
        news: News {
            member: MemberId::from_uuid(row.try_get("", "member_id")?),
            occasion: occasion(row)?,
            actor: row.try_get("", "actor")?,
            subject: row.try_get("", "subject_id")?,
            subject_name: row.try_get("", "subject_name")?,
            path: row.try_get("", "path")?,
            quote: row.try_get("", "quote")?,
        },
        at: row.try_get("", "at")?,
        read_at: row.try_get("", "read_at")?,
    })
}

/// A page of what a member was told, the newest first.
pub async fn list<C: Connection>(tx: &C, member: MemberId, unread: bool, after: Option<Uuid>, limit: u64) -> Result<Vec<Notification>, Fault> {
    let sql = if unread {
        "select id, member_id, kind, actor, subject_id, subject_name, path, quote, at, read_at from notifications \
            where member_id = $1 and in_app and read_at is null and ($2::uuid is null or id < $2) order by id desc limit $3"
    } else {
        "select id, member_id, kind, actor, subject_id, subject_name, path, quote, at, read_at from notifications \
            where member_id = $1 and in_app and ($2::uuid is null or id < $2) order by id desc limit $3"
    };
    let rows = tx.rows(sql, vec![member.uuid().into(), after.into(), limit.into()]).await?;
    Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
}

/// How many there are, and how many of them are unread.
pub async fn count<C: Connection>(tx: &C, member: MemberId) -> Result<(i64, i64), Fault> {
    let sql = "select (select count(*) from notifications where member_id = $1 and in_app), \
        (select count(*) from notifications where member_id = $1 and in_app and read_at is null)";
    let row = tx.row(sql, vec![member.uuid().into()]).await?;
    Ok(row.map_or(Ok((0, 0)), |row| Ok::<_, DbErr>((row.try_get_by_index(0)?, row.try_get_by_index(1)?)))?)
}

/// What members chose.
pub async fn preferences<C: Connection>(tx: &C, members: &[MemberId]) -> Result<Vec<(MemberId, Preference)>, Fault> {
    let sql = "select member_id, kind, in_app, mail, slack from notification_preferences where member_id = any($1)";
    let read = |row: &QueryResult| {
        let (in_app, mail, slack) = (row.try_get("", "in_app")?, row.try_get("", "mail")?, row.try_get("", "slack")?);
        let preference = Preference { occasion: occasion(row)?, in_app, mail, slack };
        Ok((MemberId::from_uuid(row.try_get("", "member_id")?), preference))
    };
    let rows = tx.rows(sql, vec![members.iter().map(|member| member.uuid()).collect::<Vec<_>>().into()]).await?;
    Ok(rows.iter().map(read).collect::<Result<_, DbErr>>()?)
}

pub async fn prefer(tx: &WriteTx, member: MemberId, preference: Preference) -> Result<(), Fault> {
    let sql = "insert into notification_preferences (member_id, kind, in_app, mail, slack) values ($1, $2, $3, $4, $5) \
        on conflict (member_id, kind) do update set in_app = excluded.in_app, mail = excluded.mail, slack = excluded.slack";
    let Preference { occasion, in_app, mail, slack } = preference;
    tx.run(sql, vec![member.uuid().into(), occasion.as_str().into(), in_app.into(), mail.into(), slack.into()]).await?;
    Ok(())
}

/// Writes what members are told, each under its id, in one statement.
pub async fn insert(tx: &WriteTx, news: &[(NotificationId, &News, Preference)]) -> Result<(), Fault> {
    let sql = "insert into notifications (id, member_id, kind, actor, subject_id, subject_name, path, quote, at, read_at, mailed_at, in_app) \
        select n.id, n.member_id, n.kind, n.actor, n.subject_id, n.subject_name, n.path, n.quote, $9, \
            case when n.in_app then null else $9 end, case when n.mail then null else $9 end, n.in_app \
        from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $10::boolean[], $11::boolean[]) \
            as n (id, member_id, kind, actor, subject_id, subject_name, path, quote, in_app, mail)";
    let texts = |pick: fn(&News) -> &str| news.iter().map(|(_, news, _)| pick(news).to_owned()).collect::<Vec<_>>();
    let values = vec![
        news.iter().map(|(id, ..)| id.uuid()).collect::<Vec<_>>().into(),
        news.iter().map(|(_, news, _)| news.member.uuid()).collect::<Vec<_>>().into(),
        texts(|news| news.occasion.as_str()).into(),
        texts(|news| &news.actor).into(),
        texts(|news| &news.subject).into(),
        texts(|news| &news.subject_name).into(),
        texts(|news| &news.path).into(),
        texts(|news| &news.quote).into(),
        tx.now().into(),
        news.iter().map(|(.., preference)| preference.in_app).collect::<Vec<_>>().into(),
        news.iter().map(|(.., preference)| preference.mail).collect::<Vec<_>>().into(),
    ];
    tx.run(sql, values).await?;
    Ok(())
}

/// Marks a member's notifications as read, all of them without `ids`; how many were not.
pub async fn mark_read(tx: &WriteTx, member: MemberId, ids: Option<Vec<Uuid>>) -> Result<u64, Fault> {
    let values = |more: Vec<sea_orm::Value>| [vec![member.uuid().into(), tx.now().into()], more].concat();
    Ok(match ids {
        Some(ids) => {
            let sql = "update notifications set read_at = $2 where id = any($3) and member_id = $1 and in_app and read_at is null";
            tx.run(sql, values(vec![ids.into()])).await?
        }
        None => tx.run("update notifications set read_at = $2 where member_id = $1 and in_app and read_at is null", values(vec![])).await?,
    })
}

/// Takes what waits to be mailed to a member: each one once. What was read in the app meanwhile is taken and not answered.
pub async fn take_to_mail(tx: &WriteTx, member: MemberId) -> Result<Vec<Notification>, Fault> {
    let sql = "with taken as (update notifications set mailed_at = $2 where member_id = $1 and mailed_at is null \
            returning id, member_id, kind, actor, subject_id, subject_name, path, quote, at, read_at, in_app) \
        select * from taken where read_at is null or not in_app order by id";
    Ok(tx.rows(sql, vec![member.uuid().into(), tx.now().into()]).await?.iter().map(read).collect::<Result<_, _>>()?)
}
