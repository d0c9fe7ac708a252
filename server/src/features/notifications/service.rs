//! Telling members, and what they do with it.

use std::collections::HashMap;

use serde_json::json;
use shared::ids::{MemberId, NotificationId};
use uuid::Uuid;

use super::{Happening, KeepNotifications, MailNews, News, Notification, Occasion, PostSlack, Preference, ReadNotifications, repo};
use crate::{
    access::{
        Grant, WriteTx,
        audit::{Entry, Subject},
        live::Topic,
    },
    fault::Fault,
    features::{
        page::{Page, Paged},
        slack::{self, Message},
    },
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
    let wanted: Vec<(NotificationId, &News, Preference)> = news
        .iter()
        .map(|news| (news, chosen.get(&(news.member, news.occasion)).copied().unwrap_or_else(|| Preference::usual(news.occasion))))
        .filter(|(_, preference)| preference.in_app || preference.mail || preference.slack)
        .map(|(news, preference)| (NotificationId::from_uuid(Uuid::now_v7()), news, preference))
        .collect();
    let channels = slack::reachable(tx, &wanted.iter().filter(|(.., own)| own.slack).map(|(_, news, _)| news.member).collect::<Vec<_>>()).await?;
    let messages: Vec<_> = wanted
        .iter()
        .filter(|(.., own)| own.slack)
        .filter_map(|(id, news, _)| Some((*channels.get(&news.member)?, id.to_string(), message(news))))
        .collect();
    // What goes to Slack alone is kept there.
    let kept: Vec<_> = wanted.into_iter().filter(|(.., own)| own.in_app || own.mail).collect();
    if !kept.is_empty() {
        repo::insert(tx, &kept).await?;
        kept.iter().for_each(|(_, news, _)| tx.announce(Topic::Member(news.member)));
        let mails: Vec<MailNews> = kept.iter().filter(|(.., own)| own.mail).map(|(_, news, _)| MailNews { member: news.member }).collect();
        tx.enqueue_all(&mails).await?;
    }
    enqueue(tx, &messages).await
}

fn message(news: &News) -> Message {
    Message { title: news.sentence(), quote: news.quote.clone(), button: news.button().into(), path: news.path.clone() }
}

async fn enqueue(tx: &WriteTx, messages: &[(Uuid, String, Message)]) -> Result<(), Fault> {
    let jobs: Vec<PostSlack> = slack::write(tx, messages).await?.into_iter().map(PostSlack::first).collect();
    tx.enqueue_all(&jobs).await
}

/// Tells the organization's channel, if it wants to know, in the transaction of what it is told of. What is not open to the whole organization must not
/// come here.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn post(tx: &WriteTx, happening: Happening) -> Result<(), Fault> {
    let Some(channel) = slack::channel(tx, happening.post).await? else { return Ok(()) };
    let Happening { post, id, sentence, quote, button, path } = happening;
    let message = Message { title: sentence, quote, button: button.to_owned(), path };
    enqueue(tx, &[(channel, format!("{} {id}", post.as_str()), message)]).await
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
    Ok(Occasion::CHOSEN.map(of).to_vec())
}

/// Chooses how to be told of one kind; by Slack as before when nothing is said of it.
///
/// # Errors
/// `Invalid` naming `kind` for one that everybody is told of in the app.
pub async fn prefer(
    grant: Grant<'_, KeepNotifications>,
    occasion: Occasion,
    in_app: bool,
    mail: bool,
    slack: Option<bool>,
) -> Result<Preference, Fault> {
    if !Occasion::CHOSEN.contains(&occasion) {
        return Err(Fault::invalid("kind", "Of this you are told in the app."));
    }
    let (member, name) = (grant.actor().member, grant.actor().email.clone());
    let tx = grant.begin().await?;
    let before = repo::preferences(&tx, &[member]).await?.into_iter().map(|(_, own)| own).find(|own| own.occasion == occasion);
    let slack = slack.unwrap_or_else(|| before.unwrap_or_else(|| Preference::usual(occasion)).slack);
    let preference = Preference { occasion, in_app, mail, slack };
    repo::prefer(&tx, member, preference).await?;
    let detail = json!({ "kind": occasion.as_str(), "inApp": in_app, "mail": mail, "slack": slack });
    tx.commit(Entry::new("notification.prefer", Subject::new("member", member, name)).detail(detail)).await?;
    Ok(preference)
}
