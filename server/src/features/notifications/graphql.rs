//! Notifications in the API.

use async_graphql::{Context, Enum, ID, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use shared::ids::NotificationId;

use super::{Notification as Domain, Occasion, Preference as DomainPreference};
use crate::{
    fault::Fault,
    features::page::{Listing, Page, PageInfo, Paged},
    graphql::scope,
};

/// Why you were told.
#[derive(Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "Occasion")]
pub enum NotificationKind {
    /// Somebody mentioned you.
    Mention,
    /// Somebody replied in a thread you wrote in.
    Reply,
    /// Somebody resolved a thread you wrote in.
    Resolve,
    /// Slack does not take messages for a channel of yours any more.
    Disconnect,
    /// An export that you asked for has ended.
    Export,
}

/// Something you were told.
pub struct Notification(Domain);

/// Something you were told.
#[Object]
impl Notification {
    /// `ntf_` and 32 hexadecimal characters.
    async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }
    /// Why you were told.
    async fn kind(&self) -> NotificationKind {
        self.0.news.occasion.into()
    }
    /// Who did it.
    async fn actor(&self) -> &str {
        &self.0.news.actor
    }
    /// The id of the run or experiment; of a channel of Slack, `slack`.
    async fn about(&self) -> &str {
        &self.0.news.subject
    }
    /// Its name at that time.
    async fn subject(&self) -> &str {
        &self.0.news.subject_name
    }
    /// Where it can be read.
    async fn path(&self) -> &str {
        &self.0.news.path
    }
    /// The beginning of what was said, without its marks.
    async fn quote(&self) -> &str {
        &self.0.news.quote
    }
    /// When.
    async fn at(&self) -> DateTime<Utc> {
        self.0.at
    }
    /// Null: unread.
    async fn read_at(&self) -> Option<DateTime<Utc>> {
        self.0.read_at
    }
}

/// A page of notifications.
pub struct NotificationConnection(Paged<Domain>, i64);

#[Object]
impl NotificationConnection {
    async fn nodes(&self) -> Vec<Notification> {
        self.0.rows.iter().cloned().map(Notification).collect()
    }
    async fn page_info(&self) -> PageInfo {
        self.0.info()
    }
    async fn total_count(&self) -> i64 {
        self.0.total
    }
    /// Unread ones, whatever the list shows.
    async fn unread_count(&self) -> i64 {
        self.1
    }
}

/// How you want to be told of one kind.
#[derive(SimpleObject)]
pub struct NotificationPreference {
    /// The kind.
    kind: NotificationKind,
    /// In the app, at once.
    in_app: bool,
    /// By mail, two minutes later, with everything that came together, unless you read it in the app before.
    mail: bool,
    /// In your own channel of Slack, at once, while one is connected.
    slack: bool,
}

impl From<DomainPreference> for NotificationPreference {
    fn from(one: DomainPreference) -> Self {
        Self { kind: one.occasion.into(), in_app: one.in_app, mail: one.mail, slack: one.slack }
    }
}

#[derive(Default)]
pub struct NotificationsQuery;

#[Object]
impl NotificationsQuery {
    /// What you were told, the newest first.
    #[graphql(complexity = "crate::graphql::page_cost(first, child_complexity)")]
    async fn notifications(
        &self,
        ctx: &Context<'_>,
        #[graphql(default = 50)] first: i32,
        after: Option<String>,
        #[graphql(default)] unread: bool,
    ) -> Result<NotificationConnection> {
        let scope = scope(ctx)?;
        let grant = scope.grant()?;
        let (page, unread) = super::list(grant, unread, Page::new(Listing::of(scope, "notifications"), first, after)?).await?;
        Ok(NotificationConnection(page, unread))
    }

    /// How you want to be told, of each kind.
    async fn notification_preferences(&self, ctx: &Context<'_>) -> Result<Vec<NotificationPreference>> {
        Ok(super::preferences(scope(ctx)?.grant()?).await?.into_iter().map(Into::into).collect())
    }
}

#[derive(Default)]
pub struct NotificationsMutation;

#[Object]
impl NotificationsMutation {
    /// Marks what you were told as read; without ids, all of it. Answers how many are unread then.
    async fn mark_notifications_read(&self, ctx: &Context<'_>, ids: Option<Vec<ID>>) -> Result<i64> {
        let grant = scope(ctx)?.grant()?;
        let ids = ids.map(|ids| ids.iter().map(|id| id.parse::<NotificationId>().map_err(Fault::from)).collect::<Result<Vec<_>, _>>()).transpose()?;
        Ok(super::mark_read(grant, ids.as_deref()).await?)
    }

    /// Chooses how you are told of one kind; without `slack`, by Slack as before.
    async fn set_notification_preference(
        &self,
        ctx: &Context<'_>,
        kind: NotificationKind,
        in_app: bool,
        mail: bool,
        slack: Option<bool>,
    ) -> Result<NotificationPreference> {
        Ok(super::prefer(scope(ctx)?.grant()?, kind.into(), in_app, mail, slack).await?.into())
    }
}
