//! Telling members, and what they do with it.

use std::collections::HashMap;

use serde_json::json;
use shared::ids::{MemberId, NotificationId};

use super::{KeepNotifications, MailNews, News, Notification, Occasion, Preference, ReadNotifications, repo};
use crate::{
    access::{
        Grant, WriteTx,
        audit::{Entry, Subject},
        live::Topic,
    },
    fault::Fault,
    features::page::{Page, Paged},
};

/// Notifications of one request to mark them.
const MARKED_MAX: usize = 1_000;

/// Tells members, each as they chose, in the transaction of what they are told of.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn tell(tx: &WriteTx, news: &[News]) -> Result<(), Fault> {
    if news.is_empty() {
        return Ok(());
    }
    let members: Vec<MemberId> = news.iter().map(|news| news.member).collect();
    let chosen: HashMap<(MemberId, Occasion), Preference> =
        repo::preferences(tx, &members).await?.into_iter().map(|(member, preference)| ((member, preference.occasion), preference)).collect();
    let wanted: Vec<(&News, Preference)> = news
        .iter()
        .map(|news| (news, chosen.get(&(news.member, news.occasion)).copied().unwrap_or_else(|| Preference::usual(news.occasion))))
        .filter(|(_, preference)| preference.in_app || preference.mail)
        .collect();
    if wanted.is_empty() {
        return Ok(());
    }
    repo::insert(tx, &wanted).await?;
    wanted.iter().for_each(|(news, _)| tx.announce(Topic::Member(news.member)));
    let mails: Vec<MailNews> = wanted.iter().filter(|(_, preference)| preference.mail).map(|(news, _)| MailNews { member: news.member }).collect();
    tx.enqueue_all(&mails).await
}

/// What the caller was told, the newest first, and how many are unread.
///
/// # Errors
/// `Invalid` for a cursor that is not ours.
pub async fn list(grant: Grant<'_, ReadNotifications>, unread: bool, page: Page) -> Result<(Paged<Notification>, i64), Fault> {
    let member = grant.actor().member;
    let tx = grant.read().await?;
    let after = page.after_id::<NotificationId>()?.map(NotificationId::uuid);
    let rows = repo::list(tx, member, unread, after, page.limit_and_one()).await?;
    let (all, waiting) = repo::count(tx, member).await?;
    let total = if unread { waiting } else { all };
    Ok((Paged::of(rows, &page, total.unsigned_abs(), |notification| notification.id.to_string()), waiting))
}

/// Marks the caller's notifications as read; without ids all of them. Others' ids are left alone. Answers how many are unread then.
///
/// # Errors
/// `Invalid` naming `ids` for too many.
pub async fn mark_read(grant: Grant<'_, KeepNotifications>, ids: Option<&[NotificationId]>) -> Result<i64, Fault> {
    if ids.is_some_and(|ids| ids.len() > MARKED_MAX) {
        return Err(Fault::invalid("ids", format!("Mark at most {MARKED_MAX} at once.")));
    }
    let (member, name) = (grant.actor().member, grant.actor().email.clone());
    let tx = grant.begin().await?;
    let marked = repo::mark_read(&tx, member, ids.map(|ids| ids.iter().map(|id| id.uuid()).collect())).await?;
    let (_, unread) = repo::count(&tx, member).await?;
    if marked > 0 {
        tx.announce(Topic::Member(member));
        tx.commit(Entry::new("notification.read", Subject::new("member", member, name)).detail(json!({ "count": marked }))).await?;
    }
    Ok(unread)
}

/// How the caller wants to be told, of each kind.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn preferences(grant: Grant<'_, ReadNotifications>) -> Result<Vec<Preference>, Fault> {
    let chosen = repo::preferences(grant.read().await?, &[grant.actor().member]).await?;
    let of = |occasion| chosen.iter().map(|(_, own)| *own).find(|own| own.occasion == occasion).unwrap_or_else(|| Preference::usual(occasion));
    Ok(Occasion::ALL.map(of).to_vec())
}

/// Chooses how to be told of one kind.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn prefer(grant: Grant<'_, KeepNotifications>, preference: Preference) -> Result<Preference, Fault> {
    let (member, name) = (grant.actor().member, grant.actor().email.clone());
    let tx = grant.begin().await?;
    repo::prefer(&tx, member, preference).await?;
    let detail = json!({ "kind": preference.occasion.as_str(), "inApp": preference.in_app, "mail": preference.mail });
    tx.commit(Entry::new("notification.prefer", Subject::new("member", member, name)).detail(detail)).await?;
    Ok(preference)
}
